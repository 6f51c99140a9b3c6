# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to the emulator of this process, passed to its application directly instead of over a socket with TLS.

This is only used if the result is the same. The socket is used for another host, for a request through a proxy or with
other certificates than the emulator's, in a forked process, and while a fault is set that affects the connection or
the time.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import io
import os
import typing as t
from urllib.parse import unquote, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.response import HTTPResponse

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.watch import Watch
from graph_emulator.faults import Fault
from graph_emulator.wire.server import EmulatorServer


def is_about_the_connection(fault: Fault) -> bool:
    broken_off = fault.close_before or fault.close_after or fault.truncate or fault.refuse > 0
    return broken_off or fault.delay > 0 or fault.delay_after > 0 or fault.oversize > 0


class DirectAdapter(BaseAdapter):
    """A transport adapter of requests for one emulator; ``socket`` is the adapter for everything else."""

    def __init__(
        self, server: EmulatorServer, socket: HTTPAdapter, *, process: int, on_socket: c.Callable[[], object]
    ) -> None:
        """``process`` is the process of the emulator; ``on_socket`` is called before a socket is used."""
        super().__init__()
        self._process = process
        self._on_socket = on_socket
        self._server = server
        self._socket = socket
        self._ports = {urlsplit(address).netloc: urlsplit(address).port for address in (server.graph, server.key_vault)}

    def send(self, request: requests.PreparedRequest, **more: t.Any) -> requests.Response:  # type: ignore[override]
        if more["verify"] != self._server.ca_file or more["proxies"] or not self._is_served(str(request.url)):
            self._on_socket()
            return self._socket.send(request, **more)
        return self._socket.build_response(request, self._answer(request))

    def close(self) -> None:
        self._socket.close()

    def _is_served(self, url: str) -> bool:
        parts = urlsplit(url)
        return (
            os.getpid() == self._process
            and parts.scheme == "https"
            and parts.netloc in self._ports
            and not any(is_about_the_connection(fault) for fault in self._server.faults.rules)
        )

    def _answer(self, request: requests.PreparedRequest) -> HTTPResponse:
        scope = scope_of(request)
        messages: list[dict[str, t.Any]] = [{"type": "http.request", "body": body_of(request), "more_body": False}]
        sent: list[t.Any] = []

        async def receive() -> dict[str, t.Any]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: t.Any) -> None:
            sent.append(message)

        try:
            run_at_once(self._server.application(scope, receive, send))
        except Exception:  # a bug of the emulator, which has responded with 500 and recorded it
            if not sent:
                raise
        return response_of(sent)


def scope_of(request: requests.PreparedRequest) -> dict[str, t.Any]:
    """As uvicorn creates it for the same request."""
    parts = urlsplit(str(request.url))
    headers = {"host": parts.netloc, **{name.lower(): value for name, value in request.headers.items()}}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", parts.port),
        "client": ("127.0.0.1", 0),
        "scheme": "https",
        "method": request.method,
        "root_path": "",
        "path": unquote(parts.path) or "/",
        "raw_path": (parts.path or "/").encode("ascii"),
        "query_string": parts.query.encode("ascii"),
        "headers": [(_bytes(name), _bytes(value)) for name, value in headers.items()],
        "state": {},
    }


def body_of(request: requests.PreparedRequest) -> bytes:
    body = request.body or b""
    return body.encode() if isinstance(body, str) else body


def response_of(sent: c.Sequence[t.Any]) -> HTTPResponse:
    start, *parts = sent
    return HTTPResponse(
        body=io.BytesIO(b"".join(part.get("body", b"") for part in parts)),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]},
        status=start["status"],
        preload_content=False,
        decode_content=False,
    )


def run_at_once(work: c.Awaitable[None]) -> None:
    """Without an event loop: a request only waits for its turn (``sleep(0)``)."""
    for waits_for in work.__await__():
        assert waits_for is None, f"the emulator waits for {waits_for!r}"


def _bytes(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


def connect_directly(server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """For all requests of the collection's code in this process to this emulator.

    The time limit for a request as a whole needs a thread, which is only necessary for a request over a socket.
    """
    over_socket, limited, process = Watch.adapter, Watch.request, os.getpid()
    limits: dict[Watch, contextlib.ExitStack] = {}

    def adapter(watch: Watch) -> BaseAdapter:
        def on_socket() -> None:
            limits[watch].enter_context(limited(watch))

        return DirectAdapter(server, over_socket(watch), process=process, on_socket=on_socket)

    @contextlib.contextmanager
    def request(watch: Watch) -> c.Iterator[None]:
        watch.expired = False
        with contextlib.ExitStack() as limits[watch]:
            yield
        del limits[watch]

    monkeypatch.setattr(Watch, "adapter", adapter)
    monkeypatch.setattr(Watch, "request", request)
