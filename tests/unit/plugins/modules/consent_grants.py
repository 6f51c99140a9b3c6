# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applications that declare permissions, and the grants of the tenant to them."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from graph_emulator.directory.identifiers import assignment_id, grant_id

MODULE = "azure_admin_consent"
PERMISSIONS = "azure_app_graph_permissions"
GATEWAY: Json = {"unique_name": "gateway"}
MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE_ONLINE = "00000002-0000-0ff1-ce00-000000000000"
ROLES: list[str] = ["Mail.ReadWrite", "User.Read.All"]
SCOPES: list[str] = ["Mail.Send", "offline_access"]
UNKNOWN = "11111111-1111-1111-1111-111111111111"
# The operator's own permissions for granting application and delegated permissions.
GRANTING = ("Application.Read.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All")


def declared(
    tenant: Tenant,
    *,
    roles: t.Sequence[str] = tuple(ROLES),
    scopes: t.Sequence[str] = (),
    resource: str = "microsoft_graph",
) -> Json:
    """An application that declares these permissions, without any grant."""
    made = tenant.ok("azure_app_registration", display_name="Gateway", **GATEWAY)
    tenant.ok(
        PERMISSIONS,
        **GATEWAY,
        resource=resource,
        application_permissions=list(roles),
        delegated_permissions=list(scopes),
        exact=True,
    )
    tenant.clear_requests()
    return made


def granted_app_roles(tenant: Tenant, made: Json, resource: str = MICROSOFT_GRAPH) -> list[str]:
    """The app roles that are granted to the application, as in its tokens."""
    directory = tenant.server.tenant
    return sorted(
        directory.granted_roles(
            made["service_principal_object_id"], tenant.service_principals(resource)[0]["id"], in_tokens=True
        )
    )


def delegated_grants(tenant: Tenant, made: Json) -> list[Json]:
    return [
        grant
        for grant in tenant.server.tenant.directory.grants.values()
        if grant["clientId"] == made["service_principal_object_id"]
    ]


def grant_scopes(tenant: Tenant, made: Json, scope: str, *, user: str | None = None) -> Json:
    """A grant that was made by hand: for the whole tenant, or by one user."""
    client, resource = made["service_principal_object_id"], tenant.service_principals(MICROSOFT_GRAPH)[0]["id"]
    grant: Json = {
        "clientId": client,
        "consentType": "Principal" if user else "AllPrincipals",
        "id": grant_id(client, resource, user),
        "principalId": user,
        "resourceId": resource,
        "scope": scope,
    }
    grants = tenant.server.tenant.directory.grants
    grants[grant["id"]] = grant
    # The object in the tenant: changes by a test take effect.
    in_tenant: Json = grants[grant["id"]]
    return in_tenant


def assign(tenant: Tenant, made: Json, role_id: str) -> Json:
    """An app role assignment on Microsoft Graph that was made by hand."""
    (graph,) = tenant.service_principals(MICROSOFT_GRAPH)
    assignment: Json = {
        "id": assignment_id(made["service_principal_object_id"]),
        "appRoleId": role_id,
        "principalId": made["service_principal_object_id"],
        "resourceId": graph["id"],
    }
    directory = tenant.server.tenant.directory
    directory.assignments[assignment["id"]] = assignment
    directory.assigned_at[assignment["id"]] = 0.0
    in_tenant: Json = directory.assignments[assignment["id"]]
    return in_tenant


def names(permissions: list[Json]) -> list[str]:
    return [permission["name"] for permission in permissions]
