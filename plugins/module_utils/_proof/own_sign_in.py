# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The application itself signs in, with its own client secret, to prove what it may do."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import (
    GUID,
    KINDS_OF_CREDENTIAL,
    check_guid,
    check_tenant,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError, SignInError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.client_credentials import (
    by_assertion,
    by_certificate,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import (
    CREDENTIAL_NOT_READY,
    AccessToken,
    IdentityPlatform,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call


class OwnSignIn:
    """Fresh tokens for the application of the option client_id, by the credential among the options.

    ``attempts`` counts the requests for one. Raises InputError for what is wrong with the options.
    """

    def __init__(self, call: Call) -> None:
        self.client_id = check_guid("client_id", call.params["client_id"])
        self.tenant_id = check_tenant("tenant_id", call.params["tenant_id"])
        self._credential = _credential(call)
        self.attempts = 0
        self._call = call
        self._identity = IdentityPlatform(call.http, authority=call.endpoint.authority, memory=call.memory)
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning, rounded."""
        return round(time.monotonic() - self._began, 1)

    def token(self, resource: str) -> AccessToken:
        """A fresh token. Where the credential may be fresh and polling is wished, its refusal is waited for.

        A fresh credential is refused for some seconds with the answer that a wrong one gets. Raises SignInError.
        """
        params = self._call.params
        while True:
            self.attempts += 1
            try:
                token = self._identity.client_credentials_token(
                    tenant_id=self.tenant_id,
                    client_id=self.client_id,
                    credential=self._credential,
                    resource=resource,
                )
            except SignInError as exc:
                waits = exc.code in CREDENTIAL_NOT_READY and params["poll"] and params["fresh_secret"]
                if waits and self._call.http.patience.pause():
                    continue
                if not waits:
                    raise
                raise SignInError(
                    f"{exc.message} (asked {self.attempts} times in {time.monotonic() - self._began:.0f} s)",
                    next_step=f"If the credential is fresh, run again or raise wait_timeout. Else: {exc.next_step}",
                    **exc.details,
                ) from None
            self._call.secrets.add(token.value)
            _check_whose(token, client_id=self.client_id, tenant_id=self.tenant_id)
            self.tenant_id = token.tenant_id or self.tenant_id
            return token


def object_id(token: AccessToken) -> str | None:
    """Of the service principal, which is who the token is for."""
    oid = token.claims.get("oid")
    return oid if isinstance(oid, str) and GUID.fullmatch(oid) else None


def _check_whose(token: AccessToken, *, client_id: str, tenant_id: str) -> None:
    """A token for another application or tenant proves nothing. An opaque one names neither. Raises SignInError."""
    claims = {"tid": tenant_id, "appid": client_id, "azp": client_id}
    for name, asked in claims.items():
        told = token.claims.get(name)
        if isinstance(told, str) and GUID.fullmatch(asked) and told.lower() != asked.lower():
            raise SignInError(
                f"The token is for another {'tenant' if name == 'tid' else 'application'} than was asked for"
                f" (its claim {name} is not {asked})",
                next_step="Check what answers at the address of the sign-in host.",
            )


def _credential(call: Call) -> str | dict[str, str]:
    """As msal takes it; what is read from a file counts as a secret from here on. Raises InputError."""
    params = call.params
    if params["client_secret"] is not None:
        if not params["client_secret"].strip():
            raise InputError("client_secret is blank", next_step="Pass the value of the client secret.")
        return str(params["client_secret"])
    if params["client_certificate_path"] is not None:
        credential = by_certificate(
            params["client_certificate_path"],
            option="client_certificate_path",
            renewal="Renew it with azure_app_certificate.",
        )
    else:
        value, path = params["client_assertion"], params["client_assertion_file"]
        if value is None and path is None:  # each of them is there, and null
            raise InputError("There is no credential", next_step=f"Set one of {', '.join(KINDS_OF_CREDENTIAL)}.")
        credential = by_assertion(value, path, option="client_assertion")
    for name in ("private_key", "client_assertion"):
        call.secrets.add(credential.get(name))
    return credential
