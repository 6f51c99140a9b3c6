# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""One task that keeps a valid credential in all stores: state=present with stores.

Read first and decide; a run that has nothing to write takes no lock and creates no file. Only if something has to be
written: lock, read again, decide again. The stores keep the old credential until the new one was accepted, and then
all of them have the new one, or none has.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import filled
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    ConflictError,
    NotRegisteredError,
    OvertakenError,
    SignInError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import WHOLE_RUN
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential import life
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import NO_RECORD, Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.acceptance import (
    check_accepted,
    is_refused,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import (
    Credential,
    remember_value,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.alarm import alarm_held_back
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.kind import Found, Kind
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.work import Work, view_of

# What the diff shows of a record.
SHOWN = ("previous_key_ids", "handed_over_to", "pending_hosts", "profile")


class Look(t.NamedTuple):
    """What was found and what follows from it. ``record`` is what all stores have to keep.

    ``before`` is for the diff: what the tenant has, and which credential each store keeps with which lists.
    """

    found: Found
    kept: Record
    record: Record
    before: View
    differs: bool

    @property
    def must_write(self) -> bool:
        return self.found.due or self.found.removes or self.differs


class PresentTask:
    """``run`` gives the result of the module."""

    def __init__(self, work: Work, kind: Kind, *, is_registered: bool = True) -> None:
        """``is_registered`` is false if an earlier task in check mode found no application."""
        self._work = work
        self._call = work.call
        self._kind = kind
        self._is_registered = is_registered
        self._refused: set[str] = set()
        self._accepted: set[str] = set()
        self._outgoing: str | None = None

    def run(self) -> dict[str, t.Any]:
        work = self._work
        work.check_paths(self._kind.local_paths)
        if not self._is_registered:
            return self._not_registered()
        try:
            look = self._look(work.claims.look())
        except NotRegisteredError:
            if not self._call.check_mode or not self._call.params["unique_name"]:
                raise
            return self._not_registered()
        if self._call.check_mode:
            if look.must_write and self._call.took_handed_reads:
                look = self._look(work.claims.look())
            return self._predicted(look)
        if not look.must_write and not look.found.confirmed_starts:
            return self._result(look, changed=False)
        with work.locked(look.found.client_id, wait=look.must_write) as locked:
            if locked:
                return self._write_or_follow()
            return self._result(look, changed=False)

    def _look(self, unconfirmed: t.Sequence[datetime.datetime]) -> Look:
        """Sends no write. Raises ConflictError for stores of another application."""
        work, kind, stores = self._work, self._kind, self._work.stores
        stores.read()
        kept = work.kept
        found = kind.look(self._counting(kept), outgoing=self._left_out(kept), unconfirmed=unconfirmed)
        work.refuse_other_applications(found.client_id)
        if kept.client_id.lower() not in ("", found.client_id.lower()):
            kept = NO_RECORD
            found = kind.look(NO_RECORD, outgoing=(), unconfirmed=unconfirmed)
        if not found.due and not self._is_accepted(found, kept):
            found = kind.look(NO_RECORD, outgoing=self._left_out(kept), unconfirmed=unconfirmed)
        return self._seen(found, kept)

    def _seen(self, found: Found, kept: Record) -> Look:
        stores, record = self._work.stores, self._record(found, kept)
        before = {**found.before, "stores": stores.view(), **view_of(self._work.kept, SHOWN)}
        return Look(found, kept, record, before, differs=bool(stores.differing(record)))

    def _counting(self, kept: Record) -> Record:
        """The stored credential, if no new one is needed for the sake of the stores."""
        is_usable = kept.type == self._kind.type and life.is_ours(kept)
        if is_usable and life.is_stored(self._work.stores.records, kept, outgoing=self._left_out(kept)):
            return kept
        return NO_RECORD

    def _left_out(self, kept: Record) -> set[str]:
        """Key ids that do not count: refused ones, and what is to be rotated."""
        return {*self._refused, *self._to_rotate(kept)}

    def _to_rotate(self, kept: Record) -> set[str]:
        """Only what was stored when the run began: a second host does not replace what the first has just made."""
        if not self._work.options.rotate:
            return set()
        if self._outgoing is None:
            memory, key = self._call.memory, f"rotated:{self._work.claims.path}"
            # Read first, then recalled, then noted: another host notes it before it makes anything.
            outgoing = memory.recall(key)
            if not isinstance(outgoing, str):
                outgoing = kept.key_id
            self._outgoing = outgoing
            memory.remember(key, outgoing, seconds=WHOLE_RUN)
        return {self._outgoing} - {""}

    def _is_accepted(self, found: Found, kept: Record) -> bool:
        """Whether the identity platform accepts the stored credential; true if that cannot be tried.

        Raises SignInError for anything else than a refusal of the credential itself.
        """
        record = self._record(found, kept)
        value = self._kind.value(record)
        if not self._work.options.verify_token or found.key_id in self._accepted:
            return True
        if not value:
            self._work.note(
                f"The client secret was tried when it was created. {self._work.stores.titles} cannot return it, so"
                " it cannot be tried again. Add a second store that can be read to change this."
            )
            return True
        fresh = bool(found.result["fresh"])
        try:
            self._try(record, value, fresh=fresh)
        except SignInError as exc:
            if self._kind.rolls_back and is_refused(exc, fresh=fresh):
                self._refused.add(found.key_id)
                return False
            if not self._call.check_mode:
                raise
            # What an earlier task only predicted, such as a service principal, is not there yet.
            self._work.note(f"The stored credential could not be tried: {exc.message}")
        return True

    def _try(self, record: Record, value: t.Mapping[str, str], *, fresh: bool) -> None:
        resource = self._work.options.token_resource
        poll = not self._call.check_mode
        check_accepted(self._call, record, value, resource=resource, fresh=fresh, poll=poll)
        self._accepted.add(record.key_id)

    def _record(self, found: Found, kept: Record) -> Record:
        common = Record(
            client_id=found.client_id,
            key_id=found.key_id,
            tenant_id=self._call.tenant_id,
            profile=self._work.options.profile or kept.profile,
            secret_start=found.start,
            secret_expires=found.end,
        )
        hand_over = self._work.options.life.hand_over
        return life.renewed(kept, self._kind.record(common, kept), hand_over=hand_over, refused=self._refused)

    def _write_or_follow(self) -> dict[str, t.Any]:
        """A run on another machine, which sees no lock of this one, may have stored a new one first: use that."""
        try:
            return self._write()
        except OvertakenError:
            again = self._look(self._work.claims.unconfirmed_starts)
            if again.found.due:
                raise
            return self._write()

    def _write(self) -> dict[str, t.Any]:
        """While the locks are held."""
        work = self._work
        look = self._look(work.claims.unconfirmed_starts)
        if look.found.due:
            _check_writable(work, look)
            return self._created(look)
        if look.found.removes:
            self._kind.remove_unconfirmed()
        work.stores.write(look.record)
        work.claims.settle(look.found.confirmed_starts)
        return self._result(look, changed=look.must_write)

    def _created(self, look: Look) -> dict[str, t.Any]:
        start = self._call.http.clock.now()  # the tenant's: a start in the future would make a secret that is refused
        if self._kind.rolls_back:
            self._work.claim(start)
        # From here on a time-out of the task waits until the credential is in the stores, or removed again.
        with alarm_held_back(self._call.http.patience.end):
            found = self._create(start)
            record = self._record(found, look.kept)
            try:
                self._keep(found, record)
            except BaseException as exc:
                self._roll_back(found, exc)
                raise
            self._work.claims.settle(found.confirmed_starts)
        made = look._replace(found=found, record=record)
        return self._result(made, changed=True)

    def _create(self, start: datetime.datetime) -> Found:
        try:
            return self._kind.create(start)
        except AppsError:
            if self._kind.rolls_back and not self._kind.may_be_left:
                self._work.claims.settle([start])
            raise

    def _keep(self, found: Found, record: Record) -> None:
        """Try the new credential until it is accepted, then write all stores."""
        if not found.key_id:
            raise ConflictError(
                f"Microsoft Graph returned no key id of the new credential of the application {found.client_id}",
                next_step="Run again: the next run removes it and creates another.",
            )
        if self._work.options.verify_token:
            self._try(record, self._kind.value(record), fresh=True)
        self._work.stores.write(record)
        if record.client_secret and not self._work.stores.give_back:
            # Later tasks of this run can still prove it.
            key = Credential(tenant_id=record.tenant_id, client_id=record.client_id, key_id=record.key_id)
            remember_value(self._call.memory, key, record.client_secret)

    def _roll_back(self, found: Found, exc: BaseException) -> None:
        """Put back what the stores kept, then remove the new secret. What is left of it stays in the claims.

        Raises ConflictError instead of an AppsError; others are raised by the caller again.
        """
        if not self._kind.rolls_back:
            return
        self._call.http.patience.renew()
        left = ["its key id is not known"]
        if found.key_id:
            left = self._work.stores.put_back(found.key_id)
        if not left:
            try:
                self._kind.remove_new()
                self._work.claims.settle(found.confirmed_starts)
            except AppsError as failure:
                left = [failure.message]
        if isinstance(exc, AppsError):
            raise _not_kept(exc, found.key_id, left) from None

    def _predicted(self, look: Look) -> dict[str, t.Any]:
        """In check mode."""
        if look.found.due:
            _check_writable(self._work, look)
        return self._result(look, changed=look.must_write)

    def _not_registered(self) -> dict[str, t.Any]:
        """In check mode of a first run: a new credential of an application that does not exist yet."""
        self._work.stores.read()
        self._work.refuse_other_applications("")
        return self._result(self._seen(self._kind.not_registered(), NO_RECORD), changed=True)

    def _result(self, look: Look, *, changed: bool) -> dict[str, t.Any]:
        work, found = self._work, look.found
        work.note_waiting(look.record)
        after = look.before
        if changed:
            after = {**found.after, "stores": work.stores.view(look.record), **view_of(look.record, SHOWN)}
        return work.result(
            changed=changed,
            of_kind={**found.result, "client_id": filled(found.client_id)},
            record=look.record,
            before=look.before,
            after=after,
            exists=bool(found.key_id) and not (self._call.check_mode and found.due),
        )


def _not_kept(exc: AppsError, key_id: str, left: t.Sequence[str]) -> ConflictError:
    reason = exc.message.rstrip(".")
    if left:
        return ConflictError(
            f"The new credential could not be stored. {reason}. It could not be removed either ({'; '.join(left)}): the"
            f" next run removes it, or continues with it if a store has it. Its key id is {key_id or 'not known'}",
            next_step=f"Repair the store and run again. {exc.next_step}".strip(),
            **exc.details,
        )
    kind = ConflictError
    if isinstance(exc, OvertakenError):
        kind = OvertakenError
    return kind(
        f"The new credential could not be stored. {reason}. It was removed from the tenant again, and the stores have"
        " their previous content",
        next_step=f"Repair the store and run again. {exc.next_step}".strip(),
        **exc.details,
    )


def _check_writable(work: Work, look: Look) -> None:
    """Before anything is created."""
    stores = work.stores
    lifecycle = work.life_of(look.found.client_id)
    stores.check_writable(
        life.expected_record(
            stores.records,
            client_id=look.found.client_id,
            hand_over=lifecycle.hand_over,
            sharing_hosts=lifecycle.sharing_hosts,
        )
    )
