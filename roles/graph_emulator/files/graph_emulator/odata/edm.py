# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a type of Graph is derived from, where it leads to, and all properties that it has."""

from __future__ import annotations

from .beyond_slice import BEYOND_SLICE
from .properties import PROPERTIES, UNDECLARED

BASE_TYPES: dict[str, str] = {
    "mailFolder": "entity",
    "message": "entity",
    "directoryRole": "entity",
    "directoryObject": "entity",
    "oAuth2PermissionGrant": "entity",
    "federatedIdentityCredential": "entity",
    "application": "directoryObject",
    "servicePrincipal": "directoryObject",
    "appRoleAssignment": "directoryObject",
    "user": "directoryObject",
    "group": "directoryObject",
    "administrativeUnit": "directoryObject",
    "organization": "directoryObject",
    "unifiedRoleDefinition": "entity",
    "unifiedRoleAssignment": "entity",
    "customAppScope": "entity",
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
        "appManagementPolicies",
        "createdOnBehalfOf",
        "extensionProperties",
        "federatedIdentityCredentials",
        "homeRealmDiscoveryPolicies",
        "owners",
        "synchronization",
        "tokenIssuancePolicies",
        "tokenLifetimePolicies",
    ),
    "servicePrincipal": (
        "appManagementPolicies",
        "appRoleAssignedTo",
        "appRoleAssignments",
        "claimsMappingPolicies",
        "createdObjects",
        "delegatedPermissionClassifications",
        "endpoints",
        "federatedIdentityCredentials",
        "homeRealmDiscoveryPolicies",
        "memberOf",
        "oauth2PermissionGrants",
        "ownedObjects",
        "owners",
        "remoteDesktopSecurityConfiguration",
        "synchronization",
        "tokenIssuancePolicies",
        "tokenLifetimePolicies",
        "transitiveMemberOf",
    ),
    # Of user and group, what is served here.
    "user": ("createdObjects", "memberOf", "ownedObjects", "transitiveMemberOf"),
    "group": ("memberOf", "members", "owners", "transitiveMemberOf", "transitiveMembers"),
    "administrativeUnit": ("extensions", "members", "scopedRoleMembers"),
}


def properties_of(type_name: str) -> dict[str, str]:
    """All structural properties of a type, inherited ones first."""
    base = BASE_TYPES.get(type_name)
    inherited = properties_of(base) if base else {}
    own = PROPERTIES.get(type_name) or BEYOND_SLICE.get(type_name, {})
    return {**inherited, **own, **UNDECLARED.get(type_name, {})}


def names_in(type_name: str) -> dict[str, str]:
    """What may be selected and filtered by: in a collection of directory objects, the properties of any of them."""
    if type_name != "directoryObject":
        return properties_of(type_name)
    derived = [name for name, base in BASE_TYPES.items() if base == "directoryObject"]
    return {name: edm_type for kind in derived for name, edm_type in properties_of(kind).items()}
