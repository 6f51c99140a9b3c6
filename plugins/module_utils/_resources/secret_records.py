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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.switched_off import SWITCHES

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import Patience
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.key_credentials import KeyCredential

FIELDS = ("id", "appId", "displayName", "passwordCredentials", *SWITCHES)
Credential = t.TypeVar("Credential", bound="PasswordCredential | KeyCredential")


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
    return tuple(
        sorted(found, key=lambda credential: (credential.end or times.EPOCH, credential.key_id or ""), reverse=True)
    )


def all_described(credentials: t.Iterable[PasswordCredential | KeyCredential], now: datetime.datetime) -> list[View]:
    return [credential.described(now) for credential in credentials]


def key_ids(credentials: t.Iterable[PasswordCredential | KeyCredential]) -> list[str]:
    return sorted(credential.key_id or "" for credential in credentials)


def with_description(credentials: t.Iterable[Credential], description: str | None) -> list[Credential]:
    return [credential for credential in credentials if credential.description == description]


def without_key_ids(
    credentials: t.Iterable[PasswordCredential], others: t.Container[str | None]
) -> list[PasswordCredential]:
    return [credential for credential in credentials if credential.key_id not in others]


def other_key_ids(credentials: t.Iterable[Credential], chosen: Credential | None) -> list[str]:
    """Of those with the description of the chosen one; none if none is chosen."""
    if chosen is None:
        return []
    alike = with_description(credentials, chosen.description)
    return sorted({*key_ids(alike)} - {*key_ids([chosen])})


def brief_view(chosen: Credential | None, outdated: Credential | None, now: datetime.datetime, *, verdict: str) -> View:
    """The chosen one, else the outdated one, for the diff; the member ``verdict`` tells which. {} without either."""
    shown = chosen or outdated
    if shown is None:
        return {}
    brief = selected(shown.described(now), ("description", "end", "days_left"))
    return {**brief, verdict: shown is chosen}


def read_until_there(
    credentials: tuple[Credential, ...],
    read: t.Callable[[], tuple[Credential, ...]],
    *,
    is_there: t.Callable[[tuple[Credential, ...]], bool],
    patience: Patience,
    until: float,
) -> tuple[Credential, ...]:
    """The credentials, read again while one is missing and, by the seconds that were waited, may still appear."""
    while patience.waited < until and not is_there(credentials) and patience.pause():
        credentials = read()
    return credentials


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
    def chosen_key_id(self) -> str | None:
        return (self.chosen or PasswordCredential()).key_id
