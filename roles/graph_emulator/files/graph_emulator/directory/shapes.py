# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fresh objects with exactly the keys, in the order, in which Graph gives them.

application: azure-cli recording test_app_create_idempotent (2024-09). servicePrincipal: test_webapp_ssl_import
(2023-12). appRoleAssignment: stub of a real answer in pnp/cli-microsoft365. user, owners: test_app_owner (2022-05).
oAuth2PermissionGrant: key order of the resource's documentation page; no recording was at hand.
"""

from __future__ import annotations

from typing import Any

from .identifiers import security_identifier

Json = dict[str, Any]

PERSONAL_AUDIENCES = ("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")


def _information() -> Json:
    return {
        "logoUrl": None,
        "marketingUrl": None,
        "privacyStatementUrl": None,
        "supportUrl": None,
        "termsOfServiceUrl": None,
    }


def _verified_publisher() -> Json:
    return {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None}


def application(*, object_id: str, app_id: str, created: str, publisher_domain: str) -> Json:
    return {
        "id": object_id,
        "deletedDateTime": None,
        "appId": app_id,
        "applicationTemplateId": None,
        "disabledByMicrosoftStatus": None,
        "createdDateTime": created,
        "displayName": None,
        "description": None,
        "groupMembershipClaims": None,
        "identifierUris": [],
        "isDeviceOnlyAuthSupported": None,
        "isFallbackPublicClient": None,
        "nativeAuthenticationApisEnabled": None,
        "notes": None,
        "publisherDomain": publisher_domain,
        "serviceManagementReference": None,
        # The default since 2024; recordings of 2020 to 2023 show AzureADandPersonalMicrosoftAccount.
        "signInAudience": "AzureADMyOrg",
        "tags": [],
        "tokenEncryptionKeyId": None,
        "uniqueName": None,
        "samlMetadataUrl": None,
        "defaultRedirectUri": None,
        "certification": None,
        "optionalClaims": None,
        "servicePrincipalLockConfiguration": None,
        "requestSignatureVerification": None,
        "addIns": [],
        "api": {
            "acceptMappedClaims": None,
            "knownClientApplications": [],
            "requestedAccessTokenVersion": None,
            "oauth2PermissionScopes": [],
            "preAuthorizedApplications": [],
        },
        "appRoles": [],
        "info": _information(),
        "keyCredentials": [],
        "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
        "passwordCredentials": [],
        "publicClient": {"redirectUris": []},
        "requiredResourceAccess": [],
        "verifiedPublisher": _verified_publisher(),
        "web": {
            "homePageUrl": None,
            "logoutUrl": None,
            "redirectUris": [],
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
            "redirectUriSettings": [],
        },
        "spa": {"redirectUris": []},
    }


def service_principal(
    *, object_id: str, app_id: str, display_name: str | None, created: str | None, owner: str
) -> Json:
    return {
        "id": object_id,
        "deletedDateTime": None,
        "accountEnabled": True,
        "alternativeNames": [],
        "appDisplayName": display_name,
        "appDescription": None,
        "appId": app_id,
        "applicationTemplateId": None,
        "appOwnerOrganizationId": owner,
        "appRoleAssignmentRequired": False,
        "createdDateTime": created,
        "description": None,
        "disabledByMicrosoftStatus": None,
        "displayName": display_name,
        "homepage": None,
        "loginUrl": None,
        "logoutUrl": None,
        "notes": None,
        "notificationEmailAddresses": [],
        "preferredSingleSignOnMode": None,
        "preferredTokenSigningKeyThumbprint": None,
        "replyUrls": [],
        "servicePrincipalNames": [app_id],
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMyOrg",
        "tags": [],
        "tokenEncryptionKeyId": None,
        "samlSingleSignOnSettings": None,
        "addIns": [],
        "appRoles": [],
        "info": _information(),
        "keyCredentials": [],
        "oauth2PermissionScopes": [],
        "passwordCredentials": [],
        "resourceSpecificApplicationPermissions": [],
        "verifiedPublisher": _verified_publisher(),
    }


def user(*, object_id: str, display_name: str, principal_name: str) -> Json:
    return {
        "businessPhones": [],
        "displayName": display_name,
        "givenName": None,
        "jobTitle": None,
        "mail": None,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": None,
        "surname": None,
        "userPrincipalName": principal_name,
        "id": object_id,
    }


def group(*, object_id: str, created: str) -> Json:
    """Key order of the sample answer of the page "Create group", example 2."""
    return {
        "id": object_id,
        "deletedDateTime": None,
        "classification": None,
        "createdDateTime": created,
        "description": None,
        "displayName": None,
        "expirationDateTime": None,
        "groupTypes": [],
        "isAssignableToRole": None,
        "mail": None,
        "mailEnabled": False,
        "mailNickname": None,
        "membershipRule": None,
        "membershipRuleProcessingState": None,
        "onPremisesDomainName": None,
        "onPremisesLastSyncDateTime": None,
        "onPremisesNetBiosName": None,
        "onPremisesSamAccountName": None,
        "onPremisesSecurityIdentifier": None,
        "onPremisesSyncEnabled": None,
        "preferredDataLocation": None,
        "preferredLanguage": None,
        "proxyAddresses": [],
        "renewedDateTime": created,
        "resourceBehaviorOptions": [],
        "resourceProvisioningOptions": [],
        "securityEnabled": True,
        "securityIdentifier": security_identifier(object_id),
        "theme": None,
        "uniqueName": None,
        "visibility": None,
        "onPremisesProvisioningErrors": [],
        "serviceProvisioningErrors": [],
    }


def administrative_unit(*, object_id: str, display_name: str | None = None) -> Json:
    """Key order of the sample answer of the page "Create administrativeUnit"; the rest follows the resource page."""
    return {
        "id": object_id,
        "deletedDateTime": None,
        "displayName": display_name,
        "description": None,
        "isMemberManagementRestricted": False,
        "visibility": None,
        "membershipRule": None,
        "membershipType": None,
        "membershipRuleProcessingState": None,
    }


def _principal_type(principal: Json) -> str:
    """ServicePrincipal, User or Group (resource page appRoleAssignment)."""
    name = str(principal.get("@odata.type", "servicePrincipal")).rpartition(".")[2]
    return f"{name[0].upper()}{name[1:]}"


def app_role_assignment(*, assignment_id: str, created: str, role_id: str, principal: Json, resource: Json) -> Json:
    return {
        "id": assignment_id,
        "deletedDateTime": None,
        "appRoleId": role_id,
        "createdDateTime": created,
        "principalDisplayName": principal["displayName"],
        "principalId": principal["id"],
        "principalType": _principal_type(principal),
        "resourceDisplayName": resource["displayName"],
        "resourceId": resource["id"],
    }


def permission_grant(*, grant_id: str, body: Json) -> Json:
    return {
        "clientId": body["clientId"],
        "consentType": body["consentType"],
        "id": grant_id,
        "principalId": body.get("principalId"),
        "resourceId": body["resourceId"],
        "scope": body.get("scope"),
    }


# What Graph fills in for a part that a client sends, in the key order of the recordings.
PARTS: dict[str, Json] = {
    "addIn": {"id": None, "type": None, "properties": []},
    "appRole": {
        "allowedMemberTypes": [],
        "description": None,
        "displayName": None,
        "id": None,
        "isEnabled": True,
        "origin": "Application",
        "value": None,
    },
    "keyCredential": {
        "customKeyIdentifier": None,
        "displayName": None,
        "endDateTime": None,
        "key": None,
        "keyId": None,
        "startDateTime": None,
        "type": None,
        "usage": None,
    },
    "optionalClaim": {"additionalProperties": [], "essential": False, "name": None, "source": None},
    "optionalClaims": {"accessToken": [], "idToken": [], "saml2Token": []},
    "permissionScope": {
        "adminConsentDescription": None,
        "adminConsentDisplayName": None,
        "id": None,
        "isEnabled": True,
        "type": None,
        "userConsentDescription": None,
        "userConsentDisplayName": None,
        "value": None,
    },
    "preAuthorizedApplication": {"appId": None, "delegatedPermissionIds": []},
    "redirectUriSettings": {"uri": None, "index": None},
    "requiredResourceAccess": {"resourceAppId": None, "resourceAccess": []},
    "resourceAccess": {"id": None, "type": None},
    "servicePrincipalLockConfiguration": {
        "isEnabled": False,
        "allProperties": None,
        "credentialsWithUsageVerify": None,
        "credentialsWithUsageSign": None,
        "tokenEncryptionKeyId": None,
    },
}
