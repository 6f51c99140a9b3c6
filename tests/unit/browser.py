# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Headless Chromium for the HTML pages: visibility, both colour schemes, wide and narrow windows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--ignore-certificate-errors",
    "--hide-scrollbars",
)
# Contrast as WCAG 2 computes it, including the background behind an element.
CONTRAST = """
const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const read = text => text.match(/[\\d.]+/g).map(Number);
const behind = element => {
  for (; element; element = element.parentElement) {
    const colour = read(getComputedStyle(element).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const contrast = (colour, element) => {
  const [a, b] = [light(read(colour)), light(behind(element))].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
};
const faint = [];
"""
FAINT_TEXTS = f"""{CONTRAST}
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {{
  const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
  const style = getComputedStyle(element);
  if (text && contrast(element.closest("svg") ? style.fill : style.color, element) < 4.5) faint.push(text);
}}
return faint;
"""
# Lines and bars of a drawing that carry information need 3:1 (1.4.11). Decoration is drawn by CSS.
FAINT_GRAPHICS = f"""{CONTRAST}
for (const shape of document.querySelectorAll("svg rect, svg line")) {{
  const style = getComputedStyle(shape);
  const paint = shape.matches("line") || style.fill === "none" ? style.stroke : style.fill;
  if (style.opacity !== "1" || contrast(paint, shape.closest("svg").parentElement) < 3) faint.push(shape.outerHTML);
}}
return faint;
"""
# Touch targets: 44 by 44 pixels, except for a link within a sentence (WCAG 2, 2.5.5).
SMALL_TARGETS = """
const sentence = e => [...e.parentElement.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
return [...document.querySelectorAll("a:not(.skip), button, input, select")].filter(e => {
  const box = e.getBoundingClientRect();
  return (box.height < 44 || box.width < 44) && !sentence(e);
}).map(e => e.outerHTML);
"""
# Findings that axe-core leaves to people, and why they are not problems.
UNDECIDED = {
    "color-contrast": "FAINT_TEXTS decides it also for signs and drawings",
    "th-has-data-cells": "the heading of a group of rows has its cells in the rows below",
}
PHONES = ((360, 740), (390, 844))
TOO_WIDE = """
return [...document.querySelectorAll("*")]
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth)
  .map(e => e.outerHTML)
"""


def started_browser(folder: Path) -> Iterator[Any]:
    """Chromium with its data in that folder; without Chromium, the test is skipped."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("no Chromium with chromedriver on the PATH (Debian: apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    yield started
    started.quit()


def look(browser: Any, url: str, *, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
    """Narrow windows are those of phones, where elements that are too wide make the whole page wider."""
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"media": "", "features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    browser.get(url)


def sideways(browser: Any) -> list[str]:
    """The elements beyond the window, if the page can be scrolled sideways."""
    wide: list[str] = browser.execute_script(
        f"const e = document.documentElement; if (e.scrollWidth <= e.clientWidth) return []; {TOO_WIDE}"
    )
    return wide


def by_keyboard(browser: Any) -> list[str]:
    """The elements that the Tab key reaches, in order, by name; fails if the focus is not visible."""
    reached: list[str] = []
    for _number in range(browser.execute_script("return document.querySelectorAll('*').length")):
        browser.switch_to.active_element.send_keys("\ue004")
        name, text, outline = browser.execute_script(
            "const e = document.activeElement, s = getComputedStyle(e);"
            "return [e.localName, e.textContent, s.outlineStyle + ' ' + s.outlineWidth]"
        )
        if name == "body":
            return reached
        assert outline == "solid 2px", text
        reached.append(text)
    raise AssertionError("the focus does not leave the page")


def accessibility_findings(browser: Any) -> list[str]:
    """The findings of axe-core on the page, including those that it cannot decide."""
    axe = pytest.importorskip("selenium_axe_python", reason="selenium-axe-python is not installed").Axe(browser)
    axe.inject()
    results = axe.run()
    assert results["passes"], "axe-core checked nothing"
    return [
        f"{finding['id']} ({kind}): {finding['help']}: {node['target']} {node['html']}"
        for kind in ("violations", "incomplete")
        for finding in results[kind]
        for node in finding["nodes"]
        if kind == "violations" or finding["id"] not in UNDECIDED
    ]
