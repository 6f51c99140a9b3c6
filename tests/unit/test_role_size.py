# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks of a role are declarative, and Python makes the decisions: limits for the amount of YAML and its logic."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
GATEWAY_APP = ROOT / "roles" / "gateway_app"
# The variables that the roles set for the plays of users.
PUBLIC_FACTS = {
    "gateway_app_result",
    "gateway_app_access",
    "gateway_app_verified",
    "gateway_app_report_result",
    "graph_emulator",
}
KEYWORDS_OF_CONDITIONS = ("when", "changed_when", "failed_when", "until")
# The first word of a task name.
VERB = re.compile(
    r"(Acquire|Assign|Check|Collect|Compare|Create|Declare|Delete|Ensure|Fail|Find|Grant|Hand|Include|Install|Issue|Keep|List"
    r"|Make|Prove|Prune|Read|Record|Register|Release|Remove|Renew|Report|Request|Restore|Retire|Rotate|Run|Select|Set"
    r"|Show|Start|Stop|Store|Test|Update|Validate|Verify|Wait|Withdraw|Write)\b"
)
# Words that a reader would not search for.
RIDDLE = re.compile(
    r"\b(anew|besides|forget|held|nobody|says?|shall|take (away|back)|taken|tells?|told|whatever|whoever|wish)\b",
    re.IGNORECASE,
)
FILTERED = re.compile(r"(__gateway_app_\w+(?:\.\w+|\[[^]]*\])*)\s*\|\s*(?:default|d)\(([^)]*)\)")
JINJA_TEST = re.compile(r"\bis (not )?(changed|defined|failed|skipped|succeeded|undefined)\b")
PLAYBOOKS_OF_GATEWAYS = ("register", "rotate", "consent", "mailboxes", "retire", "verify", "check_access", "report")
INLINE_IF = re.compile(r"\bif\b.*\belse\b", re.DOTALL)


class Task(t.NamedTuple):
    """A task of a role, and its place."""

    where: str
    content: dict[str, t.Any]


def files(role: str, *folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / "roles" / role / folder).rglob("*.yml")]
    return sorted(path for path in found if "profiles" not in path.parts)


def tasks(role: str) -> list[Task]:
    return [
        task
        for path in files(role, "tasks", "handlers")
        for task in _below(yaml.safe_load(path.read_text()), str(path.relative_to(ROOT)))
    ]


def _below(content: t.Any, where: str) -> t.Iterator[Task]:
    for task in content or []:
        yield Task(f"{where}: {task.get('name')}", task)
        for part in ("block", "rescue", "always"):
            yield from _below(task.get(part), where)


def actions(task: Task) -> set[str]:
    """The keywords of a task without the namespace of Ansible's own modules."""
    return {name.removeprefix("ansible.builtin.").removeprefix("ansible.legacy.") for name in task.content}


def lines(paths: t.Iterable[Path]) -> int:
    return sum(len(path.read_text().splitlines()) for path in paths)


def test_the_role_is_short() -> None:
    """With its defaults. Descriptions (profiles, argument specs) do not count."""
    assert lines(files("gateway_app", "tasks", "handlers", "vars", "defaults")) <= 400
    assert lines([GATEWAY_APP / "vars" / "main.yml"]) <= 15


@pytest.mark.parametrize("role", ROLES)
def test_no_guarantee_depends_on_the_flow_of_tasks(role: str) -> None:
    """Keywords of the play take effect between two tasks: ignore_errors, any_errors_fatal, check_mode, when."""
    found = {
        task.where: bad
        for task in tasks(role)
        if (bad := actions(task) & {"assert", "block", "rescue", "always", "ignore_errors", "meta"})
    }
    assert found == {}


@pytest.mark.parametrize("role", ROLES)
def test_facts_are_public_results_only(role: str) -> None:
    set_by = {
        task.where: set(task.content.get("ansible.builtin.set_fact", {})) - {"cacheable"}
        for task in tasks(role)
        if "set_fact" in actions(task)
    }
    found = {where: names for where, names in set_by.items() if not names or names - PUBLIC_FACTS}
    assert found == {}, "set no such fact; a result for users goes into PUBLIC_FACTS in tests/unit/test_role_size.py"


@pytest.mark.parametrize("role", ROLES)
def test_no_task_continues_without_the_result_of_an_earlier_one(role: str) -> None:
    """After a failed check under ignore_errors, the following tasks must fail too.

    The client id of the registration may be left out: check mode of a first run has none.
    """
    found = []
    for path in files(role, "tasks", "handlers", "vars", "defaults"):
        for name, default in FILTERED.findall(path.read_text()):
            allowed = default.strip().startswith("omit") and name == "__gateway_app_registration.client_id"
            if not allowed:
                found.append(f"{path.relative_to(ROOT)}: {name} | default({default})")
    assert found == []


@pytest.mark.parametrize("role", ROLES)
def test_each_task_uses_its_own_check_mode(role: str) -> None:
    """ansible_check_mode depends only on the command line, not on check_mode of a play, role or task."""
    paths = files(role, "tasks", "handlers", "vars", "defaults")
    assert [path for path in paths if "ansible_check_mode" in path.read_text()] == []


def test_no_task_makes_its_worker_load_the_tests_of_ansible() -> None:
    """Each worker would load them anew: 15 ms of CPU time for a task, measured with `when: x is defined`."""
    paths = files("gateway_app", "tasks", "vars", "defaults") + files("gateway_app_report", "tasks")
    paths += [ROOT / "playbooks" / f"{name}.yml" for name in PLAYBOOKS_OF_GATEWAYS]
    found = {path.name: match[0] for path in paths if (match := JINJA_TEST.search(path.read_text()))}
    assert found == {}


@pytest.mark.parametrize("role", ROLES)
def test_no_condition_has_an_inline_if(role: str) -> None:
    """In ansible-core 2.17 it is a syntax error, which is raised after the task has done its work."""
    found = [
        task.where
        for task in tasks(role)
        for keyword in KEYWORDS_OF_CONDITIONS
        for condition in _conditions(task.content.get(keyword))
        if INLINE_IF.search(condition)
    ]
    assert found == []


def _conditions(value: t.Any) -> list[str]:
    return [str(condition) for condition in (value if isinstance(value, list) else [value])]


@pytest.mark.parametrize("role", ROLES)
def test_the_name_of_a_task_is_an_action_and_an_object(role: str) -> None:
    names = {task.where: str(task.content.get("name", "")) for task in tasks(role)}
    without_verb = [where for where, name in names.items() if not VERB.match(name)]
    assert without_verb == [], "begin these with an action, a word of VERB in tests/unit/test_role_size.py"
    unclear = [where for where, name in names.items() if RIDDLE.search(name)]
    assert unclear == [], "rename it without the words of RIDDLE in tests/unit/test_role_size.py"
