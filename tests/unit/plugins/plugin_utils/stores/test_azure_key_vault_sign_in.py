# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token and the role that the store azure_key_vault needs, and which vault gets a token."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError, InputError
from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import FIRST, SECRET
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.test_azure_key_vault import (
    KeyVaultPlace,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant


@pytest.fixture
def place(tenant: Tenant) -> KeyVaultPlace:
    return KeyVaultPlace(tenant)


@pytest.mark.parametrize(("role", "action"), [(None, "getSecret"), ("Key Vault Secrets User", "setSecret")])
def test_a_missing_role_is_named(place: KeyVaultPlace, role: str | None, action: str) -> None:
    place.tenant.sign_in_with()
    place.vault.assign(place.tenant.environ["AZURE_CLIENT_ID"], role)
    with pytest.raises(AppsError, match=action) as failure:
        place.open().write(FIRST, expected=None)
    assert "Key Vault Secrets Officer" in failure.value.next_step
    assert (failure.value.kind, failure.value.details["code"]) == ("key_vault", "ForbiddenByRbac")
    assert failure.value.details["request_id"]
    assert SECRET not in repr(failure.value.describe(lambda value: value))
    assert place.value() is None


@pytest.mark.parametrize(
    ("cloud", "address"),
    [
        ("AzureCloud", "https://gateways.vault.azure.cn"),
        ("AzureChinaCloud", "https://gateways.vault.azure.net"),
        ("AzureUSGovernment", "https://vault.azure.net.example.org"),
    ],
)
def test_a_vault_of_another_cloud_is_refused(place: KeyVaultPlace, cloud: str, address: str) -> None:
    server = place.tenant.server
    place.tenant.environ = {"AZURE_TENANT": "t.example", "AZURE_CLIENT_ID": server.client_id, "AZURE_SECRET": "x" * 9}
    place.params["cloud_environment"] = cloud
    place.entry["vault_url"] = address
    with pytest.raises(InputError, match="not a vault of the cloud"):
        place.open().read()
    assert server.requests() == []


def test_a_token_for_graph_is_not_sent_to_the_vault(place: KeyVaultPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant, seen = place.tenant, []
    serve = place.vault.serve
    environ = {name: value for name, value in tenant.environ.items() if name.endswith(("HOST", "URL", "BUNDLE"))}
    resources = {"graph": "https://graph.microsoft.com", "vault": tenant.server.key_vault}
    tokens = {name: _token(tenant, resource) for name, resource in resources.items()}

    def served(*request: t.Any, headers: dict[str, str], **more: t.Any) -> t.Any:
        seen.append(headers.get("authorization", ""))
        return serve(*request, headers=headers, **more)

    monkeypatch.setattr(place.vault, "serve", served)
    tenant.environ = {**environ, "AZURE_ACCESS_TOKEN": tokens["graph"]}
    with pytest.raises(InputError, match=r"The access token is for https://graph\.microsoft\.com"):
        place.open().read()
    assert seen == [""], "only the request for the challenge was sent"
    tenant.environ = {**environ, "AZURE_ACCESS_TOKEN": tokens["vault"]}
    place.open().write(FIRST, expected=None)
    assert place.value() == SECRET


def _token(tenant: Tenant, resource: str) -> str:
    client = Client(tenant.server, tenant.server.client_id, tenant.server.client_secret)
    token: str = client.ask_token(scope=f"{resource}/.default").json()["access_token"]
    return token


@pytest.mark.parametrize(
    "resource",
    ["https://vault.example.org", "https://ocalhost", "http://localhost", "https://", "https://[", "localhost"],
)
def test_a_challenge_for_another_resource_gets_no_token(
    place: KeyVaultPlace, monkeypatch: pytest.MonkeyPatch, resource: str
) -> None:
    monkeypatch.setattr("graph_emulator.key_vault.vault.resource_of", lambda host: resource)
    with pytest.raises(AppsError, match="did not ask for a token as a key vault of this host does"):
        place.open().read()
    assert not [entry for entry in place.tenant.server.requests() if entry.path.endswith("/token")]


def test_a_vault_of_another_tenant_is_reported(place: KeyVaultPlace) -> None:
    other = "11111111-2222-3333-4444-555555555555"
    challenge = (
        f'Bearer authorization="https://login.microsoftonline.com/{other}", resource="{place.entry["vault_url"]}"'
    )
    place.tenant.server.faults.add(
        path="/secrets/gateway",
        status=401,
        headers={"www-authenticate": challenge},
        body={"error": {"code": "Unauthorized"}},
    )
    with pytest.raises(AppsError, match=f"belongs to the tenant {other}"):
        place.open().read()


@pytest.mark.parametrize("address", ["{0.authority}/{0.tenant_id}", "https://["])
def test_a_token_that_was_refused_once_is_renewed(place: KeyVaultPlace, address: str) -> None:
    server = place.tenant.server
    challenge = f'Bearer authorization="{address.format(server)}"'
    server.faults.add(path="/secrets/gateway", status=401, headers={"www-authenticate": challenge})
    place.open().write(FIRST, expected=None)
    assert place.value() == SECRET


def test_a_vault_of_the_cloud_needs_a_token_for_the_vaults_of_this_cloud(place: KeyVaultPlace) -> None:
    token = _token(place.tenant, "https://graph.microsoft.com")
    place.tenant.environ = {"AZURE_ACCESS_TOKEN": token, "AZURE_CLOUD_ENVIRONMENT": "AzureCloud"}
    place.tenant.clear_requests()
    place.entry["vault_url"] = "https://gateways.vault.azure.net"
    with pytest.raises(InputError, match=r"not for https://vault\.azure\.net: a key vault does not accept it"):
        place.open().read()
    assert place.tenant.server.requests() == []
