# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Error codes of Microsoft Graph that the requests of this collection can get."""

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.error_code import ErrorCode, Then

GRAPH_PAGE = "https://learn.microsoft.com/graph/errors"
_ACCESS = "https://learn.microsoft.com/graph/resolve-auth-errors"
_THROTTLING = "https://learn.microsoft.com/graph/throttling"
_POLICY = "https://learn.microsoft.com/graph/api/resources/applicationauthenticationmethodpolicy"
_DIRECTORY = "https://learn.microsoft.com/previous-versions/azure/ad/graph/howto/azure-ad-graph-api-error-codes-and-error-handling"
_LIMITS = "https://learn.microsoft.com/entra/identity/users/directory-service-limits-restrictions"
_APPLICATION = "https://learn.microsoft.com/graph/api/resources/application"
_FEDERATION = "https://learn.microsoft.com/graph/api/application-post-federatedidentitycredentials"
_RETRIED_BY_AZ = "Azure/azure-cli, create_service_principal_for_rbac, which retries it"
_RETRIED_BY_TERRAFORM = "hashicorp/terraform-provider-azuread, which retries it"

_GIVE_RIGHT = "RIGHT"
_LATER = "Run again later: every step is safe to repeat. For longer waits raise O(wait_timeout)."
_YOUNG = "Check the id and the tenant; a new object may need a longer O(wait_timeout)."
_TOKEN = "Sign in again: the access token was refused. Check that it is for Microsoft Graph and not expired."
_READ_AGAIN = "Run again: the run then starts from the current state."
_CLOCK = "Check the clock of the controller, and the dates of the certificate."
_PAGE = "Run again; if the problem remains, select less, by unique_name, tag or display_name."
_DEFECT = "Check what answers at graph_url; if it is Microsoft Graph, report this with the content of the field error."
_EXPIRED_PAGE = "Microsoft.Azure.ActiveDirectory.GraphClient, its map of error codes"
_TOOLKIT = "OfficeDev/microsoft-365-agents-toolkit, its list of error codes"
_CONCURRENT = "nais/azurerator#448 (409), Azure/azure-cli#23081 (503)"
_LAG = "The object was created moments ago and is not replicated everywhere yet"

# The first matching row is used: rows with a text or a status come before rows with the code alone.
GRAPH_CODES: tuple[ErrorCode, ...] = (
    # Another writer, or a replica that lags behind
    ErrorCode(
        "Directory_ConcurrencyViolation",
        "Another write to the same object was in progress; this one was not applied",
        "Another client writes to the same object: run again later, or raise O(wait_timeout).",
        _CONCURRENT,
        then=Then.READ_AGAIN,
    ),
    ErrorCode(
        "Request_BadRequest",
        "Another write to the same object was in progress; this one was not applied",
        "Another client writes to the same object: run again later, or raise O(wait_timeout).",
        _CONCURRENT,
        then=Then.READ_AGAIN,
        text="Error due to concurrent requests being made to the tenant",
    ),
    ErrorCode("NoBackingApplicationObject", _LAG, _YOUNG, _RETRIED_BY_AZ, then=Then.WAIT_AFTER_CREATE),
    ErrorCode(
        "Request_BadRequest",
        _LAG,
        _YOUNG,
        _RETRIED_BY_AZ,
        then=Then.WAIT_AFTER_CREATE,
        text="does not reference a valid application object",
    ),
    ErrorCode(
        "Request_BadRequest",
        _LAG,
        _YOUNG,
        _RETRIED_BY_TERRAFORM,
        then=Then.WAIT_AFTER_CREATE,
        text="Not a valid reference update",
    ),
    ErrorCode(
        "Request_BadRequest",
        _LAG,
        _YOUNG,
        _RETRIED_BY_TERRAFORM,
        then=Then.WAIT_AFTER_CREATE,
        text="reference-property objects are not present",
    ),
    ErrorCode(
        "Authorization_RequestDenied",
        _LAG,
        _YOUNG,
        _RETRIED_BY_TERRAFORM,
        then=Then.WAIT_AFTER_CREATE,
        text="must in the local tenant",
    ),
    ErrorCode(
        "Error_MsaAppDoesNotExist",
        "The part of the application for personal accounts is not replicated everywhere yet",
        _YOUNG,
        "hashicorp/terraform-provider-azuread#1764",
        then=Then.WAIT,
    ),
    ErrorCode("Request_ResourceNotFound", "The object does not exist", _YOUNG, _DIRECTORY, then=Then.WAIT_AFTER_CREATE),
    ErrorCode("Directory_ObjectNotFound", "The object does not exist", _YOUNG, _DIRECTORY, then=Then.WAIT_AFTER_CREATE),
    ErrorCode("itemNotFound", "The object does not exist", _YOUNG, GRAPH_PAGE, then=Then.WAIT_AFTER_CREATE),
    ErrorCode(
        "Request_BadRequest",
        "The client secret was already removed, or is not replicated everywhere yet",
        _READ_AGAIN,
        "seen in the tests of public clients",
        then=Then.WAIT_AFTER_CREATE,
        text="No password credential found with keyId",
    ),
    # Objects that another client created or removed since the last read
    ErrorCode(
        "Request_MultipleObjectsWithSameKeyValue",
        "An object with this key already exists",
        _READ_AGAIN,
        _DIRECTORY,
        then=Then.READ_AGAIN,
    ),
    ErrorCode(
        "ObjectConflict", "An object with this key already exists", _READ_AGAIN, GRAPH_PAGE, then=Then.READ_AGAIN
    ),
    ErrorCode(
        "Request_BadRequest",
        "The permission is already granted",
        _READ_AGAIN,
        "seen in the tests of public clients",
        then=Then.READ_AGAIN,
        text="already exists on the object",
    ),
    ErrorCode(
        "Request_BadRequest",
        "The grant already exists",
        _READ_AGAIN,
        "seen in the tests of public clients",
        then=Then.READ_AGAIN,
        text="Permission entry already exists",
    ),
    ErrorCode(
        "Request_BadRequest",
        "The owner was already added",
        _READ_AGAIN,
        "https://learn.microsoft.com/graph/api/application-post-owners",
        then=Then.READ_AGAIN,
        text="added object references already exist",
    ),
    ErrorCode(
        "Request_BadRequest",
        "A federated credential with this issuer and subject already exists",
        _READ_AGAIN,
        _FEDERATION,
        then=Then.READ_AGAIN,
        text="combination of issuer and subject must be unique",
    ),
    ErrorCode(
        "Request_BadRequest",
        "Another application has this unique name, perhaps a deleted one",
        "Another live or soft-deleted application has this unique name: adopt, restore or purge that one, or choose"
        " another O(unique_name).",
        _APPLICATION,
        text="same value for property uniqueName",
    ),
    # The identity that signs in
    ErrorCode(
        "InvalidAuthenticationToken",
        "A Conditional Access policy does not allow this identity to sign in from this address",
        "A Conditional Access policy blocks this identity at the address of the controller or of its proxy:"
        " run it at an allowed address, or ask the owner of the policy.",
        "microsoftgraph/msgraph-sdk-powershell#3322",
        text="LocationConditionEvaluationSatisfied",
    ),
    ErrorCode(
        "InvalidAuthenticationToken",
        "A Conditional Access policy changed, or the sign-in was revoked, after the token was issued",
        "The token was revoked (continuous access evaluation): run again, which signs in again; an access token that"
        " you set must be a new one. If the problem remains, ask the owner of the Conditional Access policies.",
        "microsoftgraph/msgraph-sdk-java#2355",
        text="Continuous access evaluation",
    ),
    ErrorCode("InvalidAuthenticationToken", "The access token is not accepted", _TOKEN, _ACCESS),
    ErrorCode("Authentication_ExpiredToken", "The access token has expired", _TOKEN, _DIRECTORY),
    ErrorCode("Authentication_MissingOrMalformed", "The access token is missing or malformed", _TOKEN, _DIRECTORY),
    ErrorCode("unauthenticated", "The access token is not accepted", _TOKEN, GRAPH_PAGE),
    ErrorCode(
        "Authorization_IdentityDisabled",
        "The identity that signs in is disabled",
        "The identity that signs in is disabled in the tenant: have it enabled, or sign in as another one.",
        _DIRECTORY,
    ),
    ErrorCode(
        "Authorization_IdentityNotFound",
        "The tenant does not know the identity that signs in",
        "Give the identity that signs in a service principal or an account in this tenant, or correct the tenant id;"
        " a new identity may need some minutes.",
        _DIRECTORY,
    ),
    ErrorCode(
        "Authorization_RequestDenied", "The identity that signs in lacks a right", _GIVE_RIGHT, _ACCESS, status=403
    ),
    ErrorCode("accessDenied", "The identity that signs in lacks a right", _GIVE_RIGHT, GRAPH_PAGE, status=403),
    ErrorCode("AccessDenied", "The identity that signs in lacks a right", _GIVE_RIGHT, GRAPH_PAGE, status=403),
    ErrorCode(
        "ErrorAccessDenied",
        "Exchange Online does not give this application access to the mailbox",
        "Grant the application the mail permission for this mailbox: admin consent, or a role in Exchange Online whose"
        " scope contains the mailbox.",
        "https://learn.microsoft.com/exchange/permissions-exo/application-rbac",
        status=403,
    ),
    ErrorCode(
        "insufficient_claims",
        "A Conditional Access policy requires more than this sign-in proves",
        "A Conditional Access policy requires more than this sign-in proves: ask the owner of the policy.",
        GRAPH_PAGE,
    ),
    # Limits
    ErrorCode(
        "Directory_QuotaExceeded",
        "The identity that signs in, or the tenant, has reached its limit of objects (a creator without a directory"
        " role: 250, deleted ones included)",
        "Delete (and purge) applications that are no longer needed, or sign in as another identity.",
        _LIMITS,
    ),
    ErrorCode(
        "Directory_ResourceSizeExceeded",
        "The object is full",
        "The object is full, most likely of credentials: remove secrets and certificates that are not used any more"
        " (azure_app_registration_info lists them with their expiry), then run again.",
        _LIMITS,
    ),
    ErrorCode("Directory_ResultSizeLimitExceeded", "The answer would be too long", _PAGE, _DIRECTORY),
    ErrorCode("Directory_ExpiredPageToken", "The list was read too slowly", _PAGE, _EXPIRED_PAGE, then=Then.READ_AGAIN),
    ErrorCode("TooManyRequests", "Too many requests of this identity", _LATER, _THROTTLING, then=Then.WAIT),
    ErrorCode("Request_ThrottledTemporarily", "Too many requests", _LATER, _DIRECTORY, then=Then.WAIT),
    ErrorCode("Request_ThrottledPermanently", "Too many requests of this kind in a day", _LATER, _DIRECTORY),
    ErrorCode("ApplicationThrottled", "Too many requests of this application", _LATER, _THROTTLING, then=Then.WAIT),
    ErrorCode("activityLimitReached", "Too many requests", _LATER, GRAPH_PAGE, then=Then.WAIT),
    # Policies of the tenant
    ErrorCode(
        "CannotUpdateLockedServicePrincipalProperty",
        "The application locks this property of its service principals",
        "The app instance property lock of the application forbids this (App registrations, Authentication or Manifest,"
        " servicePrincipalLockConfiguration): ask the owner of the application to unlock it.",
        "Azure/azure-cli#28734",
    ),
    ErrorCode(
        "CredentialInvalidLifetimeAsPerAppPolicy",
        "The tenant's app management policy allows a shorter lifetime only",
        "The tenant's app management policy allows only a shorter lifetime: set a smaller O(lifetime_days) or an"
        " earlier O(end_date); have a certificate of your own issued for fewer days.",
        _POLICY,
    ),
    ErrorCode(
        "CredentialTypeNotAllowedAsPerAppPolicy",
        "The tenant's app management policy forbids this kind of credential",
        "The tenant's app management policy forbids this kind of credential for this application: ask for an"
        " exemption, or use another kind (a certificate instead of a client secret, or a federated credential).",
        _POLICY,
    ),
    ErrorCode(
        "SignInAudienceNotAllowedAsPerAppPolicy",
        "The tenant's app management policy forbids this sign-in audience",
        "Set O(sign_in_audience) to one that the tenant allows; the gateway needs AzureADMyOrg only.",
        _TOOLKIT,
    ),
    ErrorCode(
        "ServiceTreeValueMissing",
        "The tenant requires a service management reference",
        "Set O(service_management_reference) to the id that your organisation gives to the service, and run again.",
        "Azure/azure-cli#30717",
    ),
    ErrorCode(
        "HostNameNotOnVerifiedDomain",
        "An identifier URI is on a domain that the tenant has not verified",
        "Use a verified domain of the tenant, or api:// with the client id.",
        _TOOLKIT,
    ),
    # Values
    ErrorCode("KeyCredentialsInvalidStartDate", "The start of the credential is not accepted", _CLOCK, _APPLICATION),
    ErrorCode("KeyCredentialsInvalidEndDate", "The end of the credential is not accepted", _CLOCK, _APPLICATION),
    ErrorCode(
        "Request_BadRequest",
        "The end of the credential is not accepted",
        _CLOCK,
        "Azure/azure-rest-api-specs#11985",
        text="Key credential end date is invalid",
    ),
    ErrorCode("InvalidKeyEndDate", "The end of the credential is not accepted", _CLOCK, _POLICY),
    ErrorCode(
        "InvalidAccessTokenVersion",
        "The sign-in audience needs another version of access tokens",
        "Set api.requestedAccessTokenVersion of the application to 2, which an audience with personal accounts needs,"
        " then run again.",
        "https://learn.microsoft.com/graph/api/resources/apiapplication",
    ),
    ErrorCode(
        "PropertyNotCompatibleWithAppType",
        "The application is of a kind that cannot have this property",
        "Choose another application: this kind (of personal accounts, or a managed one) is not supported here.",
        _APPLICATION,
    ),
    ErrorCode(
        "CannotDeleteOrUpdateEnabledEntitlement",
        "A permission that the application itself offers is enabled",
        "Disable the permission that the application offers (Expose an API, or App roles, in the portal), then run"
        " again.",
        _TOOLKIT,
    ),
    # The service itself
    ErrorCode("Directory_ReplicaUnavailable", "A replica is not available", _LATER, _DIRECTORY, then=Then.WAIT),
    ErrorCode("Service_InternalServerError", "An internal problem of the service", _LATER, _DIRECTORY, then=Then.WAIT),
    ErrorCode("serviceNotAvailable", "The service is not available", _LATER, GRAPH_PAGE, then=Then.WAIT),
    ErrorCode("Request_UnsupportedQuery", "The query is not supported", _DEFECT, _DIRECTORY),
    ErrorCode("Request_InvalidRequestUrl", "The address is not supported", _DEFECT, _DIRECTORY),
    ErrorCode("Request_DataContractVersionMissing", "The version is missing", _DEFECT, _DIRECTORY),
    # The code of many refusals, which differ in their message
    ErrorCode(
        "Request_BadRequest",
        "The request is refused; the message contains the reason",
        "Correct what the message names, and run again. The field error has the request id for Microsoft's support.",
        _DIRECTORY,
        then=Then.READ_ONCE,
    ),
)
