# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import Plan, View, changed_fields


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({}, {}, []),
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
        ({}, {"b": 1, "a": 2}, ["b", "a"]),
        ({"a": 1}, {}, ["a"]),
        ({"a": 1, "b": [1, 2]}, {"b": [2, 1], "c": 0}, ["a", "b", "c"]),
        ({"a": {"x": 1}}, {"a": {"x": 2}}, ["a"]),
    ],
)
def test_a_plan_names_the_differences(before: View, after: View, changes: list[str]) -> None:
    plan = Plan(before=before, after=after)
    assert plan.changes == changes
    assert plan.changed is bool(changes)
    assert plan.diff() == {"before": before, "after": after}


def test_a_new_empty_value_is_a_change() -> None:
    plan = Plan(before={}, after={"notes": None})
    assert plan.changed
    assert plan.diff()["after"] == {"notes": None}


def test_a_patch_contains_only_the_fields_that_differ() -> None:
    current = {"notes": "old", "tags": ["a"], "kept": 1}
    assert changed_fields(current, {"notes": "new", "tags": ["a"], "added": []}) == {"notes": "new", "added": []}
    assert changed_fields(current, {}) == {}
