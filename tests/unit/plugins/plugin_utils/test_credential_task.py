# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole task of azure_app_secret with stores: what the tenant and the stores hold after each way it can go."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.run_folder import Run
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import (
    Credential,
    recall_token,
    recall_value,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.credential_gateway import Gateway
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

REFUSAL = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
KEYS = {
    "changed",
    "client_id",
    "application_object_id",
    "tenant_id",
    "key_id",
    "description",
    "start",
    "end",
    "days_left",
    "fresh",
    "client_secret",
    "stores",
    "previous_key_ids",
    "handed_over",
    "handed_over_to",
    "pending_hosts",
    "hand_over",
    "prune",
    "notes",
    "removed_key_ids",
}


@pytest.fixture
def gateway(tenant: Tenant, tmp_path: Path) -> Gateway:
    tenant.register()
    return Gateway(tenant, tmp_path)


@pytest.fixture
def two(tenant: Tenant, tmp_path: Path) -> Gateway:
    tenant.register()
    return Gateway(tenant, tmp_path, blind=(False, False))


def due(gateway: Gateway) -> str:
    """A first secret that has to be renewed; its key id."""
    made: str = gateway.ok()["key_id"]
    gateway.age(made, days=170)
    gateway.expire(made, days=3)
    gateway.ok(renew_before_days=1)  # the stores take over what the tenant shows
    for shelf in gateway.shelves:
        shelf.writes.clear()
    gateway.tenant.forget_requests()
    return made


# The way it should go


def test_the_first_run_creates_tries_and_stores_one_secret(gateway: Gateway) -> None:
    result = gateway.ok(profile="outbound_smtp")
    assert result["changed"] is True
    assert result.keys() >= KEYS
    assert result["client_secret"] is None
    assert str(gateway.stored.client_secret) not in json.dumps(result)
    assert gateway.stored.profile == "outbound_smtp"
    assert (result["key_id"], result["start"]) == (gateway.stored.key_id, gateway.stored.secret_start)
    assert [write.rsplit("/", 1)[-1] for write in gateway.tenant.writes] == ["addPassword"]
    gateway.check_promise()


def test_a_steady_state_sends_three_requests_and_touches_no_file(gateway: Gateway) -> None:
    gateway.ok()
    before = sorted(path.name for path in gateway.folder.iterdir())
    gateway.shelves[0].writes.clear()
    gateway.tenant.forget_requests()
    result = gateway.ok()
    assert result["changed"] is False
    assert gateway.tenant.writes == []
    assert gateway.shelves[0].writes == []
    # The sign-in of the operator, the application, and the sign-in with the stored value, each with its discovery.
    assert gateway.tenant.graph_requests == 1
    assert sorted(path.name for path in gateway.folder.iterdir()) == before


def test_what_another_machine_stored_meanwhile_is_used(gateway: Gateway) -> None:
    """Machines see no lock of each other: the one that comes later removes its own secret again."""
    shelf = gateway.shelves[0]
    stored: list[str] = []

    def another_run(step: str) -> None:
        if step != "write" or stored:
            return
        memory, gateway.tenant.memory = gateway.tenant.memory, SharedMemory()
        made = gateway.tenant.ok(
            "azure_app_secret", unique_name="gateway", description="mail gateway", stored_key_id=""
        )
        gateway.tenant.memory = memory
        stored.append(made["key_id"])
        shelf.keep(
            Record(
                client_id=made["client_id"],
                key_id=made["key_id"],
                tenant_id=gateway.tenant.server.tenant_id,
                secret_start=made["start"],
                secret_expires=made["end"],
                client_secret=made["client_secret"],
            )
        )

    shelf.then = another_run
    result = gateway.ok()
    assert [result["key_id"]] == stored
    assert {*gateway.secrets} == {*stored}
    gateway.check_promise()


def test_check_mode_predicts_a_new_secret_and_writes_nothing(gateway: Gateway) -> None:
    result = gateway.ok(check=True, hand_over=True)
    assert (result["changed"], result["key_id"], result["hand_over"], result["prune"]) == (True, None, False, False)
    assert gateway.tenant.writes == []
    assert not gateway.shelves[0].path.exists()
    assert not gateway.claims.exists()
    assert result.keys() >= KEYS


@pytest.mark.parametrize("options", [{}, {"client_id": None}, {"unique_name": None}, {"unique_name": ""}], ids=str)
def test_check_mode_predicts_also_for_an_application_that_does_not_exist_yet(
    tenant: Tenant, tmp_path: Path, options: Json
) -> None:
    gateway = Gateway(tenant, tmp_path)
    if options:
        del gateway.options["unique_name"]
    result = gateway.ok(check=True, hand_over=True, **options)
    assert (result["changed"], result["client_id"], result["key_id"]) == (True, None, None)
    assert (result["hand_over"], result["prune"], result["handed_over"]) == (False, False, False)


def test_a_missing_application_fails_outside_of_check_mode(tenant: Tenant, tmp_path: Path) -> None:
    Gateway(tenant, tmp_path).fails("Could not find", "register it first")


def test_check_mode_of_a_renewal_predicts_it(gateway: Gateway) -> None:
    old = due(gateway)
    result = gateway.ok(check=True)
    assert (result["changed"], result["key_id"], result["previous_key_ids"]) == (True, None, [old])
    assert (gateway.tenant.writes, gateway.shelves[0].writes) == ([], [])


def test_a_renewal_keeps_the_old_secret_and_notes_it(gateway: Gateway) -> None:
    old = due(gateway)
    result = gateway.ok()
    assert result["previous_key_ids"] == [old]
    assert {*gateway.secrets} == {old, result["key_id"]}
    gateway.check_promise()


def test_rotate_replaces_what_was_stored_when_the_run_began(gateway: Gateway) -> None:
    first = gateway.ok()["key_id"]
    gateway.same_run = True
    second = gateway.ok(rotate=True)["key_id"]
    gateway.host = "two"
    again = gateway.ok(rotate=True)
    assert (again["key_id"], again["changed"]) == (second, False)
    assert {*gateway.secrets} == {first, second}
    gateway.same_run = False
    third = gateway.ok(rotate=True)
    assert third["previous_key_ids"] == [first, second]


def test_without_a_store_before_a_second_host_does_not_rotate(gateway: Gateway) -> None:
    gateway.same_run = True
    first = gateway.ok(rotate=True)
    assert gateway.ok(rotate=True)["key_id"] == first["key_id"]
    assert len(gateway.secrets) == 1


def test_another_profile_is_written_without_a_new_secret(gateway: Gateway) -> None:
    made = gateway.ok(profile="outbound_smtp")
    result = gateway.ok(profile="outbound_microsoft365")
    assert (result["changed"], result["key_id"]) == (True, made["key_id"])
    assert gateway.stored.profile == "outbound_microsoft365"
    gateway.check_promise()


# Trying what is stored


def test_a_stored_value_that_is_refused_is_replaced_and_stays_in_the_tenant(gateway: Gateway) -> None:
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


def test_a_fresh_stored_value_that_is_refused_is_waited_for(gateway: Gateway, virtual_time: VirtualTime) -> None:
    made = gateway.ok()["key_id"]
    # The first token is the operator's.
    gateway.tenant.server.faults.add(path="/token$", nth=2, times=3, status=401, body=REFUSAL)
    virtual_time.waited.clear()
    result = gateway.ok()
    assert (result["changed"], gateway.stored.key_id) == (False, made)
    assert len(virtual_time.waited) == 3


def test_without_verify_token_nothing_is_tried(gateway: Gateway) -> None:
    gateway.ok(verify_token=False)
    gateway.tenant.forget_requests()
    gateway.ok(verify_token=False)
    asked = [entry for entry in gateway.tenant.server.requests() if not entry.is_graph]
    assert len([entry for entry in asked if entry.path.endswith("/token")]) == 1  # the operator's


def test_the_token_is_left_for_the_proof_of_the_same_run(gateway: Gateway) -> None:
    gateway.ok()
    record = gateway.stored
    key = Credential(tenant_id=record.tenant_id, client_id=record.client_id, key_id=record.key_id)
    assert recall_token(gateway.tenant.memory, key, resource=gateway.tenant.server.graph) is not None


# Whose stores they are


def test_a_store_of_another_application_is_refused_and_left(gateway: Gateway) -> None:
    other = gateway.tenant.register("other")
    kept = Record(client_id=other["client_id"], key_id="1" * 8 + "-1111-1111-1111-" + "1" * 12, client_secret="x" * 40)
    gateway.shelves[0].keep(kept)
    for check in (True, False):
        gateway.fails("holds the credential of another application", check=check)
    assert (gateway.shelves[0].record, gateway.secrets) == (kept, {})


def test_a_store_of_another_tenant_is_refused(gateway: Gateway) -> None:
    gateway.ok()
    gateway.shelves[0].keep(dataclasses.replace(gateway.stored, tenant_id="2" * 8 + "-2222-2222-2222-" + "2" * 12))
    gateway.fails("in the tenant 22222222")
    assert len(gateway.secrets) == 1


def test_a_store_of_an_application_that_is_gone_is_taken_over(gateway: Gateway) -> None:
    gone = Record(
        client_id="3" * 8 + "-3333-3333-3333-" + "3" * 12,
        key_id="4" * 8 + "-4444-4444-4444-" + "4" * 12,
        client_secret="x" * 40,
    )
    gateway.shelves[0].keep(gone)
    result = gateway.ok()
    assert result["previous_key_ids"] == []
    gateway.check_promise()


# Several stores


def test_the_most_recent_secret_is_written_to_a_store_that_lost_it(two: Gateway) -> None:
    made = two.ok()["key_id"]
    for lost in two.shelves:
        lost.keep(None)
        result = two.ok()
        assert (result["changed"], result["key_id"]) == (True, made)
        two.check_promise()


@pytest.mark.parametrize("broken", ["check", "write"])
@pytest.mark.parametrize("position", [0, 1])
def test_all_stores_have_the_new_secret_or_none_has(two: Gateway, broken: str, position: int) -> None:
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


def test_a_store_that_cannot_be_read_stops_the_task_before_a_secret_is_made(two: Gateway) -> None:
    two.shelves[1].broken.add("read")
    two.fails("store1.json cannot read")
    assert two.secrets == {}


@pytest.mark.parametrize("position", [0, 1])
def test_a_write_whose_answer_was_lost_is_taken_back(two: Gateway, position: int) -> None:
    old = due(two)
    before = [shelf.record for shelf in two.shelves]
    two.shelves[position].loses_writes = 1
    two.fails("did not answer", "removed from the tenant again")
    assert ({*two.secrets}, [shelf.record for shelf in two.shelves]) == ({old}, before)


def test_what_cannot_be_put_back_keeps_the_new_secret(two: Gateway) -> None:
    """The next run goes on with the one that a store has."""
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


def test_a_new_secret_that_is_never_accepted_is_removed_and_the_old_one_stays(gateway: Gateway) -> None:
    old = due(gateway)
    before = gateway.stored

    def refuse() -> None:
        gateway.tenant.server.faults.add(path="/token$", status=401, body=REFUSAL, times=999)

    gateway.tenant.server.faults.add(path="addPassword", then=refuse)
    gateway.fails("could not be kept", "AADSTS7000215", "removed from the tenant again", wait_timeout=30)
    gateway.tenant.server.faults.clear()
    assert ({*gateway.secrets}, gateway.stored) == ({old}, before)
    assert not gateway.claims.exists()


# Stores that cannot give a value back


def test_a_blind_store_alone_is_believed_and_its_value_stays_in_the_memory_of_the_run(
    tenant: Tenant, tmp_path: Path
) -> None:
    tenant.register()
    gateway = Gateway(tenant, tmp_path, blind=(True,))
    made = gateway.ok()
    key = Credential(tenant_id=gateway.stored.tenant_id, client_id=made["client_id"], key_id=made["key_id"])
    assert recall_value(tenant.memory, key) == gateway.stored.client_secret
    again = gateway.ok(profile="outbound_smtp")
    assert (again["key_id"], again["changed"]) == (made["key_id"], True)
    assert "cannot give it back" in again["notes"][0]
    gateway.check_promise()


def test_a_blind_store_is_written_last_and_gets_its_value_back_from_another_one(tenant: Tenant, tmp_path: Path) -> None:
    tenant.register()
    gateway = Gateway(tenant, tmp_path, blind=(True, False))
    old = due(gateway)
    before = [shelf.record for shelf in gateway.shelves]
    gateway.shelves[0].loses_writes = 1
    gateway.fails("removed from the tenant again")
    assert [shelf.record for shelf in gateway.shelves] == before
    assert {*gateway.secrets} == {old}


def test_blind_stores_that_differ_get_a_new_secret(tenant: Tenant, tmp_path: Path) -> None:
    tenant.register()
    gateway = Gateway(tenant, tmp_path, blind=(True, True))
    made = gateway.ok()["key_id"]
    gateway.shelves[1].keep(None)
    assert gateway.ok()["key_id"] != made
    gateway.check_promise()


# Lost answers, time-outs, kills


@pytest.mark.parametrize(
    "fault", [{"close_before": True}, {"close_after": True}, {"status": 504, "processed": True}], ids=str
)
def test_a_lost_answer_ends_with_one_secret(gateway: Gateway, fault: Json) -> None:
    gateway.tenant.server.faults.add(method="POST", path="addPassword", **fault)
    gateway.ok()
    assert {*gateway.secrets} == {gateway.stored.key_id}
    # A request that may still be processed is looked for by the next runs.
    assert gateway.claims.exists() is ("close_before" in fault)


def test_answers_that_are_always_lost_leave_nothing_but_the_claim(gateway: Gateway) -> None:
    gateway.tenant.server.faults.add(method="POST", path="addPassword", close_after=True, times=99)
    gateway.fails()
    assert (gateway.secrets, gateway.claims.exists()) == ({}, True)
    gateway.tenant.server.faults.clear()
    gateway.ok()
    gateway.check_promise()


def test_a_refusal_leaves_no_claim(gateway: Gateway) -> None:
    gateway.tenant.sign_in_with("Application.Read.All")
    gateway.fails("Could not create a client secret")
    assert not gateway.claims.exists()


# Where it must not be stored


@pytest.mark.parametrize("variable", ["awx_job_id", "tower_job_id"])
def test_a_job_of_awx_does_not_lose_a_secret_with_its_folder(gateway: Gateway, variable: str) -> None:
    (gateway.folder / "env").mkdir()
    (gateway.folder / "env" / "extravars").write_text("{}")
    (gateway.folder / "project").mkdir()
    gateway.runs_in = Run(
        working_folder=str(gateway.folder / "project"),
        playbook_folder=str(gateway.folder / "project"),
        variables={variable},
    )
    gateway.fails("AWX made for this job", "mounts into its jobs")
    assert gateway.tenant.server.requests() == []


# Hosts that share the application, and the hand-over


def test_hosts_are_waited_for_until_all_of_them_were_served(gateway: Gateway) -> None:
    gateway.sharing = {"": ("one", "two")}
    options: Json = {"hand_over": True, "overlap_days": 0}
    first = gateway.ok(**options)
    assert (first["hand_over"], first["handed_over"], first["pending_hosts"]) == (True, False, ["one", "two"])
    for host in ("one", "two"):
        gateway.host = host
        gateway.ok(state="pruned", handed_over=True, **options)
    assert gateway.stored.handed_over_to == ("one", "two")
    second = gateway.ok(rotate=True, **options)
    assert gateway.stored.pending_hosts == ("one", "two")
    assert second["prune"] is False
    gateway.host = "one"
    record = gateway.ok(state="pruned", handed_over=True, **options)
    assert (record["pending_hosts"], record["removed_key_ids"], record["handed_over"]) == (["two"], [], False)
    assert "two had it" in record["notes"][0]
    assert gateway.ok(**options)["hand_over"] is False
    gateway.host = "two"
    assert gateway.ok(**options)["hand_over"] is True
    done = gateway.ok(state="pruned", handed_over=True, **options)
    assert (done["handed_over"], done["removed_key_ids"]) == (True, [first["key_id"]])
    assert {*gateway.secrets} == {second["key_id"]}
    gateway.check_promise()


def test_a_hand_over_is_not_recorded_under_ignore_errors(gateway: Gateway) -> None:
    gateway.ok(hand_over=True)
    gateway.ignore_errors = True
    gateway.fails("ignore_errors", state="pruned", handed_over=True, hand_over=True)
    assert gateway.stored.handed_over_to == ()


def test_check_mode_hands_nothing_over(gateway: Gateway) -> None:
    gateway.ok(hand_over=True)
    result = gateway.ok(check=True, hand_over=True)
    assert (result["changed"], result["hand_over"]) == (False, False)


# The end


def test_a_replaced_secret_is_removed_after_the_overlap_and_not_before(gateway: Gateway) -> None:
    old = due(gateway)
    new = gateway.ok()
    assert new["prune"] is False
    assert gateway.ok(state="pruned")["changed"] is False
    gateway.age(new["key_id"], days=6.9)
    assert gateway.ok()["prune"] is False
    gateway.age(new["key_id"], days=7.1)
    assert gateway.ok()["prune"] is True
    predicted = gateway.ok(check=True, state="pruned")
    assert (predicted["changed"], {*gateway.secrets}) == (True, {old, new["key_id"]})
    result = gateway.ok(state="pruned")
    assert (result["changed"], result["removed_key_ids"], result["previous_key_ids"]) == (True, [old], [])
    gateway.check_promise()
    assert gateway.ok(state="pruned")["changed"] is False
    assert gateway.ok()["changed"] is False


def test_a_strange_secret_of_the_same_description_is_never_removed(gateway: Gateway) -> None:
    strange = gateway.tenant.ok("azure_app_secret", unique_name="gateway", description="mail gateway")["key_id"]
    made = gateway.ok()
    assert made["other_key_ids"] == [strange]
    gateway.ok(rotate=True, overlap_days=0)
    gateway.ok(state="pruned", overlap_days=0)
    assert strange in gateway.secrets


def test_retiring_removes_everything_and_has_to_be_confirmed(two: Gateway) -> None:
    two.ok()
    two.tenant.ok("azure_app_secret", unique_name="gateway", description="strange")
    federated: Json = {"name": "f", "issuer": "https://issuer.example", "subject": "s"}
    two.tenant.ok("azure_app_federated_credential", unique_name="gateway", **federated)
    two.fails("not confirmed", state="absent", confirm=["another"])
    assert len(two.secrets) == 2
    predicted = two.ok(check=True, state="absent", confirm=["gateway"])
    assert (predicted["changed"], len(two.secrets)) == (True, 2)
    two.claims.write_text("")
    result = two.ok(state="absent", confirm=["Gateway gateway"])
    assert result["changed"] is True
    assert len(result["removed_key_ids"]) == 3
    assert two.secrets == {}
    assert [shelf.record for shelf in two.shelves] == [None, None]
    assert not two.claims.exists()
    assert two.ok(state="absent")["changed"] is False


def test_retiring_works_when_the_application_is_gone(gateway: Gateway) -> None:
    gateway.ok()
    gateway.tenant.ok(
        "azure_app_registration", unique_name="gateway", display_name="Gateway gateway", state="absent", purge=True
    )
    assert gateway.ok(state="absent", confirm=["gateway"])["changed"] is True
    assert gateway.shelves[0].record is None


def test_all_states_return_the_same_members(gateway: Gateway) -> None:
    states: list[Json] = [{"check": True}, {}, {}, {"rotate": True}, {"state": "pruned"}, {"state": "absent"}]
    results = [gateway.ok(**state) for state in [*states, {"state": "pruned", "overlap_days": 0}]]
    assert {frozenset(result) for result in results} == {frozenset(results[0])}
    assert results[0].keys() >= KEYS


def test_the_run_s_folder_is_left_without_locks(gateway: Gateway) -> None:
    gateway.ok()
    for path in gateway.folder.glob("azure_apps.*.lock"):
        assert os.stat(path).st_mode & 0o777 == 0o600
