# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Files that only their owner may read, written completely or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError

MODE = 0o600


def is_private(path: str) -> bool:
    """Readable and writable by its owner only. Raises OSError."""
    return stat.S_IMODE(os.stat(path).st_mode) == MODE


def nearest_folder(path: str) -> str:
    """The folder that the file is in, or the nearest existing one above it."""
    folder = os.path.dirname(path)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    return folder


def impossible(path: str, *, room: int = 0) -> str:
    """Why there can be no file of this name, nor one whose name is longer by ``room`` bytes; else empty."""
    try:
        with contextlib.suppress(FileNotFoundError):
            os.lstat(path)
    except OSError as exc:
        return str(exc.strerror)
    folder = nearest_folder(path)
    try:
        longest = os.pathconf(folder, "PC_NAME_MAX") - room
    except OSError:
        return ""  # a file system without this information
    names = os.fsencode(os.path.relpath(path, folder)).split(os.fsencode(os.sep))
    if max(map(len, names)) > longest:
        return f"a name in it is longer than {longest} bytes"
    return ""


def make_private_folder(folder: str) -> None:
    """Create the missing directories, each for its owner only; os.makedirs would do so for the last one only.

    Raises OSError.
    """
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):  # a parallel host created it; if it is a file, writing fails
            os.mkdir(path, 0o700)


def obstacle(path: str, *, room: int = 0) -> str:
    """Why ``write`` would fail, as far as that can be known before; "" if it would not. ``room`` as above."""
    folder = nearest_folder(path)
    if not os.path.isdir(folder):
        return f"{folder} is not a directory"
    reason = impossible(path, room=room)
    if reason:
        return reason
    if os.path.isdir(path):
        return "it is a directory"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the directory {folder} is not writable"
    return ""


def write(path: str, content: bytes, *, replace: bool = True, mode: int = MODE) -> None:
    """Write the file atomically and to the disk, with missing folders, all for their owner only
    unless ``mode`` is set for the file.

    Raises FileExistsError if there is one that must not be replaced, else OSError; the old file is then intact.
    """
    folder = os.path.dirname(path)
    make_private_folder(folder)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{os.path.basename(path)}.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        if replace:
            os.replace(temporary, path)
        else:
            os.link(temporary, path)
            os.unlink(temporary)
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    sync(folder)


def sync(folder: str) -> None:
    """Write the entries of the folder to the disk. Raises OSError."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def make_private(path: str) -> None:
    """Make it readable and writable for its owner only. Raises ConflictError."""
    with as_conflict(f"change the mode of {path}", next_step="Check who owns the file."):
        os.chmod(path, MODE)


def remove(path: str) -> None:
    """No error if there is none. Raises ConflictError."""
    with (
        as_conflict(f"remove {path}", next_step="Check the permissions of the directory."),
        contextlib.suppress(FileNotFoundError),
    ):
        os.unlink(path)


@contextlib.contextmanager
def as_conflict(action: str, *, next_step: str) -> t.Iterator[None]:
    """Turns an OSError into a ConflictError; ``action`` completes "Could not ..."."""
    try:
        yield
    except OSError as exc:
        raise ConflictError(f"Could not {action}: {exc.strerror}", next_step=next_step) from None
