# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role with a credential in a key vault, alone and together with a file."""

from __future__ import annotations

import datetime
import typing as t

import yaml

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._key_vault.secret import (
    VaultSecret,
    VaultSecrets,
)
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import make_context
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

FILE: Json = {"type": "ansible_vault"}


def _vault(playbooks: Playbooks, **changes: str) -> Json:
    return {"type": "azure_key_vault", "vault_url": playbooks.server.key_vault, "name": "gateway", **changes}


def _secrets(playbooks: Playbooks) -> dict[str, Json]:
    return {c["keyId"]: c for c in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]}


def _due(playbooks: Playbooks, key_id: str) -> None:
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)
    _secrets(playbooks)[key_id]["endDateTime"] = soon.strftime("%Y-%m-%dT%H:%M:%SZ")


def _latest(playbooks: Playbooks) -> Json:
    """The latest version of the secret in the vault."""
    item: Json = playbooks.server.emulator.key_vault.secrets["gateway"].versions[-1]
    return item


def _quiet(run: Run) -> None:
    run.ok()
    assert run.writes == []
    assert "changed=0 " in run.output
    assert [entry for entry in run.requests if entry.is_vault_write] == []


def _key_id(run: Run) -> str:
    key_id: str = run.ok().results["gateway_app_result"]["key_id"]
    return key_id


def test_a_credential_can_be_stored_rotated_and_pruned_in_a_key_vault(playbooks: Playbooks) -> None:
    stores: dict[str, t.Any] = {"gateway_app_stores": [_vault(playbooks)]}
    made = playbooks.register(**stores)
    result = made.ok().results["gateway_app_result"]
    assert result["proven"] is True
    assert result["stores"] == [_vault(playbooks)]
    in_vault = _latest(playbooks)
    assert (in_vault["tags"]["key-id"], in_vault["tags"]["client-id"]) == (result["key_id"], result["client_id"])
    assert in_vault["tags"].keys() == {"profile", "tenant-id", "client-id", "key-id", "secret-start", "secret-expires"}
    expires = datetime.datetime.fromtimestamp(in_vault["attributes"]["exp"], datetime.timezone.utc)
    assert result["secret_expires"].startswith(expires.strftime("%Y-%m-%dT%H:%M:%S"))
    assert in_vault["attributes"]["nbf"] <= in_vault["attributes"]["created"]
    assert not playbooks.store.exists()
    _quiet(playbooks.register(**stores))
    # A rotation, predicted and done.
    _due(playbooks, result["key_id"])
    predicted = playbooks.register("--check", "--diff", entry="rotate", **stores).ok()
    assert predicted.writes == []
    assert not [entry for entry in predicted.requests if entry.is_vault_write]
    new = _key_id(playbooks.register(entry="rotate", **stores))
    assert _latest(playbooks)["tags"]["key-id"] == new
    assert _latest(playbooks)["tags"]["previous-key-ids"] == result["key_id"]
    _quiet(playbooks.register(entry="rotate", **stores))
    # After the overlap.
    playbooks.register(entry="rotate", gateway_app_overlap_days=0, **stores).ok()
    assert _secrets(playbooks).keys() == {new}
    assert "previous-key-ids" not in _latest(playbooks)["tags"]
    _quiet(playbooks.register(entry="rotate", gateway_app_overlap_days=0, **stores))
    # The secret is deleted by hand.
    playbooks.server.emulator.key_vault.secrets["gateway"].deleted = 1
    third = _key_id(playbooks.register(**stores))
    assert third != new
    assert _latest(playbooks)["tags"]["key-id"] == third


def test_a_file_and_a_key_vault_have_the_same_content(playbooks: Playbooks) -> None:
    vault = _vault(playbooks)
    # No secret is created while a vault is down.
    playbooks.server.faults.add(path="/secrets/", status=503, times=99)
    down = playbooks.register(gateway_app_stores=[FILE, vault], gateway_app_wait_timeout=2)
    assert down.failed("Could not ask", "which tokens it accepts").writes == []
    playbooks.server.faults.clear()
    first = _key_id(playbooks.register(gateway_app_stores=[FILE, vault]))
    assert playbooks.stored()["client_secret"] == _latest(playbooks)["value"]
    # A lost store is filled from the other one.
    playbooks.server.emulator.key_vault.secrets.clear()
    run = playbooks.register(gateway_app_stores=[FILE, vault]).ok()
    assert (run.writes, _latest(playbooks)["value"]) == ([], playbooks.stored()["client_secret"])
    _quiet(playbooks.register(gateway_app_stores=[FILE, vault]))
    # If one fails between creating and storing, neither is changed.
    _due(playbooks, first)
    before = playbooks.stored()
    playbooks.server.faults.add(method="PUT", path="/secrets/", status=503, times=99)
    failed = playbooks.register(gateway_app_stores=[FILE, vault], gateway_app_wait_timeout=2)
    failed.failed("could not be stored", "removed from the tenant again")
    assert _secrets(playbooks).keys() == {first}
    assert playbooks.stored() == before
    # In the other order: the key vault was already written, and its older value is restored.
    playbooks.server.faults.clear()
    playbooks.break_store_after_create(playbooks.store)
    playbooks.register(gateway_app_stores=[vault, FILE]).failed("could not be stored", "removed from the tenant again")
    assert _secrets(playbooks).keys() == {first}
    assert (_latest(playbooks)["value"], _latest(playbooks)["tags"]["key-id"]) == (before["client_secret"], first)


def test_missing_rights_leave_no_secret_behind(playbooks: Playbooks) -> None:
    stores: dict[str, t.Any] = {"gateway_app_stores": [_vault(playbooks)]}
    key_vault = playbooks.server.emulator.key_vault
    for role, words in ((None, "getSecret"), ("Key Vault Secrets User", "setSecret")):
        key_vault.assign(playbooks.server.client_id, role)
        playbooks.register(**stores).failed("Key Vault Secrets Officer", words)
        assert key_vault.secrets == {}
        assert all(not app["passwordCredentials"] for app in playbooks.tenant.applications)


def test_a_foreign_secret_is_not_overwritten(playbooks: Playbooks) -> None:
    secrets = VaultSecrets(make_context(playbooks.tenant.environ).call, playbooks.server.key_vault)
    secrets.write("gateway", VaultSecret(value="foreign"), current=None)
    run = playbooks.register(gateway_app_stores=[_vault(playbooks)]).failed("was not written by this collection")
    assert run.writes == []
    incomplete = [{"type": "azure_key_vault", "name": "gateway"}]
    playbooks.register(gateway_app_stores=incomplete).failed("missing required arguments: vault_url")


def _gateways(playbooks: Playbooks, names: list[str], *arguments: str, **environ: str | None) -> Run:
    """One application for all of these hosts, and tasks of the user for each."""
    hook = playbooks.folder / "hook.yml"
    hook.write_text(yaml.safe_dump([{"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} got it"}}]))
    inventory = playbooks.folder / "inventory.yml"
    hosts = {name: {"ansible_connection": "local"} for name in names}
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    variables = {
        "gateway_app_profile": "outbound_smtp",
        "gateway_app_display_name": "Gateway",
        "gateway_app_unique_name": "gateway",
        "gateway_app_wait_timeout": 20,
        "gateway_app_stores": [_vault(playbooks)],
        "gateway_app_after_new_secret": str(hook),
    }
    role = {"ansible.builtin.import_role": {"name": "email_gateway.azure_apps.gateway_app"}}
    play = {"hosts": "all", "gather_facts": False, "vars": variables, "tasks": [role]}
    return playbooks.run([play], "-i", str(inventory), *arguments, environ=environ)


def test_names_of_many_hosts_are_split_into_several_tags(playbooks: Playbooks) -> None:
    names = [f"gateway,{number}.{'x' * 300}" for number in range(2)]
    # The sign-in is the role's own.
    own = ("AZURE_TENANT", "AZURE_CLIENT_ID", "AZURE_SECRET")
    extra = playbooks.folder / "extra.yml"
    extra.write_text(yaml.safe_dump({"gateway_app_environment": {name: playbooks.environ[name] for name in own}}))
    playbooks.own.add(extra)
    run = _gateways(playbooks, names, "-e", f"@{extra}", **dict.fromkeys(own)).ok()
    assert all(f"{name} got it" in run.output for name in names)
    tags = _latest(playbooks)["tags"]
    assert {name for name in tags if "handed" in name} == {"handed-over-to", "handed-over-to-2", "handed-over-to-3"}
    again = _gateways(playbooks, names, "-e", f"@{extra}", **dict.fromkeys(own)).ok()
    assert "got it" not in again.output
    assert [entry for entry in again.requests if entry.is_vault_write or entry.is_write] == []


def test_names_that_do_not_fit_into_a_key_vault_are_refused_before_a_secret_is_created(playbooks: Playbooks) -> None:
    run = _gateways(playbooks, ["a" * 1200, "b" * 1200])
    run.failed("cannot store the names of 2 hosts", "Let fewer hosts share the application")
    assert playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"] == []
    assert not [entry for entry in run.writes if entry.path.endswith("addPassword")]


def test_the_secret_of_a_retired_application_can_be_recovered(playbooks: Playbooks) -> None:
    stores: dict[str, t.Any] = {"gateway_app_stores": [_vault(playbooks)]}
    playbooks.register(**stores).ok()
    retired: Json = {"entry": "retire", "gateway_app_retire_confirmed": "gateway", **stores}
    predicted = playbooks.register("--check", **retired).ok()
    assert [entry for entry in predicted.requests if entry.is_vault_write or entry.is_write] == []
    playbooks.register(**retired).ok()
    in_vault = playbooks.server.emulator.key_vault.secrets["gateway"]
    assert (in_vault.deleted is not None, playbooks.tenant.applications) == (True, [])
    _quiet(playbooks.register(**retired))
