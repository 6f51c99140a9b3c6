# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import STATE, ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import Plan, View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call, Module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._controller_action import ControllerAction
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._vault_file import VaultFile

SPEC = STATE + ArgumentSpec(
    options={
        "path": {"type": "path", "required": True},
        "content": {"type": "dict", "no_log": True},
        "vault_id": {"type": "str"},
    },
    required_if=(("state", "present", ("content",)),),
)


class ActionModule(ControllerAction):
    """Runs the module azure_app_credential_file on the controller, with ansible-playbook's own vault passwords."""

    module_name = "azure_app_credential_file"

    def module(self) -> Module:
        return Module(argument_spec=SPEC, run=self._converge)

    def _converge(self, call: Call) -> dict[str, t.Any]:
        params = call.params
        file = VaultFile(params["path"], secrets=self._loader._vault.secrets, vault_id=params["vault_id"])
        wanted = params["content"] if params["state"] == "present" else None
        if wanted is not None and not all(isinstance(name, str) and name.isidentifier() for name in wanted):
            raise InputError("content: every key has to be a variable name", next_step="Use letters, digits and _.")
        current = file.read()
        if wanted is not None:
            wanted = {**(current or {}), **wanted}  # other variables of the file stay
            file.check_writable()
        plan = Plan(before=_view(current), after=_view(wanted))
        changed = current != wanted or (wanted is not None and not file.private)
        if changed and not call.check_mode:
            if wanted is None:
                file.remove()
            elif current != wanted:
                file.write(wanted)
            else:
                file.make_private()
        return {
            "changed": changed,
            "path": file.path,
            "state": params["state"],
            "diff": {**plan.diff(), "before_header": file.path, "after_header": file.path},
        }


def _view(variables: dict[str, t.Any] | None) -> View:
    """The names of the variables: their values are secrets."""
    return {} if variables is None else {"encrypted": True, "variables": sorted(variables)}
