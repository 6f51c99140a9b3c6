# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of these tests are those of the role, in the same order and with the same number of requests."""

from __future__ import annotations

import collections.abc as c
import datetime
import re
import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.steps import task_files
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.bench import Bench
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.role import CREDENTIAL_MODULES

TASKS = REPOSITORY / "roles" / "gateway_app" / "tasks"
OWN = "email_gateway.azure_apps."
PRUNED = "azure_app_secret pruned"
ENTRIES = {"main": "nothing", "rotate": "due"}


def modules(name: str, credential_type: str) -> t.Iterator[str]:
    """The modules of the role's tasks in a file and its imports; without the user's own."""
    for task in yaml.safe_load((TASKS / name).read_text()):
        for action, options in task.items():
            if action in ("ansible.builtin.import_tasks", "ansible.builtin.include_tasks"):
                included = [options.replace("{{ gateway_app_credential_type }}", credential_type)]
                if options == "{{ __gateway_app_task_file }}":
                    included = task_files(credential_type=credential_type, limits=False)
                for file in included:
                    if re.fullmatch(r"\w+\.yml", file):
                        yield from modules(file, credential_type)
            elif action.startswith(OWN):
                state = options.get("state")
                yield action.removeprefix(OWN) + (f" {state}" if state else "")


@pytest.mark.parametrize("credential_type", CREDENTIAL_MODULES)
@pytest.mark.parametrize("entry", ENTRIES)
def test_the_tasks_are_those_of_the_role(
    make_bench: c.Callable[[str], Bench], entry: str, credential_type: str
) -> None:
    bench = make_bench(credential_type)
    bench.start_from(ENTRIES[entry])
    run = bench.run(entry)
    assert run.is_good
    assert [*run.results, PRUNED] == list(modules(f"{entry}.yml", credential_type))


def test_a_replaced_secret_is_removed_after_the_overlap(make_bench: c.Callable[[str], Bench]) -> None:
    bench = make_bench("client_secret")
    (old,) = bench.start_from("due")
    assert bench.run("rotate").is_good
    new = bench.stored()["key_id"]
    bench.gateway.age(new, days=8)
    bench.end_of(old, -datetime.timedelta(days=1))
    run = bench.run("main")
    assert (run.is_good, run.changed) == (True, [PRUNED])
    assert bench.broken_in_the_end([], "main") == []
