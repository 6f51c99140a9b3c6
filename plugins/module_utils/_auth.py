# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Settings to credential to token. One small class a credential kind: ``validate`` offline, ``sign_in`` online.

A new way to sign in is one more class in KINDS and its options in _arguments.AUTH.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import subprocess
import time
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._arguments import (
    GUID,
    AuthSettings,
    Endpoint,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._errors import (
    InputError,
    SignInError,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http import (
    HttpClient,
    Response,
    import_library,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._patience import (
    RETRY_STATUS,
    TRANSPORT_ATTEMPTS,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._run_memory import RunMemory

EXPIRY_MARGIN = 300  # seconds: a token this close to its end is not used again
CLI_TIMEOUT = 120  # seconds
DISCOVERY_LIFETIME = 3600  # seconds
DEFAULT_LIFETIME = 3600  # seconds, where a token does not tell its own
LATEST = 10.0**11  # seconds since the epoch: far beyond any token

# What the operator does about an error of the identity platform.
# Source of the codes: "Microsoft Entra authentication and authorization error codes".
SIGN_IN_STEPS: dict[str, str] = {
    "AADSTS7000215": "Check that the client secret is the secret's value, not its id, and belongs to this client id.",
    "AADSTS7000222": "The client secret has expired: create a new one for this application.",
    "AADSTS700016": "Check the client id, the tenant id and the national cloud; the application is not in this tenant.",
    "AADSTS700038": "Check the client id: it is not that of an application.",
    "AADSTS7000229": "The application has no service principal in this tenant: register it with its service principal.",
    "AADSTS90002": "Check the tenant id and the national cloud: no such tenant is known there.",
    "AADSTS900023": "Check the tenant id: it is neither a GUID nor a domain name known to Entra ID.",
    "AADSTS53003": "A Conditional Access policy for workload identities blocks this sign-in: ask who owns the policy.",
    "AADSTS500011": "Check the resource and the national cloud: the tenant has no service principal of that resource.",
}
SECRET_NOT_READY = frozenset({"AADSTS7000215", "AADSTS700016", "AADSTS7000229"})


@dataclasses.dataclass(frozen=True)
class AccessToken:
    """A token for Microsoft Graph or another resource; ``expires`` is in seconds since the epoch."""

    value: str = dataclasses.field(repr=False)
    expires: float
    claims: t.Mapping[str, t.Any] = dataclasses.field(repr=False)

    @classmethod
    def of(cls, value: str, expires: float | None = None) -> AccessToken:
        claims = read_claims(value)
        if expires is None:
            expires = _seconds(claims.get("exp")) or time.time() + DEFAULT_LIFETIME
        return cls(value=value, expires=expires, claims=claims)

    @property
    def roles(self) -> list[str]:
        """The application permissions it carries, sorted."""
        roles = self.claims.get("roles")
        return sorted(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else []

    @property
    def tenant_id(self) -> str | None:
        tenant_id = self.claims.get("tid")
        return tenant_id.lower() if isinstance(tenant_id, str) and GUID.fullmatch(tenant_id) else None


class Credential(t.Protocol):
    """How one kind of identity gets a token."""

    name: t.ClassVar[str]

    def __init__(self, settings: AuthSettings, endpoint: Endpoint) -> None:
        """Nothing is checked yet."""

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        """The settings present that ask for this kind; empty where none does."""

    def validate(self) -> None:
        """Raises InputError for what can be known without a network."""

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        """Raises SignInError or TransportError."""


class ClientSecretCredential:
    """An application with a client secret, by msal."""

    name: t.ClassVar[str] = "client_secret"

    def __init__(self, settings: AuthSettings, endpoint: Endpoint) -> None:
        self._settings = settings
        self._endpoint = endpoint

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        found = {"auth_client_id": settings.client_id, "auth_client_secret": settings.client_secret}
        return frozenset(name for name, value in found.items() if value)

    def validate(self) -> None:
        missing = [
            f"{option} ({variables})"
            for option, variables, value in (
                ("auth_client_id", "AZURE_CLIENT_ID", self._settings.client_id),
                ("auth_client_secret", "AZURE_SECRET or AZURE_CLIENT_SECRET", self._settings.client_secret),
                ("auth_tenant_id", "AZURE_TENANT or AZURE_TENANT_ID", self._settings.tenant_id),
            )
            if not value
        ]
        if missing:
            raise InputError(
                f"Signing in with a client secret also needs {', '.join(missing)}",
                next_step="Set the option, or the environment variable in brackets.",
            )

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        settings = self._settings
        return identity.client_credentials_token(
            tenant_id=settings.tenant_id or "",
            client_id=settings.client_id or "",
            client_secret=settings.client_secret or "",
            resource=self._endpoint.graph,
        )


class AccessTokenCredential:
    """A token that somebody else got."""

    name: t.ClassVar[str] = "access_token"

    def __init__(self, settings: AuthSettings, endpoint: Endpoint) -> None:
        self._settings = settings

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        return frozenset({"auth_access_token"} if settings.access_token else ())

    def validate(self) -> None:
        value = self._settings.access_token
        if not value:
            raise InputError(
                "No access token is given", next_step="Set auth_access_token, or AZURE_ACCESS_TOKEN in the environment."
            )
        if not _is_token(value):
            raise InputError(
                "The access token holds a blank, a line break or a character that no token has",
                next_step="Pass the token alone, without quotes or the word Bearer.",
            )
        token = AccessToken.of(value)
        if token.expires <= time.time():
            raise InputError("The access token has expired", next_step="Get a fresh token.")
        if token.tenant_id is None and self._settings.tenant_id is None:
            raise InputError("The access token does not name its tenant", next_step="Set auth_tenant_id as well.")

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        return AccessToken.of(self._settings.access_token or "")


class AzureCliCredential:
    """Whoever is signed in to the Azure CLI on the controller."""

    name: t.ClassVar[str] = "cli"

    def __init__(self, settings: AuthSettings, endpoint: Endpoint) -> None:
        self._settings = settings
        self._endpoint = endpoint

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        return frozenset()

    def validate(self) -> None:
        """Nothing is known about the CLI without running it."""

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        command = ["az", "account", "get-access-token", "--resource", self._endpoint.graph, "--output", "json"]
        if self._settings.tenant_id:
            command += ["--tenant", self._settings.tenant_id]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=CLI_TIMEOUT,
                check=False,
                env=dict(self._endpoint.environ) or None,
            )
        except FileNotFoundError:
            raise SignInError(
                "No credential is given, and the Azure CLI (az) is not installed on the controller",
                next_step=(
                    "Set AZURE_CLIENT_ID, AZURE_SECRET and AZURE_TENANT (or the auth_ options),"
                    " or install the Azure CLI and run: az login"
                ),
            ) from None
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise SignInError(
                f"The Azure CLI could not be run ({type(exc).__name__})",
                next_step="Try it by hand: az account get-access-token",
            ) from None
        if done.returncode != 0:
            said = " ".join(done.stderr.split())[:400] or f"exit code {done.returncode}"
            raise SignInError(f"The Azure CLI gave no token: {said}", next_step="Run: az login")
        try:
            answer = json.loads(done.stdout)
        except (ValueError, RecursionError):
            answer = None
        value = answer.get("accessToken") if isinstance(answer, dict) else None
        if not _is_token(value):
            raise SignInError(
                "The answer of the Azure CLI holds no access token",
                next_step="Update the Azure CLI, and try: az account get-access-token --output json",
            )
        return AccessToken.of(value, _seconds(answer.get("expires_on")))


KINDS: tuple[type[Credential], ...] = (AccessTokenCredential, ClientSecretCredential, AzureCliCredential)


def choose_credential(settings: AuthSettings, endpoint: Endpoint) -> Credential:
    """The kind that was asked for, or the one whose settings are there; options before environment.

    Raises InputError where two kinds are asked for at once, and for whatever the kind itself finds missing.
    """
    if settings.source == "auto":
        kind = _automatic(settings)
    else:
        kind = next(kind for kind in KINDS if kind.name == settings.source)
    credential = kind(settings, endpoint)
    credential.validate()
    return credential


def _automatic(settings: AuthSettings) -> type[Credential]:
    offers = {kind: kind.offered(settings) for kind in KINDS}
    by_option = [kind for kind, names in offers.items() if names & settings.given]
    candidates = by_option or [kind for kind, names in offers.items() if names]
    if len(candidates) > 1:
        raise InputError(
            f"Two ways to sign in are given at once: {' and '.join(kind.name for kind in candidates)}",
            next_step="Set auth_source to the one that you mean.",
        )
    return candidates[0] if candidates else AzureCliCredential


def operator_token(
    credential: Credential,
    settings: AuthSettings,
    *,
    endpoint: Endpoint,
    http: HttpClient,
    memory: RunMemory,
    fresh: bool,
) -> AccessToken:
    """The operator's token: signed in once an ansible-playbook run, not once a task.

    ``fresh`` asks for a new one where the remembered one was refused, and remembers that.

    Raises InputError where the token is for another tenant than the one that was asked for.
    """
    digest = hashlib.sha256()
    for part in (
        credential.name,
        endpoint.authority,
        endpoint.graph,
        settings.tenant_id,
        settings.client_id,
        settings.client_secret,
        settings.access_token,
    ):
        digest.update(repr(part).encode())
    key = f"token:{digest.hexdigest()}"
    with memory.exclusive():
        remembered = None if fresh else memory.recall(key)
        if isinstance(remembered, dict):
            token = AccessToken.of(remembered["value"], remembered["expires"])
        else:
            token = credential.sign_in(IdentityPlatform(http, authority=endpoint.authority, memory=memory))
            usable = token.expires - time.time() - EXPIRY_MARGIN
            if usable > 0:
                memory.remember(key, {"value": token.value, "expires": token.expires}, seconds=usable)
    wanted = settings.tenant_id
    if wanted and token.tenant_id and GUID.fullmatch(wanted) and wanted.lower() != token.tenant_id:
        raise InputError(
            f"The access token is for the tenant {token.tenant_id}, but auth_tenant_id is {wanted}",
            next_step="Sign in to the tenant that you mean, or correct auth_tenant_id.",
        )
    return token


class IdentityPlatform:
    """The token endpoint of one cloud, by msal over our transport.

    The public description of a tenant's endpoints is asked for once an ansible-playbook run; a token always anew.
    """

    def __init__(self, http: HttpClient, *, authority: str, memory: RunMemory) -> None:
        self._http = http
        self._authority = authority
        self._memory = memory

    def client_credentials_token(
        self, *, tenant_id: str, client_id: str, client_secret: str, resource: str
    ) -> AccessToken:
        """A fresh token for an application, never one from a cache.

        Raises SignInError with the AADSTS code where the identity platform refuses, TransportError where it is not
        reached.
        """
        msal = import_library("msal")
        refused_by_msal = import_library("msal.exceptions").MsalError
        adapter = _MsalHttp(self._http, self._memory)
        what = f"sign in as the application {client_id} to the tenant {tenant_id}"
        try:
            # Instance discovery would ask login.microsoftonline.com about a host that the user named or that our own
            # table holds; it is one more request and the wrong host in a private or national cloud.
            application = msal.ConfidentialClientApplication(
                client_id,
                client_credential=client_secret,
                authority=f"{self._authority}/{tenant_id}",
                instance_discovery=False,
                http_client=adapter,
            )
            result = application.acquire_token_for_client(scopes=[f"{resource}/.default"])
        except (ValueError, KeyError, TypeError, AttributeError, RuntimeError, refused_by_msal) as exc:
            # What msal raises about an answer that it does not understand depends on the answer and on its version.
            raise _refusal(what, adapter.last, {}, fallback=type(exc).__name__) from None
        if not isinstance(result, dict) or not _is_token(result.get("access_token")):
            raise _refusal(what, adapter.last, result if isinstance(result, dict) else {}, fallback="no access token")
        lifetime = _seconds(result.get("expires_in")) or DEFAULT_LIFETIME
        return AccessToken.of(result["access_token"], time.time() + lifetime)


def _refusal(what: str, last: Response | None, result: t.Mapping[str, t.Any], *, fallback: str) -> SignInError:
    """Prefer the identity platform's own words: msal drops the body of a refused tenant discovery."""
    if not result.get("error_description") and last is not None:
        result = _json_object(last) or result
    description = str(result.get("error_description") or "")
    first_line = description.splitlines()[0].split(" Trace ID:")[0] if description else ""
    code = first_line.partition(":")[0] if first_line.startswith("AADSTS") else None
    status = last.status_code if last else None
    if code is None and status is not None and (status in RETRY_STATUS or status < 400):
        reason = f"the identity platform answered with status {status} and no token"
        next_step = "Run again later; if it stays, check what answers at the address of the sign-in host."
    else:
        reason = first_line or str(result.get("error") or fallback)
        next_step = SIGN_IN_STEPS.get(code or "", "Check the tenant id, the client id and the client secret.")
    return SignInError(
        f"Could not {what}: {reason[:600]}",
        next_step=next_step,
        code=code,
        status=status,
        request_id=result.get("trace_id"),
        correlation_id=result.get("correlation_id"),
    )


def _json_object(answer: Response) -> dict[str, t.Any] | None:
    try:
        document = json.loads(answer.content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def read_claims(token: str) -> dict[str, t.Any]:
    """The claims of a JWT without verifying it: it came from the identity platform over TLS, and decides nothing here.

    An opaque or broken token has none.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _seconds(value: t.Any) -> float | None:
    """A point in time or a span that makes sense; None for anything else that a server may answer."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < LATEST:
        return None
    return float(value)


def _is_token(value: t.Any) -> t.TypeGuard[str]:
    return isinstance(value, str) and value != "" and value.isascii() and not any(c.isspace() for c in value)


class _MsalHttp:
    """msal's view of our transport: the same hosts, limits, proxy and CA for the sign-in as for Graph."""

    def __init__(self, http: HttpClient, memory: RunMemory) -> None:
        self._http = http
        self._memory = memory
        self.last: Response | None = None

    def get(
        self,
        url: str,
        params: t.Mapping[str, str] | None = None,
        headers: t.Mapping[str, str] | None = None,
        **ignored: t.Any,
    ) -> _MsalResponse:
        key = f"discovery:{url}"
        known = self._memory.recall(key)
        if isinstance(known, str):
            return _MsalResponse(Response(status_code=200, headers={}, content=known.encode()))
        answer = self._send("GET", url, params=params, headers=headers)
        if answer.status_code == 200 and "token_endpoint" in (_json_object(answer) or {}):
            self._memory.remember(key, answer.text, seconds=DISCOVERY_LIFETIME)
        return _MsalResponse(answer)

    def post(
        self,
        url: str,
        params: t.Mapping[str, str] | None = None,
        data: t.Mapping[str, str] | str | None = None,
        headers: t.Mapping[str, str] | None = None,
        **ignored: t.Any,
    ) -> _MsalResponse:
        return _MsalResponse(self._send("POST", url, params=params, headers=headers, data=data))

    def close(self) -> None:
        """The session belongs to the transport."""

    def _send(
        self,
        method: str,
        url: str,
        *,
        params: t.Mapping[str, str] | None,
        headers: t.Mapping[str, str] | None,
        data: t.Mapping[str, str] | str | None = None,
    ) -> Response:
        patience = self._http.patience
        attempts = 0
        while True:
            attempts += 1
            try:
                answer = self._http.request(method, url, headers=headers, params=params, body=data)
            except TransportError as exc:
                if exc.permanent or attempts == TRANSPORT_ATTEMPTS or not patience.pause():
                    raise
            else:
                if answer.status_code not in RETRY_STATUS or not patience.pause(answer.headers.get("retry-after")):
                    self.last = answer
                    return answer


class _MsalResponse:
    def __init__(self, answer: Response) -> None:
        self.status_code = answer.status_code
        self.headers = answer.headers
        self.text = answer.text

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise ValueError(f"HTTP status {self.status_code}")
