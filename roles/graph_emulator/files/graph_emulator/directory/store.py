# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables of objects that find by more than the id, at a cost that does not grow with their size.

A table is a dict, id -> object. It watches its objects: whenever an indexed property changes, in any way, the index
is updated automatically. Two rules are left: hold the tenant's lock, and put a new list in the place of an
old one instead of changing it.
"""

from __future__ import annotations

import copy
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .record import Record

Json = dict[str, Any]
_ALL = ("", "")


class Table(dict[str, Any]):
    """Objects by id, in the order in which they came, and by the properties named in `indexed`.

    `looked_at` counts the objects that were returned; a test uses it to see that no call walks through all of them.
    """

    def __init__(self, *indexed: str) -> None:
        super().__init__()
        self.indexed = frozenset({"id", *indexed})
        self.looked_at = 0
        self.changes: list[tuple[str, frozenset[str]]] = []
        """(object id, changed properties) of every change since the table was made; none for an object that left"""
        self.gone: set[str] = set()
        """Ids of objects that left and did not come back"""
        self._next = 0
        self._at: dict[int, str] = {}
        self._buckets: dict[tuple[str, str], list[int]] = {_ALL: []}
        self._keys: dict[int, set[tuple[str, str]]] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Table:
        """With copies of the objects, and an index of its own."""
        other = type(self)(*self.indexed)
        for object_id, value in dict.items(self):
            other[object_id] = copy.deepcopy(value, memo)
        other.changes = list(self.changes)
        other.gone = set(self.gone)
        return other

    # What a table holds; DeletedTable holds something else

    def record(self, value: Any) -> Record:
        return value if isinstance(value, Record) else Record(value)

    def stored(self, _value: Any, record: Record) -> Any:
        return record

    def found(self, object_id: str) -> Record:
        record: Record = super().__getitem__(object_id)
        return record

    def keys_of(self, object_id: str, record: Record) -> set[tuple[str, str]]:
        del object_id
        return {
            (name, one.casefold())
            for name in self.indexed
            for one in _several(record.get(name))
            if isinstance(one, str)
        }

    # Changing

    def __setitem__(self, object_id: str, value: Any) -> None:
        """A plain dict is copied: go on with what the table gives back."""
        record = self.record(value)
        if object_id in self:
            del self[object_id]
        if record.table is not None:
            # One object, one table, one id.
            record = Record(record)
        record.table, record.position = self, self._next
        self._next += 1
        super().__setitem__(object_id, self.stored(value, record))
        self._at[record.position] = object_id
        self._buckets[_ALL].append(record.position)
        self._keys[record.position] = set()
        self.gone.discard(object_id)
        self.note(record, frozenset(record))
        self.reindex(record)

    def __delitem__(self, object_id: str) -> None:
        record = self.found(object_id)
        super().__delitem__(object_id)
        for key in self._keys.pop(record.position):
            self._leave(key, record.position)
        _remove(self._buckets[_ALL], record.position)
        del self._at[record.position]
        record.table = None
        self.gone.add(object_id)
        self.changes.append((object_id, frozenset()))

    def note(self, record: Record, names: frozenset[str]) -> None:
        self.changes.append((self._at[record.position], names))

    def reindex(self, record: Record) -> None:
        position = record.position
        before = self._keys[position]
        after = self.keys_of(self._at[position], record)
        for key in before - after:
            self._leave(key, position)
        for key in after - before:
            insort(self._buckets.setdefault(key, []), position)
        self._keys[position] = after

    def _leave(self, key: tuple[str, str], position: int) -> None:
        bucket = self._buckets[key]
        _remove(bucket, position)
        if not bucket:
            del self._buckets[key]

    def pop(self, object_id: str, *default: Any) -> Any:
        if object_id not in self and default:
            return default[0]
        value = super().__getitem__(object_id)
        del self[object_id]
        return value

    def popitem(self) -> tuple[str, Any]:
        object_id = next(reversed(self))
        return object_id, self.pop(object_id)

    def clear(self) -> None:
        for object_id in list(super().keys()):
            del self[object_id]

    def update(self, *others: Any, **values: Any) -> None:
        for object_id, value in dict(*others, **values).items():
            self[object_id] = value

    def setdefault(self, object_id: str, default: Any = None) -> Any:
        if object_id not in self:
            self[object_id] = default
        return self[object_id]

    # Looking

    def values(self) -> Any:
        self.looked_at += len(self)
        return super().values()

    def items(self) -> Any:
        self.looked_at += len(self)
        return super().items()

    def get(self, object_id: str, default: Any = None) -> Any:
        self.looked_at += 1
        return super().get(object_id, default)

    def where(self, name: str, value: str) -> Rows:
        """Objects whose property equals the value, or, for a list, has it as a member. Case makes no difference."""
        return Rows(self, (name, value.casefold()))

    def rows(self) -> Rows:
        return Rows(self, _ALL)

    def bucket(self, key: tuple[str, str]) -> list[int]:
        return self._buckets.get(key, [])

    def at(self, position: int) -> Record:
        self.looked_at += 1
        return self.found(self._at[position])


class DeletedTable(Table):
    """Soft-deleted objects: object id -> (kind, object). The kind is an index of its own."""

    def record(self, value: Any) -> Record:
        return super().record(value[1])

    def stored(self, value: Any, record: Record) -> Any:
        return value[0], record

    def found(self, object_id: str) -> Record:
        record: Record = dict.__getitem__(self, object_id)[1]
        return record

    def keys_of(self, object_id: str, record: Record) -> set[tuple[str, str]]:
        kind = dict.__getitem__(self, object_id)[0]
        return {*super().keys_of(object_id, record), ("kind", kind.casefold())}


class Rows:
    """Objects of one table in the order in which they came, read only as far as needed."""

    def __init__(self, table: Table, key: tuple[str, str], *, keep: tuple[Callable[[Json], bool], ...] = ()) -> None:
        self.table = table
        self.key = key
        self._keep = keep

    def that(self, keep: Callable[[Json], bool]) -> Rows:
        return Rows(self.table, self.key, keep=(*self._keep, keep))

    def narrowed(self, keys: Iterable[tuple[str, str]]) -> Rows:
        """By the most selective of these conditions that an index answers; the others are the caller's to test."""
        known = [(name, value.casefold()) for name, value in keys if name in self.table.indexed]
        best = min([self.key, *known], key=lambda key: len(self.table.bucket(key)))
        # The condition that these rows already stand for must not get lost.
        name, value = self.key
        if self.key in (best, _ALL):
            return Rows(self.table, best, keep=self._keep)
        return Rows(self.table, best, keep=(*self._keep, lambda item: _has(item, name, value)))

    def one_of(self, name: str, values: Iterable[str]) -> Rows | list[Record]:
        """Those with one of these values, if an index of the whole table exists; else all, for the caller to test."""
        if name not in self.table.indexed or self.key != _ALL:
            return self
        positions = {position for value in values for position in self.table.bucket((name, value.casefold()))}
        records = [self.table.at(position) for position in sorted(positions)]
        return [record for record in records if all(keep(record) for keep in self._keep)]

    def __iter__(self) -> Iterator[Record]:
        return self.after(-1)

    def __len__(self) -> int:
        """Without looking at any object unless there is a condition to test."""
        return sum(1 for _item in self) if self._keep else len(self.table.bucket(self.key))

    def after(self, position: int) -> Iterator[Record]:
        bucket = self.table.bucket(self.key)
        for index in range(bisect_right(bucket, position), len(bucket)):
            record = self.table.at(bucket[index])
            if all(keep(record) for keep in self._keep):
                yield record

    def part(self, start: int, end: int) -> list[Record]:
        """By number, without the conditions; for a window onto many."""
        return [self.table.at(position) for position in self.table.bucket(self.key)[start:end]]

    def first(self) -> Record | None:
        return next(iter(self), None)


def _several(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else (value,)


def _has(item: Json, name: str, value: str) -> bool:
    return any(isinstance(one, str) and one.casefold() == value for one in _several(item.get(name)))


def _remove(positions: list[int], position: int) -> None:
    del positions[bisect_left(positions, position)]
