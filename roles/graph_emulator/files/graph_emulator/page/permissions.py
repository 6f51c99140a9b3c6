# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Permissions by name: what an application declares, and what was consented to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..directory.tenant import Tenant

Json = dict[str, Any]
GRANTED, MISSING, UNDECLARED = "granted", "missing", "undeclared"
_WORDS = {GRANTED: "Granted", MISSING: "Not granted", UNDECLARED: "Granted, not declared"}


@dataclass(frozen=True)
class Permission:
    name: str
    kind: str
    state: str

    @property
    def words(self) -> str:
        return _WORDS[self.state]


@dataclass(frozen=True)
class Resource:
    """An API with the permissions that one application declares on it or holds."""

    name: str
    permissions: list[Permission]


@dataclass
class _Names:
    """Names of one resource's permissions, looked up once a page and not once a row."""

    resource: str
    roles: dict[str, str] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)


class Permissions:
    """Made for one page; remembers the resources that it met."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._names: dict[str, _Names] = {}

    def of(self, application: Json, principal: Json | None) -> list[Resource]:
        declared: dict[str, set[tuple[str, str]]] = {}
        for entry in application["requiredResourceAccess"]:
            names = self._of_resource(entry["resourceAppId"])
            wanted = declared.setdefault(entry["resourceAppId"].lower(), set())
            for access in entry["resourceAccess"] or []:
                known = names.roles if access["type"] == "Role" else names.scopes
                wanted.add((_kind(access["type"]), known.get(access["id"].lower(), access["id"])))
        assigned = self._assigned(principal) if principal is not None else {}
        found = []
        for app_id in {**declared, **assigned}:
            wanted, have = declared.get(app_id, set()), assigned.get(app_id, set())
            permissions = [
                Permission(name=name, kind=kind, state=_state((kind, name), wanted, have))
                for kind, name in sorted(wanted | have, key=lambda pair: (pair[0], pair[1].casefold()))
            ]
            found.append(Resource(self._of_resource(app_id).resource, permissions))
        return sorted(found, key=lambda resource: resource.name.casefold())

    def _assigned(self, principal: Json) -> dict[str, set[tuple[str, str]]]:
        """What was consented to: app role assignments, and grants for all users."""
        directory = self._tenant.directory
        assigned: dict[str, set[tuple[str, str]]] = {}
        for assignment in directory.assignments.where("principalId", principal["id"]):
            resource = directory.service_principals.get(assignment["resourceId"])
            if resource is not None:
                roles = self._of_resource(resource["appId"]).roles
                role = roles.get(assignment["appRoleId"], "(access without a role)")
                assigned.setdefault(resource["appId"], set()).add((_kind("Role"), role))
        for grant in directory.grants.where("clientId", principal["id"]):
            resource = directory.service_principals.get(grant["resourceId"])
            if resource is not None and grant["consentType"] == "AllPrincipals":
                scopes = assigned.setdefault(resource["appId"], set())
                scopes.update((_kind("Scope"), scope) for scope in (grant["scope"] or "").split())
        return assigned

    def _of_resource(self, app_id: str) -> _Names:
        app_id = app_id.lower()
        if app_id not in self._names:
            resource = self._tenant.service_principal_by("appId", app_id)
            names = _Names(resource["displayName"] or app_id) if resource else _Names(f"Unknown API {app_id}")
            if resource is not None:
                names.roles = {role["id"]: role["value"] or role["displayName"] for role in resource["appRoles"]}
                names.scopes = {scope["id"]: scope["value"] for scope in resource["oauth2PermissionScopes"]}
            self._names[app_id] = names
        return self._names[app_id]


def _kind(access_type: str) -> str:
    return "Application" if access_type == "Role" else "Delegated"


def _state(permission: tuple[str, str], wanted: set[tuple[str, str]], have: set[tuple[str, str]]) -> str:
    if permission not in wanted:
        return UNDECLARED
    return GRANTED if permission in have else MISSING
