# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator's clock, which tests can move, and the time formats that Graph writes and reads."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone

_SENT_TIME = re.compile(r"^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?:(:\d\d)(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d))?$")
_FULL_TIME = re.compile(r"T\d\d:\d\d:\d\d(\.\d+)?Z$")


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
    """An Edm.DateTimeOffset, or None when the text is not one.

    Seconds may be missing, and so may the time of day, but a time must have its zone. OData asks for all of it, and so
    does the pattern in Microsoft Graph's OpenAPI description; Microsoft's library, behind the service, is laxer:
    OData/odata.net, PlatformHelper.ConvertStringToDateTimeOffset adds seconds, lets XmlConvert.ToDateTimeOffset take an
    xsd:date, and takes the dash of the day for that of a zone. Without zone: "Cannot convert the literal
    '2024-01-19T13:38:22.169688' to the expected type 'Edm.DateTimeOffset'" (msgraph-sdk-python issue 566).
    """
    match = _SENT_TIME.match(text)
    if match is None:
        return None
    day, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime.strptime(f"{day}T{minute or '00:00'}{second or ':00'}", "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return None
    moment = moment.replace(tzinfo=timezone.utc)
    if fraction:
        moment += timedelta(microseconds=int(fraction[1:].ljust(7, "0")) // 10)
    if zone and zone != "Z":
        shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        moment = moment - shift if zone[0] == "+" else moment + shift
    return moment


def echo_time(text: str) -> str:
    """A time as Graph gives it back: exactly as sent (azure-cli recording test_sp_credential), but always in UTC."""
    if _FULL_TIME.search(text):
        return text
    moment = parse_sent_time(text)
    if moment is None:
        raise ValueError(f"not an Edm.DateTimeOffset: {text}")
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{whole_seconds(moment)[:-1]}{fraction}Z"
