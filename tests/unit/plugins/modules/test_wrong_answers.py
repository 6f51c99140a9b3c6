# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Responses with one error each: the cases that test_hostile_answers.py searches at random."""

from __future__ import annotations

import base64
import json
import logging
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import Shape, check
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication

GATEWAY: Json = {"unique_name": "gateway"}
SECRET: Json = {**GATEWAY, "description": "mail gateway"}
PAGE = "<html>Sign in to the proxy</html>"


def password_credentials(tenant: Tenant) -> list[Json]:
    credentials: list[Json] = tenant.application(uniqueName="gateway")["passwordCredentials"]
    return credentials


def proof(tenant: Tenant, **more: t.Any) -> Json:
    server = tenant.server
    own = {"tenant_id": server.tenant_id, "client_id": server.client_id, "client_secret": server.client_secret}
    return {**own, "wait_timeout": 20, **more}


# Nothing is concluded from an invalid response


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": 404, "body": PAGE},
        {"status": 404, "body": {"error": {}}},
        {"status": 404, "body": {}},
        {"status": 200, "body": ""},
        {"status": 200, "body": {}},
        {"status": 200, "body": {"id": None, "appId": "x"}},
        {"status": 204},
        {"status": 206, "body": {"value": []}},
        {"status": 302, "body": PAGE, "headers": {"Location": "https://unknown.invalid/"}},
        {"status": 304},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("azure_app_registration", {**GATEWAY, "state": "absent"}),
        ("azure_app_registration", {**GATEWAY, "display_name": "Gateway"}),
        ("azure_app_secret", {**SECRET, "state": "absent"}),
        ("azure_app_secret", SECRET),
        ("azure_app_graph_permissions", {**GATEWAY, "application_permissions": [], "exact": True}),
        ("azure_admin_consent", {**GATEWAY, "state": "absent"}),
        ("azure_app_registration_info", GATEWAY),
    ],
)
def test_an_invalid_response_does_not_mean_absence(
    gateway: TenantApplication, tenant: Tenant, module: str, options: Json, wrong: Json
) -> None:
    tenant.server.faults.add(path="/v1.0/", times=999, **wrong)
    tenant.fails(module, **options, wait_timeout=5)
    assert [write for write in tenant.writes if "$batch" not in write] == []


def test_a_missing_list_is_not_treated_as_empty(gateway: TenantApplication, tenant: Tenant) -> None:
    """Treating it as empty would remove the declarations of others."""
    tenant.ok("azure_app_graph_permissions", **GATEWAY, application_permissions=["Mail.Send"])
    tenant.clear_requests()
    body = {"id": gateway.object_id, "appId": gateway.client_id}
    for wrong in (body, {**body, "requiredResourceAccess": {}}, {**body, "requiredResourceAccess": [7]}):
        tenant.server.faults.clear()
        tenant.server.faults.add(path="/applications", status=200, body=wrong, times=99)
        failure = tenant.fails("azure_app_graph_permissions", **GATEWAY, application_permissions=["Mail.ReadWrite"])
        assert "not an application (its requiredResourceAccess is wrong or missing)" in failure["msg"]
    assert tenant.writes == []


def test_another_application_than_the_requested_one_is_refused(tenant: Tenant) -> None:
    made, other = tenant.register(), tenant.register("other")
    body = dict(tenant.application(uniqueName="other"))
    tenant.server.faults.add(path="/applications", status=200, body=body, times=99)
    failure = tenant.fails("azure_app_secret", client_id=made["client_id"], description="x", state="absent")
    assert "a different appId than requested" in failure["msg"]
    assert other["client_id"] not in failure["msg"]


@pytest.mark.parametrize("wrong", ["../servicePrincipals/x", "a/b", "", " ", "a?b"])
def test_an_id_that_would_change_the_address_is_refused(wrong: str) -> None:
    with pytest.raises(TransportError, match="its id is wrong or missing"):
        check({"id": wrong}, Shape("an object of the directory", needs=("id",)), action="read it")


def test_null_and_unknown_values_are_accepted() -> None:
    record = {"displayName": None, "hint": None, "keyId": None, "startDateTime": None, "endDateTime": None}
    document = {"id": "x", "notes": None, "web": None, "accountEnabled": None, "ofTomorrow": [{"id": 7}],
                "passwordCredentials": [record, {"ofTomorrow": 7}]}  # fmt: skip
    assert check(document, Shape("an application", needs=("id",)), action="read it") is document


@pytest.mark.parametrize(
    "answers",
    [
        [{"id": [], "status": 200, "body": {}}],
        [{"id": {}, "status": 200}],
        [{"id": "0", "status": []}],
        [{"id": "0", "status": {}}],
        [{"id": "0", "status": 404}, {"id": "1", "status": 404}, {"id": "2", "status": 404}],
        [{"id": "0", "status": 404, "body": PAGE}, {"id": "7", "status": 200, "body": {}}],
        [{"id": "0", "status": 200, "body": {"id": "a"}}, {"id": "0", "status": 200, "body": {"id": "b"}}],
        [7, None, "x"],
    ],
    ids=str,
)
def test_an_invalid_batch_is_completed_one_by_one(tenant: Tenant, answers: Json) -> None:
    made = tenant.register(tags=["mail"])
    tenant.server.faults.add(path="/[$]batch", status=200, body={"responses": answers}, outer_only=True, times=9)
    found = tenant.ok("azure_app_registration_info", client_id=made["client_id"])["applications"]
    assert [(one["client_id"], one["tags"]) for one in found] == [(made["client_id"], ["mail"])]


def test_an_immediate_retry_after_does_not_cause_thousands_of_requests(
    tenant: Tenant, virtual_time: VirtualTime
) -> None:
    for retry_after in ("0", "-7", "0.001", "Mon, 01 Jan 2001 00:00:00 GMT"):
        tenant.server.faults.add(path="/applications", status=429, headers={"Retry-After": retry_after}, times=99999)
        tenant.clear_requests()
        tenant.fails("azure_app_registration", **GATEWAY, state="absent", wait_timeout=180)
        assert tenant.graph_requests < 400, retry_after
        tenant.server.faults.clear()


# Secrets


def test_the_start_of_another_secret_in_a_response_does_not_remove_it(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    """That one must not be removed as a secret that was lost by this run."""
    other = tenant.ok("azure_app_secret", **GATEWAY, description="foreign-password")
    start = "2026-01-02T03:04:05.678901Z"
    password_credentials(tenant)[0]["startDateTime"] = start
    response = {"startDateTime": start, "keyId": other["key_id"], "secretText": "abc8Q~" + "x" * 34, "displayName": "d"}
    gateway.fails_to("create a secret", close_after=True)
    gateway.fails_to("create a secret", status=200, body=response, processed=True, nth=2)
    made = tenant.run("azure_app_secret", **SECRET)
    assert made["client_secret"] == response["secretText"]
    assert made["key_id"] != other["key_id"]
    assert other["key_id"] in [credential["keyId"] for credential in password_credentials(tenant)]


@pytest.mark.parametrize("record", [{}, {"keyId": None, "startDateTime": None, "hint": None}, {"displayName": None}])
def test_a_value_is_returned_also_without_its_record(gateway: TenantApplication, tenant: Tenant, record: Json) -> None:
    value = "abc8Q~" + "x" * 34
    gateway.fails_to("create a secret", status=200, body={**record, "secretText": value}, processed=True)
    made = tenant.ok("azure_app_secret", **SECRET)
    (credential,) = password_credentials(tenant)
    assert made["client_secret"] == value
    assert made["key_id"] == credential["keyId"], "found by its start"


@pytest.mark.parametrize("value", [None, "", 7, [], "\ud800" + "x" * 40, "x y", "x\ny", "\x00" * 40])
def test_an_invalid_value_is_reported_as_lost_and_removed(
    gateway: TenantApplication, tenant: Tenant, value: t.Any
) -> None:
    gateway.fails_to("create a secret", status=200, body={"secretText": value}, processed=True, times=99)
    failure = tenant.fails("azure_app_secret", **SECRET)
    assert failure["changed"]
    assert failure["error"]["lost_start"]
    assert password_credentials(tenant) == []


@pytest.mark.parametrize("status", [302, 304, 400, 401, 403, 404, 405, 418, 429, 502])
def test_an_html_page_instead_of_the_new_secret_is_reported_as_lost(
    gateway: TenantApplication, tenant: Tenant, status: int
) -> None:
    """The request may have been processed: its secret is searched for and removed."""
    gateway.fails_to("create a secret", status=status, body=PAGE, processed=True, times=99)
    failure = tenant.fails("azure_app_secret", **SECRET, wait_timeout=20)
    assert failure["error"]["lost_start"]
    assert password_credentials(tenant) == []


# Sign-in


@pytest.mark.parametrize("body", [PAGE, "", "[]", "7", '{"access_token": 7, "expires_in": 1e999}', '{"error": []}'])
def test_an_invalid_token_response_is_a_clear_error_and_is_not_logged(
    tenant: Tenant, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    caplog.set_level(logging.WARNING)
    echoed = body.replace("proxy", f"proxy {tenant.server.client_secret}")
    tenant.server.faults.add(path="oauth2/v2.0/token", status=200, body=echoed or " ", times=99)
    failure = tenant.fails("azure_app_token_info", **proof(tenant))
    assert failure["error"]["kind"] == "sign_in"
    assert tenant.server.client_secret not in json.dumps(failure)
    assert caplog.messages == []


@pytest.mark.parametrize(
    "more",
    [
        {"expires_in": "3599"},
        {"expires_in": None},
        {"expires_in": 10**30},
        {"expires_in": -5},
        {"refresh_in": "x", "client_info": 7, "id_token": 7},
    ],
)
def test_a_token_is_accepted_with_invalid_additional_members(tenant: Tenant, more: Json) -> None:
    form = f"grant_type=client_credentials&client_id={tenant.server.client_id}"
    form += f"&client_secret={tenant.server.client_secret}&scope={tenant.server.graph}/.default"
    service = tenant.server.emulator.identity
    body, _client_id = service.token(tenant.server.tenant_id, form=form.encode(), authorization=None)
    tenant.server.faults.add(path="oauth2/v2.0/token", status=200, body={**body, **more}, times=99)
    assert tenant.ok("azure_app_token_info", **proof(tenant))["proven"]


@pytest.mark.parametrize("claim", ["tid", "appid", "azp"])
def test_a_token_of_another_application_verifies_nothing(tenant: Tenant, claim: str) -> None:
    claims = {claim: "11111111-1111-1111-1111-111111111111", "roles": ["SMTP.SendAsApp"]}
    token = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in ({}, claims, {}))
    tenant.server.faults.add(path="oauth2/v2.0/token", status=200, body={"access_token": token}, times=99)
    failure = tenant.fails("azure_app_token_info", **proof(tenant, expected_roles=["SMTP.SendAsApp"]))
    assert f"its claim {claim} is not" in failure["msg"]
    assert token not in json.dumps(failure)


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"token_endpoint": 7},
        {"token_endpoint": "http://{host}/x/oauth2/v2.0/token"},
        {"token_endpoint": "https://{host}@unknown.invalid/x/token"},
        {"token_endpoint": "https://["},
        {"token_endpoint": "//{host}/token"},
    ],
    ids=str,
)
def test_an_invalid_configuration_of_the_tenant_is_not_stored(tenant: Tenant, configuration: Json) -> None:
    tenant.memory = SharedMemory()
    host = tenant.server.graph.removeprefix("https://")
    body = {name: value.format(host=host) if isinstance(value, str) else value for name, value in configuration.items()}
    tenant.server.faults.add(path="openid-configuration", status=200, body=body)
    failed = tenant.fails("azure_app_token_info", **proof(tenant))
    assert tenant.server.client_secret not in json.dumps(failed)
    assert [entry.path for entry in tenant.server.requests() if entry.method == "POST"] == []
    assert tenant.ok("azure_app_token_info", **proof(tenant))["proven"]


def test_only_the_secret_in_a_message_is_masked(tenant: Tenant) -> None:
    text = f"AADSTS7000215: Invalid client secret {tenant.server.client_secret} provided. Trace ID: x"
    body = {"error": "invalid_client", "error_description": text, "trace_id": {"a": 1}, "correlation_id": [7]}
    tenant.server.faults.add(path="oauth2/v2.0/token", status=401, body=body, times=99)
    failure = tenant.fails("azure_app_token_info", **proof(tenant, poll=False))
    assert "AADSTS7000215: Invalid client secret ******** provided" in failure["msg"]
    assert failure["error"]["code"] == "AADSTS7000215"
    assert failure["error"]["request_id"] is None


# JSON


@pytest.mark.parametrize(
    "content",
    [
        b"NaN", b'{"a": Infinity}', b'{"a": 1e999}', b'{"a": "\\ud800"}', b'{"\\udc00": 1}', b'{"a": "\xed\xa0\x80"}',
        b"\xff", '{"a": 1}'.encode("utf-16"), b"[" * 60 + b"]" * 60, b"1" * 5000,
    ],
)  # fmt: skip
def test_json_that_cannot_be_written_again_is_refused(content: bytes) -> None:
    assert _json.parse(content) is None


def test_valid_json_is_read() -> None:
    assert _json.parse(b'\xef\xbb\xbf{"a": ["\\ud83d\\ude00", 1e3, null]}') == {"a": ["\U0001f600", 1000.0, None]}
    assert _json.parse(b'{"id": 1, "id": "x"}') == {"id": "x"}
