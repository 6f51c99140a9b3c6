# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the report in headless Chromium: light, dark, narrow, printed, by keyboard, without scripts."""

from __future__ import annotations

import base64
import datetime
import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.build import build
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._report.page import html_page
from ansible_collections.email_gateway.azure_apps.tests.unit.browser import (
    FAINT_GRAPHICS,
    FAINT_TEXTS,
    PHONES,
    SMALL_TARGETS,
    accessibility_findings,
    by_keyboard,
    look,
    sideways,
    started_browser,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.report_samples import (
    TENANT,
    TENANT_NAME,
    applications,
    gateways,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.report_tenant import HOSTILE_NAMES

NOW = datetime.datetime(2026, 11, 24, 9, tzinfo=datetime.timezone.utc)


# The width of A4 and letter in portrait decides about the rules for narrow windows, even if the page is set to
# landscape.
PAPER = {"width": 794, "height": 1123, "deviceScaleFactor": 1, "mobile": False}
COLOURS_ON_PAPER = "const style = getComputedStyle(document.body); return [style.backgroundColor, style.color]"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[t.Any]:
    yield from started_browser(tmp_path_factory.mktemp("chromium"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    report = build(
        applications(NOW), tenants={TENANT: TENANT_NAME}, gateways=gateways(),
        tag="email_gateway.azure_apps", scope="mail", due_within_days=30, now=NOW,
    )  # fmt: skip
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html_page(report))
    return path.as_uri()


def save(name: str, content: bytes) -> None:
    """Saved for people: build/report/."""
    folder = REPOSITORY / "build" / "report"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def whole(browser: t.Any) -> bytes:
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    return base64.b64decode(shot["data"])


def names(browser: t.Any) -> list[str]:
    return [cell.text for cell in browser.find_elements("css selector", "#list .name")]


def test_names_are_shown_literally_and_no_host_is_contacted(browser: t.Any, page: str) -> None:
    browser.get("about:blank")
    browser.get_log("performance")
    browser.get_log("browser")
    look(browser, page)
    assert {" ".join(name.split()) for name in HOSTILE_NAMES} <= set(names(browser))
    assert browser.title == "Mail gateway applications, 2026-11-24"
    assert browser.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith("data:")] == [page]
    with pytest.raises(Exception, match="no such alert"):
        assert browser.switch_to.alert.text


def test_the_name_of_the_tenant_is_shown_beside_its_id(browser: t.Any, page: str) -> None:
    look(browser, page)
    assert browser.find_element("css selector", "header .over").text.startswith(f"Tenant {TENANT_NAME} {TENANT}, as of")


def test_the_content_security_policy_blocks_other_scripts(browser: t.Any, page: str) -> None:
    look(browser, page)
    browser.execute_script(
        "const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s);"
    )
    assert browser.title != "1"
    assert "Content Security Policy" in str(browser.get_log("browser"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 390, 768, 1280, 1920])
def test_the_page_fits_and_has_enough_contrast(browser: t.Any, page: str, width: int, scheme: str) -> None:
    look(browser, page, width=width, scheme=scheme)
    save(f"{scheme}-{width}.png", whole(browser))
    save(f"{scheme}-{width}-top.png", browser.get_screenshot_as_png())
    assert sideways(browser) == []
    assert browser.execute_script(FAINT_TEXTS) == []
    assert browser.execute_script(FAINT_GRAPHICS) == []


@pytest.mark.parametrize(("width", "height"), PHONES)
def test_the_sort_headings_are_large_enough_for_touch(browser: t.Any, page: str, width: int, height: int) -> None:
    look(browser, page, width=width, height=height)
    assert browser.execute_script(SMALL_TARGETS) == []
    boxes = browser.execute_script(
        "return [...document.querySelectorAll('#list thead button')].map(e => e.getBoundingClientRect().toJSON())"
    )
    assert len(boxes) == 5
    for number, box in enumerate(boxes):
        assert box["right"] <= width and box["height"] < 60, box
        for other in boxes[number + 1 :]:
            assert other["left"] >= box["right"] or other["top"] >= box["bottom"], (box, other)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_reports_no_findings(browser: t.Any, page: str, width: int, scheme: str) -> None:
    look(browser, page, width=width, scheme=scheme)
    assert accessibility_findings(browser) == []


def test_sorting_by_keyboard_works_and_is_announced(browser: t.Any, page: str) -> None:
    look(browser, page)
    button = browser.find_element("css selector", "#list thead button")
    browser.execute_script("arguments[0].focus()", button)
    button.send_keys("\ue007")  # enter
    head = browser.find_element("css selector", "#list thead th")
    assert head.get_attribute("aria-sort") == "ascending"
    order = "return [...document.querySelectorAll('#list .name')].map(e => e.textContent)"
    collated = f"{order}.sort(new Intl.Collator(undefined, {{numeric: true, sensitivity: 'base'}}).compare)"
    assert browser.execute_script(order) == browser.execute_script(collated)
    assert browser.switch_to.active_element == button
    button.send_keys(" ")
    assert head.get_attribute("aria-sort") == "descending"
    assert browser.execute_script(order) == browser.execute_script(f"{collated}.reverse()")
    assert browser.find_element("id", "sort-order").text == "Sorted by Application, descending"
    browser.find_elements("css selector", "#list thead button")[2].click()
    ends = browser.execute_script(
        "return [...document.querySelectorAll('#list tbody tr')].map(r => r.cells[2].dataset.key)"
    )
    assert ends == sorted(filter(None, ends)) + [end for end in ends if not end]
    assert len(browser.find_elements("css selector", "#list [aria-sort]")) == 1


def test_everything_can_be_reached_by_keyboard(browser: t.Any, page: str) -> None:
    look(browser, page)
    clickable = "return [...document.querySelectorAll('a, button')].map(e => e.textContent)"
    assert by_keyboard(browser) == browser.execute_script(clickable)
    look(browser, page)
    for key in ("\ue004", "\ue007", "\ue004"):  # tab to the skip link, follow it, and continue with tab
        browser.switch_to.active_element.send_keys(key)
    assert browser.switch_to.active_element.text.startswith("Application")


def test_the_structure_is_accessible(browser: t.Any, page: str) -> None:
    look(browser, page)
    assert browser.find_element("tag name", "html").get_attribute("lang") == "en"
    levels = browser.execute_script("return [...document.querySelectorAll('h1, h2, h3, h4')].map(e => e.localName)")
    assert levels == ["h1", "h2", "h2"]
    assert browser.find_element("id", "list").accessible_name == "Applications"
    heads = browser.find_elements("css selector", "#list thead th")
    assert [head.get_attribute("aria-sort") for head in heads] == [None, None, "ascending", None, None]
    # The arrows are visual only: aria-sort has the same information.
    buttons = browser.find_elements("css selector", "#list thead button")
    names = ["Application", "Gateway", "Expires", "Permissions", "Owners"]
    assert [button.accessible_name for button in buttons] == names


def test_no_text_refers_to_a_colour(browser: t.Any, page: str) -> None:
    look(browser, page)
    seen = browser.find_element("css selector", ".legend").text
    assert not set(seen.lower().split()) & {"dark", "light", "black", "white", "green", "red", "orange", "grey"}
    # It shows the line and the bar themselves instead, in the style of the drawing.
    drawn = "return getComputedStyle(document.querySelector(arguments[0])).stroke"
    for scheme in ("light", "dark"):
        look(browser, page, scheme=scheme)
        line = browser.execute_script(drawn, ".legend .now")
        assert (
            line
            == browser.execute_script(drawn, ".lanes .now")
            == browser.execute_script("return getComputedStyle(document.body).color")
        )


def test_the_page_works_without_scripts(browser: t.Any, page: str) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        look(browser, page)
        assert browser.find_elements("css selector", "thead button") == []
        assert browser.find_element("css selector", ".verdict").text.startswith("2 credentials have expired.")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_the_page_can_be_printed(browser: t.Any, page: str) -> None:
    look(browser, page, scheme="dark")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PAPER)
    assert browser.execute_script(COLOURS_ON_PAPER) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert browser.execute_script(FAINT_TEXTS) == []
    assert browser.execute_script(FAINT_GRAPHICS) == []
    # A table stays a table in print, with its headings on each page: Chromium does not repeat headings with controls.
    shown = "return [...document.querySelectorAll(arguments[0])].map(e => getComputedStyle(e).display)"
    assert browser.execute_script(shown, "#list, #list thead, #list tbody tr:first-child") == [
        "table",
        "table-header-group",
        "table-row",
    ]
    assert set(browser.execute_script(shown, "#list thead button")) == {"contents"}
    # The target of a link can be found from the printed text.
    links = browser.find_elements("css selector", "a:not(.skip)")
    assert links and all(link.text in link.get_attribute("href") for link in links)
    save("print.png", whole(browser))
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})
    save("print.pdf", base64.b64decode(printed["data"]))


def test_tables_keep_their_roles_in_narrow_windows(browser: t.Any, page: str) -> None:
    look(browser, page, width=320)
    assert browser.find_element("id", "list").aria_role == "table"
    assert browser.find_element("css selector", "#list td").aria_role == "cell"
    browser.find_element("tag name", "body").send_keys("\ue004")
    assert browser.switch_to.active_element.text == "Skip to the applications"
