# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator with Microsoft's host names, for clients without a setting for the address."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.clients import own_network
from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from graph_emulator.cli import main
from graph_emulator.wire import server as server_module
from graph_emulator.wire.server import EmulatorServer


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatorServer]:
    """On a free port, since 443 may be used or forbidden."""
    monkeypatch.setattr(server_module, "HTTPS_PORT", 0)
    with EmulatorServer(microsoft_names=True) as server:
        yield server


def read(server: EmulatorServer, host: str, path: str) -> Any:
    """The response for a client for which this name leads to loopback."""
    context = ssl.create_default_context(cafile=server.ca_file)
    connection = http.client.HTTPSConnection(host, context=context, timeout=10)
    with socket.create_connection(("127.0.0.1", server.port)) as plain:
        with context.wrap_socket(plain, server_hostname=host) as connection.sock:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())


def test_each_service_responds_under_its_name(named: EmulatorServer) -> None:
    login = "https://login.microsoftonline.com"
    configuration = read(
        named, "login.microsoftonline.com", f"/{named.tenant_id}/v2.0/.well-known/openid-configuration"
    )
    assert configuration["issuer"] == f"{login}/{named.tenant_id}/v2.0"
    assert configuration["token_endpoint"] == f"{login}/{named.tenant_id}/oauth2/v2.0/token"
    endpoints = read(named, "management.azure.com", "/metadata/endpoints?api-version=2022-09-01")
    assert endpoints["authentication"]["loginEndpoint"].rstrip("/") == login
    assert endpoints["resourceManager"].rstrip("/") == "https://management.azure.com"
    assert read(named, "graph.microsoft.com", "/v1.0/applications")["error"]["code"] == "InvalidAuthenticationToken"


def test_addresses_in_answers_have_the_name_of_graph(named: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, authority = named.graph, named.authority
    monkeypatch.setattr(named, "graph", f"https://localhost:{named.port}")
    monkeypatch.setattr(named, "authority", f"https://localhost:{named.port}")
    client = Client(named, named.client_id, named.client_secret)
    client.application("one")
    page = client.get("/applications", params={"$top": "1"}).json()
    assert (graph, authority) == ("https://graph.microsoft.com", "https://login.microsoftonline.com")
    assert page["@odata.context"] == f"{graph}/v1.0/$metadata#applications"
    assert page["@odata.nextLink"].startswith(f"{graph}/v1.0/applications?")


def test_the_tests_use_the_names_of_the_emulator() -> None:
    assert own_network.NAMES == server_module.MICROSOFT_NAMES


def test_the_port_cannot_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--microsoft-names", "--port", "8443"])
    assert "not allowed with argument" in capsys.readouterr().err
