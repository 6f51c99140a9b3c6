# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role for an application that is limited to some mailboxes: the resulting state of Entra ID and Exchange."""

from __future__ import annotations

import datetime
import json
import re
import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication

ASSIGNING = ("RoleManagement.ReadWrite.Exchange", "Application.Read.All", "GroupMember.Read.All")
GROUP = {"group": "Gateway Mailboxes"}
DIRECTORY = ["Group.Read.All", "GroupMember.Read.All", "User.Read.All"]  # of the profile, and not of Exchange
READ_WRITE = "Application Mail.ReadWrite"


class WithExchange:
    """A user's folder in which another identity than the operator can change roles in Exchange."""

    def __init__(self, playbooks: Playbooks) -> None:
        self.playbooks = playbooks
        self.client_id, secret = playbooks.server.add_operator(list(ASSIGNING))
        playbooks.tenant.also_operates(self.client_id)
        # In a file, since the play itself is searched for secrets.
        self.file = playbooks.folder / "exchange.yml"
        variable = {"AZURE_CLIENT_ID": self.client_id, "AZURE_SECRET": secret}
        self.file.write_text(yaml.safe_dump({"gateway_app_mailbox_environment": variable}))
        playbooks.own.add(self.file)

    def run(self, *arguments: str, entry: str = "main", **variables: t.Any) -> Run:
        return self.playbooks.register("-e", f"@{self.file}", *arguments, entry=entry, **variables)

    @property
    def role_assignments(self) -> list[tuple[str, str | None]]:
        entries = self.playbooks.server.tenant.directory.exchange.shown
        return sorted((entry.role, entry.directory_scope) for entry in entries)

    @property
    def group(self) -> str:
        groups = self.playbooks.server.tenant.directory.groups.values()
        (found,) = [group["id"] for group in groups if group["displayName"] == GROUP["group"]]
        return f"/Groups/{found}"


@pytest.fixture
def exchange(playbooks: Playbooks) -> WithExchange:
    return WithExchange(playbooks)


def test_the_permission_is_assigned_in_exchange_and_not_granted_in_entra_id(exchange: WithExchange) -> None:
    wanted: dict[str, t.Any] = {"gateway_app_profile": "outbound_microsoft365", "gateway_app_mailboxes": GROUP}
    run = exchange.run(**wanted).ok()
    application = TenantApplication(exchange.playbooks.tenant)
    assert (application.declared(), application.granted()) == (DIRECTORY, DIRECTORY)
    assert exchange.role_assignments == [(READ_WRITE, exchange.group)]
    by_other = [entry.path for entry in run.writes if entry.client_id == exchange.client_id]
    assert by_other == ["/beta/roleManagement/exchange/roleAssignments"], "and nothing else"
    assert run.results["gateway_app_result"]["proven"] is True
    again = exchange.run(**wanted).ok()
    assert (again.writes, again.results["gateway_app_result"]["changed"]) == ([], False)


def test_an_earlier_grant_is_revoked_after_the_role_was_assigned(exchange: WithExchange) -> None:
    exchange.playbooks.register().ok()
    application = TenantApplication(exchange.playbooks.tenant)
    assert "Mail.ReadWrite" in application.granted()
    run = exchange.run(gateway_app_mailboxes=GROUP).ok()
    assert "for all mailboxes: the scope has no effect" in " ".join(run.output.split())
    assert "Mail.ReadWrite" in application.granted(), "nothing is revoked without a request"
    exchange.playbooks.server.tenant.directory.exchange.assignments.clear()
    run = exchange.run(gateway_app_mailboxes=GROUP, gateway_app_exact_permissions=True).ok()
    assert (application.declared(), application.granted()) == (DIRECTORY, DIRECTORY)
    paths = [entry.path for entry in run.writes]
    assigned = next(place for place, path in enumerate(paths) if path.endswith("/exchange/roleAssignments"))
    revoked = next(place for place, path in enumerate(paths) if "/appRoleAssign" in path)
    assert assigned < revoked, "Exchange first"


@pytest.mark.parametrize("method", ["graph", "commands", "none"])
def test_an_earlier_declared_permission_is_not_granted_for_all_mailboxes(exchange: WithExchange, method: str) -> None:
    """It was declared but not granted, perhaps because it opens all mailboxes."""
    exchange.playbooks.register(gateway_app_consent="none").ok()
    application = TenantApplication(exchange.playbooks.tenant)
    assert ("Mail.ReadWrite" in application.declared(), application.granted()) == (True, [])
    refused = exchange.run(gateway_app_mailboxes=GROUP, gateway_app_mailbox_method=method)
    refused.failed("Mail.ReadWrite is declared and not granted in Entra ID", "gateway_app_exact_permissions: true")
    assert (refused.writes, application.granted()) == ([], [])
    exchange.run(gateway_app_mailboxes=GROUP, gateway_app_exact_permissions=True).ok()
    assert (application.declared(), application.granted()) == (DIRECTORY, DIRECTORY)


def test_a_deleted_service_principal_is_created_again(exchange: WithExchange) -> None:
    exchange.run(gateway_app_mailboxes=GROUP).ok()
    application = TenantApplication(exchange.playbooks.tenant)
    exchange.playbooks.server.tenant.directory.service_principals.pop(str(application.principal["id"]))
    exchange.playbooks.server.tenant.directory.exchange.assignments.clear()
    exchange.run("--check", gateway_app_mailboxes=GROUP)
    exchange.run(gateway_app_mailboxes=GROUP).ok()
    assert exchange.role_assignments == [(READ_WRITE, exchange.group)]


def test_a_profile_without_permissions_gets_its_role_for_smtp(exchange: WithExchange) -> None:
    exchange.run(gateway_app_profile="outbound_smtp_rbac", gateway_app_mailboxes=GROUP).ok()
    assert exchange.role_assignments == [("Application SMTP.SendAsApp", exchange.group)]


BAD: dict[str, tuple[dict[str, t.Any], str]] = {
    "an unknown group": ({"gateway_app_mailboxes": {"group": "Gateway Mailbox"}}, "Did you mean 'Gateway Mailboxes'?"),
    "a group without mail": ({"gateway_app_mailboxes": {"group": "Accounting"}}, "not a mail-enabled security group"),
    "two scopes": (
        {"gateway_app_mailboxes": {**GROUP, "tenant": True}},
        "Set exactly one of group, administrative_unit, users, recipient_filter, tenant in it",
    ),
    "a misspelt scope": ({"gateway_app_mailboxes": {"groups": "x"}}, "It has groups; use one of group,"),
    "no mailboxes": ({"gateway_app_mailboxes": {"users": []}}, "users is a list of addresses or object ids"),
    "a profile without mail": (
        {"gateway_app_mailboxes": GROUP, "gateway_app_profile": "seppmail_cloud"},
        "has no permission that Exchange can limit",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_invalid_settings_are_refused_before_anything_is_written(exchange: WithExchange, name: str) -> None:
    variables, words = BAD[name]
    run = exchange.run(**variables)
    run.failed(words)
    assert run.writes == []
    assert exchange.playbooks.tenant.applications == []


def test_an_identity_without_the_right_is_refused_before_anything_is_written(playbooks: Playbooks) -> None:
    run = playbooks.register(gateway_app_mailboxes=GROUP)
    run.failed("RoleManagement.Read.Exchange")
    assert run.writes == []


def test_commands_for_an_exchange_administrator_are_written(playbooks: Playbooks) -> None:
    file = playbooks.folder / "exchange.ps1"
    playbooks.register(
        gateway_app_mailboxes=GROUP, gateway_app_mailbox_method="commands", gateway_app_mailbox_commands_file=str(file)
    ).ok()
    application = TenantApplication(playbooks.tenant)
    lines = file.read_text().splitlines()
    assert lines[0].startswith(f"New-ServicePrincipal -AppId '{application.client_id}'")
    assert lines[-1].endswith(f"-CustomResourceScope 'azure_apps {application.client_id}'")
    assert application.granted() == DIRECTORY


def test_verify_distinguishes_pending_from_refused(exchange: WithExchange) -> None:
    """By the time since the assignment, which the user sets."""
    exchange.playbooks.server.tenant.settings.update({"exchange_delay": 3600})
    exchange.run(gateway_app_mailboxes=GROUP).ok()
    tenant = exchange.playbooks.tenant
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    verify: dict[str, t.Any] = {
        "gateway_app_mailboxes": GROUP,
        "gateway_app_verify_mailbox": tenant.mailbox("alex"),
        "gateway_app_verify_forbidden_mailbox": tenant.mailbox("megan"),
    }
    run = exchange.run(entry="verify", **verify, gateway_app_mailboxes_assigned_at=now.isoformat()).ok()
    assert "not yet     mailbox" in run.output
    assert "ok          forbidden mailbox" in run.output
    long_ago = (now - datetime.timedelta(minutes=121)).isoformat()
    exchange.run(entry="verify", **verify, gateway_app_mailboxes_assigned_at=long_ago).failed("FAILED for")
    exchange.playbooks.server.clock.advance(3601)
    run = exchange.run(entry="verify", **verify).ok()
    assert "all 5 checks passed" in run.output


def test_check_access_names_the_missing_rights_of_the_third_identity(
    exchange: WithExchange, playbooks: Playbooks
) -> None:
    exchange.run(entry="check_access", gateway_app_mailboxes=GROUP).ok()
    run = playbooks.register(entry="check_access", gateway_app_mailboxes=GROUP)
    run.failed("Not enough rights to assign roles of Exchange to the application for a group (Graph beta)")
    assert run.writes == []


LATER: dict[str, t.Any] = {
    "gateway_app_mailboxes": GROUP,
    "gateway_app_mailbox_method": "none",
    "gateway_app_consent": "none",
    "gateway_app_exact_permissions": True,
}


def test_roles_can_be_assigned_later_by_a_separate_identity(exchange: WithExchange) -> None:
    """The operator has no right in Exchange. Grants for all mailboxes are revoked once the roles are assigned."""
    playbooks = exchange.playbooks
    playbooks.register().ok()
    application = TenantApplication(playbooks.tenant)
    playbooks.register(**LATER).ok()
    assert (exchange.role_assignments, application.declared(), "Mail.ReadWrite" in application.granted()) == (
        [],
        DIRECTORY,
        True,
    )
    predicted = exchange.run("--check", entry="mailboxes", **LATER).ok()
    assert (predicted.writes, predicted.results["gateway_app_result"]["changed"]) == ([], True)
    run = exchange.run(entry="mailboxes", **LATER).ok()
    assert exchange.role_assignments == [(READ_WRITE, exchange.group)]
    assert {(entry.path, entry.client_id) for entry in run.writes} == {
        ("/beta/roleManagement/exchange/roleAssignments", exchange.client_id)
    }
    result = run.results["gateway_app_result"]
    assert (result["mailbox_method"], result["granted_for_all_mailboxes"]) == ("graph", ["Mail.ReadWrite"])
    assert [entry["role"] for entry in result["assignments"]] == [READ_WRITE]
    again = exchange.run(entry="mailboxes", **LATER).ok()
    assert (again.writes, again.results["gateway_app_result"]["mailboxes_assigned_at"]) == ([], None)
    playbooks.register(entry="consent", **LATER).ok()
    assert application.granted() == DIRECTORY


def test_roles_are_only_assigned_to_the_expected_application(exchange: WithExchange) -> None:
    exchange.playbooks.register(**LATER).ok()
    other = {"gateway": {"client_id": "b2466de6-5867-4b23-83ff-449c85f44ba1"}}
    run = exchange.run(entry="mailboxes", **LATER, gateway_app_expected_applications=other)
    run.failed("gateway_app_expected_applications lists the one with the client id", "Find out who replaced it")
    assert (run.writes, exchange.role_assignments) == ([], [])
    exchange.run(entry="mailboxes", gateway_app_unique_name="elsewhere", **LATER).failed("is not registered")
    client_id = TenantApplication(exchange.playbooks.tenant).client_id
    expected = {"gateway": {"client_id": client_id}}
    exchange.run(entry="mailboxes", **LATER, gateway_app_expected_applications=expected).ok()
    assert exchange.role_assignments == [(READ_WRITE, exchange.group)]


def _playbook(exchange: WithExchange, name: str, **variables: t.Any) -> Run:
    given = {"gateway_app_profile": "outbound_microsoft365", "gateway_app_unique_name": "gateway", **variables}
    variables_of_run = ("-e", f"@{exchange.file}", "-e", json.dumps(given))
    return exchange.playbooks.command(
        *("ansible-playbook", f"email_gateway.azure_apps.{name}", *variables_of_run),
        environ={"ANSIBLE_SHOW_CUSTOM_STATS": "True"},
    )


def test_the_playbook_passes_on_the_time_of_the_assignment(exchange: WithExchange) -> None:
    """As in AWX: values from set_stats are variables of the later jobs of a workflow."""
    server, tenant = exchange.playbooks.server.tenant, exchange.playbooks.tenant
    server.settings.update({"exchange_delay": 3600})
    exchange.playbooks.register(gateway_app_mailboxes=GROUP, gateway_app_mailbox_method="none").ok()
    limited = _playbook(exchange, "mailboxes", gateway_app_mailboxes=GROUP).ok()
    assert f"Assigned:       {READ_WRITE} for gatewaymailboxes@contoso.onmicrosoft.com" in limited.output
    handed_over = re.search(r"^\s*RUN: (\{.*\})", limited.output, re.MULTILINE)
    assert handed_over, limited.output
    variables = json.loads(handed_over[1])
    client_id = TenantApplication(tenant).client_id.replace("-", "_")
    assert set(variables) == {
        f"gateway_app_{what}_{client_id}" for what in ("expected_application", "mailboxes_assigned_at")
    }
    verify = {"gateway_app_mailboxes": GROUP, "gateway_app_verify_mailbox": tenant.mailbox("alex")}
    assert "not yet     mailbox" in _playbook(exchange, "verify", **verify, **variables).ok().output
    _playbook(exchange, "verify", **verify).failed("FAILED for")
    # A gateway that is not limited is not changed.
    run = _playbook(exchange, "mailboxes").ok()
    assert "gateway_app_mailboxes is not set" in run.output
    assert run.writes == []


def test_check_access_checks_the_right_of_the_playbook_that_assigns(playbooks: Playbooks) -> None:
    """Not of register, if another playbook assigns the roles."""
    given: dict[str, t.Any] = {"gateway_app_mailboxes": GROUP, "gateway_app_mailbox_method": "none"}
    playbooks.register(entry="check_access", **given).ok()
    run = playbooks.register(entry="check_access", gateway_app_check_access_for=["mailboxes"], **given)
    run.failed("Not enough rights to assign roles of Exchange to the application for a group (Graph beta)")
