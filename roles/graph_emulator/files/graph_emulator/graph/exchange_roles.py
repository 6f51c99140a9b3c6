# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/beta/roleManagement/exchange: roles, their assignments, and custom scopes (RBAC for Applications).

Reference pages of beta: "List roleDefinitions", "List unifiedRoleAssignment", "Create unifiedRoleAssignment" (example
5), "Delete unifiedRoleAssignment", "Create customAppScope", "Update customAppScope", resource page customAppScope.
It follows documentation only: there is no recording of this provider. Inferred are that Exchange needs no
New-ServicePrincipal before, that the same assignment may be made twice, and every refusal's code and words.
"""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from .. import errors
from ..mail import recipient_filter
from ..mail.exchange import APPLICATION_ROLES, RoleAssignment
from ..odata.bodies import check_properties
from . import listing
from .call import Answer, Call

Json = dict[str, Any]
_ROLES, _ASSIGNMENTS, _SCOPES = "unifiedRoleDefinition", "unifiedRoleAssignment", "customAppScope"
_SET = "roleManagement/exchange"
# Some of the roles that are not for applications, so that a list holds both kinds.
_OTHER_ROLES = ("Address Lists", "Mail Recipients", "Organization Client Access")
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
ROLE_IDS = {name: str(uuid.uuid5(_NAMESPACE, f"exchange role {name}")) for name in (*_OTHER_ROLES, *APPLICATION_ROLES)}
_ROLE_NAMES = {role_id: name for name, role_id in ROLE_IDS.items()}
_SCOPE_TABLES = {"users": "users", "groups": "groups", "administrativeunits": "administrative_units"}


def _role(name: str) -> Json:
    return {
        "id": ROLE_IDS[name],
        "description": f"The role {name}.",
        "displayName": name,
        "isBuiltIn": True,
        "isEnabled": True,
        "templateId": None,
        "version": "0.12 (14.0.451.0)",
    }


def list_roles(call: Call) -> Answer:
    return listing.page(call, map(_role, ROLE_IDS), type_name=_ROLES, fragment=f"{_SET}/roleDefinitions")


def get_role(call: Call) -> Answer:
    name = _ROLE_NAMES.get(call.key.value)
    if name is None:
        raise errors.not_found(call.key.value)
    return listing.one(call, _role(name), type_name=_ROLES, fragment=f"{_SET}/roleDefinitions")


def _assignment(entry: RoleAssignment) -> Json:
    return {
        "id": entry.id,
        "principalId": f"/ServicePrincipals/{entry.principal_id}",
        "roleDefinitionId": ROLE_IDS[entry.role],
        "directoryScopeId": entry.directory_scope,
        "appScopeId": entry.app_scope,
    }


def _shown(call: Call) -> list[Json]:
    return [_assignment(entry) for entry in call.directory.exchange.shown]


def list_assignments(call: Call) -> Answer:
    return listing.page(call, _shown(call), type_name=_ASSIGNMENTS, fragment=f"{_SET}/roleAssignments")


def _found(call: Call) -> Json:
    found = next((item for item in _shown(call) if item["id"] == call.key.value), None)
    if found is None:
        raise errors.not_found(call.key.value)
    return found


def get_assignment(call: Call) -> Answer:
    return listing.one(call, _found(call), type_name=_ASSIGNMENTS, fragment=f"{_SET}/roleAssignments")


def create_assignment(call: Call) -> Answer:
    body = check_properties(call.body(), type_name=_ASSIGNMENTS, resource="UnifiedRoleAssignment")
    for name in ("principalId", "roleDefinitionId"):
        if not body.get(name):
            raise errors.missing_value(name, "UnifiedRoleAssignment")
    role = _ROLE_NAMES.get(body["roleDefinitionId"].lower())
    if role is None or role not in APPLICATION_ROLES:
        raise errors.not_found(body["roleDefinitionId"])
    principal = call.directory.service_principals.get(body["principalId"].rpartition("/")[2].lower())
    if principal is None or not body["principalId"].lower().startswith("/serviceprincipals/"):
        raise errors.not_found(body["principalId"])
    directory_scope, app_scope = _scope(call, body)
    entry = RoleAssignment(
        id=str(uuid.uuid4()),
        role=role,
        principal_id=principal["id"],
        directory_scope=directory_scope,
        app_scope=app_scope,
        made=call.tenant.clock.timestamp(),
    )
    call.directory.exchange.service_principals.setdefault(principal["appId"], principal["id"])
    call.directory.exchange.add(entry)
    return listing.one(call, _assignment(entry), type_name=_ASSIGNMENTS, fragment=f"{_SET}/roleAssignments", status=201)


def _scope(call: Call, body: Json) -> tuple[str | None, str | None]:
    """One of the two: "Either appScopeId or directoryScopeId must be specified"."""
    directory_scope, app_scope = str(body.get("directoryScopeId") or ""), str(body.get("appScopeId") or "")
    if bool(directory_scope) == bool(app_scope):
        raise errors.bad_request("Either appScopeId or directoryScopeId must be specified.")
    if app_scope:
        if app_scope not in call.directory.exchange.custom_scopes:
            raise errors.not_found(app_scope)
        return None, app_scope
    if directory_scope == "/":
        return "/", None
    folder, _slash, object_id = directory_scope.strip("/").partition("/")
    table = _SCOPE_TABLES.get(folder.lower())
    if table is None:
        raise errors.bad_request(f"The directoryScopeId '{directory_scope}' is not supported.")
    held = getattr(call.directory, table).get(object_id.lower())
    if held is None:
        raise errors.not_found(object_id)
    if table == "groups" and not (held["mailEnabled"] and held["securityEnabled"]):
        raise errors.bad_request(f"The group '{object_id}' is not a mail-enabled security group.")
    return f"/{folder}/{object_id.lower()}", None


def delete_assignment(call: Call) -> Answer:
    call.directory.exchange.end(_found(call)["id"], at=call.tenant.clock.timestamp())
    return Answer(204)


def list_scopes(call: Call) -> Answer:
    scopes = list(call.directory.exchange.custom_scopes.values())
    return listing.page(call, scopes, type_name=_SCOPES, fragment=f"{_SET}/customAppScopes")


def _custom(call: Call) -> Json:
    found = call.directory.exchange.custom_scopes.get(call.key.value)
    if found is None:
        raise errors.not_found(call.key.value)
    return found


def get_scope(call: Call) -> Answer:
    return listing.one(call, _custom(call), type_name=_SCOPES, fragment=f"{_SET}/customAppScopes")


def create_scope(call: Call) -> Answer:
    body = check_properties(call.body(), type_name=_SCOPES, resource="CustomAppScope")
    for name in ("type", "displayName", "customAttributes"):
        if not body.get(name):
            raise errors.missing_value(name, "CustomAppScope")
    scopes = call.directory.exchange.custom_scopes
    if any(scope["displayName"].lower() == body["displayName"].lower() for scope in scopes.values()):
        raise errors.bad_request(f"The management scope '{body['displayName']}' already exists.")
    scope = {
        "id": str(uuid.uuid4()),
        "type": body["type"],
        "displayName": body["displayName"],
        "customAttributes": _attributes(body["customAttributes"]),
    }
    scopes[scope["id"]] = scope
    return listing.one(call, scope, type_name=_SCOPES, fragment=f"{_SET}/customAppScopes", status=201)


def update_scope(call: Call) -> Answer:
    scope = _custom(call)
    body = check_properties(call.body(), type_name=_SCOPES, resource="CustomAppScope")
    if "customAttributes" in body:
        scope["customAttributes"] = _attributes({**scope["customAttributes"], **(body["customAttributes"] or {})})
    if body.get("displayName"):
        scope["displayName"] = body["displayName"]
    return Answer(204)


def delete_scope(call: Call) -> Answer:
    scope = _custom(call)
    if any(entry.app_scope == scope["id"] for entry in call.directory.exchange.shown):
        raise errors.bad_request(f"The management scope '{scope['displayName']}' is used by a role assignment.")
    del call.directory.exchange.custom_scopes[scope["id"]]
    return Answer(204)


def _attributes(value: Any) -> Json:
    text = value.get("RecipientFilter") if isinstance(value, dict) else None
    if not isinstance(text, str) or not text:
        raise errors.missing_value("RecipientFilter", "CustomAppScope")
    try:
        recipient_filter.parse(text)
    except recipient_filter.RecipientFilterError as error:
        raise errors.bad_request(f"The recipient filter '{text}' is invalid: {error}.") from error
    return {"Exclusive": bool(value.get("Exclusive", False)), "RecipientFilter": text}


def remove_all_of(call: Call, principal_id: str) -> None:
    """A service principal that was deleted for good has no roles."""
    exchange = call.directory.exchange
    for entry in list(exchange.assignments.values()):
        if entry.principal_id == principal_id:
            exchange.assignments[entry.id] = dataclasses.replace(entry, ended=call.tenant.clock.timestamp())
