# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life cycle of a stored credential, as tables."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential import life
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.life import Lifecycle
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import NO_RECORD, Record

CLIENT_ID = "b2466de6-5867-4b23-83ff-449c85f44ba1"
OTHER_ID = "4877ab89-6ac2-4663-826b-fc79af2ad2e4"
OLD, NEW, OLDER = (f"{digit * 8}-0000-0000-0000-{digit * 12}" for digit in "123")
NOW = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.timezone.utc)


def record(key_id: str = OLD, *, days: float = 10, **members: t.Any) -> Record:
    """A client secret of this many days."""
    start = (NOW - datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    known: dict[str, t.Any] = {"client_id": CLIENT_ID, "client_secret": "value", "secret_start": start}
    return Record(**{**known, "key_id": key_id, **members})


def blind(key_id: str = OLD, **members: t.Any) -> Record:
    return record(key_id, **members).without_value()


def certificate(key_id: str = OLD, **members: t.Any) -> Record:
    return record(key_id, client_secret="", certificate_path="/k.pem", **members)


def federated(key_id: str = OLD, **members: t.Any) -> Record:
    return record(key_id, client_secret="", federated_credential="cluster", **members)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], None),
        ([None, None], None),
        ([record(OLD), None], OLD),
        ([record(OLD, days=9), record(NEW, days=1)], NEW),
        ([record(NEW, days=1), record(OLD, days=9)], NEW),
        ([record(OLD, days=9), record(NEW, secret_start="")], OLD),
        ([record(OLD, days=9), blind(NEW, days=1)], OLD),
        ([blind(OLD, days=9), blind(NEW, days=1)], NEW),
        ([record(OLD, days=9), certificate(NEW, days=1)], NEW),
        ([record(OLD, days=9, client_secret=""), record(NEW, days=20)], NEW),
        ([record(OLD, secret_start="2026-11-28T07:00:00Z"), record(NEW, secret_start="2026-11-28T07:00:00.5Z")], NEW),
    ],
)
def test_the_most_recent_record_counts(records: list[Record | None], expected: str | None) -> None:
    found = life.most_recent(records)
    assert (found.key_id if found else None) == expected


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        (record(), True),
        (record(client_id=""), False),
        (record(key_id="a person wrote this"), False),
        (NO_RECORD, False),
    ],
)
def test_records_of_others_are_detected(kept: Record, expected: bool) -> None:
    assert life.is_ours(kept) is expected


@pytest.mark.parametrize(
    ("records", "outgoing", "expected"),
    [
        ([record()], (), True),
        ([record()], (OLD,), False),
        ([record(), None], (), True),
        ([record(client_secret="")], (), False),
        ([blind()], (), True),
        ([blind(), blind()], (), True),
        ([blind(), None], (), False),
        ([blind(), blind(NEW)], (), False),
        ([certificate()], (), True),
        ([federated()], (), True),
    ],
)
def test_matching_stores_need_no_new_credential(
    records: list[Record | None], outgoing: tuple[str, ...], expected: bool
) -> None:
    assert records[0] is not None
    assert life.is_stored(records, records[0], outgoing=outgoing) is expected


@pytest.mark.parametrize(
    ("kept", "key_id", "refused", "expected"),
    [
        (NO_RECORD, NEW, (), ()),
        (record(OLD), OLD, (), ()),
        (record(OLD), NEW, (), (OLD,)),
        (record(OLD), NEW, (OLD,), ()),
        (record(OLD, previous_key_ids=(OLDER,)), NEW, (), (OLDER, OLD)),
        (record(OLD, previous_key_ids=(OLDER,)), OLD, (), (OLDER,)),
        (record(OLD, previous_key_ids=(NEW, OLD)), NEW, (), (OLD,)),
        (record(OLD, client_id=OTHER_ID, previous_key_ids=(OLDER,)), NEW, (), ()),
        (record(OLD, client_secret=""), NEW, (), ()),
        (blind(OLD), NEW, (), (OLD,)),
        (certificate(OLD, previous_key_ids=(OLDER,)), NEW, (), (OLDER, OLD)),
        (federated(OLD, previous_key_ids=(OLDER,)), NEW, (), (OLDER,)),
    ],
)
def test_a_new_credential_replaces_the_stored_ones(
    kept: Record, key_id: str, refused: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert life.previous_of(kept, CLIENT_ID, key_id=key_id, refused=refused) == expected


@pytest.mark.parametrize(
    ("kept", "hand_over", "handed_over_to", "pending"),
    [
        (None, True, (), ()),
        (record(NEW, handed_over_to=("a",), pending_hosts=("b",)), True, ("a",), ("b",)),
        (record(OLD, handed_over_to=("b", "a"), pending_hosts=("c",)), True, (), ("a", "b", "c")),
        (record(OLD, handed_over_to=("a",), pending_hosts=("c",)), False, (), ()),
        (record(OLD, client_id=OTHER_ID, handed_over_to=("a",)), True, (), ()),
    ],
)
def test_a_new_credential_is_pending_for_all_hosts(
    kept: Record | None, hand_over: bool, handed_over_to: tuple[str, ...], pending: tuple[str, ...]
) -> None:
    made = life.renewed(kept, record(NEW, days=0), hand_over=hand_over)
    assert (made.handed_over_to, made.pending_hosts) == (handed_over_to, pending)


def test_a_served_host_is_not_pending_any_more() -> None:
    before = record(handed_over_to=("b",), pending_hosts=("a", "c"))
    after = life.handed_over(before, "a")
    assert (after.handed_over_to, after.pending_hosts) == (("a", "b"), ("c",))
    assert life.handed_over(after, "a") == after
    assert life.pruned(record(previous_key_ids=(OLD,))).previous_key_ids == ()


def lifecycle(*, hand_over: bool = True, sharing: tuple[str, ...] = ("a",)) -> Lifecycle:
    days = datetime.timedelta
    return Lifecycle(renew_before=days(days=30), overlap=days(days=7), hand_over=hand_over, sharing_hosts=sharing)


@pytest.mark.parametrize(
    ("of", "kept", "waiting", "waited_for"),
    [
        (lifecycle(), record(), ["a"], True),
        (lifecycle(), record(handed_over_to=("a",)), [], False),
        (lifecycle(hand_over=False), record(pending_hosts=("b",)), [], False),
        (lifecycle(sharing=("b", "a")), record(handed_over_to=("a",)), ["b"], True),
        # Not in this run: waited for until its previous credential has ended, if it was renewed in time.
        (lifecycle(), record(days=29, handed_over_to=("a",), pending_hosts=("gone",)), ["gone"], True),
        (lifecycle(), record(days=31, handed_over_to=("a",), pending_hosts=("gone",)), ["gone"], False),
        # In this run: waited for without a limit.
        (lifecycle(), record(days=300), ["a"], True),
        (lifecycle(), record(secret_start="", handed_over_to=("a",), pending_hosts=("gone",)), ["gone"], True),
    ],
)
def test_hosts_are_waited_for_until_the_hand_over(
    of: Lifecycle, kept: Record, waiting: list[str], waited_for: bool
) -> None:
    assert of.waiting_hosts(kept) == waiting
    assert of.is_waited_for(kept, NOW) is waited_for


@pytest.mark.parametrize(
    ("kept", "may_prune"),
    [
        (record(days=8), False),
        (record(days=8, previous_key_ids=(OLD,), handed_over_to=("a",)), True),
        (record(days=7, previous_key_ids=(OLD,), handed_over_to=("a",)), True),
        (record(days=6.9, previous_key_ids=(OLD,), handed_over_to=("a",)), False),
        (record(days=8, previous_key_ids=(OLD,)), False),
        (record(secret_start="", previous_key_ids=(OLD,), handed_over_to=("a",)), False),
    ],
)
def test_replaced_credentials_can_be_removed_after_the_overlap(kept: Record, may_prune: bool) -> None:
    assert lifecycle().may_prune(kept, NOW) is may_prune


def test_without_an_overlap_a_new_credential_can_be_pruned_at_once() -> None:
    none = lifecycle(hand_over=False)._replace(overlap=datetime.timedelta(0))
    assert none.may_prune(record(secret_start="2026-11-28T12:00:00.9Z", previous_key_ids=(OLD,)), NOW)


@pytest.mark.parametrize(
    ("client_ids", "live", "expected"),
    [
        ({"own": CLIENT_ID, "same": CLIENT_ID.upper()}, ("own", "same"), ("own", "same")),
        ({"own": CLIENT_ID, "other": OTHER_ID}, ("own", "other"), ("own",)),
        # Failed before its application was known.
        ({"own": CLIENT_ID, "failed": ""}, ("own",), ("failed", "own")),
        # Alive, and without an application.
        ({"own": CLIENT_ID, "none": ""}, ("own", "none"), ("own",)),
    ],
)
def test_hosts_that_share_an_application_are_found(
    client_ids: dict[str, str], live: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    found = life.sharing_hosts([*client_ids], client_ids=client_ids, live=live, client_id=CLIENT_ID, own="own")
    assert found == expected


def test_the_expected_record_includes_all_lists() -> None:
    records = [record(OLD, previous_key_ids=(OLDER,), handed_over_to=("b",), pending_hosts=("c",)), None, blind(NEW)]
    expected = life.expected_record(records, client_id=CLIENT_ID, hand_over=True, sharing_hosts=("a", "b"))
    assert expected.previous_key_ids == (OLD, NEW, OLDER)
    assert (expected.handed_over_to, expected.pending_hosts) == (("a", "b"), ("b", "c"))
    assert not expected.client_secret
    alone = life.expected_record(records, client_id=CLIENT_ID, hand_over=False, sharing_hosts=("a",))
    assert (alone.handed_over_to, alone.pending_hosts) == ((), ())


def test_no_representation_shows_a_value() -> None:
    assert "value" not in repr(life.renewed(record(), dataclasses.replace(record(NEW)), hand_over=True))
