# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/groups: list, get, create, update, delete. Members are in members.py.

Mail-enabled security groups are Exchange's: Graph shows them and refuses to change them. Membership rules are not
evaluated, so dynamic groups are refused.
"""

from __future__ import annotations

import re
from typing import Any

from .. import errors
from ..clock import whole_seconds
from ..directory import shapes
from ..directory.seed import new_guid
from ..odata.bodies import check_properties, merge
from . import assignments, deleted, listing, lookups, members, owners
from .call import Answer, Call
from .limits import check_display_name

Json = dict[str, Any]
KIND = "groups"
_LONGEST_NAME = 256
# "ASCII character set 0 - 127 except @ () \ [] " ; : <> , SPACE", at most 64 (page "Create group").
_NICKNAME = re.compile(r"^[!-~]{1,64}$")
_NOT_IN_NICKNAME = frozenset('@()\\[]";:<>, ')
_REQUIRED = ("displayName", "mailEnabled", "mailNickname", "securityEnabled")
_READ_ONLY = (
    "id",
    "createdDateTime",
    "deletedDateTime",
    "expirationDateTime",
    "mail",
    "onPremisesDomainName",
    "onPremisesLastSyncDateTime",
    "onPremisesNetBiosName",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "proxyAddresses",
    "renewedDateTime",
    "securityIdentifier",
)


def list_all(call: Call) -> Answer:
    return listing.page(call, lookups.visible(call, KIND), type_name="group", fragment=KIND, expand=_expander(call))


def count(call: Call) -> Answer:
    return listing.count(call, lookups.visible(call, KIND), type_name="group")


def get(call: Call) -> Answer:
    item = lookups.find(call, KIND, call.key)
    return listing.one(call, item, type_name="group", fragment=KIND, expand=_expander(call))


def _expander(call: Call) -> listing.Expand:
    directory = call.directory.members

    def expand(item: Json, name: str) -> list[Json]:
        if name == "owners":
            return owners.shown(call, item["id"])
        found = {
            "members": directory.of,
            "transitiveMembers": directory.all_of,
            "memberOf": directory.containers,
            "transitiveMemberOf": directory.all_containers,
        }
        return members.shown(call, found[name](item["id"]))

    return expand


def create(call: Call) -> Answer:
    body = call.body()
    bound_owners = owners.bound(call, body)
    bound_members = owners.bound(call, body, "members")
    if len(bound_owners) + len(bound_members) > members.MOST_AT_ONCE:
        raise errors.bad_request("The number of relationships exceeds the maximum of 20.")
    changes = check_properties(body, type_name="group", resource="Group")
    _refuse_read_only(changes)
    for name in _REQUIRED:
        if changes.get(name) is None:
            raise errors.missing_value(name, "Group")
    _check(call, changes, current=None)
    now = call.tenant.clock.now()
    item = shapes.group(object_id=new_guid(), created=whole_seconds(now))
    merge(item, changes, type_name="group")
    if "Unified" in item["groupTypes"]:
        address = f"{item['mailNickname']}@{call.tenant.domain}"
        item.update(mail=address, proxyAddresses=[f"SMTP:{address}"], visibility=item["visibility"] or "Public")
    references = [f"/directoryObjects/{member}" for member in bound_members]
    members.add_all(call, KIND, item, references)
    call.directory.groups[item["id"]] = item
    # Owned by its creator if it is a user; an application's group has no owner unless one is named ("Create group").
    creator = [call.caller.principal_id] if call.caller.delegated and not bound_owners else []
    call.directory.owners[item["id"]] = [*bound_owners, *creator]
    lookups.note_creator(call, item["id"])
    call.tenant.lag.created(item["id"], call.tenant.settings.lag)
    headers = listing.location(call, item["id"], "Group")
    return listing.one(call, item, type_name="group", fragment=KIND, status=201, headers=headers)


def _refuse_read_only(changes: Json) -> None:
    for name in _READ_ONLY:
        if changes.get(name) is not None:
            raise errors.read_only(name)
        changes.pop(name, None)


def _check(call: Call, changes: Json, *, current: Json | None) -> None:
    if "displayName" in changes:
        check_display_name(changes["displayName"], resource="Group", longest=_LONGEST_NAME)
    state = {**(current or {"groupTypes": []}), **changes}
    if "DynamicMembership" in state["groupTypes"]:
        raise errors.bad_request("The emulator does not evaluate membership rules.")
    unified = "Unified" in state["groupTypes"]
    if current is None and (state["mailEnabled"] != unified or not (state["securityEnabled"] or unified)):
        # Wording of public reports of a mail-enabled group that is not of Microsoft 365; for the others inferred.
        raise errors.bad_request(
            "The service does not currently support writes of mail-enabled groups. Please ensure that the "
            "mail-enablement property is unset and the security-enablement property is set."
        )
    nickname = changes.get("mailNickname")
    if "mailNickname" in changes:
        if not nickname or not _NICKNAME.match(nickname) or _NOT_IN_NICKNAME.intersection(nickname):
            raise errors.invalid_value("mailNickname", "Group")
        if unified and _taken(call, nickname, current):
            raise errors.value_taken("mailNickname")


def _taken(call: Call, nickname: str, current: Json | None) -> bool:
    """ "unique for Microsoft 365 groups in the organization" (page "Create group")."""
    others = call.directory.groups.where("mailNickname", nickname)
    return any("Unified" in other["groupTypes"] and other["id"] != (current or {}).get("id") for other in others)


def update(call: Call) -> Answer:
    """Properties, or up to 20 new members at once by members@odata.bind (page "Add members", example 2)."""
    item = lookups.find_to_change(call, KIND, call.key)
    members.refuse_exchange_group(item)
    body = lookups.body_of_update(call, item)
    references = body.pop("members@odata.bind", [])
    if not isinstance(references, list):
        raise errors.malformed_json()
    changes = check_properties(body, type_name="group", resource="Group")
    _refuse_read_only(changes)
    _check(call, changes, current=item)
    members.add_all(call, KIND, item, references)
    merge(item, changes, type_name="group")
    return Answer(204)


def delete(call: Call) -> Answer:
    """Security groups for good, Microsoft 365 groups to the deleted items (page "Delete group")."""
    item = lookups.find_to_change(call, KIND, call.key)
    members.refuse_exchange_group(item)
    if "Unified" in item["groupTypes"]:
        deleted.delete_container(call, KIND, item)
        return Answer(204)
    del call.directory.groups[item["id"]]
    assignments.remove_all_of(call, item["id"])
    lookups.remove_references(call, item["id"])
    return Answer(204)
