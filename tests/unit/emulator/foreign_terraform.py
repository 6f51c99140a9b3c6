# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests of Terraform's azuread provider, and of its client before version 3."""

from __future__ import annotations

from .foreign import ASSIGNMENT, GRANT, OBJECTS, ROLE, Foreign, typed

TERRAFORM = "hashicorp/terraform-provider-azuread internal/services/"
HAMILTON = "manicminer/hamilton msgraph/"

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
_TERRAFORM_APPLICATION = typed(
    "application",
    api={
        "acceptMappedClaims": False,
        "knownClientApplications": [],
        "oauth2PermissionScopes": [],
        "requestedAccessTokenVersion": 1,
    },
    appRoles=[{**ROLE, "isEnabled": True}],
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
_TERRAFORM_PRINCIPAL = typed(
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
_FEDERATED = {
    "audiences": ["api://AzureADTokenExchange"],
    "description": "",
    "issuer": "https://token.actions.githubusercontent.com",
    "name": "second",
    "subject": "repo:octo/repo:ref:refs/heads/main",
}

REQUESTS: tuple[Foreign, ...] = (
    # Terraform's azuread
    Foreign(TERRAFORM + "applications/application_resource.go", "POST", "/applications", _TERRAFORM_APPLICATION, 201),
    Foreign(
        TERRAFORM + "applications/application_app_role_resource.go",
        "PATCH",
        "/applications/{application}",
        typed("application", id="{application}", appRoles=[{**ROLE, "isEnabled": True, "origin": "Application"}]),
        204,
    ),
    Foreign(
        TERRAFORM + "applications/application_permission_scope_resource.go",
        "PATCH",
        "/applications/{application}",
        typed("application", api={"oauth2PermissionScopes": [_SCOPE]}),
        204,
    ),
    Foreign(
        TERRAFORM + "applications/application_pre_authorized_resource.go",
        "PATCH",
        "/applications/{application}",
        typed(
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
        typed("application", web={"homePageUrl": None}, notes=None, groupMembershipClaims="SecurityGroup"),
        204,
    ),
    Foreign(
        TERRAFORM + "applications/application_certificate_resource.go",
        "PATCH",
        "/applications/{application}",
        typed(
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
        typed("federatedIdentityCredential", **_FEDERATED),
        201,
    ),
    Foreign(
        TERRAFORM + "applications/application_federated_identity_credential_resource.go",
        "PATCH",
        "/applications/{application}/federatedIdentityCredentials/{federated}",
        typed("federatedIdentityCredential", **{**_FEDERATED, "id": "{federated}", "name": "first"}),
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
        typed("servicePrincipal", description=None),
        204,
    ),
    Foreign(
        TERRAFORM + "serviceprincipals/service_principal_delegated_permission_grant_resource.go",
        "POST",
        "/oauth2PermissionGrants",
        typed("oAuth2PermissionGrant", **GRANT, consentType="Principal", principalId="{user}"),
        201,
    ),
    Foreign(
        TERRAFORM + "serviceprincipals/service_principal_delegated_permission_grant_resource.go",
        "PATCH",
        "/oauth2PermissionGrants/{grant}",
        typed("oAuth2PermissionGrant", scope="User.Read Mail.Read"),
        204,
    ),
    Foreign(
        TERRAFORM + "approleassignments/app_role_assignment_resource.go",
        "POST",
        "/servicePrincipals/{graph}/appRoleAssignedTo",
        typed("appRoleAssignment", **ASSIGNMENT),
        201,
    ),
    Foreign(
        TERRAFORM + "approleassignments/app_role_assignment_resource.go",
        "POST",
        "/servicePrincipals/{principal}/appRoleAssignedTo",
        typed("appRoleAssignment", appRoleId="{own_role}", principalId="{user}", resourceId="{principal}"),
        201,
    ),
    Foreign(
        TERRAFORM + "approleassignments/app_role_assignment_resource.go",
        "POST",
        "/servicePrincipals/{principal}/appRoleAssignedTo",
        typed("appRoleAssignment", appRoleId="{own_role}", principalId="{group}", resourceId="{principal}"),
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
)
