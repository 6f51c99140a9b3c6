# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Points in time as Graph writes them, and whole days as people count them. Everything is UTC."""

from __future__ import annotations

import datetime
import re

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError

# Graph writes up to seven fractional digits, more than datetime takes.
_GRAPH_TIME = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
DAY = datetime.timedelta(days=1)
EPOCH = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)


def parse(value: str) -> datetime.datetime | None:
    """A point in time from Graph; None if it is not one."""
    match = _GRAPH_TIME.fullmatch(value)
    if match is None:
        return None
    seconds, fraction, zone = match.groups(default="0")
    microseconds = fraction[:6].ljust(6, "0")
    try:
        moment = datetime.datetime.fromisoformat(f"{seconds}.{microseconds}{zone.replace('Z', '+00:00')}")
        return moment.astimezone(datetime.timezone.utc)
    except (ValueError, OverflowError):
        return None


def parse_point(option: str, value: str) -> datetime.datetime:
    """A user's point in time with its zone. Raises InputError."""
    moment = parse(value.strip().upper())
    if moment is None:
        raise InputError(
            f"{option} is {shown(value)}, which is not a point in time with a time zone",
            next_step="Write it as 2027-06-30T12:00:00Z.",
        )
    return moment


def parse_end_date(value: str) -> datetime.datetime:
    """A user's date (its last second counts) or point in time. Raises InputError."""
    text = value.strip().upper()
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return datetime.datetime.fromisoformat(f"{text}T23:59:59+00:00")
    except ValueError:
        text = ""
    moment = parse(text)
    if moment is None:
        raise InputError(
            f"end_date is {shown(value)}, which is neither a date nor a point in time with a time zone",
            next_step="Write it as 2027-06-30 or 2027-06-30T12:00:00Z.",
        )
    return moment


def written(moment: datetime.datetime) -> str:
    """In the form of Graph; microseconds only if there are any."""
    return moment.astimezone(datetime.timezone.utc).replace(tzinfo=None).isoformat() + "Z"


def written_if_known(moment: datetime.datetime | None) -> str | None:
    if moment is None:
        return None
    return written(moment)


def days_left_if_known(end: datetime.datetime | None, now: datetime.datetime) -> int | None:
    if end is None:
        return None
    return days_left(end, now)


def lasts(end: datetime.datetime | None, now: datetime.datetime, *, at_least: datetime.timedelta) -> bool:
    """Whether it has not ended and will not end for that long."""
    if end is None or end <= now:
        return False
    return end - now >= at_least


def days_left(end: datetime.datetime, now: datetime.datetime) -> int:
    """Whole days until ``end``; negative once it has passed."""
    return (end - now) // DAY
