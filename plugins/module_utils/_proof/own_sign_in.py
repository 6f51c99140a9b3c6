# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The application itself signs in, with its own credential, to prove what it may do."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import GUID
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import SignInError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_credential import OwnCredential
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import (
    AccessToken,
    IdentityPlatform,
    is_not_ready,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

# Source: "Authenticate an IMAP, POP or SMTP connection using OAuth". No source names the hosts of national clouds.
EXCHANGE_ONLINE = "https://outlook.office365.com"


class OwnSignIn:
    """Fresh tokens for an application. ``attempts`` counts the requests for one.

    ``waits``: a refused credential may have been created moments ago, so it is tried again.
    """

    def __init__(self, call: Call, credential: OwnCredential, *, waits: bool) -> None:
        self.client_id = credential.client_id
        self.tenant_id = credential.tenant_id
        self.key_id = credential.key_id
        self.attempts = 0
        self._value = credential.value
        self._waits = waits
        self._call = call
        self._identity = IdentityPlatform(call.http, authority=call.endpoint.authority, memory=call.memory)
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning, rounded."""
        return round(time.monotonic() - self._began, 1)

    def token(self, resource: str) -> AccessToken:
        """A fresh token. The refusal of a fresh credential is waited for.

        A fresh credential is refused for some seconds with the answer that a wrong one gets. Raises SignInError.
        """
        while True:
            self.attempts += 1
            try:
                token = self._identity.client_credentials_token(
                    tenant_id=self.tenant_id,
                    client_id=self.client_id,
                    credential=self._value,
                    resource=resource,
                )
            except SignInError as exc:
                if not self._waits or not is_not_ready(exc.code):
                    raise
                if self._call.http.patience.pause():
                    continue
                raise SignInError(
                    f"{exc.message} (tried {self.attempts} times in {time.monotonic() - self._began:.0f} s)",
                    next_step=f"If the credential is new, run again or raise wait_timeout. Otherwise: {exc.next_step}",
                    **exc.details,
                ) from None
            self._call.secrets.add(token.value)
            _check_whose(token, client_id=self.client_id, tenant_id=self.tenant_id)
            self.tenant_id = token.tenant_id or self.tenant_id
            return token


def object_id(token: AccessToken) -> str | None:
    """Of the service principal, which is who the token is for."""
    found = GUID.fullmatch(text_or_empty(token.claims, "oid"))
    if found is None:
        return None
    return found[0]


def _check_whose(token: AccessToken, *, client_id: str, tenant_id: str) -> None:
    """A token for another application or tenant proves nothing. An opaque one names neither. Raises SignInError."""
    claims = {
        "tid": ("tenant", tenant_id),
        "appid": ("application", client_id),
        "azp": ("application", client_id),
    }
    for name, (whose, asked) in claims.items():
        claimed = token.claims.get(name)
        if isinstance(claimed, str) and GUID.fullmatch(asked) and claimed.lower() != asked.lower():
            raise SignInError(
                f"The token is for a different {whose} than requested (its claim {name} is not {asked})",
                next_step="Check what answers at the address of the sign-in host.",
            )
