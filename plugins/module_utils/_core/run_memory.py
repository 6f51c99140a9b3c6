# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What the tasks of one ansible-playbook run share in memory; nothing is written anywhere."""

from __future__ import annotations

import contextlib
import time
import typing as t

WHOLE_RUN = 86400.0  # seconds


class RunMemory:
    """Remembers nothing: what a module has when it runs as a process of its own.

    The action plugin brings one that remembers (plugin_utils/_run/shared_memory.py).
    """

    def recall(self, key: str) -> t.Any | None:
        """The value remembered under ``key``, unless it has expired."""
        return None

    def remember(self, key: str, value: t.Any, *, seconds: float) -> None:
        """Keep ``value`` (JSON-serialisable) for ``seconds``."""

    @contextlib.contextmanager
    def exclusive(self, seconds: float = 60.0) -> t.Iterator[None]:
        """A lock for one task at a time: parallel hosts sign in once. After this time, a task continues without it."""
        yield

    @contextlib.contextmanager
    def application_lock(self, client_id: str, *, seconds: float, holder: str = "") -> t.Iterator[None]:
        """A lock for one task of the run at a time, for an application. A module by itself is the only task of its run.

        Raises ConflictError if another task, whose ``holder`` the message names, has it for longer than ``seconds``.
        """
        yield


class ProcessMemory(RunMemory):
    """What a process that lives long has: remembers until the time is over, in this process alone."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[float, t.Any]] = {}

    def recall(self, key: str) -> t.Any | None:
        until, value = self._entries.get(key, (0.0, None))
        if time.time() >= until:
            return None
        return value

    def remember(self, key: str, value: t.Any, *, seconds: float) -> None:
        self._entries[key] = (time.time() + seconds, value)
