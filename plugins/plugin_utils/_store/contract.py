# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The contract of a store of credentials, what a store is given, and the stores that a task asks for."""

from __future__ import annotations

import abc
import dataclasses
import importlib
import itertools
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    ForeignContentError,
    InputError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import are_texts, as_object, text
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.validation import validated
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import LISTS, MEMBERS, Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

STORE_TYPES = ("ansible_vault", "awx_credential", "azure_key_vault", "command", "hashi_vault", "sops")
PACKAGE = "ansible_collections.email_gateway.azure_apps.plugins.plugin_utils.stores"
VARIABLE = "gateway_app_credential"  # in a file of variables
PAGE = "docs/stores.md"
CREDENTIAL_NAMES = {
    "client_secret": "client secret",
    "certificate": "certificate",
    "federated": "federated credential",
}


class Lookup(t.Protocol):
    """Runs a lookup plugin inside ansible-playbook, with the variables and the environment of the task."""

    def __call__(self, name: str, terms: t.Sequence[str], **options: t.Any) -> list[t.Any]:
        """Raises what the plugin raises; LookupMissing if there is no such plugin."""


class LookupMissing(Exception):
    """The collection of a lookup plugin is not installed."""


@dataclasses.dataclass(frozen=True)
class StoreContext:
    """What ansible-playbook and the task give to a store.

    ``call`` has the connection of the operator (``call.http``, ``call.token_for``), the environment of the task
    (``call.environ``), ``call.check_mode`` and ``call.warn``. ``vault_secrets`` are those of the run, as pairs of vault
    id and secret. ``default_path`` and ``default_vault_id`` are for a store of the type ansible_vault that names none.
    """

    call: Call = dataclasses.field(repr=False)  # its environment holds the sign-in
    vault_secrets: t.Sequence[tuple[str, t.Any]] = dataclasses.field(repr=False)
    lookup: Lookup
    default_path: str = ""
    default_vault_id: str = ""


class Store(abc.ABC):
    """One place that keeps a credential. Every method raises AppsError, in words that name the store.

    A subclass is constructed from its validated settings (the members of its ``argument_spec``) and the context;
    neither constructing nor ``reference`` sends a request. Constructing raises InputError for settings that
    cannot be right.
    """

    type: t.ClassVar[str]
    argument_spec: t.ClassVar[ArgumentSpec]  # of the settings beside ``type``
    credential_types: t.ClassVar[tuple[str, ...]] = ("client_secret", "certificate", "federated")
    can_give_back: bool = True  # whether ``read`` gives the client secret

    def __init__(self, settings: t.Mapping[str, t.Any], context: StoreContext) -> None:
        self.settings = settings
        self.context = context

    @abc.abstractmethod
    def read(self) -> Record | None:
        """What the store keeps; None if there is nothing. Refuses what this collection did not write."""

    @abc.abstractmethod
    def check_writable(self, expected: Record) -> None:
        """Raises if ``write`` would fail for such a record, as far as that can be known before. Writes nothing.

        ``expected`` has the lists as long as they can become, and no client secret.
        """

    def check_place(self) -> None:
        """Raises if the place cannot be read or written, or keeps something else than a credential of this collection.

        The first task of the role calls it, so that nothing is registered for a store that cannot keep a credential.
        """
        self.read()
        self.check_writable(Record(client_id="", key_id=""))

    @abc.abstractmethod
    def write(self, record: Record, *, expected: Record | None) -> None:
        """Keep the record instead of ``expected``, which is what ``read`` returned last.

        Raises OvertakenError, and writes nothing, if another client wrote since. An answer that was lost is looked
        up. ``record.client_secret`` is None only if ``can_give_back`` is false and the value is to stay as it is.
        """

    @abc.abstractmethod
    def remove(self) -> None:
        """Remove the credential, and nothing else that is kept beside it. No error if there is none."""

    @abc.abstractmethod
    def reference(self) -> dict[str, t.Any]:
        """Where the credential is, for people and later plays: ``type`` and names. No secret."""

    @classmethod
    def place_of(cls, reference: t.Mapping[str, t.Any]) -> str:
        """The place that a ``reference`` names, in words."""
        return str(reference[among(reference, ("type", "name", "path"))[-1]])

    @classmethod
    def read_command(cls, reference: t.Mapping[str, t.Any]) -> str:
        """What a person types into a shell to read the client secret; "" if the place does not give it back."""
        return ""

    def read_after_failure(self) -> Record | None:
        """What there is after a write that failed, or whose answer was lost; None also if it cannot be read."""
        try:
            return self.read()
        except AppsError:
            return None

    def as_read(self, record: Record) -> Record:
        """What ``read`` gives once the store keeps ``record``."""
        if self.can_give_back:
            return record
        return record.without_value()

    def needs_rewrite(self) -> bool:
        """Whether the same record has to be written again, because others can read the file that keeps it."""
        return False

    @property
    def local_paths(self) -> tuple[str, ...]:
        """Files on the controller that have to outlive the run; refused below a folder that goes away with it."""
        return ()

    @property
    def place(self) -> tuple[str, ...]:
        """The same for two entries that name the same place."""
        return tuple(map(str, self.reference().values()))

    @property
    def title(self) -> str:
        """For messages: the last name in the reference."""
        return Store.place_of(self.reference())

    def keep_out_of_messages(self, record: Record | None) -> None:
        """No message, warning or result of the task shows the client secret."""
        if record is not None:
            self.context.call.secrets.add(record.client_secret)

    def check_expected(self, current: Record | None, expected: Record | None) -> None:
        """Raises OvertakenError if the store no longer holds what was read before."""
        if current != expected:
            raise OvertakenError(
                f"{self.title}: the credential was changed by another program after it was read, and is kept",
                next_step="Run again.",
            )


def record_of(content: t.Any, *, where: str) -> Record | None:
    """The record in what a store holds; None for nothing.

    Raises ConflictError for what is not a credential of this collection: a write would destroy it.
    """
    if content in (None, {}):
        return None
    if not isinstance(content, dict):
        raise _foreign(where, "does not contain a credential of this collection")
    unknown = sorted(map(str, without(content, MEMBERS)))
    if unknown:
        raise _foreign(where, f"contains more than a credential of this collection, namely {', '.join(unknown)}")
    if not content.get("client_id"):
        raise _foreign(where, "contains no client_id, which every credential of this collection has")
    wrong = [name for name, value in content.items() if not _is_of_its_type(name, value)]
    if wrong:
        raise _foreign(where, f"contains {', '.join(sorted(wrong))} with another type than this collection writes")
    return Record.of(content)


def _foreign(where: str, why: str) -> ForeignContentError:
    return ForeignContentError(
        f"{where} {why}. It is not changed", next_step="Name another place in O(stores), or move this content away."
    )


def _is_of_its_type(name: str, value: t.Any) -> bool:
    if value is None:
        return True
    if name in LISTS:
        return are_texts(value)
    return isinstance(value, str)


def store_class(store_type: str) -> type[Store]:
    """The class for a type out of STORE_TYPES, imported when it is used."""
    found: type[Store] = importlib.import_module(f"{PACKAGE}.{store_type}").STORE
    return found


def open_stores(entries: t.Sequence[t.Mapping[str, t.Any]], context: StoreContext) -> list[Store]:
    """The stores of the option ``stores``, in its order. Raises InputError. Sends no request."""
    if not entries:
        raise InputError("O(stores) is empty", next_step="Name at least one store in O(stores).")
    stores = [_open_store(entry, number, context) for number, entry in enumerate(entries, start=1)]
    seen: dict[tuple[str, ...], int] = {}
    for number, store in enumerate(stores, start=1):
        if store.place in seen:
            raise InputError(
                f"The entries {seen[store.place]} and {number} of O(stores) name the same place, {store.title}",
                next_step="Remove one of them.",
            )
        seen[store.place] = number
    return stores


def local_paths(stores: t.Iterable[Store]) -> list[str]:
    """Those of all of them."""
    return list(itertools.chain.from_iterable(store.local_paths for store in stores))


def check_credential_type(stores: t.Iterable[Store], credential_type: str) -> None:
    """Raises InputError if one of the stores cannot keep a credential of this type."""
    unfit = set()
    for store in stores:
        if credential_type not in store.credential_types:
            unfit.add(store.type)
    if unfit:
        fit = [name for name in STORE_TYPES if credential_type in store_class(name).credential_types]
        raise InputError(
            f"A store of the type {' or '.join(sorted(unfit))} cannot store a {CREDENTIAL_NAMES[credential_type]}",
            next_step=f"Use another type in O(stores): {', '.join(fit)}. See {PAGE}.",
        )


def _open_store(entry: t.Any, number: int, context: StoreContext) -> Store:
    store_type = text(as_object(entry), "type")
    if store_type is None:
        raise InputError(
            f"Entry {number} of O(stores) has no type", next_step=f"Set type to one of: {', '.join(STORE_TYPES)}."
        )
    if store_type not in STORE_TYPES:
        raise InputError(
            f"Entry {number} of O(stores) has the type {shown(store_type)}, which does not exist",
            next_step=f"Set type to one of: {', '.join(STORE_TYPES)}. See {PAGE}.",
        )
    found = store_class(store_type)
    where = f"Entry {number} of O(stores), of the type {store_type}"
    # As everywhere in the collection, what is blank is not set.
    given = {name: entry[name] for name in without(entry, ("type",)) if not _is_blank(entry[name])}
    try:
        settings = validated(found.argument_spec, given, name=f"a store of the type {store_type}", see=PAGE)
        return found(settings, context)
    except InputError as exc:
        raise InputError(f"{where}: {exc.message}", next_step=exc.next_step, **exc.details) from None


def _is_blank(value: t.Any) -> bool:
    return value is None or str(value).strip() == ""
