# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run slows down according to the limits that Microsoft Graph reports."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import Patience, WaitedFor
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import ProcessMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.easing import (
    HEADER,
    Easing,
    pause_for,
    used_share,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import VirtualTime


@pytest.mark.parametrize(
    ("used", "seconds"), [(0.0, 0.0), (0.79, 0.0), (0.8, 0.0), (0.9, 5.0), (1.0, 10.0), (1.8, 10.0)]
)
def test_the_pause_grows_from_80_percent_of_a_limit(used: float, seconds: float) -> None:
    assert pause_for(used) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("shares", "used"),
    [
        ([], None),
        ([None], None),
        (["0.85"], 0.85),
        ([None, "0.85", "1.2"], 1.2),
        (["nan", "inf", "x", [], True, 10**400], None),
    ],
)
def test_the_largest_share_of_several_responses_counts(shares: list[t.Any], used: float | None) -> None:
    assert used_share([{} if share is None else {HEADER: share} for share in shares]) == used


def test_all_tasks_of_an_identity_slow_down_until_no_share_is_reported(virtual_time: VirtualTime) -> None:
    memory = ProcessMemory()
    ours, theirs = (Patience(100.0) for _each in range(2))
    one = Easing(memory, ours, identity=lambda: "operator")
    another = Easing(memory, theirs, identity=lambda: "operator")
    other_identity = Easing(memory, theirs, identity=lambda: "other")
    one.note(0.9)
    other_identity.wait()
    other_identity.note(None)
    assert virtual_time.waited == []
    another.wait()
    assert theirs.waited_for[WaitedFor.LIMITS] == pytest.approx(5.0, abs=0.3)
    one.note(None)
    one.wait()
    assert ours.waited == 0.0


def test_a_task_does_not_wait_longer_than_its_allowance(virtual_time: VirtualTime) -> None:
    patience = Patience(2.0)
    easing = Easing(ProcessMemory(), patience, identity=lambda: "operator")
    easing.note(1.0)
    easing.wait()
    assert patience.waited == 0.0
