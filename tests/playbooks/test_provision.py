# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example that registers and provisions, on two gateways that are folders of this machine."""

from __future__ import annotations

import json
import stat
import typing as t
from pathlib import Path

import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

NAMES = ("vienna", "graz")


class Gateways:
    """Two hosts of an inventory; each has a file for its server profile, and records each restart."""

    def __init__(self, playbooks: Playbooks, **variables: t.Any) -> None:
        self._playbooks = playbooks
        self.inventory = playbooks.folder / "inventory.yml"
        hosts = {}
        for name in NAMES:
            self.folder(name).mkdir()
            hosts[name] = {
                "provision_file": str(self.server_profile(name)),
                "provision_restart_command": f"cp {self.server_profile(name)} {self.folder(name) / 'running.json'}",
            }
            playbooks.own |= {self.server_profile(name), self.folder(name) / "running.json"}
        shared = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "gateway_app_profile": "outbound_microsoft365",
            "gateway_app_display_name": "Gateway",
            "gateway_app_unique_name": "gateway",
            "gateway_app_wait_timeout": 20,
            **variables,
        }
        content = {"all": {"children": {"mail_gateways": {"hosts": hosts, "vars": shared}}}}
        self.inventory.write_text(yaml.safe_dump(content))

    def folder(self, name: str) -> Path:
        return self._playbooks.folder / name

    def server_profile(self, name: str) -> Path:
        return self.folder(name) / "server_profile.json"

    def running(self, name: str) -> dict[str, str]:
        """The settings with which the gateway was last started."""
        found: dict[str, str] = json.loads((self.folder(name) / "running.json").read_text())
        return found

    def play(self, playbook: str, *arguments: str) -> Run:
        name = f"email_gateway.azure_apps.{playbook}"
        return self._playbooks.command("ansible-playbook", "-i", str(self.inventory), name, *arguments)

    def clear_restarts(self) -> None:
        for name in NAMES:
            (self.folder(name) / "running.json").unlink()

    @property
    def restarted(self) -> list[str]:
        return [name for name in NAMES if (self.folder(name) / "running.json").exists()]


def _key_ids(playbooks: Playbooks) -> set[str]:
    return {c["keyId"] for c in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]}


def test_two_gateways_that_share_an_application_are_registered_and_provisioned(playbooks: Playbooks) -> None:
    gateways = Gateways(playbooks)
    assert gateways.play("provision", "--check", "--diff").ok().writes == []
    gateways.play("provision").ok()
    stored = playbooks.stored()
    assert len(playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]) == 1
    for name in NAMES:
        assert gateways.running(name)["client_secret"] == stored["client_secret"]
        assert gateways.running(name)["scope"] == f"{playbooks.server.graph}/.default"
        assert stat.S_IMODE(gateways.server_profile(name).stat().st_mode) == 0o600

    gateways.clear_restarts()
    again = gateways.play("provision").ok()
    assert (again.writes, again.output.count("changed=0 "), gateways.restarted) == ([], 2, [])


def test_a_hook_deploys_a_renewed_secret_and_restarts_the_gateways(playbooks: Playbooks) -> None:
    tasks = REPOSITORY / "playbooks" / "tasks" / "after_new_secret.yml"
    gateways = Gateways(playbooks, gateway_app_after_new_secret=str(tasks))
    gateways.play("provision").ok()
    old = playbooks.stored()["client_secret"]
    gateways.clear_restarts()
    arguments = ("-e", "gateway_app_hosts=mail_gateways")
    gateways.play("rotate", *arguments).ok()
    assert gateways.restarted == []
    gateways.play("rotate", *arguments, "-e", "gateway_app_rotate_now=true").ok()
    new = playbooks.stored()["client_secret"]
    assert old != new
    assert {name: gateways.running(name)["client_secret"] for name in NAMES} == dict.fromkeys(NAMES, new)


def test_the_old_secret_is_kept_until_a_failed_gateway_has_the_new_one(playbooks: Playbooks) -> None:
    tasks = REPOSITORY / "playbooks" / "tasks" / "after_new_secret.yml"
    gateways = Gateways(playbooks, gateway_app_after_new_secret=str(tasks), gateway_app_overlap_days=0)
    arguments = ("-e", "gateway_app_hosts=mail_gateways")
    gateways.play("register", *arguments).ok()
    old = playbooks.stored()["key_id"]
    broken = gateways.folder("graz")
    broken.rename(broken.with_name("away"))
    gateways.play("rotate", *arguments, "-e", "gateway_app_rotate_now=true").failed("graz")
    new = playbooks.stored()
    assert new["handed_over_to"] == ["vienna"]
    assert new["previous_key_ids"] == [old]
    assert _key_ids(playbooks) == {old, new["key_id"]}

    broken.with_name("away").rename(broken)
    gateways.clear_restarts()
    gateways.play("rotate", *arguments).ok()
    assert gateways.restarted == ["graz"]
    assert playbooks.stored()["handed_over_to"] == ["graz", "vienna"]
    assert _key_ids(playbooks) == {new["key_id"]}
