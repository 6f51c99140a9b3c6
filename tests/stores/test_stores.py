# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The optional stores, with the real collections, a real OpenBao server and the real sops."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.stores.openbao import OpenBao
from ansible_collections.email_gateway.azure_apps.tests.stores.sops_file import SopsFile
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

VAULT: Json = {"type": "hashi_vault", "name": "gateways/vienna"}
FILE: Json = {"type": "ansible_vault"}
DUE: Json = {"gateway_app_rotate_now": True}
EACH = pytest.mark.parametrize("store", ["bao", "sops"], indirect=True)


class Store(t.Protocol):
    """How a test reads a store independently of the role."""

    store: Json

    def kept(self) -> Json:
        """The credential; empty if there is none."""

    def writes(self) -> list[str]:
        """Another list after each write."""


def _retire(playbooks: Playbooks, *arguments: str, **variables: t.Any) -> Run:
    return playbooks.register(*arguments, entry="retire", gateway_app_retire_confirmed="gateway", **variables)


def _secrets(playbooks: Playbooks) -> set[str]:
    return {item["keyId"] for item in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]}


def _hook(playbooks: Playbooks) -> Json:
    hook = playbooks.folder / "hook.yml"
    hook.write_text(yaml.safe_dump([{"ansible.builtin.debug": {"msg": "the gateway got it"}}]))
    return {"gateway_app_after_new_secret": str(hook)}


@EACH
def test_a_credential_can_be_stored_and_rotated(playbooks: Playbooks, store: Store) -> None:
    given = {"gateway_app_stores": [store.store], **_hook(playbooks)}
    assert playbooks.register("--check", **given).ok().writes == []
    assert store.kept() == {}
    first = playbooks.register(**given).ok().results["gateway_app_result"]
    kept = store.kept()
    assert (kept["key_id"], kept["handed_over_to"], kept["previous_key_ids"]) == (first["key_id"], ["localhost"], [])
    before = store.writes()
    again = playbooks.register(**given).ok()
    assert (again.writes, "changed=0 " in again.output, store.writes()) == ([], True, before)
    if isinstance(store, OpenBao):
        # A write with a lost response is read back, and is neither repeated nor rolled back.
        playbooks.server.faults.add(path="/addPassword$", then=lambda: setattr(store, "lose_next_write", True))
    second = playbooks.register(entry="rotate", **DUE, **given).ok().results["gateway_app_result"]
    rotated = store.kept()
    assert rotated["previous_key_ids"] == [first["key_id"]] != [second["key_id"]] == [rotated["key_id"]]
    assert rotated["client_secret"] != kept["client_secret"]
    assert {type(value) for value in rotated.values()} == {str, list}
    # One write for the secret, one for the host that got it.
    assert not isinstance(store, OpenBao) or store.writes() == ["/v1/secret/data/gateways/vienna"] * 4


@EACH
def test_a_store_is_rolled_back_if_another_store_fails(playbooks: Playbooks, store: Store) -> None:
    both: Json = {"gateway_app_stores": [store.store, FILE]}
    playbooks.break_store_after_create(playbooks.store)
    playbooks.register(**both).failed("could not be stored", "removed from the tenant again")
    assert (store.kept(), _secrets(playbooks)) == ({}, set())
    playbooks.store.parent.unlink()
    playbooks.server.faults.clear()

    playbooks.register(**both).ok()
    first = store.kept()
    assert first == playbooks.stored()
    playbooks.break_store_after_create(playbooks.store)
    playbooks.register(**DUE, **both).failed("could not be stored", "removed from the tenant again")
    assert (store.kept(), _secrets(playbooks)) == (first, {first["key_id"]})
    # A lost store is filled from it.
    playbooks.store.parent.unlink()
    playbooks.server.faults.clear()
    assert playbooks.register(**both).ok().writes == []
    assert playbooks.stored() == first


@EACH
def test_retiring_removes_the_credential_from_the_store(playbooks: Playbooks, store: Store) -> None:
    given: Json = {"gateway_app_stores": [store.store]}
    playbooks.register(**given).ok()
    kept = store.kept()
    if isinstance(store, SopsFile):
        store.add("foreign_variable", "stays")
    assert _retire(playbooks, "--check", **given).ok().writes == []
    assert store.kept() == kept
    gone = _retire(playbooks, **given).ok()
    assert (store.kept(), playbooks.tenant.applications) == ({}, [])
    assert gone.results["gateway_app_result"]["changed"] is True
    if isinstance(store, SopsFile):
        assert store.content() == {"foreign_variable": "stays"}
        store.path.unlink()
    again = _retire(playbooks, **given).ok()
    assert (again.writes, "changed=0 " in again.output) == ([], True)
    if isinstance(store, OpenBao):
        store.ask("PUT", "secret/undelete/gateways/vienna", {"versions": [1]})
        assert store.kept() == kept, "undelete of the vault restores it"


def test_a_sops_file_without_other_content_is_removed(playbooks: Playbooks, sops: SopsFile) -> None:
    given: Json = {"gateway_app_stores": [sops.store]}
    playbooks.register(**given).ok()
    assert sops.path.stat().st_mode & 0o777 == 0o600
    assert _retire(playbooks, **given).ok().results["gateway_app_result"]["changed"] is True
    assert not sops.path.exists()


def test_a_failed_read_is_not_an_empty_vault(playbooks: Playbooks, bao: OpenBao) -> None:
    given: Json = {"gateway_app_stores": [VAULT]}
    playbooks.register(**given).ok()
    kept = bao.kept()
    bao.requests.clear()
    bao.lose_reads = 99
    run = playbooks.register(**given).failed("Could not read secret/gateways/vienna in HashiCorp Vault")
    assert (run.writes, bao.writes(), bao.kept()) == ([], [], kept)


def test_a_lost_vault_is_filled_again_and_an_unreachable_one_loses_nothing(playbooks: Playbooks, bao: OpenBao) -> None:
    stores: Json = {"gateway_app_stores": [VAULT, FILE]}
    bao.down = True
    refused = playbooks.register(**stores).failed("gateways/vienna in HashiCorp Vault", "Check VAULT_ADDR")
    assert refused.writes == []
    bao.down = False
    playbooks.register(**stores).ok()
    first = bao.kept()
    bao.ask("DELETE", "secret/data/gateways/vienna")
    assert playbooks.register(**stores).ok().writes == []
    assert bao.kept() == first
    # Down permanently after the secret was created: the next run finds it.
    playbooks.server.faults.add(path="/addPassword$", then=lambda: setattr(bao, "down", True))
    playbooks.register(**DUE, **stores).failed("could not be stored")
    assert playbooks.stored() == first
    bao.down = False
    playbooks.server.faults.clear()
    playbooks.register(**stores).ok()
    assert bao.kept() == playbooks.stored()
    assert first["key_id"] in _secrets(playbooks)


def test_a_concurrent_write_to_vault_is_not_overwritten(playbooks: Playbooks, bao: OpenBao) -> None:
    theirs = {"data": {"client_secret": "foreign-password"}}
    playbooks.server.faults.add(
        path="/addPassword$", then=lambda: bao.ask("POST", "secret/data/gateways/vienna", theirs)
    )
    run = playbooks.register(gateway_app_stores=[FILE, VAULT])
    run.failed("could not be stored", "contains no client_id", "removed from the tenant again")
    assert bao.kept() == theirs["data"]
    assert _secrets(playbooks) == set()
    assert not playbooks.store.exists()


@pytest.mark.parametrize("refused", ["policy", "no engine", "other content"])
def test_invalid_settings_of_vault_are_refused_before_anything_is_created(
    playbooks: Playbooks, bao: OpenBao, refused: str
) -> None:
    store, words = dict(VAULT), ""
    if refused == "policy":
        token = bao.ask("POST", "auth/token/create", {"policies": ["reader"]})["auth"]["client_token"]
        bao.ask("PUT", "sys/policies/acl/reader", {"policy": 'path "secret/data/*" { capabilities = ["read"] }'})
        playbooks.environ["VAULT_TOKEN"] = token
        playbooks.issued.add(token)
        words = "do not allow create, read, update on secret/data/gateways/vienna"
    elif refused == "no engine":
        store["mount"], words = "nowhere", "do not allow create, read, update on nowhere/data"
    else:
        bao.ask("POST", "secret/data/gateways/vienna", {"data": {"password": "of something else"}})
        words = "contains more than a credential"
    assert playbooks.register(gateway_app_stores=[store]).failed(words).writes == []
    assert bao.writes() == []


def test_a_lost_sops_file_is_filled_again_and_concurrent_writes_are_kept(playbooks: Playbooks, sops: SopsFile) -> None:
    stores: Json = {"gateway_app_stores": [FILE, sops.store]}
    playbooks.register(**stores).ok()
    first = sops.kept()
    sops.path.unlink()
    assert playbooks.register(**stores).ok().writes == []
    assert sops.kept() == first

    # Another variable is kept, and is not a conflict.
    playbooks.server.faults.add(path="/addPassword$", then=lambda: sops.add("foreign_variable", "stays"))
    playbooks.register(**DUE, **stores).ok()
    second = sops.kept()
    assert (sops.content()["foreign_variable"], second["previous_key_ids"]) == ("stays", [first["key_id"]])
    playbooks.server.faults.clear()

    theirs = {**second, "key_id": "theirs"}
    playbooks.server.faults.add(path="/addPassword$", then=lambda: sops.add("gateway_app_credential", theirs))
    playbooks.register(**DUE, **stores).failed("changed by another program", "removed from the tenant again")
    assert (sops.kept(), playbooks.stored()) == (theirs, second)
    assert _secrets(playbooks) == {first["key_id"], second["key_id"]}


def test_invalid_settings_of_sops_are_refused_before_anything_is_created(playbooks: Playbooks, sops: SopsFile) -> None:
    sops.rules.write_text("creation_rules: []\n")
    run = playbooks.register(gateway_app_stores=[sops.store]).failed("sops could not encrypt")
    assert run.writes == []


@pytest.mark.parametrize(
    ("store", "words"),
    [
        (VAULT, "ansible-galaxy collection install community.hashi_vault"),
        ({"type": "sops", "path": "x.yml"}, "needs the program sops"),
        ({"type": "hashi_vault", "name": ""}, "missing required arguments: name"),
        ({"type": "sops", "path": "x.json"}, "path does not end with .yml or .yaml"),
    ],
    ids=lambda value: None if isinstance(value, str) else value["type"],
)
def test_missing_programs_and_collections_are_named(playbooks: Playbooks, store: Json, words: str) -> None:
    # Only the local installation, not packages for all users.
    playbooks.environ["ANSIBLE_COLLECTIONS_SCAN_SYS_PATH"] = "False"
    assert playbooks.register(gateway_app_stores=[store]).failed(words).writes == []
