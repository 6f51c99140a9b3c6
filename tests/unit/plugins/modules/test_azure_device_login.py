# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person signs in with a code, task by task, with the emulator's device code flow."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.device_code import AZURE_CLI
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import open_stores
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.device_login_user import (
    LOGIN,
    MODULE,
    UNKNOWN,
    UNREGISTERED,
    Person,
    callers,
    polls,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import make_context
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime


@pytest.mark.parametrize("check", [False, True])
def test_a_code_is_returned_at_once_and_the_person_is_waited_for(
    person: Person, at_pause: t.Any, virtual_time: VirtualTime, check: bool
) -> None:
    tenant = person.tenant
    begun = tenant.ok(LOGIN, check=check)
    assert polls(tenant) == 0 and virtual_time.waited == []
    assert begun["signed_in"] is False and begun["changed"] is False
    assert begun["user_code"] in begun["message"] and begun["verification_uri"] in begun["message"]
    assert begun["expires"] > "2026"
    at_pause(3, lambda: person.decides(begun["user_code"]))
    done = tenant.ok(LOGIN, check=check, wait=True)
    assert (done["signed_in"], done["changed"]) == (True, False)
    assert (done["tenant_id"], done["account"]) == (tenant.server.tenant_id, tenant.mailbox("adele"))
    assert begun.keys() == done.keys()
    assert polls(tenant) == 4
    assert len(virtual_time.waited) == 3 and all(5 <= pause < 6 for pause in virtual_time.waited), (
        "the server's interval"
    )


def test_the_following_tasks_run_as_this_person_with_one_token_request(person: Person) -> None:
    tenant = person.tenant
    person.signs_in()
    tenant.clear_requests()
    ways: list[Json] = [{}, {"auth_source": "auto"}, {"auth_source": "device_code"}]
    for options in ways:
        assert tenant.ok(MODULE, **UNREGISTERED, **options)["tenant_id"] == tenant.server.tenant_id
    assert polls(tenant) == 0, "the token of the sign-in is used"
    assert callers(tenant) == {AZURE_CLI}


def test_a_second_login_of_a_run_needs_no_code(person: Person) -> None:
    tenant = person.tenant
    person.signs_in()
    tenant.clear_requests()
    for wait in (False, True):
        again = tenant.ok(LOGIN, wait=wait)
        assert (again["signed_in"], again["changed"], again["user_code"]) == (True, False, None)
    assert tenant.server.requests() == []


def test_parallel_hosts_show_the_same_code_and_share_the_response(person: Person) -> None:
    tenant = person.tenant
    first, second = tenant.ok(LOGIN), tenant.ok(LOGIN)
    assert first["user_code"] == second["user_code"]
    person.decides(first["user_code"])
    assert [tenant.ok(LOGIN, wait=True)["signed_in"] for _host in range(2)] == [True, True]
    assert polls(tenant) == 1


def test_a_waiting_host_uses_the_response_of_another_host(person: Person, at_pause: t.Any) -> None:
    tenant = person.tenant
    code = tenant.ok(LOGIN)["user_code"]

    def another_host_is_answered() -> None:
        person.decides(code)
        tenant.ok(LOGIN, wait=True)

    at_pause(1, another_host_is_answered)
    assert tenant.ok(LOGIN, wait=True)["account"] == tenant.mailbox("adele")
    assert polls(tenant) == 2, "one for each host: the code can be used once"


def test_the_sign_in_is_renewed_when_its_token_expires(person: Person) -> None:
    tenant = person.tenant
    tenant.server.settings.update({"token_lifetime": 200})  # too short to be stored
    person.signs_in()
    tenant.clear_requests()
    for expected in (1, 2, 3):  # with refresh tokens, each of which replaces the previous one
        tenant.ok(MODULE, **UNREGISTERED)
        assert polls(tenant) == expected


def test_a_token_that_graph_refuses_is_renewed(person: Person) -> None:
    tenant = person.tenant
    person.signs_in()
    tenant.ok(MODULE, **UNREGISTERED)
    tenant.server.clock.advance(4000)
    tenant.clear_requests()
    tenant.ok(MODULE, **UNREGISTERED)
    tenant.ok(MODULE, **UNREGISTERED)
    assert polls(tenant) == 1


def test_the_same_sign_in_is_used_for_a_key_vault(person: Person) -> None:
    tenant = person.tenant
    server = tenant.server
    server.emulator.key_vault.roles[tenant.user_id("adele")] = "Key Vault Secrets Officer"
    person.signs_in()
    tenant.clear_requests()
    entry: Json = {"type": "azure_key_vault", "vault_url": server.key_vault, "name": "nothing"}
    for _time in range(2):
        (store,) = open_stores([entry], make_context(tenant.environ, memory=tenant.memory))
        assert store.read() is None
    tenant.ok(MODULE, **UNREGISTERED)
    assert polls(tenant) == 1


def test_another_person_can_sign_in_to_another_tenant(person: Person) -> None:
    """The latest sign-in is used, and each keeps its own token."""
    tenant = person.tenant
    person.signs_in()
    tenant.ok(MODULE, **UNREGISTERED)
    person.signs_in("alex", auth_tenant_id=tenant.server.domain)
    assert tenant.ok(LOGIN)["account"] == tenant.mailbox("alex")
    assert tenant.ok(LOGIN, auth_tenant_id=tenant.server.tenant_id)["account"] == tenant.mailbox("alex")


def test_a_client_of_the_tenant_can_be_used(person: Person) -> None:
    tenant = person.tenant
    without, tenant.environ = tenant.environ, tenant.server.environment()
    made = tenant.register("login")
    tenant.ok("azure_app_graph_permissions", unique_name="login", delegated_permissions=["Application.Read.All"])
    tenant.ok("azure_admin_consent", unique_name="login")
    tenant.application(uniqueName="login")["isFallbackPublicClient"] = True
    tenant.environ, tenant.memory = without, SharedMemory()
    person.signs_in(auth_client_id=made["client_id"])
    tenant.clear_requests()
    tenant.ok(MODULE, **UNREGISTERED)
    assert callers(tenant) == {made["client_id"]}


def test_no_secret_is_in_a_result(person: Person) -> None:
    tenant = person.tenant
    tenant.memory = NotedMemory()
    results = [tenant.ok(LOGIN)]
    stored_flow: t.Any = tenant.memory.recall(_key(tenant, "device-code:"))
    person.decides(results[0]["user_code"])
    results += [tenant.ok(LOGIN, wait=True), tenant.ok(MODULE, **UNREGISTERED)]
    logins: t.Any = tenant.memory.recall(_key(tenant, "device-logins:"))
    (login,) = logins
    for secret in (stored_flow["flow"]["device_code"], login["refresh_token"]):
        assert len(secret) > 40
        assert secret not in json.dumps(results)


def _key(tenant: Tenant, start: str) -> str:
    memory = tenant.memory
    assert isinstance(memory, NotedMemory)
    (found,) = {key for key in memory.keys if key.startswith(start)}
    return found


class NotedMemory(SharedMemory):
    """Records the keys under which something was stored."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def remember(self, key: str, value: t.Any, *, seconds: float) -> None:
        self.keys.append(key)
        super().remember(key, value, seconds=seconds)


def test_another_sign_in_of_the_environment_has_precedence_with_a_warning(person: Person) -> None:
    tenant = person.tenant
    tenant.environ = {**tenant.environ, **tenant.server.environment()}
    (warning,) = tenant.ok(LOGIN)["warnings"]
    assert warning.startswith("AZURE_SECRET also sets") and "device_code" in warning
    person.signs_in()
    tenant.clear_requests()
    tenant.ok(MODULE, **UNREGISTERED)
    tenant.ok(MODULE, **UNREGISTERED, auth_source="device_code")
    assert callers(tenant) == {tenant.server.client_id, AZURE_CLI}
    tenant.memory = SharedMemory()
    tenant.environ["ANSIBLE_AZURE_AUTH_SOURCE"] = "device_code"
    assert "warnings" not in tenant.ok(LOGIN)


def test_a_named_section_has_precedence_with_a_warning(person: Person, tmp_path: Path) -> None:
    tenant = person.tenant
    client_id, secret = tenant.server.add_operator(["Application.Read.All"])
    (tmp_path / ".azure").mkdir()
    path = tmp_path / ".azure" / "credentials"
    path.write_text(f"[own]\nclient_id={client_id}\nsecret={secret}\ntenant={tenant.server.tenant_id}\n")
    path.chmod(0o600)
    tenant.environ.update(HOME=str(tmp_path), AZURE_PROFILE="own")
    (warning,) = tenant.ok(LOGIN)["warnings"]
    assert f"section [own] of {path}" in warning
    person.signs_in()
    tenant.clear_requests()
    tenant.ok(MODULE, **UNREGISTERED)
    tenant.ok(MODULE, **UNREGISTERED, auth_source="device_code")
    assert callers(tenant) == {client_id, AZURE_CLI}


def test_the_login_has_precedence_over_the_default_section_and_a_cluster_s_token(
    person: Person, tmp_path: Path
) -> None:
    tenant = person.tenant
    (tmp_path / ".azure").mkdir()
    (tmp_path / ".azure" / "credentials").write_text(f"[default]\nclient_id={UNKNOWN}\nsecret=s\ntenant={UNKNOWN}\n")
    tenant.environ["HOME"] = str(tmp_path)
    person.signs_in()
    for more in ({}, {"AZURE_FEDERATED_TOKEN_FILE": "/nowhere"}):
        tenant.environ |= more
        tenant.clear_requests()
        tenant.ok(MODULE, **UNREGISTERED)
        assert callers(tenant) == {AZURE_CLI}


def test_the_tenant_of_a_task_must_match_the_login(person: Person) -> None:
    tenant = person.tenant
    person.signs_in()
    failure = tenant.fails(MODULE, **UNREGISTERED, auth_source="device_code", auth_tenant_id=UNKNOWN)
    assert UNKNOWN in failure["msg"] and "azure_device_login" in failure["error"]["next_step"]
    assert "Azure CLI" in tenant.fails(MODULE, **UNREGISTERED, auth_tenant_id=UNKNOWN)["msg"]


def test_a_missing_login_is_reported_with_the_module_to_use(person: Person) -> None:
    failure = person.tenant.fails(MODULE, **UNREGISTERED, auth_source="device_code")
    assert failure["error"]["kind"] == "input"
    assert "email_gateway.azure_apps.login" in failure["error"]["next_step"]
