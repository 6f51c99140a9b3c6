# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cells of the CSV file: none of them is a formula, for any separator that the spreadsheet program uses."""

from __future__ import annotations

import csv
import datetime
import io

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.build import build
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.csv_view import csv_view
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.texts import csv_text
from ansible_collections.email_gateway.azure_apps.tests.unit.report_samples import TENANT, application

FORMULAS = ("=1+1", "+1", "-1", "@a", "|calc", "%0a", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "\ufe661", "\u22121")
# Before a formula: blank, no-break and ideographic space, tab, line ends, NUL, zero width space and joiner, BOM, soft
# hyphen, direction marks, word joiner, tag, variation selector, fillers, Braille blank.
INVISIBLE = (
    " ", "\u00a0", "\u3000", "\t", "\r\n", "\0", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u200f", "\u202e", "\u2060",
    "\U000e0020", "\ufe0f", "\u3164", "\u115f", "\u2800", '"', "'", " \ufeff\u200b ",
)  # fmt: skip
PLAIN = ("Mail gateway", "a=b", "1-2", "mx-1; mx-2", "50 %", "x@example.com", "\u90ae\u4ef6", "(no name)", "a, b", "")


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("before", ["", *INVISIBLE])
def test_a_formula_after_invisible_characters_is_escaped(before: str, formula: str) -> None:
    assert csv_text(before + formula).startswith("'")


@pytest.mark.parametrize("separator", [";", ","])
@pytest.mark.parametrize("before", ["", "a", '"', "\ufeff"])
@pytest.mark.parametrize("behind", ["", " ", "\u200b", '"'])
def test_a_separator_in_a_text_does_not_start_a_formula(separator: str, before: str, behind: str) -> None:
    safe = csv_text(f"{before}{separator}{behind}=1+1")
    *_others, last = safe.split(separator)
    assert last.startswith("'")
    assert before == "a" or safe.startswith("'")


@pytest.mark.parametrize("text", PLAIN)
def test_a_name_that_is_not_a_formula_is_unchanged(text: str) -> None:
    assert csv_text(text) == text


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("name", ["=1+1", ";=1+1", 'a";=1+1', "\ufeff=1", "a\n=1", "x;\u200b@a"])
def test_no_cell_is_a_formula_with_another_separator(name: str, delimiter: str) -> None:
    now = datetime.datetime(2026, 11, 24, tzinfo=datetime.timezone.utc)
    read = application(now, 1, name, [-90], description=name)
    report = build(
        [read], tenants={TENANT: None}, gateways=[], tag="x", scope="mail", due_within_days=30, now=now
    )  # fmt: skip
    text = csv_view(report)
    assert len(text.splitlines()) == 2
    cells = [cell for row in csv.reader(io.StringIO(text), delimiter=delimiter) for cell in row]
    assert [cell for cell in cells if cell.lstrip(' "\ufeff\u200b')[:1] in tuple("=+@|%;")] == []
