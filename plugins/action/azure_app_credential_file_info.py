# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call, Module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._controller_action import ControllerAction
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._vault_file import VaultFile

SPEC = ArgumentSpec(
    options={
        "path": {"type": "path", "required": True},
        "vault_id": {"type": "str"},
        "check_writable": {"type": "bool", "default": False},
    },
)


class ActionModule(ControllerAction):
    """Runs the module azure_app_credential_file_info on the controller, with ansible-playbook's own vault passwords."""

    module_name = "azure_app_credential_file_info"

    def module(self) -> Module:
        return Module(argument_spec=SPEC, run=self._read, secret_results=("content",))

    def _read(self, call: Call) -> dict[str, t.Any]:
        params = call.params
        file = VaultFile(params["path"], secrets=self._loader._vault.secrets, vault_id=params["vault_id"])
        content = file.read()
        if params["check_writable"]:
            file.check_writable()
        return {"changed": False, "path": file.path, "exists": content is not None, "content": content or {}}
