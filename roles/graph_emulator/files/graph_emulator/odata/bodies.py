# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a request body: names and types by the CSDL, then the documented limits, then merging into an object.

Limits: "Validation differences by supported account types" (Microsoft identity platform documentation).
"""

from __future__ import annotations

import copy
import re
import uuid
from typing import Any

from .. import errors
from ..clock import parse_sent_time
from ..directory.shapes import PARTS
from .beyond_slice import BEYOND_SLICE
from .edm import ENUM_VALUES, properties_of
from .properties import PROPERTIES

Json = dict[str, Any]

_COLLECTION = re.compile(r"^Collection\((\w+)\)$")
_PRIMITIVES: dict[str, tuple[type, ...]] = {
    "String": (str,),
    "Boolean": (bool,),
    "Int32": (int,),
    "Guid": (str,),
    "DateTimeOffset": (str,),
    "Binary": (str,),
    "Stream": (str,),
}
# Objects in every recorded application, also where nothing was ever set; that a null is refused is inferred.
_ALWAYS_OBJECTS = frozenset(
    {
        "api",
        "implicitGrantSettings",
        "info",
        "parentalControlSettings",
        "publicClient",
        "spa",
        "verifiedPublisher",
        "web",
    }
)
# Parts that are addressed by their id, which the metadata does not let be missing.
_WITH_ID = frozenset({"appRole", "permissionScope"})


def is_guid(text: str) -> bool:
    """The 8-4-4-4-12 form only; uuid.UUID() alone would also take braces and bare hex."""
    if len(text) != 36:
        return False
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def without_annotations(body: Json) -> Json:
    """A body without @odata annotations, which clients may send and Graph reads away."""
    return {name: value for name, value in body.items() if "@odata." not in name}


def _check_primitive(name: str, value: Any, *, edm_type: str, resource: str) -> Any:
    wanted = _PRIMITIVES[edm_type]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise errors.wrong_type(edm_type)
    text = str(value)
    if edm_type == "Guid" and not is_guid(text):
        raise errors.wrong_type(edm_type)
    if edm_type == "DateTimeOffset" and parse_sent_time(text) is None:
        raise errors.wrong_type(edm_type)
    if edm_type == "String" and "\x00" in text:
        raise errors.invalid_value(name, resource)
    return value


def check_value(name: str, value: Any, *, type_name: str, resource: str) -> Any:
    """`value` as Graph keeps it; a complex value loses its annotations, a wrong one is an error answer."""
    collection = _COLLECTION.match(type_name)
    if collection:
        if not isinstance(value, list):
            raise errors.invalid_value(name, resource)
        # Federated credentials have an error of their own for this, see graph/federated.py.
        if any(item is None for item in value) and resource != "FederatedIdentityCredential":
            raise errors.invalid_value(name, resource)
        return [check_value(name, item, type_name=collection.group(1), resource=resource) for item in value]
    if value is None and name in _ALWAYS_OBJECTS:
        raise errors.invalid_value(name, resource)
    if value is None:
        return None
    if type_name in _PRIMITIVES:
        return _check_primitive(name, value, edm_type=type_name, resource=resource)
    if type_name in ENUM_VALUES:
        if value not in ENUM_VALUES[type_name]:
            raise errors.invalid_value(name, resource)
        return value
    if not isinstance(value, dict):
        raise errors.invalid_value(name, resource)
    checked = check_properties(value, type_name=type_name, resource=resource)
    if type_name in _WITH_ID and not is_guid(checked.get("id") or ""):
        raise errors.invalid_value(name, resource)
    return checked


def check_properties(body: Json, *, type_name: str, resource: str) -> Json:
    """Every name must be a property of the type and every value of the property's type."""
    known = properties_of(type_name) if type_name in PROPERTIES or type_name in BEYOND_SLICE else {}
    checked = {}
    for name, value in without_annotations(body).items():
        if name not in known:
            raise errors.invalid_property(name)
        checked[name] = check_value(name, value, type_name=known[name], resource=resource)
    return checked


def completed(value: Any, type_name: str) -> Any:
    """A part as Graph gives it back: all keys of its type, in Graph's order."""
    collection = _COLLECTION.match(type_name)
    if collection and isinstance(value, list):
        return [completed(item, collection.group(1)) for item in value]
    if not isinstance(value, dict):
        return value
    types = PROPERTIES.get(type_name, {})
    filled = copy.deepcopy(PARTS.get(type_name, {}))
    for name, inner in value.items():
        if inner is not None or name not in filled:
            filled[name] = completed(inner, types.get(name, ""))
    return filled


def merge(target: Json, changes: Json, *, type_name: str) -> None:
    """Put checked values into an object: complex values are merged, collections and primitives replaced."""
    types = properties_of(type_name)
    for name, value in changes.items():
        current = target.get(name)
        if isinstance(value, dict) and isinstance(current, dict):
            merge(current, value, type_name=types[name])
            # Reports to the table that the object has changed.
            target[name] = current
        else:
            target[name] = completed(value, types.get(name, ""))
