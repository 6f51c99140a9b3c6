# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""organization, users and directoryObjects: read-only, as far as the collection's work touches them."""

from __future__ import annotations

from typing import Any

from .. import errors
from . import listing, lookups, members
from .call import Answer, Call

Json = dict[str, Any]
_MOST_IDS = 1000


def list_organization(call: Call) -> Answer:
    return listing.page(call, [call.directory.organization], type_name="organization", fragment="organization")


def list_users(call: Call) -> Answer:
    call.authorize("")
    return listing.page(
        call, call.directory.users.rows(), type_name="user", fragment="users", cost=2, expand=_expander(call)
    )


def count_users(call: Call) -> Answer:
    call.authorize("")
    return listing.count(call, call.directory.users.rows(), type_name="user")


def _expander(call: Call) -> listing.Expand:
    def expand(item: Json, name: str) -> list[Json]:
        held = call.directory.members
        found = {"memberOf": held.containers, "transitiveMemberOf": held.all_containers}
        if name not in found:
            raise errors.bad_request("Unsupported expand query.")
        return members.shown(call, found[name](item["id"]))

    return expand


def get_user(call: Call) -> Answer:
    """By object id or by userPrincipalName."""
    user = user_named(call, call.key.value)
    call.authorize(user["id"] if user else "")
    if user is None:
        raise errors.not_found(call.key.value)
    return listing.one(call, user, type_name="user", fragment="users", expand=_expander(call))


def get_me(call: Call) -> Answer:
    return listing.one(call, signed_in_user(call), type_name="user", fragment="users", expand=_expander(call))


def signed_in_user(call: Call) -> Json:
    if not call.caller.delegated:
        raise errors.only_delegated()
    user = user_named(call, call.caller.principal_id)
    if user is None:
        raise errors.not_found(call.caller.principal_id)
    return user


def user_named(call: Call, name: str) -> Json | None:
    wanted = name.lower()
    return call.directory.users.get(wanted) or call.directory.users.where("userPrincipalName", wanted).first()


def get_object(call: Call) -> Answer:
    item = lookups.directory_object(call, call.key.value)
    if item is None or call.tenant.lag.hides(item["id"]):
        raise errors.not_found(call.key.value)
    type_name = item["@odata.type"].rpartition(".")[2]
    return listing.one(call, item, type_name=type_name, fragment="directoryObjects")


def get_by_ids(call: Call) -> Answer:
    """directoryObjects/getByIds: what is not there is left out (azure-cli recording rbac_idempotent)."""
    body = call.body()
    ids, types = body.get("ids"), body.get("types") or ["directoryObject"]
    if not isinstance(ids, list) or not isinstance(types, list) or len(ids) > _MOST_IDS:
        raise errors.invalid_value("ids", "DirectoryObject")
    found = [lookups.directory_object(call, str(object_id)) for object_id in ids]
    shown = [
        item
        for item in found
        if item is not None and ("directoryObject" in types or item["@odata.type"].rpartition(".")[2] in types)
    ]
    body = {"@odata.context": call.context("directoryObjects"), "value": shown}
    return Answer(200, body, {"location": call.base}, cost=3)
