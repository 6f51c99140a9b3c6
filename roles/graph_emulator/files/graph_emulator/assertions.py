# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client assertions: a JWT signed by the key of a certificate that is registered on the application.

Federated identity credentials are kept but not honoured here: their issuers' keys are out of reach.
"""

from __future__ import annotations

import base64
from typing import Any

import jwt
from cryptography import x509

from .clock import parse_sent_time
from .tenant import Tenant


class AssertionRefused(Exception):
    """`code` is the AADSTS number."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def certificate_from(encoded: str) -> x509.Certificate:
    """The certificate in a keyCredential's `key`: base64 of DER, line breaks allowed (azure-cli recording)."""
    return x509.load_der_x509_certificate(base64.b64decode(encoded))


def checked_assertion(
    assertion: str, *, client_id: str, holders: list[dict[str, Any]], tenant: Tenant, audiences: frozenset[str]
) -> None:
    """Returns when a registered, valid certificate signed the assertion for this endpoint and this client."""
    now = tenant.clock.now()
    for credential in (entry for holder in holders for entry in holder["keyCredentials"]):
        encoded = tenant.directory.certificates.get(credential["keyId"])
        end = parse_sent_time(credential["endDateTime"] or "")
        if encoded is None or (end is not None and end <= now):
            continue
        try:
            claims = jwt.decode(
                assertion, certificate_from(encoded).public_key(),  # type: ignore[arg-type]
                algorithms=["RS256", "PS256"],
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
            )
        except jwt.PyJWTError:
            continue
        if claims.get("iss") != client_id or claims.get("sub") != client_id:
            raise AssertionRefused(
                700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
        if claims.get("aud") not in audiences:
            raise AssertionRefused(700023, "Client assertion audience claim does not match Realm issuer.")
        if claims.get("exp", 0) <= tenant.clock.timestamp():
            raise AssertionRefused(700024, "Client assertion is not within its valid time range.")
        return
    raise AssertionRefused(
        700027, "The certificate with identifier used to sign the client assertion is not registered on application.")
