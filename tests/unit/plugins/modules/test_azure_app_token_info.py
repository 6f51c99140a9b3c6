# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

MODULE = "azure_app_token_info"
UNKNOWN = "11111111-1111-1111-1111-111111111111"
TOKEN = "oauth2/v2.0/token"


def token_requests(tenant: Tenant) -> int:
    return sum(TOKEN in entry.path for entry in tenant.server.requests())


def test_missing_arguments_are_refused_before_any_request(tenant: Tenant) -> None:
    result = tenant.fails(MODULE)
    assert "one of the following is required" in result["msg"] and "stores" in result["msg"]
    result = tenant.fails(MODULE, client_secret="a secret", client_id=UNKNOWN)
    assert "one of the following is required: tenant_id, stores" in result["msg"]
    assert tenant.server.requests() == []


def test_the_operator_s_credential_is_not_used_for_the_application(tenant: Tenant) -> None:
    assert tenant.environ["AZURE_SECRET"]
    assert "client_secret" in tenant.fails(MODULE, tenant_id=tenant.server.tenant_id, client_id=UNKNOWN)["msg"]


def test_a_credential_is_verified_and_its_roles_returned(tenant: Tenant) -> None:
    options = tenant.with_secret("Mail.ReadWrite", "Group.Read.All")
    result = tenant.ok(MODULE, **options, expected_roles=["Mail.ReadWrite", "Group.Read.All"])
    assert result["proven"] is True
    assert not result["changed"]
    assert result["roles"] == ["Group.Read.All", "Mail.ReadWrite"]
    assert (result["missing_roles"], result["unexpected_roles"]) == ([], [])
    assert (result["tenant_id"], result["client_id"]) == (options["tenant_id"], options["client_id"])
    assert result["scope"] == f"{tenant.server.graph}/.default"
    assert result["attempts"] == 1
    assert token_requests(tenant) == 1
    assert tenant.graph_requests == 0


def test_each_verification_gets_a_fresh_token(tenant: Tenant) -> None:
    options = tenant.with_secret()
    for _number in range(2):
        tenant.ok(MODULE, **options)
    assert token_requests(tenant) == 2


def test_check_mode_verifies_as_well(tenant: Tenant) -> None:
    assert tenant.ok(MODULE, check=True, **tenant.with_secret())["proven"] is True


def test_neither_token_nor_secret_is_in_the_result(tenant: Tenant) -> None:
    options = tenant.with_secret("Mail.ReadWrite")
    for result in (
        tenant.ok(MODULE, **options),
        tenant.fails(MODULE, **{**options, "client_id": UNKNOWN}, poll=False),
        tenant.fails(MODULE, **{**options, "client_secret": options["client_secret"] + "x"}, poll=False),
    ):
        text = json.dumps(result)
        assert options["client_secret"] not in text
        assert "eyJ" not in text, "the start of every JWT"


def test_a_token_for_exchange_online_can_be_verified(tenant: Tenant) -> None:
    options = tenant.with_secret("SMTP.SendAsApp", resource="exchange_online")
    result = tenant.ok(MODULE, **options, resource="exchange_online", expected_roles=["SMTP.SendAsApp"])
    assert result["proven"] is True
    assert result["roles"] == ["SMTP.SendAsApp"]
    assert result["audience"] == "https://outlook.office365.com"
    assert result["scope"] == "https://outlook.office365.com/.default"
    assert tenant.ok(MODULE, **options, poll=False)["roles"] == [], "the roles of another resource are not in it"


def test_the_tenant_can_be_a_domain(tenant: Tenant) -> None:
    options = {**tenant.with_secret(), "tenant_id": tenant.server.domain}
    assert tenant.ok(MODULE, **options)["tenant_id"] == tenant.server.tenant_id


# Waiting


def test_a_fresh_secret_is_waited_for(tenant: Tenant, virtual_time: VirtualTime) -> None:
    tenant.server.settings.update({"secret_delay": 20})
    result = tenant.ok(MODULE, **tenant.with_secret())
    assert result["proven"] is True
    assert result["attempts"] > 1
    assert 15 <= sum(virtual_time.waited) <= 60


def test_fresh_consent_is_waited_for(tenant: Tenant, virtual_time: VirtualTime) -> None:
    tenant.server.settings.update({"consent_delay": 30})
    options = tenant.with_secret("Mail.ReadWrite")
    virtual_time.waited.clear()
    result = tenant.ok(MODULE, **options, expected_roles=["Mail.ReadWrite"])
    assert result["proven"] is True
    assert result["attempts"] > 1
    assert 25 <= sum(virtual_time.waited) <= 90


def test_a_missing_role_is_reported_after_the_wait(tenant: Tenant, virtual_time: VirtualTime) -> None:
    options = tenant.with_secret("Mail.ReadWrite")
    result = tenant.ok(MODULE, **options, expected_roles=["Mail.ReadWrite", "Mail.Send"], wait_timeout=60)
    assert result["proven"] is False
    assert result["missing_roles"] == ["Mail.Send"]
    assert 20 < sum(virtual_time.waited) <= 60


@pytest.mark.parametrize("wait_timeout", [5, 60])
def test_a_wrong_secret_is_tried_no_longer_than_allowed(
    tenant: Tenant, virtual_time: VirtualTime, wait_timeout: int
) -> None:
    options = {**tenant.with_secret(), "client_secret": "wrong"}
    result = tenant.fails(MODULE, **options, wait_timeout=wait_timeout)
    assert result["error"]["code"] == "AADSTS7000215"
    assert result["error"]["kind"] == "sign_in"
    assert "secret's value, not its id" in result["error"]["next_step"]
    assert sum(virtual_time.waited) <= wait_timeout


@pytest.mark.parametrize(
    "options", [{"client_secret": "wrong"}, {"client_id": UNKNOWN}, {"expected_roles": ["Mail.Send"]}], ids=str
)
def test_without_polling_there_is_one_attempt(tenant: Tenant, virtual_time: VirtualTime, options: Json) -> None:
    result = tenant.run(MODULE, **{**tenant.with_secret(), **options}, poll=False)
    assert result.get("proven", False) is False
    assert token_requests(tenant) == 1
    assert virtual_time.waited == []


def test_an_expired_secret_is_not_waited_for(tenant: Tenant, virtual_time: VirtualTime) -> None:
    options = tenant.with_secret()
    tenant.application(uniqueName="gateway")["passwordCredentials"][0]["endDateTime"] = "2020-01-01T00:00:00Z"
    result = tenant.fails(MODULE, **options)
    assert result["error"]["code"] == "AADSTS7000222"
    assert "expired" in result["error"]["next_step"]
    assert virtual_time.waited == []


@pytest.mark.parametrize("named", [UNKNOWN, "unknown.example"])
def test_an_unknown_tenant_is_not_waited_for(tenant: Tenant, virtual_time: VirtualTime, named: str) -> None:
    result = tenant.fails(MODULE, **{**tenant.with_secret(), "tenant_id": named})
    assert result["error"]["code"] == "AADSTS90002"
    assert "tenant id" in result["error"]["next_step"]
    assert virtual_time.waited == []


def test_a_missing_service_principal_is_explained(tenant: Tenant) -> None:
    options = tenant.with_secret()
    (principal,) = tenant.service_principals(options["client_id"])
    del tenant.server.tenant.directory.service_principals[principal["id"]]
    result = tenant.fails(MODULE, **options, poll=False)
    assert result["error"]["code"] == "AADSTS7000229"
    assert "no service principal" in result["error"]["next_step"]


# Roles


def test_unexpected_roles_are_reported(tenant: Tenant) -> None:
    result = tenant.ok(MODULE, **tenant.with_secret("Mail.ReadWrite", "Mail.Send"), expected_roles=["Mail.Send"])
    assert result["proven"] is True
    assert result["unexpected_roles"] == ["Mail.ReadWrite"]


def test_without_expected_roles_none_is_unexpected(tenant: Tenant) -> None:
    result = tenant.ok(MODULE, **tenant.with_secret("Mail.ReadWrite"))
    assert (result["proven"], result["missing_roles"], result["unexpected_roles"]) == (True, [], [])


def test_an_empty_list_means_that_no_role_is_expected(tenant: Tenant) -> None:
    result = tenant.ok(MODULE, **tenant.with_secret("Mail.ReadWrite"), expected_roles=[])
    assert (result["proven"], result["unexpected_roles"]) == (True, ["Mail.ReadWrite"])


def test_all_runs_return_the_same_keys(tenant: Tenant) -> None:
    options = tenant.with_secret()
    runs = [
        tenant.ok(MODULE, **options),
        tenant.ok(MODULE, check=True, **options),
        tenant.ok(MODULE, **options, expected_roles=["Mail.Send"], poll=False),
        tenant.ok(MODULE, **options, resource="exchange_online"),
    ]
    assert {frozenset(run) for run in runs} == {frozenset(runs[0])}


# Invalid responses


@pytest.mark.parametrize(
    "fault",
    [
        {"close_before": True},
        {"close_after": True},
        {"truncate": True},
        {"status": 500},
        {"status": 503},
        {"status": 429, "headers": {"Retry-After": "3"}},
    ],
    ids=str,
)
def test_a_failed_response_of_the_token_endpoint_is_requested_again(tenant: Tenant, fault: Json) -> None:
    options = tenant.with_secret()
    tenant.server.faults.add(path=TOKEN, **fault)
    assert tenant.ok(MODULE, **options)["proven"] is True


@pytest.mark.parametrize(
    "answer",
    ["<html>proxy</html>", "[]", "null", {"token_type": "Bearer"}, {"access_token": 5, "expires_in": 3599}],
    ids=str,
)
def test_a_response_without_a_token_is_a_clear_error(tenant: Tenant, answer: t.Any) -> None:
    options = tenant.with_secret()
    tenant.server.faults.add(path=TOKEN, status=200, body=answer, times=99)
    assert options["client_id"] in tenant.fails(MODULE, **options)["msg"]


@pytest.mark.parametrize("path", [TOKEN, "openid-configuration"])
def test_an_unavailable_identity_platform_is_not_a_wrong_credential(
    tenant: Tenant, virtual_time: VirtualTime, path: str
) -> None:
    options = tenant.with_secret()
    tenant.server.faults.add(path=path, status=503, body="<html>unavailable</html>", times=999)
    result = tenant.fails(MODULE, **options, wait_timeout=30)
    assert result["error"]["status"] == 503
    assert "503" in result["msg"]
    assert "client secret" not in result["error"]["next_step"]
    assert sum(virtual_time.waited) <= 30


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"client_secret": ""}, "client_secret is blank"),
        ({"client_secret": " "}, "client_secret is blank"),
        ({"client_id": "nonsense"}, "client_id is 'nonsense', which is not a GUID"),
        ({"tenant_id": "common"}, "does not name a single tenant"),
        ({"tenant_id": "a/b"}, "does not name a single tenant"),
        ({"tenant_id": ""}, "does not name a single tenant"),
        ({"resource": "sharepoint"}, "value of resource must be one of"),
        ({"wait_timeout": 0}, "wait_timeout is 0"),
        ({"request_timeout": 3601}, "request_timeout is 3601"),
    ],
)
def test_invalid_input_is_refused_before_any_request(tenant: Tenant, options: Json, words: str) -> None:
    good: Json = {"tenant_id": UNKNOWN, "client_id": UNKNOWN, "client_secret": "s"}
    result = tenant.fails(MODULE, **{**good, **options})
    assert words in result["msg"]
    assert result["error"]["kind"] == "input"
    assert tenant.server.requests() == []
