# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-navigator without a container; the fixture searches its files and output for secrets."""

from __future__ import annotations

import json
import shutil

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY


@pytest.mark.skipif(shutil.which("ansible-navigator") is None, reason="not for the oldest ansible-core")
def test_ansible_navigator_registers_and_shows_no_secret(playbooks: Playbooks) -> None:
    shutil.copytree(REPOSITORY / "docs" / "examples" / "awx_project", playbooks.folder / "project")
    given = {
        "gateway_app_profile": "outbound_microsoft365",
        "gateway_app_unique_name": "gateway",
        "gateway_app_wait_timeout": 60,
    }
    artifact = playbooks.folder / "artifact.json"
    log = playbooks.folder / "navigator.log"
    options = ("--mode", "stdout", "--execution-environment", "false", "--playbook-artifact-save-as", str(artifact))
    logging = ("--log-file", str(log), "--log-level", "debug")
    run = playbooks.command(
        *("ansible-navigator", "run", "project/register.yml", *options, *logging, "-e", json.dumps(given))
    ).ok()
    assert "by a token with" in run.output
    record = json.loads(artifact.read_text())
    assert (record["status"], [play["name"] for play in record["plays"]][-1]) == (
        "successful",
        "Register the mail gateway's application",
    )
    assert log.stat().st_size > 0
    (secret,) = playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]
    assert playbooks.stored()["key_id"] == secret["keyId"]
