# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What an object of Microsoft Graph must be before anything is concluded from it: the one place that looks at types.

Unknown properties are ignored. A property may be null or missing unless the shape needs it; what is there must
be of its type. Source of the types: the CSDL of v1.0.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import are_texts
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among, first

Json = dict[str, t.Any]

# Ids are parts of addresses. They are GUIDs, or base64 for URLs if one object joins two others.
_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")


def _is_text(value: t.Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: t.Any) -> bool:
    return isinstance(value, bool)


def _is_id(value: t.Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _is_object(value: t.Any) -> bool:
    return isinstance(value, dict) and _wrong(value) is None


def _are_objects(value: t.Any) -> bool:
    return isinstance(value, list) and all(map(_is_object, value))


# A name means the same in every type that is read here.
KINDS: dict[t.Callable[[t.Any], bool], tuple[str, ...]] = {
    _is_id: ("id", "appId", "appRoleId", "roleDefinitionId", "resourceId", "clientId", "resourceAppId", "keyId"),
    _is_text: (
        "displayName", "uniqueName", "signInAudience", "notes", "serviceManagementReference", "createdDateTime",
        "deletedDateTime", "disabledByMicrosoftStatus", "startDateTime", "endDateTime", "hint", "customKeyIdentifier",
        "secretText", "value", "type", "scope", "consentType", "principalId", "directoryScopeId", "appScopeId",
    ),
    _is_flag: ("accountEnabled", "isEnabled"),
    are_texts: ("tags", "redirectUris", "allowedMemberTypes"),
    _is_object: ("web",),
    _are_objects: (
        "passwordCredentials", "keyCredentials", "requiredResourceAccess", "resourceAccess", "appRoles",
        "oauth2PermissionScopes",
    ),
}  # fmt: skip
PROPERTIES = {name: fits for fits, names in KINDS.items() for name in names}


@dataclasses.dataclass(frozen=True)
class Shape:
    """``needs`` are properties that must be there. ``equal`` are those that were asked for."""

    what: str
    needs: tuple[str, ...] = ()
    equal: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


ANYTHING = Shape("an object")


def check(document: t.Any, shape: Shape, *, action: str) -> Json:
    """The document. Raises TransportError if it is not what was requested."""
    if not isinstance(document, dict):
        raise not_understood(action, f"Microsoft Graph answered with something that is not {shape.what}")
    if shape is ANYTHING:
        return document
    wrong = _wrong(document) or _missing(document, shape)
    if wrong is not None:
        raise not_understood(
            action,
            f"Microsoft Graph answered with something that is not {shape.what} (its {wrong} is wrong or missing)",
        )
    for name, asked in shape.equal.items():
        if str(document.get(name, asked)).lower() != asked.lower():
            raise not_understood(action, f"Microsoft Graph answered with a different {name} than requested")
    return document


def not_understood(action: str, how: str, **details: t.Any) -> TransportError:
    return TransportError(
        f"Could not {action}: {how}",
        maybe_processed=True,
        permanent=True,
        accepted="status" not in details,
        next_step="Check that a Microsoft Graph endpoint answers at graph_url, and not a proxy.",
        **details,
    )


def _missing(document: Json, shape: Shape) -> str | None:
    """The first property that has to be there and is not."""
    return first(shape.needs, lambda name: document.get(name) is None)


def _wrong(document: Json) -> str | None:
    """The first property that is of another type than its own."""
    for name in among(document, PROPERTIES):
        value = document[name]
        if value is not None and not PROPERTIES[name](value):
            return name
    return None
