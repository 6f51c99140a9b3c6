# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A YAML file on the controller, encrypted by sops."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import StoreContext
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.sops_file import SopsFile
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.variables_store import VariablesStore

DOCUMENTATION = r"""
options:
  path:
    description:
      - The file. Its name must end with C(.yml) or C(.yaml), and its folder must exist.
    type: path
    required: true
  recipients:
    description:
      - The recipients to encrypt for, as lists of keys. If not set, the creation rules in C(.sops.yaml) are used.
      - "The members have the names of sops's own options: C(age), C(azure_kv), C(gcp_kms), C(hc_vault_transit),
        C(kms), C(pgp)."
    type: dict
"""
RECIPIENTS = ("age", "azure_kv", "gcp_kms", "hc_vault_transit", "kms", "pgp")


class Sops(VariablesStore):
    """The keys are those that the environment of the task names."""

    type = "sops"
    viewer = "sops --decrypt"
    argument_spec = ArgumentSpec(
        options={
            "path": {"type": "path", "required": True},
            "recipients": {
                "type": "dict",
                "options": {name: {"type": "list", "elements": "str"} for name in RECIPIENTS},
            },
        }
    )

    def __init__(self, settings: t.Mapping[str, t.Any], context: StoreContext) -> None:
        super().__init__(settings, context)
        if not settings["path"].endswith((".yml", ".yaml")):
            raise InputError("path does not end with .yml or .yaml", next_step="Rename the file.")
        self.path = os.path.realpath(os.path.expanduser(settings["path"]))

    def file(self) -> SopsFile:
        recipients = filled_members(as_object(self.settings["recipients"]))
        return SopsFile(self.path, recipients=recipients, call=self.context.call)


STORE = Sops
