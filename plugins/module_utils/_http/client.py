# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Bytes: one requests session, timeouts, proxy, CA, limits. Knows neither JSON nor Ansible."""

from __future__ import annotations

import dataclasses
import importlib
import re
import sys
import typing as t
import zlib
from urllib.parse import urlsplit

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.endpoint import Endpoint
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    MissingLibraryError,
    TransportError,
    reason_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_text
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import Patience, WaitedFor
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.proxies import (
    EXAMPLE,
    environment_proxies,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.server_clock import ServerClock
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.watch import Watch

if t.TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT = 10  # seconds
# Bytes. The largest object that is read is Microsoft Graph's own service principal: 0.3 MB with the 613 permissions of
# the published list. A page of applications has a few kilobytes for each.
LARGEST_BODY = 4 * 2**20
AT_ONCE = 65536  # bytes
USER_AGENT = "email_gateway.azure_apps"
NOT_REACHED = "NewConnectionError|NameResolutionError"  # of urllib3; compiled after a failure only
TUNNEL_STATUS = re.compile(r"Tunnel connection failed: ([0-9]{3})\b")


def import_library(name: str) -> t.Any:
    """The library, imported when it is first needed; if it is missing, what to install for which interpreter."""
    try:
        return importlib.import_module(name)
    except ImportError as exc:
        missing = (exc.name or name).partition(".")[0]  # msal needs requests too
        raise MissingLibraryError(
            f"The Python library {missing} is not installed for {sys.executable}",
            next_step=f"Install it on the controller: {sys.executable} -m pip install {missing}",
            library=missing,
        ) from exc


@dataclasses.dataclass(frozen=True)
class Response:
    """An answer as it came. Header names are lower case."""

    status_code: int
    headers: t.Mapping[str, str]
    content: bytes = dataclasses.field(repr=False)

    @property
    def retry_after(self) -> str:
        return self.headers.get("retry-after", "")

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", errors="replace")


class HttpClient:
    """Sends one request to one of the configured hosts and reads one bounded answer.

    Redirects are not followed, so that no credential reaches another host. The environment's proxies are used;
    ``.netrc`` is not, because requests would let it replace the Authorization header.
    """

    def __init__(self, endpoint: Endpoint, *, patience: Patience | None = None, verify: bool = True) -> None:
        """``patience`` is that of another client of the same task. Without ``verify`` no certificate is checked."""
        self._endpoint = endpoint
        self._verify = verify
        self._allowed = {_scheme_and_host(endpoint.authority), _scheme_and_host(endpoint.graph)}
        self._session: requests.Session | None = None
        self._watch = Watch(endpoint.request_timeout)
        self.clock = ServerClock()
        # One allowance for all that a task waits for: sign-in, throttling, replication, polling.
        self.patience = patience or Patience(endpoint.wait_timeout)

    def allow(self, address: str) -> None:
        """One more host that the user named; by http only if this is its scheme."""
        self._allowed.add(_scheme_and_host(address))

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: t.Mapping[str, str] | None = None,
        body: bytes | str | t.Mapping[str, str] | None = None,
        params: t.Mapping[str, str] | None = None,
    ) -> Response:
        """Raises TransportError if no complete answer arrived, or if the host is not a configured one."""
        scheme, host = _scheme_and_host(url)
        if not self.is_configured(url):
            raise TransportError(
                f"Refused to send a request to {scheme}://{host}, which is not a configured host",
                maybe_processed=False,
                permanent=True,
                next_step="Check authority_url, graph_url and cloud_environment.",
            )
        requests, urllib3 = import_library("requests"), import_library("urllib3")
        session = self._open(requests, host)
        what = f"{method} {url.partition('?')[0]}"
        try:
            with (
                self._watch.request(),
                session.request(
                    method,
                    url,
                    # What is packed is unpacked here, since not every release of urllib3 bounds what comes of it.
                    headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **(headers or {})},
                    data=body,
                    params=params,
                    timeout=(min(CONNECT_TIMEOUT, self._endpoint.request_timeout), self._endpoint.request_timeout),
                    allow_redirects=False,
                    stream=True,
                ) as answer,
            ):
                content = _read(answer, what)
                if not self._watch.expired:  # an answer that was cut off may look like a whole one
                    names = {name.lower(): value for name, value in answer.headers.items()}
                    self.clock.saw(host, names.get("date", ""))
                    return Response(status_code=answer.status_code, headers=names, content=content)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, zlib.error) as exc:
            # A TLS handshake as a whole has the same timeout, which may end first.
            if not self._watch.expired and not isinstance(exc, requests.exceptions.ReadTimeout):
                raise _transport_error(requests, exc, what=what, ca_file=self._endpoint.ca_file) from None
        raise TransportError(
            f"{what}: no complete answer within {self._endpoint.request_timeout} s",
            maybe_processed=True,
            next_step="Raise request_timeout, or check the network.",
        )

    def when_not_busy(
        self, send: t.Callable[[], Response], *, is_busy: t.Callable[[Response], bool], repeatable: bool = True
    ) -> Response:
        """The answer of a server that is not busy, or its last one if the allowance for waiting is used up.

        ``repeatable``: to send it twice does the same as once. Raises TransportError.
        """
        failures = 0
        while True:
            try:
                answer = send()
            except TransportError as exc:
                failures += 1
                if not self.patience.pause_after(exc, failures=failures, repeatable=repeatable):
                    raise
                continue
            if not is_busy(answer) or not self.patience.pause(answer.retry_after, why=WaitedFor.BUSY):
                return answer

    def is_configured(self, url: str) -> bool:
        """May a request be sent there?"""
        return _scheme_and_host(url) in self._allowed

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
        self._watch.close()

    def _open(self, requests: t.Any, host: str) -> requests.Session:
        if self._session is None:
            session = requests.Session()
            # False also keeps macOS' proxy look-up out of forked workers, where it can crash the process.
            session.trust_env = False
            # Even if it does not follow a redirect, requests looks at its target, and reads the whole body for this.
            session.get_redirect_target = lambda _answer: None
            session.verify = self._endpoint.ca_file or True
            if not self._verify:
                session.verify = False
                import_library("urllib3").disable_warnings()
            adapter = self._watch.adapter()
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._session = session
        self._session.proxies = environment_proxies(self._endpoint.environ, host)
        return self._session


def _scheme_and_host(url: str) -> tuple[str, str]:
    """Empty if it is not an address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc.lower()


class _NotPacked:
    """The unpacker of a body that is not packed."""

    eof = True

    def decompress(self, chunk: bytes, _limit: int) -> bytes:
        return chunk


def _unpacker(answer: requests.Response, what: str) -> zlib._Decompress | _NotPacked:
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("gzip", "x-gzip"):
        return zlib.decompressobj(zlib.MAX_WBITS | 16)
    if encoding in ("", "identity"):
        return _NotPacked()
    raise TransportError(
        f"{what}: the answer has a compression that was not requested",
        maybe_processed=True,
        permanent=True,
        next_step="Check what answers at this address: it may be a proxy.",
    )


def _read(answer: requests.Response, what: str) -> bytes:
    """The body, bounded in size as it comes and unpacked. What bounds the time is the watch."""
    unpacker = _unpacker(answer, what)
    # urllib3 before 2.0 takes an answer that ends too early for a whole one.
    answer.raw.enforce_content_length = True
    body = bytearray()
    came = 0
    # Read by http.client, which bounds the lines between the parts of a chunked body; urllib3's stream() does not.
    for chunk in iter(lambda: answer.raw.read(AT_ONCE, decode_content=False), b""):
        came += len(chunk)
        body += unpacker.decompress(chunk, LARGEST_BODY + 1 - len(body))
        if max(came, len(body)) > LARGEST_BODY:
            raise TransportError(
                f"{what}: the answer is larger than {LARGEST_BODY // 2**20} MiB",
                maybe_processed=True,
                permanent=True,
                next_step="Check what answers at this address.",
            )
    if came and not unpacker.eof:
        raise ValueError("the compressed answer is cut off")
    return bytes(body)


def _proxy_error(exc: Exception, *, what: str) -> TransportError:
    """By the proxy's answer to CONNECT, of which http.client gives the status in a text alone."""
    reason = "the proxy did not let the request through"
    step = "Check HTTPS_PROXY and NO_PROXY, and have the proxy let the host through."
    found = TUNNEL_STATUS.search(str(exc))
    if found is not None:
        if found[1] == "407":
            reason = "the proxy asks for a user name and a password"
            step = f"Write them into HTTPS_PROXY, such as {EXAMPLE}, each special character percent-encoded."
        reason = f"{reason} ({found[1]})"
    return TransportError(f"{what}: {reason}", maybe_processed=False, next_step=step)


def _transport_error(requests: t.Any, exc: Exception, *, what: str, ca_file: str | None) -> TransportError:
    """Name the cause. The texts of the exceptions are not passed on whole: they can hold headers of a proxy."""
    errors = requests.exceptions
    if isinstance(exc, errors.SSLError):
        trusted = "the certificates that Python trusts"
        if ca_file:
            trusted = f"the certificates in {ca_file}"
        return TransportError(
            f"{what}: the server's certificate was not accepted with {trusted} ({_innermost(exc)})",
            maybe_processed=False,
            permanent=True,
            next_step="Set ca_file (REQUESTS_CA_BUNDLE) to the file with the certificate authority of your proxy or"
            " endpoint.",
        )
    if isinstance(exc, OSError) and not isinstance(exc, requests.RequestException):
        next_step = "Check the network of the controller."
        if ca_file:
            next_step = f"Check ca_file ({ca_file})."
        return TransportError(f"{what}: {reason_of(exc)}", maybe_processed=False, permanent=True, next_step=next_step)
    if isinstance(exc, errors.ProxyError):
        return _proxy_error(exc, what=what)
    if isinstance(exc, errors.ConnectTimeout):
        return TransportError(
            f"{what}: no connection within {CONNECT_TIMEOUT} s",
            maybe_processed=False,
            next_step="Check the address, the firewall and HTTPS_PROXY.",
        )
    if isinstance(exc, errors.ConnectionError):
        refused = re.search(NOT_REACHED, repr(exc)) is not None
        reason = "the connection was lost"
        if refused:
            reason = "the host cannot be reached"
        return TransportError(
            f"{what}: {reason} ({_innermost(exc)})",
            maybe_processed=not refused,
            next_step="Check the address, the name resolution of the controller and HTTPS_PROXY.",
        )
    return TransportError(
        f"{what}: the answer could not be read ({type(exc).__name__})",
        maybe_processed=True,
        next_step="Run again; if the problem remains, check what answers at this address.",
    )


def _innermost(exc: BaseException) -> str:
    """The words of the TLS library or of the operating system for the cause."""
    seen: list[BaseException] = []
    current: BaseException | None = exc
    while current is not None:
        seen.append(current)
        current = _cause(current, seen)
    last = seen[-1]
    return as_text(getattr(last, "verify_message", None)) or reason_of(last)


def _cause(exc: BaseException, seen: t.Container[BaseException]) -> BaseException | None:
    """The first that it names and that was not seen yet."""
    causes = (getattr(exc, "reason", None), *exc.args, exc.__cause__, exc.__context__)
    return first(causes, lambda item: isinstance(item, BaseException) and item not in seen)
