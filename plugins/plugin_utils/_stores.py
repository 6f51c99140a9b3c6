# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The contract of a store of credentials, what a store is given, and the stores that a task asks for."""

from __future__ import annotations

import abc
import dataclasses
import importlib
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

STORE_TYPES = ("ansible_vault", "awx_credential", "azure_key_vault", "command", "hashi_vault", "sops")
PACKAGE = "ansible_collections.email_gateway.azure_apps.plugins.plugin_utils.stores"


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

    call: Call
    vault_secrets: t.Sequence[tuple[str, t.Any]]
    lookup: Lookup
    default_path: str = ""
    default_vault_id: str = ""


class Store(abc.ABC):
    """One place that keeps a credential. Every method raises AppsError, in words that name the store.

    A subclass is constructed from its validated settings (the members of its ``argument_spec``) and the context;
    neither constructing nor ``reference`` asks anybody anything.
    """

    type: t.ClassVar[str]
    argument_spec: t.ClassVar[ArgumentSpec]  # of the settings beside ``type``
    credential_types: t.ClassVar[tuple[str, ...]] = ("client_secret", "certificate", "federated")
    can_give_back: t.ClassVar[bool] = True  # whether ``read`` gives the client secret

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

    @abc.abstractmethod
    def write(self, record: Record, *, expected: Record | None) -> None:
        """Keep the record instead of ``expected``, which is what ``read`` returned last.

        Raises OvertakenError, and writes nothing, if somebody else wrote since. An answer that was lost is looked
        up. ``record.client_secret`` is None only if ``can_give_back`` is false and the value is to stay as it is.
        """

    @abc.abstractmethod
    def remove(self) -> None:
        """Remove the credential, and nothing else that is kept beside it. No error if there is none."""

    @abc.abstractmethod
    def reference(self) -> dict[str, t.Any]:
        """Where the credential is, for people and later plays: ``type`` and names. No secret."""

    @property
    def local_paths(self) -> tuple[str, ...]:
        """Files on the controller that have to outlive the run; refused below a folder that goes away with it."""
        return ()

    @property
    def title(self) -> str:
        """For messages: the last name in the reference."""
        reference = {name: value for name, value in self.reference().items() if name in ("type", "name", "path")}
        return str(list(reference.values())[-1])


def store_class(store_type: str) -> type[Store]:
    """The class for a type out of STORE_TYPES, imported when it is used."""
    found: type[Store] = importlib.import_module(f"{PACKAGE}.{store_type}").STORE
    return found
