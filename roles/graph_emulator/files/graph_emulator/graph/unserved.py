# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Microsoft Graph has and the emulator does not serve: such a path gets a 501 with the reason, not Graph's 400.

Names are those of the metadata of v1.0 (microsoftgraph/msgraph-metadata): entity sets and singletons, and per type its
navigation properties, actions and functions. Below a name whose type is not listed here, anything may exist.
"""

from __future__ import annotations

from ..odata.edm import BASE_TYPES, NAVIGATION
from ..odata.path import Key, Token

_ROOTS = """
admin agreementAcceptances agreements appCatalogs applicationTemplates applications appRoleAssignments auditLogs
authenticationMethodConfigurations authenticationMethodsPolicy certificateBasedAuthConfiguration chats communications
compliance connections contacts contracts copilot dataPolicyOperations deviceAppManagement deviceManagement devices
directory directoryObjects directoryRoleTemplates directoryRoles domainDnsRecords domains drives education
employeeExperience external filterOperators functions groupLifecyclePolicies groupSettingTemplates groupSettings groups
identity identityGovernance identityProtection identityProviders informationProtection invitations me
oauth2PermissionGrants organization permissionGrants places planner policies print privacy reports roleManagement
schemaExtensions scopedRoleMemberships search security servicePrincipals shares sites solutions storage subscribedSkus
subscriptions teams teamsTemplates teamwork tenantRelationships users
"""
ROOTS = frozenset(_ROOTS.split())
# Types of what the segments lead to; a collection's next segment is a key.
_COLLECTIONS = {
    "administrativeUnits": "administrativeUnit",
    "applications": "application",
    "directoryObjects": "directoryObject",
    "groups": "group",
    "oauth2PermissionGrants": "oAuth2PermissionGrant",
    "organization": "organization",
    "servicePrincipals": "servicePrincipal",
    "users": "user",
    "mailFolders": "mailFolder",
    "messages": "message",
    "federatedIdentityCredentials": "federatedIdentityCredential",
    "deletedItems": "directoryObject",
    "owners": "directoryObject",
    "appRoleAssignments": "appRoleAssignment",
    "appRoleAssignedTo": "appRoleAssignment",
}
_SINGLETONS = {"directory": "directory", "me": "user", "policies": "policyRoot"}
_DIRECTORY_OBJECT = "checkMemberGroups checkMemberObjects getMemberGroups getMemberObjects restore"
# Without what NAVIGATION and _DIRECTORY_OBJECT name already.
_MEMBERS = {
    "application": "addKey addPassword removeKey removePassword setVerifiedPublisher unsetVerifiedPublisher logo",
    "servicePrincipal": "addKey addPassword addTokenSigningCertificate removeKey removePassword",
    "administrativeUnit": "",
    "directoryObject": "",
    "oAuth2PermissionGrant": "",
    "federatedIdentityCredential": "",
    "appRoleAssignment": "",
    "organization": "branding certificateBasedAuthConfiguration extensions setMobileDeviceManagementAuthority",
    "user": """
        activities adhocCalls agreementAcceptances appRoleAssignments authentication calendar calendarGroups
        calendarView calendars chats cloudClipboard cloudPCs contactFolders contacts createdObjects
        dataSecurityAndGovernance deviceManagementTroubleshootingEvents directReports drive drives
        employeeExperience events extensions followedSites inferenceClassification insights joinedTeams
        licenseDetails mailFolders managedAppRegistrations managedDevices manager memberOf messages
        oauth2PermissionGrants onPremisesSyncBehavior onenote onlineMeetings outlook ownedDevices ownedObjects
        people permissionGrants photo photos planner presence registeredDevices scopedRoleMemberOf settings
        solutions sponsorOf sponsors teamwork todo transitiveMemberOf assignLicense changePassword
        exportDeviceAndAppManagementData exportPersonalData findMeetingTimes getMailTips
        getManagedAppDiagnosticStatuses getManagedAppPolicies getManagedDevicesWithAppFailures reminderView
        removeAllDevicesFromManagement reprocessLicenseAssignment retryServiceProvisioning
        revokeSignInSessions sendMail translateExchangeIds wipeManagedAppRegistrationsByDeviceTag
    """,
    "group": """
        acceptedSenders appRoleAssignments calendar calendarView conversations createdOnBehalfOf drive drives
        events extensions groupLifecyclePolicies memberOf members membersWithLicenseErrors
        onPremisesSyncBehavior onenote owners permissionGrants photo photos planner rejectedSenders settings
        sites team threads transitiveMemberOf transitiveMembers addFavorite assignLicense
        checkGrantedPermissionsForApp removeFavorite renew resetUnseenCount retryServiceProvisioning
        subscribeByMail unsubscribeByMail validateProperties
    """,
    "directory": """
        administrativeUnits attributeSets customSecurityAttributeDefinitions deletedItems
        deviceLocalCredentials federationConfigurations onPremisesSynchronization publicKeyInfrastructure
        recovery remoteTenantGroups subscriptions
    """,
    "policyRoot": """
        activityBasedTimeoutPolicies adminConsentRequestPolicy appManagementPolicies authenticationFlowsPolicy
        authenticationMethodsPolicy authenticationStrengthPolicies authorizationPolicy claimsMappingPolicies
        conditionalAccessPolicies crossTenantAccessPolicy defaultAppManagementPolicy deviceRegistrationPolicy
        featureRolloutPolicies federatedTokenValidationPolicy homeRealmDiscoveryPolicies
        identitySecurityDefaultsEnforcementPolicy ownerlessGroupPolicy permissionGrantPolicies
        roleManagementPolicies roleManagementPolicyAssignments tokenIssuancePolicies tokenLifetimePolicies
    """,
    "mailFolder": """
        childFolders messageRules messages multiValueExtendedProperties singleValueExtendedProperties copy
        move permanentDelete
    """,
    "message": """
        attachments extensions multiValueExtendedProperties singleValueExtendedProperties copy createForward
        createReply createReplyAll forward move permanentDelete reply replyAll send
    """,
}
# Functions and actions of whole collections, which are no keys.
OF_COLLECTIONS = frozenset({"delta", "getByIds", "getAvailableExtensionProperties", "validateProperties"})
# Methods that Graph has on paths of which others are served.
METHODS = frozenset(
    {
        ("POST", "users"),
        ("PATCH", "users/*"),
        ("DELETE", "users/*"),
        ("PATCH", "me"),
        ("POST", "users/*/mailFolders"),
        ("PATCH", "users/*/mailFolders/*"),
        ("DELETE", "users/*/mailFolders/*"),
        ("POST", "users/*/mailFolders/*/messages"),
        ("PATCH", "users/*/messages/*"),
        ("DELETE", "users/*/messages/*"),
        ("DELETE", "directoryObjects/*"),
    }
)


def _members(type_name: str) -> frozenset[str]:
    names = [*_MEMBERS[type_name].split(), *NAVIGATION.get(type_name, ())]
    if "directoryObject" in (type_name, BASE_TYPES.get(type_name)):
        names += _DIRECTORY_OBJECT.split()
    return frozenset(name.lower() for name in names)


def _typed(names: dict[str, str], segment: str) -> str | None:
    return {name.lower(): kind for name, kind in names.items()}.get(segment.lower())


def first_unknown(path: list[Token]) -> str | None:
    """The first segment that Microsoft Graph does not have either; None if it may have the whole path."""
    segments = [token for token in path if not isinstance(token, Key)]
    if not segments or segments[0].lower() not in {name.lower() for name in ROOTS}:
        return segments[0] if segments else ""
    collection = _typed(_COLLECTIONS, segments[0])
    entity = _typed(_SINGLETONS, segments[0])
    for token in path[1:]:
        if collection is not None:
            cast = isinstance(token, str) and token.startswith("microsoft.graph.")
            if cast or (isinstance(token, str) and token in {"$count", "$ref", *OF_COLLECTIONS}):
                return None
            collection, entity = None, collection
            continue
        if entity is None:
            return None
        if isinstance(token, Key):
            return token.value
        if token.startswith(("microsoft.graph.", "$")):
            return None
        if token.lower() not in _members(entity):
            return token
        collection, entity = _typed(_COLLECTIONS, token), None
    return None
