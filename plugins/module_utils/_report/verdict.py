# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The headline of a report: the most severe problem. Pure, and without names of others."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import Summary, Verdict
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.texts import days_text

# Member of the summary, one, several; the worst first.
FAILED = (
    ("gateways_without_application", "1 gateway has no application", "{} gateways have no application"),
    ("switched_off", "1 application of a gateway is switched off", "{} applications of gateways are switched off"),
    ("gateways_without_credential", "1 gateway has no credential", "{} gateways have no credential"),
    ("expired", "1 credential has expired", "{} credentials have expired"),
    (
        "not_in_store",
        "1 gateway has no valid credential in its stores",
        "{} gateways have no valid credential in their stores",
    ),
    ("gateways_lacking_permissions", "1 gateway lacks a permission", "{} gateways lack a permission"),
    (
        "gateways_not_limited",
        "1 gateway is not limited to its mailboxes",
        "{} gateways are not limited to their mailboxes",
    ),
    ("hosts_not_looked_at", "1 host was not checked", "{} hosts were not checked"),
)
ATTENTION = (
    ("due", "1 credential expires within {days}", "{} credentials expire within {days}"),
    ("stores_not_checked", "The stores of 1 gateway could not be read", "The stores of {} gateways could not be read"),
    (
        "grants_unknown",
        "Grants could not be read for 1 application",
        "Grants could not be read for {} applications",
    ),
)


def verdict(summary: Summary, *, due_within_days: int) -> Verdict:
    """Reports that nothing expires only if there is no problem to report."""
    numbers = {**summary, **summary["credentials"]}
    days = days_text(due_within_days)
    failed = list(_sentences(FAILED, numbers, days))
    attention = list(_sentences(ATTENTION, numbers, days))
    if failed:
        return _verdict("failed", [*failed, *attention])
    if attention:
        return _verdict("attention", attention)
    if not summary["applications"]:
        return _verdict("ok", ["There is no application to report on."])
    return _verdict("ok", [f"Nothing expires within {days}."])


def _verdict(status: str, sentences: t.Sequence[str]) -> Verdict:
    headline, *more = sentences
    return {"status": status, "headline": headline, "more": more}


def _sentences(rows: t.Iterable[tuple[str, str, str]], numbers: t.Mapping[str, t.Any], days: str) -> t.Iterator[str]:
    for member, one, several in rows:
        number = numbers[member]
        if number == 1:
            yield f"{one.format(number, days=days)}."
        elif number:
            yield f"{several.format(number, days=days)}."
