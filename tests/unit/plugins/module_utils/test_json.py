# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parsing JSON from an untrusted server."""

from __future__ import annotations

import gc
import sys
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json


class Circle:
    """Only the garbage collector frees it, and then its finalizer needs room for two hundred calls."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        _descend(200)


def _descend(levels: int) -> int:
    return 0 if levels == 0 else _descend(levels - 1)


@pytest.fixture
def unraisable(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[list[t.Any]]:
    """Errors that finalizers raise while the garbage collector runs shortly before Python's recursion limit."""
    seen: list[t.Any] = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    thresholds = gc.get_threshold()
    gc.collect()
    gc.set_threshold(850)
    yield seen
    gc.set_threshold(*thresholds)


@pytest.mark.parametrize("opener", [b"[", b'{"a":'])
def test_excessive_nesting_is_refused_and_does_not_disturb_finalizers(unraisable: list[t.Any], opener: bytes) -> None:
    for _each in range(8):
        Circle()
    assert _json.parse(opener * 50_000) is None
    assert gc.isenabled()
    gc.collect()
    assert unraisable == []


def test_a_disabled_garbage_collector_stays_disabled() -> None:
    gc.disable()
    try:
        assert _json.parse(b"{}") == {}
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_would_take_too_much_memory_is_refused() -> None:
    assert _json.parse(b"[" + b"{}," * 100 + b"{}]") == [{}] * 101
    assert _json.parse(b"[" + b"{}," * (_json.LARGEST_PARSED // _json.DICT) + b"{}]") is None


@pytest.mark.parametrize(("levels", "accepted"), [(_json.DEEPEST // 2, True), (_json.DEEPEST + 1, False)])
def test_deep_nesting_is_refused(levels: int, accepted: bool) -> None:
    assert (_json.parse(b"[" * levels + b"]" * levels) is not None) is accepted
