# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user, group or service principal is a member of, owns and created.

Pages "List a user's direct memberships" and the like, "Get member objects", "getMemberGroups", "checkMemberGroups",
"checkMemberObjects", "List ownedObjects", "List createdObjects". Directory roles are no part of the emulated surface.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import errors
from . import directory, lookups, members
from .call import Answer, Call, Handler

Json = dict[str, Any]
MOST_CHECKED = 20


def _subject(call: Call, kind: str) -> Json:
    """Whom the path means, if the caller may ask about them."""
    if kind == "me":
        found: Json | None = directory.signed_in_user(call)
    elif kind == "users":
        found = directory.user_named(call, call.key.value)
    elif kind == "directoryObjects":
        found = lookups.directory_object(call, call.key.value)
    else:
        found = lookups.find(call, kind, call.key)
    call.authorize(found["id"] if found else "")
    if found is None or call.tenant.lag.hides(found["id"]):
        raise errors.not_found(call.key.value)
    return found


def member_of(kind: str, *, nested: bool = False) -> Handler:
    def list_containers(call: Call) -> Answer:
        object_id = _subject(call, kind)["id"]
        held = call.directory.members
        ids = held.all_containers(object_id) if nested else held.containers(object_id)
        return members.page(call, ids, cost=2)

    return list_containers


def owned_objects(kind: str) -> Handler:
    return _related(
        kind, lambda call, object_id: [owned for owned, by in call.directory.owners.items() if object_id in by]
    )


def created_objects(kind: str) -> Handler:
    return _related(
        kind, lambda call, object_id: [made for made, by in call.directory.created_by.items() if by == object_id]
    )


def _related(kind: str, ids: Callable[[Call, str], list[str]]) -> Handler:
    def list_related(call: Call) -> Answer:
        return members.page(call, ids(call, _subject(call, kind)["id"]), cost=2)

    return list_related


def get_members(kind: str, *, groups_only: bool) -> Handler:
    """getMemberGroups and getMemberObjects: ids alone, through nested groups."""

    def get(call: Call) -> Answer:
        subject = _subject(call, kind)
        only_security = call.body().get("securityEnabledOnly") or False
        if not isinstance(only_security, bool):
            raise errors.wrong_type("Boolean")
        return _ids(
            call,
            cost=2,
            object_ids=_containers(call, subject, groups_only=groups_only or only_security, secure=only_security),
        )

    return get


def _containers(call: Call, subject: Json, *, groups_only: bool, secure: bool = False) -> list[str]:
    groups = call.directory.groups
    return [
        object_id
        for object_id in call.directory.members.all_containers(subject["id"])
        if (object_id in groups or not groups_only) and not (secure and not groups[object_id]["securityEnabled"])
    ]


def check_members(kind: str, *, groups_only: bool) -> Handler:
    """checkMemberGroups and checkMemberObjects: which of the ids the subject is a member of."""
    name = "groupIds" if groups_only else "ids"

    def check(call: Call) -> Answer:
        subject = _subject(call, kind)
        asked = call.body().get(name)
        if not isinstance(asked, list) or not all(isinstance(one, str) for one in asked):
            raise errors.invalid_value(name, "DirectoryObject")
        if len(asked) > MOST_CHECKED:
            raise errors.bad_request(f"The number of ids in '{name}' exceeds the maximum of {MOST_CHECKED}.")
        held = set(_containers(call, subject, groups_only=groups_only))
        return _ids(call, cost=4, object_ids=[one for one in asked if one.lower() in held])

    return check


def _ids(call: Call, *, object_ids: list[str], cost: int) -> Answer:
    body = {"@odata.context": call.context("Collection(Edm.String)"), "value": object_ids}
    # The header as recorded (azure-cli test_group_scenario).
    return Answer(200, body, {"location": call.base}, cost=cost)
