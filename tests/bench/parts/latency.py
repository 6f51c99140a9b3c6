# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role with a round-trip time of 80 ms to the tenant, compared with none: the cost of latency."""

from __future__ import annotations

import collections.abc as c
import statistics
from functools import partial

from ansible_collections.email_gateway.azure_apps.tests.bench import clock
from ansible_collections.email_gateway.azure_apps.tests.bench.measure import Cost, in_turn, median, wall
from ansible_collections.email_gateway.azure_apps.tests.bench.part import Part, Table, Task, raw, requests_of, times
from ansible_collections.email_gateway.azure_apps.tests.bench.tenant import in_sequence, tenant
from ansible_collections.email_gateway.azure_apps.tests.bench.workplace import Workplace

ROUND_TRIP = 0.08
NEAR, FAR = "loopback", "80 ms"
ON_THE_NETWORK = ("TLS", "answers")
FIRST, STEADY = "first run", "steady state"


def measure(task: Task) -> Part:
    waiting: dict[str, list[float]] = {FIRST: [], STEADY: []}
    with tenant() as near, tenant(ROUND_TRIP) as far:
        places = {NEAR: Workplace(task.folder / "near", near), FAR: Workplace(task.folder / "far", far)}

        def watched(run: str, number: int) -> Cost:
            cost, calls = clock.run(places[FAR], _command(places[FAR], run, number))
            waiting[run].append(sum(call.wall - call.cpu for call in calls if call.what in ON_THE_NETWORK))
            return cost

        cases: dict[str, c.Callable[[int], Cost]] = {}
        for run in (FIRST, STEADY):
            cases[_case(run, NEAR)] = partial(_unwatched, places[NEAR], run)
            cases[_case(run, FAR)] = partial(watched, run)
        for place in places.values():
            for _twice in range(2):
                _unwatched(place, STEADY)
        costs = in_turn(cases, rounds=task.size.rounds)
        rows = []
        for run in (FIRST, STEADY):
            _unwatched(places[FAR], run, task.size.rounds)
            sequence, connections = in_sequence(far.asked(), round_trip=ROUND_TRIP), far.connections()
            row = [run, *(times(median(costs[_case(run, name)], wall)) for name in (NEAR, FAR))]
            row += [times(statistics.median(waiting[run])), requests_of(costs, _case(run, FAR))]
            rows.append([*row, str(sequence), str(connections), str(sequence + 2 * connections)])
    columns = ["role", "wall seconds", "wall seconds with 80 ms", "of them waiting for the network", "requests"]
    columns += ["in sequence", "connections", "round trips"]
    note = "A connection costs two round trips more, for TCP and for TLS."
    return Part([Table("A round trip of 80 ms", columns, rows, note)], {**raw(costs), "waiting": waiting})


def _case(run: str, way: str) -> str:
    return f"{run}, {way}"


def _command(place: Workplace, run: str, number: int) -> list[str]:
    return place.playbook("register", **place.gateway(f"first-{number}" if run == FIRST else "steady"))


def _unwatched(place: Workplace, run: str, number: int = 0) -> Cost:
    return place.run(_command(place, run, number))
