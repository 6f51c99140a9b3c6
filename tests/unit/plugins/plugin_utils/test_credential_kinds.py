# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and federated credentials in stores, and changes from one type to another."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.credential_gateway import Gateway
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

CERTIFICATE = "azure_app_certificate"
FEDERATED = "azure_app_federated_credential"


@pytest.fixture
def gateway(tenant: Tenant, tmp_path: Path) -> Gateway:
    tenant.register()
    return Gateway(tenant, tmp_path, blind=(False, False))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "gateway.pem"


def certificates(gateway: Gateway) -> set[str]:
    return {credential["keyId"] for credential in gateway.application["keyCredentials"]}


def age_certificate(gateway: Gateway, key_id: str, *, days: float) -> None:
    """Set its start to this long ago in the tenant."""
    gateway.age(key_id, days=days)
    record = gateway.stored
    for credential in gateway.application["keyCredentials"]:
        if credential["keyId"] == key_id:
            credential["startDateTime"] = record.secret_start


def test_a_certificate_is_created_tested_and_recorded_in_all_stores(gateway: Gateway, key: Path) -> None:
    result = gateway.ok(CERTIFICATE, path=str(key), profile="outbound_smtp")
    assert (result["changed"], result["path"]) == (True, str(key))
    assert certificates(gateway) == {result["key_id"]}
    assert all(shelf.record == gateway.stored for shelf in gateway.shelves)
    assert (gateway.stored.type, gateway.stored.certificate_path) == ("certificate", str(key))
    assert (gateway.stored.key_id, gateway.stored.client_secret) == (result["key_id"], "")
    assert "PRIVATE KEY" not in json.dumps(result)
    assert not gateway.claims.exists()


def test_a_valid_certificate_causes_no_write(gateway: Gateway, key: Path) -> None:
    gateway.ok(CERTIFICATE, path=str(key))
    gateway.tenant.clear_requests()
    before = sorted(path.name for path in gateway.folder.rglob("*"))
    result = gateway.ok(CERTIFICATE, path=str(key))
    assert (result["changed"], gateway.tenant.writes) == (False, [])
    assert gateway.tenant.graph_requests == 1
    assert sorted(path.name for path in gateway.folder.rglob("*")) == before


def test_check_mode_predicts_a_certificate(gateway: Gateway, key: Path) -> None:
    result = gateway.ok(CERTIFICATE, check=True, path=str(key))
    assert (result["changed"], result["key_id"], key.exists()) == (True, None, False)
    assert gateway.tenant.writes == []


def test_check_mode_predicts_a_certificate_without_an_application(tenant: Tenant, tmp_path: Path, key: Path) -> None:
    result = Gateway(tenant, tmp_path).ok(CERTIFICATE, check=True, path=str(key))
    assert (result["changed"], result["client_id"]) == (True, None)


def test_a_store_that_fails_is_written_by_the_next_run(gateway: Gateway, key: Path) -> None:
    """The key in the file works, so that nothing has to be rolled back."""
    old = gateway.ok(CERTIFICATE, path=str(key))["key_id"]
    gateway.shelves[1].broken.add("write")
    gateway.fails("store1.json cannot write", module=CERTIFICATE, path=str(key), rotate=True)
    gateway.shelves[1].broken.clear()
    new = gateway.ok(CERTIFICATE, path=str(key))
    assert new["changed"] is True
    assert certificates(gateway) == {old, new["key_id"]}
    assert all(shelf.record == gateway.stored for shelf in gateway.shelves)
    assert gateway.stored.previous_key_ids == (old,)


def test_a_certificate_is_rotated_once_in_each_run(gateway: Gateway, key: Path) -> None:
    old = gateway.ok(CERTIFICATE, path=str(key))["key_id"]
    gateway.same_run = True
    new = gateway.ok(CERTIFICATE, path=str(key), rotate=True)["key_id"]
    again = gateway.ok(CERTIFICATE, path=str(key), rotate=True)
    assert (again["key_id"], again["changed"]) == (new, False)
    assert certificates(gateway) == {old, new}


def test_pruning_a_certificate_removes_its_old_key(gateway: Gateway, key: Path) -> None:
    old = gateway.ok(CERTIFICATE, path=str(key))["key_id"]
    new = gateway.ok(CERTIFICATE, path=str(key), rotate=True, overlap_days=0)
    assert (new["prune"], Path(f"{key}.old").exists()) == (True, True)
    result = gateway.ok(CERTIFICATE, path=str(key), state="pruned", overlap_days=0)
    assert result["removed_key_ids"] == [old]
    assert certificates(gateway) == {new["key_id"]}
    assert (key.exists(), Path(f"{key}.old").exists()) == (True, False)
    assert gateway.ok(CERTIFICATE, path=str(key))["changed"] is False


def test_the_overlap_of_a_certificate_counts_from_its_start(gateway: Gateway, key: Path) -> None:
    old = gateway.ok(CERTIFICATE, path=str(key))["key_id"]
    new = gateway.ok(CERTIFICATE, path=str(key), rotate=True)["key_id"]
    age_certificate(gateway, new, days=6.9)
    assert gateway.ok(CERTIFICATE, path=str(key), state="pruned")["removed_key_ids"] == []
    age_certificate(gateway, new, days=7.1)
    assert gateway.ok(CERTIFICATE, path=str(key), state="pruned")["removed_key_ids"] == [old]


def test_a_certificate_needs_a_path_with_stores(gateway: Gateway) -> None:
    gateway.fails("path", module=CERTIFICATE)
    assert gateway.tenant.server.requests() == []


def test_a_federated_credential_is_identified_by_its_name(gateway: Gateway) -> None:
    options = federation(gateway)
    result = gateway.ok(FEDERATED, **options)
    assert (result["changed"], result["end"], result["days_left"]) == (True, None, None)
    assert gateway.stored.federated_credential == "cluster"
    assert gateway.stored.key_id == result["key_id"] == result["federated_credential_id"]
    again = gateway.ok(FEDERATED, **options)
    assert (again["changed"], again["start"]) == (False, result["start"])


def test_check_mode_predicts_a_federated_credential(gateway: Gateway, tenant: Tenant, tmp_path: Path) -> None:
    result = gateway.ok(FEDERATED, check=True, **federation(gateway))
    assert (result["changed"], result["key_id"], gateway.tenant.writes) == (True, None, [])


def test_check_mode_predicts_a_federated_credential_without_an_application(tenant: Tenant, tmp_path: Path) -> None:
    gateway = Gateway(tenant, tmp_path)
    result = gateway.ok(FEDERATED, check=True, **federation(gateway))
    assert (result["changed"], result["client_id"], result["key_id"]) == (True, None, None)
    assert (result["name"], result["subject"]) == ("cluster", "system:serviceaccount:mail:gateway")
    assert gateway.tenant.writes == []


def test_testing_a_federated_credential_needs_a_token(gateway: Gateway) -> None:
    options = {**federation(gateway), "assertion_file": str(gateway.folder / "missing")}
    gateway.fails("assertion_file", "verify_token", module=FEDERATED, **options)
    assert gateway.tenant.writes == []
    gateway.ok(FEDERATED, **{**options, "verify_token": False})


def test_replaced_credentials_of_every_type_are_removed(gateway: Gateway, key: Path) -> None:
    secret = gateway.ok()["key_id"]
    certificate = gateway.ok(CERTIFICATE, path=str(key))["key_id"]
    assert [*gateway.stored.previous_key_ids] == [secret]
    options = federation(gateway)
    federated = gateway.ok(FEDERATED, **options, overlap_days=0)
    assert [*gateway.stored.previous_key_ids] == [secret, certificate]
    assert federated["prune"] is True
    result = gateway.ok(state="pruned", overlap_days=0)
    assert result["removed_key_ids"] == sorted([secret, certificate])
    assert (gateway.secrets, certificates(gateway)) == ({}, set())
    # A federated credential has no secret that could leak, and is kept.
    again = gateway.ok()
    assert again["previous_key_ids"] == []
    assert len(gateway.secrets) == 1


@pytest.mark.parametrize("module", [CERTIFICATE, FEDERATED])
def test_all_states_return_the_same_members(gateway: Gateway, key: Path, module: str) -> None:
    options: Json = {"path": str(key)} if module == CERTIFICATE else federation(gateway)
    states: list[Json] = [{"check": True}, {}, {}, {"state": "pruned"}, {"state": "absent"}, {"state": "absent"}]
    results = [gateway.ok(module, **state, **options) for state in states]
    assert {frozenset(result) for result in results} == {frozenset(results[0])}


def test_retiring_removes_the_key_files(gateway: Gateway, key: Path) -> None:
    gateway.ok(CERTIFICATE, path=str(key))
    gateway.ok(CERTIFICATE, path=str(key), rotate=True)
    gateway.ok(state="absent", confirm=["gateway"])
    assert (key.exists(), Path(f"{key}.old").exists(), certificates(gateway)) == (False, False, set())


def test_a_foreign_key_file_is_not_removed(gateway: Gateway, key: Path) -> None:
    gateway.ok(CERTIFICATE, path=str(key))
    for shelf in gateway.shelves:
        shelf.keep(dataclasses.replace(gateway.stored, certificate_path=str(key.parent / "strange.pem")))
    (key.parent / "strange.pem").write_text("precious")
    gateway.fails("was not created by azure_app_certificate", state="absent")
    assert (key.parent / "strange.pem").read_text() == "precious"


def federation(gateway: Gateway) -> Json:
    """Options for a federated credential, and a token of its issuer in a file."""
    made = gateway.tenant.assertion("system:serviceaccount:mail:gateway")
    file = gateway.folder / "assertion"
    file.write_text(made["assertion"])
    return {
        "name": "cluster",
        "issuer": made["issuer"],
        "subject": "system:serviceaccount:mail:gateway",
        "assertion_file": str(file),
    }
