# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The files with an application's key: PATH in use, PATH.new not announced or not in use yet, PATH.old the one before.

PATH changes only after the tenant shows the certificate of the new key, so that its readers can always sign in.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import private_file, small_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    InputError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.key_pair import (
    KeyPair,
    parse_pair,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.user_file import LARGEST

# The first line names the application, so that no other file is overwritten. PEM allows text before the first block.
MARK = "# Made by email_gateway.azure_apps: key and certificate of the application "
_MARK = re.compile(re.escape(MARK).encode() + rb"([0-9a-f-]{36})")


class Files(t.NamedTuple):
    """The content of the three files; None if there is nothing that can be used.

    ``private``: all existing files are readable by their owner only; ``damaged`` names those that cannot be read;
    ``client_id`` is of the application that they are for, or "".
    """

    current: KeyPair | None
    pending: KeyPair | None
    previous: KeyPair | None
    private: bool
    damaged: tuple[str, ...]
    client_id: str

    @property
    def thumbprints(self) -> tuple[str | None, ...]:
        return tuple(map(_thumbprint, (self.current, self.pending, self.previous)))


def _thumbprint(pair: KeyPair | None) -> str | None:
    if pair is None:
        return None
    return pair.certificate.thumbprint


NO_FILES = Files(None, None, None, private=True, damaged=(), client_id="")


class KeyFiles:
    """The three files of one application."""

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)
        self.new = f"{self.path}.new"
        self.old = f"{self.path}.old"

    @property
    def obstacle(self) -> str:
        """Why a key could not be written; "" if it could."""
        return private_file.obstacle(self.path)

    def read(self, client_id: str = "") -> Files:
        """``client_id`` is of the application that they have to be for; "" takes any, as long as it is one.

        Raises ConflictError for a file that is not ours to overwrite, or that cannot be read.
        """
        damaged: list[str] = []
        found = []
        for path in (self.path, self.new, self.old):
            pair, owner = self._read(path, client_id, damaged)
            found.append(pair)
            client_id = client_id or owner
        current, pending, previous = found
        return Files(
            current,
            pending,
            previous,
            private=not self._open_to_others(),
            damaged=tuple(damaged),
            client_id=client_id,
        )

    def _read(self, path: str, client_id: str, damaged: list[str]) -> tuple[KeyPair | None, str]:
        """The pair, and whose it is."""
        if not os.path.lexists(path):
            return None, ""
        if not os.path.isfile(path):
            raise ConflictError(f"{path} is not a regular file", next_step="Choose another path.")
        with private_file.as_conflict(f"read {path}", next_step="Check who owns the file, or choose another path."):
            content = small_file.read(path, largest=LARGEST)
        if not content.strip(b"\0\r\n "):  # a machine that lost its power can leave a file like this
            damaged.append(path)
            return None, ""
        mark = _MARK.fullmatch(content.partition(b"\n")[0].rstrip())
        if mark is None:
            raise ConflictError(
                f"{path} was not created by azure_app_certificate, and is not changed",
                next_step="Choose another path; to register a certificate of your own, set certificate_file instead.",
            )
        owner = mark[1].decode()
        if client_id not in ("", owner):
            raise ConflictError(
                f"{path} contains the key of another application, {owner}, and is not changed",
                next_step="Choose another path: each application has a key of its own.",
            )
        try:
            return parse_pair(content, what=path), owner
        except InputError:
            damaged.append(path)  # the caller reports it to the user
            return None, owner

    def _present(self) -> list[str]:
        return list(filter(os.path.isfile, (self.path, self.new, self.old)))

    def _open_to_others(self) -> list[str]:
        try:
            return list(itertools.filterfalse(private_file.is_private, self._present()))
        except FileNotFoundError:  # another run has just moved it
            return []

    def make_private(self) -> None:
        """Make the files readable by their owner only. Raises ConflictError."""
        for path in self._open_to_others():
            private_file.make_private(path)

    def add_pending(self, pair: KeyPair, client_id: str, *, instead_of: KeyPair | None) -> None:
        """Write PATH.new; ``instead_of`` is its old content, which is no longer used.

        Raises OvertakenError if another run has just written one, ConflictError if it cannot be written.
        """
        found, _owner = self._read(self.new, client_id, [])
        if _thumbprint(found) != _thumbprint(instead_of):
            raise self._overtaken()
        with _writing(self.new):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.new)
            try:
                private_file.write(self.new, f"{MARK}{client_id}\n".encode() + pair.pem, replace=False)
            except FileExistsError:
                raise self._overtaken() from None

    def use_pending(self, client_id: str, thumbprint: str) -> None:
        """PATH.new with this certificate takes the place of PATH, which becomes PATH.old.

        Raises OvertakenError if another run replaced it, ConflictError if the files cannot be written.
        """
        files = self.read(client_id)
        current, pending, _previous = files.thumbprints
        if pending != thumbprint:
            if current == thumbprint:
                return  # another run of the same task was faster
            raise self._overtaken()
        with _writing(self.path):
            try:
                if files.current is not None and current != thumbprint:
                    # A copy, so that there is no moment without PATH.
                    private_file.write(self.old, f"{MARK}{client_id}\n".encode() + files.current.pem)
                os.replace(self.new, self.path)
                private_file.sync(os.path.dirname(self.path))
            except FileNotFoundError:
                raise self._overtaken() from None

    def remove_previous(self) -> None:
        """Raises ConflictError."""
        with _writing(self.old), contextlib.suppress(FileNotFoundError):
            os.unlink(self.old)

    def remove(self, client_id: str) -> bool:
        """Remove all three, after reading them: those of another application stay. Whether there was one.

        Raises ConflictError.
        """
        self.read(client_id)
        found = self._present()
        with _writing(self.path):
            for path in found:
                os.unlink(path)
        return bool(found)

    @property
    def exist(self) -> bool:
        return bool(self._present())

    def _overtaken(self) -> OvertakenError:
        return OvertakenError(
            f"Another run writes {self.path} at the same time", next_step="Run again when the other run has ended."
        )


def _writing(path: str) -> contextlib.AbstractContextManager[None]:
    """Turns an OSError into a ConflictError."""
    return private_file.as_conflict(f"write {path}", next_step="Check the disk and the permissions of the directory.")
