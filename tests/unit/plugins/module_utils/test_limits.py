# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For any response of a server, a request ends within the time-out that the user set."""

from __future__ import annotations

import gzip
import socket
import threading
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ENDPOINT
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.endpoint import endpoint_settings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient
from ansible_collections.email_gateway.azure_apps.tests.unit.hostile_server import (
    Answer,
    HostileServer,
    always,
    whole,
)

HEADER = b"HTTP/1.1 200 OK\r\n"


def _client(server: HostileServer, *, seconds: int = 1, **environ: str) -> HttpClient:
    params = {name: option.get("default") for name, option in ENDPOINT.options.items()}
    return HttpClient(endpoint_settings({**params, "request_timeout": seconds}, server.environment(**environ)))


def _trickle(server: t.Callable[[], HostileServer], begin: bytes, unit: bytes) -> Answer:
    yield begin
    while True:
        server().pause(0.02)
        yield unit


TRICKLES = {
    "status line": (b"HTTP/1.1 200 ", b"x"),
    "header": (HEADER + b"X: ", b"x"),
    "headers": (HEADER, b"X: x\r\n"),
    "100 continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (HEADER + b"Content-Length: 1000000\r\n\r\n", b" "),
    "body without length": (HEADER + b"Connection: close\r\n\r\n{}", b" "),
    "packed body": (
        HEADER + b"Content-Encoding: gzip\r\nContent-Length: 1000000\r\n\r\n" + gzip.compress(b"")[:10],
        b"\0",
    ),
    "chunks": (HEADER + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "chunk line": (HEADER + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
    "trailer": (HEADER + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: x\r\n"),
}


@pytest.mark.parametrize("trickle", sorted(TRICKLES))
def test_a_slow_response_ends_after_request_timeout(trickle: str) -> None:
    """Each byte arrives long before a timeout of the socket; without a limit for the whole request this never ends."""
    begin, unit = TRICKLES[trickle]
    with HostileServer(always(lambda: _trickle(lambda: server, begin, unit))) as server:
        client = _client(server)
        with pytest.raises(TransportError, match="no complete answer within 1 s") as failure:
            client.request("GET", f"{server.url}/v1.0/applications")
        client.close()
    assert failure.value.maybe_processed
    assert not failure.value.permanent


def test_a_slow_tls_handshake_ends_after_request_timeout() -> None:
    record = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"  # the beginning of a long ServerHello
    with HostileServer(always(list), before_tls=_trickle(lambda: server, record, b"\0")) as server:
        client = _client(server)
        with pytest.raises(TransportError, match="no complete answer within 1 s"):
            client.request("GET", f"{server.url}/v1.0/applications")
        client.close()


def test_a_slow_proxy_ends_after_request_timeout() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        connection, _address = listener.accept()
        with connection:
            try:
                connection.sendall(b"HTTP/1.1 200 ")
                while not over.wait(0.02):
                    connection.sendall(b"x")
            except OSError:  # the client has disconnected
                return

    thread = threading.Thread(target=serve)
    thread.start()
    with listener, HostileServer(always(list)) as server:
        client = _client(server, HTTPS_PROXY=f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(TransportError, match="no complete answer within 1 s"):
            client.request("GET", f"{server.url}/v1.0/applications")
        client.close()
    over.set()
    thread.join()


def test_a_connection_is_reused_after_a_request() -> None:
    connections: list[int] = []

    def answer(_method: str, _path: str, _body: bytes) -> Answer:
        connections.append(threading.get_ident())
        return whole(b"{}")

    with HostileServer(answer) as server:
        client = _client(server, seconds=60)
        before = threading.active_count()
        for _number in range(5):
            assert client.request("GET", f"{server.url}/v1.0/applications").content == b"{}"
        assert threading.active_count() <= before + 1, "only threads of the server, and no remaining timer"
        client.close()
    assert len(set(connections)) == 1


def test_a_compressed_response_is_read() -> None:
    with HostileServer(always(lambda: whole(gzip.compress(b'{"a": 1}'), "Content-Encoding: gzip"))) as server:
        client = _client(server)
        assert client.request("GET", f"{server.url}/v1.0/applications").content == b'{"a": 1}'
        client.close()
