# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A client secret that stores keep."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret import SecretResource
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_options import SecretOptions
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_records import ClientSecrets
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.kind import (
    Found,
    Kind,
    applied,
    marks,
)

NOTHING = ClientSecrets(application_object_id="", client_id="", credentials=())


class ClientSecret(Kind):
    type = "client_secret"
    rolls_back = True

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self._options = SecretOptions.of(call.params, call.now)
        self._resource = SecretResource(call, self._options, RunMemory())
        self._current = NOTHING
        self._made = NOTHING

    def look(self, stored: Record, *, outgoing: t.Collection[str], unconfirmed: t.Sequence[datetime.datetime]) -> Found:
        self._options = self._options._replace(
            stored_key_id=stored.key_id,
            stored_hint=(stored.client_secret or "")[:3] or None,
            stored_start=times.parse(stored.secret_start),
            unconfirmed_starts=tuple(unconfirmed),
        )
        resource = SecretResource(self.call, self._options, RunMemory())
        current = resource.read()
        wanted = resource.desired(current)
        self._resource, self._current = resource, current
        return _found_secret(resource, current, wanted, due=wanted.chosen is not current.chosen)

    def not_registered(self) -> Found:
        return _found_secret(self._resource, NOTHING, self._resource.desired(NOTHING), due=True)

    def create(self, start: datetime.datetime) -> Found:
        options = self._options._replace(start=start)
        self._resource = SecretResource(self.call, options, RunMemory())
        self._made = applied(self.call, self._resource, self._current)
        self.call.secrets.add(self._made.value)
        return _found_secret(self._resource, self._current, self._made, due=True)

    @property
    def may_be_left(self) -> bool:
        creation = self._resource.creation
        return creation is not None and creation.answer_was_lost

    def record(self, common: Record, kept: Record) -> Record:
        values = {kept.key_id: kept.client_secret, self._made.chosen_key_id: self._made.value}
        return dataclasses.replace(common, client_secret=values.get(common.key_id, ""))

    def value(self, record: Record) -> dict[str, str]:
        return filled_members({"client_secret": record.client_secret})

    def remove_unconfirmed(self) -> None:
        applied(self.call, self._resource, self._current)

    def remove_new(self) -> None:
        from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_creation import (
            remove_secret,
        )

        if self._made.chosen is not None:
            remove_secret(self.call.graph, self._made, self._made.chosen, address=self._options.address)


def _found_secret(resource: SecretResource, current: ClientSecrets, state: ClientSecrets, *, due: bool) -> Found:
    result = {**resource.result(state), "client_secret": None}
    return Found(
        client_id=state.client_id,
        object_id=state.application_object_id,
        **marks(result),
        due=due,
        removes=bool(current.unconfirmed),
        confirmed_starts=state.confirmed_starts,
        before=resource.view(current),
        after=resource.view(state),
        result=result,
    )
