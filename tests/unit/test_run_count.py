# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.tests.playbooks.run_count import STARTED_BY, RunCount
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

UNIT_TESTS = REPOSITORY / "tests" / "unit"


def test_runs_are_counted_for_every_command() -> None:
    count, other = RunCount(), RunCount()
    count.note(["ansible-playbook", "site.yml"], forked=True)
    count.note(["sh", "-c", "cd project && ansible-playbook site.yml"])
    count.note(["ansible-vault", "view", "store.yml"])
    other.note(["ansible-runner", "run", "."])
    count.add(dataclasses.asdict(other))
    assert count.line == "3 runs of ansible-playbook (1 forked)"


def _imported(tree: ast.AST) -> set[str]:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {f"{node.module}.{name.name}" for node in imports for name in node.names}


def _words_of_calls(tree: ast.AST) -> set[str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [part for call in calls for value in (*call.args, *call.keywords) for part in ast.walk(value)]
    return {str(part.value) for part in given if isinstance(part, ast.Constant)}


def test_no_unit_test_runs_ansible_playbook() -> None:
    """Neither with helpers of tests/playbooks, nor with a command of its own."""
    runs = set()
    for path in UNIT_TESTS.rglob("*.py"):
        tree = ast.parse(path.read_text())
        offered = {name for name in _imported(tree) if "tests.playbooks." in name and ".run_count." not in name}
        commands = _words_of_calls(tree) & set(STARTED_BY) if path != Path(__file__) else set()
        runs |= {f"{path}: {name}" for name in offered | commands}
    assert runs == set(), "move these tests to tests/playbooks"
