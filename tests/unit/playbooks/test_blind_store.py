# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store that cannot give the client secret back, alone and beside one that can."""

from __future__ import annotations

import datetime
import json
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.unit.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

FILE: Json = {"type": "ansible_vault"}


class Blind:
    """A plain file stands in; it tells all but the value."""

    def __init__(self, playbooks: Playbooks) -> None:
        self.path: Path = playbooks.folder / "blind.json"
        playbooks.own.add(self.path)
        found = f"(lookup('file', '{self.path}') | from_json | combine({{'client_secret': none}}))"
        # As with AWX, a value that is not known stays what it was.
        kept = f"(lookup('file', '{self.path}') | from_json).client_secret"
        written = (
            "{{ gateway_app_store_credential | combine({'client_secret':"
            f" gateway_app_store_credential.client_secret or {kept}}}) | to_json }}}}"
        )
        read = {
            "gateway_app_store_record": f"{{{{ {found} if '{self.path}' is file else {{}} }}}}",
            "gateway_app_store_reference": {"type": "tasks", "name": "blind", "readable": False},
        }
        tasks: list[Json] = [
            {"ansible.builtin.set_fact": read, "no_log": True, "when": "gateway_app_store_task == 'read'"},
            {
                "ansible.builtin.copy": {"dest": str(self.path), "mode": "0600", "content": written},
                "no_log": True,
                "diff": False,  # for which Ansible reads the file, and shows that with ANSIBLE_DEBUG
                "when": "gateway_app_store_task == 'write' and gateway_app_store_differs",
            },
            {
                "ansible.builtin.file": {"path": str(self.path), "state": "absent"},
                "when": "gateway_app_store_task == 'remove'",
            },
        ]
        file = playbooks.folder / "blind.yml"
        file.write_text(yaml.safe_dump(tasks))
        self.store: Json = {"type": "tasks", "file": str(file)}

    def held(self) -> Json:
        held: Json = json.loads(self.path.read_text())
        return held


@pytest.fixture
def blind(playbooks: Playbooks) -> Blind:
    return Blind(playbooks)


def _secrets(playbooks: Playbooks) -> dict[str, Json]:
    return {c["keyId"]: c for c in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]}


def _due(playbooks: Playbooks, key_id: str) -> None:
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)
    _secrets(playbooks)[key_id]["endDateTime"] = soon.strftime("%Y-%m-%dT%H:%M:%SZ")


def _quiet(run: Run) -> None:
    run.ok()
    assert run.writes == []
    assert "changed=0 " in run.output


def test_a_value_that_cannot_be_read_is_made_and_proven_once(playbooks: Playbooks, blind: Blind) -> None:
    stores: dict[str, t.Any] = {"gateway_app_stores": [blind.store]}
    made = playbooks.register(**stores).ok().results["gateway_app_result"]
    assert made["proven"] is True
    value = blind.held()["client_secret"]
    again = playbooks.register(**stores)
    _quiet(again)
    assert again.results["gateway_app_result"]["proven"] is False
    assert "A second store that can be read would" in again.output
    assert blind.held()["key_id"] == made["key_id"]
    # A rotation is seen through to its end, which changes what else is known of a secret, not its value.
    _due(playbooks, made["key_id"])
    new = playbooks.register(entry="rotate", **stores).ok().results["gateway_app_result"]
    assert new["proven"] is True
    assert blind.held()["client_secret"] != value
    value = blind.held()["client_secret"]
    playbooks.register(entry="rotate", gateway_app_overlap_days=0, **stores).ok()
    assert _secrets(playbooks).keys() == {new["key_id"]}
    assert (blind.held()["client_secret"], blind.held()["previous_key_ids"]) == (value, [])


def test_another_store_knows_the_value(playbooks: Playbooks, blind: Blind) -> None:
    stores: dict[str, t.Any] = {"gateway_app_stores": [blind.store, FILE]}
    first = playbooks.register(**stores).ok().results["gateway_app_result"]["key_id"]
    again = playbooks.register(**stores)
    _quiet(again)
    assert again.results["gateway_app_result"]["proven"] is True
    # What the one lost, the other one has.
    blind.path.unlink()
    assert playbooks.register(**stores).ok().writes == []
    assert blind.held() == playbooks.stored()
    # Where the readable one fails, the other one has not been touched yet.
    _due(playbooks, first)
    before = blind.held()
    playbooks.spoil_store(playbooks.store)
    playbooks.register(**stores).failed("could not be kept", "removed from the tenant again")
    assert (blind.held(), list(_secrets(playbooks))) == (before, [first])
    # What the readable one lost is nowhere to be read: another secret, and the older one goes after the overlap.
    playbooks.store.parent.unlink()
    result = playbooks.register(**stores).ok().results["gateway_app_result"]
    assert (result["previous_key_ids"], result["proven"]) == ([first], True)
    assert blind.held() == playbooks.stored()
    _quiet(playbooks.register(**stores))
