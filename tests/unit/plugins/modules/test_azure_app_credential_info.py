# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Information about stored credentials."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.credential_info import credential_info
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import Credential, remember_value
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_credential import StoreContents
from ansible_collections.email_gateway.azure_apps.plugins.modules.azure_app_credential_info import MODULE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import call_module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import StoreContext
from ansible_collections.email_gateway.azure_apps.tests.unit.credential_gateway import FakeStore, Shelf
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

VALUE = "3w2-not-in-any-other-member"
KEPT = Record(
    client_id="b2466de6-5867-4b23-83ff-449c85f44ba1",
    key_id="621a4ce4-826c-4fd2-9460-c24c9dd3ed89",
    tenant_id="4d2a2a6e-2a26-4d0c-8a40-6a2f7ac7b8c1",
    profile="outbound_smtp",
    secret_start="2026-11-23T07:00:00Z",
    secret_expires="2027-11-23T07:00:00Z",
    client_secret=VALUE,
    previous_key_ids=("11111111-1111-1111-1111-111111111111",),
    handed_over_to=("one",),
    pending_hosts=("two",),
)
OLDER = dataclasses.replace(KEPT, key_id="11111111-1111-1111-1111-111111111111", secret_start="2026-01-23T07:00:00Z")


@pytest.fixture
def memory(tmp_path: Path) -> SharedMemory:
    return SharedMemory(str(tmp_path))


def info(memory: SharedMemory, *shelves: Shelf, **options: t.Any) -> Json:
    def run(call: Call) -> Json:
        context = StoreContext(call=call, vault_secrets=(), lookup=lambda *_terms, **_options: [])
        stores = [FakeStore(shelf, context) for shelf in shelves]
        references = [store.reference() for store in stores]
        return credential_info(call, StoreContents.read(stores), references=references)

    module = MODULE._replace(run=run)
    given = {"stores": [{"type": "ansible_vault"}], **options}
    result = call_module(module, "azure_app_credential_info", given, check_mode=False, environ={}, memory=memory)
    assert not result.get("failed"), result
    return result


def shelf(folder: Path, name: str, record: Record | None, *, blind: bool = False) -> Shelf:
    made = Shelf(folder / f"{name}.json", blind=blind)
    made.keep(record)
    return made


def test_everything_except_the_value_is_shown(memory: SharedMemory, tmp_path: Path) -> None:
    result = info(memory, shelf(tmp_path, "a", KEPT))
    assert (result["exists"], result["type"], result["changed"]) == (True, "client_secret", False)
    assert (result["key_id"], result["client_id"], result["tenant_id"]) == (KEPT.key_id, KEPT.client_id, KEPT.tenant_id)
    assert (result["start"], result["expires"]) == (KEPT.secret_start, KEPT.secret_expires)
    assert (result["profile"], result["notes"]) == ("outbound_smtp", [])
    lists = ("previous_key_ids", "handed_over_to", "pending_hosts")
    assert [result[name] for name in lists] == [list(getattr(KEPT, name)) for name in lists]
    assert result["credential"] is None
    assert VALUE not in json.dumps(result)


def test_the_value_is_returned_on_request_in_a_hidden_result(memory: SharedMemory, tmp_path: Path) -> None:
    result = info(memory, shelf(tmp_path, "a", KEPT), include_value=True)
    assert result.pop("credential") == KEPT.content()
    assert VALUE not in json.dumps(result)
    assert MODULE.secret_results == ("credential",)


def test_an_empty_store_has_the_same_members(memory: SharedMemory, tmp_path: Path) -> None:
    result = info(memory, shelf(tmp_path, "a", None), include_value=True)
    assert (result["exists"], result["type"], result["credential"]) == (False, None, None)
    assert result.keys() == info(memory, shelf(tmp_path, "b", KEPT)).keys()


def test_an_unreadable_store_does_not_hide_the_others(memory: SharedMemory, tmp_path: Path) -> None:
    broken = shelf(tmp_path, "broken", OLDER)
    broken.broken.add("read")
    result = info(memory, broken, shelf(tmp_path, "a", KEPT))
    assert result["key_id"] == KEPT.key_id
    assert "broken.json cannot read" in result["notes"][0]
    assert len(result["stores"]) == 2
    alone = info(memory, broken)
    assert (alone["exists"], len(alone["notes"])) == (False, 1)


def test_different_stores_are_named(memory: SharedMemory, tmp_path: Path) -> None:
    result = info(memory, shelf(tmp_path, "old", OLDER), shelf(tmp_path, "new", KEPT))
    assert result["key_id"] == KEPT.key_id
    assert "old.json" in result["notes"][0]


def test_a_value_of_a_write_only_store_is_known_in_the_run_that_created_it(
    memory: SharedMemory, tmp_path: Path
) -> None:
    blind = shelf(tmp_path, "blind", KEPT, blind=True)
    result = info(memory, blind, include_value=True)
    assert (result["credential"]["client_secret"], len(result["notes"])) == (None, 1)
    key = Credential(tenant_id=KEPT.tenant_id, client_id=KEPT.client_id, key_id=KEPT.key_id)
    remember_value(memory, key, VALUE)
    result = info(memory, blind, include_value=True)
    assert (result["credential"]["client_secret"], result["notes"]) == (VALUE, [])


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (dataclasses.replace(KEPT, client_secret="", certificate_path="/k.pem"), "certificate"),
        (dataclasses.replace(KEPT, client_secret="", federated_credential="c"), "federated"),
    ],
)
def test_other_kinds_of_credentials_are_shown(memory: SharedMemory, tmp_path: Path, record: Record, kind: str) -> None:
    assert info(memory, shelf(tmp_path, "a", record))["type"] == kind
