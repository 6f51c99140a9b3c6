# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdicts are compared with the tenant in module_utils/test_rights.py."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import STEPS
from ansible_collections.email_gateway.azure_apps.tests.unit.action_runner import ActionRunner
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_operator_access_info"


def _steps(result: dict[str, t.Any]) -> dict[str, t.Any]:
    return {verdict["step"]: verdict for verdict in result["steps"]}


def test_possible_steps_and_missing_permissions_are_returned(tenant: Tenant) -> None:
    tenant.sign_in_with("Application.ReadWrite.OwnedBy")
    tenant.clear_requests()
    for check in (False, True):
        result = tenant.ok(MODULE, check=check)
        assert (result["changed"], result["sufficient"]) == (False, False)
        steps = _steps(result)
        assert list(steps) == list(STEPS)
        assert (steps["register"]["possible"], steps["register"]["only_owned"]) == (True, True)
        consent = steps["consent_application"]
        assert (consent["possible"], consent["missing"]) == (False, ["read_assignments", "assign_app_role"])
        assert consent["add"] == ("the application permission AppRoleAssignment.ReadWrite.All and Application.Read.All")
        assert steps["key_vault"]["possible"] is None
        assert "Key Vault Secrets Officer" in steps["key_vault"]["note"]
    assert result["identity"]["kind"] == "application"
    assert result["identity"]["permissions"] == ["Application.ReadWrite.OwnedBy"]
    assert tenant.graph_requests == 0, "the token is sufficient"


def test_the_owners_of_the_application_are_read(tenant: Tenant) -> None:
    asked: dict[str, t.Any] = {"steps": ["register", "client_secret"], "unique_name": "gateway"}
    tenant.register()
    tenant.sign_in_with("Application.ReadWrite.OwnedBy", "Application.Read.All")
    foreign = tenant.ok(MODULE, **asked)
    assert (foreign["application_found"], foreign["owns_application"], foreign["sufficient"]) == (True, False, False)
    assert _steps(foreign)["client_secret"]["add"] == "the application permission Application.ReadWrite.All"
    assert tenant.fails("azure_app_secret", unique_name="gateway", description="d")["error"]["status"] == 403

    tenant.ok("azure_app_registration", display_name="Own", unique_name="own")
    own = tenant.ok(MODULE, **{**asked, "unique_name": "own"})
    assert (own["owns_application"], own["sufficient"], own["certain"]) == (True, True, True)
    made = tenant.ok("azure_app_registration", display_name="By name")
    assert tenant.ok(MODULE, display_name="By name")["owns_application"] is True
    assert tenant.ok(MODULE, client_id=made["client_id"])["owns_application"] is True
    absent = tenant.ok(MODULE, **{**asked, "unique_name": "unknown-application"})
    assert (absent["application_found"], absent["owns_application"], absent["certain"]) == (False, None, True)


def test_the_verdict_is_unknown_if_owners_cannot_be_read(tenant: Tenant) -> None:
    tenant.register()
    tenant.sign_in_with("Application.ReadWrite.OwnedBy", "Application.Read.All")
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    tenant.server.faults.add(path="/owners", status=403, body=denied)
    result = tenant.ok(MODULE, unique_name="gateway", steps=["client_secret"])
    assert (result["application_found"], result["owns_application"], result["certain"]) == (True, None, False)
    verdict = _steps(result)["client_secret"]
    assert (verdict["possible"], verdict["note"]) == (True, "only applications that it owns")
    tenant.server.faults.add(path="/owners", status=404, body={"error": {"code": "Odd", "message": "Odd."}}, times=9)
    assert tenant.fails(MODULE, unique_name="gateway", steps=["client_secret"])["error"]["status"] == 404


def test_unknown_verdicts_are_reported(tenant: Tenant) -> None:
    tenant.environ = {
        **{name: value for name, value in tenant.environ.items() if name not in ("AZURE_CLIENT_ID", "AZURE_SECRET")},
        "AZURE_ACCESS_TOKEN": "opaque",
    }
    tenant.clear_requests()
    result = tenant.ok(MODULE, unique_name="gateway", steps=["register", "prove"])
    assert result["identity"]["kind"] == "unknown"
    assert _steps(result)["register"]["possible"] is None
    assert "cannot be read" in _steps(result)["register"]["note"]
    assert (result["sufficient"], result["certain"]) == (True, False)
    assert "Privileged Identity Management" in result["beyond"]
    assert tenant.graph_requests == 0


def test_an_identity_without_read_rights_gets_verdicts(tenant: Tenant) -> None:
    tenant.register()
    tenant.sign_in_with("Mail.ReadWrite")
    result = tenant.ok(MODULE, unique_name="gateway", steps=["look_up"])
    assert (result["application_found"], result["owns_application"]) == (None, None)
    assert _steps(result)["look_up"]["add"] == "the application permission Application.Read.All"


def test_a_malformed_key_is_refused_before_any_request(tenant: Tenant) -> None:
    assert "client_id" in tenant.fails(MODULE, client_id="gateway")["msg"]
    assert tenant.server.requests() == []


def _environment_of(tenant: Tenant, *rights: str) -> Json:
    client_id, secret = tenant.server.add_operator(list(rights))
    return {"AZURE_CLIENT_ID": client_id, "AZURE_SECRET": secret}


def _runner(tenant: Tenant, folder: Path, monkeypatch: pytest.MonkeyPatch, **variables: Json) -> ActionRunner:
    tenant.sign_in_with("Application.ReadWrite.OwnedBy", "Application.Read.All")
    return ActionRunner(tenant, folder, monkeypatch, {"one": variables})


def _checked(**steps: list[str]) -> Json:
    """As azure_app_profile_info returns it."""
    options = {MODULE: {"steps": steps["operator_steps"], "display_name": "Gateway"}}
    return {"profile_info": {"profile": "outbound_smtp", "module_options": options, **steps}}


def test_the_verdicts_on_all_identities_are_in_one_result(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions = _runner(
        tenant,
        tmp_path,
        monkeypatch,
        gateway_app_consent_environment=_environment_of(tenant, "Application.Read.All"),
        gateway_app_mailbox_environment={},
    )
    steps = {"operator_steps": ["register", "owners"], "consent_steps": ["consent_application"], "mailbox_steps": []}
    found = actions.run(MODULE, **_checked(**steps))
    assert list(_steps(found)) == ["register", "owners", "consent_application"]
    assert found["impossible"] == ["add owners", "consent to application permissions of Microsoft Graph"]
    who = {name: verdict["message"].partition(" as ")[2] for name, verdict in _steps(found).items()}
    assert who["register"].partition(" (")[0] == found["identity"]["name"]
    assert found["identity"]["permissions"] == ["Application.Read.All", "Application.ReadWrite.OwnedBy"]
    outcome, *lines = found["summary"]
    assert outcome == "1 of 3 steps are possible"
    messages = [verdict["message"] for verdict in found["steps"]]
    assert lines[: len(messages)] == messages
    assert " ".join(lines[len(messages) :]) == found["beyond"]
    assert found["failure"].startswith("Not enough rights to add owners; consent to application permissions")
    assert found["access"] == {
        "profile": "outbound_smtp",
        "display_name": "Gateway",
        "sufficient": False,
        "steps": found["steps"],
    }


def test_an_identity_without_its_own_environment_is_the_operator(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions = _runner(tenant, tmp_path, monkeypatch)
    tenant.clear_requests()
    steps = {"operator_steps": [], "consent_steps": ["look_up"], "mailbox_steps": ["mailbox_scope"]}
    found = actions.run(MODULE, **_checked(**steps))
    assert (found["identity"]["kind"], list(_steps(found))) == ("unknown", ["look_up", "mailbox_scope"])
    assert sum(request.path.endswith("/token") for request in tenant.server.requests()) == 1, "one sign-in for both"
    without_steps: Json = {"operator_steps": [], "consent_steps": [], "mailbox_steps": []}
    tenant.clear_requests()
    actions.new_run()
    assert actions.run(MODULE, **_checked(**without_steps))["sufficient"] is True
    assert tenant.server.requests() == [], "an identity without steps does not sign in"


def test_an_identity_that_cannot_sign_in_is_reported(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {**_environment_of(tenant, "Application.Read.All"), "AZURE_SECRET": "not the secret"}
    actions = _runner(tenant, tmp_path, monkeypatch, gateway_app_mailbox_environment=wrong)
    steps = {"operator_steps": ["look_up"], "consent_steps": [], "mailbox_steps": ["mailbox_scope"]}
    found = actions.run(MODULE, **_checked(**steps))
    assert found["failed"] and found["msg"].startswith("The identity of gateway_app_mailbox_environment: ")
    assert "not the secret" not in str(found)
