# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenant's default app management policy, and what it forbids.

Restrictions: resource page passwordCredentialConfiguration; error codes: microsoft-365-agents-toolkit issue 10998.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from .. import errors
from ..clock import parse_sent_time
from .call import Answer, Call

Json = dict[str, Any]
_DURATION = re.compile(r"^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$")
_PROPERTIES = ("applicationRestrictions", "description", "displayName", "isEnabled", "servicePrincipalRestrictions")
_FRAGMENT = "policies/defaultAppManagementPolicy/$entity"


def parse_duration(text: str) -> timedelta | None:
    """An ISO 8601 duration; years and months count as .NET counts them, 365 and 30 days."""
    match = _DURATION.match(text)
    if match is None or text in ("P", "PT") or text.endswith("T"):
        return None
    years, months, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(days=365 * years + 30 * months + days, hours=hours, minutes=minutes, seconds=seconds)


def get(call: Call) -> Answer:
    return Answer(200, {"@odata.context": call.context(_FRAGMENT), **call.directory.policy})


def update(call: Call) -> Answer:
    apply(call.directory.policy, call.body())
    return Answer(204)


def apply(policy: Json, changes: Json) -> None:
    """Change the policy; restrictions of a wrong form are refused as a whole."""
    for name, value in changes.items():
        if "@odata." in name:
            continue
        if name not in _PROPERTIES:
            raise errors.invalid_property(name)
        if name == "isEnabled" and not isinstance(value, bool):
            raise errors.wrong_type("Boolean")
        if name.endswith("Restrictions"):
            _check_restrictions(name, value)
    for name, value in changes.items():
        if name.endswith("Restrictions"):
            policy[name] = {**policy[name], **value}
        elif "@odata." not in name:
            policy[name] = value


def _check_restrictions(name: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise errors.invalid_value(name, "TenantAppManagementPolicy")
    for entry in [*value.get("passwordCredentials", []), *value.get("keyCredentials", [])]:
        lifetime = entry.get("maxLifetime") if isinstance(entry, dict) else ""
        if lifetime is not None and (not isinstance(lifetime, str) or parse_duration(lifetime) is None):
            raise errors.wrong_type("Duration")


def check_new_password(call: Call, kind: str, item: Json, *, start: datetime, end: datetime) -> None:
    """Refuse a client secret that the policy forbids for this application or service principal."""
    policy = call.directory.policy
    if not policy["isEnabled"]:
        return
    part = "applicationRestrictions" if kind == "applications" else "servicePrincipalRestrictions"
    for entry in policy[part].get("passwordCredentials", []):
        if not applies(entry, item):
            continue
        if entry.get("restrictionType") == "passwordAddition":
            raise errors.credential_type_policy(policy["id"])
        longest = parse_duration(entry.get("maxLifetime") or "")
        if entry.get("restrictionType") == "passwordLifetime" and longest is not None and end - start > longest:
            raise errors.lifetime_policy(policy["id"])


def check_new_certificate(call: Call, kind: str, item: Json, *, start: datetime, end: datetime) -> None:
    """asymmetricKeyLifetime of keyCredentialConfiguration; that its error is the one for passwords is inferred."""
    policy = call.directory.policy
    if not policy["isEnabled"]:
        return
    part = "applicationRestrictions" if kind == "applications" else "servicePrincipalRestrictions"
    for entry in policy[part].get("keyCredentials", []):
        longest = parse_duration(entry.get("maxLifetime") or "")
        if entry.get("restrictionType") != "asymmetricKeyLifetime" or longest is None or not applies(entry, item):
            continue
        if end - start > longest:
            raise errors.lifetime_policy(policy["id"])


def applies(entry: Json, item: Json) -> bool:
    """Not to what was created before the date, nor when the restriction is disabled."""
    if entry.get("state", "enabled") != "enabled":
        return False
    since = parse_sent_time(entry.get("restrictForAppsCreatedAfterDateTime") or "")
    created = parse_sent_time(item["createdDateTime"] or "")
    return since is None or created is None or created >= since
