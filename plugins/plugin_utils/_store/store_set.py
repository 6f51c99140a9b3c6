# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""All stores of a task together: read, written so that all of them keep a credential or none does, cleared."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    ConflictError,
    ForeignContentError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential import life
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import Store, local_paths


class StoreSet:
    """``records`` are what the stores kept when they were read or written last, in their order."""

    def __init__(self, stores: t.Sequence[Store]) -> None:
        self._stores = list(stores)
        self.records: list[Record | None] = [None] * len(stores)
        # What a store kept before this task wrote to it, by its position.
        self._before: dict[int, Record | None] = {}

    @property
    def references(self) -> list[dict[str, t.Any]]:
        return [store.reference() for store in self._stores]

    @property
    def titles(self) -> str:
        return ", ".join(store.title for store in self._stores)

    @property
    def local_paths(self) -> list[str]:
        return local_paths(self._stores)

    @property
    def give_back(self) -> bool:
        """Whether at least one of them can give a client secret back."""
        return any(store.can_give_back for store in self._stores)

    def read(self) -> None:
        """Raises AppsError."""
        self.records = [store.read() for store in self._stores]
        self._before = {}

    @property
    def kept(self) -> list[Record]:
        """Of the stores that keep one."""
        return list(filter(None, self.records))

    @property
    def most_recent(self) -> Record | None:
        return life.most_recent(self.records)

    def view(self, record: Record | None = None) -> dict[str, t.Any]:
        """The key id that each store keeps, or will keep with ``record``. No secret."""
        view: dict[str, t.Any] = {}
        for store, kept in zip(self._stores, self.records, strict=True):
            shown = record or kept
            view[store.title] = None
            if shown is not None:
                view[store.title] = shown.key_id or "a new one"
        return view

    def differing(self, record: Record) -> list[int]:
        """The positions of the stores that have to be written, so that all keep ``record``.

        Those that cannot give a client secret back come last: what they kept before could not be put back if another
        one failed.
        """
        order = sorted(range(len(self._stores)), key=lambda i: not self._stores[i].can_give_back)
        return [i for i in order if self.records[i] != self._as_read(i, record) or self._stores[i].needs_rewrite()]

    def _as_read(self, i: int, record: Record) -> Record:
        """What the store shows of it."""
        kept = self.records[i]
        if kept is not None and kept.client_secret is None:
            return record.without_value()
        return self._stores[i].as_read(record)

    def check_writable(self, expected: Record) -> None:
        """Raises AppsError if one of them could not keep such a record. Writes nothing."""
        for store in self._stores:
            store.check_writable(expected)

    def write(self, record: Record) -> None:
        """Raises AppsError, after which some stores may have it: see ``put_back``."""
        for i in self.differing(record):
            self._before.setdefault(i, self.records[i])
            self._stores[i].write(record, expected=self.records[i])
            self.records[i] = self._as_read(i, record)

    def put_back(self, key_id: str) -> list[str]:
        """Put back what stores kept that have the credential ``key_id`` now; why that failed, for each that has it."""
        reasons = []
        for i, before in self._before.items():
            try:
                self._put_back(i, before, key_id)
            except AppsError as exc:
                reasons.append(f"{self._stores[i].title}: {exc.message}")
        return reasons

    def _put_back(self, i: int, before: Record | None, key_id: str) -> None:
        """Raises AppsError."""
        store = self._stores[i]
        try:
            now = store.read()
        except ForeignContentError:
            return  # another client has overwritten it
        if now is None or now.key_id != key_id:
            return
        if before is None:
            store.remove()
        else:
            store.write(self._with_value(before), expected=now)

    def _with_value(self, before: Record) -> Record:
        """Another store may know the value of one that cannot give it back. Raises ConflictError."""
        if before.client_secret is not None:
            return before
        earlier = {**dict(enumerate(self.records)), **self._before}
        known = filter(None, earlier.values())
        same = first(known, lambda other: other.has_value and other.key_id == before.key_id)
        if same is None:
            raise ConflictError("it already has the new credential, and its previous value cannot be read from a store")
        return dataclasses.replace(before, client_secret=same.client_secret)

    def remove(self) -> None:
        """Remove the credential from all stores that keep one. Raises AppsError."""
        for i, store in enumerate(self._stores):
            if self.records[i] is not None:
                store.remove()
                self.records[i] = None
