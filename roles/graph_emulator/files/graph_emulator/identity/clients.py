# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who asks for a token: the client's registration and its proof, a secret, a certificate or a federated assertion."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any
from urllib.parse import unquote

from ..clock import parse_sent_time
from ..directory.tenant import Tenant, secret_digest
from .aadsts import TokenRefused, missing
from .assertions import check_certificate_assertion, refused, unverified_claims
from .federation import check_federated_assertion

Json = dict[str, Any]
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NO_CLIENT = "00000000-0000-0000-0000-000000000000"


def client_principal(tenant: Tenant, client_id: str) -> Json:
    """The service principal of a registered application, or of a public client of Microsoft's; a token needs it.

    Before the secret is looked at: that AADSTS7000229 comes first is inferred from it naming the client, not the
    credential.
    """
    if client_id == _NO_CLIENT:
        raise TokenRefused(
            700038, "unauthorized_client", f"{client_id} is not a valid application identifier.", with_uri=False
        )
    application = tenant.application_by("appId", client_id)
    principal = tenant.service_principal_by("appId", client_id)
    if application is None and principal is not None and is_microsofts(tenant, principal):
        return principal
    if application is None or tenant.lag.hides(application["id"]):
        raise TokenRefused(
            700016,
            "unauthorized_client",
            f"Application with identifier '{client_id}' was not found in the directory "
            f"'{tenant.directory.organization['displayName']}'. This can happen if the application has not "
            "been installed by the administrator of the tenant or consented to by any user in the tenant. You may "
            "have sent your authentication request to the wrong tenant.",
        )
    if principal is None or tenant.lag.hides(principal["id"]):
        raise TokenRefused(
            7000229,
            "invalid_client",
            f"The client application {client_id} is missing service principal in the tenant "
            f"{tenant.tenant_id}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119",
            status=401,
        )
    # isDisabled: "Deactivate an app registration", Microsoft Learn.
    if principal["accountEnabled"] is False or True in (application.get("isDisabled"), principal.get("isDisabled")):
        raise TokenRefused(
            7000112, "unauthorized_client", f"Application '{client_id}'({principal['displayName']}) is disabled."
        )
    return principal


def is_microsofts(tenant: Tenant, principal: Json) -> bool:
    return bool(principal["appOwnerOrganizationId"] != tenant.tenant_id)


def authenticate(tenant: Tenant, client_id: str, fields: dict[str, str], *, base: str) -> str:
    """How the client proved itself, as in the claim appidacr: 1 by a secret, 2 by an assertion."""
    application = tenant.application_by("appId", client_id)
    principal = tenant.service_principal_by("appId", client_id)
    holders = [item for item in (application, principal) if item is not None]
    if fields.get("client_assertion"):
        if fields.get("client_assertion_type") != _ASSERTION_TYPE:
            raise missing("client_assertion_type")
        _check_assertion(tenant, fields["client_assertion"], client_id=client_id, holders=holders, base=base)
        return "2"
    if not fields.get("client_secret"):
        raise no_proof()
    _check_secret(tenant, fields["client_secret"], client_id, holders)
    return "1"


def no_proof() -> TokenRefused:
    return refused(
        7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
    )


def authenticate_for_user(tenant: Tenant, client_id: str, fields: dict[str, str], *, base: str) -> str:
    """appidacr of a sign-in of a user: 0 for a public client, which must not present a proof.

    Public is an application of the tenant with isFallbackPublicClient ("Allow public client flows"), and Microsoft's
    own command line tools. The refusals: canonical/authd issue 1881, MicrosoftDocs/azure-docs issue 31986.
    """
    presented = bool(fields.get("client_assertion") or fields.get("client_secret"))
    application = tenant.application_by("appId", client_id)
    if application is None or application["isFallbackPublicClient"] is True:
        if presented:
            raise refused(
                700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."
            )
        return "0"
    return authenticate(tenant, client_id, fields, base=base)


def _check_assertion(tenant: Tenant, assertion: str, *, client_id: str, holders: list[Json], base: str) -> None:
    """By its issuer: the client itself means a certificate, any other issuer federation."""
    claims = unverified_claims(assertion)
    sent = claims.get("iss")
    if isinstance(sent, str) and sent.startswith("https://"):
        credentials = [
            entry for item in holders for entry in tenant.directory.federated_credentials.get(item["id"], [])
        ]
        check_federated_assertion(assertion, credentials=credentials, tenant=tenant, base=base)
        return
    names = (tenant.tenant_id, tenant.domain)
    paths = ("oauth2/v2.0/token", "v2.0", "oauth2/token")
    check_certificate_assertion(
        assertion,
        client_id=client_id,
        holders=holders,
        tenant=tenant,
        audiences=frozenset(f"{base}/{name}/{path}" for name in names for path in paths),
    )


def _check_secret(tenant: Tenant, value: str, client_id: str, holders: list[Json]) -> None:
    """Any good secret of the application or of its service principal will do."""
    digest = secret_digest(value)
    now = tenant.clock.now()
    for credential in (entry for holder in holders for entry in holder["passwordCredentials"]):
        record = tenant.directory.secrets.get(credential["keyId"])
        if record is None or not hmac.compare_digest(record.digest, digest):
            continue
        if record.created + tenant.settings.secret_delay > tenant.clock.timestamp():
            break
        end = parse_sent_time(credential["endDateTime"])
        if end is not None and end <= now:
            raise refused(
                7000222,
                f"The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to "
                "create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate "
                "credentials for added security: https://aka.ms/certCreds.",
            )
        start = parse_sent_time(credential["startDateTime"])
        if start is not None and start > now:
            break
        return
    raise refused(
        7000215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
        f"not the client secret ID, for a secret added to app '{client_id}'.",
    )


def basic_credentials(authorization: str | None) -> dict[str, str]:
    """client_id and client_secret from HTTP Basic, each form-encoded as RFC 6749 section 2.3.1 wants."""
    scheme, _space, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    client_id, _colon, client_secret = text.partition(":")
    return {"client_id": unquote(client_id), "client_secret": unquote(client_secret)}
