# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.operator_access import (
    OtherIdentity,
    operator_access_info,
)
from ansible_collections.email_gateway.azure_apps.plugins.modules.azure_operator_access_info import MODULE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import ControllerAction

# By what azure_app_profile_info lists: who takes these steps, by the variable with its environment.
OTHERS = {
    "consent_steps": "gateway_app_consent_environment",
    "mailbox_steps": "gateway_app_mailbox_environment",
}


class ActionModule(ControllerAction):
    """Runs the module azure_operator_access_info on the controller, where the variables of the play are known."""

    module_name = "azure_operator_access_info"
    declared = MODULE
    _task_vars: t.Mapping[str, t.Any] = {}

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        self._task_vars = task_vars or {}
        return super().run(tmp, task_vars)

    def module(self) -> Module:
        return dataclasses.replace(self.declared, run=self._access)

    def _access(self, call: Call) -> dict[str, t.Any]:
        steps = call.params["profile_info"] or {}
        others = [self._other(call, steps[name], variable) for name, variable in OTHERS.items() if steps.get(name)]
        try:
            return operator_access_info(call, others)
        finally:
            for other in others:
                other.call.warn_of_clock()
                other.call.close()

    def _other(self, call: Call, steps: t.Sequence[str], variable: str) -> OtherIdentity:
        """Warnings and secrets of its call are those of the task."""
        environment = self._variable_environment(self._task_vars, variable) if variable in self._task_vars else {}
        own = dataclasses.replace(call, environ={**call.environ, **environment})
        return OtherIdentity(own, steps, known_as=f"The identity of {variable}")
