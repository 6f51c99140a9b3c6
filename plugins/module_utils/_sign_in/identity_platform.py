# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The identity platform: tokens by msal over our own transport, and what its refusals mean."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import logging
import re
import time
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import GUID
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.error_code import ErrorCode, Then, find
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import SignInError, TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import (
    RETRY_STATUS,
    TRANSPORT_ATTEMPTS,
    Patience,
    WaitedFor,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.sign_in_codes import SIGN_IN_CODES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import (
    HttpClient,
    Response,
    import_library,
)

DISCOVERY_LIFETIME = 3600  # seconds
EXPIRY_MARGIN = 300  # seconds: a token this close to its end is not used again
DEFAULT_LIFETIME = 3600  # seconds, if a token does not hold its own
LARGEST_ANSWER = 256 * 1024  # bytes; a token has a few thousand. SharedMemory keeps the answer to the discovery
TOKEN_TEXTS = ("access_token", "token_type", "error", "error_description", "trace_id", "correlation_id")
USER_TEXTS = ("refresh_token", "device_code", "user_code", "verification_uri", "message")
LONGEST_INTERVAL = 60  # seconds between two questions for the token of a device code
ODDITIES = (ValueError, LookupError, TypeError, AttributeError, RuntimeError, ArithmeticError)
AADSTS = re.compile(r"AADSTS[0-9]+")
ANY_CREDENTIAL = "AADSTS70002"
LATEST = 10.0**11  # seconds since the epoch: far beyond any token

LOOK_UP = "https://login.microsoftonline.com/error?code="
# What a credential that was made moments ago may get, until it is known everywhere.
CREDENTIAL_NOT_READY = frozenset(row.code for row in SIGN_IN_CODES if row.then is Then.WAIT_AFTER_CREATE)


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
            expires = seconds_of(claims.get("exp")) or time.time() + DEFAULT_LIFETIME
        return cls(value=value, expires=expires, claims=claims)

    @property
    def roles(self) -> list[str]:
        """The application permissions it carries, sorted."""
        roles = self.claims.get("roles")
        return sorted(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else []

    @property
    def digest(self) -> str:
        """A text that differs for each token and gives nothing of it away."""
        return hashlib.sha256(self.value.encode()).hexdigest()[:32]

    @property
    def tenant_id(self) -> str | None:
        tenant_id = self.claims.get("tid")
        return tenant_id.lower() if isinstance(tenant_id, str) and GUID.fullmatch(tenant_id) else None


class IdentityPlatform:
    """The token endpoint of one cloud, by msal over our transport.

    The public description of a tenant's endpoints is requested once in an ansible-playbook run; a token each time.
    """

    def __init__(self, http: HttpClient, *, authority: str, memory: RunMemory) -> None:
        self._http = http
        self._authority = authority
        self._memory = memory

    @property
    def patience(self) -> Patience:
        return self._http.patience

    def client_credentials_token(
        self, *, tenant_id: str, client_id: str, credential: str | t.Mapping[str, str], resource: str
    ) -> AccessToken:
        """A fresh token for an application, never one from a cache.

        ``credential`` is what msal calls client_credential: a client secret, or a dict with ``private_key`` and
        ``thumbprint``, or with ``client_assertion``.

        Raises SignInError with the AADSTS code if the identity platform refuses, TransportError if it is not
        reached.
        """
        what = f"sign in as the application {client_id} to the tenant {tenant_id}"
        result, last = self.ask(
            what,
            "ConfidentialClientApplication",
            lambda application: application.acquire_token_for_client(scopes=[f"{resource}/.default"]),
            tenant_id=tenant_id,
            client_id=client_id,
            client_credential=_for_msal(credential),
        )
        if not is_token(result.get("access_token")):
            raise refusal(what, last, result, fallback="no access token")
        return token_of(result)

    def ask(
        self,
        what: str,
        kind: str,
        question: t.Callable[[t.Any], t.Any],
        *,
        tenant_id: str,
        client_id: str,
        **more: t.Any,
    ) -> tuple[dict[str, t.Any], Response | None]:
        """What an application of msal of this kind answers to one question, and the last answer of the server.

        Raises SignInError for an answer that msal does not understand, TransportError if no host was reached.
        """
        msal = quiet_msal()
        refused_by_msal = import_library("msal.exceptions").MsalError
        adapter = _MsalHttp(self._http, self._memory)
        try:
            # Instance discovery would ask login.microsoftonline.com about a host that the user named or that our own
            # table holds; it is one more request and the wrong host in a private or national cloud.
            application = getattr(msal, kind)(
                client_id,
                authority=f"{self._authority}/{tenant_id}",
                instance_discovery=False,
                http_client=adapter,
                **more,
            )
            result = question(application)
        except (*ODDITIES, refused_by_msal) as exc:
            # What msal raises about an answer that it does not understand depends on the answer and on its version.
            raise refusal(what, adapter.last, {}, fallback=type(exc).__name__) from None
        return result if isinstance(result, dict) else {}, adapter.last


def _for_msal(credential: str | t.Mapping[str, str]) -> str | dict[str, t.Any]:
    """Every msal from 1.13 on calls a function for the assertion; newer ones warn about a text, which may expire."""
    if isinstance(credential, str):
        return credential
    return {name: _giving(value) if name == "client_assertion" else value for name, value in credential.items()}


def _giving(value: str) -> t.Callable[[], str]:
    return lambda: value


def token_of(result: t.Mapping[str, t.Any]) -> AccessToken:
    """Of an answer that holds one."""
    lifetime = seconds_of(result.get("expires_in")) or DEFAULT_LIFETIME
    return AccessToken.of(result["access_token"], time.time() + lifetime)


def quiet_msal() -> t.Any:
    """Without its log, which holds answers that are no JSON, tokens included, and goes to stderr and ansible.log."""
    msal = import_library("msal")
    log = logging.getLogger("msal")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    return msal


def refusal(
    what: str,
    last: Response | None,
    result: t.Mapping[str, t.Any],
    *,
    fallback: str,
    person: bool = False,
    otherwise: str = "Check the tenant id, the client id and the credential.",
) -> SignInError:
    """Prefer the identity platform's own words: msal drops the body of a refused tenant discovery.

    ``person``: a person signs in with a device code. ``otherwise`` is the next step if there is no AADSTS code.
    """
    if not result.get("error_description") and last is not None:
        result = _json_object(last) or result
    description = _text(result, "error_description") or ""
    first_line = next((line for line in description.splitlines() if line.strip()), "").split(" Trace ID:")[0]
    code = _code(first_line)
    known = _known(first_line)
    status = last.status_code if last else None
    if code is None and status is not None and (status in RETRY_STATUS or status < 400):
        reason = f"the identity platform answered with status {status} and no token"
        next_step = "Run again later; if the problem remains, check what answers at the address of the sign-in host."
    else:
        reason = first_line or _text(result, "error") or fallback
        next_step = _next_step(code, known, person=person) if code else otherwise
    return SignInError(
        f"Could not {what}: {reason}",
        next_step=next_step,
        code=code,
        status=status,
        request_id=_text(result, "trace_id"),
        correlation_id=_text(result, "correlation_id"),
    )


def _code(description: str | None) -> str | None:
    """The code at the beginning of the description; after the general code of a wrong credential, the specific one."""
    if AADSTS.match(description or "") is None:
        return None
    codes = AADSTS.findall(description or "")
    return str(codes[1] if codes[0] == ANY_CREDENTIAL and len(codes) > 1 else codes[0])


def _known(description: str | None) -> ErrorCode | None:
    return find(SIGN_IN_CODES, status=0, codes=(_code(description) or "",), message=description or "")


def _next_step(code: str, known: ErrorCode | None, *, person: bool) -> str:
    if known is None:
        number = code.removeprefix("AADSTS")
        again = " Run the login again." if person else ""
        return f"This collection does not know the code {code}: look it up at {LOOK_UP}{number}.{again}"
    return known.person if person and known.person else known.next_step


def _text(document: t.Mapping[str, t.Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None


def _json_object(answer: Response) -> dict[str, t.Any] | None:
    document = _json.parse(answer.content)
    return document if isinstance(document, dict) else None


def read_claims(token: str) -> dict[str, t.Any]:
    """The claims of a JWT without verifying it: it came from the identity platform over TLS, and decides nothing here.

    An opaque or broken token has none.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = _json.parse(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def seconds_of(value: t.Any) -> float | None:
    """A point in time or a span that makes sense; None for anything else that a server may answer."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < LATEST:
        return None
    return float(value)


def is_token(value: t.Any) -> t.TypeGuard[str]:
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable() and " " not in value


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
        if answer.status_code != 200:
            return _MsalResponse(answer)
        document = _json_object(answer) or {}
        endpoint = _text(document, "token_endpoint")
        if endpoint is None:
            raise ValueError("the description of the tenant names no token endpoint")
        # msal gets what it needs, and nothing that is remembered can be wrong for all later tasks.
        device = _text(document, "device_authorization_endpoint")
        offered = {"device_authorization_endpoint": device} if device and self._http.is_configured(device) else {}
        known = json.dumps({"token_endpoint": endpoint, "authorization_endpoint": endpoint, **offered})
        if self._http.is_configured(endpoint):
            self._memory.remember(key, known, seconds=DISCOVERY_LIFETIME)
        return _MsalResponse(Response(status_code=200, headers={}, content=known.encode()))

    def post(
        self,
        url: str,
        params: t.Mapping[str, str] | None = None,
        data: t.Mapping[str, str] | str | None = None,
        headers: t.Mapping[str, str] | None = None,
        **ignored: t.Any,
    ) -> _MsalResponse:
        answer = self._send("POST", url, params=params, headers=headers, data=data)
        # msal writes what is no JSON to its log, which Python sends to the terminal, and stumbles over members that no
        # token for an application or a person needs. So it gets the few that count.
        document = _json_object(answer) or {}
        kept = {name: value for name in (*TOKEN_TEXTS, *USER_TEXTS) if (value := _text(document, name)) is not None}
        lifetime = seconds_of(document.get("expires_in"))
        interval = seconds_of(document.get("interval"))
        numbers = {"expires_in": int(lifetime or DEFAULT_LIFETIME)}
        if interval is not None:
            numbers["interval"] = max(1, min(LONGEST_INTERVAL, int(interval)))
        content = json.dumps({**kept, **numbers})
        return _MsalResponse(dataclasses.replace(answer, content=content.encode()))

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
                if exc.permanent or attempts == TRANSPORT_ATTEMPTS or not patience.pause(why=WaitedFor.BUSY):
                    raise
            else:
                if not _passes(answer) or not patience.pause(answer.headers.get("retry-after"), why=WaitedFor.BUSY):
                    self.last = answer
                    return _within_limits(answer, f"{method} {url.partition('?')[0]}")


def _passes(answer: Response) -> bool:
    """Whether asking again after a while may help: by the code, and by the status if there is none."""
    if answer.status_code < 400:
        return False
    known = _known(_text(_json_object(answer) or {}, "error_description"))
    return answer.status_code in RETRY_STATUS if known is None else known.then is Then.WAIT


def _within_limits(answer: Response, what: str) -> Response:
    """msal parses what it gets; so it gets nothing that would grow beyond measure."""
    if _json.too_large(answer.content) or len(answer.content) > LARGEST_ANSWER:
        raise TransportError(
            f"{what}: the answer is too large for one of the identity platform",
            maybe_processed=True,
            permanent=True,
            next_step="Check what answers at the address of the sign-in host.",
        )
    return answer


class _MsalResponse:
    def __init__(self, answer: Response) -> None:
        self.status_code = answer.status_code
        self.headers = answer.headers
        self.text = answer.text

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise ValueError(f"HTTP status {self.status_code}")
