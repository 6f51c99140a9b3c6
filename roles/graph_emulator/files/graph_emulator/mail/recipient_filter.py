# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of recipients as Exchange writes them: `CustomAttribute1 -eq 'gateway' -and Department -like 'Sales*'`.

Page "Filterable properties for the RecipientFilter parameter" and about_Comparison_Operators. Served are the operators
and properties below; a property that no user of this tenant has is empty. Group names instead of distinguished names
are compared for MemberOfGroup, since the tenant has none of the latter.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from typing import Any

Json = Mapping[str, Any]
Condition = Callable[[Json], bool]
_TOKEN = re.compile(r"\s*(?:(?P<mark>[()])|(?P<word>-?[A-Za-z$][\w$]*)|'(?P<text>(?:[^']|'')*)')")
# Property of Exchange -> that of a user in Microsoft Graph.
_OF_USERS = {
    "Alias": "mailNickname",
    "City": "city",
    "Company": "companyName",
    "CountryOrRegion": "country",
    "Department": "department",
    "DisplayName": "displayName",
    "FirstName": "givenName",
    "LastName": "surname",
    "Office": "officeLocation",
    "PrimarySmtpAddress": "mail",
    "StateOrProvince": "state",
    "Title": "jobTitle",
    "UserPrincipalName": "userPrincipalName",
    "WindowsEmailAddress": "mail",
}
_CUSTOM = {f"CustomAttribute{number}": f"extensionAttribute{number}" for number in range(1, 16)}
_NAMES = {name.lower(): name for name in (*_OF_USERS, *_CUSTOM, "MemberOfGroup")}
GROUPS = "groups"  # where a user's groups stand, by name


class RecipientFilterError(ValueError):
    """Not a filter of Exchange."""


def parse(text: str) -> Condition:
    """The condition on a user with its groups. Raises RecipientFilterError."""
    tokens = _tokens(text)
    condition = _either(tokens)
    if tokens:
        raise RecipientFilterError(f"unexpected {tokens[0][1]!r}")
    return condition


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise RecipientFilterError(f"unexpected {text[place:].strip()[:20]!r}")
        kind = str(match.lastgroup)
        found.append((kind, match[kind].replace("''", "'") if kind == "text" else match[kind]))
        place = match.end()
    if not found:
        raise RecipientFilterError("the filter is empty")
    return found


def _either(tokens: list[tuple[str, str]]) -> Condition:
    first = _both(tokens)
    while _take(tokens, "-or"):
        first = _joined(any, first, _both(tokens))
    return first


def _both(tokens: list[tuple[str, str]]) -> Condition:
    first = _one(tokens)
    while _take(tokens, "-and"):
        first = _joined(all, first, _one(tokens))
    return first


def _joined(how: Callable[[list[bool]], bool], first: Condition, second: Condition) -> Condition:
    return lambda user: how([first(user), second(user)])


def _one(tokens: list[tuple[str, str]]) -> Condition:
    if _take(tokens, "-not"):
        inner = _one(tokens)
        return lambda user: not inner(user)
    if _take(tokens, "("):
        inner = _either(tokens)
        if not _take(tokens, ")"):
            raise RecipientFilterError("a parenthesis is not closed")
        return inner
    return _comparison(tokens)


def _comparison(tokens: list[tuple[str, str]]) -> Condition:
    if len(tokens) < 3:
        raise RecipientFilterError("a comparison is not complete")
    (_kind, name), (_word, operator), (value_kind, value) = tokens[:3]
    del tokens[:3]
    known = _NAMES.get(name.lower())
    if known is None:
        raise RecipientFilterError(f"{name!r} is not a recognized filterable property")
    if value_kind not in ("text", "word") or (
        value_kind == "word" and value.lower() not in ("$true", "$false", "$null")
    ):
        raise RecipientFilterError(f"{value!r} is not a value in quotes")
    operator, wanted = operator.lower(), value.lower()
    if operator in ("-eq", "-ne"):
        return lambda user: (wanted in _values(user, known)) is (operator == "-eq")
    if operator in ("-like", "-notlike"):
        return lambda user: (
            any(fnmatch.fnmatchcase(held, wanted) for held in _values(user, known)) is (operator == "-like")
        )
    raise RecipientFilterError(f"{operator!r} is not an operator of filters")


def _take(tokens: list[tuple[str, str]], wanted: str) -> bool:
    if tokens and tokens[0][0] in ("mark", "word") and tokens[0][1].lower() == wanted:
        tokens.pop(0)
        return True
    return False


def _values(user: Json, name: str) -> list[str]:
    """In lower case, since Exchange does not look at it."""
    if name == "MemberOfGroup":
        return [str(group).lower() for group in user.get(GROUPS, ())]
    if name in _CUSTOM:
        held = (user.get("onPremisesExtensionAttributes") or {}).get(_CUSTOM[name])
    else:
        held = user.get(_OF_USERS[name])
    return [str(held).lower()] if held is not None else []
