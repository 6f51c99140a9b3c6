# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Owners of applications and service principals.

Recorded: a user who creates an application owns it at once (azure-cli test_app_owner). That an app-only creator owns
what it creates is inferred from the description of Application.ReadWrite.OwnedBy ("create other applications, and fully
manage those applications"), which would be of no use otherwise.
"""

from __future__ import annotations

import re
from typing import Any

from .. import errors
from . import listing, lookups
from .call import Answer, Call, Handler

Json = dict[str, Any]
_REFERENCE = re.compile(
    r"/(?:v1\.0/)?(?:directoryObjects|users|groups|servicePrincipals)(?:/|\(')([0-9a-fA-F-]{36})(?:'\))?$"
)
MOST_OWNERS = 100


def shown(call: Call, object_id: str) -> list[Json]:
    found = (lookups.directory_object(call, owner) for owner in call.directory.owners.get(object_id, []))
    return [item for item in found if item is not None]


def with_creator(call: Call, bound_owners: list[str]) -> list[str]:
    creator = call.caller.principal_id
    return bound_owners if creator in bound_owners else [creator, *bound_owners]


def bound(call: Call, body: Json, relation: str = "owners") -> list[str]:
    """owners@odata.bind of a create; the name is taken out of the body."""
    references = body.pop(f"{relation}@odata.bind", [])
    if not isinstance(references, list):
        raise errors.malformed_json()
    return [referenced(call, reference) for reference in references]


def referenced(call: Call, reference: Any) -> str:
    """The object id in a reference like https://graph.microsoft.com/v1.0/directoryObjects/{id}."""
    match = _REFERENCE.search(reference) if isinstance(reference, str) else None
    if match is None:
        raise errors.bad_request("Invalid URL format specified in @odata.bind or @odata.id.")
    object_id = match.group(1).lower()
    if lookups.directory_object(call, object_id) is None or call.tenant.lag.hides(object_id):
        raise errors.not_found(object_id)
    return object_id


def list_for(kind: str, *, type_name: str | None = None) -> Handler:
    """All owners, or those of one type, which then stand there as objects of its entity set."""

    def list_owners(call: Call) -> Answer:
        found = _of_type(call, kind, type_name)
        if type_name is None:
            return listing.page(call, found, type_name="directoryObject", fragment="directoryObjects")
        return listing.page(call, found, type_name=type_name, fragment=f"{type_name}s")

    return list_owners


def count_for(kind: str, *, type_name: str | None = None) -> Handler:
    def count_owners(call: Call) -> Answer:
        return listing.count(call, _of_type(call, kind, type_name), type_name=type_name or "directoryObject")

    return count_owners


def references_for(kind: str) -> Handler:
    """`owners/$ref`: addresses alone, in the form of the Location of a create."""

    def list_references(call: Call) -> Answer:
        references = []
        for owner in _of_type(call, kind, None):
            name = owner["@odata.type"].rpartition(".")[2]
            address = listing.location(call, owner["id"], f"{name[0].upper()}{name[1:]}")["location"]
            references.append({"@odata.id": address})
        return Answer(200, {"@odata.context": call.context("Collection($ref)"), "value": references})

    return list_references


def _of_type(call: Call, kind: str, type_name: str | None) -> list[Json]:
    item = lookups.find(call, kind, call.key)
    owners = shown(call, item["id"])
    if type_name is None:
        return owners
    return [
        {name: value for name, value in owner.items() if name != "@odata.type"}
        for owner in owners
        if owner["@odata.type"] == f"#microsoft.graph.{type_name}"
    ]


def add_for(kind: str) -> Handler:
    def add(call: Call) -> Answer:
        item = lookups.find_to_change(call, kind, call.key)
        owner = referenced(call, call.body().get("@odata.id"))
        current = call.directory.owners.setdefault(item["id"], [])
        if owner in current:
            raise errors.bad_request(
                "One or more added object references already exist for the following modified properties: 'owners'."
            )
        if len(current) >= MOST_OWNERS:
            raise errors.bad_request("The number of owners exceeds the maximum allowed.")
        current.append(owner)
        return Answer(204)

    return add


def remove_for(kind: str) -> Handler:
    def remove(call: Call) -> Answer:
        item = lookups.find_to_change(call, kind, call.key)
        owner = call.keys[1].value.lower()
        current = call.directory.owners.get(item["id"], [])
        if owner not in current:
            raise errors.not_found(owner)
        current.remove(owner)
        return Answer(204)

    return remove


def get_for(kind: str) -> Handler:
    """One owner's reference, whatever is selected of it (manicminer/hamilton, msgraph/applications.go, GetOwner)."""

    def get(call: Call) -> Answer:
        item = lookups.find(call, kind, call.key)
        for owner in shown(call, item["id"]):
            if owner["id"] == call.keys[1].value.lower():
                context = {"@odata.context": call.context("directoryObjects/$entity")}
                return Answer(200, {**context, "@odata.type": owner["@odata.type"], "id": owner["id"]})
        raise errors.not_found(call.keys[1].value)

    return get
