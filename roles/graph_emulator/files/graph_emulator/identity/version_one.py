# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints without v2.0 in their path: a `resource` in place of scopes, and numbers as texts.

Page "Azure Active Directory v1.0 endpoint" ("Service-to-service calls using client credentials"), whose sample answers
give the names and types.
"""

from __future__ import annotations

from typing import Any

from ..clock import Clock

Json = dict[str, Any]
# What the first version returns for a user without being asked.
_USER_SCOPES = "openid profile offline_access"


def with_scope(fields: dict[str, str]) -> dict[str, str]:
    """The same request in the words of the second version; without a resource it lacks its scope there as well."""
    resource = fields.get("resource", "")
    if not resource:
        return {name: value for name, value in fields.items() if name != "scope"}
    scope = f"{resource}/.default"
    by_user = fields.get("grant_type") != "client_credentials"
    return {**fields, "scope": f"{scope} {_USER_SCOPES}" if by_user else scope}


def answer(body: Json, *, resource: str, clock: Clock) -> Json:
    now = int(clock.timestamp())
    lifetime = body["expires_in"]
    texts = {
        "expires_in": str(lifetime),
        "ext_expires_in": str(body["ext_expires_in"]),
        "expires_on": str(now + lifetime),
        "not_before": str(now),
        "resource": resource,
    }
    return {"token_type": body["token_type"], **texts, **{k: v for k, v in body.items() if k not in texts}}


def openid_configuration(document: Json, *, root: str, issuer: str) -> Json:
    """From the second version's; the issuer is the one in access tokens."""
    return {
        **document,
        "token_endpoint": f"{root}/oauth2/token",
        "jwks_uri": f"{root}/discovery/keys",
        "scopes_supported": ["openid"],
        "issuer": issuer,
        "microsoft_multi_refresh_token": True,
        "authorization_endpoint": f"{root}/oauth2/authorize",
        "device_authorization_endpoint": f"{root}/oauth2/devicecode",
    }
