# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of groups and of administrative units: listed, also through nested groups, added and removed.

Reference pages "List group members", "List group transitive members", "Add members", "Remove member", "List members",
"Add a member", "Remove a member" (administrativeUnit).
"""

from __future__ import annotations

from typing import Any

from .. import errors
from ..directory import rights
from ..odata.filter import equalities, parsed
from . import listing, lookups, owners
from .call import Answer, Call, Handler

Json = dict[str, Any]
MOST_AT_ONCE = 20
# "Limited information returned for inaccessible member objects" (page "Overview of permissions").
_READ_RIGHTS = {
    "user": "read users",
    "group": "read groups",
    "servicePrincipal": "read applications",
    "application": "read applications",
    "administrativeUnit": "read administrative units",
}
ENTITY_SETS = {
    "user": "users",
    "group": "groups",
    "servicePrincipal": "servicePrincipals",
    "application": "applications",
    "administrativeUnit": "directory/administrativeUnits",
}


def shown(call: Call, object_ids: list[str]) -> list[Json]:
    """Directory objects as a relationship shows them: what the caller may not read has its type and id alone."""
    found = (lookups.directory_object(call, object_id) for object_id in object_ids)
    return [_readable(call, item) for item in found if item is not None and not call.tenant.lag.hides(item["id"])]


def _readable(call: Call, item: Json) -> Json:
    right = _READ_RIGHTS[item["@odata.type"].rpartition(".")[2]]
    own = call.caller.delegated and item["id"] == call.caller.principal_id
    if own or rights.holds(call.caller, right):
        return item
    return {
        name: value if name in ("@odata.type", "id") else [] if isinstance(value, list) else None
        for name, value in item.items()
    }


def page(call: Call, object_ids: list[str], *, cost: int) -> Answer:
    """A page of directory objects, of one type if the path ends with it; or their number."""
    items = shown(call, object_ids)
    type_name, cast = "directoryObject", call.cast
    if cast is not None:
        type_name = cast
        items = [_without_type(item) for item in items if item["@odata.type"].endswith(f".{cast}")]
    if call.counts:
        return listing.count(call, items, type_name=type_name)
    query = call.query(type_name)
    if not query.counted and not _by_id_alone(query.options.get("$filter", "")):
        # "This header and $count are required when using $search, $filter, $orderby" (page "List group members"); that
        # `id eq` does without is how Terraform and azure.azcollection look for one member.
        raise errors.unsupported_query("Unsupported Query.")
    fragment = "directoryObjects" if cast is None else ENTITY_SETS.get(cast, f"{cast}s")
    return listing.page(call, items, type_name=type_name, fragment=fragment, cost=cost)


def _by_id_alone(text: str) -> bool:
    return not text.strip() or [name for name, _value in equalities(parsed(text))] == ["id"]


def _without_type(item: Json) -> Json:
    return {name: value for name, value in item.items() if name != "@odata.type"}


def list_for(kind: str, *, nested: bool = False) -> Handler:
    def list_members(call: Call) -> Answer:
        container = lookups.find(call, kind, call.key)
        members = call.directory.members
        ids = members.all_of(container["id"]) if nested else members.of(container["id"])
        return page(call, ids, cost=5 if nested else 3)

    return list_members


def add_for(kind: str) -> Handler:
    def add(call: Call) -> Answer:
        container = lookups.find_to_change(call, kind, call.key)
        add_all(call, kind, container, [call.body().get("@odata.id")])
        return Answer(204)

    return add


def add_all(call: Call, kind: str, container: Json, references: list[Any]) -> None:
    """All or none of them."""
    if len(references) > MOST_AT_ONCE:
        raise errors.bad_request(f"The number of references exceeds the maximum of {MOST_AT_ONCE}.")
    members = [owners.referenced(call, reference) for reference in references]
    for member in members:
        _check(call, kind, container, member)
    for member in members:
        call.directory.members.add(container["id"], member)


def _check(call: Call, kind: str, container: Json, member: str) -> None:
    if kind == "groups":
        refuse_exchange_group(container)
    item = lookups.directory_object(call, member) or {}
    type_name = str(item.get("@odata.type")).rpartition(".")[2]
    if type_name not in _allowed(kind, container) or (kind == "groups" and "Unified" in item.get("groupTypes", [])):
        # The tables of "Add members" list the types; the wording is inferred.
        raise errors.bad_request(f"An object of type '{type_name}' cannot be a member of this object.")
    if type_name == "servicePrincipal":
        owned = call.tenant.owns(call.caller.principal_id, container["id"])
        rights.require(call.caller, "add service principals to groups", owned=owned)
    if member in call.directory.members.of(container["id"]):
        raise errors.bad_request(
            "One or more added object references already exist for the following modified properties: 'members'."
        )


def _allowed(kind: str, container: Json) -> tuple[str, ...]:
    if kind == "administrativeUnits":
        return ("user", "group")
    return ("user",) if "Unified" in container["groupTypes"] else ("user", "group", "servicePrincipal")


def refuse_exchange_group(group: Json) -> None:
    """Exchange Online administers mail-enabled security groups and distribution lists (wording of public reports)."""
    if group["mailEnabled"] and "Unified" not in group["groupTypes"]:
        raise errors.bad_request("Cannot Update a mail-enabled security groups and or distribution list.")


def remove_for(kind: str) -> Handler:
    def remove(call: Call) -> Answer:
        container = lookups.find_to_change(call, kind, call.key)
        if kind == "groups":
            refuse_exchange_group(container)
        member = call.keys[1].value.lower()
        if member not in call.directory.members.of(container["id"]):
            raise errors.not_found(member)
        call.directory.members.remove(container["id"], member)
        return Answer(204)

    return remove
