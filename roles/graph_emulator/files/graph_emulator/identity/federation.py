# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client assertions by an external issuer that a federatedIdentityCredential of the application trusts.

Matching: issuer, subject and audience, case-sensitive (page "Workload identity federation"). Texts of the AADSTS codes:
Azure/login issues 482 and 515, Azure/azure-workload-identity issues 616 and 1200; for issuer and audience only the
beginning of the text is public.
"""

from __future__ import annotations

from typing import Any

import jwt

from ..directory.tenant import Tenant
from . import issuer
from .aadsts import TokenRefused
from .assertions import check_lifetime, refused, signed_claims, unverified_claims

Json = dict[str, Any]
_NO_MATCH = "No matching federated identity record found for presented assertion"
_CHECK = "Check your federated identity credential Subject, Audience and Issuer against the presented assertion."
_PAGE = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"


def check_federated_assertion(assertion: str, *, credentials: list[Json], tenant: Tenant, base: str) -> None:
    """Returns when one of the credentials matches and the issuer really signed the assertion."""
    claims = unverified_claims(assertion)
    _matching(claims, credentials)
    _check_signature(assertion, claims, base)
    check_lifetime(claims, tenant)


def _matching(claims: Json, credentials: list[Json]) -> Json:
    sent_issuer, subject, audience = (str(claims.get(name, "")) for name in ("iss", "sub", "aud"))
    if not credentials:
        # azure-workload-identity issue 616 shows this as 400 invalid_request.
        raise TokenRefused(
            70021,
            "invalid_request",
            f"{_NO_MATCH}. Assertion Issuer: '{sent_issuer}'. Assertion Subject: '{subject}'. Assertion Audience: "
            f"'{audience}'. {_PAGE}",
        )
    same_issuer = [entry for entry in credentials if entry["issuer"] == sent_issuer]
    if not same_issuer:
        raise refused(700211, f"{_NO_MATCH} issuer '{sent_issuer}'. {_CHECK} {_PAGE}")
    same_subject = [entry for entry in same_issuer if entry["subject"] == subject]
    if not same_subject and any(str(entry["subject"]).lower() == subject.lower() for entry in same_issuer):
        raise refused(
            7002138,
            f"{_NO_MATCH} subject '{subject}'. The subject matches with case-insensitive comparison, but not with "
            f"case-sensitive comparison. {_CHECK} See documentation at: {_PAGE}.",
        )
    if not same_subject:
        raise refused(700213, f"{_NO_MATCH} subject '{subject}'. {_CHECK} {_PAGE}")
    for entry in same_subject:
        if audience in entry["audiences"]:
            return entry
    raise refused(7002121, f"{_NO_MATCH} audience '{audience}'. {_CHECK} {_PAGE}")


def _check_signature(assertion: str, claims: Json, base: str) -> None:
    """The emulator cannot read the keys of other issuers, and reports this."""
    if claims["iss"] != f"{base}{issuer.PATH}":
        raise refused(
            50166,
            "Request to External OIDC endpoint failed. The emulator can verify assertions of its own test issuer "
            f"only: {base}{issuer.PATH}",
        )
    try:
        signed_claims(assertion, issuer.issuer_key().public)
    except jwt.PyJWTError as error:
        # The code is Microsoft's for assertions with a bad signature; that it is used here is inferred.
        raise refused(50013, "Assertion failed signature validation. [Reason - The key was not found.]") from error
