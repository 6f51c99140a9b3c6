# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Register and consent as two jobs of a workflow, and the values that the first passes to the second."""

from __future__ import annotations

import json
import re
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json
from graph_emulator.journal import Entry

COLLECTION = "email_gateway.azure_apps"
GATEWAY = {"gateway_app_profile": "outbound_smtp", "gateway_app_unique_name": "gateway", "gateway_app_wait_timeout": 20}


class Workflow:
    """Two jobs, each with the environment of its own identity. Only the first one has the password of the store."""

    def __init__(self, playbooks: Playbooks) -> None:
        self.playbooks = playbooks
        self.registering = self._identity("Application.ReadWrite.OwnedBy", "Application.Read.All")
        self.consenting = self._identity("AppRoleAssignment.ReadWrite.All", "Application.Read.All")
        self.consenting["ANSIBLE_VAULT_PASSWORD_FILE"] = None

    def _identity(self, *rights: str) -> dict[str, t.Any]:
        client_id, secret = self.playbooks.server.add_operator(list(rights))
        self.playbooks.tenant.also_operates(client_id)
        return {"AZURE_CLIENT_ID": client_id, "AZURE_SECRET": secret, "ANSIBLE_SHOW_CUSTOM_STATS": "True"}

    def job(self, playbook: str, *arguments: str, **variables: t.Any) -> Run:
        environ = self.consenting if playbook == "consent" else self.registering
        given = json.dumps({**GATEWAY, **variables})
        return self.playbooks.command(
            "ansible-playbook", f"{COLLECTION}.{playbook}", "-e", given, *arguments, environ=environ
        )

    def artifacts(self, run: Run) -> Json:
        """The artifacts of the job, in the form in which AWX passes them to the next one."""
        found = re.search(r"^\s*RUN: (\{.*\})", run.output, re.MULTILINE)
        assert found, run.output
        artifacts: Json = json.loads(found[1])
        made = {a["appId"] for a in self.playbooks.tenant.applications}
        assert set(artifacts) == {
            f"gateway_app_expected_application_{client_id.replace('-', '_')}" for client_id in made
        }
        return artifacts

    def granted(self, application: Json) -> list[str]:
        server = self.playbooks.server.tenant
        (principal,) = self.playbooks.tenant.service_principals(application["appId"])
        assigned = [a for a in server.directory.assignments.values() if a["principalId"] == principal["id"]]
        return [a["resourceDisplayName"] for a in assigned]


@pytest.fixture
def workflow(playbooks: Playbooks) -> Workflow:
    return Workflow(playbooks)


def _kinds(writes: list[Entry]) -> list[tuple[str, str | None]]:
    return [(entry.path.rsplit("/", maxsplit=1)[-1], entry.client_id) for entry in writes]


def test_the_second_job_consents_to_the_application_of_the_first(workflow: Workflow) -> None:
    first = workflow.job("register", gateway_app_consent="none").ok()
    application = workflow.playbooks.tenant.application(uniqueName="gateway")
    assert workflow.granted(application) == []
    artifacts = workflow.artifacts(first)
    (principal,) = workflow.playbooks.tenant.service_principals(application["appId"])
    assert list(artifacts.values()) == [
        {
            "gateway": {
                "tenant_id": workflow.playbooks.server.tenant_id,
                "client_id": application["appId"],
                "object_id": application["id"],
                "service_principal_object_id": principal["id"],
            }
        }
    ]

    predicted = workflow.job("consent", "--check", "--diff", **artifacts).ok()
    assert predicted.writes == []
    assert "+" in predicted.output and "microsoft_graph: Mail.ReadWrite (application)" in predicted.output
    assert workflow.artifacts(predicted) == artifacts, "these ids are not predicted"

    # As text, which they may become on the way.
    second = workflow.job("consent", **{name: json.dumps(ids) for name, ids in artifacts.items()}).ok()
    assert _kinds(second.writes) == [("appRoleAssignedTo", workflow.consenting["AZURE_CLIENT_ID"])]
    assert workflow.granted(application) == ["Microsoft Graph"]
    assert workflow.artifacts(second) == artifacts

    again = workflow.job("consent").ok()
    assert (again.writes, "changed=0 " in again.output) == ([], True)


def test_consent_to_anything_else_is_refused(workflow: Workflow) -> None:
    """Such as permissions that were added by hand, another application of the same name, or a missing one."""
    tenant = workflow.playbooks.tenant
    workflow.job("consent").failed("is not registered", "email_gateway.azure_apps.register")
    old = tenant.register(display_name="Gateway")["client_id"]
    tenant.ok(
        "azure_app_graph_permissions", unique_name="gateway", application_permissions=["Mail.ReadWrite", "Mail.Send"]
    )
    run = workflow.job("consent").failed(
        "Nothing was granted", "it declares, unexpectedly, microsoft_graph: Mail.Send (application)"
    )
    assert run.writes == []

    tenant.ok("azure_app_registration", display_name="Gateway", unique_name="gateway", state="absent", purge=True)
    new = tenant.register(display_name="Gateway")["client_id"]
    tenant.ok("azure_app_graph_permissions", unique_name="gateway", application_permissions=["Mail.ReadWrite"])
    artifacts = {"gateway_app_expected_applications": {"gateway": {"client_id": old}}}
    for playbook in ("consent", "verify"):
        run = workflow.job(playbook, **artifacts)
        run.failed(
            f"is now the application with the client id {new}",
            f"gateway_app_expected_applications lists the one with the client id {old}",
        )
        assert run.writes == []
    # In the form in which a job passes it on.
    artifacts = {f"gateway_app_expected_application_{old.replace('-', '_')}": {"gateway": {"client_id": old}}}
    refused = workflow.job("consent", **artifacts).failed(f"lists the one with the client id {old}")
    assert (refused.writes, "not variables of this collection" in refused.output.lower()) == ([], False)
    run = workflow.job("consent", gateway_app_expected_applications={"other": {"client_id": new}}).failed(
        "gateway_app_expected_applications does not list it"
    )
    assert run.writes == []


def test_a_fleet_passes_on_all_applications(workflow: Workflow) -> None:
    hosts = ["gateway1", "gateway2"]
    inventory = workflow.playbooks.folder / "hosts.ini"
    inventory.write_text("".join(f"{host}\n" for host in hosts))
    fleet = {
        "gateway_app_hosts": "all",
        "gateway_app_unique_name": "{{ inventory_hostname }}",
        "gateway_app_verify_token": False,
        "gateway_app_consent": "none",
    }
    artifacts = workflow.artifacts(workflow.job("register", "-i", str(inventory), **fleet).ok())
    made = {a["uniqueName"]: a["appId"] for a in workflow.playbooks.tenant.applications}
    assert {name: ids["client_id"] for entry in artifacts.values() for name, ids in entry.items()} == made
    assert sorted(made) == hosts
    run = workflow.job("consent", "-i", str(inventory), **fleet, **artifacts).ok()
    assert len(run.writes) == 2
    assert workflow.artifacts(run) == artifacts
