# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook report, with many applications in the tenant, most of them of mail gateways."""

from __future__ import annotations

import collections.abc as c

from ansible_collections.email_gateway.azure_apps.tests.bench.measure import (
    Cost,
    Costs,
    cpu,
    in_turn,
    median,
    ratio,
    wall,
)
from ansible_collections.email_gateway.azure_apps.tests.bench.part import (
    Part,
    Table,
    Task,
    megabytes,
    raw,
    requests_of,
    times,
)
from ansible_collections.email_gateway.azure_apps.tests.bench.tenant import tenant
from ansible_collections.email_gateway.azure_apps.tests.bench.workplace import Workplace

EMPTY, PINGS, REPORT = "empty play", "pings", "report"
MORE_PINGS = 11
MOST_GATEWAYS = 1_000  # a report reads 2,000 applications at most


def measure(task: Task) -> Part:
    measured = {size: _measured(task, size) for size in task.size.reports}
    columns = ["applications in the tenant", "gateways", "CPU seconds", "/ empty play", "pings a gateway"]
    columns += ["requests", "wall seconds", "peak MB"]
    rows = []
    for size, costs in measured.items():
        runs = costs[REPORT]
        row = [f"{size:,}", f"{_gateways(size):,}", times(median(runs)), times(ratio(runs, costs[EMPTY]))]
        row += [f"{_pings(costs) / _gateways(size):.4f}", requests_of(costs, REPORT)]
        rows.append([*row, times(median(runs, wall)), megabytes(costs, REPORT)])
    note = "Pings: the CPU time above an empty play, divided by that of one more ping in a play. The other applications"
    note += " of the tenant have no tag."
    return Part(
        [Table("Report", columns, rows, note)],
        {str(size): raw(costs) for size, costs in measured.items()},
    )


def _gateways(size: int) -> int:
    return min(size, MOST_GATEWAYS)


def _measured(task: Task, size: int) -> Costs:
    with tenant() as served:
        served.fill(size, gateways=_gateways(size))
        place = Workplace(task.folder / str(size), served)
        command = place.playbook("report", gateway_app_report_html_path=str(place.folder / "report.html"))
        cases: dict[str, c.Callable[[int], Cost]] = {
            EMPTY: lambda _round: place.run(place.pings(0)),
            PINGS: lambda _round: place.run(place.pings(MORE_PINGS)),
            REPORT: lambda _round: place.run(command),
        }
        return in_turn(cases, rounds=task.size.rounds)


def _pings(costs: Costs) -> float:
    empty = median(costs[EMPTY], cpu)
    return (median(costs[REPORT]) - empty) / ((median(costs[PINGS]) - empty) / MORE_PINGS)
