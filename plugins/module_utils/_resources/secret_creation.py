# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Creates one client secret, whose value exists once: in the answer to addPassword.

addPassword is never simply sent again, because its answer may have been lost after the secret was made. All attempts
have the same start, to the microsecond, so that a secret whose value was lost is found by it and removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    ConflictError,
    GraphError,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Write
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_options import SecretOptions
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_records import (
    FIELDS,
    ClientSecrets,
    PasswordCredential,
    key_ids,
    password_credentials,
    with_start,
    without_key_ids,
)

CREATE_ATTEMPTS = 3


class SecretCreation:
    """One creation. ``answer_was_lost``: a secret may exist whose value was not received."""

    def __init__(
        self,
        graph: GraphClient,
        options: SecretOptions,
        current: ClientSecrets,
        *,
        warn: t.Callable[[str], None],
    ) -> None:
        self._graph = graph
        self._options = options
        self._current = current
        self._warn = warn
        self._known = key_ids(current.credentials)
        self._unanswered_requests = 0
        self.start = options.start or graph.clock.now()
        self.answer_was_lost = False

    def create(self, end: datetime.datetime) -> ClientSecrets:
        """The records with the new one, and its value. Raises AppsError, after removing what may have been made."""
        try:
            answer = self._add_password(end)
            value = application.text_or_empty(answer, "secretText")
            # One line of printable characters, which every store and form takes.
            if not re.fullmatch(r"[!-~]+", value):
                self.answer_was_lost = True
                raise ConflictError(
                    f"Microsoft Graph created a client secret for {self._options.address} but its answer has no value",
                    next_step="Run again.",
                )
        except AppsError as exc:
            if self.answer_was_lost:
                self._clean_up_after(exc)
            raise
        return self._received(answer, value=value, end=end)

    def _add_password(self, end: datetime.datetime) -> Json:
        for attempt in range(1, CREATE_ATTEMPTS + 1):
            try:
                return self._graph.write(self._request(end))
            except (TransportError, GraphError) as exc:
                if not _may_have_created(exc):
                    raise
                self.answer_was_lost = True
                # Without an answer the request may still be on its way, and be processed after all others.
                self._unanswered_requests += isinstance(exc, TransportError)
                if attempt == CREATE_ATTEMPTS or not self._can_send_again(exc):
                    raise
        raise AssertionError("unreachable")

    def _can_send_again(self, exc: TransportError | GraphError) -> bool:
        if isinstance(exc, TransportError):
            return not exc.permanent and self._graph.patience.pause()
        return self._graph.patience.pause(exc.retry_after)

    def _request(self, end: datetime.datetime) -> Write:
        return Write(
            method="POST",
            path=f"applications/{self._current.application_object_id}/addPassword",
            action=f"create a client secret for {self._options.address}",
            body={
                "passwordCredential": {
                    "displayName": self._options.description,
                    "startDateTime": times.written(self.start),
                    "endDateTime": times.written(end),
                }
            },
            repeatable=False,
            created_recently=self._graph.created_here(self._current.client_id),
        )

    def _received(self, answer: Json, *, value: str, end: datetime.datetime) -> ClientSecrets:
        """The answer is used if it describes the requested secret.

        Otherwise only the value is kept: it must not be lost, nor a record that another one made be taken for ours.
        """
        made = PasswordCredential.of(answer)
        if made.start not in (None, self.start) or made.key_id in (None, *self._known):
            made = self._found() or PasswordCredential(description=self._options.description, end=end, hint=value[:3])
        made = made._replace(start=self.start)
        if made.key_id:
            self._graph.note_created(made.key_id)
        credentials = (made, *self._current.credentials)
        return dataclasses.replace(self._current, chosen=made, value=value, credentials=credentials)

    def _found(self) -> PasswordCredential | None:
        """The only new record with our start, if Microsoft Graph shows it already."""
        found: list[PasswordCredential] = []
        with contextlib.suppress(AppsError):  # the value is what counts; without its key id the next run renews it
            found = self._new_with_our_start()
        if len(found) == 1 and found[0].key_id:
            return found[0]
        self._warn(
            f"Microsoft Graph returned the value of the new client secret of {self._options.address}, but not its"
            f" key id; it started at {times.written(self.start)}"
        )
        return None

    def _new_with_our_start(self) -> list[PasswordCredential]:
        """Raises AppsError."""
        return without_key_ids(with_start(self._read(), {self.start}), self._known)

    def _read(self) -> tuple[PasswordCredential, ...]:
        return _read_credentials(self._graph, self._current, select=FIELDS)

    def without_unconfirmed(self, made: ClientSecrets) -> ClientSecrets:
        """Remove what earlier attempts and earlier runs made without receiving the value.

        An answer that shows the new secret also shows what was made before it. A failure here must not lose the value
        that was just received, so it becomes a warning.
        """
        starts = set(self._options.unconfirmed_starts)
        if self.answer_was_lost:
            starts.add(self.start)
        if not starts:
            return dataclasses.replace(made, confirmed_starts=self._options.claimed_starts)
        try:
            credentials = self._read_with(made)
            others = without_key_ids(with_start(credentials, starts), (made.chosen_key_id,))
            removed = self._options.not_stored(others)
            for credential in removed:
                remove_secret(self._graph, made, credential, address=self._options.address)
        except AppsError as exc:
            written = ", ".join(sorted(map(times.written, starts)))
            self._warn(
                f"{self._options.address} may have a client secret whose value is unknown, with the start {written};"
                f" it could not be found or removed: {exc.message}"
            )
            return dataclasses.replace(made, unconfirmed=(), confirmed_starts=())
        return dataclasses.replace(
            made,
            unconfirmed=(),
            removed=tuple(removed),
            credentials=tuple(without(credentials, removed)),
            confirmed_starts=self._confirmed_after(removed),
        )

    def _confirmed_after(self, removed: t.Sequence[PasswordCredential]) -> tuple[datetime.datetime, ...]:
        """An unanswered request that made nothing so far may still be processed: its start stays unconfirmed."""
        if self._unanswered_requests <= len(with_start(removed, {self.start})):
            return self._options.claimed_starts
        if self._options.start is None:
            self._warn(
                f"A request to create a client secret for {self._options.address} got no answer and was sent again;"
                f" if a second secret with the start {times.written(self.start)} appears, remove it:"
                " its value is unknown"
            )
        return tuple(without(self._options.claimed_starts, (self._options.start,)))

    def _read_with(self, made: ClientSecrets) -> tuple[PasswordCredential, ...]:
        """The records, once the new one is among them. Raises AppsError."""
        credentials = self._graph.patience.until(lambda found: made.chosen_key_id in key_ids(found), self._read)
        if made.chosen_key_id not in key_ids(credentials):
            raise ConflictError(f"the new client secret of {self._options.address} did not appear")
        return credentials

    def _clean_up_after(self, failure: AppsError) -> None:
        """Creation failed for good, and an attempt may have made a secret: remove it, or report how to recognise it."""
        started = times.written(self.start)
        try:
            found = self._new_with_our_start()
            for credential in found:
                remove_secret(self._graph, self._current, credential, address=self._options.address)
        except AppsError as exc:
            raise ConflictError(
                f"The answer to the creation of a client secret for {self._options.address} was lost, and the search"
                f" for the secret failed: {exc.message}",
                next_step=f"Run again, and remove the secret that started at {started}, if there is one: its value"
                " is unknown.",
                **{**exc.details, "lost_start": started},
            ) from None
        if not found:
            failure.message = (
                f"{failure.message.rstrip('.')}. If a secret with the start {started} appears, remove it: its value"
                " is unknown"
            )
        failure.details["lost_start"] = started


def remove_secret(
    graph: GraphClient, current: ClientSecrets, credential: PasswordCredential, *, address: application.Address
) -> None:
    """Raises AppsError. A secret that another client has just removed counts as removed."""
    if credential.key_id is None:
        raise ConflictError(
            f"Could not remove a client secret of {address}: Microsoft Graph shows no key id of it",
            next_step="Run again; if the problem remains, remove it in the portal.",
        )
    made_here = graph.created_here(credential.key_id)
    try:
        graph.write(
            Write(
                method="POST",
                path=f"applications/{current.application_object_id}/removePassword",
                action=f"remove the client secret {credential.key_id} of {address}",
                body={"keyId": credential.key_id},
                created_recently=made_here,
            )
        )
    except GraphError as exc:
        if made_here:
            raise
        if not exc.fault.replication_lag and not (exc.read_once and _is_gone(graph, current, credential)):
            raise
    graph.note_deleted(credential.key_id)


def _is_gone(graph: GraphClient, current: ClientSecrets, credential: PasswordCredential) -> bool:
    return credential.key_id not in key_ids(_read_credentials(graph, current, select=("id", "passwordCredentials")))


def _read_credentials(
    graph: GraphClient, current: ClientSecrets, *, select: t.Sequence[str]
) -> tuple[PasswordCredential, ...]:
    """Those that the application has now; none if it is gone. Raises AppsError."""
    address = application.Address(object_id=current.application_object_id)
    return password_credentials(graph.get_or_empty(address.read(graph, select=select)))


def _may_have_created(exc: TransportError | GraphError) -> bool:
    """May the secret have been made although no answer with its value came?"""
    if isinstance(exc, TransportError):
        return exc.maybe_processed
    # A refusal without a code is not one of Graph: whatever answered may have let the request through.
    return (exc.fault.status >= 500 or not exc.fault.code) and not exc.fault.concurrency
