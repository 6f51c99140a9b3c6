# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Files of users: read with a limit, since a large one can only be the wrong file."""

from __future__ import annotations

import errno
import os

LARGEST = 2**20  # bytes


def read(path: str, *, largest: int = LARGEST) -> bytes:
    """The content. Raises OSError, also for a file with more than ``largest`` bytes; strerror is the reason."""
    with open(path, "rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise _too_large(path, largest)
    return content


def check_size(path: str, *, largest: int = LARGEST) -> None:
    """For a file that a program reads. Raises OSError for one with more than ``largest`` bytes."""
    if os.path.getsize(path) > largest:
        raise _too_large(path, largest)


def _too_large(path: str, largest: int) -> OSError:
    return OSError(errno.EFBIG, f"it is larger than {largest // 1024} KiB", path)
