# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resource paths: segments, keys in parentheses, alternate keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from .. import errors

_KEYED = re.compile(r"^([A-Za-z$][\w.]*)\((.*)\)$", re.DOTALL)
_ALTERNATE = re.compile(r"^(\w+)=(.*)$", re.DOTALL)


@dataclass(frozen=True)
class Key:
    """What addresses one object: `name` is id, or the name of an alternate key."""

    name: str
    value: str


Token = str | Key


def tokens(raw_path: str) -> list[Token]:
    """`/applications(appId='x')/owners` -> ["applications", Key("appId", "x"), "owners"].

    Segments are split before they are percent-decoded, so %2F inside a key is part of the key.
    """
    found: list[Token] = []
    for segment in raw_path.strip("/").split("/"):
        text = unquote(segment)
        keyed = _KEYED.match(text)
        if keyed is None:
            # The CSDL's alias of the namespace, which Microsoft's SDKs use in type casts.
            found.append(f"microsoft.{text}" if text.startswith("graph.") else text)
            continue
        name = keyed.group(1)
        found.append(f"microsoft.{name}" if name.startswith("graph.") else name)
        if not keyed.group(2):
            # A function without parameters: SDKs call /applications/delta().
            continue
        found.append(_key(keyed.group(2), segment=text))
    return found


def _key(text: str, *, segment: str) -> Key:
    alternate = _ALTERNATE.match(text)
    name, literal = (alternate.group(1), alternate.group(2)) if alternate else ("id", text)
    return Key(name, string_literal(literal, segment=segment))


def string_literal(literal: str, *, segment: str) -> str:
    """'O''Brien' -> O'Brien; a quote that is not doubled inside the literal is a syntax error."""
    inner = literal[1:-1]
    quoted = len(literal) >= 2 and literal[0] == literal[-1] == "'"
    if not quoted or "'" in inner.replace("''", ""):
        raise errors.odata_error(f"Bad Request - Error in query syntax. The key in '{segment}' is not valid.")
    return inner.replace("''", "'")
