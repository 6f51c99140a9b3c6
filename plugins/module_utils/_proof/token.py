# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Proof by a real token: a fresh one for the application's own client id and credential, and the roles it carries."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_sign_in import OwnSignIn
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

# Source: "Authenticate an IMAP, POP or SMTP connection using OAuth". No source names the hosts of national clouds.
EXCHANGE_ONLINE = "https://outlook.office365.com"


def token_info(call: Call) -> dict[str, t.Any]:
    """Poll, within wait_timeout, until a token is issued and carries the expected roles.

    A fresh consent shows up in tokens only after a while, so that it cannot be judged at the first try. Raises
    SignInError where no token came.
    """
    params = call.params
    sign_in = OwnSignIn(call)
    expected = sorted(set(params["expected_roles"] or ()))
    resource = {"microsoft_graph": call.endpoint.graph, "exchange_online": EXCHANGE_ONLINE}[params["resource"]]
    while True:
        token = sign_in.token(resource)
        missing = [role for role in expected if role not in token.roles]
        if not missing or not params["poll"] or not call.http.patience.pause():
            break
    return {
        "changed": False,
        "client_id": sign_in.client_id,
        "tenant_id": sign_in.tenant_id,
        "proven": not missing,
        "roles": token.roles,
        "missing_roles": missing,
        "unexpected_roles": _unexpected(token, params["expected_roles"]),
        "scope": f"{resource}/.default",
        "audience": audience if isinstance(audience := token.claims.get("aud"), str) else resource,
        "expires": times.written(datetime.datetime.fromtimestamp(int(token.expires), datetime.timezone.utc)),
        "attempts": sign_in.attempts,
        "waited_seconds": sign_in.seconds,
    }


def _unexpected(token: AccessToken, expected: t.Sequence[str] | None) -> list[str]:
    """Roles beyond the expected ones, such as a broad permission that somebody granted by hand."""
    return [] if expected is None else [role for role in token.roles if role not in expected]
