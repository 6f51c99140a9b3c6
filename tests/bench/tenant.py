# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenant, in a process of its own, so that its memory and CPU time do not count for the measured commands."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import multiprocessing
import os
import threading
import typing as t
from datetime import datetime, timedelta
from multiprocessing.managers import BaseManager

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.tests.bench.served import Served


@dataclasses.dataclass(frozen=True)
class Asked:
    """One request, and when the server worked on it."""

    what: str
    began: datetime
    ended: datetime


def in_sequence(asked: t.Sequence[Asked], *, round_trip: float) -> int:
    """The number of requests that waited for the response to the previous one. The others overlapped."""
    # At the client, a request begins half a round trip earlier and ends half a round trip later. Clocks are not exact.
    way = timedelta(seconds=round_trip * 0.9)
    count, free = 0, datetime.min
    for one in sorted(asked, key=lambda one: one.ended):
        if count == 0 or one.began >= free:
            count, free = count + 1, one.ended + way
    return count


def _served(round_trip: float) -> Served:
    # Not at the top: the peak memory of a child process is at least that of its parent.
    from ansible_collections.email_gateway.azure_apps.tests.bench.served import Served

    threading.Thread(target=_end_with_parent, daemon=True).start()
    return Served(round_trip)


def _end_with_parent() -> None:
    """A measurement that is killed does not leave a tenant running."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _Manager(BaseManager):
    """Starts the process and passes calls to it."""


_Manager.register("Served", _served)


@contextlib.contextmanager
def tenant(round_trip: float = 0.0) -> c.Iterator[Served]:
    with _Manager(ctx=multiprocessing.get_context("spawn")) as manager:
        served = t.cast("Served", manager.Served(round_trip))  # type: ignore[attr-defined]
        yield served
        served.close()
