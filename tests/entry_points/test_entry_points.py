# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each playbook of the collection as a user starts it: the state of the tenant and of the store, and the writes."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.device_code import AZURE_CLI
from ansible_collections.email_gateway.azure_apps.tests.playbooks.device_code_user import (
    WITHOUT_SIGN_IN,
    DeviceCodeUser,
)
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.playbooks.report_gateways import provision
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

PREFIX = "email_gateway.azure_apps"
PROFILE = "outbound_microsoft365"
PERMISSIONS = ["Group.Read.All", "GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All"]
NAME = "gateway-vienna"
GATEWAY = ("-e", f"gateway_app_profile={PROFILE}", "-e", f"gateway_app_unique_name={NAME}")


def ansible_playbook(user: Playbooks, name: str, *arguments: str, environ: t.Any = None) -> Run:
    return user.command("ansible-playbook", f"{PREFIX}.{name}", *arguments, environ=environ)


def registered(user: Playbooks) -> Json:
    """The content of the store of an application with everything that it needs."""
    provision(user, {"vienna": {"gateway_app_profile": PROFILE}})
    return user.stored(NAME)


def granted(user: Playbooks) -> list[str]:
    """The names of the permissions granted to the application."""
    directory = user.server.tenant.directory
    (principal,) = user.tenant.service_principals(user.tenant.application(uniqueName=NAME)["appId"])
    roles = {role["id"]: role["value"] for p in directory.service_principals.values() for role in p["appRoles"]}
    return sorted(
        roles[assignment["appRoleId"]]
        for assignment in directory.assignments.values()
        if assignment["principalId"] == principal["id"]
    )


def key_ids(user: Playbooks) -> list[str]:
    return [c["keyId"] for c in user.tenant.application(uniqueName=NAME)["passwordCredentials"]]


def writes(run: Run) -> list[str]:
    """Changes of the tenant, without the ids of their objects."""
    ids = re.compile(r"^/v1\.0/|\(.*?\)|/[0-9a-f-]{36}")
    return [f"{entry.method} {ids.sub('', entry.path)}" for entry in run.writes]


def test_register_predicts_creates_and_then_changes_nothing(user: Playbooks) -> None:
    """Register a new application: predicted, created, and unchanged in the next run."""
    announced = ansible_playbook(user, "register", *GATEWAY, "--check", "--diff").ok()
    assert announced.writes == []
    assert user.tenant.applications == []
    assert not user.store_of(NAME).exists()
    assert "changed=0 " not in announced.output

    run = ansible_playbook(user, "register", *GATEWAY).ok()
    assert granted(user) == PERMISSIONS
    stored = user.stored(NAME)
    application = user.tenant.application(uniqueName=NAME)
    assert (stored["client_id"], [stored["key_id"]]) == (application["appId"], key_ids(user))
    assert writes(run) == [
        "PATCH applications",
        "PATCH servicePrincipals",
        "PATCH applications",
        *["POST servicePrincipals/appRoleAssignedTo"] * len(PERMISSIONS),
        "POST applications/addPassword",
    ]

    again = ansible_playbook(user, "register", *GATEWAY).ok()
    assert again.writes == []
    assert "changed=0 " in again.output
    assert user.stored(NAME) == stored


def test_rotate_replaces_the_secret(user: Playbooks) -> None:
    old = registered(user)
    run = ansible_playbook(user, "rotate", *GATEWAY, "-e", "gateway_app_rotate_now=true").ok()
    new = user.stored(NAME)
    assert sorted(key_ids(user)) == sorted([old["key_id"], new["key_id"]]), "both are good until the overlap is over"
    assert new["previous_key_ids"] == [old["key_id"]]
    assert new["client_secret"] != old["client_secret"]
    assert writes(run) == ["POST applications/addPassword"]


def test_consent_grants_the_declared_permissions(user: Playbooks) -> None:
    """With an identity that can only consent, for the permissions that another job declared."""
    permissions = [{"resource": "microsoft_graph", "application": PERMISSIONS}]
    user.tenant.register(NAME)
    user.tenant.ok("azure_app_graph_permissions", unique_name=NAME, permissions=permissions)
    client_id, secret = user.server.add_operator(["AppRoleAssignment.ReadWrite.All", "Application.Read.All"])
    user.tenant.also_operates(client_id)
    consenter = {"AZURE_CLIENT_ID": client_id, "AZURE_SECRET": secret}
    run = ansible_playbook(user, "consent", *GATEWAY, environ=consenter).ok()
    assert granted(user) == PERMISSIONS
    assert writes(run) == ["POST servicePrincipals/appRoleAssignedTo"] * len(PERMISSIONS)
    assert {entry.client_id for entry in run.writes} == {client_id}
    assert not user.store_of(NAME).exists()


def test_mailboxes_assigns_the_roles_in_exchange(user: Playbooks) -> None:
    """With an identity that can only assign roles, for an application that another job registered."""
    user.tenant.register(NAME)
    rights = ["RoleManagement.ReadWrite.Exchange", "Application.Read.All", "GroupMember.Read.All"]
    client_id, secret = user.server.add_operator(rights)
    user.tenant.also_operates(client_id)
    limited = json.dumps({"gateway_app_mailboxes": {"group": "Gateway Mailboxes"}})
    assigner = {"AZURE_CLIENT_ID": client_id, "AZURE_SECRET": secret}
    run = ansible_playbook(user, "mailboxes", *GATEWAY, "-e", limited, environ=assigner).ok()
    assert [entry.role for entry in user.server.tenant.directory.exchange.shown] == ["Application Mail.ReadWrite"]
    assert [(entry.path, entry.client_id) for entry in run.writes] == [
        ("/beta/roleManagement/exchange/roleAssignments", client_id)
    ]


def test_verify_shows_the_checks(user: Playbooks) -> None:
    stored = registered(user)
    mailbox = ("-e", f"gateway_app_verify_mailbox={user.tenant.mailbox('megan')}")
    run = ansible_playbook(user, "verify", *GATEWAY, *mailbox).ok()
    assert run.writes == []
    assert "changed=0 " in run.output
    looked_at = [entry for entry in run.requests if "/users/" in entry.path]
    assert looked_at
    assert {entry.client_id for entry in looked_at} == {stored["client_id"]}, "as the gateway itself"


def test_check_access_shows_the_rights(user: Playbooks) -> None:
    client_id, secret = user.server.add_operator(["Application.Read.All"])
    user.tenant.also_operates(client_id)
    run = ansible_playbook(
        user, "check_access", *GATEWAY, environ={"AZURE_CLIENT_ID": client_id, "AZURE_SECRET": secret}
    ).failed("NO: register the application", "Application.ReadWrite.OwnedBy")
    assert run.writes == []
    assert user.tenant.applications == []


def test_report_writes_the_page(user: Playbooks) -> None:
    registered(user)
    found = user.folder / "report.json"
    where = ("-i", "inventory.yml", "-e", "gateway_app_hosts=mail_gateways")
    run = ansible_playbook(user, "report", *where, "-e", f"gateway_app_report_json_path={found}").ok()
    assert run.writes == []
    (application,) = json.loads(found.read_text())["applications"]
    assert (application["unique_name"], application["status"]) == (NAME, "ok")
    assert [(gateway["host"], gateway["in_store"]) for gateway in application["gateways"]] == [("vienna", "yes")]


def test_retire_removes_the_application(user: Playbooks) -> None:
    stored = registered(user)
    run = ansible_playbook(user, "retire", *GATEWAY, "-e", f"gateway_app_retire_confirmed={NAME}").ok()
    assert user.tenant.applications == []
    assert user.tenant.service_principals(stored["client_id"]) == []
    assert not user.store_of(NAME).exists()
    assert writes(run)[-1].startswith("DELETE ")


def test_bootstrap_creates_the_operator_after_a_login(user: Playbooks) -> None:
    """A person signs in and creates the operator for all later runs."""
    person = DeviceCodeUser(user)
    names = (f"{PREFIX}.login", f"{PREFIX}.bootstrap")
    run = user.command("ansible-playbook", *names, environ=WITHOUT_SIGN_IN, started=person.signs_in).ok()
    assert {entry.client_id for entry in run.writes} == {AZURE_CLI}
    stored = user.stored("mail-gateway-operator")
    user.tenant.environ |= {"AZURE_CLIENT_ID": stored["client_id"], "AZURE_SECRET": stored["client_secret"]}
    access = user.tenant.ok("azure_operator_access_info", steps=["register", "client_secret", "consent_application"])
    assert access["sufficient"] is True
