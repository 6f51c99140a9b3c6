# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One identity registers, another one consents; neither can do the other's part."""

from __future__ import annotations

import typing as t

import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.loud_plays import play_tasks, role_task, wrote_all
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run

REGISTERING = ("Application.ReadWrite.OwnedBy", "Application.Read.All")
CONSENTING = ("AppRoleAssignment.ReadWrite.All", "Application.Read.All")
WITHDRAWING = ("AppRoleAssignment.ReadWrite.All", "Directory.Read.All")


class TwoIdentities:
    """A user's folder in which one identity signs in by the environment, and another one by the role's variable."""

    def __init__(self, playbooks: Playbooks, *consenting: str) -> None:
        self.playbooks = playbooks
        self.operator, secret = playbooks.server.add_operator(list(REGISTERING))
        self.consenter, consenter_secret = playbooks.server.add_operator(list(consenting))
        for client_id in (self.operator, self.consenter):
            playbooks.tenant.also_operates(client_id)
        self.environ = {"AZURE_CLIENT_ID": self.operator, "AZURE_SECRET": secret}
        # In a file, since the play itself is searched for secrets.
        self.file = playbooks.folder / "consenter.yml"
        variable = {"AZURE_CLIENT_ID": self.consenter, "AZURE_SECRET": consenter_secret}
        self.file.write_text(yaml.safe_dump({"gateway_app_consent_environment": variable}))
        playbooks.own.add(self.file)

    def run(self, entry: str, *arguments: str, **variables: t.Any) -> Run:
        given = ("-e", f"@{self.file}", *arguments)
        return self.playbooks.register(*given, entry=entry, environ=self.environ, **variables)


def _consenting(run: Run) -> list[str | None]:
    """The identity that sent each write about consent."""
    return [entry.client_id for entry in run.writes if "/appRoleAssign" in entry.path]


def test_the_operator_alone_cannot_consent(playbooks: Playbooks) -> None:
    two = TwoIdentities(playbooks, *CONSENTING)
    run = playbooks.register(environ=two.environ)
    run.failed("Could not grant", "AppRoleAssignment.ReadWrite.All together with Application.Read.All")
    assert [entry.status for entry in run.writes if "appRole" in entry.path] == [403]


def test_each_identity_only_does_its_own_part(playbooks: Playbooks) -> None:
    two = TwoIdentities(playbooks, *WITHDRAWING)
    run = two.run("main").ok()
    assert run.results["gateway_app_result"]["proven"] is True
    assert all(entry.status < 300 for entry in run.writes)
    assert _consenting(run) == [two.consenter] * 4
    assert {entry.client_id for entry in run.writes if entry.client_id != two.consenter} == {two.operator}
    tokens = [entry.body["client_id"] for entry in run.requests if entry.path.endswith("/oauth2/v2.0/token")]
    assert tokens.count(two.consenter) == tokens.count(two.operator) == 1, "each signs in once in each run"

    run = two.run("retire", gateway_app_retire_confirmed="gateway").ok()
    assert playbooks.tenant.applications == []
    assert _consenting(run) == [two.consenter] * 4
    assert len([entry for entry in run.writes if entry.client_id == two.consenter]) == 4, "and nothing else"


def test_the_secret_of_the_second_identity_is_not_shown(loud: Playbooks) -> None:
    two = TwoIdentities(loud, *CONSENTING)
    play_tasks(loud, [role_task(loud)], "-e", f"@{two.file}", environ=two.environ).ok()
    secret = yaml.safe_load(two.file.read_text())["gateway_app_consent_environment"]["AZURE_SECRET"]
    assert {secret, two.environ["AZURE_SECRET"]} <= loud.issued.secrets
    wrote_all(loud)
