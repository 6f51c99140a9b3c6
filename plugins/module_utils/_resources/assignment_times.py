# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""When roles of Exchange were assigned, as a user writes it, or as earlier jobs hand it over. Pure."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.times import parse_point


class AssignmentTimes(t.NamedTuple):
    """``general`` holds for each application that ``own`` does not name by its client id."""

    general: datetime.datetime | None
    own: t.Mapping[str, datetime.datetime]

    @classmethod
    def of(cls, name: str, value: t.Any) -> AssignmentTimes:
        """A point in time, a dictionary of them by client ids, or a list of such. Raises InputError."""
        if isinstance(value, str):
            if not value.strip():
                return cls(None, {})
            return cls(parse_point(name, value), {})
        if not isinstance(value, list):
            value = [value or {}]
        own: dict[str, datetime.datetime] = {}
        for entry in value:
            if not _has_texts(entry):
                raise InputError(
                    f"{name} is malformed",
                    next_step="Write a point in time as 2027-06-30T12:00:00Z, or a dictionary of them by client ids.",
                )
            for client_id, time in entry.items():
                own[str(client_id).lower()] = parse_point(name, time)
        return cls(None, own)

    def of_application(self, client_id: str) -> datetime.datetime | None:
        return self.own.get(client_id.lower(), self.general)


def _has_texts(entry: t.Any) -> bool:
    return isinstance(entry, dict) and all(isinstance(value, str) for value in entry.values())
