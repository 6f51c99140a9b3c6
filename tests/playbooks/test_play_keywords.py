# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keywords of plays that take effect between two tasks, and mistakes of users: no guarantee of the role depends on
them.

The tests check the resulting state of the tenant and the stores.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import CALLBACKS, Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

Json = dict[str, t.Any]
ROLE = "email_gateway.azure_apps.gateway_app"
PROFILES = sorted(path.stem for path in (REPOSITORY / "roles/gateway_app/vars/profiles").glob("*.yml"))
COLLECTION_PLAYBOOKS = sorted((REPOSITORY / "playbooks").glob("*.yml"))
ANOTHER_ID = "11111111-1111-1111-1111-111111111111"
SAFE_IS_DOWN = "the safe is down"
# A store of the type command: reading works, writing fails.
BROKEN_SAFE = f"""#!/bin/sh
cat > /dev/null
[ "$1" != write ] || {{ echo "{SAFE_IS_DOWN}" >&2; exit 1; }}
"""
HANDING_OVER = "handing over"
HAND_OVER = [
    {
        "name": "Bring it to the gateway",
        "ansible.builtin.debug": {"msg": f"{HANDING_OVER} {{{{ gateway_app_handover.key_id }}}}"},
    }
]
GATEWAY_DOES_NOT_ANSWER = [{"name": "Bring it to the gateway", "ansible.builtin.fail": {"msg": "no answer"}}]


def gateway(unique_name: str = "gateway", **variables: t.Any) -> Json:
    return {
        "gateway_app_profile": "outbound_smtp",
        "gateway_app_unique_name": unique_name,
        "gateway_app_display_name": f"Gateway {unique_name}",
        "gateway_app_wait_timeout": 20,
        **variables,
    }


def play(variables: Json, *, entry: str = "main", on_role: Json | None = None, **on_play: t.Any) -> Json:
    """``on_role`` and ``on_play`` are keywords."""
    role = {"ansible.builtin.import_role": {"name": ROLE, "tasks_from": entry}, **(on_role or {})}
    return {"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [role], **on_play}


def keyword(level: str, name: str, value: t.Any) -> Json:
    """A keyword for ``play``, on the play or on the role."""
    return {name: value} if level == "play" else {"on_role": {name: value}}


def task_file(playbooks: Playbooks, tasks: list[Json], name: str = "after.yml") -> str:
    path = playbooks.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(tasks))
    return str(path)


def broken_safe(playbooks: Playbooks) -> Json:
    path = playbooks.folder / "safe"
    path.write_text(BROKEN_SAFE)
    path.chmod(0o755)
    return {"type": "command", "argv": [str(path)]}


def secrets(playbooks: Playbooks, unique_name: str = "gateway") -> list[str]:
    """Key ids of the client secrets in the tenant; none for an application that does not exist."""
    return [
        secret["keyId"].lower()
        for application in playbooks.tenant.applications
        if application["uniqueName"] == unique_name
        for secret in application["passwordCredentials"]
    ]


def stored_key_ids(playbooks: Playbooks, unique_name: str = "gateway") -> list[str]:
    """The key id in the default store; none without that store."""
    if not playbooks.store_of(unique_name).exists():
        return []
    return [playbooks.stored(unique_name)["key_id"].lower()]


def granted(playbooks: Playbooks, unique_name: str = "gateway") -> int:
    """The number of application permissions that are granted to the application."""
    application = playbooks.tenant.application(uniqueName=unique_name)
    own = {principal["id"] for principal in playbooks.tenant.service_principals(application["appId"])}
    assignments = playbooks.server.tenant.directory.assignments.values()
    return sum(assignment["principalId"] in own for assignment in assignments)


@pytest.mark.parametrize("level", ["play", "role"])
def test_ignore_errors_does_not_disable_a_refusal(playbooks: Playbooks, level: str) -> None:
    playbooks.run([play(gateway(gateway_app_consent="none"))]).ok()
    before, key_ids = playbooks.stored(), secrets(playbooks)
    ignoring = keyword(level, "ignore_errors", True)
    expected = {"gateway": {"client_id": ANOTHER_ID}}
    half = gateway("half", gateway_app_stores=[{"type": "ansible_vault"}, broken_safe(playbooks)])
    run = playbooks.run(
        [
            play(gateway(), entry="retire", **ignoring),
            play(gateway(gateway_app_expected_applications=expected), entry="consent", **ignoring),
            play(gateway("second", gateway_app_store_path=str(playbooks.store)), **ignoring),
            play(gateway("nowhere", gateway_app_store_path="/proc/nowhere/site.vault.yml"), **ignoring),
            play(half, **ignoring),
        ]
    )
    assert "Traceback" not in run.output, run.output
    # The last play got as far as its write.
    assert SAFE_IS_DOWN in run.output
    found = {
        "retire without confirmation": (secrets(playbooks), playbooks.store.exists() and playbooks.stored()),
        "consent to another application": granted(playbooks),
        "the store of another application": secrets(playbooks, "second"),
        "a store that cannot be written": secrets(playbooks, "nowhere"),
        "a store that fails on write": (secrets(playbooks, "half"), stored_key_ids(playbooks, "half")),
    }
    assert found == {
        "retire without confirmation": (key_ids, before),
        "consent to another application": 0,
        "the store of another application": [],
        "a store that cannot be written": [],
        "a store that fails on write": ([], []),
    }


@pytest.mark.parametrize("level", ["play", "role"])
def test_a_hand_over_that_failed_is_not_recorded_under_ignore_errors(playbooks: Playbooks, level: str) -> None:
    after = {"gateway_app_after_new_secret": task_file(playbooks, GATEWAY_DOES_NOT_ANSWER)}
    ignoring = keyword(level, "ignore_errors", True)
    rotation = gateway(gateway_app_rotate_now=True, gateway_app_overlap_days=0, **after)
    run = playbooks.run([play(gateway(**after), **ignoring), play(rotation, **ignoring)]).ok()
    assert len(re.findall(r"^fatal: .*no answer", run.output, re.MULTILINE)) == 2
    assert playbooks.stored()["handed_over_to"] == []
    new, old = secrets(playbooks)  # in the order of the tenant's list
    assert new == playbooks.stored()["key_id"]
    assert playbooks.stored()["previous_key_ids"] == [old], "the gateway still has it"


@pytest.mark.parametrize("level", ["play", "role"])
def test_check_mode_of_a_play_is_respected(playbooks: Playbooks, level: str) -> None:
    playbooks.run([play(gateway())]).ok()
    new = playbooks.folder / "not_there_yet.vault.yml"
    after = {"gateway_app_after_new_secret": task_file(playbooks, HAND_OVER)}
    looking = keyword(level, "check_mode", True)
    due = play(gateway(gateway_app_store_path=str(new), **after), **looking)
    unknown = play(gateway("unknown", **after), **looking)
    run = playbooks.run([due, unknown]).ok()
    assert run.writes == []
    assert [application["uniqueName"] for application in playbooks.tenant.applications] == ["gateway"]
    assert not new.exists() and not playbooks.store_of("unknown").exists()
    assert HANDING_OVER not in run.output
    assert re.search(r"changed=[1-9]", run.output), run.output


def test_a_host_keeps_its_secret_if_another_host_fails_with_any_errors_fatal(playbooks: Playbooks) -> None:
    hosts = {
        "good": gateway("good"),
        "bad": gateway("bad", gateway_app_stores=[{"type": "ansible_vault"}, broken_safe(playbooks)]),
    }
    inventory = playbooks.folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"gateways": {"hosts": hosts}}))
    run = playbooks.run([{**play({}), "hosts": "gateways", "any_errors_fatal": True}], "-i", str(inventory))
    run.failed(SAFE_IS_DOWN)
    assert len(secrets(playbooks, "good")) == 1
    assert stored_key_ids(playbooks, "good") == secrets(playbooks, "good")
    assert secrets(playbooks, "bad") == stored_key_ids(playbooks, "bad") == []


def test_the_hand_over_runs_once_with_when_on_the_role_and_gets_no_client_secret(playbooks: Playbooks) -> None:
    """The file of tasks is beside the playbook, which is not in the working folder."""
    site = playbooks.folder / "site"
    task_file(playbooks, HAND_OVER, "site/tasks/after.yml")
    only_once = {"role": ROLE, "when": "gateway_app_result is not defined"}
    variables = gateway(gateway_app_after_new_secret="tasks/after.yml")
    plays = [{"hosts": "localhost", "gather_facts": False, "vars": variables, "roles": [only_once, only_once]}]
    (site / "site.yml").write_text(yaml.safe_dump(plays))
    seen = playbooks.folder / "variables.jsonl"
    environ = {
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "variables",
        "VARIABLES_PATH": str(seen),
    }
    run = playbooks.command("ansible-playbook", "site/site.yml", environ=environ).ok()
    stored = playbooks.stored()
    assert run.output.count(f"{HANDING_OVER} {stored['key_id']}") == 1
    assert stored["handed_over_to"] == ["localhost"]
    written = seen.read_text()
    assert "Bring it to the gateway" in written and stored["key_id"] in written
    assert stored["client_secret"] not in written, "a callback can see it"


def test_a_job_of_awx_with_the_default_store_is_refused_before_a_secret_is_created(playbooks: Playbooks) -> None:
    """AWX runs a job in a folder that is removed with its container."""
    folder = playbooks.folder / "awx_41"
    (folder / "env").mkdir(parents=True)
    (folder / "project").mkdir()
    (folder / "env" / "extravars").write_text(json.dumps({"awx_job_id": 41, "tower_job_id": 41}))
    (folder / "project" / "register.yml").write_text(yaml.safe_dump([play(gateway())]))
    script = f"cd {folder / 'project'} && ansible-playbook -e @../env/extravars register.yml"
    run = playbooks.command("sh", "-c", script)
    assert secrets(playbooks) == []
    run.failed("AWX", "gateway_app_stores")
    assert run.writes == []


@pytest.mark.skipif(shutil.which("git") is None, reason="ansible-pull needs git")
def test_ansible_pull_with_purge_and_the_default_store_is_refused_before_a_secret_is_created(
    playbooks: Playbooks,
) -> None:
    repository = playbooks.folder / "repository"
    repository.mkdir()
    (repository / "local.yml").write_text(yaml.safe_dump([play(gateway())]))
    git = ["git", "-c", "user.name=user", "-c", "user.email=user@example.com"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "A gateway"]):
        subprocess.run([*git, *arguments], cwd=repository, check=True, env=playbooks.environ)
    where = ("-U", f"file://{repository}", "-d", str(playbooks.folder / "checkout"))
    environ = {"ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    run = playbooks.command("ansible-pull", *where, "-i", "localhost,", "--purge", "local.yml", environ=environ)
    assert "gateway_app" in run.output, run.output
    assert secrets(playbooks) == []
    run.failed("ansible-pull", "gateway_app_stores")
    assert run.writes == []


def messages(playbooks: Playbooks, cases: dict[str, Json]) -> tuple[Run, dict[str, str]]:
    """The role in check mode, once for each case: the message of its failure, empty if it succeeded."""
    tasks: list[Json] = []
    for name, variables in cases.items():
        include = {"ansible.builtin.include_role": {"name": ROLE}, "vars": variables}
        message = {f"message_{name}": "{{ ansible_failed_result.msg | string }}"}
        tasks.append({"block": [include], "rescue": [{"ansible.builtin.set_fact": message}]})
    shown = {name: f"message_{name}" for name in cases}
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    run = playbooks.run(plays, "--check", show=list(shown.values())).ok()
    return run, {name: str(run.results.get(variable, "")) for name, variable in shown.items()}


def test_invalid_values_are_reported_with_the_names_of_the_variables(playbooks: Playbooks) -> None:
    playbooks.tenant.ok("azure_app_registration", display_name="Taken", unique_name="foreign")
    without_profile = gateway()
    del without_profile["gateway_app_profile"]
    run, found = messages(
        playbooks,
        {
            "misspelt": gateway(gateway_app_secret_lifetime=30),
            "mistyped": gateway(gateway_app_enviroment={"AZURE_TENANT": "x"}),
            "no_profile": without_profile,
            "conflict": gateway(gateway_app_unique_name="", gateway_app_display_name="Taken"),
            "unknown": gateway(gateway_app_colour="green"),
        },
    )
    words = {
        "misspelt": ["gateway_app_secret_lifetime", "gateway_app_secret_lifetime_days"],
        "mistyped": ["gateway_app_enviroment", "gateway_app_environment"],
        "no_profile": ["gateway_app_profile", *PROFILES],
        "conflict": ["gateway_app_client_id", "gateway_app_unique_name"],
    }
    missing = {name: [word for word in wanted if word not in found[name]] for name, wanted in words.items()}
    assert {name: (lacking, found[name]) for name, lacking in missing.items() if lacking} == {}
    assert not re.search(r"O\(|(?<!gateway_app_)\b(client_id|unique_name)\b", found["conflict"]), found["conflict"]
    assert found["unknown"] == ""
    assert re.search(r"\[WARNING\]:.*(\n.+)*gateway_app_colour", run.output), run.output


@pytest.mark.parametrize("arguments", [(), ("--limit", "vienna")], ids=["all", "limit"])
def test_a_pattern_of_hosts_without_a_match_fails_with_a_hint(playbooks: Playbooks, arguments: tuple[str, ...]) -> None:
    inventory = playbooks.folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"mail_gateways": {"hosts": {"vienna": gateway()}}}))
    given = ("-i", str(inventory), "-e", "gateway_app_hosts=mail_gatways", *arguments)
    run = playbooks.command("ansible-playbook", "email_gateway.azure_apps.rotate", *given)
    assert run.failed("gateway_app_hosts").requests == []


def test_every_playbook_selects_its_hosts_in_the_same_way() -> None:
    patterns: dict[str, str] = {}
    for path in COLLECTION_PLAYBOOKS:
        found = {str(part["hosts"]) for part in yaml.safe_load(path.read_text())}
        patterns |= {f"{path.name}: {hosts}": hosts for hosts in found if "gateway_app_hosts" in hosts}
    assert len(patterns) >= 7
    assert len(set(patterns.values())) == 1, patterns
    (hosts,) = set(patterns.values())
    assert "query('ansible.builtin.inventory_hostnames'" in hosts and "undef(hint=" in hosts


def test_a_task_timeout_between_creating_and_storing_loses_no_secret(playbooks: Playbooks) -> None:
    slow = playbooks.server.faults.add(path="/addPassword$", delay_after=7)
    playbooks.run([play(gateway(), on_role={"timeout": 5})])
    assert slow.fired
    assert secrets(playbooks) == stored_key_ids(playbooks)
