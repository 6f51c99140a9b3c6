# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""check_access reports the rights of the identities in advance, for the settings of the run and for both identities."""

from __future__ import annotations

import json
import typing as t

import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks

ROLE = "email_gateway.azure_apps.gateway_app"


def _identity(playbooks: Playbooks, *rights: str) -> dict[str, str]:
    client_id, secret = playbooks.server.add_operator(list(rights))
    playbooks.tenant.also_operates(client_id)
    return {"AZURE_CLIENT_ID": client_id, "AZURE_SECRET": secret}


def test_all_missing_rights_are_reported_before_the_run_fails(playbooks: Playbooks) -> None:
    """Several settings in one run: each report covers the steps of its settings."""
    operator = _identity(playbooks, "Application.ReadWrite.OwnedBy", "Application.Read.All")
    consenter = _identity(playbooks, "AppRoleAssignment.ReadWrite.All", "Application.Read.All")
    both = {"gateway_app_consent_environment": consenter}
    cases: dict[str, dict[str, t.Any]] = {
        "alone": {},
        "both": both,
        "sendas": {**both, "gateway_app_profile": "outbound_smtp_sendas"},
        "none": {"gateway_app_consent": "none"},
        "retire": {**both, "gateway_app_check_access_for": ["retire"]},
        "vault": {
            "gateway_app_consent": "none",
            "gateway_app_stores": [{"type": "azure_key_vault", "vault_url": "https://v.vault.azure.net", "name": "g"}],
        },
        "user_read": {**both, "gateway_app_add_user_read": True},
        "consenter": {**both, "gateway_app_check_access_for": ["consent"]},
    }
    extra = playbooks.folder / "cases.yml"
    extra.write_text(yaml.safe_dump({"cases": cases}))
    playbooks.own.add(extra)
    tasks: list[t.Any] = []
    for name, case in cases.items():
        given = {"gateway_app_profile": "outbound_smtp", "gateway_app_unique_name": "gateway"}
        given |= {variable: f"{{{{ cases.{name}.{variable} }}}}" for variable in case}
        include = {"name": ROLE, "tasks_from": "check_access"}
        tasks.append(
            {
                "block": [
                    {"ansible.builtin.include_role": include, "vars": given},
                    {"ansible.builtin.set_fact": {f"message_{name}": "nothing"}},
                ],
                "rescue": [{"ansible.builtin.set_fact": {f"message_{name}": "{{ ansible_failed_result.msg }}"}}],
            }
        )
        tasks.append({"ansible.builtin.set_fact": {f"verdicts_{name}": "{{ gateway_app_access.steps }}"}})
    shown = [f"{what}_{name}" for name in cases for what in ("message", "verdicts")]
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    run = playbooks.run([play], "-e", f"@{extra}", show=shown, environ=operator).ok()
    assert run.writes == []

    def verdicts(name: str) -> dict[str, bool | None]:
        return {verdict["step"]: verdict["possible"] for verdict in run.results[f"verdicts_{name}"]}

    messages = {name: run.results[f"message_{name}"] for name in cases}
    registering = {"register": True, "declare_permissions": True, "client_secret": True}
    assert verdicts("alone") == {**registering, "look_up": True, "consent_application": False}
    assert (
        "Not enough" in messages["alone"]
        and "consent to application permissions of Microsoft Graph" in messages["alone"]
    )
    assert "; also needs the application permission AppRoleAssignment.ReadWrite.All" in run.output
    assert verdicts("both") == {**registering, "look_up": True, "consent_application": True}
    assert messages["both"] == messages["none"] == messages["sendas"] == messages["consenter"] == "nothing"
    assert "consent_application_elsewhere" in verdicts("sendas") and "consent_application" not in verdicts("sendas")
    assert verdicts("none") == {**registering, "look_up": True}
    assert verdicts("retire") == {"retire": True, "withdraw_consent": False}
    assert messages["vault"] == "nothing" and not verdicts("vault")["key_vault"]
    assert verdicts("user_read")["consent_delegated"] is False
    assert verdicts("consenter") == {"consent_application": True}


def test_check_mode_reports_the_same_as_a_run(playbooks: Playbooks) -> None:
    environ = _identity(playbooks, "Application.Read.All")
    command = ("ansible-playbook", "email_gateway.azure_apps.check_access", "-e", "gateway_app_profile=outbound_smtp")
    for arguments in ((), ("--check",)):
        run = playbooks.command(*command, *arguments, environ=environ)
        run.failed("NO: register the application", "Application.ReadWrite.OwnedBy", "Privileged Identity Management")
        assert run.writes == []


def test_a_refusal_names_all_rights_that_the_run_lacks(playbooks: Playbooks) -> None:
    """All rights in one message, the same as the ones that check_access lists."""
    registrar = _identity(playbooks, "Application.Read.All")
    everything = (
        "the application permission Application.ReadWrite.OwnedBy (to register the application and its service"
        " principal; to declare permissions; to create, renew and remove client secrets)",
        "the application permission AppRoleAssignment.ReadWrite.All (to consent to application permissions of",
        "Or set gateway_app_consent to none",
    )
    assert playbooks.register(environ=registrar).failed(*everything).writes[1:] == []
    without_rights = playbooks.register(environ=_identity(playbooks))
    without_rights.failed(
        "Could not read the permissions that microsoft_graph offers", "Application.ReadWrite.OwnedBy (to"
    )

    consenter = {**_identity(playbooks, "Application.Read.All"), "AZURE_TENANT": playbooks.server.tenant_id}
    both = playbooks.folder / "both.yml"
    both.write_text(yaml.safe_dump({"gateway_app_consent_environment": consenter}))
    playbooks.own.add(both)
    owner = _identity(playbooks, "Application.ReadWrite.OwnedBy", "Application.Read.All")
    run = playbooks.register("-e", f"@{both}", environ=owner)
    run.failed("lacks the application permission AppRoleAssignment.ReadWrite.All (to consent to application")
    assert "Application.ReadWrite.OwnedBy (to" not in run.output, "the registering identity has its rights"
    run = playbooks.register("-e", f"@{both}", environ=registrar)
    run.failed(everything[1], "Application.ReadWrite.All (to register the application and its service principal")


def test_templates_that_awx_marks_as_unsafe_are_refused_with_an_explanation(playbooks: Playbooks) -> None:
    """In the form in which AWX writes extra variables if its setting ALLOW_JINJA_IN_EXTRA_VARS is never."""
    for name in ("gateway_app_consent_environment", "gateway_app_mailbox_environment"):
        template = "{{ {'GREETING': lookup('ansible.builtin.env', 'MAIL_GATEWAY_GREETING')} }}"
        file = playbooks.folder / f"{name}.yml"
        file.write_text(f"{name}: {json.dumps(template)}\n")
        playbooks.register("-e", f"@{file}", entry="check_access").ok()
        file.write_text(f"{name}: !unsafe {json.dumps(template)}\n")
        run = playbooks.register("-e", f"@{file}", entry="check_access")
        run.failed(f"{name} is a text with braces", "set ALLOW_JINJA_IN_EXTRA_VARS to template")
        assert run.requests == []


def test_outside_of_the_role_a_refusal_names_only_its_own_right(playbooks: Playbooks) -> None:
    options = {"unique_name": "gateway", "display_name": "Gateway"}
    task = {"email_gateway.azure_apps.azure_app_registration": options}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
    run = playbooks.run([play], environ=_identity(playbooks, "Application.Read.All"))
    run.failed("Application.ReadWrite.OwnedBy")
    assert "In all" not in run.output
    assert [entry.path for entry in run.requests if entry.path.endswith("/owners")] == []
