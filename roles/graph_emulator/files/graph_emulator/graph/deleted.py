# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Soft delete: /directory/deletedItems, restore, purge. Of groups, those of Microsoft 365 only (page "Delete group").

Deleting a registration also deletes its service principal, and restoring brings it back (Microsoft Entra
documentation, "Delete and recover applications FAQ"). That secrets and assignments come back with it is inferred.
"""

from __future__ import annotations

from typing import Any

from .. import errors
from ..clock import whole_seconds
from . import assignments, grants, listing, lookups
from .call import Answer, Call, Handler
from .members import ENTITY_SETS

Json = dict[str, Any]
_TYPES = {
    "applications": "application",
    "servicePrincipals": "servicePrincipal",
    "groups": "group",
    "administrativeUnits": "administrativeUnit",
}
# Pages "Get deleted item", "Restore deleted item", "Permanently delete an item": the permissions of each type.
_READ = {"groups": "read groups", "administrativeUnits": "read administrative units"}
_RESTORE = {"groups": "delete groups", "administrativeUnits": "change administrative units"}


def delete_application(call: Call, item: Json) -> None:
    principal = call.tenant.service_principal_by("appId", item["appId"])
    del call.directory.applications[item["id"]]
    _bury(call, "applications", item)
    if principal is not None:
        delete_service_principal(call, principal)
        principal["deletedDateTime"] = item["deletedDateTime"]  # how a restore knows that they went together


def delete_service_principal(call: Call, item: Json) -> None:
    del call.directory.service_principals[item["id"]]
    _bury(call, "servicePrincipals", item)


def delete_container(call: Call, kind: str, item: Json) -> None:
    """A group or administrative unit, whose memberships come back with it (that they do is inferred for units)."""
    del lookups.entity_set(call, kind)[item["id"]]
    call.directory.members.set_aside(item["id"])
    _bury(call, kind, item)


def _bury(call: Call, kind: str, item: Json) -> None:
    item["deletedDateTime"] = whole_seconds(call.tenant.clock.now())
    call.directory.deleted[item["id"]] = (kind, item)


def list_for(kind: str) -> Handler:
    def list_deleted(call: Call) -> Answer:
        items = call.directory.deleted.where("kind", kind)
        return listing.page(call, items, type_name=_TYPES[kind], fragment=ENTITY_SETS[_TYPES[kind]])

    return list_deleted


def list_untyped(call: Call) -> Answer:
    """The page "List deletedItems" wants the type in the path; the wording of the refusal is inferred."""
    raise errors.bad_request("The OData cast segment of the deleted item type is required in the URL.")


def _find(call: Call) -> tuple[str, Json]:
    found: tuple[str, Json] | None = call.directory.deleted.get(call.key.value.lower())
    if found is None:
        raise errors.not_found(call.key.value)
    return found


def _answer(call: Call, kind: str, item: Json) -> Answer:
    typed = {"@odata.type": f"#microsoft.graph.{_TYPES[kind]}", **item}
    return listing.one(call, typed, type_name=_TYPES[kind], fragment="directoryObjects")


def get(call: Call) -> Answer:
    kind, item = _find(call)
    call.right = _READ.get(kind, "read applications")
    call.authorize(item["id"])
    return _answer(call, kind, item)


def restore(call: Call) -> Answer:
    kind, item = _find(call)
    call.right = _RESTORE.get(kind, "change applications")
    call.authorize(item["id"])
    if kind in _RESTORE:
        _unbury(call, kind, item)
        call.directory.members.bring_back(
            item["id"], alive=lambda object_id: lookups.directory_object(call, object_id) is not None
        )
    else:
        _restore_application(call, kind, item)
    return _answer(call, kind, item)


def _restore_application(call: Call, kind: str, item: Json) -> None:
    """Or a service principal."""
    if kind == "servicePrincipals" and call.tenant.application_by("appId", item["appId"]) is None:
        raise errors.no_backing_application(item["appId"])
    if kind == "servicePrincipals" and call.tenant.service_principal_by("appId", item["appId"]) is not None:
        raise errors.service_principal_exists(item["appId"])
    together = [other for other in _principals_of(call, item) if other["deletedDateTime"] == item["deletedDateTime"]]
    _unbury(call, kind, item)
    if kind == "applications" and call.tenant.service_principal_by("appId", item["appId"]) is None:
        for other in together[:1]:
            _unbury(call, "servicePrincipals", other)


def _principals_of(call: Call, application: Json) -> list[Json]:
    gone = call.directory.deleted
    return [item for item in gone.where("appId", application["appId"]) if gone[item["id"]][0] == "servicePrincipals"]


def _unbury(call: Call, kind: str, item: Json) -> None:
    del call.directory.deleted[item["id"]]
    item["deletedDateTime"] = None
    lookups.entity_set(call, kind)[item["id"]] = item


def purge(call: Call) -> Answer:
    kind, item = _find(call)
    if kind == "administrativeUnits":
        # "Administrative units cannot be permanently deleted by using the deletedItems API"; the wording is inferred.
        raise errors.bad_request("Administrative units cannot be permanently deleted.")
    call.right = "purge groups" if kind == "groups" else "purge applications"
    call.authorize(item["id"])
    _clear(call, item)
    if kind == "applications":
        for other in _principals_of(call, item):
            _clear(call, other)
    return Answer(204)


def _clear(call: Call, item: Json) -> None:
    del call.directory.deleted[item["id"]]
    lookups.remove_references(call, item["id"])
    call.directory.federated_credentials.pop(item["id"], None)
    for credential in item.get("passwordCredentials", ()):
        call.directory.secrets.pop(credential["keyId"], None)
    for credential in item.get("keyCredentials", ()):
        call.directory.certificates.pop(credential["keyId"], None)
    assignments.remove_all_of(call, item["id"])
    grants.remove_all_of(call, item["id"])
