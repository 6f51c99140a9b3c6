# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tiny OpenID issuer below the admin interface, for workload identity federation without the internet.

It stands for GitHub, a Kubernetes cluster and the like: discovery, keys, and any subject one asks for.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import jwt

from ..clock import Clock
from .tokens import SigningKey, trace_id

Json = dict[str, Any]
PATH = "/_emulator/issuer"
# "The audience ... the recommended value is api://AzureADTokenExchange" (federatedIdentityCredential resource page).
DEFAULT_AUDIENCE = "api://AzureADTokenExchange"
_LIFETIME = 600


@cache
def issuer_key() -> SigningKey:
    """One key a process, and not the tenant's."""
    return SigningKey()


def discovery(base: str) -> Json:
    return {
        "issuer": f"{base}{PATH}",
        "jwks_uri": f"{base}{PATH}/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def keys() -> Json:
    return {"keys": [{**issuer_key().as_jwk(), "alg": "RS256"}]}


def minted(*, base: str, clock: Clock, subject: str, audience: str, lifetime: float = _LIFETIME) -> str:
    now = int(clock.timestamp())
    claims = {
        "iss": f"{base}{PATH}",
        "sub": subject,
        "aud": audience,
        "iat": now,
        "nbf": now,
        "exp": now + int(lifetime),
        "jti": trace_id(),
    }
    key = issuer_key()
    return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid})


def assertion_asked(body: Json, *, base: str, clock: Clock) -> Json:
    """POST /_emulator/assertion {subject, audience?, lifetime?}."""
    subject, audience = body.get("subject"), body.get("audience", DEFAULT_AUDIENCE)
    lifetime = body.get("lifetime", _LIFETIME)
    if not isinstance(subject, str) or not isinstance(audience, str) or not subject:
        raise ValueError("subject and audience must be texts")
    if isinstance(lifetime, bool) or not isinstance(lifetime, (int, float)):
        raise ValueError("lifetime must be a number of seconds")
    token = minted(base=base, clock=clock, subject=subject, audience=audience, lifetime=lifetime)
    return {"assertion": token, "issuer": f"{base}{PATH}", "subject": subject, "audience": audience}
