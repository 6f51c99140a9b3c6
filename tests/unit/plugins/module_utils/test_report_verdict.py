# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The headline is the worst finding, in every view, and only without any finding it reports that nothing expires."""

from __future__ import annotations

import csv
import datetime
import io
import re
import types
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.build import build
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.csv_view import csv_view
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.gateway import StoreContent
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import Report
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._report.page import html_page, markdown_page
from ansible_collections.email_gateway.azure_apps.tests.unit.report_samples import (
    TENANT,
    application,
    gateway,
    permission,
)

NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.timezone.utc)
OFF = {"reason": "it was deactivated", "next_step": "Find out why."}
SKIPPED = {"mx-2": "There is no profile 'x'."}
CLASSES = {"failed": "expired", "attention": "due", "ok": "ok"}


def made(
    *, left: int | None = 200, stored: t.Any = "same", skipped: t.Any = types.MappingProxyType({}), **more: t.Any
) -> Report:
    """The report on one gateway, which is fine unless an argument changes that."""
    ends = [] if left is None else [left]
    read = application(NOW, 1, "One", ends, **more)
    (key_id,) = [secret["key_id"] for secret in read["secrets"]] or [None]
    wanting = gateway("mx-1", 1, key_id=key_id) if stored == "same" else gateway("mx-1", 1, stored=stored)
    given = {"tag": "t", "scope": "managed", "due_within_days": 30, "now": NOW, "skipped": skipped}
    return build([read], tenants={TENANT: None}, gateways=[wanting], **given)


UNGRANTED = [permission(name, granted=False) for name in ("Mail.ReadWrite",)]
UNKNOWN = [permission("Mail.ReadWrite", granted=None)]
CASES: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "well": ({}, "ok", "Nothing expires within 30 days."),
    "due": ({"left": 3}, "attention", "1 credential expires within 30 days."),
    "expired": ({"left": -3}, "failed", "1 credential has expired."),
    "without a credential": ({"left": None}, "failed", "1 gateway has no credential."),
    "switched off": ({"switched_off": OFF}, "failed", "1 application of a gateway is switched off."),
    "not in the store": (
        {"stored": StoreContent(checked=True)}, "failed", "1 gateway has no valid credential in its stores.",
    ),
    "not granted": ({"permissions": UNGRANTED}, "failed", "1 gateway lacks a permission."),
    "not looked at": ({"skipped": SKIPPED}, "failed", "1 host was not checked."),
    "store not read": (
        {"stored": StoreContent(checked=False, note="No vault password is set.")},
        "attention", "The stores of 1 gateway could not be read.",
    ),
    "grants unknown": ({"permissions": UNKNOWN}, "attention", "Grants could not be read for 1 application."),
    "switched off and expired": (
        {"switched_off": OFF, "left": -3}, "failed", "1 application of a gateway is switched off.",
    ),
    "due and not looked at": ({"left": 3, "skipped": SKIPPED}, "failed", "1 host was not checked."),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_headline_is_the_worst_finding_in_every_view(case: str) -> None:
    given, status, headline = CASES[case]
    report = made(**given)
    assert (report["verdict"]["status"], report["verdict"]["headline"]) == (status, headline)
    page, markdown = html_page(report), markdown_page(report)
    (banner,) = re.findall(r'<div class="verdict (\w+)">\s*<p>(.*?)</p>', page, re.DOTALL)
    assert banner[0] == CLASSES[status]
    assert banner[1].startswith(f"<b>{headline}</b>")
    assert f"**{headline}**" in markdown
    for text in (page, markdown):
        assert ("othing expires" in text) is (status == "ok")
    assert bool(report["problems"]) is (status != "ok" and case != "grants unknown")


def test_a_skipped_host_is_a_line_of_the_csv_file_with_the_reason() -> None:
    (first, *_others) = csv.DictReader(io.StringIO(csv_view(made(skipped=SKIPPED))))
    assert (first["gateways"], first["status"], first["problems"]) == ("mx-2", "not checked", SKIPPED["mx-2"])


def test_the_next_step_is_in_every_view() -> None:
    report = made(left=-3)
    (step, *_others) = {problem["next_step"] for problem in report["problems"] if problem["kind"] == "expired"}
    (row,) = csv.DictReader(io.StringIO(csv_view(report)))
    assert step.rstrip(".") in row["problems"]
    assert step.rstrip(".") in html_page(report)
    assert step.replace("_", "\\_").rstrip(".") in markdown_page(report)
