# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An SMTP server on loopback that sends any response that a test needs, also invalid ones."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import typing as t

from graph_emulator.wire.tls import TlsFiles

HELLO = b"250-mx\r\n250-STARTTLS\r\n250 HELP\r\n"
HELLO_TLS = b"250-mx\r\n250-AUTH XOAUTH2\r\n250 HELP\r\n"
Script = t.Mapping[str, t.Any]


class HostileSmtp:
    """Responds as ``script`` defines, by step: greeting, EHLO, STARTTLS, tls (instead of a handshake), EHLO2, AUTH,
    empty.

    A value is bytes, or a function that yields bytes until the client closes the connection; None closes the
    connection.
    ``heard`` are the lines that were received.
    """

    def __init__(self, script: Script) -> None:
        good = {"greeting": b"220 mx\r\n", "EHLO": HELLO, "STARTTLS": b"220 go\r\n", "EHLO2": HELLO_TLS}
        self._script: dict[str, t.Any] = {**good, "AUTH": b"235 2.7.0 ok\r\n", "QUIT": b"221 bye\r\n", **script}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tls = TlsFiles(None)
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.heard: list[str] = []

    @property
    def ca_file(self) -> str:
        return str(self._tls.ca_file)

    def trickle(self, part: bytes = b"2", seconds: float = 0.1) -> t.Iterator[bytes]:
        while not self._stopped.wait(seconds):
            yield part

    def endless(self, part: bytes) -> t.Iterator[bytes]:
        while not self._stopped.is_set():
            yield part * 100

    def __enter__(self) -> HostileSmtp:
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
        with contextlib.suppress(OSError, ssl.SSLError), contextlib.ExitStack() as stack:
            connection: socket.socket = stack.enter_context(plain)
            connection.settimeout(60)
            secure = False
            if not self._reply(connection, "greeting"):
                return
            while line := _line(connection):
                self.heard.append(line)
                word = line.split()[0] if line.strip() else "empty"
                step = "EHLO2" if word == "EHLO" and secure else word
                if not self._reply(connection, step):
                    return
                if step == "STARTTLS":
                    if "tls" in self._script:
                        self._reply(connection, "tls")
                        return
                    connection = stack.enter_context(self._context().wrap_socket(connection, server_side=True))
                    secure = True

    def _context(self) -> ssl.SSLContext:
        return self._tls.context()

    def _reply(self, connection: socket.socket, step: str) -> bool:
        reply = self._script.get(step, b"500 what\r\n")
        if reply is None:
            return False
        for part in [reply] if isinstance(reply, bytes) else reply(self, self.heard[-1] if self.heard else ""):
            connection.sendall(part)
        return True


def _line(connection: socket.socket) -> str:
    got = b""
    while not got.endswith(b"\n"):
        part = connection.recv(1)
        if not part:
            return ""
        got += part
    return got.decode().rstrip("\r\n") or " "
