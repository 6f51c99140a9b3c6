# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that other tools send to Microsoft Graph, in their own spelling, with the file that they were read in.

Placeholders stand for the objects that test_foreign_requests.py plants. Paths are those of v1.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

AZCOLLECTION = "ansible-collections/azure plugins/modules/azure_rm_"
TERRAFORM = "hashicorp/terraform-provider-azuread internal/services/"
HAMILTON = "manicminer/hamilton msgraph/"
M365 = "pnp/cli-microsoft365 src/"
AZURE_CLI = "Azure/azure-cli src/azure-cli/azure/cli/command_modules/role/"
SCRIPTS = "scripts with Microsoft.Graph for PowerShell: "
OBJECTS = "https://graph.microsoft.com/v1.0/directoryObjects/"


@dataclass(frozen=True)
class Foreign:
    """`found` names what a list must hold: the ids of these objects, and no others of those planted."""

    source: str
    method: str
    path: str
    body: Json | None = None
    status: int = 200
    found: tuple[str, ...] | None = None
    headers: dict[str, str] = field(default_factory=dict)


def _typed(name: str, /, **members: Any) -> Json:
    return {"@odata.type": f"#microsoft.graph.{name}", **members}


_ROLE = {
    "allowedMemberTypes": ["User", "Application"],
    "description": "d",
    "displayName": "Reader",
    "id": "7d8e1a05-1f24-4d2c-a4d7-2f1d60b9a2b7",
    "value": "read",
}
_SCOPE = {
    "adminConsentDescription": "d",
    "adminConsentDisplayName": "n",
    "id": "0b8e1a05-1f24-4d2c-a4d7-2f1d60b9a2b7",
    "isEnabled": True,
    "type": "User",
    "userConsentDescription": "",
    "userConsentDisplayName": "",
    "value": "access",
}
_IMPLICIT = {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False}
# application_resource.go, with a block "password"
_TERRAFORM_APPLICATION = _typed(
    "application",
    api={
        "acceptMappedClaims": False,
        "knownClientApplications": [],
        "oauth2PermissionScopes": [],
        "requestedAccessTokenVersion": 1,
    },
    appRoles=[{**_ROLE, "isEnabled": True}],
    description=None,
    displayName="terraform",
    groupMembershipClaims=None,
    identifierUris=[],
    info={"marketingUrl": None, "privacyStatementUrl": None, "supportUrl": None, "termsOfServiceUrl": None},
    isDeviceOnlyAuthSupported=False,
    isFallbackPublicClient=False,
    notes=None,
    optionalClaims={},
    passwordCredentials=[{"displayName": "rbac", "endDateTime": "2100-01-01T02:00:00+02:00"}],
    publicClient={"redirectUris": []},
    requiredResourceAccess=[],
    serviceManagementReference=None,
    signInAudience="AzureADMyOrg",
    spa={"redirectUris": []},
    tags=["WindowsAzureActiveDirectoryIntegratedApp"],
    web={"homePageUrl": None, "implicitGrantSettings": _IMPLICIT, "logoutUrl": None, "redirectUris": []},
) | {"owners@odata.bind": [f"{OBJECTS}{{operator}}", f"{OBJECTS}{{user}}"]}
_TERRAFORM_PRINCIPAL = _typed(
    "servicePrincipal",
    accountEnabled=True,
    alternativeNames=[],
    appId="{bare_app_id}",
    appRoleAssignmentRequired=False,
    description="TERRAFORM_UPDATE_7d8e1a05-1f24-4d2c-a4d7-2f1d60b9a2b7",
    loginUrl=None,
    notes=None,
    notificationEmailAddresses=[],
    preferredSingleSignOnMode=None,
    samlSingleSignOnSettings={"relayState": None},
    tags=["WindowsAzureActiveDirectoryIntegratedApp"],
) | {"owners@odata.bind": [f"{OBJECTS}{{operator}}"]}
# As msgraph-sdk writes what azure_rm_adapplication.py builds.
_AZCOLLECTION_APPLICATION = _typed(
    "application",
    displayName="azcollection",
    identifierUris=["api://azcollection"],
    publicClient={"redirectUris": []},
    requiredResourceAccess=[
        {
            "resourceAppId": "00000003-0000-0000-c000-000000000000",
            "resourceAccess": [{"id": "{role}", "type": "Role"}],
        }
    ],
    signInAudience="AzureADMyOrg",
    spa={"redirectUris": ["https://localhost/spa"]},
    web={"implicitGrantSettings": {"enableAccessTokenIssuance": True}, "redirectUris": ["https://localhost/web"]},
)
_ASSIGNMENT = {"appRoleId": "{role}", "principalId": "{principal}", "resourceId": "{graph}"}
_GRANT = {"clientId": "{principal}", "resourceId": "{graph}", "scope": "User.Read"}
_FEDERATED = {
    "audiences": ["api://AzureADTokenExchange"],
    "description": "",
    "issuer": "https://token.actions.githubusercontent.com",
    "name": "second",
    "subject": "repo:octo/repo:ref:refs/heads/main",
}
_NO_METADATA = {
    "Accept": "application/json;odata.metadata=none",
    "Content-Type": "application/json;odata=nometadata",
}

REQUESTS: tuple[Foreign, ...] = (
    # azure.azcollection
    Foreign(
        AZCOLLECTION + "adapplication.py", "GET", "/applications?$filter= appId eq '{app_id}'", found=("application",)
    ),
    Foreign(AZCOLLECTION + "adapplication.py", "POST", "/applications", _AZCOLLECTION_APPLICATION, 201),
    Foreign(
        AZCOLLECTION + "adapplication.py",
        "PATCH",
        "/applications/{application}",
        {**_AZCOLLECTION_APPLICATION, "displayName": "changed"},
        204,
    ),
    Foreign(
        AZCOLLECTION + "adapplication_info.py",
        "GET",
        "/applications?$filter=identifierUris/any(s:s eq 'api://planted') and appId eq '{app_id}'",
        found=("application",),
    ),
    Foreign(
        AZCOLLECTION + "adserviceprincipal.py",
        "GET",
        "/servicePrincipals?$filter=servicePrincipalNames/any(c:c eq '{app_id}')",
        found=("principal",),
    ),
    Foreign(
        AZCOLLECTION + "adserviceprincipal.py",
        "POST",
        "/servicePrincipals",
        _typed("servicePrincipal", accountEnabled=True, appId="{bare_app_id}"),
        201,
    ),
    Foreign(
        AZCOLLECTION + "adserviceprincipal.py",
        "PATCH",
        "/servicePrincipals/{principal}",
        _typed("servicePrincipal", appRoleAssignmentRequired=True),
        204,
    ),
    Foreign(
        AZCOLLECTION + "adpassword.py",
        "POST",
        "/applications/{application}/addPassword",
        {
            "passwordCredential": {
                "displayName": "x",
                "endDateTime": "2101-01-01T02:03:04.567891+00:00",
                "startDateTime": "2100-01-01T02:03:04.567891+00:00",
            }
        },
    ),
    Foreign(
        AZCOLLECTION + "adpassword.py", "POST", "/applications/{application}/removePassword", {"keyId": "{key}"}, 204
    ),
    Foreign(
        AZCOLLECTION + "adgroup.py",
        "GET",
        "/groups?$count=true&$filter=displayName eq 'Accounting' and mailNickname eq 'accounting'",
        found=("group",),
    ),
    Foreign(
        AZCOLLECTION + "adgroup.py",
        "POST",
        "/groups/{group}/members/$ref",
        {"@odata.id": OBJECTS + "{other_user}"},
        204,
    ),
    Foreign(
        AZCOLLECTION + "adgroup.py",
        "POST",
        "/groups/{group}/owners/$ref",
        {"@odata.id": "https://graph.microsoft.com/v1.0/users/{user}"},
        204,
    ),
    Foreign(
        AZCOLLECTION + "adgroup_info.py",
        "GET",
        "/groups/{group}/transitiveMembers?$count=true&$filter=id eq '{user}' ",
        found=("user",),
    ),
    Foreign(
        AZCOLLECTION + "aduser_info.py",
        "GET",
        "/users?$count=true&$select=accountEnabled,displayName,mail,mailNickname,id,userPrincipalName,userType"
        "&$filter=mailNickname eq 'megan'",
        found=("user",),
        headers={"ConsistencyLevel": "eventual"},
    ),
    # Terraform's azuread
    Foreign(TERRAFORM + "applications/application_resource.go", "POST", "/applications", _TERRAFORM_APPLICATION, 201),
    Foreign(
        TERRAFORM + "applications/application_app_role_resource.go",
        "PATCH",
        "/applications/{application}",
        _typed("application", id="{application}", appRoles=[{**_ROLE, "isEnabled": True, "origin": "Application"}]),
        204,
    ),
    Foreign(
        TERRAFORM + "applications/application_permission_scope_resource.go",
        "PATCH",
        "/applications/{application}",
        _typed("application", api={"oauth2PermissionScopes": [_SCOPE]}),
        204,
    ),
    Foreign(
        TERRAFORM + "applications/application_pre_authorized_resource.go",
        "PATCH",
        "/applications/{application}",
        _typed(
            "application",
            api={
                "preAuthorizedApplications": [
                    {"appId": "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "delegatedPermissionIds": [_SCOPE["id"]]}
                ]
            },
        ),
        204,
    ),
    Foreign(
        TERRAFORM + "applications/application_registration_resource.go",
        "PATCH",
        "/applications/{application}",
        _typed("application", web={"homePageUrl": None}, notes=None, groupMembershipClaims="SecurityGroup"),
        204,
    ),
    Foreign(
        TERRAFORM + "applications/application_certificate_resource.go",
        "PATCH",
        "/applications/{application}",
        _typed(
            "application",
            keyCredentials=[
                {
                    "key": "{pem}",
                    "keyId": "3d8e1a05-1f24-4d2c-a4d7-2f1d60b9a2b7",
                    "type": "AsymmetricX509Cert",
                    "usage": "Verify",
                }
            ],
        ),
        204,
    ),
    Foreign(
        TERRAFORM + "applications/application_owner_resource.go",
        "GET",
        "/applications/{application}/owners?$filter=id eq '{operator}'",
        found=("operator",),
    ),
    Foreign(
        TERRAFORM + "applications/application_owner_resource.go",
        "POST",
        "/applications/{application}/owners/$ref",
        {"@odata.id": OBJECTS + "{user}"},
        204,
    ),
    Foreign(
        TERRAFORM + "applications/application_federated_identity_credential_resource.go",
        "POST",
        "/applications/{application}/federatedIdentityCredentials",
        _typed("federatedIdentityCredential", **_FEDERATED),
        201,
    ),
    Foreign(
        TERRAFORM + "applications/application_federated_identity_credential_resource.go",
        "PATCH",
        "/applications/{application}/federatedIdentityCredentials/{federated}",
        _typed("federatedIdentityCredential", **{**_FEDERATED, "id": "{federated}", "name": "first"}),
        204,
    ),
    Foreign(
        TERRAFORM + "serviceprincipals/service_principal_resource.go",
        "POST",
        "/servicePrincipals",
        _TERRAFORM_PRINCIPAL,
        201,
    ),
    Foreign(
        TERRAFORM + "serviceprincipals/service_principal_resource.go",
        "PATCH",
        "/servicePrincipals/{principal}",
        _typed("servicePrincipal", description=None),
        204,
    ),
    Foreign(
        TERRAFORM + "serviceprincipals/service_principal_delegated_permission_grant_resource.go",
        "POST",
        "/oauth2PermissionGrants",
        _typed("oAuth2PermissionGrant", **_GRANT, consentType="Principal", principalId="{user}"),
        201,
    ),
    Foreign(
        TERRAFORM + "serviceprincipals/service_principal_delegated_permission_grant_resource.go",
        "PATCH",
        "/oauth2PermissionGrants/{grant}",
        _typed("oAuth2PermissionGrant", scope="User.Read Mail.Read"),
        204,
    ),
    Foreign(
        TERRAFORM + "approleassignments/app_role_assignment_resource.go",
        "POST",
        "/servicePrincipals/{graph}/appRoleAssignedTo",
        _typed("appRoleAssignment", **_ASSIGNMENT),
        201,
    ),
    Foreign(
        TERRAFORM + "approleassignments/app_role_assignment_resource.go",
        "POST",
        "/servicePrincipals/{principal}/appRoleAssignedTo",
        _typed("appRoleAssignment", appRoleId="{own_role}", principalId="{user}", resourceId="{principal}"),
        201,
    ),
    Foreign(
        TERRAFORM + "approleassignments/app_role_assignment_resource.go",
        "POST",
        "/servicePrincipals/{principal}/appRoleAssignedTo",
        _typed("appRoleAssignment", appRoleId="{own_role}", principalId="{group}", resourceId="{principal}"),
        201,
    ),
    Foreign(
        TERRAFORM + "approleassignments/app_role_assignment_resource.go",
        "GET",
        "/servicePrincipals/{principal}/appRoleAssignedTo/{assignment}",
    ),
    Foreign(TERRAFORM + "groups/groups.go", "GET", "/groups/{group}/members?$filter=id eq '{user}'", found=("user",)),
    Foreign(
        TERRAFORM + "administrativeunits/administrativeunits.go",
        "GET",
        "/directory/administrativeUnits/{unit}/members?$filter=id eq '{group}'",
        found=("group",),
    ),
    Foreign(
        TERRAFORM + "administrativeunits/administrativeunits.go",
        "GET",
        "/directory/administrativeUnits?$filter=displayName eq 'Branch Office'",
        found=("unit",),
    ),
    # The client of azuread before version 3
    Foreign(
        HAMILTON + "applications.go",
        "PATCH",
        "/applications/{application}",
        {"id": "{application}", "isFallbackPublicClient": None},
        204,
    ),
    Foreign(HAMILTON + "applications.go", "GET", "/applications/{application}/owners?$select=id", found=("operator",)),
    Foreign(HAMILTON + "applications.go", "GET", "/applications/{application}/owners/{operator}/$ref?$select=id,url"),
    Foreign(HAMILTON + "applications.go", "GET", "/directory/deleteditems/microsoft.graph.application"),
    Foreign(
        HAMILTON + "serviceprincipals.go",
        "GET",
        "/servicePrincipals/{operator}/ownedObjects?$select=id",
        found=("application", "bare", "principal"),
    ),
    Foreign(HAMILTON + "serviceprincipals.go", "GET", "/servicePrincipals/{principal}/transitiveMemberOf", found=()),
    # CLI for Microsoft 365
    Foreign(
        M365 + "m365/entra/commands/approleassignment/approleassignment-add.ts",
        "GET",
        "/servicePrincipals?$filter=(displayName eq '{app_id}' or startswith(displayName,'{app_id}'))"
        " or appId eq '{app_id}' or id eq '{app_id}'",
        found=("principal",),
    ),
    Foreign(
        M365 + "m365/entra/commands/approleassignment/approleassignment-add.ts",
        "POST",
        "/servicePrincipals/{principal}/appRoleAssignments",
        _ASSIGNMENT,
        201,
    ),
    Foreign(
        M365 + "m365/entra/commands/approleassignment/approleassignment-list.ts",
        "GET",
        "/servicePrincipals?$expand=appRoleAssignments&$filter=appId eq '{app_id}'",
        found=("principal",),
    ),
    Foreign(
        M365 + "m365/entra/commands/enterpriseapp/enterpriseapp-add.ts",
        "POST",
        "/servicePrincipals",
        {"appId": "{bare_app_id}"},
        201,
        headers=_NO_METADATA,
    ),
    Foreign(
        M365 + "m365/entra/commands/enterpriseapp/enterpriseapp-list.ts",
        "GET",
        "/servicePrincipals?$filter=(tags/any(t:t eq 'planted')) and (displayName eq 'planted')",
        found=("principal",),
    ),
    Foreign(
        M365 + "m365/entra/commands/app/app-permission-add.ts",
        "GET",
        "/servicePrincipals?$select=appId,appRoles,id,oauth2PermissionScopes,servicePrincipalNames",
        found=("principal", "graph", "operator"),
    ),
    Foreign(
        M365 + "m365/entra/commands/app/app-permission-remove.ts",
        "GET",
        "/servicePrincipals/{principal}/oAuth2PermissionGrants?$select=id,resourceId,scope",
        found=("grant",),
    ),
    Foreign(
        M365 + "m365/entra/commands/app/app-role-add.ts",
        "PATCH",
        "/applications/{application}",
        {"appRoles": [_ROLE]},
        204,
    ),
    Foreign(M365 + "m365/entra/commands/app/app-set.ts", "GET", "/applications/{application}?$select=keyCredentials"),
    Foreign(
        M365 + "m365/entra/commands/app/app-set.ts",
        "PATCH",
        "/applications/{application}",
        {"keyCredentials": [{"key": "{pem}", "type": "AsymmetricX509Cert", "usage": "Verify"}]},
        204,
        headers={"Content-Type": "application/json;odata.metadata=none"},
    ),
    Foreign(
        M365 + "m365/entra/commands/oauth2grant/oauth2grant-add.ts",
        "POST",
        "/oauth2PermissionGrants",
        {**_GRANT, "clientId": "{operator}", "consentType": "AllPrincipals", "principalId": None},
        201,
    ),
    Foreign(
        M365 + "m365/entra/commands/oauth2grant/oauth2grant-list.ts",
        "GET",
        "/oauth2PermissionGrants?$filter=clientId eq '{principal}'",
        found=("grant",),
    ),
    Foreign(
        M365 + "utils/entraApp.ts",
        "POST",
        "/applications",
        {
            "displayName": "m365",
            "signInAudience": "AzureADMyOrg",
            "publicClient": {"redirectUris": ["msauth.com.example.app://auth"]},
            "keyCredentials": [{"type": "AsymmetricX509Cert", "usage": "Verify", "key": "{pem}"}],
            "isFallbackPublicClient": True,
        },
        201,
        headers=_NO_METADATA,
    ),
    # azure-cli
    Foreign(
        AZURE_CLI + "custom.py", "POST", "/servicePrincipals", {"appId": "{bare_app_id}", "accountEnabled": True}, 201
    ),
    Foreign(
        AZURE_CLI + "custom.py",
        "POST",
        "/directoryObjects/getByIds",
        {
            "ids": ["{user}", "{group}"],
            "types": ["user", "group", "servicePrincipal", "directoryObjectPartnerReference"],
        },
        found=("user", "group"),
    ),
    Foreign(
        AZURE_CLI + "_msgrpah/_graph_client.py",
        "POST",
        "/directoryObjects/{user}/checkMemberGroups",
        {"groupIds": ["{group}"]},
        found=("group",),
    ),
    Foreign(
        AZURE_CLI + "_msgrpah/_graph_client.py",
        "POST",
        "/groups/{group}/getMemberGroups",
        {"securityEnabledOnly": False},
    ),
    Foreign(AZURE_CLI + "_msgrpah/_graph_client.py", "GET", "/users('{upn}')"),
    Foreign(AZURE_CLI + "_msgrpah/_graph_client.py", "DELETE", "/oAuth2PermissionGrants/{grant}", status=204),
    Foreign(
        AZURE_CLI + "custom.py",
        "GET",
        "/servicePrincipals?$filter=servicePrincipalNames/any(c:c eq '{app_id}') and startswith(displayName,'plan')",
        found=("principal",),
    ),
    # Microsoft Graph for PowerShell
    Foreign(
        SCRIPTS + "New-MgServicePrincipal -ServicePrincipalType Application -Tags",
        "POST",
        "/servicePrincipals",
        {
            "accountEnabled": True,
            "appId": "{bare_app_id}",
            "servicePrincipalType": "Application",
            "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
        },
        201,
    ),
    Foreign(
        SCRIPTS + "Add-MgApplicationPassword with a date alone",
        "POST",
        "/applications/{application}/addPassword",
        {"passwordCredential": {"displayName": "x", "endDateTime": "2100-12-31"}},
    ),
    Foreign(
        SCRIPTS + "Get-MgApplication -Search -ConsistencyLevel eventual",
        "GET",
        '/applications?$search="displayName:plan"&$count=true&$top=999',
        found=("application",),
        headers={"ConsistencyLevel": "eventual"},
    ),
)
