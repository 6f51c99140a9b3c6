# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests without a socket reach the emulator unchanged."""

from __future__ import annotations

import dataclasses
import re
import socket
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.endpoint import endpoint_settings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient
from ansible_collections.email_gateway.azure_apps.tests.unit.direct_connection import connect_directly
from ansible_collections.email_gateway.azure_apps.tests.unit.role_steps import RoleSteps
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from graph_emulator.wire.server import EmulatorServer

# Parts that depend on a secret, on the second, and on the speed of the machine.
DIFFERING = ("hint", "days_left", "waited_seconds")
VOLATILE = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z?|ey[\w.-]{40,}|\w{3}8Q~[\w.~-]+|[\w-]{43}"
)


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[t.Any]:
    """The addresses to which sockets were connected."""
    made: list[t.Any] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: t.Any) -> None:
        made.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    return made


def client(server: EmulatorServer, **environ: str) -> HttpClient:
    params = {"wait_timeout": 5, "request_timeout": 5}
    made = HttpClient(endpoint_settings(params, {**server.environment(), **environ}))
    made.allow(server.key_vault)
    return made


def discovery(server: EmulatorServer) -> str:
    return f"{server.authority}/{server.tenant_id}/v2.0/.well-known/openid-configuration"


def seen(tenant: Tenant) -> list[Json]:
    """The requests of a run and the results of its steps, without values that differ from run to run."""
    role = RoleSteps(tenant)
    outcome = role.run()
    entries = [dataclasses.asdict(entry) for entry in tenant.server.journal.entries()]
    for entry in entries:
        del entry["duration_ms"], entry["time"], entry["index"], entry["outer"]
    return t.cast("list[Json]", masked([*entries, outcome.steps]))


def masked(value: t.Any) -> t.Any:
    """Without values that differ from run to run."""
    if isinstance(value, dict):
        return {name: masked(item) for name, item in value.items() if name not in DIFFERING}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return VOLATILE.sub("#", value) if isinstance(value, str) else value


@pytest.mark.over_tls
def test_a_job_is_the_same_over_tls_and_directly(
    tenant: Tenant, connections: list[t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    over_tls = seen(tenant)
    assert connections
    tenant.server.reset()
    connections.clear()
    connect_directly(tenant.server, monkeypatch)
    directly = seen(tenant)
    assert connections == []
    assert len(directly) == len(over_tls) > 10
    assert directly == over_tls


@pytest.mark.over_tls
def test_headers_are_the_same_over_tls_and_directly(emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for _way in range(2):
        for url in (discovery(emulator), f"{emulator.graph}/v1.0/applications", f"{emulator.key_vault}/secrets/x"):
            answer = client(emulator).request("GET", url, headers={"client-request-id": "1"})
            answers.append((answer.status_code, masked(answer.text), sorted(answer.headers)))
        connect_directly(emulator, monkeypatch)
    assert answers[:3] == answers[3:]


@pytest.mark.parametrize(
    "fault",
    [{"close_before": True}, {"close_after": True}, {"truncate": True}, {"oversize": 10_000_000}],
    ids=str,
)
def test_a_fault_of_the_connection_uses_a_socket(
    emulator: EmulatorServer, connections: list[t.Any], fault: dict[str, t.Any]
) -> None:
    emulator.faults.add(**fault)
    with pytest.raises(TransportError):
        client(emulator).request("GET", discovery(emulator))
    assert connections


def test_the_time_limit_applies_to_a_fault(emulator: EmulatorServer) -> None:
    http = HttpClient(endpoint_settings({"wait_timeout": 5, "request_timeout": 1}, emulator.environment()))
    emulator.faults.add(delay=5.0)
    with pytest.raises(TransportError, match="no complete answer within"):
        http.request("GET", discovery(emulator))


def test_a_proxy_and_other_certificates_use_a_socket(emulator: EmulatorServer, connections: list[t.Any]) -> None:
    with socket.socket() as refuses:
        refuses.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{refuses.getsockname()[1]}"
        with pytest.raises(TransportError):
            client(emulator, HTTPS_PROXY=proxy, NO_PROXY="", no_proxy="").request("GET", discovery(emulator))
    with pytest.raises(TransportError, match="certificate"):
        client(emulator, REQUESTS_CA_BUNDLE="").request("GET", discovery(emulator))
    assert len(connections) >= 2


def test_normal_requests_use_no_socket(emulator: EmulatorServer, connections: list[t.Any]) -> None:
    assert client(emulator).request("GET", discovery(emulator)).status_code == 200
    assert connections == []
