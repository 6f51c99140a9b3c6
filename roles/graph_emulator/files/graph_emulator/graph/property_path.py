# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths that lead to a property of one object: /applications/{id}/web/redirectUris, /users/{id}/mail/$value.

Page "Addressing Single Properties ..." of OData 4.01 (part 2, URL conventions) and "Requesting Individual Properties"
(part 1): a value in an object with its context, a structure as itself, null as 204, `$value` as plain text.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from .. import errors
from ..odata.edm import properties_of
from ..odata.path import Key, Token
from .call import Answer, Call, Handler

Json = dict[str, Any]
# The types of single objects, by the path of their route.
TYPES: dict[str, str] = {
    "applications/*": "application",
    "applications/*/federatedIdentityCredentials/*": "federatedIdentityCredential",
    "directory/administrativeUnits/*": "administrativeUnit",
    "directoryObjects/*": "directoryObject",
    "groups/*": "group",
    "me": "user",
    "oauth2PermissionGrants/*": "oAuth2PermissionGrant",
    "servicePrincipals/*": "servicePrincipal",
    "servicePrincipals/*/appRoleAssignedTo/*": "appRoleAssignment",
    "servicePrincipals/*/appRoleAssignments/*": "appRoleAssignment",
    "users/*": "user",
}
_RAW, _COUNT = "$value", "$count"
_TEXT = {"content-type": "text/plain"}
# What the context of one object ends with: a selection, and $entity.
_ENTITY = re.compile(r"(\([^()']*\))?/\$entity$")


def unknown_segment(type_name: str, tail: list[Token]) -> str | None:
    """The first segment behind an object of this type that names no property; None if all of them do."""
    current = type_name
    for position, token in enumerate(tail):
        if isinstance(token, Key):
            return token.value
        last = position == len(tail) - 1
        if position > 0 and last and token == (_COUNT if current.startswith("Collection(") else _RAW):
            structure = not current.startswith("Collection(") and bool(properties_of(current))
            return token if structure else None
        found = _declared(current, token)
        if found is None or found == "Stream":
            return token
        current = found
    return None


def is_declared(type_name: str, token: Token) -> bool:
    return isinstance(token, str) and _declared(type_name, token) not in (None, "Stream")


def _declared(type_name: str, name: str) -> str | None:
    return {known.lower(): kind for known, kind in properties_of(type_name).items()}.get(name.lower())


def handler(read: Handler, type_name: str, tail: list[Token]) -> Handler:
    """Reads the object as its own route does, with the one property selected."""

    def get_property(call: Call) -> Answer:
        if any(name.startswith("$") for name in call.options):
            raise errors.not_implemented("query options of a property path")
        names = _named(type_name, [str(token) for token in tail if token not in (_RAW, _COUNT)])
        entity = read(dataclasses.replace(call, options={"$select": f"id,{names[0]}"}))
        value: Any = entity.body
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        if tail[-1] == _COUNT:
            return Answer(200, len(value), dict(_TEXT), cost=entity.cost)
        if value is None:
            return Answer(204, cost=entity.cost)
        if tail[-1] == _RAW:
            return Answer(200, _text(value), dict(_TEXT), cost=entity.cost)
        context = {"@odata.context": f"{_context(entity.body)}/{'/'.join(names)}"}
        return Answer(200, {**context, **(value if isinstance(value, dict) else {"value": value})}, cost=entity.cost)

    return get_property


def _named(type_name: str, path: list[str]) -> list[str]:
    """The names as they are declared, whatever their case in the path."""
    found, current = [], type_name
    for name in path:
        found.append(next(known for known in properties_of(current) if known.lower() == name.lower()))
        current = properties_of(current)[found[-1]]
    return found


def _context(entity: Any) -> str:
    """`...#applications(id,web)/$entity` -> `...#applications('ID')`."""
    return _ENTITY.sub("", entity["@odata.context"]) + f"('{entity['id']}')"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
