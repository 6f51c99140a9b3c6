# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A client secret as a state: "there is one with this description that has at least N days left".

Its value exists once, in the answer to addPassword. Nothing here removes a secret that it did not create itself or
was not told to remove.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils import _application as application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils import _times as times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._arguments import check_guid, check_text
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._errors import (
    AppsError,
    ConflictError,
    GraphError,
    InputError,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import GraphClient, Json, Write
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._plan import View

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._module import Call

FIELDS = ("id", "appId", "displayName", "passwordCredentials")
LONGEST_DESCRIPTION = 120  # no source gives a limit: ours
LONGEST_LIFETIME = 3650  # days; no source gives a limit: ours
CREATE_ATTEMPTS = 3


@dataclasses.dataclass(frozen=True)
class PasswordCredential:
    """The record of a client secret. ``hint`` is the first three characters of its value."""

    key_id: str | None
    description: str | None
    start: datetime.datetime | None
    end: datetime.datetime | None
    hint: str | None

    @classmethod
    def of(cls, document: Json) -> PasswordCredential:
        start, end = (times.parse(application.text(document, name) or "") for name in ("startDateTime", "endDateTime"))
        return cls(
            key_id=application.text(document, "keyId"),
            description=application.text(document, "displayName"),
            start=start,
            end=end,
            hint=application.text(document, "hint"),
        )

    def described(self, now: datetime.datetime) -> View:
        return {
            "key_id": self.key_id,
            "description": self.description,
            "start": times.written(self.start) if self.start else None,
            "end": times.written(self.end) if self.end else None,
            "days_left": times.days_left(self.end, now) if self.end else None,
            "hint": self.hint,
        }


def password_credentials(document: Json) -> tuple[PasswordCredential, ...]:
    """All records of an application, the one that lasts longest first."""
    found = [PasswordCredential.of(entry) for entry in application.objects(document.get("passwordCredentials"))]
    epoch = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)
    return tuple(sorted(found, key=lambda credential: (credential.end or epoch, credential.key_id or ""), reverse=True))


@dataclasses.dataclass(frozen=True)
class Wish:
    """What the options ask for."""

    present: bool
    address: application.Address
    description: str | None
    key_id: str | None
    lifetime: datetime.timedelta
    end: datetime.datetime | None
    renew_before: datetime.timedelta
    held_key_id: str | None
    held_hint: str | None

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any], now: datetime.datetime) -> Wish:
        """Raises InputError for lifetimes that cannot be, or that would renew on every run."""
        description, key_id = params["description"], params["key_id"]
        if description is not None:
            check_text("description", description, longest=LONGEST_DESCRIPTION)
        lifetime_days, renew_before_days = params["lifetime_days"], params["renew_before_days"]
        if not 1 <= lifetime_days <= LONGEST_LIFETIME:
            raise InputError(
                f"lifetime_days is {lifetime_days}",
                next_step=f"Set lifetime_days to a number from 1 to {LONGEST_LIFETIME}.",
            )
        lifetime = datetime.timedelta(days=lifetime_days)
        end = None if params["end_date"] is None else times.parse_end_date(params["end_date"])
        if end is not None and end <= now:
            raise InputError(f"end_date is {times.written(end)}, which has passed", next_step="Set a later end_date.")
        longest = lifetime_days if end is None else (end - now) / times.DAY
        if params["state"] == "present" and not 0 <= renew_before_days < longest:
            new = f"lifetime_days is {lifetime_days}" if end is None else f"end_date is {times.written(end)}"
            raise InputError(
                f"renew_before_days is {renew_before_days} and {new}: a new secret would be due for renewal at once",
                next_step="Set renew_before_days to less than the days that a new secret lasts, and to 0 at least.",
            )
        renew_before = datetime.timedelta(days=min(max(renew_before_days, 0), LONGEST_LIFETIME))
        held_key_id = params["held_key_id"]
        if held_key_id:
            check_guid("held_key_id", held_key_id)
        return cls(
            present=params["state"] == "present",
            address=application.Address.of(params),
            description=description,
            key_id=None if key_id is None else check_guid("key_id", key_id),
            lifetime=lifetime,
            end=end,
            renew_before=renew_before,
            held_key_id=held_key_id,
            held_hint=params["held_hint"] or None,
        )

    def usable(self, credential: PasswordCredential, now: datetime.datetime) -> bool:
        """Does this record fulfil the wish? Where the caller says what it holds, only that one does."""
        if credential.description != self.description or credential.end is None:
            return False
        if credential.end <= now or credential.end - now < self.renew_before:
            return False
        if self.held_key_id is not None and (credential.key_id or "").lower() != self.held_key_id.lower():
            return False
        return self.held_hint is None or credential.hint is None or self.held_hint == credential.hint


@dataclasses.dataclass(frozen=True)
class Secrets:
    """The application's records; ``chosen`` is the one that the module is about, if there is one that will do.

    ``outdated`` is the best one that will not do any more. ``value`` is filled only in the run that created the secret;
    it is in no view.
    """

    application_object_id: str
    client_id: str
    credentials: tuple[PasswordCredential, ...]
    chosen: PasswordCredential | None = None
    outdated: PasswordCredential | None = None
    value: str | None = dataclasses.field(default=None, repr=False)


class SecretResource:
    """Creates a secret where the tenant has none that fulfils the wish; removes the one that it is told to remove."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._wish = Wish.of(call.params, call.now)

    @property
    def _graph(self) -> GraphClient:
        return self._call.graph

    def read(self) -> Secrets:
        document = self._graph.get(self._wish.address.read(self._graph, select=FIELDS))
        if document is None and not self._wish.present:
            return Secrets(application_object_id="", client_id=self._wish.address.client_id or "", credentials=())
        found = application.required(document, self._wish.address)
        credentials = password_credentials(found)
        usable = (credential for credential in credentials if self._wish.usable(credential, self._call.now))
        described = (credential for credential in credentials if credential.description == self._wish.description)
        return Secrets(
            application_object_id=application.text(found, "id") or "",
            client_id=application.text(found, "appId") or "",
            credentials=credentials,
            chosen=next(usable, None) if self._wish.present else self._doomed(credentials),
            outdated=next(described, None) if self._wish.present else None,
        )

    def _doomed(self, credentials: t.Sequence[PasswordCredential]) -> PasswordCredential | None:
        """The one record to remove. A description that fits several is no order to remove any of them."""
        wish = self._wish
        if wish.key_id is not None:
            return next((c for c in credentials if (c.key_id or "").lower() == wish.key_id), None)
        fitting = [credential for credential in credentials if credential.description == wish.description]
        if len(fitting) > 1:
            raise ConflictError(
                f"{len(fitting)} secrets of {wish.address} have the description {wish.description!r}",
                next_step="Name the one to remove by its key_id.",
                key_ids=[credential.key_id for credential in fitting],
            )
        return fitting[0] if fitting else None

    def desired(self, current: Secrets) -> Secrets:
        if not self._wish.present:
            return dataclasses.replace(
                current, chosen=None, credentials=tuple(c for c in current.credentials if c is not current.chosen)
            )
        if current.chosen is not None:
            return current
        start = self._call.now
        end = self._wish.end or start + self._wish.lifetime
        new = PasswordCredential(
            key_id=None, description=self._wish.description, start=start, end=end.replace(microsecond=0), hint=None
        )
        return dataclasses.replace(current, chosen=new, credentials=(new, *current.credentials))

    def apply(self, current: Secrets, wanted: Secrets) -> Secrets:
        if not self._wish.present:
            self._remove(current, current.chosen)
            return wanted
        if wanted.chosen is None or wanted.chosen.end is None:
            return wanted
        return self._create(current, end=wanted.chosen.end)

    def _create(self, current: Secrets, *, end: datetime.datetime) -> Secrets:
        """addPassword is never simply sent again: its answer may have been lost after the secret was made."""
        attempt = 0
        while True:
            attempt += 1
            # The start marks the secret as ours: Graph echoes it to the digit, and nobody else picks this microsecond.
            start = datetime.datetime.now(datetime.timezone.utc)
            try:
                answer = self._add_password(current, start=start, end=end)
            except (TransportError, GraphError) as exc:
                if not _answer_lost(exc):
                    raise
                self._remove_orphan(current, start=start)
                retry_after = exc.retry_after if isinstance(exc, GraphError) else None
                if attempt == CREATE_ATTEMPTS or not self._graph.patience.pause(retry_after):
                    raise
                continue
            value = application.text(answer, "secretText")
            if not value:
                self._remove_orphan(current, start=start)
                raise ConflictError(
                    f"Microsoft Graph created a client secret for {self._wish.address} but did not tell its value",
                    next_step="It was removed again. Run once more.",
                )
            made = PasswordCredential.of(answer)
            return dataclasses.replace(current, chosen=made, value=value, credentials=(made, *current.credentials))

    def _add_password(self, current: Secrets, *, start: datetime.datetime, end: datetime.datetime) -> Json:
        return self._graph.write(
            Write(
                method="POST",
                path=f"applications/{current.application_object_id}/addPassword",
                tried=f"create a client secret for {self._wish.address}",
                body={
                    "passwordCredential": {
                        "displayName": self._wish.description,
                        "startDateTime": times.written(start),
                        "endDateTime": times.written(end),
                    }
                },
                repeatable=False,
                lag=self._graph.created_here(current.client_id),
            )
        )

    def _remove_orphan(self, current: Secrets, *, start: datetime.datetime) -> None:
        """Remove the secret whose value was lost with the answer, if it was made at all."""
        known = {credential.key_id for credential in current.credentials}
        address = application.Address(object_id=current.application_object_id)
        try:
            document = self._graph.get(address.read(self._graph, select=FIELDS)) or {}
        except AppsError as exc:
            raise ConflictError(
                f"The answer to the creation of a client secret for {self._wish.address} was lost, and looking for what"
                f" became of it failed: {exc.message}",
                next_step=f"Run again, and remove the secret that started at {times.written(start)}, if there is one:"
                " nobody knows its value.",
                **exc.details,
            ) from None
        for credential in password_credentials(document):
            ours = credential.description == self._wish.description and credential.start == start
            if ours and credential.key_id not in known:
                self._remove(current, credential)

    def _remove(self, current: Secrets, credential: PasswordCredential | None) -> None:
        if credential is None:
            return
        try:
            self._graph.write(
                Write(
                    method="POST",
                    path=f"applications/{current.application_object_id}/removePassword",
                    tried=f"remove the client secret {credential.key_id} of {self._wish.address}",
                    body={"keyId": credential.key_id},
                )
            )
        except GraphError as exc:
            if not exc.fault.unknown_key_id:
                raise

    def view(self, state: Secrets) -> View:
        shown = state.chosen or state.outdated
        if shown is None:
            return {}
        described = shown.described(self._call.now)
        view = {name: described[name] for name in ("description", "end", "days_left")}
        return {**view, "will_do": shown is state.chosen}

    def result(self, state: Secrets) -> View:
        chosen = state.chosen or PasswordCredential(key_id=None, description=None, start=None, end=None, hint=None)
        return {
            "client_id": state.client_id,
            "application_object_id": state.application_object_id or None,
            **chosen.described(self._call.now),
            "description": self._wish.description if state.chosen is None else state.chosen.description,
            "secret_count": len(state.credentials),
            "client_secret": state.value,
        }


def _answer_lost(exc: TransportError | GraphError) -> bool:
    """May the secret have been made although no answer with its value came?"""
    if isinstance(exc, TransportError):
        return exc.maybe_processed
    return exc.fault.status >= 500 and not exc.fault.concurrency
