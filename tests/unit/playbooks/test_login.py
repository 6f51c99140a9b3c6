# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person signs in with a code while ansible-playbook waits, and the plays behind it are theirs."""

from __future__ import annotations

import os
import re
import subprocess

import requests

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._device_code import AZURE_CLI
from ansible_collections.email_gateway.azure_apps.tests.unit.playbook_runner import Playbooks

PREFIX = "email_gateway.azure_apps"
CODE = re.compile(r"enter the code ([A-Z0-9]{9}) ")
NOBODY = {"AZURE_TENANT": None, "AZURE_CLIENT_ID": None, "AZURE_SECRET": None}


class Person:
    """Reads what the run shows, and signs in as soon as the code is there."""

    def __init__(self, playbooks: Playbooks) -> None:
        self._playbooks = playbooks
        self.read = ""

    def signs_in(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        while not (found := CODE.search(self.read)):
            more = os.read(process.stdout.fileno(), 65536)
            assert more, f"the run ended without a code: {self.read}"
            self.read += more.decode()
        server = self._playbooks.server
        assert process.poll() is None, "it waits"
        assert not [entry for entry in server.requests() if entry.is_graph], "nobody has signed in yet"
        answer = requests.post(
            f"{server.graph}/_emulator/device",
            json={"user_code": found[1], "user": self._playbooks.tenant.mailbox("adele")},
            verify=str(server.ca_file),
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        self._playbooks.outputs.append(self.read)


def test_a_person_signs_in_and_registers_in_one_run(playbooks: Playbooks) -> None:
    person = Person(playbooks)
    run = playbooks.command(
        "ansible-playbook", f"{PREFIX}.login", f"{PREFIX}.register", "-e", "gateway_app_profile=outbound_smtp",
        environ=NOBODY, started=person.signs_in,
    ).ok()  # fmt: skip
    shown = person.read + run.output
    assert f"{playbooks.tenant.mailbox('adele')} is signed in to the tenant {playbooks.server.tenant_id}" in shown
    (application,) = playbooks.tenant.applications
    assert {entry.client_id for entry in run.writes} == {AZURE_CLI}
    answered = [entry for entry in run.requests if entry.path.endswith("/oauth2/v2.0/token")]
    assert [entry.status for entry in answered if entry.client_id == AZURE_CLI] == [200]
    assert {entry.client_id for entry in answered} <= {None, AZURE_CLI, application["appId"]}


def test_a_login_by_import_playbook_in_check_mode_and_as_loud_as_can_be(loud: Playbooks) -> None:
    loud.tenant.whoever_is_asked_signs_in()
    info = {f"{PREFIX}.azure_app_registration_info": {"unique_name": "nobody"}}
    plays = [
        {"import_playbook": f"{PREFIX}.login"},
        {"hosts": "localhost", "gather_facts": False, "tasks": [info]},
        {"import_playbook": f"{PREFIX}.login"},
    ]
    run = loud.run(plays, "--check", environ=NOBODY).ok()
    assert {entry.client_id for entry in run.requests if entry.is_graph} == {AZURE_CLI}
    assert sum(entry.path.endswith("/devicecode") for entry in run.requests) == 1
    assert "changed=0 " in run.output
    assert [secret for secret in loud.issued.secrets if secret.startswith("1.")], "the search knows refresh tokens"
