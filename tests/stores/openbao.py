# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real OpenBao server, which implements the API of HashiCorp Vault, behind a proxy that can watch and interrupt."""

from __future__ import annotations

import http.server
import socket
import subprocess
import threading
import time
import typing as t
from pathlib import Path

import requests

ROOT_TOKEN = "root-of-the-tests"
POLICY = """
path "secret/data/gateways/*" { capabilities = ["create", "read", "update"] }
path "secret/metadata/gateways/*" { capabilities = ["read"] }
path "secret/delete/gateways/*" { capabilities = ["update"] }
"""


class OpenBao:
    """``down`` refuses every request; ``lose_next_write`` performs one write and cuts off its response.

    ``lose_reads`` cuts off the responses to so many reads of the credential. ``seen`` is called with each request.
    """

    store: t.ClassVar[dict[str, t.Any]] = {"type": "hashi_vault", "name": "gateways/vienna"}

    def __init__(self, program: Path, home: Path, *, seen: t.Callable[[], None]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.requests: list[tuple[str, str]] = []
        self.down = False
        self.lose_next_write = False
        self.lose_reads = 0
        self._seen = seen
        home.mkdir()
        self._process = subprocess.Popen(
            [str(program), "server", "-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{self._port}"],
            env={"BAO_DEV_ROOT_TOKEN_ID": ROOT_TOKEN, "HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wire = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._wire.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._wire.server_port}"
        while not self._answers():
            assert self._process.poll() is None, "bao ended"
            time.sleep(0.05)
        self.ask("PUT", "sys/policies/acl/gateway", {"policy": POLICY})
        self.token: str = self.ask("POST", "auth/token/create", {"policies": ["gateway"]})["auth"]["client_token"]

    def _answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self._port}/v1/secret/config", headers=_ROOT).status_code == 200
        except requests.ConnectionError:
            return False

    def ask(self, method: str, path: str, body: t.Any = None) -> t.Any:
        """As the administrator, past the proxy; None for an object that does not exist."""
        answer = requests.request(method, f"http://127.0.0.1:{self._port}/v1/{path}", json=body, headers=_ROOT)
        assert answer.status_code in (200, 204, 404), answer.text
        return answer.json() if answer.status_code == 200 else None

    def kept(self, name: str = "gateways/vienna") -> dict[str, t.Any]:
        found = self.ask("GET", f"secret/data/{name}")
        return found["data"]["data"] if found else {}

    def writes(self) -> list[str]:
        """Paths of the requests that changed something, or tried to."""
        return [path for method, path in self.requests if method != "GET" and path != "/v1/sys/capabilities-self"]

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> requests.Response | None:
        self.requests.append((method, path))
        self._seen()
        if self.down:
            return None
        if method == "GET" and "/data/" in path and self.lose_reads:
            self.lose_reads -= 1
            return None
        answer = requests.request(method, f"http://127.0.0.1:{self._port}{path}", data=body, headers=headers)
        if method != "GET" and "/data/" in path and self.lose_next_write:
            self.lose_next_write = False
            return None
        return answer

    def __enter__(self) -> OpenBao:
        return self

    def __exit__(self, *_about: object) -> None:
        self._wire.shutdown()
        self._wire.server_close()
        self._process.kill()
        self._process.wait()


_ROOT = {"X-Vault-Token": ROOT_TOKEN}


def _handler(server: OpenBao) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length", "connection")}
            answer = server.forward(self.command, self.path, kept, body)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_DELETE = do_LIST = _serve

        def log_message(self, *_args: t.Any) -> None:
            """No log."""

    return Handler
