# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A file with commands of Exchange Online PowerShell, to hand over to an Exchange administrator."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import private_file, small_file

MODE = 0o644  # it holds ids, and no secret


def write_commands(path: str, commands: t.Sequence[str], *, check_mode: bool) -> bool:
    """Whether the file changes. Raises ConflictError if it cannot be read or written."""
    text = "".join(f"{line}\n" for line in commands)
    # Windows PowerShell 5.1 reads a file without a mark in the local code page, in which letters can become quotes.
    encoding = "utf-8-sig"
    if text.isascii():
        encoding = "ascii"
    content = text.encode(encoding)
    before: bytes | None = None
    with private_file.as_conflict(
        f"write the commands to {path}",
        next_step="Choose another O(commands_file), or check the permissions of its folder.",
    ):
        with contextlib.suppress(FileNotFoundError):
            before = small_file.read(path)
        if before == content:
            return False
        if not check_mode:
            private_file.write(path, content, mode=MODE)
    return True
