# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failed sign-ins with a code: declined, expired, refused, or with an invalid response."""

from __future__ import annotations

import time
import types
import typing as t

import certifi
import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.device_login_user import (
    LOGIN,
    MODULE,
    TOKEN,
    UNKNOWN,
    UNREGISTERED,
    Person,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, VirtualTime
from graph_emulator import clock


def test_waiting_without_a_code_is_reported(person: Person) -> None:
    failure = person.tenant.fails(LOGIN, wait=True)
    assert "No sign-in with a device code has begun" in failure["msg"]
    assert person.tenant.server.requests() == []


def test_a_declined_sign_in_is_reported(person: Person) -> None:
    person.decides(person.tenant.ok(LOGIN)["user_code"], approve=False)
    failure = person.tenant.fails(LOGIN, wait=True)
    assert failure["error"]["code"] == "AADSTS65004" and "declined" in failure["error"]["next_step"]
    assert person.tenant.ok(LOGIN)["user_code"], "the next attempt starts from the beginning"


def test_an_expired_code_is_reported(person: Person) -> None:
    person.tenant.ok(LOGIN)
    person.tenant.server.clock.advance(901)
    failure = person.tenant.fails(LOGIN, wait=True)
    assert failure["error"]["code"] == "AADSTS70020" and "expired" in failure["error"]["next_step"]


@pytest.mark.parametrize("seconds", [20, 3600])
def test_a_missing_sign_in_is_reported_after_the_wait(
    person: Person, virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    now = time.time()
    monkeypatch.setattr(clock, "time", types.SimpleNamespace(time=lambda: now))  # only the wait takes time
    code = person.tenant.ok(LOGIN)["user_code"]
    failure = person.tenant.fails(LOGIN, wait=True, sign_in_timeout=seconds)
    assert code in failure["msg"] and "within" in failure["msg"]
    assert sum(virtual_time.waited) <= min(seconds, 900)
    assert failure["error"]["next_step"].startswith("Run the login again")


def test_a_client_that_is_not_public_is_reported(person: Person) -> None:
    tenant = person.tenant
    client: Json = {"auth_client_id": tenant.server.client_id}
    tenant.ok(LOGIN, **client)
    failure = tenant.fails(LOGIN, wait=True, **client)
    assert failure["error"]["code"] == "AADSTS7000218"
    assert "public client flows" in failure["error"]["next_step"]


def test_the_client_id_of_the_environment_is_ignored(person: Person) -> None:
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
def test_a_refusal_of_the_identity_platform_is_explained(person: Person, number: int, error: str, words: str) -> None:
    tenant = person.tenant
    tenant.ok(LOGIN)
    body = {"error": error, "error_description": f"AADSTS{number}: No. Trace ID: x", "error_codes": [number]}
    tenant.server.faults.add(path=TOKEN, status=400, body=body)
    failure = tenant.fails(LOGIN, wait=True)
    assert failure["error"]["code"] == f"AADSTS{number}" and words in failure["error"]["next_step"]


def test_a_person_of_another_tenant_is_refused(person: Person) -> None:
    """Only a server that is not Entra ID would issue such a token."""
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


def test_a_revoked_sign_in_is_reported(person: Person) -> None:
    tenant = person.tenant
    tenant.server.settings.update({"token_lifetime": 200})
    person.signs_in()
    person.control("users", {"user": tenant.mailbox("adele"), "enabled": False})
    failure = tenant.fails(MODULE, **UNREGISTERED)
    assert failure["error"]["code"] == "AADSTS50057"
    assert tenant.mailbox("adele") in failure["msg"]


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"close_before": True}], ids=str)
def test_temporary_errors_do_not_end_the_wait(person: Person, at_pause: t.Any, fault: Json) -> None:
    tenant = person.tenant
    code = tenant.ok(LOGIN)["user_code"]
    tenant.server.faults.add(path=TOKEN, times=9, **fault)
    at_pause(2, lambda: person.decides(code))
    assert tenant.ok(LOGIN, wait=True, wait_timeout=1)["signed_in"] is True


def test_lasting_errors_are_reported_after_the_wait(person: Person, virtual_time: VirtualTime) -> None:
    tenant = person.tenant
    tenant.ok(LOGIN)
    tenant.server.faults.add(path=TOKEN, times=99, close_before=True)
    failure = tenant.fails(LOGIN, wait=True, sign_in_timeout=20, wait_timeout=1)
    assert (failure["error"]["kind"], "the connection was lost" in failure["msg"]) == ("transport", True)
    assert 0 < sum(virtual_time.waited) <= 20


def test_a_permanent_error_ends_the_wait(person: Person, virtual_time: VirtualTime) -> None:
    tenant = person.tenant
    tenant.ok(LOGIN)
    tenant.server.faults.add(path=TOKEN, status=501)
    failure = tenant.fails(LOGIN, wait=True)
    assert (failure["error"]["kind"], failure["error"]["status"]) == ("sign_in", 501)
    assert virtual_time.waited == []


@pytest.mark.over_tls
def test_an_untrusted_server_is_not_contacted_again(person: Person, virtual_time: VirtualTime) -> None:
    tenant = person.tenant
    tenant.ok(LOGIN)
    failure = tenant.fails(LOGIN, wait=True, ca_file=certifi.where())
    assert (failure["error"]["kind"], "certificate" in failure["msg"]) == ("transport", True)
    assert virtual_time.waited == []


def test_polling_slows_down_on_request(person: Person, at_pause: t.Any, virtual_time: VirtualTime) -> None:
    tenant = person.tenant
    code = tenant.ok(LOGIN)["user_code"]
    tenant.server.faults.add(path=TOKEN, status=400, body={"error": "slow_down", "error_description": "slower"})
    at_pause(2, lambda: person.decides(code))
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
def test_a_response_without_a_code_is_reported(person: Person, body: t.Any) -> None:
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
def test_a_response_without_a_token_is_reported(person: Person, body: t.Any, status: int, renewal: bool) -> None:
    tenant = person.tenant
    tenant.server.settings.update({"token_lifetime": 200})
    begun = tenant.ok(LOGIN)
    if renewal:
        person.decides(begun["user_code"])
        tenant.ok(LOGIN, wait=True)
    tenant.server.faults.add(path=TOKEN, status=status, body=body, times=9)
    failure = tenant.fails(MODULE, **UNREGISTERED) if renewal else tenant.fails(LOGIN, wait=True)
    assert failure["error"]["kind"] in ("sign_in", "transport", "input", "graph"), failure


@pytest.mark.parametrize("message", ["one\nTASK [two] ***", "", " "])
def test_a_message_of_several_lines_or_without_words_is_replaced(person: Person, message: str) -> None:
    body = {
        "user_code": "A1", "device_code": "d", "verification_uri": "https://x.example", "expires_in": 900,
        "interval": -5, "message": message,
    }  # fmt: skip
    person.tenant.server.faults.add(path="devicecode", status=200, body=body)
    assert person.tenant.ok(LOGIN)["message"] == "To sign in, open the page https://x.example and enter the code A1."


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"auth_client_id": "x"}, "auth_client_id is 'x'"),
        ({"auth_tenant_id": "common"}, "does not name a single tenant"),
        ({"sign_in_timeout": 0}, "sign_in_timeout is 0"),
    ],
    ids=str,
)
def test_invalid_options_are_reported_before_any_request(person: Person, options: Json, words: str) -> None:
    assert words in person.tenant.fails(LOGIN, **options)["msg"]
    assert person.tenant.server.requests() == []
