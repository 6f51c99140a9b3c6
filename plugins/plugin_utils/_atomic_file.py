# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Files that are replaced whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile


def make_folder(folder: str) -> None:
    """Make the missing directories, each for its owner alone; os.makedirs would do so for the last one only."""
    if os.path.isdir(folder):
        return
    make_folder(os.path.dirname(folder))
    os.mkdir(folder, 0o700)


def replace_file(path: str, content: bytes, *, mode: int) -> None:
    """The old file is there until the new one is whole and on the disk. Raises OSError; the old one is then intact."""
    folder = os.path.dirname(path)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{os.path.basename(path)}.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
