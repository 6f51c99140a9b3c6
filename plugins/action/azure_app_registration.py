# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.modules.azure_app_registration import MODULE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import ControllerAction
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.registered import note_registered


class ActionModule(ControllerAction):
    """Runs the module azure_app_registration on the controller."""

    module_name = "azure_app_registration"
    declared = MODULE

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        if self._is_of_role:
            note_registered(self.memory, str(self._task_vars["inventory_hostname"]), result)
        return result
