# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person in front of a run that waits for a device code to be used."""

from __future__ import annotations

import os
import re

import requests

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.playbooks.warm_playbook import Process
from graph_emulator.wire.admin import HEADERS

CODE = re.compile(r"enter the code ([A-Z0-9]{9}) ")
WITHOUT_SIGN_IN = {"AZURE_TENANT": None, "AZURE_CLIENT_ID": None, "AZURE_SECRET": None}


class DeviceCodeUser:
    """Reads the output of the run, and signs in as soon as it shows the code."""

    def __init__(self, playbooks: Playbooks) -> None:
        self._playbooks = playbooks
        self.read = ""

    def signs_in(self, process: Process) -> None:
        assert process.stdout is not None
        while not (found := CODE.search(self.read)):
            more = os.read(process.stdout.fileno(), 65536)
            assert more, f"the run ended without a code: {self.read}"
            self.read += more.decode()
        server = self._playbooks.server
        assert process.poll() is None, "it waits"
        assert not [entry for entry in server.requests() if entry.is_graph], "the person has not signed in yet"
        answer = requests.post(
            f"{server.graph}/_emulator/device",
            json={"user_code": found[1], "user": self._playbooks.tenant.mailbox("adele")},
            headers=HEADERS,
            verify=str(server.ca_file),
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        self._playbooks.outputs.append(self.read)
