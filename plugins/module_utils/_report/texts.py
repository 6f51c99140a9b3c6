# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Texts as a form of the report prints them.

Any user who may register an application can choose its name, so no name is trusted.
"""

from __future__ import annotations

import functools
import html
import re
import typing as t
import unicodedata

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.printable import printable

# https://owasp.org/www-community/attacks/CSV_Injection: a formula begins with one of these (in their full-width forms,
# too), also behind a separator in the middle of a text, since a spreadsheet may separate cells by another character
# than the file. | and % begin commands in older ones. To Unicode, the minus sign U+2212 is no form of the hyphen.
FORMULA = frozenset("=+-@|%\u2212")
SEPARATORS = ";,"
# Letters and symbols without a glyph: what else does not print has a category of its own.
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffd")
QUOTES = frozenset("\"'")
INVISIBLE = BLANK | QUOTES


def days_text(number: int) -> str:
    """A number of days."""
    if number == 1:
        return "1 day"
    return f"{number} days"


def html_text(text: str) -> str:
    """For an element or an attribute in quotes."""
    return html.escape(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", text))


def markdown_text(text: str) -> str:
    """As it is read in a table: no markup, no link, no mention and no end of the cell can come of it."""
    escaped_text = re.sub(r"([\\`*_\[\]()<>#|~&@!$^{}])", r"\\\1", printable(text))
    return re.sub(r"(?i)\bwww\.", r"www\\.", escaped_text.replace("://", ":\\/\\/"))


def csv_text(text: str) -> str:
    """A cell that a spreadsheet does not take for a formula: an apostrophe makes it a text.

    What does not print in front of the first character does not count.
    """
    parts = re.split(f"([{SEPARATORS}])", printable(text))
    safe = "".join(_as_text(part, FORMULA) for part in parts)
    return _as_text(safe, frozenset(SEPARATORS))


def _as_text(part: str, beginnings: frozenset[str]) -> str:
    if _first(part) not in beginnings:
        return part
    return f"'{part}"


def _first(text: str) -> str:
    """The first character that prints, without its width; empty if there is none."""
    shown = first(text, _is_visible) or ""
    return unicodedata.normalize("NFKC", shown)[:1]


def _is_visible(character: str) -> bool:
    """No control, format, separator or mark; quotes may end up outside of the cell."""
    return unicodedata.category(character)[0] not in "CZM" and character not in INVISIBLE


def escaped(value: t.Any, escape: t.Callable[[str], str]) -> t.Any:
    """The same structure, all its texts escaped; equal ones, of which a report has many, once.

    The names of members are ours.
    """
    return _escaped(value, functools.lru_cache(maxsize=1024)(escape))


def _escaped(value: t.Any, escape: t.Callable[[str], str]) -> t.Any:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict):
        return {name: _escaped(inner, escape) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_escaped(inner, escape) for inner in value]
    return value
