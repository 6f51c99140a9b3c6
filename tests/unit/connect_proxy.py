# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy of a company: it records the targets of requests, and only forwards those for this machine."""

from __future__ import annotations

import http.server
import select
import socket
import threading
import typing as t


class ConnectProxy:
    """``asked`` are the targets as HOST:PORT; ``authorizations`` the credentials that the client sent for each."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.authorizations: list[str | None] = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                proxy.asked.append(self.path)
                proxy.authorizations.append(self.headers.get("Proxy-Authorization"))
                host, _colon, port = self.path.rpartition(":")
                if host not in ("localhost", "127.0.0.1"):
                    self.send_error(403)
                    return
                with socket.create_connection((host, int(port))) as server:
                    self.send_response(200)
                    self.end_headers()
                    _relay(self.connection, server)
                self.close_connection = True

            def log_message(self, *args: t.Any) -> None:
                """No log."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> ConnectProxy:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Until one of them ends."""
    while True:
        for source in select.select([one, other], [], [])[0]:
            content = source.recv(65536)
            if not content:
                return
            (other if source is one else one).sendall(content)
