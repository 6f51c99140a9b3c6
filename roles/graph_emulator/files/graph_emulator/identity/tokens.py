# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access tokens: minting them for a client, and checking those that callers bring.

Claims follow the v1 tokens that the v2 endpoint mints for Microsoft Graph (Microsoft identity platform, "Access token
claims reference"; that it is v1 is recorded in calvinchengx/entra-emulator).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from functools import cache, lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .. import errors
from ..caller import Caller
from ..clock import Clock

Json = dict[str, Any]
_LEEWAY = 300


class SigningKey:
    """The tenant's RS256 key."""

    def __init__(self) -> None:
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.public = self.private.public_key()
        encoded = self.public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.kid = base64.urlsafe_b64encode(hashlib.sha256(encoded).digest()[:20]).decode("ascii").rstrip("=")

    def as_jwk(self) -> Json:
        numbers = self.public.public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            "n": _unsigned(numbers.n),
            "e": _unsigned(numbers.e),
        }


@cache
def process_key() -> SigningKey:
    """One key a process: making one takes longer than a test should."""
    return SigningKey()


def _unsigned(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _opaque(length: int) -> str:
    return secrets.token_urlsafe(length)


def mint(
    key: SigningKey,
    *,
    clock: Clock,
    lifetime: int,
    tenant_id: str,
    audience: str,
    principal: Json,
    roles: list[str],
    secret_used: bool = True,
) -> str:
    """A signed token. `roles` is left out when there are none, as the real service does."""
    now = int(clock.timestamp())
    claims: Json = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant_id}/",
        "iat": now - _LEEWAY,
        "nbf": now - _LEEWAY,
        "exp": now + lifetime,
        "aio": _opaque(24),
        "app_displayname": principal["appDisplayName"],
        "appid": principal["appId"],
        # 1: authenticated by a client secret; 2: by a certificate or another assertion.
        "appidacr": "1" if secret_used else "2",
        "idp": f"https://sts.windows.net/{tenant_id}/",
        "idtyp": "app",
        "oid": principal["id"],
        "rh": f"1.{_opaque(36)}.",
        "roles": sorted(roles),
        "sub": principal["id"],
        "tid": tenant_id,
        "uti": _opaque(16),
        "ver": "1.0",
    }
    if not roles:
        del claims["roles"]
    return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid, "x5t": key.kid})


@lru_cache(maxsize=64)
def _signed_claims(token: str, key: SigningKey) -> Json:
    """The claims of a token of this tenant, which are not to be changed: one token comes with many requests."""
    claims: Json = jwt.decode(
        token,
        key.public,
        algorithms=["RS256"],
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
    )
    return claims


def read(
    authorization: str | None, key: SigningKey, *, clock: Clock, audiences: frozenset[str], tenant_id: str
) -> Caller:
    """The caller behind an Authorization header; anything wrong with it is Graph's 401."""
    scheme, _space, token = (authorization or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise errors.unauthenticated("Access token is empty.")
    try:
        claims = _signed_claims(token, key)
    except jwt.InvalidSignatureError as error:
        raise errors.unauthenticated("Access token validation failure. Invalid signature.") from error
    except jwt.PyJWTError as error:
        raise errors.unauthenticated("CompactToken parsing failed with error code: 80049217") from error
    if str(claims.get("aud", "")).rstrip("/") not in audiences:
        raise errors.unauthenticated("Access token validation failure. Invalid audience.")
    if claims.get("tid") != tenant_id:
        raise errors.unauthenticated("Access token validation failure.")
    if clock.timestamp() >= claims["exp"]:
        raise errors.unauthenticated("Lifetime validation failed, the token is expired.")
    if claims.get("idtyp") == "user":
        return Caller(
            claims["appid"],
            claims["oid"],
            frozenset(),
            scopes=frozenset(str(claims.get("scp", "")).split()),
            wids=frozenset(claims.get("wids", ())),
            delegated=True,
        )
    return Caller(claims["appid"], claims["oid"], frozenset(claims.get("roles", ())))


def trace_id() -> str:
    return str(uuid.uuid4())
