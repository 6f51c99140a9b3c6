# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What differs between the kinds of credentials that stores keep: each has a file of its own beside this one."""

from __future__ import annotations

import abc
import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.converge import Resource

State = t.TypeVar("State")


class Found(t.NamedTuple):
    """What the tenant has, or will have. ``key_id`` is "" for a credential that does not exist yet.

    ``due``: one has to be created or changed; ``removes``: there are secrets whose value is unknown.
    ``confirmed_starts`` need not be looked for again. ``result`` is what the module returns without stores.
    """

    client_id: str
    object_id: str
    key_id: str
    start: str
    end: str
    due: bool
    before: View
    after: View
    result: View
    removes: bool = False
    confirmed_starts: tuple[datetime.datetime, ...] = ()


class Kind(abc.ABC):
    """One kind of credential. Constructing checks the options, and raises InputError."""

    type: t.ClassVar[str]
    local_paths: tuple[str, ...] = ()
    # Whether a credential that could not be stored is removed again. Other kinds are found again by the next run.
    rolls_back: t.ClassVar[bool] = False

    def __init__(self, call: Call) -> None:
        self.call = call

    @abc.abstractmethod
    def look(self, stored: Record, *, outgoing: t.Collection[str], unconfirmed: t.Sequence[datetime.datetime]) -> Found:
        """What the tenant has; ``stored`` is the credential that the stores keep, or NO_RECORD. Sends no write."""

    @abc.abstractmethod
    def not_registered(self) -> Found:
        """What will be, in check mode, if there is no application yet."""

    @abc.abstractmethod
    def create(self, start: datetime.datetime) -> Found:
        """After ``look``: bring the tenant to what is due. ``start`` marks a new client secret."""

    @abc.abstractmethod
    def record(self, common: Record, kept: Record) -> Record:
        """``common`` with the value of this kind, which is ``kept`` unless it was created by this task."""

    @abc.abstractmethod
    def value(self, record: Record) -> dict[str, str]:
        """What the application signs in with, by its option of azure_app_token_info; {} if that is not known."""

    def remove_unconfirmed(self) -> None:
        """After ``look``: remove the secrets whose value is unknown."""
        raise NotImplementedError

    @property
    def may_be_left(self) -> bool:
        """After ``create`` failed: whether a secret with an unknown value may exist."""
        raise NotImplementedError

    def remove_new(self) -> None:
        """After ``create``: remove the new credential from the tenant. Raises AppsError."""
        raise NotImplementedError


def applied(call: Call, resource: Resource[State], current: State) -> State:
    """Plan and apply. If another writer was in the way, read again and go on from there."""
    while True:
        try:
            return resource.apply(current, resource.desired(current))
        except AppsError as exc:
            if not exc.read_again or not call.http.patience.pause():
                raise
        current = resource.read()


class Marks(t.TypedDict):
    key_id: str
    start: str
    end: str


def marks(result: View) -> Marks:
    return {
        "key_id": text_or_empty(result, "key_id").lower(),
        "start": text_or_empty(result, "start"),
        "end": text_or_empty(result, "end"),
    }
