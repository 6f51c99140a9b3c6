# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role with a round trip of 80 ms to the tenant, beside one without: what the way costs."""

from __future__ import annotations

import collections.abc as c

from ansible_collections.email_gateway.azure_apps.tests.bench.measure import Cost, in_turn, median, wall
from ansible_collections.email_gateway.azure_apps.tests.bench.part import Part, Table, Task, raw, requests_of, times
from ansible_collections.email_gateway.azure_apps.tests.bench.tenant import in_sequence, tenant
from ansible_collections.email_gateway.azure_apps.tests.bench.workplace import Workplace

ROUND_TRIP = 0.08
NEAR, FAR = "loopback", "80 ms"
FIRST, STEADY = "first run", "steady state"


def _first(place: Workplace, number: int) -> Cost:
    return place.run(place.playbook("register", **place.gateway(f"first-{number}")))


def _steady(place: Workplace) -> Cost:
    return place.run(place.playbook("register", **place.gateway("steady")))


def measure(task: Task) -> Part:
    with tenant() as near, tenant(ROUND_TRIP) as far:
        places = {NEAR: Workplace(task.folder / "near", near), FAR: Workplace(task.folder / "far", far)}
        cases: dict[str, c.Callable[[int], Cost]] = {}
        for name, place in places.items():
            _steady(place)
            _steady(place)
            cases[f"{FIRST}, {name}"] = lambda number, place=place: _first(place, number)  # type: ignore[misc]
            cases[f"{STEADY}, {name}"] = lambda _round, place=place: _steady(place)  # type: ignore[misc]
        costs = in_turn(cases, rounds=task.size.rounds)
        rows = []
        for run in (FIRST, STEADY):
            _ = _steady(places[FAR]) if run == STEADY else _first(places[FAR], task.size.rounds)
            sequence, connections = in_sequence(far.asked(), round_trip=ROUND_TRIP), far.connections()
            near_wall, far_wall = (median(costs[f"{run}, {name}"], wall) for name in (NEAR, FAR))
            row = [run, times(near_wall), times(far_wall), f"{(far_wall - near_wall) / ROUND_TRIP:.0f}"]
            rows.append([*row, requests_of(costs, f"{run}, {FAR}"), str(sequence), str(connections)])
    columns = ["role", "wall seconds", "with 80 ms", "the difference in round trips", "requests"]
    columns += ["in sequence", "connections"]
    note = "A connection costs two more round trips, for TCP and for TLS."
    return Part([Table("A round trip of 80 ms", columns, rows, note)], raw(costs))
