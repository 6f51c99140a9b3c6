# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems that were reported for other tools, each case of ../shared/cases/graph with the right outcome."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from graph_emulator.odata.query import Query

CASES = Path(__file__).resolve().parents[4].parent / "shared" / "cases" / "graph"
PREFIX = "email_gateway.azure_apps."
REGISTRATION: Json = {"display_name": "Case app", "unique_name": "case-app"}


def case(name: str) -> Json:
    path = CASES / f"{name}.yml"
    if not path.is_file():
        pytest.skip(f"no reported cases in {CASES}")
    loaded: Json = yaml.safe_load(path.read_text())
    return loaded


def fault(tenant: Tenant, name: str) -> None:
    described = case(name)["fault"]
    more = {key: value for key, value in described.items() if key not in ("method", "path", "status", "body")}
    tenant.server.faults.add(
        method=described["method"], path=described["path"], status=described["status"], body=described["body"], **more
    )


def tasks(name: str) -> t.Iterator[tuple[str, Json]]:
    """Module and options of each task of a case."""
    for task in case(name)["tasks"]:
        for module, options in task.items():
            if module.startswith(PREFIX):
                yield module.removeprefix(PREFIX), options


def run(tenant: Tenant, name: str) -> list[Json]:
    """All tasks of the case in one run of ansible-playbook, with its fault."""
    tenant.memory = SharedMemory()
    fault(tenant, name)
    return [tenant.run(module, **options) for module, options in tasks(name)]


def test_a_concurrently_created_assignment_is_accepted(tenant: Tenant) -> None:
    results = run(tenant, "01-consent-race-entitlementgrant")
    assert [result.get("msg") for result in results] == [None] * 3
    assert not tenant.ok("azure_admin_consent", unique_name="case-app")["changed"]


def test_a_concurrently_created_assignment_is_accepted_with_an_unknown_message(tenant: Tenant) -> None:
    """The next read decides, not the message."""
    tenant.memory = SharedMemory()
    tenant.ok("azure_app_registration", **REGISTRATION)
    tenant.ok("azure_app_graph_permissions", unique_name="case-app", application_permissions=["Mail.ReadWrite"])
    body = {"error": {"code": "Brand_NewCode", "message": "An unknown message."}}
    tenant.server.faults.add(method="POST", path="appRoleAssignedTo", status=400, body=body, processed=True)
    assert tenant.ok("azure_admin_consent", unique_name="case-app")["consented"]
    tenant.server.faults.add(method="DELETE", path="appRoleAssignments", status=400, body=body, processed=True)
    assert tenant.ok("azure_admin_consent", unique_name="case-app", state="absent")["granted"] == []


def test_a_permanent_refusal_is_reported_after_one_more_read(tenant: Tenant) -> None:
    tenant.ok("azure_app_registration", **REGISTRATION)
    tenant.ok("azure_app_graph_permissions", unique_name="case-app", application_permissions=["Mail.ReadWrite"])
    body = {"error": {"code": "Brand_NewCode", "message": "An unknown message."}}
    tenant.server.faults.add(method="POST", path="appRoleAssignedTo", status=400, body=body, times=9)
    tenant.clear_requests()
    failed = tenant.fails("azure_admin_consent", unique_name="case-app")
    assert "An unknown message" in failed["msg"]
    assert len(tenant.writes) == 1


def test_a_concurrently_removed_assignment_is_accepted(tenant: Tenant) -> None:
    results = run(tenant, "02-revoke-entitlementgrant-not-found")
    assert [result.get("msg") for result in results] == [None] * 4
    assert tenant.ok("azure_admin_consent", unique_name="case-app", method="url")["granted"] == []


def test_a_quota_is_not_reported_as_a_missing_right(tenant: Tenant) -> None:
    (failed,) = run(tenant, "03-quota-403")
    assert failed["error"]["code"] == "Directory_QuotaExceeded"
    assert "purge" in failed["msg"]
    assert "permission" not in failed["error"]["next_step"]


def test_the_advice_for_a_resource_without_a_service_principal_works(tenant: Tenant, hand: Client) -> None:
    method_and_path, _end, body = case("04-declared-resource-without-principal")["before"].partition("\n")
    assert method_and_path == "POST /v1.0/applications"
    client_id = hand.post("/applications", json.loads(body)).json()["appId"]
    tenant.ok("azure_app_registration", client_id=client_id, display_name="Old gateway")
    failed = tenant.fails("azure_admin_consent", client_id=client_id)
    _words, _colon, advice = failed["error"]["next_step"].partition("azure_app_graph_permissions: ")
    options: Json = dict(option.split("=") for option in advice.rstrip(".").split(", "))
    options["application_permissions"] = options["application_permissions"].strip("[]").split()
    for wanted in (True, False):
        assert tenant.ok("azure_app_graph_permissions", **options)["changed"] is wanted
    tenant.ok("azure_app_graph_permissions", client_id=client_id, application_permissions=["Mail.ReadWrite"])
    assert tenant.ok("azure_admin_consent", client_id=client_id)["consented"]


def test_an_empty_exact_list_removes_permissions_of_a_missing_resource(tenant: Tenant, hand: Client) -> None:
    _method, _end, body = case("04-declared-resource-without-principal")["before"].partition("\n")
    made = hand.post("/applications", json.loads(body)).json()
    (declared,) = made["requiredResourceAccess"]
    wanted = [{"resource": declared["resourceAppId"], "application": []}]
    assert tenant.ok("azure_app_graph_permissions", client_id=made["appId"], permissions=wanted, exact=True)["changed"]
    assert tenant.application(appId=made["appId"])["requiredResourceAccess"] == []


def test_a_deactivated_application_is_reported(tenant: Tenant) -> None:
    """Registering stops before any write; the application's own sign-in reports the reason."""
    described = case("05-deactivated-application")["fault"]
    made = tenant.with_secret("Mail.ReadWrite")
    hosts = {name: tenant.environ[name] for name in tenant.environ if name not in ("AZURE_CLIENT_ID", "AZURE_SECRET")}
    tenant.environ = {**hosts, "AZURE_ACCESS_TOKEN": tenant.operator_token()}
    path = described["path"].replace("TENANT_ID", tenant.server.tenant_id)
    tenant.server.faults.add(path=path, status=described["status"], body=described["body"], times=described["times"])
    tenant.application(uniqueName="gateway")["isDisabled"] = True
    tenant.clear_requests()
    failed = tenant.fails("azure_app_registration", unique_name="gateway", display_name="Gateway", notes="new")
    assert "deactivated" in failed["msg"]
    assert tenant.writes == []
    proof = tenant.fails("azure_app_token_info", **made)
    assert "disabled or deactivated" in proof["error"]["next_step"]


def test_each_refused_sign_in_has_its_own_advice(tenant: Tenant) -> None:
    steps = {}
    for answer in t.cast("list[Json]", case("06-sign-in-hints")):
        tenant.server.faults.clear()
        body = {"error": answer["error"], "error_description": f"{answer['code']}: Words of Microsoft. Trace ID: 1"}
        tenant.server.faults.add(path="/oauth2/v2.0/token", status=answer["status"], body=body, times=99)
        failed = tenant.fails("azure_app_registration_info", unique_name="unregistered")
        assert failed["error"]["code"] == answer["code"]
        steps[answer["code"]] = failed["error"]["next_step"]
    assert len(set(steps.values())) == len(steps) == 5
    assert not [step for step in steps.values() if "Check the tenant id, the client id and the credential" in step]


def test_a_required_service_management_reference_is_reported(tenant: Tenant) -> None:
    (failed,) = run(tenant, "08-service-management-reference")
    assert "service_management_reference" in failed["error"]["next_step"]


def test_the_advice_for_a_refused_start_is_to_check_the_clock(tenant: Tenant) -> None:
    failed = run(tenant, "09-invalid-start-date")[-1]
    assert "clock of the controller" in failed["error"]["next_step"]


def test_an_application_for_personal_accounts_is_waited_for(tenant: Tenant) -> None:
    results = run(tenant, "11-msa-application-409")
    assert [result.get("msg") for result in results] == [None] * 2
    assert len(tenant.application(uniqueName="case-app")["passwordCredentials"]) == 1


def test_a_change_of_the_audience_sends_the_token_version(tenant: Tenant) -> None:
    wanted = [options for _module, options in tasks("12-audience-change-needs-token-version")]
    for options in (wanted[0], wanted[1], wanted[0]):
        assert tenant.ok("azure_app_registration", **{"sign_in_audience": "AzureADMyOrg", **options})["changed"]
    application = tenant.application(uniqueName="case-app")
    assert application["signInAudience"] == "AzureADMyOrg"
    assert [entry.body.get("api") for entry in tenant.write_entries if "/applications" in entry.path] == [
        None,
        {"requestedAccessTokenVersion": 2},
        None,
    ]


@pytest.mark.parametrize("times", [1, 2])
def test_a_list_with_an_expired_page_is_read_again_once(
    tenant: Tenant, hand: Client, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(Query, "_page_size", lambda _self, _default: 2)
    names = {f"Listed {number}" for number in range(5)}
    for name in names:
        hand.application(name)
    body = {"error": {"code": "Directory_ExpiredPageToken", "message": "The specified page token value has expired."}}
    tenant.server.faults.add(path="skiptoken", nth=2, status=400, body=body)
    if times == 2:
        tenant.server.faults.add(path="skiptoken", nth=4, status=400, body=body)
        failed = tenant.fails("azure_app_registration_info")
        assert failed["error"]["code"] == "Directory_ExpiredPageToken"
        assert "page token value has expired" in failed["msg"]
        return
    found = tenant.ok("azure_app_registration_info")["applications"]
    assert sorted(entry["display_name"] for entry in found if entry["display_name"] in names) == sorted(names)
