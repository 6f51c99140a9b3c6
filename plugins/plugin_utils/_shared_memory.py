# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What the tasks of one ansible-playbook run remember together, in memory only.

ansible-playbook loads an action plugin in its main process before it forks the worker that runs the task. A block of
anonymous memory made at that moment is shared by all workers of the run, is gone with it, and is in no file: so the
operator signs in once a run, and the token is nowhere else.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import multiprocessing
import time
import typing as t

from ansible import constants as C

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run_lock import RunLocks

SIZE = 256 * 1024  # bytes; a token has about two thousand
LENGTH_BYTES = 4
# Seconds; a worker that was killed with a lock must not stop the others for ever.
LOCK_TIMEOUT = 60.0  # a sign-in with its retries
TABLE_TIMEOUT = 2.0  # a look-up takes microseconds


class SharedMemory(RunMemory):
    """A small JSON table in anonymous memory that forked workers share."""

    def __init__(self, lock_folder: str = "") -> None:
        """``lock_folder`` is that of the run, by default ansible-playbook's own for temporary files."""
        self._locks = RunLocks(lock_folder or C.DEFAULT_LOCAL_TMP)
        self._block = mmap.mmap(-1, SIZE)
        fork = multiprocessing.get_context("fork")
        self._sign_in_lock = fork.RLock()
        self._table_lock = fork.RLock()

    def recall(self, key: str) -> t.Any | None:
        with _held(self._table_lock, TABLE_TIMEOUT):
            entry = self._load().get(key)
        return entry["value"] if entry is not None else None

    def remember(self, key: str, value: t.Any, *, seconds: float) -> None:
        with _held(self._table_lock, TABLE_TIMEOUT):
            table = self._load()
            table[key] = {"value": value, "until": time.time() + seconds}
            self._store(table)

    @contextlib.contextmanager
    def exclusive(self, seconds: float = LOCK_TIMEOUT) -> t.Iterator[None]:
        with _held(self._sign_in_lock, min(seconds, LOCK_TIMEOUT)):
            yield

    @contextlib.contextmanager
    def application_lock(self, client_id: str, *, seconds: float, holder: str = "") -> t.Iterator[None]:
        with self._locks.application(client_id, seconds=seconds, holder=holder):
            yield

    def _load(self) -> dict[str, t.Any]:
        length = int.from_bytes(self._block[:LENGTH_BYTES], "big")
        if not 0 < length <= SIZE - LENGTH_BYTES:
            return {}
        try:
            table = json.loads(self._block[LENGTH_BYTES : LENGTH_BYTES + length])
        except ValueError:  # a worker was killed while it wrote
            return {}
        now = time.time()
        return {key: entry for key, entry in table.items() if entry["until"] > now}

    def _store(self, table: dict[str, t.Any]) -> None:
        content = json.dumps(table).encode()
        while len(content) > SIZE - LENGTH_BYTES:
            # Full: remove the oldest entry. A task that needs it signs in once more.
            del table[next(iter(table))]
            content = json.dumps(table).encode()
        self._block[:LENGTH_BYTES] = len(content).to_bytes(LENGTH_BYTES, "big")
        self._block[LENGTH_BYTES : LENGTH_BYTES + len(content)] = content


@contextlib.contextmanager
def _held(lock: t.Any, timeout: float) -> t.Iterator[None]:
    got = lock.acquire(timeout=timeout)
    try:
        yield
    finally:
        if got:
            lock.release()


RUN = SharedMemory()
