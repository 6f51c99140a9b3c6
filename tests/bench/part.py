# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The input and the output of a part of the benchmark."""

from __future__ import annotations

import dataclasses
import statistics
import typing as t
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.tests.bench.measure import Costs


@dataclasses.dataclass(frozen=True)
class Size:
    """How much is measured. ``rounds`` is the number of pairs of a comparison, for ``fleets`` by size."""

    rounds: int
    fleets: dict[int, int]
    reports: tuple[int, ...]


SIZES = {
    "quick": Size(rounds=3, fleets={1: 3, 10: 3, 50: 1}, reports=(100, 1_000)),
    "full": Size(rounds=7, fleets={1: 5, 10: 5, 100: 1, 500: 1}, reports=(100, 1_000, 10_000)),
}


@dataclasses.dataclass(frozen=True)
class Task:
    """What to measure, and a folder for it."""

    size: Size
    folder: Path


@dataclasses.dataclass
class Table:
    """Formatted results. ``rows`` are texts; the first column names what was measured."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""


@dataclasses.dataclass
class Part:
    """Tables, and every measurement behind them."""

    tables: list[Table]
    raw: dict[str, t.Any] = dataclasses.field(default_factory=dict)


def raw(costs: Costs) -> dict[str, t.Any]:
    return {name: [dataclasses.asdict(cost) for cost in runs] for name, runs in costs.items()}


def requests_of(costs: Costs, name: str) -> str:
    """The number of requests is exact: every run of a case makes the same number, otherwise all numbers are shown."""
    return " or ".join(str(number) for number in sorted({cost.requests for cost in costs[name]}))


def times(value: float) -> str:
    return f"{value:.2f}"


def megabytes(costs: Costs, name: str) -> str:
    return f"{statistics.median(cost.peak_mb for cost in costs[name]):.0f}"
