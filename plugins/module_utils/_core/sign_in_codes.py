# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Error codes of the identity platform (AADSTS...) that a sign-in as an application or by a device code can get.

Source, where a row names no other: "Microsoft Entra authentication and authorization error codes".
"""

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.error_code import ErrorCode, Then

_SOURCE = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
_FEDERATION = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations"
_EMULATED = "captured from a tenant, 2026-08"

_AGAIN = "Run the login again."
_LATER = "The identity platform has a temporary problem: run again later."
_DISABLED = (
    "This application was disabled or deactivated: have it enabled (Enterprise applications, Properties, Enabled"
    " for users to sign-in; or reactivate the app registration), or use another one."
)
_TENANT = "Check the tenant id and the national cloud: no such tenant is known there."
_BLOCKED = "A Conditional Access policy for workload identities blocks this sign-in: ask the owner of the policy."
_BLOCKED_PERSON = (
    "A Conditional Access policy blocks this sign-in; many block device codes. Ask the owner of the policy, or sign in"
    " with the Azure CLI (az login)."
)
_ACCOUNT = "Sign in with an account of this tenant, or set auth_tenant_id to the tenant of the account."
_CONSENT = "An administrator has to consent to the delegated permissions of the application auth_client_id."
_SECOND_FACTOR = f"The tenant requires a second factor. {_AGAIN}"
_OLD = f"The sign-in is too old, was revoked, or the password was changed. {_AGAIN}"
_PASSWORD = f"Set a new password for the account. {_AGAIN}"
_NETWORK = (
    "The network allows requests to other tenants only (tenant restrictions, or a cross-tenant access policy):"
    " ask the administrator of the proxy or the policy."
)
_RESOURCE = "Check the resource and the national cloud: the tenant has no service principal of that resource."
_REMOVE_PERMISSION = (
    "The application declares permissions of a service that this tenant does not have: remove them"
    " (azure_app_graph_permissions with exact, or state=absent), or have the service licensed."
)
_CLOUD = "Check the national cloud: the tenant or the application belongs to another one."
_REQUEST = "Check the sign-in options, and the network between the controller and the sign-in host."
_VALID_NOW = "Use an assertion that is valid now: check its lifetime and the clock of the controller."
_CERTIFICATE = "Register the certificate of this key with azure_app_certificate; check that it has not expired."


def _same(
    codes: str, meaning: str, next_step: str, *, then: Then = Then.FAIL, person: str = ""
) -> tuple[ErrorCode, ...]:
    """Rows for codes that mean the same to the user."""
    return tuple(
        ErrorCode(f"AADSTS{code}", meaning, next_step, _SOURCE, then=then, person=person) for code in codes.split()
    )


def _one(
    code: str,
    meaning: str,
    next_step: str,
    *,
    then: Then = Then.FAIL,
    person: str = "",
    source: str = _SOURCE,
    text: str = "",
) -> ErrorCode:
    return ErrorCode(f"AADSTS{code}", meaning, next_step, source, then=then, person=person, text=text)


SIGN_IN_CODES: tuple[ErrorCode, ...] = (
    # The credential of an application
    _one(
        "7000215",
        "The client secret is wrong, or new and not replicated everywhere yet",
        "Check that the client secret is the secret's value, not its id, and belongs to this client id.",
        then=Then.WAIT_AFTER_CREATE,
    ),
    _one("70002", "The client secret is wrong", "Check that the client secret belongs to this client id."),
    _one(
        "7000222",
        "The client secret has expired",
        "The client secret has expired: create a new one for this application.",
    ),
    *_same(
        "7000216 7000218",
        "No credential was sent, or the application is a public client",
        "Send the credential of the application: a client secret, a certificate or an assertion, with the client id of"
        " an application that is not a public client.",
        person="Allow public client flows for the application auth_client_id (Authentication, in the portal), or leave"
        " auth_client_id out.",
    ),
    _one(
        "700025",
        "The application is a public client, which has no credential",
        "Sign in as an application that is not a public client, or by auth_source=device_code.",
    ),
    _one(
        "700027",
        "The certificate is not registered, or new and not replicated everywhere yet",
        _CERTIFICATE,
        then=Then.WAIT_AFTER_CREATE,
    ),
    _one(
        "50012",
        "The client secret is wrong",
        "Check that the client secret belongs to this client id.",
        source="sjkp/letsencrypt-siteextension#144",
        text="client secret",
    ),
    _one(
        "50012",
        "The assertion is not valid now",
        _VALID_NOW,
        source="Azure-Samples/active-directory-dotnet-daemon-certificate-credential#46",
        text="not within its valid time range",
    ),
    _one(
        "1000502",
        "The certificate has expired, or is not valid yet",
        "Use a certificate that is valid now: azure_app_certificate renews the one that it made. Check the clock of the"
        " controller, too.",
        source="AzureAD/microsoft-identity-web#2834",
    ),
    *_same("50012 700030", "The certificate or the signature of the assertion is not accepted", _CERTIFICATE),
    *_same(
        "700024 500133 50013",
        "The assertion is not valid now",
        _VALID_NOW,
    ),
    _one("50027", "The assertion is malformed", "Check that the assertion is a complete JSON Web Token."),
    _one("50048", "Subject and issuer of the assertion do not belong together", "Check the assertion's iss and sub."),
    *(
        _one(code, meaning, next_step, then=Then.WAIT_AFTER_CREATE, source=_FEDERATION)
        for code, meaning, next_step in (
            (
                "70021",
                "No federated credential fits the assertion",
                "Add a federated credential for this issuer and subject with azure_app_federated_credential.",
            ),
            (
                "700211",
                "No federated credential has the issuer of the assertion",
                "Compare the issuer of the federated credential with the claim iss, exactly.",
            ),
            (
                "700212",
                "No federated credential has the audience of the assertion",
                "Compare the audience of the federated credential with the claim aud of the assertion.",
            ),
            (
                "700213",
                "No federated credential has the subject of the assertion",
                "Compare the subject of the federated credential with the claim sub of the assertion.",
            ),
            (
                "7002138",
                "The subject differs from that of the federated credential in upper and lower case",
                "Compare the subject of the federated credential with the claim sub, upper and lower case too.",
            ),
            (
                "7002121",
                "The audience of the assertion is not accepted",
                "Compare the audience of the federated credential with the claim aud of the assertion.",
            ),
        )
    ),
    _one(
        "700222",
        "The assertion is a token of Entra ID, which is not accepted here",
        "Use a token of another issuer as the assertion, such as that of a cluster or a build service; a managed"
        " identity signs in by auth_source=managed_identity.",
        source="MicrosoftDocs/azure-docs#90276",
    ),
    _one(
        "700229",
        "The assertion is a person's token",
        "Use a token that was issued to an application as the assertion, not a person's.",
    ),
    # The application
    _one(
        "700016",
        "The application is not in this tenant, or new and not replicated everywhere yet",
        "Check the client id, the tenant id and the national cloud; the application is not in this tenant.",
        then=Then.WAIT_AFTER_CREATE,
    ),
    _one(
        "700011",
        "The application is not in this tenant",
        "Check the client id, the tenant id and the national cloud; the application is not in this tenant.",
    ),
    _one(
        "7000229",
        "The application has no service principal in this tenant, or it is new",
        "The application has no service principal in this tenant: register it with its service principal.",
        then=Then.WAIT_AFTER_CREATE,
        source="answers of tenants in public issues",
    ),
    _one(
        "700038", "The client id is invalid", "Check the client id: it is not that of an application.", source=_EMULATED
    ),
    *_same("7000112 70001", "The application or its service principal is disabled", _DISABLED),
    _one("1000031", "The application cannot be used now", _DISABLED),
    _one(
        "50194",
        "The application is for one tenant",
        "Set the tenant id: the application is for one tenant only.",
        person="Set auth_tenant_id: the application auth_client_id is for one tenant only.",
    ),
    *_same("9001023 90124 90130", "The endpoint without a tenant is not for this application", "Set the tenant id."),
    _one("90099", "The application is not authorised in this tenant", _CONSENT),
    # The tenant, the cloud and the network
    _one("90002", "The tenant is unknown", _TENANT),
    _one(
        "5000224",
        "Microsoft has blocked the tenant, or it is shut down",
        "Microsoft has blocked this tenant or shut it down, which no setting changes: check the tenant id, and ask"
        " Microsoft support.",
        source="AzureAD/microsoft-authentication-library-for-dotnet#4562",
    ),
    _one(
        "900021",
        "The tenant id is empty",
        "Check the tenant id: it consists of zeros, which is not a tenant.",
        source="microsoft/azure-devops-mcp#587",
    ),
    _one(
        "1002016",
        "The connection uses TLS 1.0, TLS 1.1 or 3DES",
        "Check what ends the TLS connection: a proxy that inspects it, or the OpenSSL of the controller's Python, has"
        " to support TLS 1.2 or newer.",
        source="MicrosoftDocs/azure-docs#96851",
    ),
    *_same("50059 50128 90019", "The request names no tenant", _TENANT),
    _one(
        "900023",
        "The tenant id is invalid",
        "Check the tenant id: it is neither a GUID nor a domain name known to Entra ID.",
        source="answers of tenants in public issues",
    ),
    *_same("50049 50050 90038 90043 90051 900382 900432 1000104", "It belongs to another national cloud", _CLOUD),
    _one(
        "5000211",
        "The tenant cannot be reached from this network",
        _NETWORK,
        source="https://learn.microsoft.com/entra/external-id/tenant-restrictions-v2",
    ),
    *_same("50002 500021 500022 500212 500213", "The tenant cannot be reached from this network", _NETWORK),
    # The resource
    *_same("500011 50001", "The tenant has no service principal of the resource", _RESOURCE),
    _one(
        "500014",
        "The service principal of the resource is disabled",
        "The service principal of the resource is disabled in this tenant: have it enabled (Enterprise applications, in"
        " the portal, by the resource's name).",
        source="Cloud-Architekt/AzureAD-Attack-Defense#43",
    ),
    *_same("650052 650054", "The tenant does not have the service whose permissions are requested", _REMOVE_PERMISSION),
    *_same(
        "650056 650057 65005",
        "The application does not declare the requested permission",
        "Declare the permission with azure_app_graph_permissions, and grant admin consent.",
    ),
    *_same("28002 28003 70011 700022 700023", "The scope is not accepted", _RESOURCE),
    *_same("65001 90008", "Consent is missing", _CONSENT),
    *_same("90093 90094 90095", "An administrator has to consent", _CONSENT),
    _one(
        "65002",
        "Microsoft does not allow this application of its own for this resource",
        "Sign in as an application of your own.",
        person="Leave auth_client_id out: Microsoft does not allow this application of its own for this resource.",
    ),
    _one("65004", "The person declined", f"The person with the code declined. {_AGAIN}"),
    _one(
        "50105",
        "The person is not assigned to the application",
        "Assign the person to the application, or sign in with another account.",
    ),
    # The person
    *_same("50020 50034 51004 16000 16003 50014 90072 500208", "The account is not in this tenant", _ACCOUNT),
    _one("50057", "The account is disabled", "The account is disabled: sign in with another one."),
    _one("50053", "The account is locked, or the address is blocked", "Wait until the lock ends, or have it removed."),
    *_same("50055 50056 50126 50144", "The password is wrong or has expired", _PASSWORD),
    *_same("50076 50074 50078 50158 500121", "A second factor is needed", _SECOND_FACTOR),
    *_same(
        "50079 50072 53004",
        "A second factor has to be registered",
        f"The tenant requires a second factor: register one at https://aka.ms/mfasetup. {_AGAIN}",
    ),
    *_same("50173 50132 50133 50089 70000 70008 700082 70043 700084", "The sign-in has ended", _OLD),
    *_same("70018 90119", "The code is used up or unknown", f"The code is used up or unknown. {_AGAIN}"),
    *_same("70019 70020", "The code has expired", f"The code expired before a person signed in. {_AGAIN}"),
    _one("90120", "The code was answered already", f"The code is used up: it was approved or declined. {_AGAIN}"),
    _one("50134", "The code was entered in another data centre", _AGAIN),
    # Policies
    *_same("53003 530032 50131", "A policy of the tenant blocks the sign-in", _BLOCKED, person=_BLOCKED_PERSON),
    *_same(
        "50005 50097 50129 53000 53001 53002 53010 53011 530034 530035",
        "A policy of the tenant asks for a known device or a safer sign-in",
        _BLOCKED,
        person=_BLOCKED_PERSON,
    ),
    # What passes
    *_same(
        "50033 50087 50166 90006 90012 90024 90033 90090 90091 51005 70012",
        "The identity platform has a temporary problem",
        _LATER,
        then=Then.WAIT,
    ),
    _one(
        "90055", "Too many sign-ins in the tenant", "Too many requests to the tenant: run again later.", then=Then.WAIT
    ),
    _one(
        "50196",
        "Too many sign-ins of this application",
        "Too many sign-ins in a short time: run again in some minutes.",
    ),
    *_same(
        "50000 90036 90092",
        "The identity platform has a permanent problem",
        "Report it to Microsoft's support with the request id in the field error.",
    ),
    # What the collection never sends
    *_same(
        "70003 90004 90014 900144 90013 90015 90023 90100 9002313 900561 901002", "The request is malformed", _REQUEST
    ),
)
