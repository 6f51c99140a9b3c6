# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role with a round trip of 80 ms to the tenant, beside one without: what the way costs."""

from __future__ import annotations

import collections.abc as c
from functools import partial

from ansible_collections.email_gateway.azure_apps.tests.bench.measure import Cost, in_turn, median, wall
from ansible_collections.email_gateway.azure_apps.tests.bench.part import Part, Table, Task, raw, requests_of, times
from ansible_collections.email_gateway.azure_apps.tests.bench.tenant import in_sequence, tenant
from ansible_collections.email_gateway.azure_apps.tests.bench.workplace import Workplace

ROUND_TRIP = 0.08
NEAR, FAR = "loopback", "80 ms"
FIRST, STEADY = "first run", "steady state"


def measure(task: Task) -> Part:
    with tenant() as near, tenant(ROUND_TRIP) as far:
        places = {NEAR: Workplace(task.folder / "near", near), FAR: Workplace(task.folder / "far", far)}
        cases: dict[str, c.Callable[[int], Cost]] = {}
        for name, place in places.items():
            for _twice in range(2):
                _register(place, "steady")
            cases[_case(FIRST, name)] = partial(_first_run, place)
            cases[_case(STEADY, name)] = partial(_register, place, "steady")
        costs = in_turn(cases, rounds=task.size.rounds)
        rows = []
        for run in (FIRST, STEADY):
            cases[_case(run, FAR)](task.size.rounds)
            sequence, connections = in_sequence(far.asked(), round_trip=ROUND_TRIP), far.connections()
            near_wall, far_wall = (median(costs[_case(run, name)], wall) for name in (NEAR, FAR))
            row = [run, times(near_wall), times(far_wall), f"{(far_wall - near_wall) / ROUND_TRIP:.0f}"]
            rows.append([*row, requests_of(costs, _case(run, FAR)), str(sequence), str(connections)])
    columns = ["role", "wall seconds", "with 80 ms", "the difference in round trips", "requests"]
    columns += ["in sequence", "connections"]
    note = "A connection costs two more round trips, for TCP and for TLS."
    return Part([Table("A round trip of 80 ms", columns, rows, note)], raw(costs))


def _case(run: str, way: str) -> str:
    return f"{run}, {way}"


def _register(place: Workplace, unique_name: str, _round: int = 0) -> Cost:
    return place.run(place.playbook("register", **place.gateway(unique_name)))


def _first_run(place: Workplace, number: int) -> Cost:
    return _register(place, f"first-{number}")
