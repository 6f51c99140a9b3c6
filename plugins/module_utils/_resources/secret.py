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

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import check_guid, check_text
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    ConflictError,
    GraphError,
    InputError,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import (
    LAG_WINDOW,
    GraphClient,
    Json,
    Write,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

FIELDS = ("id", "appId", "displayName", "passwordCredentials")
LONGEST_DESCRIPTION = 120  # no source gives a limit: ours
LONGEST_LIFETIME = 3650  # days; no source gives a limit: ours
CREATE_ATTEMPTS = 3
VISIBLE_AFTER = 60.0  # seconds after which a new secret is in every answer; no source gives a limit: ours
FRESH = 300.0  # seconds in which the identity platform may not know a new secret yet; no source gives a limit: ours


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
    held_start: datetime.datetime | None
    start: datetime.datetime | None
    lost_starts: tuple[datetime.datetime, ...]

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
            held_start=times.parse_point("held_start", params["held_start"]) if params["held_start"] else None,
            start=times.parse_point("start", params["start"]) if params["start"] else None,
            lost_starts=tuple(times.parse_point("lost_starts", start) for start in params["lost_starts"]),
        )

    def holds(self, credential: PasswordCredential) -> bool:
        """Is it the one whose value the caller holds?"""
        return bool(self.held_key_id) and (credential.key_id or "").lower() == (self.held_key_id or "").lower()

    def usable(self, credential: PasswordCredential, now: datetime.datetime) -> bool:
        """Does this record fulfil the wish? Where the caller says what it holds, only that one does."""
        if credential.description != self.description or credential.end is None:
            return False
        if credential.end <= now or credential.end - now < self.renew_before:
            return False
        if self.held_key_id is not None and not self.holds(credential):
            return False
        return self.held_hint is None or credential.hint is None or self.held_hint == credential.hint


@dataclasses.dataclass(frozen=True)
class Secrets:
    """The application's records; ``chosen`` is the one that the module is about, if there is one that will do.

    ``outdated`` is the best one that will not do any more. ``lost`` are those whose value was never learnt by the run
    that created them. ``settled`` are the starts of which nothing more is to be feared. ``value`` is filled only in the
    run that created the secret; it is in no view.
    """

    application_object_id: str
    client_id: str
    credentials: tuple[PasswordCredential, ...]
    chosen: PasswordCredential | None = None
    outdated: PasswordCredential | None = None
    lost: tuple[PasswordCredential, ...] = ()
    settled: tuple[datetime.datetime, ...] = ()
    removed: tuple[PasswordCredential, ...] = ()
    value: str | None = dataclasses.field(default=None, repr=False)

    @property
    def chosen_start(self) -> datetime.datetime | None:
        return self.chosen.start if self.chosen else None

    @property
    def chosen_key_id(self) -> str | None:
        return self.chosen.key_id if self.chosen else None


class SecretResource:
    """Creates a secret where the tenant has none that fulfils the wish; removes the one that it is told to remove."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._wish = Wish.of(call.params, call.now)
        self._answer_was_lost = False
        self._answers_to_come = 0

    @property
    def _graph(self) -> GraphClient:
        return self._call.graph

    def read(self) -> Secrets:
        document = self._graph.get(self._wish.address.read(self._graph, select=FIELDS))
        if document is None and not self._wish.present:
            return Secrets(application_object_id="", client_id=self._wish.address.client_id or "", credentials=())
        found = application.required(document, self._wish.address)
        credentials = password_credentials(found)
        if self._wish.present:
            credentials = self._with_the_held_one(credentials)
        usable = (credential for credential in credentials if self._wish.usable(credential, self._call.now))
        described = (credential for credential in credentials if credential.description == self._wish.description)
        lost = self._lost(credentials, self._wish.lost_starts) if self._wish.present else ()
        return Secrets(
            application_object_id=application.text(found, "id") or "",
            client_id=application.text(found, "appId") or "",
            credentials=credentials,
            chosen=next(usable, None) if self._wish.present else self._doomed(credentials),
            outdated=next(described, None) if self._wish.present else None,
            lost=lost,
        )

    def _with_the_held_one(self, credentials: tuple[PasswordCredential, ...]) -> tuple[PasswordCredential, ...]:
        """Read again while the held secret is missing and so young that the answer may be older than it.

        Whoever believed such an answer would make a second secret.
        """
        wish, patience = self._wish, self._graph.patience
        age = (self._call.now - wish.held_start).total_seconds() if wish.held_start else VISIBLE_AFTER
        allowed = VISIBLE_AFTER if self._graph.created_here(wish.held_key_id) else VISIBLE_AFTER - age
        until = patience.waited + allowed
        while wish.held_key_id and not any(map(wish.holds, credentials)) and patience.waited < until:
            if not patience.pause():
                break
            document = self._graph.get(wish.address.read(self._graph, select=FIELDS))
            credentials = password_credentials(application.required(document, wish.address))
        return credentials

    def _lost(
        self, credentials: t.Iterable[PasswordCredential], starts: t.Collection[datetime.datetime]
    ) -> tuple[PasswordCredential, ...]:
        """Those with one of the starts: Graph echoes a start to the digit, and nobody else picks this microsecond."""
        return tuple(c for c in credentials if c.start in starts and not self._wish.holds(c))

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
        kept = tuple(c for c in current.credentials if c not in current.lost)
        wanted = dataclasses.replace(
            current, lost=(), removed=current.lost, credentials=kept, settled=self._settled(current, clean=False)
        )
        if current.chosen is not None and current.chosen not in current.lost:
            return wanted
        start = self._call.now
        end = self._wish.end or start + self._wish.lifetime
        new = PasswordCredential(
            key_id=None, description=self._wish.description, start=start, end=end.replace(microsecond=0), hint=None
        )
        return dataclasses.replace(wanted, chosen=new, credentials=(new, *kept))

    def apply(self, current: Secrets, wanted: Secrets) -> Secrets:
        if not self._wish.present:
            self._remove(current, current.chosen)
            return wanted
        if wanted.chosen is current.chosen or wanted.chosen is None or wanted.chosen.end is None:
            for credential in current.lost:
                self._remove(current, credential)
            return wanted
        # Parallel hosts that share an application share the new secret, too.
        with self._call.memory.exclusive():
            made = self._made_by_this_run(current) or self._create(current, end=wanted.chosen.end)
        return self._without_the_lost(made)

    def _made_by_this_run(self, current: Secrets) -> Secrets | None:
        known = self._call.memory.recall(self._memory_key(current))
        if not isinstance(known, dict):
            return None
        record = PasswordCredential.of(known["record"])
        if not dataclasses.replace(self._wish, held_key_id=None, held_hint=None).usable(record, self._call.now):
            return None
        others = tuple(c for c in current.credentials if c.key_id != record.key_id)
        return dataclasses.replace(current, chosen=record, value=known["value"], credentials=(record, *others))

    def _memory_key(self, current: Secrets) -> str:
        return f"secret:{current.application_object_id}:{self._wish.description}"

    def _create(self, current: Secrets, *, end: datetime.datetime) -> Secrets:
        """addPassword is never simply sent again: its answer may have been lost after the secret was made.

        All tries bear the same start, so that those that came to nothing can be told from the one that did not.
        """
        start = self._wish.start or datetime.datetime.now(datetime.timezone.utc)
        try:
            for attempt in range(1, CREATE_ATTEMPTS + 1):
                try:
                    answer = self._add_password(current, start=start, end=end)
                except (TransportError, GraphError) as exc:
                    if not _answer_lost(exc):
                        raise
                    self._answer_was_lost = True
                    # Without an answer the request may still be on its way, and be processed after all others.
                    self._answers_to_come += isinstance(exc, TransportError)
                    retry_after = exc.retry_after if isinstance(exc, GraphError) else None
                    permanent = isinstance(exc, TransportError) and exc.permanent
                    if permanent or attempt == CREATE_ATTEMPTS or not self._graph.patience.pause(retry_after):
                        raise
                    continue
                value = application.text(answer, "secretText")
                if value and _is_value(value):
                    return self._note_made(current, answer, value=value, start=start, end=end)
                self._answer_was_lost = True
                break
            raise ConflictError(
                f"Microsoft Graph created a client secret for {self._wish.address} but did not tell its value",
                next_step="Run once more.",
            )
        except AppsError as exc:
            if self._answer_was_lost:
                self._clean_up_after(exc, current, start=start)
            raise

    def _note_made(
        self, current: Secrets, answer: Json, *, value: str, start: datetime.datetime, end: datetime.datetime
    ) -> Secrets:
        """What the answer says about itself is believed where it is the secret that was asked for.

        Otherwise only the value is kept: it must not be lost, nor a record that another one made be taken for ours.
        """
        told = PasswordCredential.of(answer)
        known = {credential.key_id for credential in current.credentials}
        asked = PasswordCredential(
            key_id=None, description=self._wish.description, start=start, end=end, hint=value[:3]
        )
        made = dataclasses.replace(told, start=told.start or start)
        if made.start != start or made.key_id is None or made.key_id in known:
            made = self._found(current, start=start) or asked
        if made.key_id:
            self._graph.note_created(made.key_id)
            record = {
                "keyId": made.key_id,
                "displayName": made.description,
                "startDateTime": times.written(made.start) if made.start else None,
                "endDateTime": times.written(made.end) if made.end else None,
                "hint": made.hint,
            }
            self._call.memory.remember(
                self._memory_key(current),
                {"value": value, "record": record},
                seconds=LAG_WINDOW,
            )
        return dataclasses.replace(current, chosen=made, value=value, credentials=(made, *current.credentials))

    def _found(self, current: Secrets, *, start: datetime.datetime) -> PasswordCredential | None:
        """The only new record with our start, if Microsoft Graph shows it already."""
        address = application.Address(object_id=current.application_object_id)
        known = {credential.key_id for credential in current.credentials}
        try:
            document = self._graph.get(address.read(self._graph, select=FIELDS)) or {}
        except AppsError:  # the value is what counts; without its key id the next run renews it
            document = {}
        new = [c for c in self._lost(password_credentials(document), {start}) if c.key_id and c.key_id not in known]
        if len(new) == 1:
            return new[0]
        self._call.warn(
            f"Microsoft Graph told the value of the new client secret of {self._wish.address}, but not its key id; it"
            f" started at {times.written(start)}"
        )
        return None

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

    def _without_the_lost(self, made: Secrets) -> Secrets:
        """Remove what earlier tries and earlier runs made without learning the value.

        An answer that shows the new secret also shows what was made before it. Trouble here must not lose the value
        that was just told, so that it becomes a warning.
        """
        starts = set(self._wish.lost_starts)
        # Never a start that the answer alone told: another's secret may have it.
        if self._answer_was_lost and made.chosen_start is not None:
            starts.add(made.chosen_start)
        if not starts:
            return dataclasses.replace(made, settled=self._settled(made, clean=True))
        try:
            credentials = self._read_with(made)
            lost = tuple(c for c in self._lost(credentials, starts) if c.key_id != made.chosen_key_id)
            for credential in lost:
                self._remove(made, credential)
        except AppsError as exc:
            written = ", ".join(sorted(map(times.written, starts)))
            self._call.warn(
                f"{self._wish.address} may hold a client secret whose value nobody knows, with the start {written};"
                f" it could not be looked for or removed: {exc.message}"
            )
            return dataclasses.replace(made, lost=(), settled=())
        kept = tuple(c for c in credentials if c not in lost)
        settled = self._settled(made, clean=True)
        if self._answers_to_come > sum(c.start == made.chosen_start for c in lost):
            settled = tuple(start for start in settled if start != self._wish.start)
            if self._wish.start is None and made.chosen_start is not None:
                self._call.warn(
                    f"A request to create a client secret for {self._wish.address} was not answered and was sent again;"
                    f" should a second secret with the start {times.written(made.chosen_start)} show up, remove it:"
                    " nobody knows its value"
                )
        return dataclasses.replace(made, lost=(), removed=lost, credentials=kept, settled=settled)

    def _read_with(self, made: Secrets) -> tuple[PasswordCredential, ...]:
        """The records, once the new one is among them. Raises AppsError."""
        address = application.Address(object_id=made.application_object_id)
        while True:
            document = self._graph.get(address.read(self._graph, select=FIELDS)) or {}
            credentials = password_credentials(document)
            if made.chosen_key_id and any(credential.key_id == made.chosen_key_id for credential in credentials):
                return credentials
            if not self._graph.patience.pause():
                raise ConflictError(f"the new client secret of {self._wish.address} did not show up")

    def _settled(self, state: Secrets, *, clean: bool) -> tuple[datetime.datetime, ...]:
        """The starts that need not be remembered: ``clean`` says that no secret is left of any of them.

        Otherwise those that were found, and those so old that nothing can show up any more.
        """
        wish = self._wish
        own = (wish.start,) if wish.start else ()
        if clean:
            return (*wish.lost_starts, *own)
        seen = {credential.start for credential in state.lost}
        oldest = self._call.now - datetime.timedelta(seconds=LAG_WINDOW)
        return (*(start for start in wish.lost_starts if start in seen or start < oldest), *own)

    def _clean_up_after(self, failure: AppsError, current: Secrets, *, start: datetime.datetime) -> None:
        """Creation failed for good, and a try may have made a secret: remove it, or say how to recognise it."""
        known = {credential.key_id for credential in current.credentials}
        address = application.Address(object_id=current.application_object_id)
        try:
            found = password_credentials(self._graph.get(address.read(self._graph, select=FIELDS)) or {})
            lost = [credential for credential in self._lost(found, {start}) if credential.key_id not in known]
            for credential in lost:
                self._remove(current, credential)
        except AppsError as exc:
            raise ConflictError(
                f"The answer to the creation of a client secret for {self._wish.address} was lost, and looking for what"
                f" became of it failed: {exc.message}",
                next_step=f"Run again, and remove the secret that started at {times.written(start)}, if there is one:"
                " nobody knows its value.",
                **{**exc.details, "lost_start": times.written(start)},
            ) from None
        if not lost:
            failure.message = (
                f"{failure.message.rstrip('.')}. Should a secret with the start {times.written(start)} show up,"
                " remove it: nobody knows its value"
            )
        failure.details["lost_start"] = times.written(start)

    def _remove(self, current: Secrets, credential: PasswordCredential | None) -> None:
        if credential is None:
            return
        if credential.key_id is None:
            raise ConflictError(
                f"Could not remove a client secret of {self._wish.address}: Microsoft Graph shows no key id of it",
                next_step="Run again; if it stays, remove it in the portal.",
            )
        made_here = self._graph.created_here(credential.key_id)
        try:
            self._graph.write(
                Write(
                    method="POST",
                    path=f"applications/{current.application_object_id}/removePassword",
                    tried=f"remove the client secret {credential.key_id} of {self._wish.address}",
                    body={"keyId": credential.key_id},
                    lag=made_here,
                )
            )
        except GraphError as exc:
            if not exc.fault.unknown_key_id or made_here:
                raise
        self._graph.note_deleted(credential.key_id)
        memory_key = f"secret:{current.application_object_id}:{credential.description}"
        if made_here and self._call.memory.recall(memory_key):
            self._call.memory.remember(memory_key, None, seconds=LAG_WINDOW)

    def view(self, state: Secrets) -> View:
        shown = state.chosen or state.outdated
        if shown is None and not state.lost:
            return {}
        view: View = {"lost": len(state.lost)} if self._wish.lost_starts else {}
        if shown is None:
            return view
        described = shown.described(self._call.now)
        view.update({name: described[name] for name in ("description", "end", "days_left")})
        return {**view, "will_do": shown is state.chosen}

    def result(self, state: Secrets) -> View:
        chosen = state.chosen or PasswordCredential(key_id=None, description=None, start=None, end=None, hint=None)
        now = datetime.datetime.now(datetime.timezone.utc)
        return {
            "client_id": state.client_id,
            "application_object_id": state.application_object_id or None,
            **chosen.described(self._call.now),
            "description": self._wish.description if state.chosen is None else state.chosen.description,
            "fresh": chosen.start is not None and abs((now - chosen.start).total_seconds()) < FRESH,
            "secret_count": len(state.credentials),
            "other_key_ids": sorted(
                credential.key_id or ""
                for credential in state.credentials
                if state.chosen is not None
                and credential.description == state.chosen.description
                and credential.key_id != state.chosen.key_id
            ),
            "removed_key_ids": sorted(credential.key_id or "" for credential in state.removed),
            "settled_starts": sorted(times.written(start) for start in state.settled),
            "client_secret": state.value,
        }


def _answer_lost(exc: TransportError | GraphError) -> bool:
    """May the secret have been made although no answer with its value came?"""
    if isinstance(exc, TransportError):
        return exc.maybe_processed
    # A refusal without a code is not one of Graph: whatever answered may have let the request through.
    return (exc.fault.status >= 500 or not exc.fault.code) and not exc.fault.concurrency


def _is_value(value: str) -> bool:
    """Can it be a client secret? One line of printable characters, which every store and form takes."""
    return value.isascii() and value.isprintable() and not any(c.isspace() for c in value)
