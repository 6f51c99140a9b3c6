# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""appRoleAssignments (seen from the client) and appRoleAssignedTo (seen from the resource): the same records."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..clock import seven_digits
from ..directory import shapes
from ..directory.identifiers import assignment_id
from ..directory.store import Rows
from ..odata.bodies import check_properties
from . import listing, lookups
from .call import Answer, Call, Handler

Json = dict[str, Any]
_TYPE = "appRoleAssignment"
_SIDES = {"appRoleAssignments": "principalId", "appRoleAssignedTo": "resourceId"}
_NO_ROLE = "00000000-0000-0000-0000-000000000000"
_PRINCIPALS = ("servicePrincipal", "user", "group")
MOST_ASSIGNMENTS = 1500


def of_principal(call: Call, principal_id: str) -> list[Json]:
    return list(_alive(call, "principalId", principal_id))


def of_resource(call: Call, resource_id: str) -> list[Json]:
    return list(_alive(call, "resourceId", resource_id))


def _alive(call: Call, side: str, object_id: str) -> Rows:
    """Without those whose other end is soft-deleted. That a restore brings them back is inferred."""
    directory = call.directory
    principals = (directory.service_principals, directory.users, directory.groups)
    return directory.assignments.where(side, object_id).that(
        lambda entry: (
            any(entry["principalId"] in table for table in principals)
            and entry["resourceId"] in directory.service_principals
            and not call.tenant.lag.hides(entry["id"])
        )
    )


def list_for(collection: str) -> Handler:
    def list_assignments(call: Call) -> Answer:
        item = lookups.find(call, "servicePrincipals", call.key)
        fragment = f"servicePrincipals('{item['id']}')/{collection}"
        items = _alive(call, _SIDES[collection], item["id"])
        return listing.page(call, items, type_name=_TYPE, fragment=fragment, cost=2)

    return list_assignments


def get_for(collection: str) -> Handler:
    def get(call: Call) -> Answer:
        item = lookups.find(call, "servicePrincipals", call.key)
        entry = _member(call, collection, item)
        return listing.one(call, entry, type_name=_TYPE, fragment=f"servicePrincipals('{item['id']}')/{collection}")

    return get


def _member(call: Call, collection: str, item: Json) -> Json:
    wanted = call.keys[1].value
    for entry in _alive(call, _SIDES[collection], item["id"]).narrowed([("id", wanted)]):
        if entry["id"] == wanted:
            return entry
    raise errors.not_found(wanted)


def add_for(collection: str) -> Handler:
    def add(call: Call) -> Answer:
        item = lookups.find(call, "servicePrincipals", call.key)
        return _add(call, collection, item)

    return add


def _add(call: Call, collection: str, item: Json) -> Answer:
    body = check_properties(call.body(), type_name=_TYPE, resource="AppRoleAssignment")
    for name in ("principalId", "resourceId", "appRoleId"):
        if not body.get(name):
            raise errors.missing_value(name, "AppRoleAssignment")
    if body[_SIDES[collection]].lower() != item["id"]:
        # The id in the path is one end of the assignment (reference pages of both collections).
        raise errors.invalid_reference_update()
    principal = _principal(call, body["principalId"])
    resource = lookups.principal(call, body["resourceId"])
    if principal is None or resource is None:
        raise errors.invalid_reference_update()
    call.authorize(resource["id"], resource_app_id=resource["appId"])
    role_id = body["appRoleId"].lower()
    # "User" stands for groups too (resource page appRole, allowedMemberTypes).
    member_type = "Application" if principal["@odata.type"].endswith("servicePrincipal") else "User"
    enabled = {
        role["id"] for role in resource["appRoles"] if role["isEnabled"] and member_type in role["allowedMemberTypes"]
    }
    if role_id not in enabled and not (role_id == _NO_ROLE and not resource["appRoles"]):
        raise errors.app_role_not_found()
    existing = list(call.directory.assignments.where("principalId", principal["id"]))
    if any(entry["resourceId"] == resource["id"] and entry["appRoleId"] == role_id for entry in existing):
        raise errors.assignment_exists()
    if len(existing) >= MOST_ASSIGNMENTS:
        raise errors.bad_request("The number of app role assignments exceeds the maximum allowed.")
    entry = shapes.app_role_assignment(
        assignment_id=assignment_id(principal["id"]),
        created=seven_digits(call.tenant.clock.now()),
        role_id=role_id,
        principal=principal,
        resource=resource,
    )
    call.directory.assignments[entry["id"]] = entry
    call.directory.assigned_at[entry["id"]] = call.tenant.clock.timestamp()
    call.tenant.lag.created(entry["id"], call.tenant.settings.lag)
    fragment = f"servicePrincipals('{item['id']}')/{collection}"
    headers = listing.location(call, item["id"], "ServicePrincipal")
    return listing.one(call, entry, type_name=_TYPE, fragment=fragment, status=201, headers=headers)


def _principal(call: Call, object_id: str) -> Json | None:
    """A service principal, user or group, with its type; None also while it has not replicated."""
    item = lookups.directory_object(call, object_id)
    if item is None or call.tenant.lag.hides(item["id"]):
        return None
    return item if item["@odata.type"].rpartition(".")[2] in _PRINCIPALS else None


def remove_for(collection: str) -> Handler:
    def remove(call: Call) -> Answer:
        item = lookups.find(call, "servicePrincipals", call.key)
        entry = _member(call, collection, item)
        del call.directory.assignments[entry["id"]]
        del call.directory.assigned_at[entry["id"]]
        return Answer(204)

    return remove


def remove_all_of(call: Call, principal_id: str) -> None:
    """When a service principal is purged, so is every assignment from or to it."""
    for side in _SIDES.values():
        for entry in list(call.directory.assignments.where(side, principal_id)):
            del call.directory.assignments[entry["id"]]
            del call.directory.assigned_at[entry["id"]]
