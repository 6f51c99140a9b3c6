# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What the options of azure_app_secret ask for."""

from __future__ import annotations

import datetime
import itertools
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    OURS,
    check_guid,
    check_number,
    check_text,
    guid_option,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_records import (
    PasswordCredential,
)

LONGEST_DESCRIPTION = 120  # no source gives a limit: ours
LONGEST_LIFETIME = 3650  # days; no source gives a limit: ours


class SecretOptions(t.NamedTuple):
    """The secret that has to be there, or to go away.

    ``stored_key_id`` is None if the caller does not name its value, and "" if it has none. The stored hint
    and start, ``start`` and ``unconfirmed_starts`` are set by a task with stores, not by options.
    """

    present: bool
    address: application.Address
    description: str | None
    key_id: str | None
    lifetime: datetime.timedelta
    end: datetime.datetime | None
    renew_before: datetime.timedelta
    stored_key_id: str | None = None
    stored_hint: str | None = None
    stored_start: datetime.datetime | None = None
    start: datetime.datetime | None = None
    unconfirmed_starts: tuple[datetime.datetime, ...] = ()

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any], now: datetime.datetime) -> SecretOptions:
        """Raises InputError for lifetimes that cannot be, or that would renew on every run."""
        present, description = params["state"] == "present", params["description"]
        stored_key_id = params["stored_key_id"]
        if description is not None:
            check_text("description", description, longest=LONGEST_DESCRIPTION, limit_of=OURS)
        lifetime_days, renew_before_days = params["lifetime_days"], params["renew_before_days"]
        check_number("O(lifetime_days)", lifetime_days, lowest=1, highest=LONGEST_LIFETIME)
        end = _end(params["end_date"], now)
        if present:
            _check_renewal(renew_before_days, lifetime_days=lifetime_days, end=end, now=now)
        elif (description, params["key_id"]) == (None, None):
            raise InputError(
                "O(state) is absent but any of the following are missing: description, key_id",
                next_step="Name the secret to remove by its O(key_id) or its O(description), or set O(stores).",
            )
        if stored_key_id:
            stored_key_id = check_guid("stored_key_id", stored_key_id)
        return cls(
            present=present,
            address=application.Address.of(params),
            description=description,
            key_id=guid_option(params, "key_id"),
            lifetime=datetime.timedelta(days=lifetime_days),
            end=end,
            renew_before=datetime.timedelta(days=min(max(renew_before_days, 0), LONGEST_LIFETIME)),
            stored_key_id=stored_key_id,
        )

    @property
    def claimed_starts(self) -> tuple[datetime.datetime, ...]:
        """Those of earlier runs that are unconfirmed, and that of this task."""
        return tuple(filter(None, (*self.unconfirmed_starts, self.start)))

    def is_stored(self, credential: PasswordCredential) -> bool:
        """Whether it is the one whose value the caller holds."""
        return bool(self.stored_key_id) and credential.key_id == self.stored_key_id

    def not_stored(self, credentials: t.Iterable[PasswordCredential]) -> list[PasswordCredential]:
        return list(itertools.filterfalse(self.is_stored, credentials))

    def is_valid(self, credential: PasswordCredential, now: datetime.datetime) -> bool:
        """Whether it has the description and enough days left, and, if the caller names its value, is that one."""
        lasts = times.lasts(credential.end, now, at_least=self.renew_before)
        if credential.description != self.description or not lasts:
            return False
        if self.stored_key_id not in (None, credential.key_id):
            return False
        return None in (self.stored_hint, credential.hint) or self.stored_hint == credential.hint

    def end_of_new(self, start: datetime.datetime) -> datetime.datetime:
        return (self.end or start + self.lifetime).replace(microsecond=0)


def _end(end_date: str | None, now: datetime.datetime) -> datetime.datetime | None:
    if end_date is None:
        return None
    end = times.parse_end_date(end_date)
    if end <= now:
        raise InputError(f"O(end_date) is {times.written(end)}, which has passed", next_step="Set a later O(end_date).")
    return end


def _check_renewal(
    renew_before_days: int, *, lifetime_days: int, end: datetime.datetime | None, now: datetime.datetime
) -> None:
    longest: float = lifetime_days
    new = f"O(lifetime_days) is {lifetime_days}"
    if end is not None:
        longest = (end - now) / times.DAY
        new = f"O(end_date) is {times.written(end)}"
    if 0 <= renew_before_days < longest:
        return
    raise InputError(
        f"O(renew_before_days) is {renew_before_days} and {new}: a new secret would be due for renewal at once",
        next_step="Set O(renew_before_days) to less than the days that a new secret is valid, and to at least 0.",
    )
