# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The report in numbers. Pure."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    STATUSES,
    NextCredential,
    Problem,
    ReportedApplication,
    ReportedCredential,
    Summary,
    counting,
)

Item = t.TypeVar("Item")
Current = tuple[ReportedApplication, ReportedCredential]


def summarize(
    applications: t.Sequence[ReportedApplication], problems: t.Iterable[Problem], *, gateways: int
) -> Summary:
    """``gateways`` is how many there are."""
    current = list(_current(applications))
    statuses = collections.Counter(credential["status"] for _application, credential in current)
    kinds = collections.Counter(problem["kind"] for problem in problems)
    return {
        "applications": len(applications),
        "gateways": gateways,
        "not_in_inventory": _number(applications, lambda application: not application["gateways"]),
        "credentials": selected(statuses, STATUSES),
        "without_credential": _number(applications, lambda application: not application["credentials"]),
        "with_missing_permissions": _number(applications, lambda application: application["drift"]),
        "switched_off": _number(applications, _is_switched_off_gateway),
        "gateways_without_credential": kinds["no_credential"],
        "gateways_lacking_permissions": kinds["not_granted"],
        "gateways_not_limited": kinds["mailboxes"],
        "not_in_store": kinds["store"],
        "stores_not_checked": kinds["store_not_read"],
        "gateways_without_application": kinds["no_application"],
        "hosts_not_looked_at": kinds["not_looked_at"],
        "grants_unknown": _number(applications, _has_unknown_grants),
        "owners_unknown": _number(applications, lambda application: application["owners"] is None),
        "next": _next(current),
    }


def _number(items: t.Iterable[Item], fits: t.Callable[[Item], object]) -> int:
    """How many fit."""
    return len(list(filter(fits, items)))


def _is_switched_off_gateway(application: ReportedApplication) -> bool:
    return bool(application["switched_off"] and application["gateways"])


def _has_unknown_grants(application: ReportedApplication) -> bool:
    return "unknown" in {permission["state"] for permission in application["permissions"]}


def _current(applications: t.Iterable[ReportedApplication]) -> t.Iterator[Current]:
    """The credentials that count, each with its application."""
    for application in applications:
        for credential in counting(application["credentials"]):
            yield application, credential


def _next(current: t.Iterable[Current]) -> NextCredential | None:
    """The live credential that ends first."""
    found: list[NextCredential] = []
    for application, credential in current:
        end, days_left = credential["end"], credential["days_left"]
        if end is None or days_left is None or days_left < 0:
            continue
        found.append(
            {
                "display_name": application["display_name"],
                "client_id": application["client_id"],
                "gateways": [gateway["host"] for gateway in application["gateways"]],
                "kind": credential["kind"],
                "description": credential["description"],
                "end": end,
                "days_left": days_left,
                "status": credential["status"],
            }
        )
    return min(found, key=lambda credential: credential["end"], default=None)


def without_names(summary: Summary) -> dict[str, t.Any]:
    """The summary without names, which any user who registers an application can choose, for variables of a run."""
    following = summary["next"]
    if following is None:
        return {**summary, "next": {}}
    return {**summary, "next": selected(following, ("client_id", "gateways", "end", "days_left"))}
