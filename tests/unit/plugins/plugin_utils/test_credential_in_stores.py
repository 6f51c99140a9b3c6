# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of the stores: refused values, stores of others, several stores, and write-only stores."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import (
    Credential,
    recall_token,
    recall_value,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.credential_gateway import Gateway
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.credential_states import REFUSAL, due
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant, VirtualTime


def test_a_refused_stored_value_is_replaced_and_kept_in_the_tenant(gateway: Gateway) -> None:
    made = gateway.ok()["key_id"]
    gateway.age(made, days=1)
    wrong = f"{str(gateway.stored.client_secret)[:3]}-a-wrong-value"
    gateway.shelves[0].keep(dataclasses.replace(gateway.stored, client_secret=wrong))
    predicted = gateway.ok(check=True)
    assert (predicted["changed"], predicted["key_id"]) == (True, None)
    result = gateway.ok()
    assert (result["changed"], result["previous_key_ids"]) == (True, [])
    assert {*gateway.secrets} == {made, result["key_id"]}
    assert result["other_key_ids"] == [made]
    assert gateway.is_accepted(gateway.stored)


def test_a_refused_fresh_stored_value_is_waited_for(gateway: Gateway, virtual_time: VirtualTime) -> None:
    made = gateway.ok()["key_id"]
    # The first token is the operator's.
    gateway.tenant.server.faults.add(path="/token$", nth=2, times=3, status=401, body=REFUSAL)
    virtual_time.waited.clear()
    result = gateway.ok()
    assert (result["changed"], gateway.stored.key_id) == (False, made)
    assert len(virtual_time.waited) == 3


def test_a_stored_value_that_cannot_be_tested_is_only_a_failure_outside_of_check_mode(gateway: Gateway) -> None:
    """Such as that of an application whose service principal an earlier task would only create."""
    made = gateway.ok()["key_id"]
    unknown = {"error": "unauthorized_client", "error_description": "AADSTS700016: Application was not found."}
    for check in (True, False):
        gateway.tenant.server.faults.clear()
        # The first token is the operator's.
        gateway.tenant.server.faults.add(path="/token$", nth=2, times=9, status=400, body=unknown)
        result = gateway.run(check=check)
        assert bool(result.get("failed")) is not check
        (text,) = result["notes"] if check else [result["msg"]]
        assert "AADSTS700016" in text
        assert text.startswith("The stored credential could not be tried: ") is check
    assert {*gateway.secrets} == {made}


def test_without_verify_token_no_value_is_tested(gateway: Gateway) -> None:
    gateway.ok(verify_token=False)
    gateway.tenant.clear_requests()
    gateway.ok(verify_token=False)
    asked = [entry for entry in gateway.tenant.server.requests() if not entry.is_graph]
    assert len([entry for entry in asked if entry.path.endswith("/token")]) == 1  # the operator's


def test_the_token_is_kept_for_the_verification_of_the_same_run(gateway: Gateway) -> None:
    gateway.ok()
    record = gateway.stored
    key = Credential(tenant_id=record.tenant_id, client_id=record.client_id, key_id=record.key_id)
    assert recall_token(gateway.tenant.memory, key, resource=gateway.tenant.server.graph) is not None


def test_a_store_of_another_application_is_refused_and_not_changed(gateway: Gateway) -> None:
    other = gateway.tenant.register("other")
    kept = Record(client_id=other["client_id"], key_id="1" * 8 + "-1111-1111-1111-" + "1" * 12, client_secret="x" * 40)
    gateway.shelves[0].keep(kept)
    for check in (True, False):
        gateway.fails("has the credential of another application", check=check)
    assert (gateway.shelves[0].record, gateway.secrets) == (kept, {})


def test_a_store_of_another_tenant_is_refused(gateway: Gateway) -> None:
    gateway.ok()
    gateway.shelves[0].keep(dataclasses.replace(gateway.stored, tenant_id="2" * 8 + "-2222-2222-2222-" + "2" * 12))
    gateway.fails("in the tenant 22222222")
    assert len(gateway.secrets) == 1


def test_a_store_of_a_deleted_application_is_reused(gateway: Gateway) -> None:
    gone = Record(
        client_id="3" * 8 + "-3333-3333-3333-" + "3" * 12,
        key_id="4" * 8 + "-4444-4444-4444-" + "4" * 12,
        client_secret="x" * 40,
    )
    gateway.shelves[0].keep(gone)
    result = gateway.ok()
    assert result["previous_key_ids"] == []
    gateway.check_promise()


def test_the_most_recent_secret_is_written_to_a_store_that_lost_it(two: Gateway) -> None:
    made = two.ok()["key_id"]
    for lost in two.shelves:
        lost.keep(None)
        result = two.ok()
        assert (result["changed"], result["key_id"]) == (True, made)
        two.check_promise()


@pytest.mark.parametrize("broken", ["check", "write"])
@pytest.mark.parametrize("position", [0, 1])
def test_either_all_stores_have_the_new_secret_or_none(two: Gateway, broken: str, position: int) -> None:
    old = due(two)
    before = [shelf.record for shelf in two.shelves]
    two.shelves[position].broken.add(broken)
    result = two.fails(f"store{position}.json cannot {broken}")
    assert {*two.secrets} == {old}
    assert [shelf.record for shelf in two.shelves] == before
    assert ("removed from the tenant again" in result["msg"]) is (broken == "write")
    assert (two.tenant.writes == []) is (broken == "check")
    assert not two.claims.exists()
    two.shelves[position].broken.clear()
    assert two.ok()["previous_key_ids"] == [old]
    two.check_promise()


def test_an_unreadable_store_stops_the_task_before_a_secret_is_created(two: Gateway) -> None:
    two.shelves[1].broken.add("read")
    two.fails("store1.json cannot read")
    assert two.secrets == {}


@pytest.mark.parametrize("position", [0, 1])
def test_a_write_with_a_lost_response_is_rolled_back(two: Gateway, position: int) -> None:
    old = due(two)
    before = [shelf.record for shelf in two.shelves]
    two.shelves[position].loses_writes = 1
    two.fails("did not answer", "removed from the tenant again")
    assert ({*two.secrets}, [shelf.record for shelf in two.shelves]) == ({old}, before)


def test_the_new_secret_is_kept_if_a_store_cannot_be_rolled_back(two: Gateway) -> None:
    """The next run continues with the one that a store has."""
    old = due(two)

    def break_reading(step: str) -> None:
        if step == "written":
            two.shelves[0].broken.add("read")

    two.shelves[0].then = break_reading
    two.shelves[1].broken.add("write")
    result = two.fails("could not be removed either")
    new = two.stored.key_id
    assert new in result["msg"]
    assert {*two.secrets} == {old, new}
    assert two.claims.exists()
    two.shelves[0].broken.clear()
    two.shelves[1].broken.clear()
    two.shelves[0].then = None
    assert two.ok()["key_id"] == new
    two.check_promise()


def test_a_new_secret_that_cannot_be_removed_is_removed_by_the_next_run(gateway: Gateway) -> None:
    old = due(gateway)
    gateway.shelves[0].broken.add("write")
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    gateway.tenant.server.faults.add(path="removePassword", status=403, body=denied, times=9)
    gateway.fails("could not be removed either")
    (orphan,) = {*gateway.secrets} - {old}
    gateway.tenant.server.faults.clear()
    gateway.shelves[0].broken.clear()
    predicted = gateway.ok(check=True)
    assert predicted["removed_key_ids"] == [orphan]
    assert gateway.ok()["removed_key_ids"] == [orphan]
    gateway.check_promise()


def test_a_new_secret_that_is_not_accepted_is_removed_and_the_old_one_kept(gateway: Gateway) -> None:
    old = due(gateway)
    before = gateway.stored

    def refuse() -> None:
        gateway.tenant.server.faults.add(path="/token$", status=401, body=REFUSAL, times=999)

    gateway.tenant.server.faults.add(path="addPassword", then=refuse)
    gateway.fails("could not be stored", "AADSTS7000215", "removed from the tenant again", wait_timeout=30)
    gateway.tenant.server.faults.clear()
    assert ({*gateway.secrets}, gateway.stored) == ({old}, before)
    assert not gateway.claims.exists()


def test_a_single_write_only_store_is_trusted_and_its_value_kept_in_memory(tenant: Tenant, tmp_path: Path) -> None:
    tenant.register()
    gateway = Gateway(tenant, tmp_path, blind=(True,))
    made = gateway.ok()
    key = Credential(tenant_id=gateway.stored.tenant_id, client_id=made["client_id"], key_id=made["key_id"])
    assert recall_value(tenant.memory, key) == gateway.stored.client_secret
    again = gateway.ok(profile="outbound_smtp")
    assert (again["key_id"], again["changed"]) == (made["key_id"], True)
    assert "cannot return it" in again["notes"][0]
    gateway.check_promise()


def test_a_write_only_store_is_written_last_and_rolled_back_from_another_store(tenant: Tenant, tmp_path: Path) -> None:
    tenant.register()
    gateway = Gateway(tenant, tmp_path, blind=(True, False))
    old = due(gateway)
    before = [shelf.record for shelf in gateway.shelves]
    gateway.shelves[0].loses_writes = 1
    gateway.fails("removed from the tenant again")
    assert [shelf.record for shelf in gateway.shelves] == before
    assert {*gateway.secrets} == {old}


def test_a_single_write_only_store_cannot_be_rolled_back(tenant: Tenant, tmp_path: Path) -> None:
    """The write-only store keeps the new secret, and the next run uses it."""
    tenant.register()
    gateway = Gateway(tenant, tmp_path, blind=(True,))
    old = due(gateway)
    gateway.shelves[0].loses_writes = 1
    result = gateway.fails("could not be removed either", "its previous value cannot be read from a store")
    new = gateway.stored.key_id
    assert new in result["msg"]
    assert {*gateway.secrets} == {old, new}
    assert gateway.ok()["key_id"] == new
    gateway.check_promise()


def test_different_write_only_stores_get_a_new_secret(tenant: Tenant, tmp_path: Path) -> None:
    tenant.register()
    gateway = Gateway(tenant, tmp_path, blind=(True, True))
    made = gateway.ok()["key_id"]
    gateway.shelves[1].keep(None)
    assert gateway.ok()["key_id"] != made
    gateway.check_promise()
