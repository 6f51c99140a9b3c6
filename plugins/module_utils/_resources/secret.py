# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A client secret as a state: "there is one with this description that has at least N days left".

Nothing here removes a secret that it did not create or that no option names. See secret_creation.py for how
one is created.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import filled
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.run_notes import LAG_WINDOW
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.switched_off import refuse_credential
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_options import SecretOptions
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_records import (
    FIELDS,
    ClientSecrets,
    PasswordCredential,
    brief_view,
    key_ids,
    other_key_ids,
    password_credentials,
    read_until_there,
    with_description,
    with_start,
    without_key_ids,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_creation import (
        SecretCreation,
    )

VISIBLE_AFTER = 60.0  # seconds after which a new secret is in every answer; no source gives a limit: ours
FRESH = 300.0  # seconds in which the identity platform may not know a new secret yet; no source gives a limit: ours


def is_fresh(start: datetime.datetime | None) -> bool:
    """Whether the identity platform may still refuse a secret with this start."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return start is not None and abs((now - start).total_seconds()) < FRESH


class SecretResource:
    """Creates a secret if the tenant has no valid one; removes the one that the options name.

    ``memory``: the hosts of a run share the value of a new secret through the memory of the run. With
    stores, they share it through these, and this memory is one that remembers nothing.
    """

    def __init__(self, call: Call, options: SecretOptions, memory: RunMemory) -> None:
        self._call = call
        self._options = options
        self._memory = memory
        self.creation: SecretCreation | None = None

    @property
    def _graph(self) -> GraphClient:
        return self._call.graph

    def read(self) -> ClientSecrets:
        options = self._options
        document = self._graph.get(options.address.read(self._graph, select=FIELDS, handed=options.present))
        found = application.required(document, options.address, may_be_gone=not options.present)
        state = ClientSecrets(
            application_object_id=application.text_or_empty(found, "id"),
            client_id=options.address.client_id_of(found),
            credentials=password_credentials(found),
        )
        if not options.present:
            return dataclasses.replace(state, chosen=self._to_remove(state.credentials))
        credentials = self._with_stored(state.credentials)
        state = dataclasses.replace(
            state,
            credentials=credentials,
            chosen=first(credentials, lambda credential: options.is_valid(credential, self._call.now)),
            outdated=first(credentials, lambda credential: credential.description == options.description),
            unconfirmed=self._unconfirmed(credentials),
        )
        if state.chosen is None:
            refuse_credential(self._graph, found, options.address)
        return state

    def _with_stored(self, credentials: tuple[PasswordCredential, ...]) -> tuple[PasswordCredential, ...]:
        """Read again while the stored secret is missing and so young that the answer may be older than it.

        Who believed such an answer would make a second secret.
        """
        options, patience = self._options, self._graph.patience
        until = patience.waited
        if self._graph.created_here(options.stored_key_id):
            until += VISIBLE_AFTER
        elif options.stored_start is not None:
            until += VISIBLE_AFTER - (self._call.now - options.stored_start).total_seconds()
        return read_until_there(
            credentials,
            self._read_again,
            is_there=lambda found: any(map(options.is_stored, found)),
            patience=patience,
            until=until,
        )

    def _read_again(self) -> tuple[PasswordCredential, ...]:
        address = self._options.address
        document = self._graph.get(address.read(self._graph, select=FIELDS))
        return password_credentials(application.required(document, address))

    def _unconfirmed(self, credentials: t.Iterable[PasswordCredential]) -> tuple[PasswordCredential, ...]:
        found = with_start(credentials, self._options.unconfirmed_starts)
        return tuple(self._options.not_stored(found))

    def _to_remove(self, credentials: t.Sequence[PasswordCredential]) -> PasswordCredential | None:
        """The one record to remove. A description that several have does not name one."""
        options = self._options
        if options.key_id is not None:
            return first(credentials, lambda credential: credential.key_id == options.key_id)
        fitting = with_description(credentials, options.description)
        if len(fitting) > 1:
            raise ConflictError(
                f"{len(fitting)} secrets of {options.address} have the description {options.description!r}",
                next_step="Name the one to remove by its key_id.",
                key_ids=[credential.key_id for credential in fitting],
            )
        return next(iter(fitting), None)

    def desired(self, current: ClientSecrets) -> ClientSecrets:
        if not self._options.present:
            removed = tuple(filter(None, (current.chosen,)))
            kept = without(current.credentials, removed)
            return dataclasses.replace(current, chosen=None, removed=removed, credentials=tuple(kept))
        kept = without(current.credentials, current.unconfirmed)
        wanted = dataclasses.replace(
            current,
            unconfirmed=(),
            removed=current.unconfirmed,
            credentials=tuple(kept),
            confirmed_starts=self._confirmed_by(current),
        )
        if current.chosen is not None:
            return wanted
        start = self._call.now
        new = PasswordCredential(
            description=self._options.description, start=start, end=self._options.end_of_new(start)
        )
        return dataclasses.replace(wanted, chosen=new, credentials=(new, *kept))

    def _confirmed_by(self, state: ClientSecrets) -> tuple[datetime.datetime, ...]:
        """The starts that need not be looked for again: the own one, those found, and those too old to show up."""
        stored = filter(self._options.is_stored, state.credentials)
        seen = {self._options.start, *(credential.start for credential in (*state.unconfirmed, *stored))}
        oldest = self._call.now - datetime.timedelta(seconds=LAG_WINDOW)
        return tuple(start for start in self._options.claimed_starts if start in seen or start < oldest)

    def apply(self, current: ClientSecrets, wanted: ClientSecrets) -> ClientSecrets:
        with self._call.memory.application_lock(current.client_id, seconds=self._call.endpoint.wait_timeout):
            return self._apply(current, wanted)

    def _apply(self, current: ClientSecrets, wanted: ClientSecrets) -> ClientSecrets:
        if wanted.chosen in (None, current.chosen):
            for credential in wanted.removed:
                self._remove(current, credential)
            return wanted
        from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_creation import (
            SecretCreation,
        )

        self.creation = SecretCreation(self._graph, self._options, current, warn=self._call.warn)
        made = self._made_by_this_run(current)
        if made is None:
            made = self.creation.create(self._options.end_of_new(self._call.now))
            self._remember(made)
        return self.creation.without_unconfirmed(made)

    def _made_by_this_run(self, current: ClientSecrets) -> ClientSecrets | None:
        """Parallel hosts that share an application share the new secret, too."""
        known = as_object(self._memory.recall(self._memory_key(current, self._options.description)))
        record = PasswordCredential.of(known.get("record", {}))
        of_any_caller = self._options._replace(stored_key_id=None, stored_hint=None)
        if not of_any_caller.is_valid(record, self._call.now):
            return None
        others = without_key_ids(current.credentials, (record.key_id,))
        return dataclasses.replace(current, chosen=record, value=known["value"], credentials=(record, *others))

    def _remember(self, made: ClientSecrets) -> None:
        if made.chosen is not None and made.chosen.key_id:
            remembered = {"value": made.value, "record": made.chosen.document()}
            self._memory.remember(self._memory_key(made, self._options.description), remembered, seconds=LAG_WINDOW)

    def _memory_key(self, state: ClientSecrets, description: str | None) -> str:
        return f"secret:{state.application_object_id}:{description}"

    def _remove(self, current: ClientSecrets, credential: PasswordCredential) -> None:
        from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_creation import (
            remove_secret,
        )

        made_here = self._graph.created_here(credential.key_id)
        remove_secret(self._graph, current, credential, address=self._options.address)
        if made_here:
            self._memory.remember(self._memory_key(current, credential.description), None, seconds=LAG_WINDOW)

    def view(self, state: ClientSecrets) -> View:
        view = brief_view(state.chosen, state.outdated, self._call.now, verdict="valid")
        if self._options.unconfirmed_starts and (view or state.unconfirmed):
            return {"unconfirmed": len(state.unconfirmed), **view}
        return view

    def result(self, state: ClientSecrets) -> View:
        chosen = state.chosen or PasswordCredential(description=self._options.description)
        return {
            "client_id": state.client_id,
            "application_object_id": filled(state.application_object_id),
            **chosen.described(self._call.now),
            "fresh": is_fresh(chosen.start),
            "secret_count": len(state.credentials),
            "other_key_ids": other_key_ids(state.credentials, state.chosen),
            "removed_key_ids": key_ids(state.removed),
            "client_secret": state.value,
        }
