# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Small files that a user names in an option."""

from __future__ import annotations

import os

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import small_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    InputError,
)

LARGEST = 64 * 1024  # bytes of a file with a key or a certificate; they have a few thousand


def read_file(path: str, *, option: str) -> bytes:
    """A small file of a user's. Raises InputError."""
    if not os.path.isfile(path):
        raise InputError(f"{option} is {path}, which is not a file", next_step=f"Set {option} to a file.")
    try:
        return small_file.read(path, largest=LARGEST)
    except OSError as exc:
        raise InputError(
            f"Could not read {path}: {exc.strerror}", next_step=f"Check the file, or set {option} to another."
        ) from None
