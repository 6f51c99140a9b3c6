# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A secret of HashiCorp Vault's KV version 2, one member of the credential a member of the secret."""

from __future__ import annotations

import contextlib
import re
import shlex
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import (
    Store,
    StoreContext,
    record_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.hashi_vault import (
    HashiVault,
    HashiVaultError,
    Version,
)

DOCUMENTATION = r"""
options:
  mount:
    description:
      - The mount path of the secrets engine, which must be KV version 2.
    type: str
    default: secret
  name:
    description:
      - The path of the secret in the secrets engine, without C(data/).
    type: str
    required: true
"""
PATH = re.compile(r"[^/\s\x00-\x1f\x7f]+(/[^/\s\x00-\x1f\x7f]+)*")


class HashiVaultSecret(Store):
    """Every write names the version that was read, so that Vault itself refuses to overwrite another one."""

    type = "hashi_vault"
    argument_spec = ArgumentSpec(
        options={"mount": {"type": "str", "default": "secret"}, "name": {"type": "str", "required": True}}
    )

    def __init__(self, settings: t.Mapping[str, t.Any], context: StoreContext) -> None:
        super().__init__(settings, context)
        self._mount = _path("mount", settings["mount"])
        self._name = _path("name", settings["name"])
        self._vault = HashiVault(self._mount, lookup=context.lookup, secrets=context.call.secrets)
        self._version: int | None = None  # of the secret that was read last

    def read(self) -> Record | None:
        return self._record(self._read())

    def check_place(self) -> None:
        """The policies first: their message names all that is missing, an answer to a read only the first."""
        self._check_policies()
        self.read()
        self._check_engine()

    def check_writable(self, expected: Record) -> None:
        self._check_engine()
        self._check_policies()

    def _check_engine(self) -> None:
        version = self._version
        if version is None:
            version = self._read().number
        # An engine that answered with a version is one of KV version 2.
        if not version and not self._vault.is_version_2():
            raise ConflictError(
                f"{self._mount} of HashiCorp Vault is not a secrets engine of KV version 2",
                next_step="Set mount in O(stores) to one.",
            )

    def _check_policies(self) -> None:
        needed = {
            f"{self._mount}/data/{self._name}": ("create", "read", "update"),
            f"{self._mount}/metadata/{self._name}": ("read",),
            f"{self._mount}/delete/{self._name}": ("update",),
        }
        allowed = self._vault.capabilities(list(needed))
        for path, capabilities in needed.items():
            if "root" not in allowed[path] and not set(capabilities) <= set(allowed[path]):
                raise ConflictError(
                    f"The policies of the sign-in to HashiCorp Vault do not allow {', '.join(capabilities)} on {path},"
                    f" which the store {self.title} needs",
                    next_step="Add these capabilities to the policy of the token. See docs/stores.md.",
                )

    def write(self, record: Record, *, expected: Record | None) -> None:
        self.keep_out_of_messages(record)
        # A deletion is not a new version, so that Vault would not refuse the write after one.
        found = self._read()
        self.check_expected(self._record(found), expected)
        if record == expected:
            return
        try:
            self._vault.write(self._name, record.content(), version=found.number)
        except HashiVaultError:
            # Another client may have written, or the answer may have been lost.
            with contextlib.suppress(HashiVaultError):  # Vault may not answer either
                current = self._record(self._read())
                if current == record:
                    return
                self.check_expected(current, expected)
            raise

    def remove(self) -> None:
        found = self._read()
        if self._record(found) is not None:
            self._vault.delete(self._name, version=found.number)

    def reference(self) -> dict[str, t.Any]:
        return {"type": self.type, "mount": self._mount, "name": self._name}

    @classmethod
    def place_of(cls, reference: t.Mapping[str, t.Any]) -> str:
        return f"{reference['mount']}/{reference['name']} (HashiCorp Vault)"

    @classmethod
    def read_command(cls, reference: t.Mapping[str, t.Any]) -> str:
        mount, name = shlex.quote(reference["mount"]), shlex.quote(reference["name"])
        return f"vault kv get -mount={mount} -field=client_secret {name}"

    def _read(self) -> Version:
        found = self._vault.read(self._name)
        self._version = found.number
        return found

    def _record(self, found: Version) -> Record | None:
        record = record_of(found.content, where=f"The secret {self._mount}/{self._name} of HashiCorp Vault")
        self.keep_out_of_messages(record)
        return record


def _path(option: str, value: str) -> str:
    text = value.strip("/")
    if not PATH.fullmatch(text) or ".." in text.split("/"):
        raise InputError(
            f"{option} is {shown(value)}, which is not a path", next_step=f"Set {option} to names with / between them."
        )
    return text


STORE = HashiVaultSecret
