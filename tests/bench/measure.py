# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cost of a command, and medians and ratios of commands that run in turn."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import os
import statistics
import subprocess
import time
import typing as t
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Cost:
    """The cost of one run: CPU is user and system time with all children; the peak is that of the largest process."""

    cpu: float
    wall: float
    peak_mb: float
    requests: int = 0

    @classmethod
    def total(cls, costs: t.Sequence[Cost], *, wall: float) -> Cost:
        """The sum for commands that together are one run."""
        return cls(
            cpu=sum(cost.cpu for cost in costs),
            wall=wall,
            peak_mb=max(cost.peak_mb for cost in costs),
            requests=sum(cost.requests for cost in costs),
        )


Figure = c.Callable[[Cost], float]
Costs = dict[str, list[Cost]]


def cpu(cost: Cost) -> float:
    return cost.cpu


def wall(cost: Cost) -> float:
    return cost.wall


def run(*commands: t.Sequence[str], folder: Path, environ: t.Mapping[str, str]) -> Cost:
    """Start all commands at once and wait for them. A failure ends the measurement and shows the output."""
    started = time.perf_counter()
    running = []
    for number, command in enumerate(commands):
        output = folder / f"output-{number}.txt"
        with output.open("wb") as file:
            process = subprocess.Popen(
                command, cwd=folder, env=dict(environ), stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
        running.append((process, output))
    costs = [_waited(process, output) for process, output in running]
    return Cost.total(costs, wall=time.perf_counter() - started)


def _waited(process: subprocess.Popen[bytes], output: Path) -> Cost:
    """wait4 returns the resources of this process and of its children that were waited for, and of no other process."""
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{process.args!r} ended with {process.returncode}:\n{output.read_text()}")
    # Linux counts in kilobytes, macOS in bytes.
    unit = 1024 if os.uname().sysname == "Linux" else 1
    return Cost(cpu=used.ru_utime + used.ru_stime, wall=0.0, peak_mb=used.ru_maxrss * unit / 1024**2)


def in_turn(cases: t.Mapping[str, c.Callable[[int], Cost]], *, rounds: int) -> Costs:
    """A B C A B C ...: other load then slows down all of them alike. A case gets the number of the round."""
    costs: Costs = {name: [] for name in cases}
    for number in range(rounds):
        for name, case in cases.items():
            costs[name].append(case(number))
    return costs


def median(costs: t.Sequence[Cost], figure: Figure = cpu) -> float:
    return statistics.median(map(figure, costs))


def ratio(costs: t.Sequence[Cost], others: t.Sequence[Cost], figure: Figure = cpu) -> float:
    """The median of the ratios of the pairs, where each pair was measured in one round."""
    return statistics.median(figure(one) / figure(other) for one, other in zip(costs, others, strict=True))
