# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fleets: one application for each host of an inventory, all in one tenant."""

from __future__ import annotations

import collections.abc as c

from ansible_collections.email_gateway.azure_apps.tests.bench.measure import Cost, Costs, in_turn, median, ratio, wall
from ansible_collections.email_gateway.azure_apps.tests.bench.part import Part, Table, Task, megabytes, raw, times
from ansible_collections.email_gateway.azure_apps.tests.bench.tenant import tenant
from ansible_collections.email_gateway.azure_apps.tests.bench.workplace import GROUP, Workplace

FIRST, PINGS = "first run", "a ping for each"
STEADY, FREE, SLICES = "steady state, 5 forks", "steady state, strategy free", "steady state, two slices at once"
SMALLEST_OF_GROWTH = 10


class _Fleet:
    def __init__(self, place: Workplace, size: int) -> None:
        self.place = place
        hosts = range(size)
        self.all = str(place.inventory("all", hosts))
        self.halves = [str(place.inventory(f"half-{part}", hosts[part::2])) for part in (0, 1)]

    def register(self, *inventories: str, **environ: str) -> Cost:
        commands = [self.place.playbook("register", "-i", path, gateway_app_hosts=GROUP) for path in inventories]
        return self.place.run(*commands, **environ)

    def ping(self) -> Cost:
        path = self.place.folder / "ping.yml"
        path.write_text(f"- hosts: {GROUP}\n  gather_facts: false\n  tasks:\n    - ansible.builtin.ping:\n")
        return self.place.run(["ansible-playbook", "-i", self.all, str(path)])


def measure(task: Task) -> Part:
    measured = {size: _measured(task, size, rounds) for size, rounds in task.size.fleets.items()}
    rows = [row for size, costs in measured.items() for row in _rows(size, costs)]
    columns = ["gateways", "run", "runs", "CPU seconds a gateway", "wall seconds a gateway", "requests a gateway"]
    columns += ["pings a gateway", "peak MB"]
    note = "Pings: the CPU time divided by that of a play with one ping for each of the same hosts."
    return Part(
        [Table("Fleets", columns, rows, note), _growth(measured)],
        {str(size): raw(costs) for size, costs in measured.items()},
    )


def _measured(task: Task, size: int, rounds: int) -> Costs:
    with tenant() as served:
        fleet = _Fleet(Workplace(task.folder / str(size), served), size)
        costs: Costs = {FIRST: [fleet.register(fleet.all)]}
        cases: dict[str, c.Callable[[int], Cost]] = {
            PINGS: lambda _round: fleet.ping(),
            STEADY: lambda _round: fleet.register(fleet.all),
            FREE: lambda _round: fleet.register(fleet.all, ANSIBLE_STRATEGY="free"),
        }
        if size > 1:
            cases[SLICES] = lambda _round: fleet.register(*fleet.halves)
        costs |= in_turn(cases, rounds=rounds)
    return costs


def _rows(size: int, costs: Costs) -> list[list[str]]:
    rows = []
    for name, runs in costs.items():
        requests = {cost.requests / size for cost in runs}
        pings = median(runs) / median(costs[PINGS]) if name == FIRST else ratio(runs, costs[PINGS])
        row = [str(size), name, str(len(runs)), times(median(runs) / size), times(median(runs, wall) / size)]
        rows.append([*row, " or ".join(f"{count:g}" for count in sorted(requests)), times(pings)])
        rows[-1].append(megabytes(costs, name))
    return rows


def _growth(measured: dict[int, Costs]) -> Table:
    """The increase in the cost of one gateway, from the fleet of 10 to the largest."""
    largest = max(measured)
    rows = []
    for name in measured[largest]:
        few, many = measured[SMALLEST_OF_GROWTH], measured[largest]
        own = median(many[name]) / largest / (median(few[name]) / SMALLEST_OF_GROWTH)
        of_pings = median(many[PINGS]) / largest / (median(few[PINGS]) / SMALLEST_OF_GROWTH)
        rows.append([name, times(own), times(own / of_pings)])
    title = f"Growth: a gateway of {largest} / a gateway of {SMALLEST_OF_GROWTH}"
    return Table(title, ["run", "CPU time", "in pings"], rows)
