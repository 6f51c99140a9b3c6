# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""One run at a time changes the credential of a store, and what it is about to create is written down before.

A client secret whose value was lost can only be recognised by its start, so the start is in this file before the
request is sent. The file holds no secret. It is locked for as long as a run works: who gets the lock knows that no
process of this kernel, in whatever container, is at work any more. A claim of another kernel ends by its time, and so
do all claims on a file system without locks.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import errno
import json
import os
import socket
import stat
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import Patience, WaitedFor
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.private_file import (
    impossible,
    make_private_folder,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.lock import (
    POLL,
    LocksUnsupported,
    try_lock,
)

MODE = 0o600
LARGEST = 1024 * 1024  # bytes
ANOTHER_RUN = "Another run"  # one that is not known
BOOT_ID = "/proc/sys/kernel/random/boot_id"


class RunAtWorkError(Exception):
    """Another run is changing the credential. The text names it, as far as that is known."""


def this_kernel() -> str:
    """The same for all containers of one kernel; another after each start of it. macOS has no such id."""
    try:
        with open(BOOT_ID, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return socket.gethostname()


@dataclasses.dataclass(frozen=True)
class Claim:
    """``start`` marks the secret; ``until`` ends the claim if it is unknown whether its run is still at work."""

    start: str
    kernel: str
    host_name: str
    inventory_host: str
    until: str
    ended: bool = False

    def __str__(self) -> str:
        return f"The run on {self.host_name} for {self.inventory_host}"

    def is_at_work(self, idle_kernel: str | None) -> bool:
        """Whether its run may still be at work: a run of ``idle_kernel`` would hold the lock."""
        now = datetime.datetime.now(datetime.timezone.utc)
        lasts = times.lasts(times.parse(self.until), now, at_least=datetime.timedelta(0))
        return lasts and not self.ended and self.kernel != idle_kernel


class Claims:
    """The claims in one file. Raises ConflictError if the file cannot be used."""

    def __init__(self, path: str, *, inventory_host: str, kernel: str = "") -> None:
        self.path = os.path.realpath(path)
        self._inventory_host = inventory_host
        self._kernel = kernel or this_kernel()
        self._file = -1
        self._known: list[Claim] = []
        self._own: Claim | None = None

    @property
    def exists(self) -> bool:
        return os.path.lexists(self.path)

    def look(self) -> list[datetime.datetime]:
        """The starts of runs that ended without settling them; none if a run is at work. Writes and keeps nothing."""
        if not self.exists:
            return []
        try:
            with self._opened(os.O_RDONLY) as file:
                return _starts(self._of_ended_runs(file))
        except RunAtWorkError:
            return []

    @contextlib.contextmanager
    def locked(self, *, wait: bool, seconds: float) -> t.Iterator[bool]:
        """Keep other runs out. Without ``wait``, false if another run is at work.

        Raises ConflictError if it is at work for longer than ``seconds``. At the end, a file without claims goes away.
        """
        allowance = seconds
        if not wait:
            allowance = 0
        try:
            self._lock(Patience(allowance))
        except RunAtWorkError as exc:
            if wait:
                raise ConflictError(
                    f"{exc} has been changing this credential for at least {seconds:.0f} s: it has locked {self.path}",
                    next_step="Run again when that run is over, or raise O(wait_timeout).",
                ) from None
        is_held = self._file >= 0
        try:
            yield is_held
        finally:
            if is_held:
                self._end()

    def _lock(self, patience: Patience) -> None:
        """Raises RunAtWorkError if another run is at work until the patience is over."""
        while self._file < 0:
            try:
                with self._opened(os.O_CREAT | os.O_RDWR) as file:
                    claims = self._of_ended_runs(file)
                    if self._still_there(file):  # else the previous run removed it: no other run would find this one
                        self._known, self._file = claims, os.dup(file)  # the lock is that of both
            except RunAtWorkError:
                if not patience.pause(POLL, why=WaitedFor.OTHERS):
                    raise

    def _of_ended_runs(self, file: int) -> list[Claim]:
        """Lock the file if its system has locks, and read it. Raises RunAtWorkError if a run is at work."""
        idle_kernel: str | None = self._kernel
        try:
            if not try_lock(file):
                raise RunAtWorkError(self._holder(file))
        except LocksUnsupported:
            idle_kernel = None
        claims = self._load(file)
        at_work = first(claims, lambda claim: claim.is_at_work(idle_kernel))
        if at_work is not None:
            raise RunAtWorkError(str(at_work))
        return claims

    @property
    def unconfirmed_starts(self) -> list[datetime.datetime]:
        """Those of earlier runs, which the run that holds the lock looks for."""
        return _starts(without(self._known, (self._own,)))

    def claim(self, start: datetime.datetime, *, seconds: float) -> None:
        """Write down what will be created, while the lock is held."""
        self._own = Claim(
            start=times.written(start),
            kernel=self._kernel,
            host_name=socket.gethostname(),
            inventory_host=self._inventory_host,
            until=times.written(start + datetime.timedelta(seconds=seconds)),
        )
        self._save([*self._ended(), self._own])

    def settle(self, confirmed: t.Iterable[datetime.datetime]) -> None:
        """Remove the claims of which nothing is left, while the lock is held."""
        starts = set(map(times.written, confirmed))
        self._save([claim for claim in self._known if claim.start not in starts])

    def clear(self) -> None:
        """Drop all claims, while the lock is held: the application has no secrets any more."""
        self._known = []

    def _ended(self) -> list[Claim]:
        return [dataclasses.replace(claim, ended=True) for claim in self._known]

    def _end(self) -> None:
        """What fails here decides nothing: an empty file is no claim, and the kernel releases the lock."""
        left = self._ended()
        try:
            with contextlib.suppress(OSError, ConflictError):
                if left:
                    self._save(left)
                else:
                    os.unlink(self.path)
        finally:
            os.close(self._file)
            self._file, self._own = -1, None

    def _holder(self, file: int) -> str:
        """For a message only: the file may be written at this moment."""
        try:
            claims = self._load(file)
        except ConflictError:
            return ANOTHER_RUN
        holder = first(claims, lambda claim: not claim.ended)
        return str(holder or ANOTHER_RUN)

    @contextlib.contextmanager
    def _opened(self, flags: int) -> t.Iterator[int]:
        file = self._open(flags)
        try:
            yield file
        finally:
            os.close(file)

    def _open(self, flags: int) -> int:
        reason = impossible(self.path)
        if reason:
            raise self._unusable(f"could not be opened: {reason}")
        try:
            if flags & os.O_CREAT:
                make_private_folder(os.path.dirname(self.path))
            file = os.open(self.path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, MODE)
        except OSError as exc:
            raise self._unusable(f"could not be opened: {exc.strerror}") from None
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise self._unusable("is not a regular file, and is not changed")
        return file

    def _still_there(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), os.stat(self.path))
        except FileNotFoundError:
            return False

    def _load(self, file: int) -> list[Claim]:
        content = os.pread(file, LARGEST, 0).decode("utf-8", errors="replace").strip("\0 \n")
        if not content:
            return []
        try:
            # What stands behind the list is the rest of a longer one, left by a run that was killed.
            entries, _end = json.JSONDecoder().raw_decode(content)
            claims = list(map(_claim, entries))
            if len(_starts(claims)) < len(claims):
                raise ValueError("a start is no point in time")
        except (ValueError, TypeError, RecursionError):
            raise self._unusable("is not a claims file, and is not changed") from None
        return claims

    def _save(self, claims: list[Claim]) -> None:
        if claims == self._known:
            return
        content = json.dumps(list(map(dataclasses.asdict, claims)), indent=1).encode() + b"\n"
        try:
            self._write(content)
        except OSError as exc:
            raise self._unusable(f"could not be written: {exc.strerror}") from None
        self._known = claims

    def _write(self, content: bytes) -> None:
        before = os.pread(self._file, LARGEST, 0)
        try:
            if os.pwrite(self._file, content, 0) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.ftruncate(self._file, len(content))
            os.fsync(self._file)
        except OSError:
            # What was there needs no more space than it had.
            os.pwrite(self._file, before, 0)
            os.ftruncate(self._file, len(before))
            raise

    def _unusable(self, reason: str) -> ConflictError:
        return ConflictError(
            f"The claims file {self.path} {reason}",
            next_step="Check the path, its permissions and the disk, or choose another path.",
        )


def _claim(entry: dict[str, t.Any]) -> Claim:
    """Raises TypeError for what this collection did not write."""
    claim = Claim(**entry)
    *texts, _ended = dataclasses.astuple(claim)
    if {*map(type, texts)} != {str}:
        raise TypeError("a member is not a text")
    return claim


def _starts(claims: t.Iterable[Claim]) -> list[datetime.datetime]:
    return sorted(filter(None, (times.parse(claim.start) for claim in claims)))
