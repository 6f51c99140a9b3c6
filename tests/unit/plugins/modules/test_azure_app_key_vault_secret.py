# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, lasting

MODULE = "azure_app_key_vault_secret"
WANTED: Json = {
    "value": "first-value",
    "not_before": "2026-11-23T08:00:00.123456Z",
    "expires": "2031-05-22T08:00:00Z",
    "tags": {"key-id": "1"},
}


def _options(tenant: Tenant, **more: t.Any) -> Json:
    return {"vault_url": tenant.server.key_vault, "name": "gateway", **more}


def _set(tenant: Tenant, *, check: bool = False, **changes: t.Any) -> Json:
    return tenant.ok(MODULE, check=check, **_options(tenant, **{**WANTED, **changes}))


def _held(tenant: Tenant) -> str | None:
    return tenant.server.emulator.key_vault.value("gateway")


def _writes(tenant: Tenant) -> list[str]:
    return [f"{entry.method} {entry.path}" for entry in tenant.server.vault_writes()]


def test_a_secret_is_set_once(tenant: Tenant) -> None:
    predicted = _set(tenant, check=True)
    assert (predicted["changed"], _held(tenant), _writes(tenant)) == (True, None, [])
    made = _set(tenant)
    assert made["changed"] is True
    assert made["secret_id"] == f"{tenant.server.key_vault}/secrets/gateway/{made['version']}"
    assert (made["not_before"], made["expires"]) == ("2026-11-23T08:00:00Z", "2031-05-22T08:00:00Z")
    assert _held(tenant) == "first-value"
    assert "first-value" not in repr(made)
    again = _set(tenant)
    assert again["changed"] is False
    assert lasting(again) == lasting(made)
    assert predicted.keys() == made.keys()
    assert _writes(tenant) == ["PUT /secrets/gateway"]


def test_tags_change_without_a_new_version(tenant: Tenant) -> None:
    made = _set(tenant)
    changed = _set(tenant, tags={"key-id": "2"})
    assert (changed["changed"], changed["version"], changed["tags"]) == (True, made["version"], {"key-id": "2"})
    assert changed["diff"]["before"]["value"] == changed["diff"]["after"]["value"]
    assert _set(tenant, tags={"key-id": "2"})["changed"] is False
    assert _writes(tenant) == ["PUT /secrets/gateway", f"PATCH /secrets/gateway/{made['version']}"]


def test_a_new_value_is_a_new_version(tenant: Tenant) -> None:
    made = _set(tenant)
    changed = _set(tenant, value="second-value")
    assert changed["version"] != made["version"]
    assert "second-value" not in repr(changed)
    assert changed["diff"]["before"]["value"] != changed["diff"]["after"]["value"]
    assert _held(tenant) == "second-value"


@pytest.mark.parametrize("lag", [0, 30])
def test_a_deleted_name_is_recovered(tenant: Tenant, lag: int) -> None:
    _set(tenant)
    tenant.server.settings.vault_lag = lag
    gone = tenant.ok(MODULE, **_options(tenant, state="absent"))
    assert (gone["changed"], gone["state"], _held(tenant)) == (True, "absent", None)
    assert tenant.ok(MODULE, **_options(tenant, state="absent"))["changed"] is False
    _set(tenant, value="second-value")
    assert _held(tenant) == "second-value"
    assert "POST /deletedsecrets/gateway/recover" in _writes(tenant)


def test_purge_is_for_good_and_only_on_request(tenant: Tenant) -> None:
    _set(tenant)
    tenant.ok(MODULE, **_options(tenant, state="absent"))
    assert tenant.ok(MODULE, check=True, **_options(tenant, state="absent", purge=True))["changed"] is True
    purged = tenant.ok(MODULE, **_options(tenant, state="absent", purge=True))
    assert purged["changed"] is True
    assert tenant.server.emulator.key_vault.secrets == {}
    assert tenant.ok(MODULE, **_options(tenant, state="absent", purge=True))["changed"] is False
    _set(tenant)
    tenant.server.settings.vault_lag = 30
    tenant.ok(MODULE, **_options(tenant, state="absent", purge=True))
    assert tenant.server.emulator.key_vault.secrets == {}


@pytest.mark.parametrize("fault", [{"close_after": True}, {"invalid_json": True}])
def test_a_lost_answer_is_looked_for(tenant: Tenant, fault: Json) -> None:
    tenant.server.faults.add(method="PUT", path="/secrets/", **fault)
    assert _set(tenant)["changed"] is True
    assert len(tenant.server.emulator.key_vault.secrets["gateway"].versions) == 1


def test_a_request_that_got_lost_is_sent_again(tenant: Tenant) -> None:
    tenant.server.faults.add(method="PUT", path="/secrets/", close_before=True)
    _set(tenant)
    assert _held(tenant) == "first-value"


def test_a_busy_vault_is_waited_for_as_long_as_it_says(tenant: Tenant) -> None:
    body = {
        "error": {"code": "Throttled", "message": "Request was not processed because too many requests were received."}
    }
    tenant.server.faults.add(method="PUT", path="/secrets/", status=429, headers={"retry-after": "17"}, body=body)
    _set(tenant)
    assert _held(tenant) == "first-value"
    waited = t.cast(t.Any, tenant.server.clock).offset
    assert 17 <= waited < 18


def test_a_vault_that_is_busy_at_the_challenge_is_waited_for(tenant: Tenant) -> None:
    tenant.server.faults.add(path="/secrets/challenge", status=503)
    _set(tenant)
    assert _held(tenant) == "first-value"
    tenant.server.faults.add(path="/secrets/challenge", status=503, times=99)
    assert tenant.fails(MODULE, **_options(tenant, **WANTED))["error"]["status"] == 503


@pytest.mark.parametrize(("role", "action"), [(None, "getSecret"), ("Key Vault Secrets User", "setSecret")])
def test_a_missing_role_is_named(tenant: Tenant, role: str | None, action: str) -> None:
    tenant.sign_in_with()
    client_id = tenant.environ["AZURE_CLIENT_ID"]
    tenant.server.emulator.key_vault.assign(client_id, role)
    failure = tenant.fails(MODULE, **_options(tenant, **WANTED))
    assert action in failure["msg"]
    assert "Key Vault Secrets Officer" in failure["msg"]
    assert (failure["error"]["kind"], failure["error"]["code"]) == ("key_vault", "ForbiddenByRbac")
    assert failure["error"]["request_id"]
    assert "first-value" not in repr(failure)
    assert _held(tenant) is None


def test_a_disabled_secret_is_left_alone(tenant: Tenant) -> None:
    _set(tenant)
    tenant.server.emulator.key_vault.secrets["gateway"].versions[-1]["attributes"]["enabled"] = False
    failure = tenant.fails(MODULE, **_options(tenant, **WANTED))
    assert failure["error"]["code"] == "SecretDisabled"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "no_such name"}, "cannot be the name"),
        ({"vault_url": "http://localhost"}, "is not the address of an https host"),
        ({"vault_url": "https://gateways.vault.azure.net"}, "no vault of the cloud"),
        ({"value": " "}, "value is blank"),
        ({"expires": "tomorrow"}, "not a point in time"),
        ({"expires": "2020-01-01T00:00:00Z"}, "not after not_before"),
        ({"tags": {str(number): "" for number in range(16)}}, "15 tags"),
        ({"tags": {"a": "b" * 257}}, "256 characters"),
        ({"value": None}, "value"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(tenant: Tenant, changes: Json, said: str) -> None:
    failure = tenant.fails(MODULE, **{**_options(tenant, **WANTED), **changes})
    assert said in failure["msg"]
    assert failure["error"]["kind"] == "input"
    assert tenant.server.requests() == []


def test_a_vault_of_another_cloud_is_refused(tenant: Tenant) -> None:
    tenant.environ = {"AZURE_TENANT": "t.example", "AZURE_CLIENT_ID": tenant.server.client_id, "AZURE_SECRET": "x" * 9}
    for cloud, address in (
        ("AzureCloud", "https://gateways.vault.azure.cn"),
        ("AzureChinaCloud", "https://gateways.vault.azure.net"),
        ("AzureUSGovernment", "https://vault.azure.net.example.org"),
    ):
        failure = tenant.fails(MODULE, **{**_options(tenant, **WANTED), "vault_url": address}, cloud_environment=cloud)
        assert "no vault of the cloud" in failure["msg"]


def test_a_token_for_graph_is_not_sent_to_the_vault(tenant: Tenant) -> None:
    seen: list[str] = []
    serve = tenant.server.emulator.key_vault.serve
    environ = {name: value for name, value in tenant.environ.items() if name.endswith(("HOST", "URL", "BUNDLE"))}
    tokens = {
        name: _token(tenant, resource)
        for name, resource in (("graph", "https://graph.microsoft.com"), ("vault", tenant.server.key_vault))
    }

    def served(*request: t.Any, headers: dict[str, str], **more: t.Any) -> t.Any:
        seen.append(headers.get("authorization", ""))
        return serve(*request, headers=headers, **more)

    tenant.server.emulator.key_vault.serve = served  # type: ignore[method-assign]
    try:
        tenant.environ = {**environ, "AZURE_ACCESS_TOKEN": tokens["graph"]}
        failure = tenant.fails(MODULE, **_options(tenant, **WANTED))
        assert "The access token is for https://graph.microsoft.com" in failure["msg"]
        assert seen == [""], "only the question for the challenge was asked"
        tenant.environ = {**environ, "AZURE_ACCESS_TOKEN": tokens["vault"]}
        _set(tenant)
    finally:
        del tenant.server.emulator.key_vault.serve
    assert _held(tenant) == "first-value"


def _token(tenant: Tenant, resource: str) -> str:
    client = Client(tenant.server, tenant.server.client_id, tenant.server.client_secret)
    token: str = client.ask_token(scope=f"{resource}/.default").json()["access_token"]
    return token


@pytest.mark.parametrize(
    "resource", ["https://vault.example.org", "https://ocalhost", "http://localhost", "https://", "localhost"]
)
def test_who_asks_for_a_token_for_another_place_gets_none(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, resource: str
) -> None:
    monkeypatch.setattr("graph_emulator.key_vault.resource_of", lambda host: resource)
    failure = tenant.fails(MODULE, **_options(tenant, **WANTED))
    assert "did not ask for a token as a key vault of this host does" in failure["msg"]
    assert not [entry for entry in tenant.server.requests() if entry.path.endswith("/token")]


def test_a_vault_of_another_tenant_is_told(tenant: Tenant) -> None:
    other = "11111111-2222-3333-4444-555555555555"
    challenge = (
        f'Bearer authorization="https://login.microsoftonline.com/{other}", resource="{tenant.server.key_vault}"'
    )
    tenant.server.faults.add(
        path="/secrets/gateway",
        status=401,
        headers={"www-authenticate": challenge},
        body={"error": {"code": "Unauthorized"}},
    )
    failure = tenant.fails(MODULE, **_options(tenant, **WANTED))
    assert f"belongs to the tenant {other}" in failure["msg"]


def test_a_token_that_was_refused_once_is_renewed(tenant: Tenant) -> None:
    challenge = f'Bearer authorization="{tenant.server.authority}/{tenant.server.tenant_id}"'
    tenant.server.faults.add(path="/secrets/gateway", status=401, headers={"www-authenticate": challenge})
    _set(tenant)
    assert _held(tenant) == "first-value"
