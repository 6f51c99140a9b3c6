# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A variables file on the controller, encrypted by ansible-vault. Its other variables stay."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._stores import (
    VARIABLE,
    Store,
    StoreContext,
    record_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._vault_file import VaultFile

DOCUMENTATION = r"""
options:
  path:
    description:
      - The file, for example C(/srv/automation/mail-gateway-vienna.vault.yml). Missing folders are created.
      - If not set, the default of the task, C(gateway_app_store_path) in the role.
    type: path
  vault_id:
    description:
      - The vault id to encrypt with.
      - If not set, the default of the task, C(gateway_app_store_vault_id) in the role, else what ansible-vault
        itself takes.
    type: str
"""


class AnsibleVault(Store):
    """``read`` decrypts with any vault secret of the run; ``write`` encrypts with that of ``vault_id``."""

    type = "ansible_vault"
    argument_spec = ArgumentSpec(options={"path": {"type": "path"}, "vault_id": {"type": "str"}})

    def __init__(self, settings: t.Mapping[str, t.Any], context: StoreContext) -> None:
        super().__init__(settings, context)
        given = settings["path"] or context.default_path
        if not given:
            raise InputError("path is not set", next_step="Set path to a file on the controller.")
        self._path = os.path.realpath(os.path.expanduser(given))

    def read(self) -> Record | None:
        record = self._record(self._file().read())
        self.keep_out_of_messages(record)
        return record

    def check_writable(self, expected: Record) -> None:
        self._file().check_writable()

    def write(self, record: Record, *, expected: Record | None) -> None:
        self.keep_out_of_messages(record)
        file = self._file()
        variables = file.read()
        current = self._record(variables)
        self.check_expected(current, expected)
        if current != record:
            file.write({**(variables or {}), VARIABLE: record.content()})
        elif not file.private:
            file.make_private()

    def remove(self) -> None:
        file = self._file()
        variables = file.read()
        # A file without the variable is of somebody else.
        if variables is None or VARIABLE not in variables:
            return
        self._record(variables)
        others = {name: value for name, value in variables.items() if name != VARIABLE}
        if others:
            file.write(others)
        else:
            file.remove()

    def reference(self) -> dict[str, t.Any]:
        return {"type": self.type, "path": self._path, "variable": VARIABLE}

    @property
    def needs_rewrite(self) -> bool:
        file = self._file()
        return file.exists and not file.private

    @property
    def local_paths(self) -> tuple[str, ...]:
        return (self._path,)

    @property
    def place(self) -> tuple[str, ...]:
        return ("file", self._path)

    def _file(self) -> VaultFile:
        """Raises InputError if the run has no vault secret."""
        vault_id = self.settings["vault_id"] or self.context.default_vault_id
        return VaultFile(self._path, secrets=self.context.vault_secrets, vault_id=vault_id or None)

    def _record(self, variables: dict[str, t.Any] | None) -> Record | None:
        content = None if variables is None else variables.get(VARIABLE)
        return record_of(content, where=f"The variable {VARIABLE} in {self._path}")


STORE = AnsibleVault
