# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Files that their owner alone may read, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile

MODE = 0o600


def is_private(path: str) -> bool:
    """Readable and writable by its owner alone. Raises OSError."""
    return stat.S_IMODE(os.stat(path).st_mode) == MODE


def obstacle(path: str) -> str:
    """Why ``write`` would fail, as far as that can be known before; "" where it would not."""
    folder = os.path.dirname(path)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if os.path.isdir(path):
        return "it is a directory"
    if not os.path.isdir(folder):
        return f"{folder} is not a directory"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the directory {folder} is not writable"
    return ""


def write(path: str, content: bytes, *, replace: bool = True) -> None:
    """Write the file atomically and to the disk, with missing folders, all for their owner alone.

    Raises FileExistsError where there is one that must not be replaced, else OSError; what was there is then intact.
    """
    folder = os.path.dirname(path)
    _make_private(folder)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{os.path.basename(path)}.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
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
    """Have on the disk which files the folder holds. Raises OSError."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _make_private(folder: str) -> None:
    """Make the missing directories, each for its owner alone; os.makedirs would do so for the last one only."""
    if os.path.isdir(folder):
        return
    _make_private(os.path.dirname(folder))
    os.mkdir(folder, 0o700)
