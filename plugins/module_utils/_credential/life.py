# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The life of a stored credential: which record counts, what replaces it, who waits for it, what may be removed.

Pure functions on records. ``None`` stands for an empty store.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import GUID
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import NO_RECORD, Record

Records = t.Sequence[Record | None]


def is_known(record: Record) -> bool:
    """Whether what the application signs in with can be reached from the record."""
    return record.type != "client_secret" or record.has_value


def most_recent(records: Records) -> Record | None:
    """The most recent one; one with a known value before those whose value a store cannot return.

    If an interrupted run reached only some of the stores, this one is written to the others. Of two with the same start
    the later in the list is used.
    """
    present = list(filter(None, records))
    known = list(filter(is_known, present))
    # Of two equally young ones, max gives the first.
    return max(reversed(known or present), key=lambda record: _moment(record.secret_start), default=None)


def _moment(point: str) -> datetime.datetime:
    return times.parse(point) or times.EPOCH


def is_ours(record: Record) -> bool:
    """Whether it is a credential of an application that this collection made."""
    return record.client_id != "" and GUID.fullmatch(record.key_id) is not None


def is_stored(records: Records, record: Record, *, outgoing: t.Collection[str] = ()) -> bool:
    """Whether all stores together keep the credential, so that no new one is needed for their sake.

    ``outgoing`` are key ids that do not count: refused by the identity platform, or to be replaced. A value that no
    store can give back counts if all stores keep the same credential.
    """
    if record.key_id in outgoing:
        return False
    if is_known(record):
        return True
    if record.client_secret is not None:
        return False
    return all(other is not None and other.key_id == record.key_id for other in records)


def previous_of(kept: Record, client_id: str, *, key_id: str, refused: t.Collection[str] = ()) -> tuple[str, ...]:
    """The replaced credentials, once the one with ``key_id`` is in use.

    What was in a store is of this collection, since no other client knows its value. A federated credential has nothing
    that could be replaced, and a refused one may belong to another client: both stay.
    """
    if kept.client_id.lower() != client_id.lower():
        return ()
    replaced = list(kept.previous_key_ids)
    if is_ours(kept) and _is_replaceable(kept) and kept.key_id not in refused:
        replaced.append(kept.key_id)
    return tuple(without(dict.fromkeys(replaced), (key_id,)))


def _is_replaceable(record: Record) -> bool:
    return record.type == "certificate" or record.client_secret != ""


def renewed(kept: Record | None, new: Record, *, hand_over: bool, refused: t.Collection[str] = ()) -> Record:
    """``new``, which names the credential and its value, with the lists that follow from what was ``kept``.

    ``pending_hosts`` are those that got the one before and not this one yet: a run with a limit, or one of several
    slices, does not see them.
    """
    kept = kept or NO_RECORD
    handed_over_to, pending = kept.handed_over_to, kept.pending_hosts
    if kept.key_id != new.key_id:
        handed_over_to, pending = (), (*pending, *handed_over_to)
    if not hand_over or kept.client_id.lower() != new.client_id.lower():
        pending = ()
    return dataclasses.replace(
        new,
        previous_key_ids=previous_of(kept, new.client_id, key_id=new.key_id, refused=refused),
        handed_over_to=handed_over_to,
        pending_hosts=tuple(sorted({*pending})),
    )


def handed_over(record: Record, host: str) -> Record:
    """After the user's own tasks succeeded for a host."""
    return dataclasses.replace(
        record,
        handed_over_to=tuple(sorted({*record.handed_over_to, host})),
        pending_hosts=tuple(without(record.pending_hosts, (host,))),
    )


def pruned(record: Record) -> Record:
    """After the replaced credentials were removed."""
    return dataclasses.replace(record, previous_key_ids=())


def expected_record(records: Records, *, client_id: str, hand_over: bool, sharing_hosts: t.Collection[str]) -> Record:
    """What has to fit into a store, with lists as long as they can become, as far as that is known before."""
    previous: set[str] = set()
    pending: set[str] = set()
    for record in filter(None, records):
        previous |= {*record.previous_key_ids, record.key_id} - {""}
        pending |= {*record.pending_hosts, *record.handed_over_to}
    expected = Record(client_id=client_id, key_id="", previous_key_ids=tuple(sorted(previous)))
    if not hand_over:
        return expected
    return dataclasses.replace(
        expected, handed_over_to=tuple(sorted(sharing_hosts)), pending_hosts=tuple(sorted(pending))
    )


class Lifecycle(t.NamedTuple):
    """The options for the end of replaced credentials."""

    renew_before: datetime.timedelta
    overlap: datetime.timedelta
    hand_over: bool
    sharing_hosts: tuple[str, ...] = ()

    def waiting_hosts(self, record: Record) -> list[str]:
        """The hosts that use, or may use, an earlier credential."""
        if not self.hand_over:
            return []
        return sorted({*self.sharing_hosts, *record.pending_hosts} - {*record.handed_over_to})

    def is_waited_for(self, record: Record, now: datetime.datetime) -> bool:
        """A removed host is waited for until the credential that it had has expired, if it was renewed in time."""
        waiting = self.waiting_hosts(record)
        if not waiting:
            return False
        seen = {*waiting} & {*self.sharing_hosts}
        return bool(seen) or _age(record, now) < self.renew_before

    def may_prune(self, record: Record, now: datetime.datetime) -> bool:
        if not record.previous_key_ids or self.is_waited_for(record, now):
            return False
        return _age(record, now) >= self.overlap


def _age(record: Record, now: datetime.datetime) -> datetime.timedelta:
    """Never negative: ``now`` is a whole second, and the clocks of others differ. Without a start it is zero."""
    start = times.parse(record.secret_start) or now
    return max(now - start, datetime.timedelta(0))


def sharing_hosts(
    names: t.Sequence[str], *, client_ids: t.Mapping[str, str], live: t.Collection[str], client_id: str, own: str
) -> tuple[str, ...]:
    """Those of ``names`` that share the application, the own one always.

    ``client_ids`` are what earlier tasks of the hosts found, "" if that is not known. A host that is not ``live``
    failed before it was known which application it has, and counts.
    """
    having = {**dict.fromkeys(without(names, live), client_id), **filled_members(client_ids)}
    shared = {name for name in names if having.get(name, "").lower() == client_id.lower()}
    return tuple(sorted({own, *shared}))
