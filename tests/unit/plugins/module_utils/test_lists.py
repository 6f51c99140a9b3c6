# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit tests for plugins/module_utils/_core/lists.py."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import (
    among,
    first,
    selected,
    without,
)


def test_first_is_the_first_item_that_fits() -> None:
    assert first([1, 2, 4], lambda number: number % 2 == 0) == 2
    assert first([1, 3], lambda number: number % 2 == 0) is None
    assert first([], bool) is None


def test_items_with_and_without_others_stay_in_order() -> None:
    assert without(["c", "a", "b", "a"], {"a"}) == ["c", "b"]
    assert among(["c", "a", "b", "a"], ("a", "c", "x")) == ["c", "a", "a"]
    assert without(["a"], (None,)) == ["a"]


def test_selected_members_have_to_be_there() -> None:
    assert list(selected({"a": 1, "b": 2, "c": 3}, ("c", "a")).items()) == [("c", 3), ("a", 1)]
    with pytest.raises(KeyError):
        selected({}, ("a",))
