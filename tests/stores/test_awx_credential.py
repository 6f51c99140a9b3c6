# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role with a credential of AWX, against a stand-in for AWX's API."""

from __future__ import annotations

import datetime
import json
import typing as t

import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.stores.awx import Awx
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

FILE: Json = {"type": "ansible_vault"}
STORE = Awx.store
ALONE: dict[str, t.Any] = {"gateway_app_stores": [STORE]}
BOTH: dict[str, t.Any] = {"gateway_app_stores": [STORE, FILE]}


def _secrets(playbooks: Playbooks) -> dict[str, Json]:
    return {c["keyId"]: c for c in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]}


def _due(playbooks: Playbooks, key_id: str) -> None:
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)
    _secrets(playbooks)[key_id]["endDateTime"] = soon.strftime("%Y-%m-%dT%H:%M:%SZ")


def _hook(playbooks: Playbooks) -> Json:
    hook = playbooks.folder / "hook.yml"
    hook.write_text(yaml.safe_dump([{"ansible.builtin.debug": {"msg": "the gateway got it"}}]))
    return {"gateway_app_after_new_secret": str(hook)}


def _quiet(run: Run, awx: Awx) -> None:
    run.ok()
    assert (run.writes, awx.writes) == ([], [])
    assert "changed=0 " in run.output


def test_a_credential_can_be_stored_and_rotated_in_awx(playbooks: Playbooks, awx: Awx) -> None:
    made = playbooks.register(**ALONE).ok().results["gateway_app_result"]
    assert made["proven"] is True
    reference = {name: STORE[name] for name in ("type", "credential_type", "name")}
    assert made["stores"] == [{**reference, "readable": False}]
    in_awx = dict(awx.inputs(STORE["name"]))
    assert (in_awx["key_id"], in_awx["client_id"], in_awx["handed_over_to"]) == (
        made["key_id"],
        made["client_id"],
        "[]",
    )
    assert playbooks.tenant.ok(
        "azure_app_token_info",
        tenant_id=made["tenant_id"],
        client_id=in_awx["client_id"],
        client_secret=in_awx["client_secret"],
    )["proven"]
    awx.writes.clear()
    _quiet(playbooks.register(**ALONE), awx)
    # A rotation, predicted and done.
    _due(playbooks, made["key_id"])
    predicted = playbooks.register("--check", "--diff", entry="rotate", **ALONE).ok()
    assert (predicted.writes, awx.writes) == ([], [])
    new = playbooks.register(entry="rotate", **ALONE).ok().results["gateway_app_result"]["key_id"]
    rotated = dict(awx.inputs(STORE["name"]))
    assert (rotated["key_id"], json.loads(rotated["previous_key_ids"])) == (new, [made["key_id"]])
    assert rotated["client_secret"] != in_awx["client_secret"]
    # The metadata changes without the value, which AWX does not return.
    playbooks.register(entry="rotate", gateway_app_overlap_days=0, **ALONE).ok()
    assert _secrets(playbooks).keys() == {new}
    assert awx.inputs(STORE["name"]) == {**rotated, "previous_key_ids": "[]"}
    # The credential is removed by hand.
    awx.credentials.clear()
    assert playbooks.register(**ALONE).ok().results["gateway_app_result"]["key_id"] != new
    assert awx.inputs(STORE["name"])["client_secret"] != rotated["client_secret"]


def test_a_file_and_awx_have_the_same_content(playbooks: Playbooks, awx: Awx) -> None:
    # No secret is created while AWX is down.
    down = playbooks.register(environ={"CONTROLLER_OAUTH_TOKEN": "another"}, **BOTH)
    assert down.failed("read the credential Mail gateway Vienna in AWX", "Check CONTROLLER_OAUTH_TOKEN").writes == []
    first = playbooks.register(**BOTH, **_hook(playbooks)).ok()
    key_id = first.results["gateway_app_result"]["key_id"]
    before = dict(awx.inputs(STORE["name"]))
    assert playbooks.stored()["client_secret"] == before["client_secret"]
    assert playbooks.stored()["handed_over_to"] == json.loads(before["handed_over_to"]) == ["localhost"]
    awx.writes.clear()
    again = playbooks.register(**BOTH)
    _quiet(again, awx)
    assert again.results["gateway_app_result"]["proven"] is True
    # If it fails between creating and storing, neither has the new secret.
    _due(playbooks, key_id)
    kept = playbooks.stored()
    for broken, token in ((True, awx.token), (False, awx.reader)):
        awx.broken = broken
        failed = playbooks.register(environ={"CONTROLLER_OAUTH_TOKEN": token}, **BOTH)
        failed.failed(
            "could not be stored", "change the credential Mail gateway Vienna in AWX", "removed from the tenant again"
        )
        assert list(_secrets(playbooks)) == [key_id]
        assert (awx.inputs(STORE["name"]), playbooks.stored()) == (before, kept)


def test_missing_objects_in_awx_are_reported_before_a_secret_is_created(playbooks: Playbooks, awx: Awx) -> None:
    other: dict[str, t.Any] = {"gateway_app_stores": [{**STORE, "credential_type": "Machine"}]}
    refused = playbooks.register(**other).failed("has no credential type Machine with the fields")
    assert (refused.writes, awx.writes) == ([], [])


def test_retiring_removes_the_credential_of_awx(playbooks: Playbooks, awx: Awx) -> None:
    playbooks.register(**ALONE).ok()
    retired: Json = {"entry": "retire", "gateway_app_retire_confirmed": "gateway", **ALONE}
    awx.writes.clear()
    predicted = playbooks.register("--check", **retired).ok()
    assert (predicted.writes, awx.writes) == ([], [])
    playbooks.register(**retired).ok()
    assert (awx.credentials, playbooks.tenant.applications) == ({}, [])
    awx.writes.clear()
    _quiet(playbooks.register(**retired), awx)


def test_a_credential_that_was_created_by_hand_is_not_changed(playbooks: Playbooks, awx: Awx) -> None:
    by_hand = {"tenant_id": "theirs", "client_secret": "theirs-as-well"}
    awx.credentials[8] = {"id": 8, "name": STORE["name"], "credential_type": 30, "organization": 1, "inputs": by_hand}
    assert playbooks.register(**ALONE).failed("was not written by this collection").writes == []
    assert (awx.writes, awx.inputs(STORE["name"])) == ([], by_hand)
