# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""JSON from an untrusted server: a few bytes of it can become thirty times as many in memory.

A value that is accepted can be written as JSON in UTF-8 again, and traversed within Python's recursion limit.
"""

from __future__ import annotations

import bisect
import gc
import itertools
import json
import math
import re
import sys
import typing as t

DEEPEST = 50  # levels; the answers of Microsoft Graph have less than ten
LARGEST_PARSED = 20 * 2**20  # bytes in memory, by a cautious estimate
# Bytes of CPython's smallest dict with an entry, smallest list, and entry with a value of its own.
DICT, LIST, ENTRY = 240, 90, 70
# Bytes in memory for each character of a text, by the highest byte in its UTF-8.
WIDER_FROM, WIDTHS = (0xC4, 0xF0), (1, 2, 4)
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def too_large(content: bytes) -> bool:
    """Whether it would take too much memory, before it is parsed; the content of strings is counted as well."""
    entries = content.count(b",") + content.count(b":")
    structure = DICT * content.count(b"{") + LIST * content.count(b"[") + ENTRY * entries
    # The bytes, the text, and its parts.
    return len(content) * (1 + 2 * _character_width(content)) + structure > LARGEST_PARSED


def _character_width(content: bytes) -> int:
    """Bytes that a character of the text takes in memory."""
    if b"\\u" in content:
        return 4
    if content.isascii():
        return 1
    return WIDTHS[bisect.bisect(WIDER_FROM, max(content))]


def parse(content: bytes) -> t.Any | None:
    """The value; None for what is no JSON (RFC 8259), or too much of it."""
    if too_large(content):
        return None
    try:
        value = _loaded(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    if not _is_shallow(value):
        return None
    # Text in UTF-8 has no surrogates, so that only an escape can bring one in.
    if _ESCAPED_SURROGATE.search(content) and not _is_unicode(value):
        return None
    return value


def parse_object(content: bytes) -> dict[str, t.Any]:
    """The object; {} for anything else."""
    return as_object(parse(content))


def as_object(value: t.Any) -> dict[str, t.Any]:
    """The value if it is an object, otherwise {}."""
    if isinstance(value, dict):
        return value
    return {}


def as_list(value: t.Any) -> list[t.Any]:
    """The value if it is a list, otherwise []."""
    if isinstance(value, list):
        return value
    return []


def as_text(value: t.Any) -> str | None:
    """The value if it is a text, otherwise None."""
    if isinstance(value, str):
        return value
    return None


def as_text_or_empty(value: t.Any) -> str:
    """The same, but an empty text instead of None."""
    return as_text(value) or ""


def text(document: t.Mapping[str, t.Any], name: str) -> str | None:
    """The member of an object if it is a text, otherwise None."""
    return as_text(document.get(name))


def text_or_empty(document: t.Mapping[str, t.Any], name: str) -> str:
    """The same, but an empty text instead of None."""
    return as_text_or_empty(document.get(name))


def texts(value: t.Any) -> list[str]:
    """The texts in a list, sorted; [] for anything else."""
    return sorted(item for item in as_list(value) if isinstance(item, str))


def are_texts(value: t.Any) -> bool:
    """Whether it is a list of texts only."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def objects(value: t.Any) -> list[dict[str, t.Any]]:
    """The objects in a list; [] for anything else."""
    return [item for item in as_list(value) if isinstance(item, dict)]


def _loaded(text: str) -> t.Any:
    # A value that is nested too deep ends at Python's recursion limit, at which a finalizer would fail.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_number)
    finally:
        if collecting:
            gc.enable()


def _refuse(name: str) -> t.NoReturn:
    """NaN and the infinities, which Python takes."""
    raise ValueError(name)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _refuse(text)
    return value


def _levels(value: t.Any) -> t.Iterator[list[t.Any]]:
    """The values of each depth, from the outermost on."""
    level = [value]
    while level:
        yield level
        level = _children(level)


def _values(value: t.Any) -> t.Iterator[t.Any]:
    """The value, and all that are in it."""
    return itertools.chain.from_iterable(_levels(value))


def _is_shallow(value: t.Any) -> bool:
    """Whether there is no level below the deepest one that is allowed."""
    return next(itertools.islice(_levels(value), DEEPEST, None), None) is None


def _children(level: t.Iterable[t.Any]) -> list[t.Any]:
    children: list[t.Any] = []
    for item in level:
        if isinstance(item, dict):
            children += item.values()
        elif isinstance(item, list):
            children += item
    return children


def _is_unicode(value: t.Any) -> bool:
    """No half of a surrogate pair, which can be escaped in JSON but not be written anywhere."""
    return not any(map(_has_surrogate, _values(value)))


def _has_surrogate(item: t.Any) -> bool:
    """Whether a text has one, or a name in an object."""
    if isinstance(item, dict):
        return any(map(_has_surrogate, item))
    return isinstance(item, str) and _SURROGATE.search(item) is not None


def weight(value: t.Any) -> int:
    """Bytes that a parsed value takes. Names are shared by the objects of an answer, and not counted."""
    return sum(map(sys.getsizeof, _values(value)))
