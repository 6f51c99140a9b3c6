# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The first item that fits, items with and without others, and some members of a dictionary. Pure."""

from __future__ import annotations

import typing as t

Item = t.TypeVar("Item")
Key = t.TypeVar("Key")


def first(items: t.Iterable[Item], fits: t.Callable[[Item], bool]) -> Item | None:
    """None if no item fits."""
    return next(filter(fits, items), None)


def without(items: t.Iterable[Item], others: t.Container[object]) -> list[Item]:
    """Those that are not among the others, in the same order."""
    return [item for item in items if item not in others]


def among(items: t.Iterable[Item], others: t.Container[object]) -> list[Item]:
    """Those that are among the others, in the same order."""
    return [item for item in items if item in others]


def selected(members: t.Mapping[str, t.Any], names: t.Iterable[str]) -> dict[str, t.Any]:
    """The members with these names, which all have to be there."""
    return {name: members[name] for name in names}


def filled_members(members: t.Mapping[Key, Item | None]) -> dict[Key, Item]:
    """Without the members that are empty."""
    return {name: value for name, value in members.items() if value}
