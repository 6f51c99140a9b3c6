# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Notes that the tasks of a run share about the objects that they created, changed and deleted.

A read may be answered by a replica that does not know of it yet (replication lag).
"""

from __future__ import annotations

import datetime

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory

LAG_WINDOW = 900  # seconds after its creation in which an object may still be missing somewhere


class RunNotes:
    """Stored in the memory of the run, and in this task if there is no such memory."""

    def __init__(self, memory: RunMemory) -> None:
        self._memory = memory
        self._created: set[str] = set()

    def note_created(self, object_id: str) -> None:
        """This run created the object: for a while, later tasks of the run wait for it instead of failing."""
        self._created.add(object_id)
        self._memory.remember(f"created:{object_id}", True, seconds=LAG_WINDOW)

    def note_young(self, created: datetime.datetime | None, *keys: str | None) -> None:
        """As ``note_created``, for what another run created moments ago, perhaps one that was killed."""
        if created is None:
            return
        age = datetime.datetime.now(datetime.timezone.utc) - created
        if abs(age.total_seconds()) > LAG_WINDOW:
            return
        for key in filter(None, keys):
            self.note_created(key)

    def note_deleted(self, object_id: str | None) -> None:
        """Later tasks do not wait for the object any more."""
        if self.created_here(object_id):
            self._created -= {object_id}
            self._memory.remember(f"created:{object_id}", False, seconds=LAG_WINDOW)

    def created_here(self, object_id: str | None) -> bool:
        if not object_id:
            return False
        return object_id in self._created or bool(self._memory.recall(f"created:{object_id}"))

    def note_written(self, name: str, value: str) -> None:
        """What this run wrote last, so that its later tasks notice a read that lags behind."""
        self._memory.remember(f"written:{name}", value, seconds=LAG_WINDOW)

    def written_here(self, name: str) -> str:
        """What the run wrote last under this name; empty if it wrote nothing."""
        return as_text_or_empty(self._memory.recall(f"written:{name}"))
