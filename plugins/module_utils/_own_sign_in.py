# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The application itself signs in, with its own client secret, to prove what it may do."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._arguments import (
    check_guid,
    check_tenant,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._errors import InputError, SignInError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._identity_platform import (
    SECRET_NOT_READY,
    AccessToken,
    IdentityPlatform,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._module import Call


class OwnSignIn:
    """Fresh tokens for the application of the options client_id and client_secret.

    ``attempts`` counts the requests for one. Raises InputError for what is wrong with the options.
    """

    def __init__(self, call: Call) -> None:
        self.client_id = check_guid("client_id", call.params["client_id"])
        self.tenant_id = check_tenant("tenant_id", call.params["tenant_id"])
        if not call.params["client_secret"].strip():
            raise InputError("client_secret is blank", next_step="Pass the value of the client secret.")
        self.attempts = 0
        self._call = call
        self._identity = IdentityPlatform(call.http, authority=call.endpoint.authority, memory=call.memory)
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning, rounded."""
        return round(time.monotonic() - self._began, 1)

    def token(self, resource: str) -> AccessToken:
        """A fresh token. Where the secret may be fresh and polling is wished, its refusal is waited for.

        A fresh secret is refused for some seconds with the answer that a wrong one gets. Raises SignInError.
        """
        params = self._call.params
        while True:
            self.attempts += 1
            try:
                token = self._identity.client_credentials_token(
                    tenant_id=self.tenant_id,
                    client_id=self.client_id,
                    client_secret=params["client_secret"],
                    resource=resource,
                )
            except SignInError as exc:
                waits = exc.code in SECRET_NOT_READY and params["poll"] and params["fresh_secret"]
                if waits and self._call.http.patience.pause():
                    continue
                if not waits:
                    raise
                raise SignInError(
                    f"{exc.message} (asked {self.attempts} times in {time.monotonic() - self._began:.0f} s)",
                    next_step=f"If the secret is fresh, run again or raise wait_timeout. Else: {exc.next_step}",
                    **exc.details,
                ) from None
            self._call.secrets.add(token.value)
            self.tenant_id = token.tenant_id or self.tenant_id
            return token
