# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/directory/administrativeUnits: list, get, create, update, delete. Members are in members.py."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..directory import shapes
from ..directory.seed import new_guid
from ..odata.bodies import check_properties, merge
from . import deleted, listing, lookups, members
from .call import Answer, Call
from .limits import check_display_name

Json = dict[str, Any]
KIND = "administrativeUnits"
_TYPE = "administrativeUnit"
_FRAGMENT = "directory/administrativeUnits"
_LONGEST_NAME = 256


def list_all(call: Call) -> Answer:
    return listing.page(call, lookups.visible(call, KIND), type_name=_TYPE, fragment=_FRAGMENT, expand=_expander(call))


def count(call: Call) -> Answer:
    return listing.count(call, lookups.visible(call, KIND), type_name=_TYPE)


def get(call: Call) -> Answer:
    item = lookups.find(call, KIND, call.key)
    return listing.one(call, item, type_name=_TYPE, fragment=_FRAGMENT, expand=_expander(call))


def _expander(call: Call) -> listing.Expand:
    def expand(item: Json, name: str) -> list[Json]:
        if name != "members":
            raise errors.bad_request("Unsupported expand query.")
        return members.shown(call, call.directory.members.of(item["id"]))

    return expand


def _checked(body: Json) -> Json:
    changes = check_properties(body, type_name=_TYPE, resource="AdministrativeUnit")
    for name in ("id", "deletedDateTime"):
        if changes.get(name) is not None:
            raise errors.read_only(name)
        changes.pop(name, None)
    if "displayName" in changes:
        check_display_name(changes["displayName"], resource="AdministrativeUnit", longest=_LONGEST_NAME)
    if changes.get("membershipType") == "Dynamic" or changes.get("membershipRule"):
        raise errors.bad_request("The emulator does not evaluate membership rules.")
    return changes


def create(call: Call) -> Answer:
    changes = _checked(call.body())
    if not changes.get("displayName"):
        raise errors.missing_value("displayName", "AdministrativeUnit")
    item = shapes.administrative_unit(object_id=new_guid())
    merge(item, changes, type_name=_TYPE)
    call.directory.administrative_units[item["id"]] = item
    call.tenant.lag.created(item["id"], call.tenant.settings.lag)
    headers = listing.location(call, item["id"], "AdministrativeUnit")
    return listing.one(call, item, type_name=_TYPE, fragment=_FRAGMENT, status=201, headers=headers)


def update(call: Call) -> Answer:
    item = lookups.find_to_change(call, KIND, call.key)
    changes = _checked(lookups.body_of_update(call, item))
    if (
        changes.get("isMemberManagementRestricted", item["isMemberManagementRestricted"])
        is not (item["isMemberManagementRestricted"])
    ):
        # "can't be changed" once created (resource page administrativeUnit).
        raise errors.read_only("isMemberManagementRestricted")
    merge(item, changes, type_name=_TYPE)
    return Answer(204)


def delete(call: Call) -> Answer:
    item = lookups.find_to_change(call, KIND, call.key)
    deleted.delete_container(call, KIND, item)
    return Answer(204)
