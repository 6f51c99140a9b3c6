# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The client of one Azure Key Vault: challenge, token, throttling, errors, what may be sent again.

Sources: Key Vault REST API 7.4 (secrets); "Authentication, requests and responses" (challenge); "Common error codes for
Azure Key Vault". A token goes to no vault whose domain is not what the token is for.
"""

from __future__ import annotations

import json
import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    address_parts,
    filled,
    host_url,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import VAULT_DOMAINS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    InputError,
    SignInError,
    TransportError,
    after_retries,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import (
    RETRY_STATUS,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import Response

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken

Json = dict[str, t.Any]
API_VERSION = "7.4"
KEY_VAULT_APP_ID = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"  # "Verify first-party Microsoft applications"
NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
AT_VAULT_URL = "Check that a key vault answers at vault_url, and not a proxy."
CHALLENGE = re.compile(r'(authorization|resource|scope)(?:_uri)?="([^"]*)"')
# Over after a while (azure-sdk-for-net issue 31581).
TEMPORARY = frozenset({"ObjectIsBeingDeleted", "ObjectIsBeingRecovered"})
DELETED = "ObjectIsDeletedButRecoverable"
MISSING = "SecretNotFound"


class VaultError(AppsError):
    """The key vault refused a request for good. ``code`` is that of the inner error if there is one."""

    kind = "key_vault"

    def __init__(self, answer: Response, *, action: str, method: str, path: str, waited: float) -> None:
        self.code = _code(answer)
        self.status = answer.status_code
        reason = f"HTTP status {self.status}"
        message = _error(answer).get("message")
        if isinstance(message, str):
            reason = " ".join(message.split())
        super().__init__(
            f"Could not {action}{after_retries(waited)}: {reason}",
            next_step=_next_step(self.code, self.status),
            status=self.status,
            code=filled(self.code),
            request_id=answer.headers.get("x-ms-request-id"),
            method=method,
            path=path,
        )


class KeyVault:
    """One vault, asked as one identity."""

    def __init__(self, call: Call, address: str) -> None:
        """Raises InputError if it is not a vault of the cloud that is signed in to."""
        self._call = call
        self._http = call.http
        self.url = host_url("vault_url", address)
        self._host = urlsplit(self.url).netloc
        self._resource = self._resource_of_cloud()
        self._http.allow(self.url)

    def if_there(self, method: str, path: str, *, action: str) -> Json | None:
        """The object in the answer; None if the vault itself reports that there is none."""
        try:
            return self.send(method, path, action=action)
        except VaultError as exc:
            if exc.code == MISSING:
                return None
            raise

    def send(self, method: str, path: str, *, action: str, body: Json | None = None) -> Json:
        """Send, and send again while the vault is busy or cannot be reached, or if the answer to a read is lost.

        Raises VaultError, SignInError or TransportError. Whether a write took effect whose answer is lost has to be
        found out by the caller.
        """
        token = self._token()
        answer = self._answer(method, path, headers=_bearer(token), body=body)
        if answer.status_code == 401:
            self._check_challenge(answer, token)
            answer = self._answer(method, path, headers=_bearer(self._token(fresh=True)), body=body)
        if answer.status_code >= 300:
            raise self._refusal(answer, action=action, method=method, path=path)
        self._call.wrote_elsewhere |= method != "GET"
        return _object(answer, action)

    def _refusal(self, answer: Response, *, action: str, method: str, path: str) -> VaultError:
        return VaultError(answer, action=action, method=method, path=path, waited=self._http.patience.waited)

    def _answer(self, method: str, path: str, *, headers: t.Mapping[str, str], body: Json | None = None) -> Response:
        return self._http.when_not_busy(
            lambda: self._request(method, path, headers, body), is_busy=_is_busy, repeatable=method == "GET"
        )

    def _request(self, method: str, path: str, headers: t.Mapping[str, str], body: Json | None) -> Response:
        headers = {"Accept": "application/json", **headers}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        url = f"{self.url}{path}?api-version={API_VERSION}"
        return self._http.request(method, url, headers=headers, body=content)

    def _resource_of_cloud(self) -> str | None:
        """The resource of tokens for this vault; None if the vault has to be asked, outside of the national clouds."""
        expected = None
        where = "the address of a vault at your own endpoint"
        cloud = self._call.endpoint.cloud
        if cloud is not None:
            expected = cloud.vault_domain
            where = f"https://NAME.{expected}"
        if _national_domain(self._host) != expected:
            raise InputError(
                f"vault_url is {self.url}, which is not a vault of the cloud that is signed in to",
                next_step=f"Set it to {where}, or correct cloud_environment.",
            )
        if expected is None:
            return None
        return f"https://{expected}"

    def _token(self, *, fresh: bool = False) -> AccessToken:
        self._call.validate_sign_in()
        if self._resource is None:
            self._resource = self._resource_of_challenge()
        token = self._call.token_for(self._resource, fresh=fresh)
        audience = _json.text_or_empty(token.claims, "aud")
        if audience.rstrip("/") not in ("", self._resource, KEY_VAULT_APP_ID):
            raise InputError(
                f"The access token is for {audience}, not for {self._resource}: a key vault does not accept it",
                next_step="Sign in by a client secret or the Azure CLI, which give a token for each; or set"
                " auth_access_token to a token for the vault.",
            )
        return token

    def _resource_of_challenge(self) -> str:
        """From the challenge that answers a request without a token, as Microsoft's own clients do."""
        path = "/secrets/challenge"
        answer = self._answer("GET", path, headers={})
        if answer.status_code != 401:
            raise self._refusal(answer, action=f"ask {self.url} which tokens it accepts", method="GET", path=path)
        resource = _challenge(answer).get("resource", "").rstrip("/").lower()
        domain = address_parts(resource).netloc
        is_own_domain = f".{self._host}".endswith(f".{domain}")
        if not resource.startswith("https://") or not is_own_domain:
            raise SignInError(
                f"{self.url} did not ask for a token as a key vault of this host does",
                next_step="Check that vault_url is the address of a key vault.",
                status=answer.status_code,
            )
        return resource

    def _check_challenge(self, answer: Response, token: AccessToken) -> None:
        """Raises SignInError if the challenge contains why the token was refused. It goes to no other host."""
        found = _challenge(answer)
        resource = (found.get("resource") or found.get("scope", "").removesuffix("/.default")).rstrip("/").lower()
        if resource not in ("", self._resource):
            raise SignInError(
                f"{self.url} asks for a token for {resource}, but vaults of this cloud accept one for {self._resource}",
                next_step="Check that vault_url is the address of a key vault.",
                status=401,
            )
        tenant = address_parts(found.get("authorization", "")).path.strip("/").partition("/")[0].lower()
        if token.is_for_another(tenant):
            raise SignInError(
                f"{self.url} belongs to the tenant {tenant}, but the sign-in is to {token.tenant_id}",
                next_step="Use a vault of the tenant, or sign in to the vault's tenant for this task.",
                status=401,
            )


def _national_domain(host: str) -> str | None:
    """The domain of the vaults of a national cloud that the host belongs to."""
    return first(VAULT_DOMAINS, lambda domain: host.endswith(f".{domain}"))


def _error(answer: Response) -> Json:
    return _json.as_object(_json.parse_object(answer.content).get("error"))


def _code(answer: Response) -> str:
    """That of the inner error if there is one, which is more specific."""
    error = _error(answer)
    inner = _json.as_object(error.get("innererror"))
    return _json.text_or_empty(inner, "code") or _json.text_or_empty(error, "code")


def _bearer(token: AccessToken) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}"}


def _is_busy(answer: Response) -> bool:
    return answer.status_code in RETRY_STATUS or _code(answer) in TEMPORARY


def _challenge(answer: Response) -> dict[str, str]:
    return dict(CHALLENGE.findall(answer.headers.get("www-authenticate", "")))


def _object(answer: Response, action: str) -> Json:
    document = _json.parse(answer.content)
    if not isinstance(document, dict):
        raise not_understood(action, "is not a JSON object")
    return document


def not_understood(action: str, how: str) -> TransportError:
    return TransportError(
        f"Could not {action}: the answer {how}",
        maybe_processed=True,
        next_step=AT_VAULT_URL,
    )


_IN_RESULT = "See the code and the request id in the member error of the result."
_LATER = "Run again later. Every step is safe to repeat."
_BY_CODE = {
    "ForbiddenByRbac": "Give the identity that signs in the role Key Vault Secrets Officer at the vault, and wait"
    " some minutes.",
    "ForbiddenByPolicy": "Give the identity that signs in the secret permissions Get, Set, Delete and Recover in an"
    " access policy of the vault.",
    "ForbiddenByFirewall": "Allow the address of the controller in the firewall of the vault.",
    "ForbiddenByConnection": "The vault accepts private connections only: use its private endpoint.",
    "SecretDisabled": "Enable the secret, or choose another name.",
    DELETED: "Recover or purge the deleted secret, or choose another name.",
    MISSING: "Check vault_url and the name.",
    **dict.fromkeys(TEMPORARY, _LATER),
}
_BY_STATUS = {
    401: "Sign in again: the access token was refused. Check that the vault belongs to the same tenant.",
    403: "Check the identity's role at the vault (Key Vault Secrets Officer), and the vault's firewall.",
    404: AT_VAULT_URL,
    429: "The vault throttles: run again later, or raise wait_timeout.",
}
_BY_KIND_OF_STATUS = {2: AT_VAULT_URL, 3: AT_VAULT_URL, 5: _LATER}


def _next_step(code: str, status: int) -> str:
    by_kind = _BY_KIND_OF_STATUS.get(status // 100, _IN_RESULT)
    return _BY_CODE.get(code, _BY_STATUS.get(status, by_kind))
