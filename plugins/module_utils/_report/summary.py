# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The report in numbers. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    STATUSES,
    NextCredential,
    ReportedApplication,
    ReportedCredential,
    ReportedGateway,
    Summary,
)

Item = t.TypeVar("Item")


def summarize(
    applications: t.Sequence[ReportedApplication], *, gateways: int, absent: int, not_looked_at: int
) -> Summary:
    """``gateways`` and ``absent`` are how many there are, and how many of them have no application."""
    credentials: list[ReportedCredential] = []
    described: list[ReportedGateway] = []
    gateways_without_credential, not_limited = 0, 0
    for application in applications:
        credentials += application["credentials"]
        described += application["gateways"]
        if not application["credentials"]:
            gateways_without_credential += len(application["gateways"])
        if application["mailboxes"]["reach"] in ("all", "none"):
            not_limited += _number(application["gateways"], lambda gateway: gateway["limited"])
    states = [credential["status"] for credential in credentials if credential["counts"]]
    return {
        "applications": len(applications),
        "gateways": gateways,
        "not_in_inventory": _number(applications, lambda application: not application["gateways"]),
        "credentials": {status: states.count(status) for status in STATUSES},
        "without_credential": _number(applications, lambda application: not application["credentials"]),
        "with_missing_permissions": _number(applications, lambda application: application["drift"]),
        "switched_off": _number(applications, _is_switched_off_gateway),
        "gateways_without_credential": gateways_without_credential,
        "gateways_lacking_permissions": _number(described, lambda gateway: gateway["missing_permissions"]),
        "gateways_not_limited": not_limited,
        "not_in_store": _number(described, lambda gateway: gateway["in_store"] == "no"),
        "stores_not_checked": _number(described, lambda gateway: gateway["in_store"] == "not checked"),
        "gateways_without_application": absent,
        "hosts_not_looked_at": not_looked_at,
        "grants_unknown": _number(applications, _has_unknown_grants),
        "owners_unknown": _number(applications, lambda application: application["owners"] is None),
        "next": _next(applications),
    }


def _number(items: t.Iterable[Item], fits: t.Callable[[Item], object]) -> int:
    """How many fit."""
    return len(list(filter(fits, items)))


def _is_switched_off_gateway(application: ReportedApplication) -> bool:
    return bool(application["switched_off"] and application["gateways"])


def _has_unknown_grants(application: ReportedApplication) -> bool:
    return "unknown" in {permission["state"] for permission in application["permissions"]}


def _next(applications: t.Sequence[ReportedApplication]) -> NextCredential | None:
    """The live credential that ends first."""
    found: list[NextCredential] = []
    for application in applications:
        for credential in application["credentials"]:
            end, days_left = credential["end"], credential["days_left"]
            if not credential["counts"] or not end or days_left is None or days_left < 0:
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
