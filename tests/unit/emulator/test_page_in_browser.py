# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML page in headless Chromium: visibility, both colour schemes, wide and narrow windows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

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
from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.page_tenant import ATTACK, furnish
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

PATHS = ("/", "/common/oauth2/deviceauth")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield from started_browser(tmp_path_factory.mktemp("chromium"))


def save(browser: Any, name: str) -> None:
    """Saved for people: build/window/."""
    folder = REPOSITORY / "build" / "window"
    folder.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(str(folder / name))


def test_the_tenant_is_shown_and_no_other_host_is_contacted(emulator: Any, operator: Any, browser: Any) -> None:
    furnish(operator)
    # The browser's own start page must not count.
    browser.get("about:blank")
    browser.get_log("performance")
    look(browser, f"{emulator.graph}/")
    seen = browser.find_element("tag name", "body").text
    for word in (
        "Contoso",
        ATTACK,
        "Mail gateway",
        "Mail.ReadWrite",
        "✓ Granted",
        "○ Not granted",
        "Retired relay",
        "+ Granted, not declared",
        "▲ 12 days left",
        "✕ expired",
        "/v1.0/applications",
    ):
        assert word in seen, word
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"].endswith("BeSent") and "request" in message["params"]
    ]
    assert asked and all(url.startswith((f"{emulator.graph}/", "data:")) for url in asked), asked
    assert browser.execute_script("return document.scripts.length") == 0
    with pytest.raises(Exception, match="no such alert"):
        assert browser.switch_to.alert.text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 390, 768, 1280, 1920])
def test_the_page_fits_and_has_enough_contrast(
    emulator: Any, operator: Any, browser: Any, width: int, scheme: str
) -> None:
    furnish(operator)
    operator.get(f"/applications?$filter=displayName eq '{'x' * 200}'")
    look(browser, f"{emulator.graph}/", width=width, scheme=scheme)
    save(browser, f"{scheme}-{width}.png")
    assert sideways(browser) == []
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}[scheme]
    assert browser.execute_script(FAINT_TEXTS) == []
    assert browser.execute_script(FAINT_GRAPHICS) == []


@pytest.mark.parametrize(("width", "height"), PHONES)
def test_links_and_buttons_are_large_enough_for_touch(
    emulator: Any, browser: Any, operator: Any, width: int, height: int
) -> None:
    for number in range(52):
        operator.application(f"App {number}")
    for path in PATHS:
        look(browser, f"{emulator.graph}{path}", width=width, height=height)
        assert browser.execute_script(SMALL_TARGETS) == []
        assert sideways(browser) == []


def test_the_page_is_printed_black_on_white(emulator: Any, operator: Any, browser: Any) -> None:
    furnish(operator)
    look(browser, f"{emulator.graph}/", width=816, scheme="dark")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    colours = "const style = getComputedStyle(document.body); return [style.backgroundColor, style.color]"
    assert browser.execute_script(colours) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert browser.execute_script(FAINT_TEXTS) == []
    assert browser.execute_script(FAINT_GRAPHICS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_reports_no_findings(emulator: Any, operator: Any, browser: Any, width: int, scheme: str) -> None:
    furnish(operator)
    for path in PATHS:
        look(browser, f"{emulator.graph}{path}", width=width, scheme=scheme)
        assert accessibility_findings(browser) == []


def test_pages_can_be_turned_by_keyboard_and_link(emulator: Any, operator: Any, browser: Any) -> None:
    for number in range(52):
        operator.application(f"App {number}")
    look(browser, f"{emulator.graph}/")
    browser.find_element("link text", "Older →").click()
    assert [item.text for item in browser.find_elements("tag name", "h3")] == ["App 1", "App 0", "Gateway operator"]
    browser.find_element("link text", "← Newer").click()
    assert len(browser.find_elements("tag name", "article")) == 50
    look(browser, f"{emulator.graph}/")
    browser.find_element("tag name", "body").send_keys("\ue004")
    assert browser.switch_to.active_element.text == "Skip to the applications"
    look(browser, f"{emulator.graph}/")
    links = browser.execute_script("return [...document.links].map(e => e.textContent)")
    assert by_keyboard(browser) == links
    # Tables keep their roles if narrow windows display them as blocks.
    look(browser, f"{emulator.graph}/", width=320)
    assert browser.find_element("tag name", "table").aria_role == "table"
    assert browser.find_element("css selector", "td").aria_role == "cell"
