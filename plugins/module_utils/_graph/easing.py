# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Slows a run down before Microsoft Graph has to refuse its requests.

Once an application has used 80 % of a limit in a tenant, each answer has a header x-ms-throttle-limit-percentage,
from 0.8 to 1.8 ("Microsoft Graph service-specific throttling limits", identity and access). All hosts of a run share a
limit, so they share the last value.
"""

from __future__ import annotations

import contextlib
import math
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import Patience, WaitedFor
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory

HEADER = "x-ms-throttle-limit-percentage"
WORTH_EASING = 0.8  # of a limit
LONGEST = 10.0  # seconds before a request: the time over which resource units are counted


def pause_for(used: float) -> float:
    """Seconds to wait before a request: none at 80 % of a limit, the longest pause at all of it."""
    return LONGEST * min(1.0, max(0.0, (used - WORTH_EASING) / (1.0 - WORTH_EASING)))


def used_share(headers: t.Iterable[t.Mapping[str, t.Any]]) -> float | None:
    """The largest share in one of several answers; None if none has one. Header names are lower case."""
    found = []
    for one in headers:
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
            share = float(str(one[HEADER]))
            if math.isfinite(share):
                found.append(share)
    return max(found, default=None)


class Easing:
    """What the run knows of how much an identity has used of its limits."""

    def __init__(self, memory: RunMemory, patience: Patience, *, identity: t.Callable[[], str]) -> None:
        """``identity`` is that of HandedReads."""
        self._memory = memory
        self._patience = patience
        self._identity = identity

    @property
    def _key(self) -> str:
        return f"used-limit:{self._identity()}"

    def wait(self) -> None:
        """Before a request. Continues without a pause if the allowance of the task is not enough."""
        used = self._memory.recall(self._key)
        if not isinstance(used, float):
            return
        seconds = pause_for(used)
        if seconds > 0:
            self._patience.pause(str(seconds), why=WaitedFor.LIMITS)

    def note(self, used: float | None) -> None:
        """After an answer; None if it has no value, as below 80 %."""
        if used is not None or self._memory.recall(self._key) is not None:
            self._memory.remember(self._key, used, seconds=LONGEST)
