# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key vault, with Microsoft's own client and with plain requests."""

from __future__ import annotations

import datetime
import socket
from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from graph_emulator.wire.server import EmulatorServer

_WHY = "Microsoft's client is not installed: .ci/dev run pip install -r tests/requirements-clients.txt"
pytest.importorskip("azure.keyvault.secrets", reason=_WHY)
pytest.importorskip("azure.identity", reason=_WHY)

from azure.core.exceptions import (  # noqa: E402
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.identity import ClientSecretCredential  # noqa: E402
from azure.keyvault.secrets import SecretClient  # noqa: E402
from azure.keyvault.secrets._shared import http_challenge_cache  # noqa: E402

HOST = "emulator.vault.localhost"
EXPIRES = datetime.datetime(2031, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)


@pytest.fixture(autouse=True)
def _resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """According to RFC 6761, names below localhost are loopback; not every system's resolver implements that."""
    resolve = socket.getaddrinfo

    def resolved(host: Any, *more: Any, **others: Any) -> Any:
        return resolve("127.0.0.1" if host == HOST else host, *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    http_challenge_cache.clear()  # one for the whole process


def _client(server: EmulatorServer, client_id: str = "", client_secret: str = "") -> SecretClient:
    """With the client's own verification of the challenge."""
    credential = ClientSecretCredential(
        server.tenant_id,
        client_id or server.client_id,
        client_secret or server.client_secret,
        authority=server.authority,
        disable_instance_discovery=True,
        connection_verify=server.ca_file,
    )
    address = f"https://{HOST}:{server.vault_port}"
    return SecretClient(address, credential, connection_verify=server.ca_file, retry_total=0)


def test_a_secret_can_be_set_read_and_changed_and_has_versions(emulator: EmulatorServer) -> None:
    client = _client(emulator)
    tags = {"key-id": "1"}
    first = client.set_secret("gateway", "one", expires_on=EXPIRES, not_before=EXPIRES.replace(year=2020), tags=tags)
    assert (first.value, first.properties.expires_on, first.properties.tags) == ("one", EXPIRES, tags)
    second = client.set_secret("Gateway", "two", content_type="text")
    assert second.properties.version != first.properties.version
    assert client.get_secret("gateway").value == "two"
    assert client.get_secret("gateway", first.properties.version).value == "one"
    client.update_secret_properties("gateway", second.properties.version, tags={"a": "b"}, enabled=True)
    read = client.get_secret("gateway")
    assert (read.value, read.properties.tags, read.properties.content_type) == ("two", {"a": "b"}, "text")
    client.update_secret_properties("gateway", enabled=False)
    with pytest.raises(HttpResponseError, match="disabled secret"):
        client.get_secret("gateway")


def test_a_deleted_secret_can_be_recovered_and_keeps_its_name(emulator: EmulatorServer) -> None:
    client = _client(emulator)
    client.set_secret("gateway", "one")
    client.begin_delete_secret("gateway").wait()
    with pytest.raises(ResourceNotFoundError, match="was not found in this key vault"):
        client.get_secret("gateway")
    with pytest.raises(ResourceExistsError) as refused:
        client.set_secret("gateway", "two")
    assert refused.value.error is not None
    assert refused.value.error.innererror["code"] == "ObjectIsDeletedButRecoverable"
    assert (
        client.get_deleted_secret("gateway").recovery_id
        == f"https://{HOST}:{emulator.vault_port}/deletedsecrets/gateway"
    )
    client.begin_recover_deleted_secret("gateway").wait()
    assert client.get_secret("gateway").value == "one"
    client.begin_delete_secret("gateway").wait()
    client.purge_deleted_secret("gateway")
    with pytest.raises(ResourceNotFoundError, match="Deleted Secret not found"):
        client.get_deleted_secret("gateway")
    client.set_secret("gateway", "three")


def test_deleting_and_recovering_can_take_time(emulator: EmulatorServer) -> None:
    client = _client(emulator)
    client.set_secret("gateway", "one")
    emulator.settings.vault_lag = 30
    client.begin_delete_secret("gateway")
    for inner in ("ObjectIsBeingDeleted", "ObjectIsDeletedButRecoverable"):
        with pytest.raises(ResourceExistsError) as refused:
            client.set_secret("gateway", "two")
        assert refused.value.error is not None
        assert refused.value.error.innererror["code"] == inner
        emulator.clock.advance(31)
    client.begin_recover_deleted_secret("gateway")
    with pytest.raises(ResourceExistsError, match="currently being recovered"):
        client.set_secret("gateway", "two")
    emulator.clock.advance(31)
    client.set_secret("gateway", "two")


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [(None, False, False), ("Key Vault Reader", False, False), ("Key Vault Secrets User", True, False)],
)
def test_a_role_has_its_rights(emulator: EmulatorServer, role: str | None, reads: bool, writes: bool) -> None:
    _client(emulator).set_secret("gateway", "one")
    client_id, client_secret = emulator.add_operator([])
    emulator.emulator.key_vault.assign(client_id, role)
    client = _client(emulator, client_id, client_secret)
    for allowed, call in ((reads, client.get_secret), (writes, lambda name: client.set_secret(name, "two"))):
        if allowed:
            assert call("gateway").value == "one"
            continue
        with pytest.raises(HttpResponseError, match="not authorized to perform action") as refused:
            call("gateway")
        assert refused.value.status_code == 403
        assert refused.value.error is not None
        assert refused.value.error.innererror["code"] == "ForbiddenByRbac"


def test_the_challenge_names_the_resource_and_the_tenant(emulator: EmulatorServer, operator: Client) -> None:
    url = f"{emulator.key_vault}/secrets/gateway?api-version=7.4"
    answer = operator.session.get(url, timeout=10)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        f'Bearer authorization="{emulator.authority}/{emulator.tenant_id}", resource="{emulator.key_vault}"'
    )
    assert "AKV10000" in answer.text
    # A token for Microsoft Graph is refused by a vault.
    answer = operator.session.get(url, headers={"Authorization": f"Bearer {operator.token}"}, timeout=10)
    assert answer.status_code == 401
    assert "AKV10022: Invalid audience" in answer.text
    for resource in ("https://vault.azure.net", emulator.key_vault):
        token = operator.ask_token(scope=f"{resource}/.default").json()["access_token"]
        answer = operator.session.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert answer.status_code == 404


def test_microsoft_s_client_refuses_a_challenge_for_another_place(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph_emulator.key_vault.vault.resource_of", lambda host: "https://vault.example.org")
    with pytest.raises((ValueError, ClientAuthenticationError), match="does not match the requested domain"):
        _client(emulator).get_secret("gateway")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"value": "x" * 26000},
        {"value": "one", "tags": {str(number): "" for number in range(16)}},
        {"value": "one", "tags": {"a": "b" * 257}},
        {"value": "one", "attributes": {"exp": "soon"}},
        {"value": "one", "attributes": {"nbf": 2000, "exp": 1000}},
    ],
)
def test_invalid_secrets_are_refused(emulator: EmulatorServer, operator: Client, body: dict[str, Any]) -> None:
    token = operator.ask_token(scope="https://vault.azure.net/.default").json()["access_token"]
    answer = operator.session.put(
        f"{emulator.key_vault}/secrets/gateway?api-version=7.4",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadParameter")
    assert emulator.emulator.key_vault.value("gateway") is None
    assert "xxxx" not in repr(emulator.journal.entries())


def test_a_reset_empties_the_vault(emulator: EmulatorServer) -> None:
    client = _client(emulator)
    client.set_secret("gateway", "one")
    assert emulator.emulator.key_vault.value("gateway") == "one"
    assert emulator.vault_writes()[-1].body == {"value": "********"}
    emulator.reset()
    assert emulator.emulator.key_vault.value("gateway") is None
