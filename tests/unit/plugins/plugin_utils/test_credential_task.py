# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole task of azure_app_secret with stores: creation, renewal, hand-over and retirement, and its results."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.run_folder import Run
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.credential_gateway import Gateway
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.credential_states import KEYS, due
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant


def test_the_first_run_creates_tests_and_stores_one_secret(gateway: Gateway) -> None:
    result = gateway.ok(profile="outbound_smtp")
    assert result["changed"] is True
    assert result.keys() >= KEYS
    assert result["client_secret"] is None
    assert str(gateway.stored.client_secret) not in json.dumps(result)
    assert gateway.stored.profile == "outbound_smtp"
    assert (result["key_id"], result["start"]) == (gateway.stored.key_id, gateway.stored.secret_start)
    assert [write.rsplit("/", 1)[-1] for write in gateway.tenant.writes] == ["addPassword"]
    gateway.check_promise()


def test_the_steady_state_sends_three_requests_and_changes_no_file(gateway: Gateway) -> None:
    gateway.ok()
    before = sorted(path.name for path in gateway.folder.iterdir())
    gateway.shelves[0].writes.clear()
    gateway.tenant.clear_requests()
    result = gateway.ok()
    assert result["changed"] is False
    assert gateway.tenant.writes == []
    assert gateway.shelves[0].writes == []
    # The sign-in of the operator, the application, and the sign-in with the stored value, each with its discovery.
    assert gateway.tenant.graph_requests == 1
    assert sorted(path.name for path in gateway.folder.iterdir()) == before


def test_a_secret_that_another_machine_stored_concurrently_is_used(gateway: Gateway) -> None:
    """Machines do not share a lock: the later one removes its own secret again."""
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


def test_an_invalid_record_of_another_machine_is_not_used(gateway: Gateway) -> None:
    shelf = gateway.shelves[0]
    unknown = Record(client_id=gateway.application["appId"], key_id="1" * 8 + "-1111-1111-1111-" + "1" * 12,
                     tenant_id=gateway.tenant.server.tenant_id, client_secret="x" * 40)  # fmt: skip

    def another_run(step: str) -> None:
        if step == "write":
            shelf.keep(unknown)

    shelf.then = another_run
    failure = gateway.fails("changed by another program", "removed from the tenant again")
    assert failure["error"]["next_step"]
    assert (gateway.secrets, shelf.record, gateway.claims.exists()) == ({}, unknown, False)


def test_check_mode_predicts_a_new_secret_and_writes_nothing(gateway: Gateway) -> None:
    result = gateway.ok(check=True, hand_over=True)
    assert (result["changed"], result["key_id"], result["hand_over"], result["prune"]) == (True, None, False, False)
    assert gateway.tenant.writes == []
    assert not gateway.shelves[0].path.exists()
    assert not gateway.claims.exists()
    assert result.keys() >= KEYS


@pytest.mark.parametrize("options", [{}, {"client_id": None}, {"unique_name": None}, {"unique_name": ""}], ids=str)
def test_check_mode_predicts_a_secret_of_an_unregistered_application(
    tenant: Tenant, tmp_path: Path, options: Json
) -> None:
    gateway = Gateway(tenant, tmp_path)
    if options:
        del gateway.options["unique_name"]
    result = gateway.ok(check=True, hand_over=True, **options)
    assert (result["changed"], result["client_id"], result["key_id"]) == (True, None, None)
    assert (result["hand_over"], result["prune"], result["handed_over"]) == (False, False, False)


def test_check_mode_refuses_the_store_of_another_application_before_registration(
    tenant: Tenant, tmp_path: Path
) -> None:
    gateway = Gateway(tenant, tmp_path)
    other = tenant.register("other")
    gateway.shelves[0].keep(Record(client_id=other["client_id"], key_id="k", client_secret="x" * 40))
    gateway.fails("has the credential of another application", check=True)


def test_a_missing_application_is_a_failure_outside_of_check_mode(tenant: Tenant, tmp_path: Path) -> None:
    Gateway(tenant, tmp_path).fails("Could not find", "register it first")


def test_check_mode_predicts_a_renewal(gateway: Gateway) -> None:
    old = due(gateway)
    result = gateway.ok(check=True)
    assert (result["changed"], result["key_id"], result["previous_key_ids"]) == (True, None, [old])
    assert (gateway.tenant.writes, gateway.shelves[0].writes) == ([], [])


def test_a_renewal_keeps_and_records_the_old_secret(gateway: Gateway) -> None:
    old = due(gateway)
    result = gateway.ok()
    assert result["previous_key_ids"] == [old]
    assert {*gateway.secrets} == {old, result["key_id"]}
    gateway.check_promise()


def test_rotate_replaces_the_secret_that_was_stored_when_the_run_began(gateway: Gateway) -> None:
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


def test_a_second_host_does_not_rotate_a_first_secret(gateway: Gateway) -> None:
    gateway.same_run = True
    first = gateway.ok(rotate=True)
    assert gateway.ok(rotate=True)["key_id"] == first["key_id"]
    assert len(gateway.secrets) == 1


def test_a_changed_profile_is_stored_without_a_new_secret(gateway: Gateway) -> None:
    made = gateway.ok(profile="outbound_smtp")
    result = gateway.ok(profile="outbound_microsoft365")
    assert (result["changed"], result["key_id"]) == (True, made["key_id"])
    assert gateway.stored.profile == "outbound_microsoft365"
    gateway.check_promise()


@pytest.mark.parametrize(
    "fault", [{"close_before": True}, {"close_after": True}, {"status": 504, "processed": True}], ids=str
)
def test_a_lost_response_ends_with_one_secret(gateway: Gateway, fault: Json) -> None:
    gateway.tenant.server.faults.add(method="POST", path="addPassword", **fault)
    gateway.ok()
    assert {*gateway.secrets} == {gateway.stored.key_id}
    # Later runs search for a secret of a request that may still be processed.
    assert gateway.claims.exists() is ("close_before" in fault)


def test_permanently_lost_responses_only_leave_the_claim(gateway: Gateway) -> None:
    gateway.tenant.server.faults.add(method="POST", path="addPassword", close_after=True, times=99)
    gateway.fails()
    assert (gateway.secrets, gateway.claims.exists()) == ({}, True)
    gateway.tenant.server.faults.clear()
    gateway.ok()
    gateway.check_promise()


def test_a_value_without_its_key_id_is_not_stored(gateway: Gateway) -> None:
    """It could not be renewed or removed."""
    gateway.tenant.server.faults.add(
        method="POST", path="addPassword", status=200, body={"secretText": "a-value-without-its-key-id"}
    )
    gateway.fails("returned no key id of the new credential", "its key id is not known")
    assert (gateway.shelves[0].record, gateway.claims.exists()) == (None, True)
    gateway.ok()
    gateway.check_promise(may_claim=True)


def test_a_refusal_leaves_no_claim(gateway: Gateway) -> None:
    gateway.tenant.sign_in_with("Application.Read.All")
    gateway.fails("Could not create a client secret")
    assert not gateway.claims.exists()


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


def test_replaced_secrets_are_kept_until_all_hosts_were_served(gateway: Gateway) -> None:
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


def test_hosts_that_the_run_still_serves_are_in_no_note(gateway: Gateway) -> None:
    gateway.sharing = {"": ("one", "two")}
    gateway.live = ("one", "two")
    options: Json = {"hand_over": True, "overlap_days": 7}
    gateway.ok(**options)
    for host in ("one", "two"):
        gateway.host = host
        gateway.ok(state="pruned", handed_over=True, **options)
    gateway.host = "one"
    renewed = gateway.ok(rotate=True, **options)
    assert (renewed["hand_over"], renewed["pending_hosts"], renewed["notes"]) == (True, ["one", "two"], [])
    record = gateway.ok(state="pruned", handed_over=True, **options)
    assert (record["pending_hosts"], record["notes"]) == (["two"], [])
    # The second host failed.
    gateway.live = ("one",)
    (note,) = gateway.ok(**options)["notes"]
    assert "two had it" in note


def test_a_hand_over_is_not_recorded_under_ignore_errors(gateway: Gateway) -> None:
    gateway.ok(hand_over=True)
    gateway.ignore_errors = True
    gateway.fails("ignore_errors", state="pruned", handed_over=True, hand_over=True)
    assert gateway.stored.handed_over_to == ()


def test_a_hand_over_needs_a_stored_credential(gateway: Gateway) -> None:
    gateway.fails("has no credential of", "state=present", state="pruned", handed_over=True, hand_over=True)
    assert (gateway.shelves[0].record, gateway.tenant.writes) == (None, [])


def test_a_concurrently_emptied_store_is_not_pruned(gateway: Gateway) -> None:
    old = due(gateway)
    new = gateway.ok(overlap_days=0)["key_id"]
    reads: list[str] = []

    def empty(step: str) -> None:
        reads.append(step)
        if reads.count("read") == 2:  # the read under the locks
            gateway.shelves[0].keep(None)

    gateway.shelves[0].then = empty
    assert gateway.ok(state="pruned", overlap_days=0)["changed"] is False
    assert {*gateway.secrets} == {old, new}


def test_check_mode_records_no_hand_over(gateway: Gateway) -> None:
    gateway.ok(hand_over=True)
    result = gateway.ok(check=True, hand_over=True)
    assert (result["changed"], result["hand_over"]) == (False, False)


def test_a_replaced_secret_is_only_removed_after_the_overlap(gateway: Gateway) -> None:
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


def test_check_mode_predicts_the_record_of_a_hand_over_without_a_removal(gateway: Gateway) -> None:
    old = due(gateway)
    gateway.ok(hand_over=True)
    predicted = gateway.ok(check=True, state="pruned", handed_over=True)
    assert (predicted["changed"], predicted["handed_over"], predicted["previous_key_ids"]) == (True, True, [old])
    assert gateway.stored.handed_over_to == ()


def test_a_foreign_secret_of_the_same_description_is_not_removed(gateway: Gateway) -> None:
    strange = gateway.tenant.ok("azure_app_secret", unique_name="gateway", description="mail gateway")["key_id"]
    made = gateway.ok()
    assert made["other_key_ids"] == [strange]
    gateway.ok(rotate=True, overlap_days=0)
    gateway.ok(state="pruned", overlap_days=0)
    assert strange in gateway.secrets


def test_retiring_needs_a_confirmation_and_removes_everything(two: Gateway) -> None:
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


def test_retiring_works_without_the_application(gateway: Gateway) -> None:
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


def test_no_locks_are_left_in_the_folder_of_the_run(gateway: Gateway) -> None:
    gateway.ok()
    for path in gateway.folder.glob("azure_apps.*.lock"):
        assert os.stat(path).st_mode & 0o777 == 0o600


def test_invalid_options_are_refused_before_any_request(gateway: Gateway) -> None:
    gateway.fails("overlap_days is 3651", overlap_days=3651)
    gateway.fails("a certificate whose key it did not create", module="azure_app_certificate", path=None)
    assert gateway.tenant.server.requests() == []


def test_a_module_in_its_own_process_cannot_open_stores(gateway: Gateway) -> None:
    stores = [{"type": "ansible_vault"}]
    for module, options in (("azure_app_secret", gateway.options), ("azure_app_credential_info", {})):
        refused = gateway.tenant.fails(module, **options, stores=stores)
        assert "needs the action plugin of this module" in refused["msg"]
    assert gateway.tenant.writes == []
