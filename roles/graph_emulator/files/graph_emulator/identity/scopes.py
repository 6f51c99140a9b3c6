# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Delegated permissions: reading the scope parameter, what is consented, and consent by the user who signs in.

Pages "Scopes and permissions in the Microsoft identity platform" and "Overview of user and admin consent".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import catalogue
from ..directory import directory_roles, shapes
from ..directory.identifiers import grant_id
from ..directory.tenant import Tenant
from .aadsts import TokenRefused, no_such_resource
from .clients import is_microsofts

Json = dict[str, Any]
OPENID_SCOPES = ("openid", "profile", "email", "offline_access")
# By client and resource: what Azure CLI's tokens carry without any consent of the tenant (public write-ups of them).
PREAUTHORIZED = {
    (catalogue.AZURE_CLI_APP_ID, catalogue.MICROSOFT_GRAPH_APP_ID): frozenset(
        {
            "Application.ReadWrite.All",
            "AppRoleAssignment.ReadWrite.All",
            "AuditLog.Read.All",
            "DelegatedPermissionGrant.ReadWrite.All",
            "Directory.AccessAsUser.All",
            "Group.ReadWrite.All",
            "User.Read.All",
            "User.ReadWrite.All",
            "email",
            "openid",
            "profile",
        }
    ),
    (catalogue.AZURE_CLI_APP_ID, catalogue.KEY_VAULT_APP_ID): frozenset({"user_impersonation"}),
    (catalogue.AZURE_CLI_APP_ID, catalogue.RESOURCE_MANAGER_APP_ID): frozenset({"user_impersonation"}),
}
# Delegated permissions: all four may consent (grant-admin-consent page of the Microsoft Entra documentation).
_CONSENTING = frozenset(
    {
        directory_roles.GLOBAL_ADMINISTRATOR,
        directory_roles.PRIVILEGED_ROLE_ADMINISTRATOR,
        directory_roles.APPLICATION_ADMINISTRATOR,
        directory_roles.CLOUD_APPLICATION_ADMINISTRATOR,
    }
)


@dataclass(frozen=True)
class Asked:
    """`names` are scopes of the resource, `prefix` is how the client named it; all of them with `default`."""

    resource: Json
    prefix: str
    names: frozenset[str]
    openid: frozenset[str]
    default: bool

    @property
    def audience(self) -> str:
        return self.prefix or catalogue.MICROSOFT_GRAPH_APP_ID


def asked(tenant: Tenant, scope: str, *, base: str) -> Asked:
    openid, names, prefixes, default = set(), set(), set(), False
    for part in scope.split():
        prefix, slash, name = part.rpartition("/")
        if part in OPENID_SCOPES:
            openid.add(part)
            continue
        prefixes.add(prefix if slash else "")
        if name == ".default":
            default = True
        else:
            names.add(name)
    if len(prefixes) > 1:
        # The number and text are in the list of AADSTS codes; the error name is inferred.
        raise TokenRefused(
            28000,
            "invalid_scope",
            "Provided value for the input parameter scope is not valid because it contains more than one resource. "
            f"Scope {scope} is not valid.",
        )
    if default and names:
        raise TokenRefused(
            70011,
            "invalid_scope",
            f"The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid. "
            ".default scope can't be combined with resource-specific scopes.",
        )
    prefix = next(iter(prefixes), "")
    return Asked(resource_named(tenant, prefix, base=base), prefix, frozenset(names), frozenset(openid), default)


def resource_named(tenant: Tenant, name: str, *, base: str) -> Json:
    """The emulator's own address stands for Microsoft Graph, as graph.microsoft.us does in its cloud; so does none."""
    if name.rstrip("/") in ("", base):
        resource = tenant.service_principal_by("appId", catalogue.MICROSOFT_GRAPH_APP_ID)
    else:
        resource = tenant.service_principal_named(name)
    if resource is None:
        raise no_such_resource(name, tenant.tenant_id)
    return resource


def consented(tenant: Tenant, *, client: Json, resource: Json, user_id: str) -> frozenset[str]:
    preauthorized = PREAUTHORIZED.get((client["appId"], resource["appId"]))
    if preauthorized is not None:
        return preauthorized
    found: set[str] = set()
    for grant in tenant.directory.grants.where("clientId", client["id"]):
        if grant["resourceId"] == resource["id"] and (
            grant["consentType"] == "AllPrincipals" or grant["principalId"] == user_id
        ):
            found.update((grant["scope"] or "").split())
    return frozenset(found)


def granted(tenant: Tenant, wanted: Asked, *, client: Json, user_id: str) -> list[str]:
    """The scopes that a token gets; too little consent is a refusal."""
    have = consented(tenant, client=client, resource=wanted.resource, user_id=user_id)
    names = have - frozenset(OPENID_SCOPES) if wanted.default else wanted.names
    if not names <= have or (wanted.default and not names):
        raise TokenRefused(
            65001,
            "invalid_grant",
            f"The user or administrator has not consented to use the application with ID '{client['appId']}' named "
            f"'{client['displayName']}'. Send an interactive authorization request for this user and resource.",
            suberror="consent_required",
        )
    return sorted(names)


def consent(tenant: Tenant, wanted: Asked, *, client: Json, user_id: str) -> None:
    """What happens when a user approves: missing consent is given as far as this user may give it."""
    names = _static(tenant, wanted, client) if wanted.default else wanted.names
    lacking = names - consented(tenant, client=client, resource=wanted.resource, user_id=user_id)
    types = {entry["value"]: entry["type"] for entry in wanted.resource["oauth2PermissionScopes"]}
    for name in sorted(lacking - types.keys()):
        raise TokenRefused(
            650053,
            "invalid_client",
            f"The application '{client['displayName']}' asked for scope '{name}' that doesn't exist on the resource "
            f"'{wanted.resource['appId']}'. Contact the app vendor.",
        )
    if not lacking:
        return
    if is_microsofts(tenant, client):
        raise TokenRefused(
            65002,
            "invalid_client",
            f"Consent between first party application '{client['appId']}' and first party resource "
            f"'{wanted.resource['appId']}' must be configured via preauthorization - applications owned and operated "
            "by Microsoft must get approval from the API owner before requesting tokens for that API.",
        )
    admin = bool(tenant.directory.user_roles.get(user_id, frozenset()) & _CONSENTING)
    if not admin and any(types[name] != "User" for name in lacking):
        # The number is documented (AdminConsentRequired); the wording is inferred.
        raise TokenRefused(
            90094,
            "access_denied",
            f"An administrator of {tenant.directory.organization['displayName']} must grant '{client['displayName']}' "
            f"the permissions it asks for: {' '.join(sorted(lacking))}.",
        )
    _record(tenant, lacking, client=client, resource=wanted.resource, user_id=user_id)


def _static(tenant: Tenant, wanted: Asked, client: Json) -> frozenset[str]:
    """`.default` asks for what the registration lists as delegated permissions of the resource."""
    application = tenant.application_by("appId", client["appId"])
    values = {entry["id"]: entry["value"] for entry in wanted.resource["oauth2PermissionScopes"]}
    listed = application["requiredResourceAccess"] if application else []
    return frozenset(
        values[access["id"]]
        for entry in listed
        if entry["resourceAppId"] == wanted.resource["appId"]
        for access in entry["resourceAccess"]
        if access["type"] == "Scope" and access["id"] in values
    )


def _record(tenant: Tenant, names: frozenset[str], *, client: Json, resource: Json, user_id: str) -> None:
    """A user's consent is a grant of consentType Principal (resource page oAuth2PermissionGrant)."""
    key = grant_id(client["id"], resource["id"], user_id)
    held = tenant.directory.grants.get(key)
    scope = " ".join(sorted({*((held["scope"] or "").split() if held else ()), *names}))
    tenant.directory.grants[key] = shapes.permission_grant(
        grant_id=key,
        body={
            "clientId": client["id"],
            "consentType": "Principal",
            "principalId": user_id,
            "resourceId": resource["id"],
            "scope": scope,
        },
    )
