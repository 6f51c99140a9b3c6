# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of docs/getting-started.md and docs/operation.md, in their order, for one gateway."""

from __future__ import annotations

import re
import shlex

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

NAME = "mail-gateway-vienna"


def commands(page: str) -> list[str]:
    blocks = re.findall(r"```shell\n(.*?)```", (REPOSITORY / "docs" / page).read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("ansible-playbook ")]


def test_the_commands_register_operate_and_retire_a_gateway(playbooks: Playbooks) -> None:
    start = (REPOSITORY / "docs/getting-started.md").read_text()
    (described,) = re.findall(r"```yaml\n(.*?)```", start, re.DOTALL)
    (playbooks.folder / "gateway.yml").write_text(described)
    assert f"ansible-vault view gateway_app/{NAME}.vault.yml" in start
    mailbox = playbooks.tenant.mailbox("megan")

    def run(command: str) -> Run:
        return playbooks.command(*shlex.split(command.replace("gateway@example.com", mailbox))).ok()

    _login, check_access, preview, register, verify, rotate = commands("getting-started.md")
    assert run(check_access).writes == []
    assert run(preview).writes == []
    assert run(register).writes
    assert playbooks.store_of(NAME).exists()
    assert run(verify).writes == []
    assert run(rotate).writes == []

    again, report, drift, now, done, retire = commands("operation.md")
    assert again == rotate
    assert run(report).writes == []
    assert (playbooks.folder / "gateway_app/report.html").exists()
    assert run(drift).writes == []
    old = playbooks.stored(NAME)["key_id"]
    run(now)
    new = playbooks.stored(NAME)["key_id"]
    run(done)
    assert [s["keyId"] for s in playbooks.tenant.application(uniqueName=NAME)["passwordCredentials"]] == [new] != [old]
    run(retire)
    assert playbooks.tenant.applications == []
    assert not playbooks.store_of(NAME).exists()
