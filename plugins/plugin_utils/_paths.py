# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Where a file that is not there yet would stand, and whether it can."""

from __future__ import annotations

import os


def nearest_folder(path: str) -> str:
    """The folder that the file is in, or the nearest one above it that is there."""
    folder = os.path.dirname(path)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    return folder


def impossible(path: str, *, room: int = 0) -> str:
    """Why there can be no file of this name, nor one whose name is longer by ``room`` bytes; else empty."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        pass
    except OSError as exc:
        return str(exc.strerror)
    folder = nearest_folder(path)
    try:
        longest = os.pathconf(folder, "PC_NAME_MAX")
    except OSError:
        return ""  # a file system that does not say
    sizes = [len(os.fsencode(name)) for name in os.path.relpath(path, folder).split(os.sep)]
    return f"a name in it is longer than {longest - room} bytes" if max(sizes) > longest - room else ""


def make_private_folder(folder: str) -> None:
    """Make the missing directories, each for its owner alone; os.makedirs would do so for the last one only.

    Raises OSError.
    """
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for path in reversed(missing):
        os.mkdir(path, 0o700)
