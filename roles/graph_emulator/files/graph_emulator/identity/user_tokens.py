# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a signed-in user's client gets: access token, id token, refresh token.

Access tokens for Microsoft Graph are v1 tokens (page "Access token claims reference"), id tokens of this endpoint v2
(page "ID token claims reference"). Refresh tokens are opaque, live for 90 days, are replaced at every use, and the old
one is not revoked by that (page "Refresh tokens in the Microsoft identity platform").
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import jwt

from ..clock import Clock
from ..directory import directory_roles
from ..directory.tenant import Tenant, secret_digest
from .aadsts import TokenRefused
from .tokens import SigningKey

Json = dict[str, Any]
_LEEWAY = 300
_REFRESH_LIFETIME = 90 * 86400


@dataclass(frozen=True)
class SignIn:
    """A user at a client; `proof` is the claim appidacr."""

    client: Json
    user: Json
    proof: str


def access_token(
    key: SigningKey, tenant: Tenant, sign_in: SignIn, *, audience: str, names: list[str], base_claims: frozenset[str]
) -> str:
    now = int(tenant.clock.timestamp())
    user, client = sign_in.user, sign_in.client
    roles = tenant.directory.user_roles.get(user["id"], frozenset())
    claims: Json = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant.tenant_id}/",
        "iat": now - _LEEWAY,
        "nbf": now - _LEEWAY,
        "exp": now + tenant.settings.token_lifetime,
        "acct": 0,
        "acr": "1",
        "aio": secrets.token_urlsafe(24),
        "amr": ["pwd"],
        "app_displayname": client["appDisplayName"],
        "appid": client["appId"],
        "appidacr": sign_in.proof,
        "family_name": user.get("surname"),
        "given_name": user.get("givenName"),
        "idtyp": "user",
        "ipaddr": "127.0.0.1",
        "name": user["displayName"],
        "oid": user["id"],
        "rh": f"1.{secrets.token_urlsafe(36)}.",
        "scp": " ".join(sorted({*names, *(base_claims - {"offline_access"})})),
        "sub": pairwise(user["id"], audience),
        "tid": tenant.tenant_id,
        "unique_name": user["userPrincipalName"],
        "upn": user["userPrincipalName"],
        "uti": secrets.token_urlsafe(16),
        "ver": "1.0",
        "wids": [*sorted(roles), directory_roles.MEMBER],
    }
    shown = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(shown, key.private, algorithm="RS256", headers={"kid": key.kid, "x5t": key.kid})


def id_token(key: SigningKey, tenant: Tenant, sign_in: SignIn, *, base: str) -> str:
    now = int(tenant.clock.timestamp())
    user, client_id = sign_in.user, sign_in.client["appId"]
    claims = {
        "aud": client_id,
        "iss": f"{base}/{tenant.tenant_id}/v2.0",
        "iat": now - _LEEWAY,
        "nbf": now - _LEEWAY,
        "exp": now + tenant.settings.token_lifetime,
        "name": user["displayName"],
        "oid": user["id"],
        "preferred_username": user["userPrincipalName"],
        "rh": f"1.{secrets.token_urlsafe(36)}.",
        "sub": pairwise(user["id"], client_id),
        "tid": tenant.tenant_id,
        "uti": secrets.token_urlsafe(16),
        "ver": "2.0",
    }
    return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid})


def client_info(tenant: Tenant, user: Json) -> str:
    """What MSAL names the account by; sent when it asks with client_info=1."""
    text = json.dumps({"uid": user["id"], "utid": tenant.tenant_id}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii").rstrip("=")


def pairwise(user_id: str, audience: str) -> str:
    """`sub` differs from application to application."""
    digest = hashlib.sha256(f"{user_id} {audience}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


@dataclass(frozen=True)
class Refresh:
    """What is kept of a refresh token: never its value."""

    client_id: str
    user_id: str
    expires: float


@dataclass
class RefreshTokens:
    held: dict[str, Refresh] = field(default_factory=dict)

    def issue(self, client_id: str, user_id: str, clock: Clock) -> str:
        value = f"1.{secrets.token_urlsafe(90)}"
        self.held[secret_digest(value)] = Refresh(client_id, user_id, clock.timestamp() + _REFRESH_LIFETIME)
        return value

    def redeem(self, value: str, client_id: str, clock: Clock) -> str:
        """The user's id. Texts: AzureAD MSAL for Android issue 558, blobfile issue 93."""
        record = self.held.get(secret_digest(value))
        if record is None:
            raise TokenRefused(9002313, "invalid_grant", "Invalid request. Request is malformed or invalid.")
        if record.client_id != client_id:
            # The code is documented (InvalidGrant); that it is this one is inferred.
            raise TokenRefused(
                70000,
                "invalid_grant",
                "The provided value for the input parameter 'refresh_token' or 'assertion' is not valid.",
            )
        if record.expires <= clock.timestamp():
            raise TokenRefused(
                700082,
                "invalid_grant",
                "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00.",
            )
        return record.user_id
