# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that other tools send to Microsoft Graph, in their own spelling, with the source file of each.

Placeholders stand for the objects that test_foreign_requests.py plants. Paths are those of v1.0.
"""

from __future__ import annotations

from . import foreign_terraform
from .foreign import ASSIGNMENT, GRANT, OBJECTS, ROLE, Foreign, typed

AZCOLLECTION = "ansible-collections/azure plugins/modules/azure_rm_"
M365 = "pnp/cli-microsoft365 src/"
AZURE_CLI = "Azure/azure-cli src/azure-cli/azure/cli/command_modules/role/"
SCRIPTS = "scripts with Microsoft.Graph for PowerShell: "

# As msgraph-sdk writes what azure_rm_adapplication.py builds.
_AZCOLLECTION_APPLICATION = typed(
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
_NO_METADATA = {
    "Accept": "application/json;odata.metadata=none",
    "Content-Type": "application/json;odata=nometadata",
}

REQUESTS: tuple[Foreign, ...] = (
    *foreign_terraform.REQUESTS,
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
        typed("servicePrincipal", accountEnabled=True, appId="{bare_app_id}"),
        201,
    ),
    Foreign(
        AZCOLLECTION + "adserviceprincipal.py",
        "PATCH",
        "/servicePrincipals/{principal}",
        typed("servicePrincipal", appRoleAssignmentRequired=True),
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
        ASSIGNMENT,
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
        {"appRoles": [ROLE]},
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
        {**GRANT, "clientId": "{operator}", "consentType": "AllPrincipals", "principalId": None},
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
