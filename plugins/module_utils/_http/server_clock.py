# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The clock of the servers, by the header Date of their answers, beside that of the controller."""

from __future__ import annotations

import datetime
import email.utils
import typing as t

TOLERATED = 60.0  # seconds
# A Date has whole seconds, and the answer travels for a while: less is no difference, and times must not go back by it.
RESOLUTION = datetime.timedelta(seconds=2)
# No clock of either side differs by a century: such a date is wrong, and could lie beyond the calendar of Python.
UNLIKELY = datetime.timedelta(days=36525)


class ServerClock:
    """Knows nothing before the first answer with a date; then the time of the server that gave it."""

    def __init__(self, now: t.Callable[[], datetime.datetime] | None = None) -> None:
        self._own = now or _own_time
        self._ahead = datetime.timedelta()
        self._server = ""

    def saw(self, host: str, date: str) -> None:
        """An answer of ``host`` came with this header; only the first that is a date counts."""
        if self._server:
            return
        try:
            ahead = self._own() - email.utils.parsedate_to_datetime(date)
        except (TypeError, ValueError, IndexError, OverflowError):  # TypeError also for one without a zone
            return
        self._server = host
        if RESOLUTION <= abs(ahead) < UNLIKELY:
            self._ahead = ahead

    def now(self) -> datetime.datetime:
        """The server's time, that of the controller if it is not known."""
        return self._own() - self._ahead

    @property
    def warning(self) -> str:
        """The warning for the user; empty if the clocks agree."""
        seconds = self._ahead.total_seconds()
        if abs(seconds) <= TOLERATED:
            return ""
        own = self._own()
        side = "behind"
        if seconds > 0:
            side = "ahead of"
        return (
            f"The clock of the controller is {abs(seconds):.0f} seconds {side} that of"
            f" {self._server}: here it is {own:%Y-%m-%d %H:%M:%S} UTC, there {own - self._ahead:%Y-%m-%d %H:%M:%S} UTC."
            " Correct it (NTP): sign-ins by certificate or assertion fail, and days left are counted wrongly."
        )


def _own_time() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
