# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plain Graph client: for the responses of the emulator itself, and for actions of another administrator."""

from __future__ import annotations

from typing import Any

import requests

from graph_emulator.wire.server import EmulatorServer


class Client:
    """A Graph client with a token of its own."""

    def __init__(self, server: EmulatorServer, client_id: str, client_secret: str) -> None:
        self.server = server
        self.client_id = client_id
        self.client_secret = client_secret
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = server.ca_file
        self._token: str | None = None

    def ask_token(self, **changes: Any) -> requests.Response:
        tenant = changes.pop("tenant", self.server.tenant_id)
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": "https://graph.microsoft.com/.default",
            **changes,
        }
        form = {name: value for name, value in form.items() if value is not None}
        return self.session.post(f"{self.server.authority}/{tenant}/oauth2/v2.0/token", data=form, timeout=10)

    @property
    def token(self) -> str:
        if self._token is None:
            self._token = self.ask_token().json()["access_token"]
        return self._token

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        url = path if path.startswith("https:") else f"{self.server.graph}/v1.0{path}"
        return self.session.request(method, url, headers=headers, timeout=10, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> requests.Response:
        return self("POST", path, json=body, **more)

    def patch(self, path: str, body: Any = None, **more: Any) -> requests.Response:
        return self("PATCH", path, json=body, **more)

    def delete(self, path: str, **more: Any) -> requests.Response:
        return self("DELETE", path, **more)

    def upsert(self, path: str, body: Any) -> requests.Response:
        return self.patch(path, body, headers={"Prefer": "create-if-missing"})

    def application(self, name: str = "gateway", **body: Any) -> dict[str, Any]:
        answer = self.post("/applications", {"displayName": name, **body})
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def service_principal(self, app_id: str) -> dict[str, Any]:
        answer = self.post("/servicePrincipals", {"appId": app_id})
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created
