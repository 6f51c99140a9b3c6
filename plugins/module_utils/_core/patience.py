# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Bounded waiting: every retry and every poll of a task draws on one allowance that the user sets."""

from __future__ import annotations

import collections
import email.utils
import enum
import math
import random
import time
import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import TransportError

Answer = t.TypeVar("Answer")

LONGEST_PAUSE = 60.0  # seconds
SHORTEST_PAUSE = 0.5  # seconds: bounds the number of requests of a task
TRANSPORT_ATTEMPTS = 4
RETRY_STATUS = frozenset({429, 500, 502, 503, 504})


class WaitedFor(enum.Enum):
    """What a pause is for, as the end of a sentence."""

    LIMITS = "the limits of Microsoft Graph"
    BUSY = "a service that was busy or could not be reached"
    LAG = "the replication of new objects and grants"
    OTHERS = "another task or run with the same application"


class Patience:
    """Waits longer each time, honours Retry-After, and ends when the allowance (in seconds) is used up."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._pauses = 0
        self.waited = 0.0
        self.waited_for: collections.Counter[WaitedFor] = collections.Counter()  # seconds

    def renew(self) -> None:
        """Restore the whole allowance, for a part of a task that needs it whatever was used before."""
        self._deadline = time.monotonic() + self._seconds

    def end(self) -> None:
        """Wait no more."""
        self._deadline = time.monotonic()

    def pause(self, retry_after: str = "", *, why: WaitedFor = WaitedFor.LAG) -> bool:
        """Wait before another try; False, without waiting, if the allowance is not enough.

        ``retry_after`` is the header's value: seconds, also fractional, or a date; empty if there is none.
        """
        asked = _seconds(retry_after)
        if asked <= 0:  # no time, or at once, which could go on for ever
            # Only these grow: a Retry-After does not predict how long the next trouble lasts.
            self._pauses += 1
            pause = min(LONGEST_PAUSE, 0.5 * 2 ** min(self._pauses, 8))
            pause *= random.uniform(0.75, 1.25)
        else:
            # The jitter prevents that parallel hosts try again at the same moment.
            pause = min(LONGEST_PAUSE, max(SHORTEST_PAUSE, asked)) + random.uniform(0.0, 0.25)
        if time.monotonic() + pause > self._deadline:
            return False
        time.sleep(pause)
        self.waited += pause
        self.waited_for[why] += pause
        return True

    def pause_after(self, failure: TransportError, *, failures: int, repeatable: bool = True) -> bool:
        """Wait before a request without a usable answer is sent again; False if that is not safe, or cannot help.

        ``failures`` counts those of the request so far. ``repeatable``: to send it twice does the same as once.
        """
        if failure.permanent or failures >= TRANSPORT_ATTEMPTS:
            return False
        return (repeatable or not failure.maybe_processed) and self.pause(why=WaitedFor.BUSY)

    def until(self, good: t.Callable[[Answer], bool], ask: t.Callable[[], Answer]) -> Answer:
        """Try again while the answer is not good and allowance is left; returns the last answer, good or not."""
        while True:
            answer = ask()
            if good(answer) or not self.pause():
                return answer


def _seconds(retry_after: str) -> float:
    """0 for what is no time."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (TypeError, ValueError, OverflowError, IndexError, OSError):
            return 0.0
    if not math.isfinite(seconds):
        return 0.0
    return seconds
