# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users at clients, for the tests: msal runs the device code flow, the admin interface plays the user."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from graph_emulator.wire.admin import HEADERS

msal = pytest.importorskip("msal", reason="pip install msal")

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
GRAPH = "https://graph.microsoft.com"
ADMIN, APPLICATION_ADMIN, PLAIN = "adele", "alex", "megan"


class People:
    """Signs seeded users in, without waiting between polls."""

    def __init__(self, server: Any, session: requests.Session) -> None:
        self.server = server
        self.session = session

    def name(self, first: str) -> str:
        return f"{first}@{self.server.domain}"

    def object_id(self, first: str) -> str:
        (found,) = [
            user["id"]
            for user in self.server.tenant.directory.users.values()
            if user["userPrincipalName"] == self.name(first)
        ]
        return str(found)

    def control(self, action: str, body: Any) -> requests.Response:
        return self.session.post(f"{self.server.graph}/_emulator/{action}", json=body, headers=HEADERS, timeout=10)

    def give(self, first: str, *roles: str) -> None:
        answer = self.control("users", {"user": self.name(first), "directory_roles": list(roles)})
        assert answer.status_code == 200, answer.text

    def client(self, client_id: str = AZURE_CLI, *, tenant: str | None = None) -> Any:
        return msal.PublicClientApplication(
            client_id,
            authority=f"{self.server.authority}/{tenant or self.server.tenant_id}",
            instance_discovery=False,
            http_client=self.session,
        )

    def approve(self, user_code: str, first: str, *, approve: bool = True) -> requests.Response:
        return self.control("device", {"user_code": user_code, "user": self.name(first), "approve": approve})

    def sign_in(self, first: str, *, client: Any = None, scopes: tuple[str, ...] = (f"{GRAPH}/.default",)) -> Any:
        client = client or self.client()
        flow = client.initiate_device_flow(list(scopes))
        assert "user_code" in flow, flow
        answer = self.approve(flow["user_code"], first)
        assert answer.status_code == 200, answer.text
        return client.acquire_token_by_device_flow(flow)

    def ask(self, token: str, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        return self.session.request(
            method,
            f"{self.server.graph}/v1.0{path}",
            json=body,
            timeout=10,
            headers={"Authorization": f"Bearer {token}", **headers},
        )

    def token_form(self, form: dict[str, str]) -> requests.Response:
        return self.session.post(
            f"{self.server.authority}/{self.server.tenant_id}/oauth2/v2.0/token", data=form, timeout=10
        )


def public_client(operator: Any, **more: Any) -> Any:
    """An application of the tenant that can sign users in without a secret, with its service principal."""
    created = operator.application("device", isFallbackPublicClient=True, **more)
    operator.service_principal(created["appId"])
    return created


def scope_id(server: Any, value: str) -> str:
    graph = server.tenant.service_principal_by("appId", "00000003-0000-0000-c000-000000000000")
    (found,) = [entry["id"] for entry in graph["oauth2PermissionScopes"] if entry["value"] == value]
    return str(found)
