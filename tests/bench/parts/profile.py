# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CPU time of one steady run of the role, by its use."""

from __future__ import annotations

import statistics
import sys
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.bench import clock
from ansible_collections.email_gateway.azure_apps.tests.bench.clock import Call
from ansible_collections.email_gateway.azure_apps.tests.bench.measure import Cost
from ansible_collections.email_gateway.azure_apps.tests.bench.part import Part, Table, Task
from ansible_collections.email_gateway.azure_apps.tests.bench.tenant import tenant
from ansible_collections.email_gateway.azure_apps.tests.bench.workplace import Workplace

START, ANSIBLE, OURS = "start of Python", "Ansible", "code of the collection"
WATCHED = {"TLS": "TLS", "answers": "waiting for answers, and reading them", "tasks": OURS}
ALL = "all"
Row = dict[str, tuple[float, float]]


def measure(task: Task) -> Part:
    with tenant() as served:
        place = Workplace(task.folder, served)
        command = place.playbook("register", **place.gateway("gateway"))
        place.run(command)
        clock.run(place, command)
        found = []
        for _round in range(task.size.rounds):
            python = place.run([sys.executable, "-c", "pass"])
            found.append(profile(*clock.run(place, command), python=python))
    rows = []
    for what in found[0]:
        cpu, wall = (statistics.median(one[what][index] for one in found) for index in (0, 1))
        share = statistics.median(one[what][0] / one[ALL][0] for one in found)
        waited = f"{wall - cpu:.2f}" if what == WATCHED["answers"] else ""
        rows.append([what, f"{cpu:.3f}", f"{share:.0%}", waited])
    columns = ["where", "CPU seconds", "share", "seconds of waiting"]
    note = "A worker is the process that ansible-playbook forks for each task."
    return Part([Table("A steady run of the role", columns, rows, note)], {"rounds": found})


def profile(cost: Cost, calls: t.Iterable[Call], *, python: Cost) -> Row:
    """CPU and wall seconds by use. Time outside of watched calls is Ansible's."""
    sums: dict[str, tuple[float, float]] = {}
    for call in calls:
        name = _name(call)
        cpu, wall = sums.get(name, (0.0, 0.0))
        sums[name] = cpu + call.cpu, wall + call.wall
    watched = sum(cpu for cpu, _wall in sums.values())
    own = {START: (python.cpu, python.wall), ANSIBLE: (cost.cpu - python.cpu - watched, 0.0)}
    return {**own, **dict(sorted(sums.items())), ALL: (cost.cpu, cost.wall)}


def _name(call: Call) -> str:
    if not call.imported:
        return WATCHED[call.what]
    whose = "the collection" if call.imported.startswith(clock.OURS) else "others"
    return f"imports of {whose}, in {'workers' if call.worker else 'the main process'}"
