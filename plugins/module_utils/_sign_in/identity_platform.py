# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The identity platform: tokens by msal over our own transport."""

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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.error_code import Then
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import SignInError, TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import (
    RETRY_STATUS,
    Patience,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
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
KEPT_TEXTS = (*TOKEN_TEXTS, *USER_TEXTS)
LONGEST_INTERVAL = 60  # seconds between two questions for the token of a device code
ODDITIES = (ValueError, LookupError, TypeError, AttributeError, RuntimeError, ArithmeticError)
TOKEN = re.compile("[!-~]+")  # ASCII, without blanks and control characters
NO_LOG = logging.NullHandler()
LATEST = 10.0**11  # seconds since the epoch: far beyond any token


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
        return _json.texts(self.claims.get("roles"))

    @property
    def digest(self) -> str:
        """A text that differs for each token and gives nothing of it away."""
        return hashlib.sha256(self.value.encode()).hexdigest()[:32]

    @property
    def tenant_id(self) -> str | None:
        tenant_id = _json.text_or_empty(self.claims, "tid").lower()
        if not GUID.fullmatch(tenant_id):
            return None
        return tenant_id

    def is_for_another(self, tenant: str | None) -> bool:
        """Whether it is for another tenant than this one; of one that is given by a domain name, that is not known."""
        asked = (tenant or "").lower()
        return GUID.fullmatch(asked) is not None and self.tenant_id not in (None, asked)


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
            raise _refusal(what, last, result, fallback="no access token")
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
            raise _refusal(what, adapter.last, {}, fallback=type(exc).__name__) from None
        return _json.as_object(result), adapter.last


def _refusal(what: str, last: Response | None, result: t.Mapping[str, t.Any], *, fallback: str) -> SignInError:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.refusal import refusal

    return refusal(what, last, result, fallback=fallback)


def _for_msal(credential: str | t.Mapping[str, str]) -> str | dict[str, t.Any]:
    """Every msal from 1.13 on calls a function for the assertion; newer ones warn about a text, which may expire."""
    if isinstance(credential, str):
        return credential
    for_msal: dict[str, t.Any] = dict(credential)
    if "client_assertion" in for_msal:
        for_msal["client_assertion"] = _giving(for_msal["client_assertion"])
    return for_msal


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
    log.addHandler(NO_LOG)
    return msal


def is_not_ready(code: str | None) -> bool:
    """Whether a credential that was made moments ago may be refused with this code, until it is known everywhere."""
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.sign_in_codes import SIGN_IN_CODES

    return any(row.code == code and row.then is Then.WAIT_AFTER_CREATE for row in SIGN_IN_CODES)


def read_claims(token: str) -> dict[str, t.Any]:
    """The claims of a JWT without verifying it: it came from the identity platform over TLS, and decides nothing here.

    An opaque or broken token has none.
    """
    try:
        _header, payload, _signature = token.split(".")
        return _json.parse_object(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return {}


def seconds_of(value: t.Any) -> float | None:
    """A point in time or a span that makes sense; None for anything else that a server may answer."""
    if type(value) not in (int, float) or not 0 < value < LATEST:
        return None
    return float(value)


def is_token(value: t.Any) -> t.TypeGuard[str]:
    return isinstance(value, str) and TOKEN.fullmatch(value) is not None


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
        document = _json.parse_object(answer.content)
        endpoint = _json.text(document, "token_endpoint")
        if endpoint is None:
            raise ValueError("the description of the tenant names no token endpoint")
        # msal gets what it needs, and nothing that is remembered can be wrong for all later tasks.
        device = _json.text_or_empty(document, "device_authorization_endpoint")
        needed = {"token_endpoint": endpoint, "authorization_endpoint": endpoint}
        if self._http.is_configured(device):
            needed["device_authorization_endpoint"] = device
        known = json.dumps(needed)
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
        document = _json.parse_object(answer.content)
        kept: dict[str, str | int] = filled_members({name: _json.text(document, name) for name in KEPT_TEXTS})
        kept["expires_in"] = int(seconds_of(document.get("expires_in")) or DEFAULT_LIFETIME)
        interval = seconds_of(document.get("interval"))
        if interval is not None:
            kept["interval"] = max(1, min(LONGEST_INTERVAL, int(interval)))
        return _MsalResponse(dataclasses.replace(answer, content=json.dumps(kept).encode()))

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
        self.last = self._http.when_not_busy(
            lambda: self._http.request(method, url, headers=headers, params=params, body=data), is_busy=_passes
        )
        return _within_limits(self.last, f"{method} {url.partition('?')[0]}")


def _passes(answer: Response) -> bool:
    """Whether asking again after a while may help: by the code, and by the status if there is none."""
    if answer.status_code < 400:
        return False
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.refusal import known_code

    known = known_code(_json.text_or_empty(_json.parse_object(answer.content), "error_description"))
    if known is None:
        return answer.status_code in RETRY_STATUS
    return known.then is Then.WAIT


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
