# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What runs are about to create, written down before they do: one run at a time, and none forgotten.

A client secret whose value was never learnt can be recognised by its start only, so the start is in this file before
the request is sent. It holds no secret.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import errno
import fcntl
import json
import os
import stat
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.private_file import (
    impossible,
    make_private_folder,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run_lock import RunLock

MODE = 0o600
LARGEST = 1024 * 1024  # bytes


@dataclasses.dataclass(frozen=True)
class Claim:
    """One run's claim. ``start`` marks the secret; ``until`` ends the claim of a run that cannot be asked."""

    start: str
    machine: str
    run: str
    host: str
    until: str
    ended: bool = False

    def __str__(self) -> str:
        return f"the run on {self.machine} for {self.host}"


class Claims:
    """The claims in one file, for one host of one run. Raises ConflictError where the file cannot be used."""

    def __init__(self, path: str, *, run: RunLock, host: str) -> None:
        self.path = os.path.realpath(path)
        self._run = run
        self._host = host

    def lost_starts(self) -> list[str]:
        """The starts of runs that ended without saying what became of their secret. Changes nothing."""
        if not os.path.lexists(self.path):
            return []
        with self._open() as file:
            return [claim.start for claim in self._load(file) if not self._alive(claim)]

    def take(self, start: datetime.datetime, *, seconds: float) -> tuple[Claim | None, list[str]]:
        """Claim for ``seconds`` at most: the claim of another run in the way, or None, and the lost starts."""
        with self._open() as file:
            known = [self._left_over(claim) for claim in self._load(file)]
            for claim in known:
                if self._alive(claim) and claim.run != self._run.path:
                    return claim, []
            own = Claim(
                start=times.written(start),
                machine=self._run.host,
                run=self._run.path,
                host=self._host,
                until=times.written(start + datetime.timedelta(seconds=seconds)),
            )
            self._save(file, [*known, own])
            return None, [claim.start for claim in known if not self._alive(claim)]

    def end(self, settled: t.Collection[str]) -> None:
        """End the own claim; forget the settled starts, remember the others."""
        if not os.path.lexists(self.path):
            return
        with self._open() as file:
            known = [self._left_over(claim) for claim in self._load(file)]
            self._save(file, [claim for claim in known if claim.start not in settled])

    def _left_over(self, claim: Claim) -> Claim:
        """A claim of this host in this run is not in use any more: the task that took it is over."""
        own = claim.run == self._run.path and claim.host == self._host and claim.machine == self._run.host
        return dataclasses.replace(claim, ended=True) if own else claim

    def _alive(self, claim: Claim) -> bool:
        if claim.ended:
            return False
        if claim.machine == self._run.host and claim.run:
            try:
                return self._run.alive(claim.run)
            except OSError:  # another user's: it ends by its time
                pass
        until = times.parse(claim.until)
        return until is not None and datetime.datetime.now(datetime.timezone.utc) < until

    @contextlib.contextmanager
    def _open(self) -> t.Iterator[int]:
        """The file, locked. Whoever removed it meanwhile left a file that nobody finds any more: open again."""
        reason = impossible(self.path)
        if reason:
            raise self._unusable(f"could not be opened: {reason}")
        try:
            make_private_folder(os.path.dirname(self.path))
            while True:
                file = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, MODE)
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    os.close(file)
                    raise self._unusable("is no regular file, and is left as it is")
                fcntl.flock(file, fcntl.LOCK_EX)
                if self._still_there(file):
                    break
                os.close(file)
        except OSError as exc:
            raise self._unusable(f"could not be opened: {exc.strerror}") from None
        try:
            yield file
        except OSError as exc:
            raise self._unusable(f"could not be written: {exc.strerror}") from None
        finally:
            os.close(file)

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
            claims = [Claim(**entry) for entry in entries]
        except (ValueError, TypeError):
            raise self._unusable("is no file of claims, and is left as it is") from None
        if any(times.parse(str(claim.start)) is None for claim in claims):
            raise self._unusable("is no file of claims, and is left as it is")
        return claims

    def _save(self, file: int, claims: t.Sequence[Claim]) -> None:
        if not claims:
            os.unlink(self.path)
            return
        content = json.dumps([dataclasses.asdict(claim) for claim in claims], indent=1).encode() + b"\n"
        before = os.pread(file, LARGEST, 0)
        try:
            if os.pwrite(file, content, 0) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.ftruncate(file, len(content))
            os.fsync(file)
        except OSError:
            # What was there needs no more space than it had.
            os.pwrite(file, before, 0)
            os.ftruncate(file, len(before))
            raise

    def _unusable(self, reason: str) -> ConflictError:
        return ConflictError(
            f"The file of claims {self.path} {reason}",
            next_step="Check the path, its permissions and the disk, or choose another path.",
        )
