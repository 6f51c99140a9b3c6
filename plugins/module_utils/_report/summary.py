# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The report in numbers, and what a run that has to fail names. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    STATUSES,
    NextCredential,
    Report,
    ReportedApplication,
    ReportedCredential,
    Summary,
)


def summarize(applications: t.Sequence[ReportedApplication], *, gateways: int, absent: int) -> Summary:
    """``gateways`` and ``absent`` are how many there are, and how many of them have no application."""
    counting = [
        credential for application in applications for credential in application["credentials"] if credential["counts"]
    ]
    in_store = [gateway["in_store"] for application in applications for gateway in application["gateways"]]
    return {
        "applications": len(applications),
        "gateways": gateways,
        "not_in_inventory": sum(not application["gateways"] for application in applications),
        "credentials": {status: _number(counting, status) for status in STATUSES},
        "without_credential": sum(not application["credentials"] for application in applications),
        "with_missing_permissions": sum(bool(application["drift"]) for application in applications),
        "not_in_store": in_store.count("no"),
        "gateways_without_application": absent,
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
    """The summary without names that anybody may choose who registers an application, for variables of a run."""
    following = summary["next"]
    if following is None:
        return {**summary, "next": {}}
    names = ("client_id", "gateways", "end", "days_left")
    return {**summary, "next": {name: value for name, value in following.items() if name in names}}


def failures(report: Report, *, within_days: int, drift: bool) -> list[str]:
    """What ends within so many days (not checked if negative), and, if asked for, drift."""
    found: list[str] = []
    for application in report["applications"]:
        name = f"{application['display_name']} ({application['client_id']})"
        if within_days >= 0:
            found += [f"{name}: {text}" for text in _expiring(application, within_days)]
        if drift:
            found += [f"{name}: {text}" for text in _drifted(application)]
    if within_days >= 0:
        found += [f"{gateway['host']}: has no application" for gateway in report["gateways_without_application"]]
    return found


def _expiring(application: ReportedApplication, within_days: int) -> t.Iterator[str]:
    for credential in application["credentials"]:
        left = credential["days_left"]
        if credential["counts"] and left is not None and left < within_days:
            yield f"the {_title(credential)} {_ends(credential, left)}"
    if application["gateways"] and not application["credentials"]:
        yield f"has no {application['gateways'][0]['credential']}"


def _drifted(application: ReportedApplication) -> t.Iterator[str]:
    if application["drift"]:
        yield f"not granted: {', '.join(application['drift'])}"
    for gateway in application["gateways"]:
        if gateway["in_store"] == "no":
            yield f"{gateway['in_store_note']} ({gateway['host']})"


def _title(credential: ReportedCredential) -> str:
    return f"{credential['kind']} '{credential['description'] or '(no description)'}'"


def _ends(credential: ReportedCredential, left: int) -> str:
    day = str(credential["end"])[:10]
    if left < 0:
        return f"has expired on {day}"
    unit = "day" if left == 1 else "days"
    return f"expires on {day}, in {left} {unit}"
