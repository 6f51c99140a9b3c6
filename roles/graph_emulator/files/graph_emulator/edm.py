# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Property names and types of the Graph types served here.

They restate the public CSDL (microsoftgraph/msgraph-metadata, schemas/v1.0-Prod.csdl); a unit test compares the two.
Types are written without their namespaces: "String" is Edm.String, "web" types are microsoft.graph types.
"""

from __future__ import annotations

PROPERTIES: dict[str, dict[str, str]] = {
    "entity": {
        "id": "String",
    },
    "application": {
        "addIns": "Collection(addIn)",
        "api": "apiApplication",
        "appId": "String",
        "applicationTemplateId": "String",
        "appRoles": "Collection(appRole)",
        "authenticationBehaviors": "authenticationBehaviors",
        "certification": "certification",
        "createdByAppId": "String",
        "createdDateTime": "DateTimeOffset",
        "defaultRedirectUri": "String",
        "description": "String",
        "disabledByMicrosoftStatus": "String",
        "displayName": "String",
        "groupMembershipClaims": "String",
        "identifierUris": "Collection(String)",
        "info": "informationalUrl",
        "isDeviceOnlyAuthSupported": "Boolean",
        "isDisabled": "Boolean",
        "isFallbackPublicClient": "Boolean",
        "keyCredentials": "Collection(keyCredential)",
        "logo": "Stream",
        "managerApplications": "Collection(Guid)",
        "nativeAuthenticationApisEnabled": "nativeAuthenticationApisEnabled",
        "notes": "String",
        "oauth2RequirePostResponse": "Boolean",
        "optionalClaims": "optionalClaims",
        "parentalControlSettings": "parentalControlSettings",
        "passwordCredentials": "Collection(passwordCredential)",
        "publicClient": "publicClientApplication",
        "publisherDomain": "String",
        "requestSignatureVerification": "requestSignatureVerification",
        "requiredResourceAccess": "Collection(requiredResourceAccess)",
        "samlMetadataUrl": "String",
        "serviceManagementReference": "String",
        "servicePrincipalLockConfiguration": "servicePrincipalLockConfiguration",
        "signInAudience": "String",
        "spa": "spaApplication",
        "tags": "Collection(String)",
        "tokenEncryptionKeyId": "Guid",
        "uniqueName": "String",
        "verifiedPublisher": "verifiedPublisher",
        "web": "webApplication",
    },
    "addIn": {
        "id": "Guid",
        "properties": "Collection(keyValue)",
        "type": "String",
    },
    "keyValue": {
        "key": "String",
        "value": "String",
    },
    "apiApplication": {
        "acceptMappedClaims": "Boolean",
        "knownClientApplications": "Collection(Guid)",
        "oauth2PermissionScopes": "Collection(permissionScope)",
        "preAuthorizedApplications": "Collection(preAuthorizedApplication)",
        "requestedAccessTokenVersion": "Int32",
    },
    "permissionScope": {
        "adminConsentDescription": "String",
        "adminConsentDisplayName": "String",
        "id": "Guid",
        "isEnabled": "Boolean",
        "origin": "String",
        "type": "String",
        "userConsentDescription": "String",
        "userConsentDisplayName": "String",
        "value": "String",
    },
    "preAuthorizedApplication": {
        "appId": "String",
        "delegatedPermissionIds": "Collection(String)",
    },
    "appRole": {
        "allowedMemberTypes": "Collection(String)",
        "description": "String",
        "displayName": "String",
        "id": "Guid",
        "isEnabled": "Boolean",
        "origin": "String",
        "value": "String",
    },
    "authenticationBehaviors": {
        "blockAzureADGraphAccess": "Boolean",
        "removeUnverifiedEmailClaim": "Boolean",
        "requireClientServicePrincipal": "Boolean",
    },
    "certification": {
        "certificationDetailsUrl": "String",
        "certificationExpirationDateTime": "DateTimeOffset",
        "isCertifiedByMicrosoft": "Boolean",
        "isPublisherAttested": "Boolean",
        "lastCertificationDateTime": "DateTimeOffset",
    },
    "informationalUrl": {
        "logoUrl": "String",
        "marketingUrl": "String",
        "privacyStatementUrl": "String",
        "supportUrl": "String",
        "termsOfServiceUrl": "String",
    },
    "keyCredential": {
        "customKeyIdentifier": "Binary",
        "displayName": "String",
        "endDateTime": "DateTimeOffset",
        "key": "Binary",
        "keyId": "Guid",
        "startDateTime": "DateTimeOffset",
        "type": "String",
        "usage": "String",
    },
    "optionalClaims": {
        "accessToken": "Collection(optionalClaim)",
        "idToken": "Collection(optionalClaim)",
        "saml2Token": "Collection(optionalClaim)",
    },
    "optionalClaim": {
        "additionalProperties": "Collection(String)",
        "essential": "Boolean",
        "name": "String",
        "source": "String",
    },
    "parentalControlSettings": {
        "countriesBlockedForMinors": "Collection(String)",
        "legalAgeGroupRule": "String",
    },
    "passwordCredential": {
        "customKeyIdentifier": "Binary",
        "displayName": "String",
        "endDateTime": "DateTimeOffset",
        "hint": "String",
        "keyId": "Guid",
        "secretText": "String",
        "startDateTime": "DateTimeOffset",
    },
    "publicClientApplication": {
        "redirectUris": "Collection(String)",
    },
    "requestSignatureVerification": {
        "allowedWeakAlgorithms": "weakAlgorithms",
        "isSignedRequestRequired": "Boolean",
    },
    "requiredResourceAccess": {
        "resourceAccess": "Collection(resourceAccess)",
        "resourceAppId": "String",
    },
    "resourceAccess": {
        "id": "Guid",
        "type": "String",
    },
    "servicePrincipalLockConfiguration": {
        "allProperties": "Boolean",
        "credentialsWithUsageSign": "Boolean",
        "credentialsWithUsageVerify": "Boolean",
        "isEnabled": "Boolean",
        "tokenEncryptionKeyId": "Boolean",
    },
    "spaApplication": {
        "redirectUris": "Collection(String)",
    },
    "verifiedPublisher": {
        "addedDateTime": "DateTimeOffset",
        "displayName": "String",
        "verifiedPublisherId": "String",
    },
    "webApplication": {
        "homePageUrl": "String",
        "implicitGrantSettings": "implicitGrantSettings",
        "logoutUrl": "String",
        "redirectUris": "Collection(String)",
        "redirectUriSettings": "Collection(redirectUriSettings)",
    },
    "implicitGrantSettings": {
        "enableAccessTokenIssuance": "Boolean",
        "enableIdTokenIssuance": "Boolean",
    },
    "redirectUriSettings": {
        "index": "Int32",
        "uri": "String",
    },
    "servicePrincipal": {
        "accountEnabled": "Boolean",
        "addIns": "Collection(addIn)",
        "alternativeNames": "Collection(String)",
        "appDescription": "String",
        "appDisplayName": "String",
        "appId": "String",
        "applicationTemplateId": "String",
        "appOwnerOrganizationId": "Guid",
        "appRoleAssignmentRequired": "Boolean",
        "appRoles": "Collection(appRole)",
        "createdByAppId": "String",
        "customSecurityAttributes": "customSecurityAttributeValue",
        "description": "String",
        "disabledByMicrosoftStatus": "String",
        "displayName": "String",
        "homepage": "String",
        "info": "informationalUrl",
        "isDisabled": "Boolean",
        "keyCredentials": "Collection(keyCredential)",
        "loginUrl": "String",
        "logoutUrl": "String",
        "notes": "String",
        "notificationEmailAddresses": "Collection(String)",
        "oauth2PermissionScopes": "Collection(permissionScope)",
        "passwordCredentials": "Collection(passwordCredential)",
        "preferredSingleSignOnMode": "String",
        "preferredTokenSigningKeyThumbprint": "String",
        "replyUrls": "Collection(String)",
        "resourceSpecificApplicationPermissions": "Collection(resourceSpecificPermission)",
        "samlSingleSignOnSettings": "samlSingleSignOnSettings",
        "servicePrincipalNames": "Collection(String)",
        "servicePrincipalType": "String",
        "signInAudience": "String",
        "tags": "Collection(String)",
        "tokenEncryptionKeyId": "Guid",
        "verifiedPublisher": "verifiedPublisher",
    },
    "customSecurityAttributeValue": {
    },
    "resourceSpecificPermission": {
        "description": "String",
        "displayName": "String",
        "id": "Guid",
        "isEnabled": "Boolean",
        "value": "String",
    },
    "samlSingleSignOnSettings": {
        "relayState": "String",
    },
    "appRoleAssignment": {
        "appRoleId": "Guid",
        "createdDateTime": "DateTimeOffset",
        "principalDisplayName": "String",
        "principalId": "Guid",
        "principalType": "String",
        "resourceDisplayName": "String",
        "resourceId": "Guid",
    },
    "oAuth2PermissionGrant": {
        "clientId": "String",
        "consentType": "String",
        "principalId": "String",
        "resourceId": "String",
        "scope": "String",
    },
    "federatedIdentityCredential": {
        "audiences": "Collection(String)",
        "description": "String",
        "issuer": "String",
        "name": "String",
        "subject": "String",
    },
    "directoryObject": {
        "deletedDateTime": "DateTimeOffset",
    },
    "organization": {
        "assignedPlans": "Collection(assignedPlan)",
        "businessPhones": "Collection(String)",
        "city": "String",
        "country": "String",
        "countryLetterCode": "String",
        "createdDateTime": "DateTimeOffset",
        "defaultUsageLocation": "String",
        "displayName": "String",
        "marketingNotificationEmails": "Collection(String)",
        "mobileDeviceManagementAuthority": "mdmAuthority",
        "onPremisesLastSyncDateTime": "DateTimeOffset",
        "onPremisesSyncEnabled": "Boolean",
        "partnerTenantType": "partnerTenantType",
        "postalCode": "String",
        "preferredLanguage": "String",
        "privacyProfile": "privacyProfile",
        "provisionedPlans": "Collection(provisionedPlan)",
        "securityComplianceNotificationMails": "Collection(String)",
        "securityComplianceNotificationPhones": "Collection(String)",
        "state": "String",
        "street": "String",
        "technicalNotificationMails": "Collection(String)",
        "tenantType": "String",
        "verifiedDomains": "Collection(verifiedDomain)",
    },
    "user": {
        "accountEnabled": "Boolean",
        "businessPhones": "Collection(String)",
        "displayName": "String",
        "givenName": "String",
        "jobTitle": "String",
        "mail": "String",
        "mobilePhone": "String",
        "officeLocation": "String",
        "preferredLanguage": "String",
        "surname": "String",
        "userPrincipalName": "String",
    },
}

# The slice of the CSDL at hand leaves these out; they follow the resource pages, as far as they are served.
BEYOND_SLICE: dict[str, dict[str, str]] = {
    "mailFolder": {
        "childFolderCount": "Int32", "displayName": "String", "isHidden": "Boolean", "parentFolderId": "String",
        "sizeInBytes": "Int64", "totalItemCount": "Int32", "unreadItemCount": "Int32",
    },
    "message": {
        "bccRecipients": "Collection(recipient)", "body": "itemBody", "bodyPreview": "String",
        "categories": "Collection(String)", "ccRecipients": "Collection(recipient)", "changeKey": "String",
        "conversationId": "String", "conversationIndex": "Binary", "createdDateTime": "DateTimeOffset",
        "flag": "followupFlag", "from": "recipient", "hasAttachments": "Boolean", "importance": "importance",
        "inferenceClassification": "inferenceClassificationType", "internetMessageId": "String",
        "isDeliveryReceiptRequested": "Boolean", "isDraft": "Boolean", "isRead": "Boolean",
        "isReadReceiptRequested": "Boolean", "lastModifiedDateTime": "DateTimeOffset", "parentFolderId": "String",
        "receivedDateTime": "DateTimeOffset", "replyTo": "Collection(recipient)", "sender": "recipient",
        "sentDateTime": "DateTimeOffset", "subject": "String", "toRecipients": "Collection(recipient)",
        "webLink": "String",
    },
    "recipient": {"emailAddress": "emailAddress"},
    "emailAddress": {"address": "String", "name": "String"},
    "itemBody": {"content": "String", "contentType": "bodyType"},
    "followupFlag": {"flagStatus": "followupFlagStatus"},
}

BASE_TYPES: dict[str, str] = {
    "mailFolder": "entity",
    "message": "entity",
    "directoryObject": "entity",
    "oAuth2PermissionGrant": "entity",
    "federatedIdentityCredential": "entity",
    "application": "directoryObject",
    "servicePrincipal": "directoryObject",
    "appRoleAssignment": "directoryObject",
    "user": "directoryObject",
    "organization": "directoryObject",
}

ENUM_VALUES: dict[str, tuple[str, ...]] = {
    "nativeAuthenticationApisEnabled": ("none", "all"),
    "weakAlgorithms": ("rsaSha1",),
    "bodyType": ("text", "html"),
    "followupFlagStatus": ("notFlagged", "complete", "flagged"),
    "importance": ("low", "normal", "high"),
    "inferenceClassificationType": ("focused", "other"),
}

NAVIGATION: dict[str, tuple[str, ...]] = {
    "application": (
        "appManagementPolicies", "createdOnBehalfOf", "extensionProperties", "federatedIdentityCredentials",
        "homeRealmDiscoveryPolicies", "owners", "synchronization", "tokenIssuancePolicies", "tokenLifetimePolicies",
    ),
    "servicePrincipal": (
        "appManagementPolicies", "appRoleAssignedTo", "appRoleAssignments", "claimsMappingPolicies", "createdObjects",
        "delegatedPermissionClassifications", "endpoints", "federatedIdentityCredentials",
        "homeRealmDiscoveryPolicies", "memberOf", "oauth2PermissionGrants", "ownedObjects", "owners",
        "remoteDesktopSecurityConfiguration", "synchronization", "tokenIssuancePolicies", "tokenLifetimePolicies",
        "transitiveMemberOf",
    ),
}

# In recorded answers though the v1.0 CSDL does not declare it on the type, which is open.
UNDECLARED: dict[str, dict[str, str]] = {"servicePrincipal": {"createdDateTime": "DateTimeOffset"}}


def properties_of(type_name: str) -> dict[str, str]:
    """All structural properties of a type, inherited ones first."""
    base = BASE_TYPES.get(type_name)
    inherited = properties_of(base) if base else {}
    own = PROPERTIES.get(type_name) or BEYOND_SLICE.get(type_name, {})
    return {**inherited, **own, **UNDECLARED.get(type_name, {})}
