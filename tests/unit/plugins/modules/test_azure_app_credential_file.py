# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""It runs by its action plugin only, with the vault passwords of ansible-playbook: so by ansible-playbook here."""

from __future__ import annotations

import stat
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.unit.playbook_runner import Playbooks, Run

MODULE = "email_gateway.azure_apps.azure_app_credential_file"
NAMES = ("missing", "checked", "created", "again", "check_change", "changed", "check_absent", "absent", "absent_again")


def _tasks(path: str) -> list[dict[str, t.Any]]:
    """The litany, each step registered under the name of what it is."""
    present: dict[str, t.Any] = {"path": path, "content": {"mine": {"client_secret": "first value"}}}
    other: dict[str, t.Any] = {"path": path, "content": {"mine": {"client_secret": "second value"}}}
    absent: dict[str, t.Any] = {"path": path, "state": "absent"}
    steps: list[tuple[str, dict[str, t.Any], dict[str, t.Any]]] = [
        ("missing", {"path": path}, {"ignore_errors": True}),
        ("checked", present, {"check_mode": True}),
        ("created", present, {}),
        ("again", present, {}),
        ("check_change", other, {"check_mode": True}),
        ("changed", other, {}),
        ("check_absent", absent, {"check_mode": True}),
        ("absent", absent, {}),
        ("absent_again", absent, {}),
    ]
    tasks: list[dict[str, t.Any]] = []
    for name, options, keywords in steps:
        tasks.append({"name": name, MODULE: options, "register": name, **keywords})
        tasks.append({"ansible.builtin.stat": {"path": path}, "register": f"{name}_stat"})
    return tasks


def _litany(playbooks: Playbooks) -> Run:
    play = {"hosts": "localhost", "gather_facts": False, "tasks": _tasks(str(playbooks.store))}
    show = [*NAMES, *(f"{name}_stat.stat.exists" for name in NAMES)]
    return playbooks.run([play], "--diff", show=show).ok()


def test_litany(playbooks: Playbooks) -> None:
    run = _litany(playbooks)
    assert run.requests == [], "it never talks to the tenant"
    assert run.results["missing"]["failed"]
    assert "content" in run.results["missing"]["msg"]
    changed = {name: run.results[name]["changed"] for name in NAMES[1:]}
    assert changed == {
        "checked": True,
        "created": True,
        "again": False,
        "check_change": True,
        "changed": True,
        "check_absent": True,
        "absent": True,
        "absent_again": False,
    }
    exists = [run.results[f"{name}_stat.stat.exists"] for name in NAMES]
    assert exists == [False, False, True, True, True, True, True, False, False]
    assert run.results["created"].keys() == run.results["again"].keys()


def test_no_value_is_shown(playbooks: Playbooks) -> None:
    run = _litany(playbooks)
    assert '"variables": [' in run.output, "the diff shows names"
    # The debug tasks of the test show results; the values were in no result either.
    assert "first value" not in run.output
    assert "second value" not in run.output


def test_mends_the_mode_and_leaves_the_content(playbooks: Playbooks) -> None:
    task = {MODULE: {"path": str(playbooks.store), "content": {"a": "b"}}, "register": "file"}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
    playbooks.run([play]).ok()
    before = playbooks.store.read_bytes()
    playbooks.store.chmod(0o644)
    assert playbooks.run([play], show=["file.changed"]).ok().results["file.changed"] is True
    assert stat.S_IMODE(playbooks.store.stat().st_mode) == 0o600
    assert playbooks.run([play], show=["file.changed"]).ok().results["file.changed"] is False
    assert before.startswith(b"$ANSIBLE_VAULT;")


def test_a_file_of_somebody_else_is_left_alone(playbooks: Playbooks) -> None:
    playbooks.store.parent.mkdir()
    playbooks.store.write_text("plain: true\n")
    task = {MODULE: {"path": str(playbooks.store), "content": {"a": "b"}}}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
    playbooks.run([play]).failed("is not encrypted by ansible-vault", "Move it away")
    assert playbooks.store.read_text() == "plain: true\n"
