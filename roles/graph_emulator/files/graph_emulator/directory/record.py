# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An object of a table: a dict that reports to its table which properties change."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, Protocol

Json = dict[str, Any]


class Watching(Protocol):
    """The table that a record belongs to."""

    indexed: frozenset[str]

    def note(self, record: Record, names: frozenset[str]) -> None:
        """These properties change: find the record by its new values."""

    def reindex(self, record: Record) -> None:
        """Any property may have changed."""


class Record(dict[str, Any]):
    """An object of a table. Copies of it are plain dicts, which no table watches."""

    __slots__ = ("position", "table")

    def __init__(self, content: Json) -> None:
        super().__init__(content)
        self.table: Watching | None = None
        self.position = 0

    def __copy__(self) -> Json:
        return dict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Json:
        return copy.deepcopy(dict(self), memo)

    def _changed(self, names: Iterable[str]) -> None:
        if self.table is None:
            return
        changed = frozenset(names)
        self.table.note(self, changed)
        if not self.table.indexed.isdisjoint(changed):
            self.table.reindex(self)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._changed((name,))

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._changed((name,))

    def __ior__(self, other: Any) -> Record:  # type: ignore[override,misc]
        self.update(other)
        return self

    def update(self, *others: Any, **values: Any) -> None:
        changes = dict(*others, **values)
        super().update(changes)
        self._changed(changes)

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return self[name]

    def pop(self, name: str, *default: Any) -> Any:
        value = super().pop(name, *default)
        self._changed((name,))
        return value

    def popitem(self) -> tuple[str, Any]:
        name, value = super().popitem()
        self._changed((name,))
        return name, value

    def clear(self) -> None:
        names = list(self)
        super().clear()
        self._changed(names)
