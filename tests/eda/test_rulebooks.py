# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-rulebook with the collection's rulebooks, against the emulator over TLS."""

from __future__ import annotations

import collections.abc as c
import json
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.eda.conftest import PROGRAMS, Rulebook
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks

SOURCE = "email_gateway.azure_apps.app_secret_expiry"
GATEWAYS = ("gateway-graz", "gateway-linz")


def inventory(playbooks: Playbooks, *, stores: str) -> str:
    """Two gateways with one application each."""
    variables = {
        "gateway_app_profile": "outbound_microsoft365",
        "gateway_app_display_name": "Mail {{ inventory_hostname }}",
        "gateway_app_unique_name": "{{ inventory_hostname }}",
        "gateway_app_store_path": f"{stores}/{{{{ inventory_hostname }}}}.vault.yml",
    }
    folder = playbooks.folder / "inventory"
    (folder / "group_vars").mkdir(parents=True)
    (folder / "hosts.yml").write_text(yaml.safe_dump({"mail_gateways": {"hosts": dict.fromkeys(GATEWAYS)}}))
    (folder / "group_vars" / "mail_gateways.yml").write_text(yaml.safe_dump(variables))
    return str(folder)


def register(playbooks: Playbooks, hosts: str) -> None:
    """Their client secrets end in ten days."""
    group = ("-e", "gateway_app_hosts=mail_gateways")
    few = ("-e", "gateway_app_secret_lifetime_days=10", "-e", "gateway_app_secret_renew_before_days=5")
    playbooks.command("ansible-playbook", "-i", hosts, "email_gateway.azure_apps.register", *group, *few).ok()


def with_marker(rulebooks: Path, playbooks: Playbooks) -> str:
    """The unchanged rulebook, with a source that polls every second and ends each poll with a missing application."""
    (ruleset,) = yaml.safe_load((rulebooks / "rotate_expiring_secrets.yml").read_text())
    ruleset["sources"][0][SOURCE] |= {"interval": 1, "unique_names": [*GATEWAYS, "missing-application"]}
    path = playbooks.folder / "rulebook.yml"
    path.write_text(yaml.safe_dump([ruleset], sort_keys=False))
    return str(path)


def keys(playbooks: Playbooks, unique_name: str) -> list[str]:
    application = playbooks.tenant.application(uniqueName=unique_name)
    return [entry["keyId"] for entry in application["passwordCredentials"]]


def test_two_secrets_that_expire_soon_are_renewed_by_one_run(
    playbooks: Playbooks, rulebook: c.Callable[..., Rulebook], rulebooks: Path
) -> None:
    hosts = inventory(playbooks, stores=str(playbooks.folder / "stores"))
    register(playbooks, hosts)
    before = {name: keys(playbooks, name) for name in GATEWAYS}
    process = rulebook("-r", with_marker(rulebooks, playbooks), "-i", hosts)
    process.until("PLAY RECAP")
    process.until("'missing'", times=2)
    process.end()
    assert process.output.count("PLAY RECAP") == 1, process.output
    for name in GATEWAYS:
        stored = playbooks.stored_in(playbooks.folder / "stores" / f"{name}.vault.yml")
        assert stored["key_id"] not in before[name]
        assert sorted(keys(playbooks, name)) == sorted([*before[name], stored["key_id"]])


def test_a_store_in_the_folder_of_the_run_is_refused_before_a_secret_is_created(
    playbooks: Playbooks, rulebook: c.Callable[..., Rulebook]
) -> None:
    """ansible-rulebook copies the inventory to a folder that it removes: files stored beside it would be lost."""
    hosts = inventory(playbooks, stores="{{ inventory_dir }}/stores")
    register(playbooks, hosts)
    playbooks.server.journal.clear()
    process = rulebook("-r", "email_gateway.azure_apps.rotate_expiring_secrets", "-i", hosts)
    process.until("PLAY RECAP")
    process.end()
    assert "is in the folder that ansible-rulebook made for this run" in process.output
    assert playbooks.tenant.writes == []


def test_a_key_file_in_the_folder_of_the_run_is_refused(playbooks: Playbooks) -> None:
    """The folders of ansible-rulebook without ansible-rulebook: an environment beside the project of a playbook."""
    run_folder = playbooks.folder / "eda-of-a-run"
    (run_folder / "env").mkdir(parents=True)
    (run_folder / "env" / "extravars").touch()
    (run_folder / "project").mkdir()
    variables = {
        "gateway_app_profile": "smtp2graph",
        "gateway_app_credential_type": "certificate",
        "gateway_app_store_path": str(playbooks.folder / "store.vault.yml"),
        "gateway_app_certificate_path": "key.pem",
        "ansible_eda": {},
    }
    script = f"cd eda-of-a-run/project && ansible-playbook email_gateway.azure_apps.rotate -e '{json.dumps(variables)}'"
    playbooks.command("bash", "-c", script).failed("key.pem would be lost after this run")
    assert playbooks.tenant.writes == []


def test_an_invalid_argument_ends_ansible_rulebook(playbooks: Playbooks, rulebook: c.Callable[..., Rulebook]) -> None:
    path = playbooks.folder / "rulebook.yml"
    rules: list[t.Any] = [{"name": "r", "condition": "true", "action": {"print_event": None}}]
    path.write_text(
        yaml.safe_dump([{"name": "n", "hosts": "all", "sources": [{SOURCE: {"days": -1}}], "rules": rules}])
    )
    process = rulebook("-r", str(path))
    assert process.ended() != 0
    assert "days is -1. Set days to a number from 0 to 3650." in process.output
    assert playbooks.server.requests() == []


@pytest.mark.parametrize("name", ["rotate_expiring_secrets", "rotate_by_job_template"])
def test_ansible_rulebook_accepts_the_rulebooks(rulebooks: Path, name: str) -> None:
    check = (
        "import sys, yaml; from ansible_rulebook import validators as v; v.Validate.rulebook(yaml.safe_load(sys.stdin))"
    )
    with (rulebooks / f"{name}.yml").open() as file:
        subprocess.run([PROGRAMS / "python", "-c", check], stdin=file, check=True, timeout=60)
