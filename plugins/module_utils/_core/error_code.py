# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What an error code of a server means: one table for modules, event source and the page docs/errors.md."""

from __future__ import annotations

import enum
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first


class Then(enum.Enum):
    """What a run does by itself before it fails; the values are texts of docs/errors.md."""

    FAIL = "fails"
    WAIT = "waits and sends again"
    WAIT_AFTER_CREATE = "waits, if this run created the object"
    READ_AGAIN = "reads again, then decides again"
    READ_ONCE = "reads again, once: the change may already be made"


class ErrorCode(t.NamedTuple):
    """One row. ``next_step`` completes the error message; the text ``RIGHT`` in it becomes the missing right.

    ``text`` is a required part of the message, and ``status`` the status, if the code alone is not
    enough. ``person`` replaces ``next_step`` if a person signs in with a device code.
    """

    code: str
    meaning: str
    next_step: str
    source: str
    then: Then = Then.FAIL
    text: str = ""
    status: int | None = None
    person: str = ""

    @property
    def key(self) -> tuple[str, str, int | None]:
        """What distinguishes a row from the others."""
        return self.code, self.text, self.status

    def fits(self, *, status: int, codes: t.Collection[str | None], message: str) -> bool:
        """Whether an answer with these codes, the specific ones among them, is this row."""
        return self.code in codes and self.text in message and self.status in (None, status)


def find(
    table: t.Iterable[ErrorCode], *, status: int, codes: t.Collection[str | None], message: str
) -> ErrorCode | None:
    """The first row that fits; None for an unknown code."""
    return first(table, lambda row: row.fits(status=status, codes=codes, message=message))
