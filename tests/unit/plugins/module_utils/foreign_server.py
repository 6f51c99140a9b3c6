# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A web server that is not the tenant's."""

from __future__ import annotations

import http.server
import threading
import typing as t


class Stranger:
    """A web server that is not the tenant's; it records its requests."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str | None]] = []
        stranger = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stranger.requests.append((self.path, self.headers.get("Authorization")))
                self.send_response(200)
                self.end_headers()

            do_POST = do_PATCH = do_GET

            def log_message(self, *_arguments: t.Any) -> None:
                """No log."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
