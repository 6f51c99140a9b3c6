# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares the results of two versions of ansible-core for the same job, field by field."""

from __future__ import annotations

import collections.abc as c
import re
import typing as t

UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
# 32 bytes in base64, as the tenant generates for assignments and grants.
ENCODED_ID = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])", re.ASCII)
TIME = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00| UTC)?")
DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
# Values that are random, or contain random ones.
RANDOM_MEMBERS = frozenset({"client_secret", "customKeyIdentifier", "digest", "hint", "secretText"})
MISSING = "(missing)"


class Normalised:
    """Makes the values of one job comparable with those of another.

    An id becomes the number under which it was first seen, a point in time one word, a day another. ``texts`` are
    replaced first, such as the folder of the job; ``kept_ids`` stay, such as those of published permissions.
    """

    def __init__(self, *, texts: t.Mapping[str, str], kept_ids: c.Collection[str] = ()) -> None:
        self._texts = texts
        self._kept_ids = kept_ids
        self._numbers: dict[str, str] = {}

    def of(self, value: t.Any) -> t.Any:
        if isinstance(value, t.Mapping):
            return {self._text(str(name)): self._member(str(name), value[name]) for name in sorted(value, key=str)}
        if isinstance(value, (list, tuple)):
            return [self.of(item) for item in value]
        if isinstance(value, str):
            return self._text(value)
        return value

    def _member(self, name: str, value: t.Any) -> t.Any:
        if name in RANDOM_MEMBERS and value:
            return f"<{name}>"
        return self.of(value)

    def _text(self, text: str) -> str:
        for found, replacement in self._texts.items():
            text = text.replace(found, replacement)
        text = UUID.sub(self._number, text)
        return DATE.sub("<date>", TIME.sub("<time>", ENCODED_ID.sub(self._number, text)))

    def _number(self, found: re.Match[str]) -> str:
        value = found.group()
        if value.lower() in self._kept_ids:
            return value
        return self._numbers.setdefault(value, f"<id {len(self._numbers) + 1}>")


def differences(one: t.Any, other: t.Any, *, path: str = "") -> list[str]:
    """Lines of the form ``path: 'a' instead of 'b'``, 'a' being of ``one``; values of different types differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        lines = []
        for name in sorted({*one, *other}):
            below = f"{path}.{name}" if path else name
            lines += differences(one.get(name, MISSING), other.get(name, MISSING), path=below)
        return lines
    if isinstance(one, list) and isinstance(other, list):
        lines = [] if len(one) == len(other) else [f"{path}: {len(one)} entries instead of {len(other)}"]
        for number, (left, right) in enumerate(zip(one, other, strict=False)):
            lines += differences(left, right, path=f"{path}[{number}]")
        return lines
    if type(one) is type(other) and one == other:
        return []
    return [f"{path}: {one!r} instead of {other!r}"]
