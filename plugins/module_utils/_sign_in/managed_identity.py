# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A token of the machine's own identity, from the endpoint that Azure gives to it. msal knows the endpoints.

They are addresses of the machine itself, mostly without TLS, and never those of the transport for Graph.
Source: "How to use managed identities for Azure resources on an Azure VM to acquire an access token".
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError, SignInError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import (
    RETRY_STATUS,
    Patience,
    WaitedFor,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import import_library
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import (
    LARGEST_ANSWER,
    ODDITIES,
    AccessToken,
    is_token,
    quiet_msal,
    token_of,
)

CONNECT_TIMEOUT = 3  # seconds; the endpoint is on the machine, or nowhere
# "IMDS is updating", and "the identity is not there yet", in addition to those that everything retries.
RETRIED = RETRY_STATUS | {404, 410}
ATTEMPTS = 5
NO_IDENTITY = "Run on an Azure machine that has a managed identity; for a user-assigned one, set auth_client_id to it."


def check_library() -> None:
    """Raises InputError if msal is too old, MissingLibraryError if it is missing."""
    if not hasattr(quiet_msal(), "ManagedIdentityClient"):
        raise InputError(
            "Signing in with a managed identity needs msal 1.29 or newer", next_step="Update it: pip install -U msal"
        )


def managed_identity_token(
    *, client_id: str | None, resource: str, request_timeout: int, patience: Patience
) -> AccessToken:
    """``client_id`` is that of a user-assigned identity; None takes the machine's own.

    Raises SignInError.
    """
    msal = quiet_msal()
    if client_id:
        identity = msal.UserAssignedManagedIdentity(client_id=client_id)
    else:
        identity = msal.SystemAssignedManagedIdentity()
    http = _MetadataHttp(request_timeout=request_timeout, patience=patience)
    try:
        client = msal.ManagedIdentityClient(identity, http_client=http)
        result = client.acquire_token_for_client(resource=resource)
    # What comes of answers that msal does not understand, and of the network; urllib3's own where it reads a body.
    except (*ODDITIES, OSError, import_library("urllib3").exceptions.HTTPError) as exc:
        raise SignInError(
            f"The managed identity returned no token: {http.trouble or type(exc).__name__}", next_step=NO_IDENTITY
        ) from None
    finally:
        http.close()
    answer = _json.as_object(result)
    if not is_token(answer.get("access_token")):
        reason = answer.get("error_description") or answer.get("error") or http.trouble
        shortened = " ".join(str(reason or "the answer contains no token").split())[:300]
        raise SignInError(f"The managed identity returned no token: {shortened}", next_step=NO_IDENTITY)
    return token_of(answer)


class _MetadataHttp:
    """msal's view of the endpoint: no proxy, no redirects, bounded, with retries if Azure asks for them."""

    def __init__(self, *, request_timeout: int, patience: Patience) -> None:
        self._session = import_library("requests").Session()
        self._session.trust_env = False
        self._timeout = (min(CONNECT_TIMEOUT, request_timeout), request_timeout)
        self._patience = patience
        self.trouble = ""

    def get(
        self,
        url: str,
        params: t.Mapping[str, str] | None = None,
        headers: t.Mapping[str, str] | None = None,
        **ignored: t.Any,
    ) -> _Answer:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._session.get(
                    url, params=params, headers=headers, timeout=self._timeout, allow_redirects=False, stream=True
                ) as answer:
                    self.trouble = f"no complete answer came from {url.partition('?')[0]}"
                    content = answer.raw.read(LARGEST_ANSWER + 1, decode_content=False)
            except OSError:
                self.trouble = f"nothing answers at {url.partition('?')[0]}"
                raise
            if len(content) > LARGEST_ANSWER:
                content = b""
            self.trouble = f"{url.partition('?')[0]} answered with status {answer.status_code}"
            again = answer.status_code in RETRIED and attempt < ATTEMPTS
            if not again or not self._patience.pause(answer.headers.get("Retry-After", ""), why=WaitedFor.BUSY):
                break
        return _Answer(answer.status_code, dict(answer.headers), _object_in(content))

    def close(self) -> None:
        self._session.close()


class _Answer:
    """As much of it as msal looks at."""

    def __init__(self, status_code: int, headers: dict[str, str], text: str) -> None:
        self.status_code = status_code
        self.headers = headers
        self.text = text


def _object_in(content: bytes) -> str:
    """An object of JSON; anything else becomes an empty one, which holds no token."""
    return json.dumps(_json.parse_object(content))
