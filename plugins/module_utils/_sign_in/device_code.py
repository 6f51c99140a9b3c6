# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A person signs in with a code on another device: the code, the wait for it, and who has signed in in this run.

Source: "Microsoft identity platform and the OAuth 2.0 device authorization grant flow". The device code, the refresh
token and the tokens are in the memory of the run, and nowhere else.
"""

from __future__ import annotations

import dataclasses
import re
import time
import typing as t
import uuid

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.endpoint import Endpoint
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError, SignInError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import RETRY_STATUS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import (
    EXPIRY_MARGIN,
    LONGEST_INTERVAL,
    AccessToken,
    IdentityPlatform,
    is_token,
    token_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.login import Login, keep_login
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.refusal import refusal

# The Azure CLI: public in every cloud, and allowed beforehand for Microsoft Graph and Azure Key Vault, so that no
# tenant has to consent to it. azure-identity's DeviceCodeCredential uses it, too, if no client id is set.
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
ANY_TENANT = "organizations"  # the home tenant of who signs in
LONGEST_TEXT = 500  # characters of a message for a person
NEEDED = ("user_code", "verification_uri", "device_code")
USABLE = re.compile("[!-~]{1,4096}")  # what is needed: ASCII, without blanks and control characters
NAMES = ("upn", "unique_name", "preferred_username", "oid")  # claims that name a person
AGAIN = "Run the login again."


@dataclasses.dataclass(frozen=True)
class Code:
    """What a person types, and where. ``flow`` is msal's; it holds the device code."""

    user_code: str
    verification_uri: str
    message: str
    expires: float
    interval: int
    flow: dict[str, t.Any] = dataclasses.field(repr=False)


def begin(identity: IdentityPlatform, *, tenant: str | None, client_id: str, resource: str) -> Code:
    """Ask for a code. Raises SignInError, TransportError."""
    tenant = tenant or ANY_TENANT
    what = f"ask the tenant {tenant} for a device code"
    flow, last = identity.ask(
        what,
        "PublicClientApplication",
        lambda application: application.initiate_device_flow(scopes=[f"{resource}/.default"]),
        tenant_id=tenant,
        client_id=client_id,
    )
    if not all(USABLE.fullmatch(_json.text_or_empty(flow, name)) for name in NEEDED):
        raise refusal(what, last, flow, fallback="no code", person=True, otherwise="Check auth_tenant_id.")
    user_code, address = str(flow["user_code"]), str(flow["verification_uri"])
    if not address.startswith("https://"):
        raise SignInError(
            f"Could not {what}: the page to open does not use https",
            next_step="Check what answers at the address of the sign-in host.",
        )
    message = _json.text_or_empty(flow, "message")
    if not message.isprintable() or not 0 < len(message.strip()) <= LONGEST_TEXT:
        message = f"To sign in, open the page {address} and enter the code {user_code}."
    return Code(
        user_code=user_code,
        verification_uri=address,
        message=message,
        expires=float(flow["expires_at"]),
        interval=max(1, int(flow["interval"])),
        flow=flow,
    )


def poll(
    identity: IdentityPlatform, code: Code, *, endpoint: Endpoint, tenant: str | None, client_id: str
) -> Login | Code:
    """Ask once whether a person has signed in; if not, returns the code again, with the time to wait.

    Raises SignInError for a refusal, InputError for a person of another or an unknown tenant, TransportError.
    """
    asked = tenant or ANY_TENANT
    what = f"sign a person in to the tenant {asked}"
    try:
        result, last = identity.ask(
            what,
            "PublicClientApplication",
            lambda application: application.acquire_token_by_device_flow(
                dict(code.flow), exit_condition=lambda flow: True
            ),
            tenant_id=asked,
            client_id=client_id,
        )
        if not is_token(result.get("access_token")):
            if result.get("error") == "slow_down":  # RFC 8628, section 3.5: five seconds more from now on
                return dataclasses.replace(code, interval=min(code.interval + 5, LONGEST_INTERVAL))
            if result.get("error") == "authorization_pending":
                return code
            raise _refused(what, last, result)
    except SignInError as exc:
        if exc.details.get("status") in RETRY_STATUS:
            return code
        raise
    token = token_of(result)
    _check_tenant(token, tenant)
    return Login(
        id=uuid.uuid4().hex,
        authority=endpoint.authority,
        asked=tenant or "",
        tenant_id=token.tenant_id or str(tenant),
        client_id=client_id,
        account=_account(token),
        expires=token.expires,
        refresh_token=_refresh_token(result),
        first={"resource": endpoint.resource, "value": token.value, "expires": token.expires},
    )


def renewed(identity: IdentityPlatform, memory: RunMemory, login: Login, *, endpoint: Endpoint) -> AccessToken:
    """A token for the resource of ``endpoint``: that of the sign-in itself once, else one by the refresh token.

    Raises SignInError, TransportError.
    """
    first = login.first
    if first.get("resource") == endpoint.resource:
        login = dataclasses.replace(login, first={})
        keep_login(memory, login)
        if first["expires"] - EXPIRY_MARGIN > time.time() or login.refresh_token is None:
            return AccessToken.of(first["value"], first["expires"])
    what = f"renew the sign-in of {login.account} to the tenant {login.tenant_id} for {endpoint.resource}"
    if login.refresh_token is None:
        raise SignInError(f"Could not {what}: it has no refresh token", next_step=AGAIN)
    result, last = identity.ask(
        what,
        "PublicClientApplication",
        lambda application: application.acquire_token_by_refresh_token(
            login.refresh_token, scopes=[f"{endpoint.resource}/.default"]
        ),
        tenant_id=login.tenant_id,
        client_id=login.client_id,
    )
    if not is_token(result.get("access_token")):
        raise _refused(what, last, result)
    token = token_of(result)
    newer = _refresh_token(result) or login.refresh_token
    keep_login(memory, dataclasses.replace(login, refresh_token=newer, expires=token.expires))
    return token


def _refused(what: str, last: t.Any, result: dict[str, t.Any]) -> SignInError:
    return refusal(
        what,
        last,
        result,
        fallback="no access token",
        person=True,
        otherwise=f"Check the tenant id, and the client id if you set one. {AGAIN}",
    )


def _refresh_token(result: t.Mapping[str, t.Any]) -> str | None:
    value = result.get("refresh_token")
    if not is_token(value):
        return None
    return value


def _check_tenant(token: AccessToken, tenant: str | None) -> None:
    if token.tenant_id is None and tenant is None:
        raise InputError("The access token does not name its tenant", next_step="Set auth_tenant_id.")
    if token.is_for_another(tenant):
        raise InputError(
            f"The person signed in to the tenant {token.tenant_id}, but auth_tenant_id is {tenant}",
            next_step="Sign in with an account of that tenant, or correct auth_tenant_id.",
        )


def _account(token: AccessToken) -> str:
    """The name that the person signed in with; for people to read."""
    return next(filter(_is_name, map(token.claims.get, NAMES)), "a person")


def _is_name(value: t.Any) -> t.TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= 320 and value.isprintable()
