# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life cycle of a client secret: due, created, handed over, overlapped, pruned."""

from __future__ import annotations

import datetime
import json
import typing as t
from pathlib import Path

import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.file_store import FileStore
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json


def _rotate(playbooks: Playbooks, *arguments: str, **variables: t.Any) -> Run:
    return playbooks.register(*arguments, entry="rotate", **variables)


def _secrets(playbooks: Playbooks) -> dict[str, Json]:
    """The application's password credentials in the tenant, by key id."""
    return {c["keyId"]: c for c in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]}


def _point(**ago: float) -> str:
    point = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**ago)
    return point.strftime("%Y-%m-%dT%H:%M:%SZ")


def _registered_and_due(playbooks: Playbooks, **variables: t.Any) -> str:
    """A registration whose secret expires in five days; returns its key id."""
    key_id: str = playbooks.register(**variables).ok().results["gateway_app_result"]["key_id"]
    _secrets(playbooks)[key_id]["endDateTime"] = _point(days=-5)
    return key_id


def _hook(playbooks: Playbooks, *tasks: Json) -> str:
    path = playbooks.folder / "hook.yml"
    path.write_text(yaml.safe_dump(list(tasks)))
    return str(path)


def _only_predicts(run: Run) -> None:
    """A change is reported, and nothing was written."""
    run.ok()
    assert "changed=0 " not in run.output
    assert run.writes == []


WORKING: Json = {"ansible.builtin.debug": {"msg": "the gateway got {{ gateway_app_handover.key_id }}"}}
BROKEN: Json = {"ansible.builtin.fail": {"msg": "the gateway does not answer"}}


def test_a_secret_with_enough_days_left_is_kept(playbooks: Playbooks) -> None:
    made = playbooks.register().ok().results["gateway_app_result"]
    run = _rotate(playbooks).ok()
    assert run.writes == []
    assert "changed=0 " in run.output
    assert len(run.requests) <= 9, [entry.path for entry in run.requests]
    result = run.results["gateway_app_result"]
    unchanged = {"changed": False, "credential_changed": False, "credential_stored": False}
    assert result == {**made, **unchanged, "secret_days_left": result["secret_days_left"]}


def test_rotation_only_writes_the_secret(playbooks: Playbooks) -> None:
    old = _registered_and_due(playbooks)
    playbooks.tenant.application(uniqueName="gateway")["displayName"] = "Renamed in the portal"
    run = _rotate(playbooks).ok()
    assert [entry.path.rpartition("/")[2] for entry in run.writes] == ["addPassword"]
    result = run.results["gateway_app_result"]
    assert result["changed"] is result["proven"] is result["handed_over"] is True
    assert result["previous_key_ids"] == [old]
    assert playbooks.stored()["key_id"] == result["key_id"] != old
    assert _secrets(playbooks).keys() == {old, result["key_id"]}
    assert _rotate(playbooks).ok().writes == []


def test_register_prunes_replaced_secrets(playbooks: Playbooks) -> None:
    old = _registered_and_due(playbooks)
    playbooks.register(gateway_app_overlap_days=0).ok()
    assert old not in _secrets(playbooks)


def test_the_old_secret_is_kept_until_the_gateway_has_the_new_one(playbooks: Playbooks) -> None:
    old = _registered_and_due(playbooks)
    settings = {"gateway_app_overlap_days": 0}
    run = _rotate(playbooks, **settings, gateway_app_after_new_secret=_hook(playbooks, BROKEN))
    run.failed("the gateway does not answer")
    new = playbooks.stored()["key_id"]
    assert _secrets(playbooks).keys() == {old, new}
    assert playbooks.stored()["handed_over_to"] == []
    # The next run creates no other secret, but repeats the hand-over.
    again = _rotate(playbooks, **settings, gateway_app_after_new_secret=_hook(playbooks, BROKEN))
    assert again.failed("the gateway does not answer").writes == []
    done = _rotate(playbooks, **settings, gateway_app_after_new_secret=_hook(playbooks, WORKING)).ok()
    assert f"the gateway got {new}" in done.output
    assert _secrets(playbooks).keys() == {new}
    assert playbooks.stored()["handed_over_to"] == ["localhost"]
    last = _rotate(playbooks, **settings, gateway_app_after_new_secret=_hook(playbooks, BROKEN)).ok()
    assert last.writes == [], "a credential is handed over once"


def test_the_first_secret_is_handed_over(playbooks: Playbooks) -> None:
    run = playbooks.register(gateway_app_after_new_secret=_hook(playbooks, WORKING)).ok()
    assert "the gateway got" in run.output
    assert "the gateway got" not in playbooks.register(gateway_app_after_new_secret=_hook(playbooks, WORKING)).output


def test_the_tasks_for_the_gateway_do_not_get_the_operator_s_secret(playbooks: Playbooks) -> None:
    names = ("AZURE_TENANT", "AZURE_CLIENT_ID", "AZURE_SECRET")
    given = {name: playbooks.environ[name] for name in names}
    extra = playbooks.folder / "extra.yml"
    extra.write_text(yaml.safe_dump({"gateway_app_environment": given}))
    playbooks.own.add(extra)
    tasks = _hook(
        playbooks,
        {"ansible.builtin.command": "env", "register": "seen", "changed_when": False},
        {"ansible.builtin.assert": {"that": "'AZURE_CLIENT_ID' not in seen.stdout"}},
    )
    environ = dict.fromkeys(names)
    playbooks.register("-e", f"@{extra}", environ=environ, gateway_app_after_new_secret=tasks).ok()
    assert playbooks.stored()["handed_over_to"] == ["localhost"]


def _two_hosts(playbooks: Playbooks) -> tuple[Path, dict[str, t.Any]]:
    """An inventory with the hosts "one" and "two", and the variables with which they share an application."""
    inventory = playbooks.folder / "inventory.ini"
    inventory.write_text("one ansible_connection=local\ntwo ansible_connection=local\n")
    return inventory, {
        "gateway_app_profile": "outbound_smtp",
        "gateway_app_display_name": "Gateway",
        "gateway_app_unique_name": "gateway",
        "gateway_app_after_new_secret": _hook(playbooks, WORKING),
    }


def test_the_old_secret_is_kept_for_hosts_outside_of_the_limit(playbooks: Playbooks) -> None:
    inventory, variables = _two_hosts(playbooks)
    variables["gateway_app_overlap_days"] = 0

    def run(*arguments: str, entry: str = "rotate") -> Run:
        role = {"name": "email_gateway.azure_apps.gateway_app", "tasks_from": entry}
        notes = {"ansible.builtin.debug": {"msg": "{{ gateway_app_result.notes | join(' ') }}"}}
        tasks = [{"ansible.builtin.include_role": role}, notes]
        play = {"hosts": "all", "gather_facts": False, "vars": variables, "tasks": tasks}
        return playbooks.run([play], "-i", str(inventory), *arguments).ok()

    run(entry="main")
    (old,) = _secrets(playbooks)
    now = ("--limit", "one", "-e", "gateway_app_rotate_now=true")
    run_again = run(*now)
    assert "stays in the tenant: two had it" in " ".join(run_again.output.split())
    new = playbooks.stored()["key_id"]
    assert (playbooks.stored()["handed_over_to"], playbooks.stored()["pending_hosts"]) == (["one"], ["two"])
    assert _secrets(playbooks).keys() == {old, new}
    assert run("--limit", "one").writes == []
    # Another renewal before the second host was in a run.
    run(*now)
    newest = playbooks.stored()["key_id"]
    assert playbooks.stored()["pending_hosts"] == ["two"]
    assert _secrets(playbooks).keys() == {old, new, newest}
    run("--limit", "two")
    assert playbooks.stored()["pending_hosts"] == []
    assert _secrets(playbooks).keys() == {newest}
    # A host that does not exist any more is not waited for forever.
    run(*now)
    inventory.write_text("one ansible_connection=local\n")
    last = playbooks.stored()["key_id"]
    _secrets(playbooks)[last]["startDateTime"] = _point(days=29.9)
    assert run().writes == []
    _secrets(playbooks)[last]["startDateTime"] = _point(days=30.1)
    run()
    assert _secrets(playbooks).keys() == {last}


def test_the_result_names_no_host_that_the_same_run_served(playbooks: Playbooks) -> None:
    inventory, variables = _two_hosts(playbooks)
    (playbooks.folder / "gateway.json").write_text(json.dumps({**variables, "gateway_app_hosts": "all"}))
    for playbook, now in (("register", "false"), ("rotate", "true")):
        run = playbooks.command(
            *("ansible-playbook", f"email_gateway.azure_apps.{playbook}", "-i", str(inventory)),
            *("-e", "@gateway.json", "-e", f"gateway_app_rotate_now={now}"),
        ).ok()
        assert playbooks.stored()["handed_over_to"] == ["one", "two"]
        assert "did not get the new one" not in run.output
        assert "do not have the new credential" not in run.output


def test_an_unregistered_application_is_not_rotated(playbooks: Playbooks) -> None:
    run = _rotate(playbooks).failed("is not registered", "email_gateway.azure_apps.register")
    assert run.writes == []


def test_a_missing_file_of_tasks_for_the_gateway_is_refused(playbooks: Playbooks) -> None:
    run = playbooks.register(gateway_app_after_new_secret="nowhere.yml")
    run.failed("There is no file", "nowhere.yml", "Set gateway_app_after_new_secret")
    assert run.writes == []


def _two_stores(playbooks: Playbooks) -> tuple[Path, list[Json]]:
    second = playbooks.folder / "second" / "gateway.vault.yml"
    return second, [{"type": "ansible_vault"}, {"type": "ansible_vault", "path": str(second)}]


def test_all_stores_have_the_same_content(playbooks: Playbooks) -> None:
    second, stores = _two_stores(playbooks)
    result = playbooks.register(gateway_app_stores=stores).ok().results["gateway_app_result"]
    assert [store["path"] for store in result["stores"]] == [str(playbooks.store), str(second)]
    assert playbooks.stored() == playbooks.stored_in(second)
    assert playbooks.register(gateway_app_stores=stores).ok().writes == []


def test_a_store_of_the_type_command_can_be_used(playbooks: Playbooks) -> None:
    own = FileStore(playbooks)
    stores = [own.entry, {"type": "ansible_vault"}]
    result = playbooks.register(gateway_app_stores=stores).ok().results["gateway_app_result"]
    assert result["stores"][0]["argv"] == own.entry["argv"]
    assert own.kept() == playbooks.stored()
    again = _rotate(playbooks, gateway_app_stores=stores).ok()
    assert (again.writes, "changed=0 " in again.output) == ([], True)
    _registered_and_due(playbooks, gateway_app_stores=stores)
    playbooks.break_store_after_create(playbooks.store)
    _rotate(playbooks, gateway_app_stores=stores).failed("could not be stored", "removed from the tenant again")
    assert own.kept()["key_id"] == result["key_id"]


def test_a_store_of_another_application_among_several_is_refused(playbooks: Playbooks) -> None:
    second, stores = _two_stores(playbooks)
    other: dict[str, t.Any] = {"gateway_app_unique_name": "other", "gateway_app_display_name": "Other"}
    playbooks.register(**other, gateway_app_store_path=str(second)).ok()
    before = second.read_bytes()
    playbooks.register().ok()
    run = playbooks.register(gateway_app_stores=stores).failed("has the credential of another application")
    assert run.writes == []
    assert second.read_bytes() == before
