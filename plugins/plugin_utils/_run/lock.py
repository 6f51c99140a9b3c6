# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""One lock an application for the hosts of one ansible-playbook run, and how files are locked.

The kernel releases a lock when the process that holds it ends, however it ended.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import Patience, WaitedFor

POLL = "1"  # seconds
LONGEST_HOLDER = 1000  # bytes
HELD_BY_ANOTHER = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


class LocksUnsupported(Exception):
    """The file system has no locks."""


def try_lock(file: int) -> bool:
    """Whether the lock was free and is held now. Raises LocksUnsupported."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        if exc.errno in HELD_BY_ANOTHER:
            return False
        raise LocksUnsupported(exc.strerror) from None
    return True


class RunLocks:
    """Files in ansible-playbook's own temporary folder, which it removes at its end."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._locked: set[str] = set()

    @contextlib.contextmanager
    def application(self, client_id: str, *, seconds: float, holder: str) -> t.Iterator[None]:
        """Held by one task at a time; a task that holds it already passes. Raises ConflictError."""
        name = hashlib.sha256(client_id.lower().encode()).hexdigest()[:32]
        if name in self._locked:
            yield
            return
        file = self._open(name)
        try:
            self._wait(file, client_id, seconds=seconds)
            _write_holder(file, holder)
            self._locked.add(name)
            yield
        finally:
            self._locked.discard(name)
            os.close(file)

    def _open(self, name: str) -> int:
        path = os.path.join(self._folder, f"azure_apps.{name}.lock")
        try:
            return os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise self._unusable(f"{path}: {exc.strerror}") from None

    def _wait(self, file: int, client_id: str, *, seconds: float) -> None:
        patience = Patience(seconds)
        try:
            while not try_lock(file):
                if not patience.pause(POLL, why=WaitedFor.OTHERS):
                    holder = os.pread(file, LONGEST_HOLDER, 0).decode(errors="replace") or "another task"
                    raise ConflictError(
                        f"{holder} of this run has been changing the credentials of the application {client_id} for"
                        f" {patience.waited:.0f} s",
                        next_step="Run again, or raise O(wait_timeout).",
                    )
        except LocksUnsupported as exc:
            raise self._unusable(str(exc)) from None

    def _unusable(self, reason: str) -> ConflictError:
        return ConflictError(
            f"The folder of ansible-playbook for temporary files, {self._folder}, cannot be used for locks: {reason}",
            next_step="Set ANSIBLE_LOCAL_TEMP to a folder on a local disk.",
        )


def _write_holder(file: int, holder: str) -> None:
    """For the message of a task that waits in vain. It decides nothing, so that a full disk does not matter."""
    with contextlib.suppress(OSError):
        os.ftruncate(file, 0)
        os.pwrite(file, holder.encode()[:LONGEST_HOLDER], 0)
