# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an application's properties may hold.

Numbers: "Validation differences by supported account types" (AzureADMyOrg column).
"""

from __future__ import annotations

from typing import Any

from .. import errors
from ..directory import shapes
from ..odata.bodies import is_guid
from . import identifier_uris
from .call import Call

Json = dict[str, Any]
_AUDIENCES = (
    "AzureADMyOrg",
    "AzureADMultipleOrgs",
    "AzureADandPersonalMicrosoftAccount",
    "PersonalMicrosoftAccount",
)
LONGEST_NAME = 120
_LONGEST_PERSONAL_NAME = 90
_LONGEST_TAG = 256
_LONGEST_URI = 255
_MOST_APIS = 50
_MOST_PERMISSIONS = 400


def check_application(call: Call, changes: Json, *, current: Json | None) -> None:
    """`current` is None on create. The first broken limit is the answer."""
    if "signInAudience" in changes and changes["signInAudience"] not in _AUDIENCES:
        raise errors.invalid_value("signInAudience", "Application")
    audience = changes.get("signInAudience") or (current or {}).get("signInAudience", "")
    if "displayName" in changes:
        longest = _LONGEST_PERSONAL_NAME if "Personal" in audience else LONGEST_NAME
        check_display_name(changes["displayName"], longest=longest, resource="Application")
    check_tags(changes.get("tags", []), resource="Application")
    _check_unique_name(call, changes, current)
    _check_identifier_uris(call, changes.get("identifierUris", []), current)
    identifier_uris.check_added(call, changes.get("identifierUris", []), changes=changes, current=current)
    check_required_resource_access(changes.get("requiredResourceAccess", []))
    if current is not None:
        _check_token_version(changes, current, audience=audience)
        _check_entitlements(changes.get("appRoles"), current["appRoles"])
        _check_entitlements(
            (changes.get("api") or {}).get("oauth2PermissionScopes"), current["api"]["oauth2PermissionScopes"]
        )


def _check_token_version(changes: Json, current: Json, *, audience: str) -> None:
    """Personal accounts need version 2, in the same request if need be.

    Sources: resource page "apiApplication"; Azure/azure-cli issue 15512, microsoft-graph-docs issue 21685.
    """
    held = {**current["api"], **(changes.get("api") or {})}.get("requestedAccessTokenVersion")
    if audience in shapes.PERSONAL_AUDIENCES and held != 2:
        raise errors.invalid_token_version()


def _check_entitlements(wanted: list[Json] | None, held: list[Json]) -> None:
    """What an application offers must be disabled before it is removed."""
    if wanted is None:
        return
    kept = {str(entry.get("id")).lower() for entry in wanted}
    if any(entry["isEnabled"] and str(entry["id"]).lower() not in kept for entry in held):
        raise errors.enabled_entitlement()


def check_display_name(value: str | None, *, resource: str, longest: int = LONGEST_NAME) -> None:
    if value is None or not value.strip():
        raise errors.missing_value("displayName", resource)
    if len(value) > longest:
        raise errors.invalid_value("displayName", resource, code="InvalidLength")


def check_tags(tags: list[Any], *, resource: str) -> None:
    if len(set(tags)) != len(tags):
        raise errors.invalid_value("tags", resource)
    for tag in tags:
        if not isinstance(tag, str) or not 1 <= len(tag) <= _LONGEST_TAG or any(part.isspace() for part in tag):
            raise errors.invalid_value("tags", resource)


def _check_unique_name(call: Call, changes: Json, current: Json | None) -> None:
    name = changes.get("uniqueName")
    if name is None:
        return
    if not name:
        raise errors.invalid_value("uniqueName", "Application")
    holder = call.tenant.application_by("uniqueName", name) or call.tenant.deleted_application_by("uniqueName", name)
    if holder is not None and (current is None or holder["id"] != current["id"]):
        raise errors.value_taken("uniqueName")


def _check_identifier_uris(call: Call, uris: list[Any], current: Json | None) -> None:
    for uri in uris:
        if not isinstance(uri, str) or not 1 <= len(uri) <= _LONGEST_URI:
            raise errors.invalid_value("identifierUris", "Application")
        for other in call.directory.applications.where("identifierUris", uri):
            if uri in other["identifierUris"] and (current is None or other["id"] != current["id"]):
                raise errors.value_taken("identifierUris")


def check_required_resource_access(entries: list[Any]) -> None:
    """Graph takes any id: whether the permission exists shows only at consent."""
    name = "requiredResourceAccess"
    permissions = 0
    if len(entries) > _MOST_APIS:
        raise errors.invalid_value(name, "Application")
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        if entry is None or not is_guid(entry.get("resourceAppId") or ""):
            raise errors.invalid_value(name, "Application")
        for access in entry.get("resourceAccess") or []:
            if access is None or not is_guid(access.get("id") or "") or access.get("type") not in ("Role", "Scope"):
                raise errors.invalid_value(name, "Application")
            if (entry["resourceAppId"], access["id"]) in seen:
                # That a doubled permission is refused is inferred from the portal's manifest editor.
                raise errors.invalid_value(name, "Application")
            seen.add((entry["resourceAppId"], access["id"]))
            permissions += 1
    if permissions > _MOST_PERMISSIONS:
        raise errors.invalid_value(name, "Application")
