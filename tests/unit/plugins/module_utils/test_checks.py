# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of single values that a user gives."""

from __future__ import annotations

import contextlib
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    OURS,
    check_characters,
    check_guid,
    check_tenant,
    check_text,
    closest,
    did_you_mean,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.confirmation import check_confirmed

TENANT_ID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@pytest.mark.parametrize("value", [TENANT_ID, TENANT_ID.upper()])
def test_a_guid_is_returned_in_lower_case(value: str) -> None:
    assert check_guid("x", value) == TENANT_ID


@pytest.mark.parametrize(
    "value", ["", "x", TENANT_ID[:-1], TENANT_ID + "\n", f"{{{TENANT_ID}}}", TENANT_ID.replace("-", ""), "é" * 36]
)
def test_an_invalid_guid_is_refused(value: str) -> None:
    with pytest.raises(InputError, match="x is "):
        check_guid("x", value)


@pytest.mark.parametrize("value", [TENANT_ID, "contoso.onmicrosoft.com", "a", "xn--gteway-bua.example"])
def test_a_tenant_can_be_an_id_or_a_domain(value: str) -> None:
    assert check_tenant("x", value) == value


@pytest.mark.parametrize(
    "value", ["", " ", "common", "Organizations", "consumers", "a/b", "../x", "a b", ".a", "a.", "a?b", "a#b", "a\n"]
)
def test_a_name_that_is_not_a_single_tenant_is_refused(value: str) -> None:
    with pytest.raises(InputError, match="does not name a single tenant"):
        check_tenant("x", value)


def test_a_long_value_is_shortened_in_messages() -> None:
    with pytest.raises(InputError) as failure:
        check_guid("x", "y" * 5000)
    assert len(str(failure.value)) < 200


@pytest.mark.parametrize("value", ["", "  ", "x" * 6, "a\nb", "a\x00b", "a\x7fb"])
def test_a_text_must_be_one_line_and_neither_blank_nor_too_long(value: str) -> None:
    with pytest.raises(InputError):
        check_text("x", value, longest=5)
    assert check_text("x", "日本 ä", longest=5) == "日本 ä"


@pytest.mark.parametrize(("limit_of", "whose"), [({}, "Entra ID"), ({"limit_of": OURS}, "this collection")])
def test_a_text_that_is_too_long_is_refused_with_the_source_of_the_limit(limit_of: dict[str, str], whose: str) -> None:
    """No source documents a limit for each text, so that some limits are our own."""
    assert check_text("description", "x" * 120, longest=120, **limit_of) == "x" * 120
    with pytest.raises(InputError, match=f"description has 121 characters; {whose} allows 120"):
        check_text("description", "x" * 121, longest=120, **limit_of)


@pytest.mark.parametrize(
    ("value", "is_path", "accepted"),
    [
        ("a\ud800", False, False),
        ("a\udcff", False, False),
        ("a\udcff", True, True),
        ("a\ud800", True, False),
        ("a\0", True, False),
        ({"a": ["b", {"c\ud800": 1}]}, False, False),
        ({"a": ["b", 7, None]}, False, True),
    ],
    ids=repr,
)
def test_a_text_has_to_be_writable(value: t.Any, is_path: bool, accepted: bool) -> None:
    """A name of a file need not be UTF-8: Python reads its other bytes as the surrogates from U+DC80."""
    with contextlib.nullcontext() if accepted else pytest.raises(InputError, match="an incomplete character"):
        check_characters("O(x)", value, is_path=is_path)


@pytest.mark.parametrize(
    ("names", "name", "step"),
    [
        (["Gateway", None, "gateway"], "'Gateway'", "to the name of the application: 'Gateway' or 'gateway'."),
        ([None, ""], "the application", "to the name of the application."),
    ],
)
def test_a_removal_that_is_not_confirmed_is_refused(names: list[str | None], name: str, step: str) -> None:
    with pytest.raises(ConflictError) as refused:
        check_confirmed(["another"], names, action="delete")
    assert refused.value.message.startswith(f"Refused to delete {name}: this is not confirmed")
    assert refused.value.next_step.endswith(step)
    check_confirmed(None, names, action="delete")


def test_the_names_that_are_like_a_misspelt_one_are_proposed() -> None:
    known = ["Mail.Send", "Mail.Read", "User.Read"]
    assert did_you_mean(closest("mail.sent", known)) == "Did you mean Mail.Send or Mail.Read?"
    assert did_you_mean(closest("Files", known), otherwise="See the list.") == "See the list."
    assert did_you_mean([]) == ""
