# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The client secrets of an application as Microsoft Graph shows them: everything but their values."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.switched_off import SWITCHES

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.key_credentials import KeyCredential

FIELDS = ("id", "appId", "displayName", "passwordCredentials", *SWITCHES)
EPOCH = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)


class PasswordCredential(t.NamedTuple):
    """The record of a client secret. ``hint`` is the first three characters of its value."""

    key_id: str | None = None
    description: str | None = None
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None
    hint: str | None = None

    @classmethod
    def of(cls, document: Json) -> PasswordCredential:
        return cls(
            key_id=application.text_or_empty(document, "keyId").lower() or None,
            description=application.text(document, "displayName"),
            start=times.parse(application.text_or_empty(document, "startDateTime")),
            end=times.parse(application.text_or_empty(document, "endDateTime")),
            hint=application.text(document, "hint"),
        )

    def document(self) -> Json:
        """As Microsoft Graph writes it."""
        return {
            "keyId": self.key_id,
            "displayName": self.description,
            "startDateTime": times.written_if_known(self.start),
            "endDateTime": times.written_if_known(self.end),
            "hint": self.hint,
        }

    def described(self, now: datetime.datetime) -> View:
        return {
            "key_id": self.key_id,
            "description": self.description,
            "start": times.written_if_known(self.start),
            "end": times.written_if_known(self.end),
            "days_left": times.days_left_if_known(self.end, now),
            "hint": self.hint,
        }


def password_credentials(document: Json) -> tuple[PasswordCredential, ...]:
    """All records of an application, the one that lasts longest first."""
    found = map(PasswordCredential.of, application.objects(document.get("passwordCredentials")))
    return tuple(sorted(found, key=lambda credential: (credential.end or EPOCH, credential.key_id or ""), reverse=True))


def all_described(credentials: t.Iterable[PasswordCredential | KeyCredential], now: datetime.datetime) -> list[View]:
    return [credential.described(now) for credential in credentials]


def key_ids(credentials: t.Iterable[PasswordCredential]) -> list[str]:
    return sorted(credential.key_id or "" for credential in credentials)


def other_key_ids(
    credentials: t.Iterable[PasswordCredential | KeyCredential], chosen: PasswordCredential | KeyCredential | None
) -> list[str]:
    """Of those with the description of the chosen one; none if none is chosen."""
    if chosen is None:
        return []
    alike = {credential.key_id or "" for credential in credentials if credential.description == chosen.description}
    return sorted(alike - {chosen.key_id or ""})


def with_start(
    credentials: t.Iterable[PasswordCredential], starts: t.Collection[datetime.datetime]
) -> tuple[PasswordCredential, ...]:
    """Those with one of the starts: Graph echoes a start exactly, and no other client uses this microsecond."""
    return tuple(credential for credential in credentials if credential.start in starts)


@dataclasses.dataclass(frozen=True)
class ClientSecrets:
    """The application's records; ``chosen`` is the one that the module is about, if there is a valid one.

    ``outdated`` is the best one that is no longer valid long enough. ``unconfirmed`` are those whose value was perhaps
    never received by the run that created them. ``confirmed_starts`` need not be looked for again. ``value`` is filled
    only in the run that created the secret; it is in no view.
    """

    application_object_id: str
    client_id: str
    credentials: tuple[PasswordCredential, ...]
    chosen: PasswordCredential | None = None
    outdated: PasswordCredential | None = None
    unconfirmed: tuple[PasswordCredential, ...] = ()
    confirmed_starts: tuple[datetime.datetime, ...] = ()
    removed: tuple[PasswordCredential, ...] = ()
    value: str | None = dataclasses.field(default=None, repr=False)

    @property
    def chosen_start(self) -> datetime.datetime | None:
        return self._chosen_or_blank.start

    @property
    def chosen_key_id(self) -> str | None:
        return self._chosen_or_blank.key_id

    @property
    def _chosen_or_blank(self) -> PasswordCredential:
        return self.chosen or PasswordCredential()
