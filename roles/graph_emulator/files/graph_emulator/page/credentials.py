# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials as the page shows them: what kind, whose, until when, and how much of their time is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..clock import parse_sent_time
from ..directory.tenant import Tenant

Json = dict[str, Any]
SOON_DAYS = 30
_DAY = 86400


@dataclass(frozen=True)
class Credential:
    name: str
    kind: str
    detail: str
    expires: str
    remaining: str
    state: str
    """good, soon, expired, or none where nothing expires."""
    percent: int
    """Of its lifetime, what is left."""


def credentials_of(tenant: Tenant, application: Json, principal: Json | None) -> list[Credential]:
    found = []
    for holder, whose in ((application, ""), (principal, " of the service principal")):
        if holder is None:
            continue
        for entry in holder["passwordCredentials"]:
            hint = f"begins with {entry['hint']}" if entry["hint"] else ""
            found.append(_dated(tenant, entry, kind=f"Secret{whose}", detail=hint))
        for entry in holder["keyCredentials"]:
            found.append(_dated(tenant, entry, kind=f"Certificate{whose}", detail=entry["customKeyIdentifier"] or ""))
    for entry in tenant.directory.federated_credentials.get(application["id"], []):
        found.append(
            Credential(
                name=entry["name"],
                kind="Federated",
                detail=f"{entry['issuer']} {entry['subject']}",
                expires="",
                remaining="does not expire",
                state="none",
                percent=0,
            )
        )
    return found


def _dated(tenant: Tenant, entry: Json, *, kind: str, detail: str) -> Credential:
    name = entry["displayName"] or "(no name)"
    start, end = parse_sent_time(entry["startDateTime"] or ""), parse_sent_time(entry["endDateTime"] or "")
    if end is None:
        return Credential(name=name, kind=kind, detail=detail, expires="", remaining="no end", state="none", percent=0)
    left = (end - tenant.clock.now()).total_seconds()
    whole = (end - start).total_seconds() if start is not None else left
    if left <= 0:
        remaining, state = f"expired {_days(-left)} ago", "expired"
    else:
        remaining, state = f"{_days(left)} left", "soon" if left < SOON_DAYS * _DAY else "good"
    percent = round(100 * min(1.0, max(0.0, left / whole))) if whole > 0 else 0
    return Credential(
        name=name,
        kind=kind,
        detail=detail,
        expires=f"{end:%Y-%m-%d}",
        remaining=remaining,
        state=state,
        percent=percent,
    )


def _days(seconds: float) -> str:
    days = int(seconds // _DAY)
    if days == 0:
        return "less than a day"
    if days >= 730:
        return f"{days // 365} years"
    return "1 day" if days == 1 else f"{days} days"
