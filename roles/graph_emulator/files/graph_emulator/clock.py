# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator's clock, which tests can move, and the time formats that Graph writes and reads."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone

_SENT_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,7})?(Z|[+-]\d\d:\d\d)$")


class Clock:
    """Real time plus an offset that tests choose."""

    def __init__(self) -> None:
        self.offset = 0.0

    def advance(self, seconds: float) -> None:
        self.offset += seconds

    def reset(self) -> None:
        self.offset = 0.0

    def timestamp(self) -> float:
        return time.time() + self.offset

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp(), tz=timezone.utc)


def seven_digits(moment: datetime) -> str:
    """The form of a time that Graph chose itself, as in the azure-cli recordings: 2022-05-07T06:56:29.0887208Z."""
    # Python has six digits; the last digit is never 0 because Graph drops trailing zeros.
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.{moment.microsecond:06d}{moment.microsecond % 9 + 1}Z"


def whole_seconds(moment: datetime) -> str:
    """The form of createdDateTime in every later GET: 2022-05-07T06:56:29Z."""
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}Z"


def parse_sent_time(text: str) -> datetime | None:
    """An Edm.DateTimeOffset, or None when the text is not one."""
    match = _SENT_TIME.match(text)
    if match is None:
        return None
    whole, fraction, zone = match.groups()
    try:
        moment = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    if fraction:
        moment += timedelta(microseconds=int(fraction[1:].ljust(7, "0")) // 10)
    if zone != "Z":
        shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        moment = moment - shift if zone[0] == "+" else moment + shift
    return moment


def echo_time(text: str) -> str:
    """A time as Graph gives it back: exactly as sent (azure-cli recording test_sp_credential), but always in UTC."""
    if text.endswith("Z"):
        return text
    moment = parse_sent_time(text)
    if moment is None:
        raise ValueError(f"not an Edm.DateTimeOffset: {text}")
    return whole_seconds(moment)
