# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task azure_app_profile_info in this process, in a play: the settings are the variables of the host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.action_runner import ActionRunner
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.test_azure_app_mailbox_scope import (
    EXCHANGE_ADMINISTRATOR,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_profile_info"
GATEWAY: Json = {
    "gateway_app_profile": "outbound_smtp",
    "gateway_app_unique_name": "gateway",
    "gateway_app_stores": [{"type": "ansible_vault", "path": "gateway.vault.yml"}],
    "gateway_app_credential_type": "client_secret",
}


def result(
    tenant: Tenant, folder: Path, monkeypatch: pytest.MonkeyPatch, *, look_up: bool, **variables: object
) -> Json:
    actions = ActionRunner(tenant, folder, monkeypatch, {"one": {**GATEWAY, **variables}})
    return actions.run(MODULE, profile="outbound_smtp", look_up=look_up)


@pytest.mark.parametrize("look_up", [False, True])
def test_the_settings_are_the_variables_of_the_host(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look_up: bool
) -> None:
    found = result(tenant, tmp_path, monkeypatch, look_up=look_up)
    assert not found.get("failed"), found
    assert found["profile"] == "outbound_smtp"
    assert bool(tenant.graph_requests) is look_up


@pytest.mark.parametrize("environment", [{"AZURE_TENANT": "{{ nowhere }}"}, "{{ nowhere }}", {}], ids=str)
def test_an_environment_is_only_evaluated_by_the_task_that_needs_it(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: object
) -> None:
    """It may look up a secret, which this task does not need."""
    found = result(tenant, tmp_path, monkeypatch, look_up=False, gateway_app_environment=environment)
    assert not found.get("failed"), found


MAILBOXES: Json = {"gateway_app_mailboxes": {"group": "Gateway Mailboxes"}}


def test_invalid_settings_for_mailboxes_are_refused_before_anything_is_written(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.sign_in_with(*EXCHANGE_ADMINISTRATOR)
    found = result(tenant, tmp_path, monkeypatch, look_up=True, **MAILBOXES)
    assert not found.get("failed"), found
    assert (found["mailbox_method"], found["application_permissions"]) == ("graph", [])
    unknown = {"gateway_app_mailboxes": {"group": "Gateway Mailbox"}}
    refused = result(tenant, tmp_path, monkeypatch, look_up=True, **unknown)
    assert refused["failed"] and "Did you mean 'Gateway Mailboxes'?" in refused["msg"]
    assert "gateway_app_mailboxes" in refused["error"]["next_step"]
    assert tenant.writes == []


def test_mailboxes_are_checked_as_their_own_identity_and_for_the_client_id(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_id = tenant.register()["client_id"]
    operator = tenant.environ
    tenant.sign_in_with(*EXCHANGE_ADMINISTRATOR)
    wanted: Json = {**MAILBOXES, "gateway_app_unique_name": "", "gateway_app_client_id": client_id}
    for name in ("AZURE_CLIENT_ID", "AZURE_SECRET"):
        wanted.setdefault("gateway_app_mailbox_environment", {})[name] = tenant.environ[name]
    tenant.environ = operator
    tenant.clear_requests()
    found = result(tenant, tmp_path, monkeypatch, look_up=True, **wanted)
    assert not found.get("failed"), found
    assert tenant.writes == []
    del wanted["gateway_app_mailbox_environment"]
    refused = result(tenant, tmp_path, monkeypatch, look_up=True, **wanted)
    assert refused["failed"] and "Exchange" in refused["msg"]


@pytest.mark.parametrize("method", ["graph", "none"])
def test_a_declared_permission_that_consent_would_grant_for_all_mailboxes_is_refused(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    tenant.register()
    tenant.ok("azure_app_graph_permissions", unique_name="gateway", application_permissions=["Mail.ReadWrite"])
    tenant.clear_requests()
    tenant.sign_in_with(*EXCHANGE_ADMINISTRATOR)
    wanted: Json = {**MAILBOXES, "gateway_app_mailbox_method": method}
    refused = result(tenant, tmp_path, monkeypatch, look_up=True, **wanted)
    assert refused["failed"] and "Mail.ReadWrite is declared and not granted in Entra ID" in refused["msg"]
    for more in ({"gateway_app_exact_permissions": True}, {"gateway_app_consent": "none"}):
        accepted = result(tenant, tmp_path, monkeypatch, look_up=True, **wanted, **more)
        assert not accepted.get("failed"), accepted


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"gateway_app_store_path": "{{ nowhere }}"}, "gateway_app_store_path has no value"),
        ({"gateway_app_stores": [{"type": "carrier_pigeon"}]}, "carrier_pigeon"),
        ({"gateway_app_unique_nam": "x"}, "gateway_app_unique_nam"),
        ({"gateway_app_consent_environment": "{{ ['AZURE_TENANT'] }}"}, "consent_environment is not a dictionary"),
        ({"gateway_app_environment": "{{ '{{' }} sign_in }}"}, "is a text with braces that Ansible must not fill in"),
    ],
)
def test_an_invalid_variable_is_refused_before_any_request(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: Json, words: str
) -> None:
    found = result(tenant, tmp_path, monkeypatch, look_up=True, **variables)
    assert found.get("failed"), found
    assert words in found["msg"]
    assert tenant.server.requests() == []


def test_delegated_permissions_are_not_limited_to_mailboxes(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    permissions = [
        {"resource": "microsoft_graph", "application": ["Mail.ReadWrite", "User.Read.All"]},
        {"resource": "exchange_online", "delegated": ["SMTP.Send"]},
    ]
    (tmp_path / "mine.yml").write_text(json.dumps({"gateway_app_profile_content": {"permissions": permissions}}))
    actions = ActionRunner(tenant, tmp_path, monkeypatch, {"one": {**GATEWAY, **MAILBOXES}})
    found = actions.run(MODULE, profile="mine", profile_file="mine.yml", look_up=False)
    assert found["mailbox_roles"] == ["Application Mail.ReadWrite"]
    assert found["permissions"] == [
        {"resource": "microsoft_graph", "application": ["User.Read.All"], "delegated": None},
        {"resource": "exchange_online", "application": [], "delegated": ["SMTP.Send"]},
    ]


def test_an_unknown_variable_of_the_role_is_a_warning(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = result(tenant, tmp_path, monkeypatch, look_up=False, gateway_app_of_our_own="x")
    assert not found.get("failed"), found
    (warning,) = found["warnings"]
    assert "gateway_app_of_our_own" in warning


def test_a_key_file_that_would_be_removed_with_the_job_is_refused(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "extravars").write_text("{}")
    (tmp_path / "project").mkdir()
    profile = {"permissions": [], "credential_types": ["certificate"]}
    (tmp_path / "mine.yml").write_text(json.dumps({"gateway_app_profile_content": profile}))
    settings = {
        **GATEWAY,
        "gateway_app_credential_type": "certificate",
        "gateway_app_certificate_path": str(tmp_path / "project" / "key.pem"),
        "gateway_app_stores": [{"type": "command", "argv": ["our-store"]}],
        "awx_job_id": 1,
    }
    actions = ActionRunner(tenant, tmp_path, monkeypatch, {"one": settings})
    found = actions.run(MODULE, profile="mine", profile_file="mine.yml", look_up=True)
    assert found["failed"]
    assert "key.pem" in found["msg"] and "AWX made for this job" in found["msg"]
    assert not (tmp_path / "project" / "key.pem").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"#" * (2**20 + 1), "larger than 1024 kib"),
        (b"$ANSIBLE_VAULT;1.1;AES256\n616263\n", "vault"),
        (b"gateway_app_profile_content: \xff", "utf-8"),
    ],
    ids=["too large", "encrypted by another", "not UTF-8"],
)
def test_an_unreadable_profile_file_is_refused(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, words: str
) -> None:
    (tmp_path / "mine.yml").write_bytes(content)
    actions = ActionRunner(tenant, tmp_path, monkeypatch, {"one": GATEWAY})
    found = actions.run(MODULE, profile="mine", profile_file="mine.yml", look_up=False)
    assert found["failed"]
    assert "The profile mine.yml cannot be read. " in found["msg"] and words in found["msg"].lower()


@pytest.mark.parametrize("variables", [{}, {"gateway_app_hosts": "localhost"}], ids=["not set", "set"])
def test_a_playbook_for_localhost_with_an_inventory_names_the_variable_for_its_hosts(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: Json
) -> None:
    actions = ActionRunner(tenant, tmp_path, monkeypatch, {"localhost": variables, "one": GATEWAY})
    refused = {host: actions.run(MODULE, host=host) for host in ("localhost", "one")}
    named = {host: "gateway_app_hosts=GROUP" in result["error"]["next_step"] for host, result in refused.items()}
    assert named == {"localhost": not variables, "one": False}
    assert tenant.graph_requests == 0
