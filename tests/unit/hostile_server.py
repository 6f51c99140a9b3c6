# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on loopback that responds with any bytes over TLS, also with those that no web framework would send."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import typing as t

from graph_emulator.wire.tls import TlsFiles

Answer = t.Iterable[bytes]


def whole(body: bytes, *headers: str, status: str = "200 OK") -> Answer:
    """One complete response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
    return ["\r\n".join([*lines, "", ""]).encode(), body]


def in_json(document: t.Any) -> Answer:
    return whole(json.dumps(document, ensure_ascii=False).encode())


class HostileServer:
    """Sends the bytes that ``answer`` yields for a method, a path and a body, until the client disconnects."""

    def __init__(self, answer: t.Callable[[str, str, bytes], Answer], *, before_tls: Answer | None = None) -> None:
        self._answer = answer
        self._before_tls = before_tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tls = TlsFiles(None)
        self._context = self._tls.context()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self.requests: list[str] = []
        self.url = f"https://localhost:{self._listener.getsockname()[1]}"

    @property
    def ca_file(self) -> str:
        return str(self._tls.ca_file)

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "AZURE_AUTHORITY_HOST": self.url,
            "AZURE_GRAPH_URL": self.url,
            "REQUESTS_CA_BUNDLE": self.ca_file,
            "AZURE_TENANT": "11111111-1111-1111-1111-111111111111",
            **more,
        }

    def __enter__(self) -> HostileServer:
        self._start(self._accept)
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()
        self._tls.remove()

    def pause(self, seconds: float) -> None:
        """Between two bytes; ends at once when the test is over."""
        self._stopped.wait(seconds)

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def _start(self, target: t.Callable[..., None], *args: t.Any) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                plain, _address = self._listener.accept()
            except OSError:  # the end of the test
                return
            self._start(self._serve, plain)

    def _serve(self, plain: socket.socket) -> None:
        # The client closes the connection: that is tested.
        with contextlib.suppress(OSError, ssl.SSLError), plain:
            if self._before_tls is not None:
                plain.recv(65536)
                self._send(plain, self._before_tls)
                return
            plain.settimeout(60)
            with self._context.wrap_socket(plain, server_side=True) as connection:
                while (request := _read(connection)) is not None:
                    self.requests.append(f"{request[0]} {request[1]}")
                    self._send(connection, self._answer(*request))

    def _send(self, connection: socket.socket, answer: Answer) -> None:
        for part in answer:
            if self.stopped:
                return
            connection.sendall(part)


def _read(connection: socket.socket) -> tuple[str, str, bytes] | None:
    got = b""
    while b"\r\n\r\n" not in got:
        part = connection.recv(65536)
        if not part:
            return None
        got += part
    head, _blank, body = got.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    lengths = [int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length:")]
    while len(body) < sum(lengths):
        body += connection.recv(65536)
    method, path, _version = lines[0].split(" ")
    return method, path, body


def always(answer: t.Callable[[], Answer]) -> t.Callable[[str, str, bytes], Answer]:
    """The same response to every request."""
    return lambda _method, _path, _body: answer()
