# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The report in numbers. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    STATUSES,
    NextCredential,
    ReportedApplication,
    ReportedCredential,
    Summary,
)


def summarize(
    applications: t.Sequence[ReportedApplication], *, gateways: int, absent: int, not_looked_at: int
) -> Summary:
    """``gateways`` and ``absent`` are how many there are, and how many of them have no application."""
    counting = [
        credential for application in applications for credential in application["credentials"] if credential["counts"]
    ]
    described = [gateway for application in applications for gateway in application["gateways"]]
    in_store = [gateway["in_store"] for gateway in described]
    return {
        "applications": len(applications),
        "gateways": gateways,
        "not_in_inventory": sum(not application["gateways"] for application in applications),
        "credentials": {status: _number(counting, status) for status in STATUSES},
        "without_credential": sum(not application["credentials"] for application in applications),
        "with_missing_permissions": sum(bool(application["drift"]) for application in applications),
        "switched_off": sum(
            bool(application["switched_off"] and application["gateways"]) for application in applications
        ),
        "gateways_without_credential": sum(
            len(application["gateways"]) for application in applications if not application["credentials"]
        ),
        "gateways_lacking_permissions": sum(bool(gateway["missing_permissions"]) for gateway in described),
        "gateways_not_limited": sum(
            gateway["limited"] and application["mailboxes"]["reach"] in ("all", "none")
            for application in applications
            for gateway in application["gateways"]
        ),
        "not_in_store": in_store.count("no"),
        "stores_not_checked": in_store.count("not checked"),
        "gateways_without_application": absent,
        "hosts_not_looked_at": not_looked_at,
        "grants_unknown": sum(_has_unknown_grants(application) for application in applications),
        "owners_unknown": sum(application["owners"] is None for application in applications),
        "next": _next(applications),
    }


def _number(credentials: t.Iterable[ReportedCredential], status: str) -> int:
    return sum(credential["status"] == status for credential in credentials)


def _has_unknown_grants(application: ReportedApplication) -> bool:
    return any(permission["state"] == "unknown" for permission in application["permissions"])


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
    names = ("client_id", "gateways", "end", "days_left")
    return {**summary, "next": {name: value for name, value in following.items() if name in names}}
