# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A variables file on the controller, encrypted by ansible-vault."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import StoreContext
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.variables_store import VariablesStore
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.vault_file import VaultFile

DOCUMENTATION = r"""
options:
  path:
    description:
      - The file. Missing folders are created, with access for their owner only.
      - If not set, the default of the task, which is C(gateway_app_store_path) in the role.
    type: path
  vault_id:
    description:
      - The vault id to encrypt with.
      - If not set, the default of the task, which is C(gateway_app_store_vault_id) in the role; else the default of
        ansible-vault.
    type: str
"""


class AnsibleVault(VariablesStore):
    """Any vault secret of the run may decrypt the file; that of ``vault_id`` encrypts it."""

    type = "ansible_vault"
    viewer = "ansible-vault view"
    argument_spec = ArgumentSpec(options={"path": {"type": "path"}, "vault_id": {"type": "str"}})

    def __init__(self, settings: t.Mapping[str, t.Any], context: StoreContext) -> None:
        super().__init__(settings, context)
        given = settings["path"] or context.default_path
        if not given:
            raise InputError("path is not set", next_step="Set path to a file on the controller.")
        self.path = os.path.realpath(os.path.expanduser(given))

    def file(self) -> VaultFile:
        vault_id = self.settings["vault_id"] or self.context.default_vault_id
        return VaultFile(self.path, secrets=self.context.vault_secrets, vault_id=vault_id)


STORE = AnsibleVault
