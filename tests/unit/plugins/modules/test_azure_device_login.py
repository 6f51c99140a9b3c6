# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person signs in with a code, task by task, against the emulator's device code flow."""

from __future__ import annotations

import json
import time
import types
import typing as t
from pathlib import Path

import pytest
import requests

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import Patience
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources import device_login as _device_login
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.device_code import AZURE_CLI
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._stores import open_stores
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import make_context
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime
from graph_emulator import clock
from graph_emulator.wire.admin import HEADERS

LOGIN = "azure_device_login"
MODULE = "azure_app_registration_info"
NOBODY: Json = {"unique_name": "nobody"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"
TOKEN = "oauth2/v2.0/token"


class Person:
    """Somebody at the page for device codes, and the run that waits for them."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def decides(self, user_code: str, first: str = "adele", *, approve: bool = True) -> None:
        self.control("device", {"user_code": user_code, "user": self.tenant.mailbox(first), "approve": approve})

    def control(self, action: str, body: Json) -> None:
        server = self.tenant.server
        answer = requests.post(
            f"{server.graph}/_emulator/{action}", json=body, headers=HEADERS, timeout=10, verify=str(server.ca_file)
        )
        assert answer.status_code == 200, answer.text

    def signs_in(self, first: str = "adele", **options: t.Any) -> Json:
        """The result of the wait."""
        self.decides(self.tenant.ok(LOGIN, **options)["user_code"], first)
        return self.tenant.ok(LOGIN, wait=True, **options)


@pytest.fixture
def person(tenant: Tenant) -> Person:
    """A run without any other way to sign in."""
    names = ("AZURE_AUTHORITY_HOST", "AZURE_GRAPH_URL", "REQUESTS_CA_BUNDLE")
    tenant.environ = {**{name: tenant.environ[name] for name in names}, "PATH": "/nowhere"}
    tenant.memory = SharedMemory()
    return Person(tenant)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[int, t.Callable[[], None]], None]:
    """Lets something happen while a task waits for the nth time."""

    def at(nth: int, act: t.Callable[[], None]) -> None:
        class Eventful(Patience):
            pauses = 0

            def pause(self, retry_after: str | None = None) -> bool:
                Eventful.pauses += 1
                if Eventful.pauses == nth:
                    act()
                return super().pause(retry_after)

        monkeypatch.setattr(_device_login, "Patience", Eventful)

    return at


def polls(tenant: Tenant) -> int:
    return sum(TOKEN in entry.path for entry in tenant.server.requests())


def callers(tenant: Tenant) -> set[str | None]:
    return {entry.client_id for entry in tenant.server.requests() if entry.is_graph}


# The two tasks


@pytest.mark.parametrize("check", [False, True])
def test_tells_a_code_at_once_and_waits_for_the_person(
    person: Person, meanwhile: t.Any, virtual_time: VirtualTime, check: bool
) -> None:
    tenant = person.tenant
    begun = tenant.ok(LOGIN, check=check)
    assert polls(tenant) == 0 and virtual_time.waited == []
    assert begun["signed_in"] is False and begun["changed"] is False
    assert begun["user_code"] in begun["message"] and begun["verification_uri"] in begun["message"]
    assert begun["expires"] > "2026"
    meanwhile(3, lambda: person.decides(begun["user_code"]))
    done = tenant.ok(LOGIN, check=check, wait=True)
    assert (done["signed_in"], done["changed"]) == (True, False)
    assert (done["tenant_id"], done["account"]) == (tenant.server.tenant_id, tenant.mailbox("adele"))
    assert begun.keys() == done.keys()
    assert polls(tenant) == 4
    assert len(virtual_time.waited) == 3 and all(5 <= pause < 6 for pause in virtual_time.waited), (
        "the server's interval"
    )


def test_the_following_tasks_are_this_person_with_one_question_for_a_token(person: Person) -> None:
    tenant = person.tenant
    person.signs_in()
    tenant.forget_requests()
    ways: list[Json] = [{}, {"auth_source": "auto"}, {"auth_source": "device_code"}]
    for options in ways:
        assert tenant.ok(MODULE, **NOBODY, **options)["tenant_id"] == tenant.server.tenant_id
    assert polls(tenant) == 0, "that of the sign-in serves"
    assert callers(tenant) == {AZURE_CLI}


def test_a_second_login_of_a_run_asks_for_no_code(person: Person) -> None:
    tenant = person.tenant
    person.signs_in()
    tenant.forget_requests()
    for wait in (False, True):
        again = tenant.ok(LOGIN, wait=wait)
        assert (again["signed_in"], again["changed"], again["user_code"]) == (True, False, None)
    assert tenant.server.requests() == []


def test_parallel_hosts_show_the_same_code_and_one_answer_serves_all(person: Person) -> None:
    tenant = person.tenant
    first, second = tenant.ok(LOGIN), tenant.ok(LOGIN)
    assert first["user_code"] == second["user_code"]
    person.decides(first["user_code"])
    assert [tenant.ok(LOGIN, wait=True)["signed_in"] for _host in range(2)] == [True, True]
    assert polls(tenant) == 1


def test_the_sign_in_is_renewed_when_its_token_runs_out(person: Person) -> None:
    tenant = person.tenant
    tenant.server.settings.update({"token_lifetime": 200})  # too short to be remembered
    person.signs_in()
    tenant.forget_requests()
    for expected in (1, 2, 3):  # by refresh tokens, each of which takes the place of the one before
        tenant.ok(MODULE, **NOBODY)
        assert polls(tenant) == expected


def test_a_token_that_graph_refuses_is_renewed(person: Person) -> None:
    tenant = person.tenant
    person.signs_in()
    tenant.ok(MODULE, **NOBODY)
    tenant.server.clock.advance(4000)
    tenant.forget_requests()
    tenant.ok(MODULE, **NOBODY)
    tenant.ok(MODULE, **NOBODY)
    assert polls(tenant) == 1


def test_the_same_sign_in_serves_a_key_vault(person: Person) -> None:
    tenant = person.tenant
    server = tenant.server
    server.emulator.key_vault.roles[tenant.user_id("adele")] = "Key Vault Secrets Officer"
    person.signs_in()
    tenant.forget_requests()
    entry: Json = {"type": "azure_key_vault", "vault_url": server.key_vault, "name": "nothing"}
    for _time in range(2):
        (store,) = open_stores([entry], make_context(tenant.environ, memory=tenant.memory))
        assert store.read() is None
    tenant.ok(MODULE, **NOBODY)
    assert polls(tenant) == 1


def test_another_person_can_sign_in_to_the_tenant_of_an_option(person: Person) -> None:
    """The latest counts, and each keeps its own token."""
    tenant = person.tenant
    person.signs_in()
    tenant.ok(MODULE, **NOBODY)
    person.signs_in("alex", auth_tenant_id=tenant.server.domain)
    assert tenant.ok(LOGIN)["account"] == tenant.mailbox("alex")
    assert tenant.ok(LOGIN, auth_tenant_id=tenant.server.tenant_id)["account"] == tenant.mailbox("alex")


def test_a_client_of_the_tenant_s_own(person: Person) -> None:
    tenant = person.tenant
    without, tenant.environ = tenant.environ, tenant.server.environment()
    made = tenant.register("login")
    tenant.ok("azure_app_graph_permissions", unique_name="login", delegated_permissions=["Application.Read.All"])
    tenant.ok("azure_admin_consent", unique_name="login")
    tenant.application(uniqueName="login")["isFallbackPublicClient"] = True
    tenant.environ, tenant.memory = without, SharedMemory()
    person.signs_in(auth_client_id=made["client_id"])
    tenant.forget_requests()
    tenant.ok(MODULE, **NOBODY)
    assert callers(tenant) == {made["client_id"]}


def test_nothing_that_is_secret_is_in_a_result(person: Person) -> None:
    tenant = person.tenant
    results = [tenant.ok(LOGIN)]
    told: t.Any = tenant.memory.recall(_key(tenant, "device-code:"))
    person.decides(results[0]["user_code"])
    results += [tenant.ok(LOGIN, wait=True), tenant.ok(MODULE, **NOBODY)]
    logins: t.Any = tenant.memory.recall(_key(tenant, "device-logins:"))
    (login,) = logins
    for secret in (told["flow"]["device_code"], login["refresh_token"]):
        assert len(secret) > 40
        assert secret not in json.dumps(results)


def _key(tenant: Tenant, start: str) -> str:
    memory = tenant.memory
    assert isinstance(memory, SharedMemory)
    (found,) = [key for key in memory._load() if key.startswith(start)]
    return found


# What goes before it, and after it


def test_a_way_that_the_environment_names_goes_before_and_is_told(person: Person) -> None:
    tenant = person.tenant
    tenant.environ = {**tenant.environ, **tenant.server.environment()}
    (warning,) = tenant.ok(LOGIN)["warnings"]
    assert warning.startswith("AZURE_SECRET says") and "device_code" in warning
    person.signs_in()
    tenant.forget_requests()
    tenant.ok(MODULE, **NOBODY)
    tenant.ok(MODULE, **NOBODY, auth_source="device_code")
    assert callers(tenant) == {tenant.server.client_id, AZURE_CLI}
    tenant.memory = SharedMemory()
    tenant.environ["ANSIBLE_AZURE_AUTH_SOURCE"] = "device_code"
    assert "warnings" not in tenant.ok(LOGIN)


def test_a_section_that_is_named_goes_before_and_is_told(person: Person, tmp_path: Path) -> None:
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
    tenant.forget_requests()
    tenant.ok(MODULE, **NOBODY)
    tenant.ok(MODULE, **NOBODY, auth_source="device_code")
    assert callers(tenant) == {client_id, AZURE_CLI}


def test_goes_before_the_section_default_and_a_cluster_s_token(person: Person, tmp_path: Path) -> None:
    tenant = person.tenant
    (tmp_path / ".azure").mkdir()
    (tmp_path / ".azure" / "credentials").write_text(f"[default]\nclient_id={UNKNOWN}\nsecret=s\ntenant={UNKNOWN}\n")
    tenant.environ["HOME"] = str(tmp_path)
    person.signs_in()
    tenant.environ["AZURE_FEDERATED_TOKEN_FILE"] = "/nowhere"
    tenant.forget_requests()
    tenant.ok(MODULE, **NOBODY)
    assert callers(tenant) == {AZURE_CLI}


def test_the_tenant_of_a_task_has_to_be_the_one_that_was_signed_in_to(person: Person) -> None:
    tenant = person.tenant
    person.signs_in()
    failure = tenant.fails(MODULE, **NOBODY, auth_source="device_code", auth_tenant_id=UNKNOWN)
    assert UNKNOWN in failure["msg"] and "azure_device_login" in failure["error"]["next_step"]
    assert "Azure CLI" in tenant.fails(MODULE, **NOBODY, auth_tenant_id=UNKNOWN)["msg"]


def test_without_a_login_of_this_run_the_way_there_is_told(person: Person) -> None:
    failure = person.tenant.fails(MODULE, **NOBODY, auth_source="device_code")
    assert failure["error"]["kind"] == "input"
    assert "email_gateway.azure_apps.login" in failure["error"]["next_step"]


# What goes wrong


def test_waiting_without_a_code_is_told(person: Person) -> None:
    failure = person.tenant.fails(LOGIN, wait=True)
    assert "No sign-in with a device code has begun" in failure["msg"]
    assert person.tenant.server.requests() == []


def test_a_person_who_declines(person: Person) -> None:
    person.decides(person.tenant.ok(LOGIN)["user_code"], approve=False)
    failure = person.tenant.fails(LOGIN, wait=True)
    assert failure["error"]["code"] == "AADSTS65004" and "declined" in failure["error"]["next_step"]
    assert person.tenant.ok(LOGIN)["user_code"], "the next try begins anew"


def test_a_code_that_expires(person: Person) -> None:
    person.tenant.ok(LOGIN)
    person.tenant.server.clock.advance(901)
    failure = person.tenant.fails(LOGIN, wait=True)
    assert failure["error"]["code"] == "AADSTS70020" and "expired" in failure["error"]["next_step"]


@pytest.mark.parametrize("seconds", [20, 3600])
def test_nobody_signs_in(
    person: Person, virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    now = time.time()
    monkeypatch.setattr(clock, "time", types.SimpleNamespace(time=lambda: now))  # only what is waited passes
    code = person.tenant.ok(LOGIN)["user_code"]
    failure = person.tenant.fails(LOGIN, wait=True, sign_in_timeout=seconds)
    assert code in failure["msg"] and "within" in failure["msg"]
    assert sum(virtual_time.waited) <= min(seconds, 900)
    assert failure["error"]["next_step"].startswith("Run the login again")


def test_a_client_that_is_not_public(person: Person) -> None:
    tenant = person.tenant
    client: Json = {"auth_client_id": tenant.server.client_id}
    tenant.ok(LOGIN, **client)
    failure = tenant.fails(LOGIN, wait=True, **client)
    assert failure["error"]["code"] == "AADSTS7000218"
    assert "public client flows" in failure["error"]["next_step"]


def test_the_client_id_of_the_environment_is_that_of_an_application(person: Person) -> None:
    person.tenant.environ["AZURE_CLIENT_ID"] = person.tenant.server.client_id
    person.signs_in()


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [
        (53003, "access_denied", "Conditional Access"),
        (50020, "invalid_grant", "account of this tenant"),
        (50076, "invalid_grant", "second factor"),
        (65001, "invalid_grant", "consent"),
        (50057, "invalid_grant", "disabled"),
        (99999, "invalid_grant", "Run the login again"),
    ],
)
def test_what_the_platform_says_against_it(person: Person, number: int, error: str, words: str) -> None:
    tenant = person.tenant
    tenant.ok(LOGIN)
    body = {"error": error, "error_description": f"AADSTS{number}: No. Trace ID: x", "error_codes": [number]}
    tenant.server.faults.add(path=TOKEN, status=400, body=body)
    failure = tenant.fails(LOGIN, wait=True)
    assert failure["error"]["code"] == f"AADSTS{number}" and words in failure["error"]["next_step"]


def test_a_person_of_another_tenant(person: Person) -> None:
    """Only a server that is not Entra ID would give out such a token."""
    tenant = person.tenant
    options: Json = {"auth_tenant_id": tenant.server.tenant_id}
    person.decides(tenant.ok(LOGIN, **options)["user_code"])
    foreign = tenant.operator_token().split(".")
    claims = "eyJ0aWQiOiIxMTExMTExMS0xMTExLTExMTEtMTExMS0xMTExMTExMTExMTEifQ"  # {"tid": UNKNOWN}
    answer = {"token_type": "Bearer", "expires_in": 3599, "access_token": ".".join([foreign[0], claims, foreign[2]])}
    tenant.server.faults.add(path=TOKEN, status=200, body=answer)
    failure = tenant.fails(LOGIN, wait=True, **options)
    assert UNKNOWN in failure["msg"] and tenant.server.tenant_id in failure["msg"]
    assert tenant.run(LOGIN, **options)["signed_in"] is False


def test_a_sign_in_that_was_revoked_meanwhile(person: Person) -> None:
    tenant = person.tenant
    tenant.server.settings.update({"token_lifetime": 200})
    person.signs_in()
    person.control("users", {"user": tenant.mailbox("adele"), "enabled": False})
    failure = tenant.fails(MODULE, **NOBODY)
    assert failure["error"]["code"] == "AADSTS50057"
    assert tenant.mailbox("adele") in failure["msg"]


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"close_before": True}], ids=str)
def test_trouble_on_the_way_does_not_end_the_wait(person: Person, meanwhile: t.Any, fault: Json) -> None:
    tenant = person.tenant
    code = tenant.ok(LOGIN)["user_code"]
    tenant.server.faults.add(path=TOKEN, times=9, **fault)
    meanwhile(2, lambda: person.decides(code))
    assert tenant.ok(LOGIN, wait=True, wait_timeout=1)["signed_in"] is True


def test_slows_down_when_told_to(person: Person, meanwhile: t.Any, virtual_time: VirtualTime) -> None:
    tenant = person.tenant
    code = tenant.ok(LOGIN)["user_code"]
    tenant.server.faults.add(path=TOKEN, status=400, body={"error": "slow_down", "error_description": "slower"})
    meanwhile(2, lambda: person.decides(code))
    tenant.ok(LOGIN, wait=True)
    assert [round(pause) for pause in virtual_time.waited] == [10, 10]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"user_code": "A", "device_code": "d", "verification_uri": "javascript:alert(1)"},
        {"user_code": "A B", "device_code": "d", "verification_uri": "https://x.example"},
        {"user_code": "A", "device_code": "", "verification_uri": "https://x.example"},
        {"user_code": 5, "device_code": "d", "verification_uri": "https://x.example"},
        "<html>proxy</html>",
    ],
    ids=str,
)
def test_an_answer_that_is_no_code_is_told(person: Person, body: t.Any) -> None:
    person.tenant.server.faults.add(path="devicecode", status=200, body=body)
    assert person.tenant.fails(LOGIN)["error"]["kind"] == "sign_in"


@pytest.mark.parametrize("renewal", [False, True])
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    "body",
    [
        "<html>proxy</html>", "", "null", [], {}, {"error": 5}, {"error": ["authorization_pending"]},
        {"error": "x", "error_description": {"y": 1}}, {"access_token": 5}, {"access_token": "a b"},
        {"access_token": "opaque", "expires_in": "soon", "refresh_token": 7}, "[" * 5000,
    ],
    ids=lambda body: str(body)[:30],
)  # fmt: skip
def test_an_answer_that_is_no_sign_in_is_told(person: Person, body: t.Any, status: int, renewal: bool) -> None:
    tenant = person.tenant
    tenant.server.settings.update({"token_lifetime": 200})
    begun = tenant.ok(LOGIN)
    if renewal:
        person.decides(begun["user_code"])
        tenant.ok(LOGIN, wait=True)
    tenant.server.faults.add(path=TOKEN, status=status, body=body, times=9)
    failure = tenant.fails(MODULE, **NOBODY) if renewal else tenant.fails(LOGIN, wait=True)
    assert failure["error"]["kind"] in ("sign_in", "transport", "input", "graph"), failure


def test_a_message_that_is_not_one_line_is_replaced(person: Person) -> None:
    body = {
        "user_code": "A1", "device_code": "d", "verification_uri": "https://x.example", "expires_in": 900,
        "interval": -5, "message": "one\nTASK [two] ***",
    }  # fmt: skip
    person.tenant.server.faults.add(path="devicecode", status=200, body=body)
    assert person.tenant.ok(LOGIN)["message"] == "To sign in, open the page https://x.example and enter the code A1."


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"auth_client_id": "x"}, "auth_client_id is 'x'"),
        ({"auth_tenant_id": "common"}, "names no single tenant"),
        ({"sign_in_timeout": 0}, "sign_in_timeout is 0"),
    ],
    ids=str,
)
def test_bad_options_are_told_before_anything_is_sent(person: Person, options: Json, words: str) -> None:
    assert words in person.tenant.fails(LOGIN, **options)["msg"]
    assert person.tenant.server.requests() == []
