# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A file of the report: written only if it would differ, and changed only if its content is different."""

from __future__ import annotations

import os
import re
import stat
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import private_file, small_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.csv_view import (
    COLUMNS,
    without_days_left,
)

DIGEST = re.compile(r"(?:content-digest\W{1,12}(?:content=\")?|\"digest\": \")([0-9a-f]{64})")
LARGEST_REPORT = 64 * 2**20  # bytes


class ReportFile(t.NamedTuple):
    """A file before and after a run; no text and mode 0 if there was none."""

    path: str
    before: str
    after: str
    mode_before: int
    mode: int

    @property
    def differs(self) -> bool:
        return (self.before, self.mode_before) != (self.after, self.mode)

    @property
    def changed(self) -> bool:
        """Whether its content or mode is different: passed days are not a change."""
        return (_content(self.before), self.mode_before) != (_content(self.after), self.mode)

    def diff(self) -> dict[str, t.Any]:
        return {
            "before": self.before,
            "after": self.after,
            "before_header": self.path,
            "after_header": self.path,
        }


def mode_of(option: str, value: str) -> int:
    """Raises InputError for what is not the mode of a file."""
    if not re.fullmatch(r"0?[0-7]{3}", value):
        raise InputError(f"{option} is {shown(value)}, which is not a mode", next_step="Write it in quotes, as '0640'.")
    return int(value, 8)


def write_report_file(path: str, text: str, *, mode: int, check_mode: bool) -> ReportFile:
    """Raises ConflictError if the file cannot be read or written."""
    real_path = os.path.realpath(path)
    with private_file.as_conflict(f"write {real_path}", next_step="Choose another path, or correct its permissions."):
        before, mode_before = _read(real_path)
        file = ReportFile(path=real_path, before=before, after=text, mode_before=mode_before, mode=mode)
        if file.differs and not check_mode:
            private_file.write(real_path, text.encode(), mode=mode)
    return file


def _read(path: str) -> tuple[str, int]:
    """The text and the mode of a file; no text and 0 if there is none. Raises OSError."""
    try:
        content = small_file.read(path, largest=LARGEST_REPORT)
        return content.decode("utf-8", errors="replace"), stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        return "", 0


def _content(text: str) -> str:
    """The content of a written report without the time: equal if nothing but the days left has changed."""
    if text.startswith(f'"{COLUMNS[0]}"'):
        return without_days_left(text)
    found = DIGEST.search(text)
    if found is None:
        return text
    return found[1]
