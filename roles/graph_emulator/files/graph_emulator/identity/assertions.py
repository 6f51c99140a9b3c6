# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client assertions signed with the key of a certificate that is registered on the application.

Header and claims: page "Microsoft identity platform application authentication certificate credentials". An assertion
by an issuer other than the client itself is a federated one, see federation.py.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from ..clock import parse_sent_time
from ..directory.tenant import Tenant
from .aadsts import TokenRefused

Json = dict[str, Any]
_SKEW = 300


def refused(code: int, text: str) -> TokenRefused:
    return TokenRefused(code, "invalid_client", text, status=401)


def certificate_from(encoded: str) -> x509.Certificate:
    """The certificate in a keyCredential's `key`: base64 of DER, line breaks allowed (azure-cli recording), or of PEM.

    The latter: terraform-provider-azuread, internal/helpers/credentials, for the encodings "pem" and "hex".
    """
    raw = base64.b64decode(encoded)
    return x509.load_pem_x509_certificate(raw) if raw.startswith(b"-----") else x509.load_der_x509_certificate(raw)


def signed_claims(assertion: str, public: rsa.RSAPublicKey) -> Json:
    """Claims are compared with the emulator's own clock and texts, not by PyJWT; a bad signature is a PyJWTError."""
    claims: Json = jwt.decode(
        assertion,
        public,
        algorithms=["RS256", "PS256"],
        options={
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
            "verify_aud": False,
            "verify_iss": False,
            "verify_sub": False,
            "verify_jti": False,
        },
    )
    return claims


def unverified_claims(assertion: str) -> Json:
    try:
        claims: Json = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        # The number is Microsoft's for a malformed token; the wording after the colon is inferred.
        raise refused(50027, "JWT token is invalid or malformed.") from error
    if claims.get("jti") is not None and not isinstance(claims["jti"], str):
        raise refused(50027, "JWT token is invalid or malformed.")
    return claims


def check_lifetime(claims: Json, tenant: Tenant) -> None:
    """exp must be there and ahead, nbf behind; the wording is that of public logs of AADSTS700024."""
    now = tenant.clock.timestamp()
    expiry, start = _number(claims.get("exp")), _number(claims.get("nbf", 0))
    if expiry is not None and start is not None and start - _SKEW <= now < expiry:
        return
    shown = "missing" if expiry is None else _moment(expiry)
    raise refused(
        700024,
        f"Client assertion is not within its valid time range. Current time: {_moment(now)}, expiry time of assertion "
        f"{shown}. Review the documentation at "
        "https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .",
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _moment(timestamp: float) -> str:
    try:
        return f"{datetime.fromtimestamp(timestamp, tz=timezone.utc):%Y-%m-%dT%H:%M:%S.0000000Z}"
    except (OverflowError, ValueError, OSError):
        return "out of range"


@dataclass(frozen=True)
class _Registered:
    certificate: x509.Certificate
    start: datetime | None
    end: datetime | None


def check_certificate_assertion(
    assertion: str, *, client_id: str, holders: list[Json], tenant: Tenant, audiences: frozenset[str]
) -> None:
    """Returns when a registered, valid certificate signed the assertion for this endpoint and this client."""
    thumbprint = _thumbprint(assertion)
    found = _registered(thumbprint, holders, tenant)
    if found is None:
        raise _not_registered("The key was not found.", thumbprint, client_id)
    now = tenant.clock.now()
    if found.end is not None and found.end <= now:
        raise _not_registered("The key used is expired.", thumbprint, client_id)
    if found.start is not None and found.start > now:
        # Inferred from the text for an expired key.
        raise _not_registered("The key used is not yet valid.", thumbprint, client_id)
    public = found.certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise _not_registered(
            "The key was found, but use of the key to verify the signature failed.", thumbprint, client_id
        )
    try:
        claims = signed_claims(assertion, public)
    except jwt.PyJWTError as error:
        raise _not_registered(
            "The key was found, but use of the key to verify the signature failed.", thumbprint, client_id
        ) from error
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise refused(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
    if claims.get("aud") not in audiences:
        raise refused(700023, "Client assertion audience claim does not match Realm issuer.")
    check_lifetime(claims, tenant)


def _thumbprint(assertion: str) -> str:
    """Hexadecimal, from x5t (SHA-1) or x5t#S256."""
    header = jwt.get_unverified_header(assertion)
    encoded = header.get("x5t#S256") or header.get("x5t")
    if not isinstance(encoded, str):
        # AzureAD/microsoft-authentication-library-for-dotnet issue 124.
        raise refused(50027, "Invalid JWT token. No certificate thumbprint specified in token header.")
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).hex().upper()
    except (binascii.Error, ValueError) as error:
        raise refused(50027, "Invalid JWT token. No certificate thumbprint specified in token header.") from error


def _registered(thumbprint: str, holders: list[Json], tenant: Tenant) -> _Registered | None:
    for credential in (entry for holder in holders for entry in holder["keyCredentials"]):
        encoded = tenant.directory.certificates.get(credential["keyId"])
        if encoded is None:
            continue
        certificate = certificate_from(encoded)
        prints = (certificate.fingerprint(hashes.SHA1()), certificate.fingerprint(hashes.SHA256()))
        if thumbprint in (value.hex().upper() for value in prints):
            return _Registered(
                certificate,
                parse_sent_time(credential["startDateTime"] or ""),
                parse_sent_time(credential["endDateTime"] or ""),
            )
    return None


def _not_registered(reason: str, thumbprint: str, client_id: str) -> TokenRefused:
    """Wording: AzureAD/microsoft-authentication-library-for-js issue 8339."""
    return refused(
        700027,
        "The certificate with identifier used to sign the client assertion is not registered on application. "
        f"[Reason - {reason}, Thumbprint of key used by client: '{thumbprint}', Please visit the Azure Portal, Graph "
        f"Explorer or directly use MS Graph to see configured keys for app Id '{client_id}'. Review the documentation "
        "at https://docs.microsoft.com/en-us/graph/deployments to determine the corresponding service endpoint].",
    )
