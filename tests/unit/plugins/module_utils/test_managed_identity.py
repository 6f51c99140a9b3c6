# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The managed identity of the machine, with msal against the endpoints that Azure documents.

The metadata service of a virtual machine, and the endpoint of App Service. That of Arc, whose challenge is a file that
only root can read, is left to msal.
"""

from __future__ import annotations

import http.server
import json
import threading
import time
import typing as t
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_registration_info"
UNREGISTERED: Json = {"unique_name": "unregistered"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"
IMDS = "/metadata/identity/oauth2/token"


class Metadata:
    """The responses of the endpoint: (status, body) in turn, the last one repeatedly.

    ``missing`` is the number of bytes that are announced and do not come until it closes.
    """

    def __init__(self) -> None:
        self.missing = 0
        self.closed = threading.Event()
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = []
        metadata = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                metadata.asked.append((parts.path, parse_qs(parts.query), dict(self.headers)))
                answers = metadata.answers
                status, body = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) + metadata.missing))
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()
                self.wfile.write(body)
                if metadata.missing:
                    metadata.closed.wait(10)

            def log_message(self, *args: t.Any) -> None:
                """No log."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def metadata(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Metadata]:
    """Azure's variables are those of the process, not of a task."""
    found = Metadata()
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET", "IMDS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", found.url)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    hosts = ("AZURE_AUTHORITY_HOST", "AZURE_GRAPH_URL", "REQUESTS_CA_BUNDLE")
    tenant.environ = {
        **{name: tenant.environ[name] for name in hosts},
        "ANSIBLE_AZURE_AUTH_SOURCE": "managed_identity",
    }
    yield found
    found.close()


def of_vm(token: str) -> bytes:
    """As the page on virtual machines shows it: numbers are texts."""
    return json.dumps(
        {
            "access_token": token,
            "refresh_token": "",
            "expires_in": "3599",
            "expires_on": f"{time.time() + 3599:.0f}",
            "not_before": f"{time.time():.0f}",
            "resource": "https://graph.microsoft.com",
            "token_type": "Bearer",
        }
    ).encode()


def test_the_system_assigned_identity_can_sign_in(tenant: Tenant, metadata: Metadata) -> None:
    token = tenant.operator_token()
    metadata.answers = [(200, of_vm(token))]
    result = tenant.ok(MODULE, **UNREGISTERED)
    assert token not in json.dumps(result)
    ((path, query, headers),) = metadata.asked
    assert path == IMDS
    assert query["resource"] == [tenant.server.graph]
    assert query["api-version"] == ["2018-02-01"]
    assert "client_id" not in query
    assert headers["Metadata"] == "true"
    assert {e.client_id for e in tenant.server.requests() if e.path.startswith("/v1.0")} == {tenant.server.client_id}


def test_a_user_assigned_identity_can_sign_in(tenant: Tenant, metadata: Metadata) -> None:
    metadata.answers = [(200, of_vm(tenant.operator_token()))]
    tenant.ok(MODULE, **UNREGISTERED, auth_client_id=UNKNOWN)
    assert metadata.asked[0][1]["client_id"] == [UNKNOWN]


def test_the_identity_of_app_service_can_sign_in(
    tenant: Tenant, metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{metadata.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a")
    token = tenant.operator_token()
    metadata.answers = [(200, json.dumps({"access_token": token, "expires_on": f"{time.time() + 3599:.0f}"}).encode())]
    tenant.ok(MODULE, **UNREGISTERED)
    ((path, _query, headers),) = metadata.asked
    assert (path, headers["X-IDENTITY-HEADER"]) == ("/msi/token", "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a")


def test_an_endpoint_that_is_not_ready_is_waited_for(tenant: Tenant, metadata: Metadata) -> None:
    metadata.answers = [(404, b"{}"), (410, b""), (429, b"{}"), (200, of_vm(tenant.operator_token()))]
    tenant.ok(MODULE, **UNREGISTERED)
    assert len(metadata.asked) == 4


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, b'{"error":"invalid_request","error_description":"Identity not found"}', "Identity not found"),
        (
            400,
            b'{"error":"invalid_resource","error_description":"AADSTS500011: no such\\n  resource"}',
            "no such resource",
        ),
        (200, b"<html>a captive portal</html>", "answered with status 200"),
        (200, b'{"access_token": 7, "expires_in": "3599"}', "no token"),
        (200, b'{"access_token": "t", "expires_in": "soon"}', "The managed identity returned no token"),
        (200, b"[" * 100_000, "answered with status 200"),
        (200, b"x" * 2**20, "answered with status 200"),
        (302, b"", "answered with status 302"),
        (500, b"{}", "answered with status 500"),
    ],
)
def test_an_endpoint_without_a_token_is_reported(
    tenant: Tenant, metadata: Metadata, status: int, body: bytes, words: str
) -> None:
    metadata.answers = [(status, body)]
    result = tenant.fails(MODULE, **UNREGISTERED)
    assert words in result["msg"]
    assert "auth_client_id" in result["error"]["next_step"]
    assert tenant.server.requests() == []


def test_a_machine_without_the_endpoint_is_reported(tenant: Tenant, metadata: Metadata) -> None:
    metadata.close()
    result = tenant.fails(MODULE, **UNREGISTERED)
    assert f"nothing answers at {metadata.url}{IMDS}" in result["msg"]


def test_an_answer_that_stops_halfway_is_reported(tenant: Tenant, metadata: Metadata) -> None:
    metadata.answers, metadata.missing = [(200, b'{"access_')], 100
    result = tenant.fails(MODULE, **UNREGISTERED, request_timeout=1)
    assert f"no complete answer came from {metadata.url}{IMDS}" in result["msg"]


def test_an_old_msal_is_reported_before_any_request(
    tenant: Tenant, metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("msal.ManagedIdentityClient", raising=False)
    assert "needs msal 1.29" in tenant.fails(MODULE, **UNREGISTERED)["msg"]
    assert metadata.asked == []


def test_a_managed_identity_is_only_used_on_request(
    tenant: Tenant, metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tenant.environ, "ANSIBLE_AZURE_AUTH_SOURCE", "auto")
    monkeypatch.setitem(tenant.environ, "PATH", "/nowhere")
    assert "Azure CLI" in tenant.fails(MODULE, **UNREGISTERED)["msg"]
    assert metadata.asked == []
