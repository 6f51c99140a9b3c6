# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Graph's error answers. Each builder names where its code and message come from.

`inferred` marks the few for which no public wording was found: their status and code follow the neighbours.
"""

from __future__ import annotations

from typing import Any

NOT_FOUND = "Request_ResourceNotFound"
BAD_REQUEST = "Request_BadRequest"
NOT_IMPLEMENTED = "EmulatorNotImplemented"


class GraphError(Exception):
    """Ends a Graph request with an error answer."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.headers = headers or {}
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def body(self, *, date: str, request_id: str, client_request_id: str) -> dict[str, Any]:
        """{error: {code, message, details?, innerError}} as in the azure-cli recordings of 2023 and later."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        error["innerError"] = {"date": date, "request-id": request_id, "client-request-id": client_request_id}
        return {"error": error}


def not_found(name: str) -> GraphError:
    """Absent, soft-deleted, or not replicated yet (azure-cli recording test_webapp_ssl_import)."""
    message = f"Resource '{name}' does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, NOT_FOUND, message)


def denied() -> GraphError:
    """The token lacks the permission (azure-cli recording test_app_credential)."""
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def not_in_local_tenant() -> GraphError:
    """Replication lag as a caller with OwnedBy sees it; "must in" is Microsoft's wording (azuread provider)."""
    message = (
        "When using this permission, the backing application of the service principal being created must in the "
        "local tenant"
    )
    return GraphError(403, "Authorization_RequestDenied", message)


def unauthenticated(message: str) -> GraphError:
    """A missing, broken or expired token (microsoft-graph-docs issue 16208 for the shape)."""
    return GraphError(401, "InvalidAuthenticationToken", message)


def bad_request(message: str) -> GraphError:
    return GraphError(400, BAD_REQUEST, message)


def odata_error(message: str) -> GraphError:
    """A request that the OData layer refuses before the directory sees it (microsoft-graph-docs issue 10989)."""
    return GraphError(400, "BadRequest", message)


def unsupported_query(message: str) -> GraphError:
    """A query that needs ConsistencyLevel: eventual, or cannot be asked at all (botframework-components issue 1108)."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def invalid_property(name: str) -> GraphError:
    return bad_request(f"Invalid property '{name}'.")


def read_only(name: str) -> GraphError:
    return bad_request(f"Property '{name}' is read-only and cannot be set.")


def invalid_value(name: str, resource: str, *, code: str = "InvalidValue") -> GraphError:
    message = f"Invalid value specified for property '{name}' of resource '{resource}'."
    details = [{"code": code, "message": message, "target": name}]
    return GraphError(400, BAD_REQUEST, message, details=details)


def missing_value(name: str, resource: str) -> GraphError:
    return bad_request(f"A value is required for property '{name}' of resource '{resource}'.")


def wrong_type(edm_type: str) -> GraphError:
    message = (
        f"Cannot convert a primitive value to the expected type 'Edm.{edm_type}'. See the inner exception for more "
        "details."
    )
    return odata_error(message)


def malformed_json() -> GraphError:
    message = (
        "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON "
        "format."
    )
    return odata_error(message)


def unknown_segment(name: str) -> GraphError:
    return odata_error(f"Resource not found for the segment '{name}'.")


def method_not_allowed() -> GraphError:
    return GraphError(405, BAD_REQUEST, "Specified HTTP method is not allowed for the request target.")


def value_taken(name: str) -> GraphError:
    """A live or soft-deleted object holds the value; 400, not 409 (msgraph-bicep-types issue 137)."""
    return bad_request(f"Another object with the same value for property {name} already exists.")


def no_backing_application(app_id: str) -> GraphError:
    """POST /servicePrincipals for an appId that is wrong or not replicated yet (azure-cli, azuread provider)."""
    message = f"The appId '{app_id}' of the service principal does not reference a valid application object."
    details = [{"code": "NoBackingApplicationObject", "message": message, "target": "appId"}]
    return GraphError(400, BAD_REQUEST, message, details=details)


def expired_delta_token() -> GraphError:
    """After seven days (Microsoft 365 developer blog, "Duration of change tracking tokens", 2020)."""
    return GraphError(
        400,
        "syncStateNotFound",
        "The sync state generation is not found. The delta token is expired and data must be synchronized again.",
    )


def resync_required(url: str) -> GraphError:
    """Page "Use delta query", "Synchronization reset"; the code is that of the error list, the words are inferred."""
    message = "The delta token is no longer valid, and the app must reset the sync state."
    return GraphError(410, "resyncRequired", message, headers={"location": url})


def malformed_delta_token() -> GraphError:
    """The wording is inferred."""
    return bad_request("Badly formed token.")


def unverified_domain(uri: str) -> GraphError:
    """An identifier URI on a foreign host (code and words: Azure/Industrial-IoT pull request 1432)."""
    message = (
        f"Values of identifierUris property must use a verified domain of the organization or its subdomain: '{uri}'"
    )
    return GraphError(400, "HostNameNotOnVerifiedDomain", message)


def identifier_uri_policy(uri: str) -> GraphError:
    """Words: page "Restrictions on identifier URIs of Microsoft Entra applications"; the code is that of reports."""
    message = (
        f"Failed to add identifier URI {uri}. All newly added URIs must contain a tenant verified domain, tenant ID, "
        "or app ID, as per the default tenant policy of your organization. See "
        "https://aka.ms/identifier-uri-addition-error for more information on this error."
    )
    return GraphError(400, "HostNameNotOnVerifiedDomain", message)


def service_generated_passwords() -> GraphError:
    """A client secret that is not asked for in the right way (ansible-collections/azure issue 1372, of 2023)."""
    return bad_request("New password credentials must be generated using service actions.")


def enabled_entitlement() -> GraphError:
    """An enabled scope or role is to vanish (message: azuread provider; code: microsoft-365-agents-toolkit)."""
    return GraphError(
        400,
        "CannotDeleteOrUpdateEnabledEntitlement",
        "Permission (scope or role) cannot be deleted or updated unless disabled first.",
    )


def invalid_token_version() -> GraphError:
    """As pasted in Azure/azure-cli issue 15512."""
    name = "api.requestedAccessTokenVersion"
    details = [{"code": "GenericError", "target": name}]
    return GraphError(400, "InvalidAccessTokenVersion", f"Property {name} is invalid.", details=details)


def service_principal_exists(app_id: str) -> GraphError:
    """Body as pasted in public write-ups of the 409."""
    message = (
        "The service principal cannot be created, updated, or restored because the service principal name "
        f"{app_id} is already in use."
    )
    details = [{"code": "ObjectConflict", "message": message, "target": "None"}]
    return GraphError(409, "Request_MultipleObjectsWithSameKeyValue", message, details=details)


def assignment_exists() -> GraphError:
    message = "Permission being assigned already exists on the object"
    return GraphError(400, BAD_REQUEST, message, details=[{"code": "InvalidUpdate"}])


def app_role_not_found() -> GraphError:
    return bad_request("Permission being assigned was not found on application")


def invalid_reference_update() -> GraphError:
    """A principal that is unknown or not replicated yet (azuread provider, app_role_assignment_resource.go)."""
    return bad_request("Not a valid reference update.")


def grant_exists() -> GraphError:
    return bad_request("Permission entry already exists.")


def unknown_password(key_id: str) -> GraphError:
    return bad_request(f"No password credential found with keyId {key_id}.")


def invalid_key_end_date() -> GraphError:
    """A key credential that would outlive its certificate (terraform-provider-azuread issues)."""
    return GraphError(400, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid.")


def federated_credential_exists(name: str) -> GraphError:
    """Azure/azure-dev issue 1482."""
    message = f"FederatedIdentityCredential with name {name} already exists."
    return GraphError(409, "Request_MultipleObjectsWithSameKeyValue", message)


def federated_pair_exists(issuer: str, subject: str) -> GraphError:
    """Azure/azure-workload-identity issue 434."""
    message = (
        "The combination of issuer and subject must be unique for the application. "
        f"Issuer {issuer} and Subject: {subject} already exist. paramName: FederatedIdentityCredential.Subject, "
        f"paramValue: {subject}, objectType: Microsoft.Online.DirectoryServices.Application"
    )
    return GraphError(400, "InvalidFederatedIdentityCredentialValue", message)


def federated_value(name: str, value: str, reason: str) -> GraphError:
    """Code as above; the wording is inferred."""
    message = (
        f"{reason} paramName: FederatedIdentityCredential.{name[0].upper()}{name[1:]}, paramValue: {value}, "
        "objectType: Microsoft.Online.DirectoryServices.Application"
    )
    return GraphError(400, "InvalidFederatedIdentityCredentialValue", message)


def lifetime_policy(policy_id: str) -> GraphError:
    """Credential lifetime above the tenant's cap (microsoft-365-agents-toolkit issue 10998)."""
    message = f"Credential lifetime exceeds the max value allowed as per assigned policy '{policy_id}'."
    details = [{"code": "InvalidKeyEndDate", "message": message, "target": "EndDate"}]
    return GraphError(400, "CredentialInvalidLifetimeAsPerAppPolicy", message, details=details)


def credential_type_policy(policy_id: str) -> GraphError:
    """Client secrets are blocked. The code is public; the message is inferred."""
    message = f"Credential type not allowed as per assigned policy '{policy_id}'."
    return GraphError(400, "CredentialTypeNotAllowedAsPerAppPolicy", message)


# Exchange Online's own codes, behind /users/{id}/messages and the like.


def mailbox_denied() -> GraphError:
    """No permission for mail, or kept out of the mailbox by a policy (aspnetcore-connect-sample issue 37)."""
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def mailbox_not_enabled() -> GraphError:
    """A user without a mailbox in Exchange Online (microsoft/MicrosoftCloud issue 41)."""
    return GraphError(
        404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
    )


def invalid_mail_user(name: str) -> GraphError:
    """Code of the Outlook REST error list; the wording is that of public logs."""
    return GraphError(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")


def mail_item_not_found() -> GraphError:
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def malformed_mail_id() -> GraphError:
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def only_delegated() -> GraphError:
    """Asked of /me by an application on its own behalf."""
    return odata_error("/me request is only valid with delegated authentication flow.")


def not_implemented(what: str) -> GraphError:
    """No answer of Graph: what it has and the emulator lacks. docs/emulator-surface.md lists what is served."""
    message = (
        f"The emulator does not serve {what}, which Microsoft Graph has. The page docs/emulator-surface.md of the "
        "collection email_gateway.azure_apps lists what it serves."
    )
    return GraphError(501, NOT_IMPLEMENTED, message)
