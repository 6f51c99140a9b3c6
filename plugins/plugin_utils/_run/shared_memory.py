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
import struct
import time
import typing as t
import zlib

from ansible import constants as C

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.lock import RunLocks

# Bytes of address space; only what is written takes memory. A gateway's tasks write about ten thousand.
SIZE = 64 * 2**20
BUCKETS = 4096
HEAD = struct.Struct("=Q")  # where the newest entry of a bucket begins; the first one of all is where free space begins
ENTRY = struct.Struct("=QdII")  # the next older entry of the bucket, the time of its end, bytes of key and value
FIRST = HEAD.size * (BUCKETS + 1)
# Seconds; a worker that was killed with a lock must not stop the others for ever.
LOCK_TIMEOUT = 60.0  # a sign-in with its retries
TABLE_TIMEOUT = 0.2  # a look-up takes microseconds


class SharedMemory(RunMemory):
    """A table in anonymous memory that forked workers share. Entries are only added: the newest of a key counts.

    So a look-up costs the same in a run of one host and of a thousand, and a worker that is killed while it writes
    leaves what was there.
    """

    def __init__(self, lock_folder: str = "", *, size: int = SIZE) -> None:
        """``lock_folder`` is that of the run, by default ansible-playbook's own for temporary files."""
        self._locks = RunLocks(lock_folder or C.DEFAULT_LOCAL_TMP)
        self._size = size
        self._block = mmap.mmap(-1, size)
        fork = multiprocessing.get_context("fork")
        self._sign_in_lock = fork.RLock()
        self._table_lock = fork.RLock()

    def recall(self, key: str) -> t.Any | None:
        wanted = key.encode()
        with _locked(self._table_lock, TABLE_TIMEOUT):
            until, value = self._newest(wanted)
        if until <= time.time():
            return None
        try:
            return json.loads(value)
        except ValueError:  # without the lock of a worker that was killed, two may have written at once
            return None

    def remember(self, key: str, value: t.Any, *, seconds: float) -> None:
        name, content = key.encode(), json.dumps(value).encode()
        length = ENTRY.size + len(name) + len(content)
        if length > self._size - FIRST:
            return
        bucket = _bucket(name)
        with _locked(self._table_lock, TABLE_TIMEOUT):
            position = self._head(0) or FIRST
            if position + length > self._size:
                # Full: a task that needs what is lost signs in or reads once more.
                self._block[:FIRST] = bytes(FIRST)
                position = FIRST
            until = time.time() + seconds
            ENTRY.pack_into(self._block, position, self._head(bucket), until, len(name), len(content))
            self._block[position + ENTRY.size : position + length] = name + content
            HEAD.pack_into(self._block, 0, position + length)
            HEAD.pack_into(self._block, HEAD.size * bucket, position)

    @contextlib.contextmanager
    def exclusive(self, seconds: float = LOCK_TIMEOUT) -> t.Iterator[None]:
        with _locked(self._sign_in_lock, min(seconds, LOCK_TIMEOUT)):
            yield

    @contextlib.contextmanager
    def application_lock(self, client_id: str, *, seconds: float, holder: str = "") -> t.Iterator[None]:
        with self._locks.application(client_id, seconds=seconds, holder=holder):
            yield

    def _newest(self, wanted: bytes) -> tuple[float, bytes]:
        """The end and the value of an entry; the end is 0 if there is none."""
        position = self._head(_bucket(wanted))
        while FIRST <= position <= self._size - ENTRY.size:
            older, until, key_length, length = ENTRY.unpack_from(self._block, position)
            begin = position + ENTRY.size + key_length
            if self._block[position + ENTRY.size : begin] == wanted:
                return until, self._block[begin : begin + length]
            position = min(older, position - 1)
        return 0.0, b""

    def _head(self, bucket: int) -> int:
        return int(HEAD.unpack_from(self._block, HEAD.size * bucket)[0])


def _bucket(key: bytes) -> int:
    return 1 + zlib.crc32(key) % BUCKETS


@contextlib.contextmanager
def _locked(lock: t.Any, timeout: float) -> t.Iterator[None]:
    got = lock.acquire(timeout=timeout)
    try:
        yield
    finally:
        if got:
            lock.release()


RUN = SharedMemory()
