# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""$search over directory objects (page "Use the $search query parameter").

Clauses "property:text" joined by AND, OR and parentheses. displayName and description are searched word by word, other
texts by how they begin.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .. import errors
from .edm import names_in

Json = dict[str, Any]
Test = Callable[[Json], bool]

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(AND|OR)\b|([()]))')
_BY_WORD = frozenset({"displayName", "description"})
# Between lower and upper case, letters and digits, and around everything else.
_WORDS = re.compile(r"\d+|[^\W\d_A-Z]*|[A-Z]+[^\W\d_A-Z]*|[^\w\s]|_")


def compiled_search(text: str, *, type_name: str) -> Test:
    """A test for one object; a syntax error or an unknown property is Graph's 400, its wording inferred."""
    return _Parser(_tokens(text), names_in(type_name), text).parse()


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise _syntax_error(text)
        clause, operator, bracket = match.groups()
        kind = "clause" if clause is not None else "operator" if operator else bracket
        found.append((kind, re.sub(r"\\(.)", r"\1", clause) if clause is not None else operator or bracket))
        position = match.end()
    return found


def _syntax_error(text: str) -> errors.GraphError:
    return errors.odata_error(
        f"Invalid search clause '{text}'. Each clause must be in the format \"property:text\", joined by AND or OR."
    )


class _Parser:
    """OR of ANDs; clauses side by side are an AND, as in OData."""

    def __init__(self, tokens: list[tuple[str, str]], known: dict[str, str], text: str) -> None:
        self.tokens = tokens
        self.known = known
        self.text = text

    def parse(self) -> Test:
        test = self.either()
        if self.tokens:
            raise _syntax_error(self.text)
        return test

    def either(self) -> Test:
        parts = [self.both()]
        while self.tokens and self.tokens[0] == ("operator", "OR"):
            self.tokens.pop(0)
            parts.append(self.both())
        return lambda item: any(part(item) for part in parts)

    def both(self) -> Test:
        parts = [self.one()]
        while self.tokens and self.tokens[0][0] not in (")",) and self.tokens[0] != ("operator", "OR"):
            if self.tokens[0] == ("operator", "AND"):
                self.tokens.pop(0)
            parts.append(self.one())
        return lambda item: all(part(item) for part in parts)

    def one(self) -> Test:
        kind, value = self.tokens.pop(0) if self.tokens else ("", "")
        if kind == "(":
            test = self.either()
            if not self.tokens or self.tokens.pop(0)[0] != ")":
                raise _syntax_error(self.text)
            return test
        name, colon, wanted = value.partition(":")
        if kind != "clause" or not colon or self.known.get(name) not in ("String", "Collection(String)"):
            raise _syntax_error(self.text)
        return _clause(name, wanted)


def _clause(name: str, wanted: str) -> Test:
    def test(item: Json) -> bool:
        held = item.get(name)
        values = [one for one in (held if isinstance(held, list) else [held]) if isinstance(one, str)]
        if name in _BY_WORD:
            return any(_has_words(value, wanted) for value in values)
        return any(value.casefold().startswith(wanted.casefold()) for value in values)

    return test


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORDS.findall(text) if word]


def _has_words(value: str, wanted: str) -> bool:
    """Each word that is looked for begins one of the value's, in any order; words joined by symbols are also one."""
    joined = [re.sub(r"[\W_]+", "", part).casefold() for part in value.split()]
    words = [*_words(value), *joined]
    return all(any(word.startswith(part) for word in words) for part in _words(wanted)) or (
        re.sub(r"[\W_]+", "", wanted).casefold() in joined and wanted.strip() != ""
    )
