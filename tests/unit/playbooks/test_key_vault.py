# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role with a credential in a key vault, alone and together with a file."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.unit.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

FILE: Json = {"type": "ansible_vault"}


def _vault(playbooks: Playbooks, **changes: str) -> Json:
    return {"type": "azure_key_vault", "vault_url": playbooks.server.key_vault, "name": "gateway", **changes}


def _secrets(playbooks: Playbooks) -> dict[str, Json]:
    return {c["keyId"]: c for c in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]}


def _due(playbooks: Playbooks, key_id: str) -> None:
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)
    _secrets(playbooks)[key_id]["endDateTime"] = soon.strftime("%Y-%m-%dT%H:%M:%SZ")


def _held(playbooks: Playbooks) -> Json:
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


def test_a_credential_lives_in_a_key_vault(playbooks: Playbooks) -> None:
    stores: dict[str, t.Any] = {"gateway_app_stores": [_vault(playbooks)]}
    made = playbooks.register(**stores)
    result = made.ok().results["gateway_app_result"]
    assert result["proven"] is True
    assert result["stores"] == [_vault(playbooks)]
    held = _held(playbooks)
    assert (held["tags"]["key-id"], held["tags"]["client-id"]) == (result["key_id"], result["client_id"])
    assert held["tags"]["handed-over"] == "true"
    expires = datetime.datetime.fromtimestamp(held["attributes"]["exp"], datetime.timezone.utc)
    assert result["secret_expires"].startswith(expires.strftime("%Y-%m-%dT%H:%M:%S"))
    assert held["attributes"]["nbf"] <= held["attributes"]["created"]
    assert not playbooks.store.exists()
    _quiet(playbooks.register(**stores))
    # Rotation, predicted and done.
    _due(playbooks, result["key_id"])
    predicted = playbooks.register("--check", "--diff", entry="rotate", **stores).ok()
    assert predicted.writes == []
    assert not [entry for entry in predicted.requests if entry.is_vault_write]
    new = _key_id(playbooks.register(entry="rotate", **stores))
    assert _held(playbooks)["tags"]["key-id"] == new
    assert _held(playbooks)["tags"]["previous-key-ids"] == result["key_id"]
    _quiet(playbooks.register(entry="rotate", **stores))
    # The overlap is over.
    playbooks.register(entry="rotate", gateway_app_overlap_days=0, **stores).ok()
    assert _secrets(playbooks).keys() == {new}
    assert "previous-key-ids" not in _held(playbooks)["tags"]
    _quiet(playbooks.register(entry="rotate", gateway_app_overlap_days=0, **stores))
    # Somebody deletes the secret.
    playbooks.server.emulator.key_vault.secrets["gateway"].deleted = 1
    third = _key_id(playbooks.register(**stores))
    assert third != new
    assert _held(playbooks)["tags"]["key-id"] == third


def test_a_file_and_a_key_vault_hold_the_same(playbooks: Playbooks) -> None:
    vault = _vault(playbooks)
    # A vault that is down costs no secret.
    playbooks.server.faults.add(path="/secrets/", status=503, times=99)
    down = playbooks.register(gateway_app_stores=[FILE, vault], gateway_app_wait_timeout=2)
    assert down.failed("Could not ask", "what tokens it takes").writes == []
    playbooks.server.faults.clear()
    first = _key_id(playbooks.register(gateway_app_stores=[FILE, vault]))
    assert playbooks.stored()["client_secret"] == _held(playbooks)["value"]
    _quiet(playbooks.register(gateway_app_stores=[FILE, vault]))
    # One that is lost gets what the other holds, both ways.
    playbooks.store.unlink()
    run = playbooks.register(gateway_app_stores=[FILE, vault]).ok()
    assert (run.writes, playbooks.stored()["key_id"]) == ([], first)
    playbooks.server.emulator.key_vault.secrets.clear()
    run = playbooks.register(gateway_app_stores=[FILE, vault]).ok()
    assert (run.writes, _held(playbooks)["value"]) == ([], playbooks.stored()["client_secret"])
    _quiet(playbooks.register(gateway_app_stores=[FILE, vault]))
    # One that fails between "created" and "stored" gets nothing, and neither does the other.
    _due(playbooks, first)
    before = playbooks.stored()
    playbooks.server.faults.add(method="PUT", path="/secrets/", status=503, times=99)
    failed = playbooks.register(gateway_app_stores=[FILE, vault], gateway_app_wait_timeout=2)
    failed.failed("could not be kept", "removed from the tenant again")
    assert _secrets(playbooks).keys() == {first}
    assert playbooks.stored() == before
    # The other way round: the key vault had it already, and gets its older value back.
    playbooks.server.faults.clear()
    playbooks.spoil_store(playbooks.store)
    playbooks.register(gateway_app_stores=[vault, FILE]).failed("could not be kept", "removed from the tenant again")
    assert _secrets(playbooks).keys() == {first}
    assert (_held(playbooks)["value"], _held(playbooks)["tags"]["key-id"]) == (before["client_secret"], first)


def test_missing_rights_leave_no_secret_behind(playbooks: Playbooks) -> None:
    stores: dict[str, t.Any] = {"gateway_app_stores": [_vault(playbooks)]}
    key_vault = playbooks.server.emulator.key_vault
    for role, words in ((None, "getSecret"), ("Key Vault Secrets User", "setSecret")):
        key_vault.assign(playbooks.server.client_id, role)
        playbooks.register(**stores).failed("Key Vault Secrets Officer", words)
        assert key_vault.secrets == {}
        assert all(not app["passwordCredentials"] for app in playbooks.tenant.applications)


def test_a_secret_of_somebody_else_is_left_alone(playbooks: Playbooks) -> None:
    where: Json = {"vault_url": playbooks.server.key_vault, "name": "gateway"}
    playbooks.tenant.ok("azure_app_key_vault_secret", **where, value="somebody's")
    run = playbooks.register(gateway_app_stores=[_vault(playbooks)]).failed("that this role did not write")
    assert run.writes == []
    incomplete = [{"type": "azure_key_vault", "name": "gateway"}]
    playbooks.register(gateway_app_stores=incomplete).failed("a vault_url and a name")
