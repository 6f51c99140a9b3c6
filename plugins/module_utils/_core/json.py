# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""JSON from an untrusted server: a few bytes of it can become thirty times as many in memory.

A value that is accepted can be written as JSON in UTF-8 again, and traversed within Python's recursion limit.
"""

from __future__ import annotations

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
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def too_large(content: bytes) -> bool:
    """Whether it would need too much memory, before it is parsed; the content of strings is counted as well."""
    if b"\\u" in content:
        width = 4
    else:
        highest = 0 if content.isascii() else max(content)
        width = 1 if highest < 0xC4 else 2 if highest < 0xF0 else 4  # bytes a character
    entries = content.count(b",") + content.count(b":")
    structure = DICT * content.count(b"{") + LIST * content.count(b"[") + ENTRY * entries
    # The bytes, the text, and its parts.
    return len(content) * (1 + 2 * width) + structure > LARGEST_PARSED


def parse(content: bytes) -> t.Any | None:
    """The value; None if it is not JSON (RFC 8259), or too large."""
    if not content or too_large(content):
        return None
    try:
        value = _loaded(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    # Text in UTF-8 has no surrogates, so that only an escape can bring one in.
    sound = _is_shallow(value) and (_ESCAPED_SURROGATE.search(content) is None or _is_unicode(value))
    return value if sound else None


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
    return value if math.isfinite(value) else _refuse(text)


def _is_shallow(value: t.Any) -> bool:
    level = [value]
    for _depth in range(DEEPEST):
        level = _children(level)
        if not level:
            return True
    return False


def _children(level: t.Iterable[t.Any]) -> list[t.Any]:
    parts = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, (dict, list))]
    return list(itertools.chain.from_iterable(parts))


def _is_unicode(value: t.Any) -> bool:
    """No half of a surrogate pair, which can be escaped in JSON but not be written anywhere."""
    level = [value]
    while level:
        names = [name for item in level if isinstance(item, dict) for name in item]
        texts = [item for item in level if isinstance(item, str)]
        if any(not text.isascii() and _SURROGATE.search(text) for text in (*names, *texts)):
            return False
        level = _children(level)
    return True


def weight(value: t.Any) -> int:
    """Bytes that a parsed value takes. Names are shared by the objects of an answer, and not counted."""
    total = 0
    level = [value]
    while level:
        total += sum(map(sys.getsizeof, level))
        level = _children(level)
    return total
