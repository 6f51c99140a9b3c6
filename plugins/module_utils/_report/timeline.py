# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The timeline of the page: when which credential lives. Pure; places are percentages of the width."""

from __future__ import annotations

import datetime
import itertools
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    Report,
    ReportedApplication,
    ReportedCredential,
    counting,
)

MOST_LANES = 24  # what is not due for long needs no lane
PAST_DAYS = 45
LEAST_DAYS = 90
MOST_DAYS = 730
MOST_TICKS = 6  # as many labels as a narrow window can hold


class Bar(t.TypedDict):
    """The life of a credential."""

    status: str
    x: float
    width: float
    end_x: float


class Lane(t.TypedDict):
    """An application with its credentials that count."""

    display_name: str | None
    status: str
    days_left: int | None
    bars: list[Bar]


class Tick(t.TypedDict):
    """The beginning of a month."""

    x: float
    label: str


class Timeline(t.TypedDict):
    """Lanes for the applications whose credentials end first; ``left_out`` are how many others there are."""

    lanes: list[Lane]
    left_out: int
    today: float
    due: float
    ticks: list[Tick]


class Scale(t.NamedTuple):
    """The time that the width stands for."""

    first: datetime.datetime
    last: datetime.datetime

    def place(self, moment: datetime.datetime) -> float:
        whole = (self.last - self.first).total_seconds()
        return round(min(100.0, max(0.0, 100 * (moment - self.first).total_seconds() / whole)), 2)


def timeline(report: Report) -> Timeline:
    """Of the credentials that count and end."""
    now = datetime.datetime.fromisoformat(f"{report['generated']}T00:00:00+00:00")
    rows = list(filter(_ending, report["applications"]))
    shown = rows[:MOST_LANES]
    ending = itertools.chain.from_iterable(map(_ending, shown))
    scale = _scale(now, [end for _credential, end in ending])
    return {
        "lanes": [_lane(application, scale) for application in shown],
        "left_out": len(rows) - len(shown),
        "today": scale.place(now),
        "due": scale.place(now + report["due_within_days"] * times.DAY),
        "ticks": _ticks(scale),
    }


def _ending(application: ReportedApplication) -> list[tuple[ReportedCredential, datetime.datetime]]:
    found = []
    for credential in counting(application["credentials"]):
        moment = times.parse(text_or_empty(credential, "end"))
        if moment is not None:
            found.append((credential, moment))
    return found


def _scale(now: datetime.datetime, ends: t.Sequence[datetime.datetime]) -> Scale:
    last = min(max([*ends, now + LEAST_DAYS * times.DAY]), now + MOST_DAYS * times.DAY)
    return Scale(first=now - PAST_DAYS * times.DAY, last=last + (last - now) / 25)


def _lane(application: ReportedApplication, scale: Scale) -> Lane:
    bars: list[Bar] = []
    for credential, end in _ending(application):
        left = scale.place(times.parse(text_or_empty(credential, "start")) or scale.first)
        right = scale.place(end)
        width = round(max(right - left, 0.0), 2)
        bars.append({"status": credential["status"], "x": left, "width": width, "end_x": right})
    return {
        "display_name": application["display_name"],
        "status": application["status"],
        "days_left": application["days_left"],
        "bars": bars,
    }


def _ticks(scale: Scale) -> list[Tick]:
    """The beginnings of months, or of every second, third, sixth or twelfth month, so that all labels have room."""
    months = (scale.last - scale.first).days / 30.44
    step = first((1, 2, 3, 6), lambda step: months / step <= MOST_TICKS) or 12
    found: list[Tick] = []
    for number in range(scale.first.year * 12 + scale.first.month, scale.last.year * 12 + scale.last.month):
        year, month = divmod(number, 12)
        moment = datetime.datetime(year, month + 1, 1, tzinfo=datetime.timezone.utc)
        if month % step == 0 and scale.first <= moment <= scale.last:
            found.append({"x": scale.place(moment), "label": f"{moment:%b %Y}"})
    return found
