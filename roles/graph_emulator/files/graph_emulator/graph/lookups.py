# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding what a path addresses. Replication lag is felt here, and only here."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..directory import rights
from ..directory.directory_roles import MEMBER
from ..directory.store import Rows, Table
from ..odata.path import Key
from .call import Call

Json = dict[str, Any]
_ALTERNATE_KEYS = {"applications": ("appId", "uniqueName"), "servicePrincipals": ("appId",), "groups": ("uniqueName",)}


def entity_set(call: Call, kind: str) -> Table:
    directory = call.directory
    return {
        "applications": directory.applications,
        "servicePrincipals": directory.service_principals,
        "groups": directory.groups,
        "administrativeUnits": directory.administrative_units,
    }[kind]


def addressed(call: Call, kind: str, key: Key) -> Json | None:
    """The live object behind a key, whether replicated or not."""
    if key.name == "id":
        found: Json | None = entity_set(call, kind).get(key.value.lower())
        return found
    if key.name not in _ALTERNATE_KEYS.get(kind, ()):
        raise errors.odata_error(f"The key '{key.name}' is not a declared key of the entity set '{kind}'.")
    return next((item for item in entity_set(call, kind).where(key.name, key.value)), None)


def find(call: Call, kind: str, key: Key) -> Json:
    """The object, or Graph's 404: absent, soft-deleted, not replicated yet, or the wrong kind of id."""
    item = addressed(call, kind, key)
    if item is None or call.tenant.lag.hides(item["id"]):
        raise errors.not_found(key.value)
    return item


def find_to_change(call: Call, kind: str, key: Key) -> Json:
    """As find, and the caller must be allowed to change this very object."""
    item = find(call, kind, key)
    call.authorize(item["id"])
    return item


def visible(call: Call, kind: str) -> Rows:
    return entity_set(call, kind).rows().that(lambda item: not call.tenant.lag.hides(item["id"]))


def principal(call: Call, object_id: str) -> Json | None:
    """A service principal by object id, None also while it has not replicated."""
    item = call.directory.service_principals.get(object_id.lower())
    return None if item is None or call.tenant.lag.hides(item["id"]) else item


def directory_object(call: Call, object_id: str) -> Json | None:
    """A live object of any kind with its @odata.type, as owners and directoryObjects show it."""
    wanted = object_id.lower()
    for type_name, items in (
        ("user", call.directory.users),
        ("servicePrincipal", call.directory.service_principals),
        ("application", call.directory.applications),
        ("group", call.directory.groups),
        ("administrativeUnit", call.directory.administrative_units),
    ):
        if wanted in items:
            item = items[wanted]
            # In a mixed collection the id comes first, also for users (azure-cli recording test_app_owner).
            return {"@odata.type": f"#microsoft.graph.{type_name}", "id": item["id"], **item}
    return None


def body_of_update(call: Call, item: Json) -> Json:
    """The body, without the object's own id: OData has it in the path, and Terraform repeats it in the body."""
    body = call.body()
    if str(body.get("id")).lower() == item["id"]:
        del body["id"]
    return body


def note_creator(call: Call, object_id: str) -> None:
    """For createdObjects, which leave out what administrators created (page "List createdObjects" of a user)."""
    if not call.caller.wids - {MEMBER, rights.REGISTRANT}:
        call.directory.created_by[object_id] = call.caller.principal_id


def remove_references(call: Call, object_id: str) -> None:
    """Remove what points to an object that was deleted for good."""
    call.directory.members.remove_all(object_id)
    call.directory.owners.pop(object_id, None)
    call.directory.created_by.pop(object_id, None)
