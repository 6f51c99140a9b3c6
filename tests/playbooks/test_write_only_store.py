# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store that cannot return the client secret, alone and together with one that can."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.file_store import FileStore
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

FILE: Json = {"type": "ansible_vault"}


@pytest.fixture
def blind(playbooks: Playbooks) -> FileStore:
    return FileStore(playbooks, name="blind", blind=True)


def _secrets(playbooks: Playbooks) -> dict[str, Json]:
    return {c["keyId"]: c for c in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]}


def _due(playbooks: Playbooks, key_id: str) -> None:
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)
    _secrets(playbooks)[key_id]["endDateTime"] = soon.strftime("%Y-%m-%dT%H:%M:%SZ")


def _quiet(run: Run) -> None:
    run.ok()
    assert run.writes == []
    assert "changed=0 " in run.output


def test_a_value_that_cannot_be_read_is_created_and_verified_once(playbooks: Playbooks, blind: FileStore) -> None:
    stores: dict[str, t.Any] = {"gateway_app_stores": [blind.entry]}
    made = playbooks.register(**stores).ok().results["gateway_app_result"]
    assert made["proven"] is True
    value = blind.kept()["client_secret"]
    again = playbooks.register(**stores)
    _quiet(again)
    assert again.results["gateway_app_result"]["proven"] is False
    assert "Add a second store that can be read" in again.output
    assert blind.kept()["key_id"] == made["key_id"]
    # A rotation is completed, which changes the metadata of a secret, not its value.
    _due(playbooks, made["key_id"])
    new = playbooks.register(entry="rotate", **stores).ok().results["gateway_app_result"]
    assert new["proven"] is True
    assert blind.kept()["client_secret"] != value
    value = blind.kept()["client_secret"]
    playbooks.register(entry="rotate", gateway_app_overlap_days=0, **stores).ok()
    assert _secrets(playbooks).keys() == {new["key_id"]}
    assert (blind.kept()["client_secret"], blind.kept()["previous_key_ids"]) == (value, [])


def test_the_value_is_read_from_another_store(playbooks: Playbooks, blind: FileStore) -> None:
    stores: dict[str, t.Any] = {"gateway_app_stores": [blind.entry, FILE]}
    first = playbooks.register(**stores).ok().results["gateway_app_result"]["key_id"]
    again = playbooks.register(**stores)
    _quiet(again)
    assert again.results["gateway_app_result"]["proven"] is True
    # A lost write-only store is filled from the other one.
    blind.path.unlink()
    assert playbooks.register(**stores).ok().writes == []
    assert blind.kept() == playbooks.stored()
    # If the readable one fails, the other one has not been changed yet.
    _due(playbooks, first)
    before = blind.kept()
    playbooks.break_store_after_create(playbooks.store)
    playbooks.register(**stores).failed("could not be stored", "removed from the tenant again")
    assert (blind.kept(), list(_secrets(playbooks))) == (before, [first])
    # If the readable one is lost, the value cannot be read: a new secret is created, and the older one pruned later.
    playbooks.store.parent.unlink()
    result = playbooks.register(**stores).ok().results["gateway_app_result"]
    assert (result["previous_key_ids"], result["proven"]) == ([first], True)
    assert blind.kept() == playbooks.stored()
    _quiet(playbooks.register(**stores))
