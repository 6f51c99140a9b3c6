# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.credential_info import credential_info
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_credential import StoreContents
from ansible_collections.email_gateway.azure_apps.plugins.modules.azure_app_credential_info import MODULE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import ControllerAction
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.context import stores_of_task


class ActionModule(ControllerAction):
    """Runs the module azure_app_credential_info on the controller, with the stores of the task."""

    module_name = "azure_app_credential_info"
    declared = MODULE

    def module(self) -> Module:
        return self.declared._replace(run=self._read)

    def _read(self, call: Call) -> dict[str, t.Any]:
        stores = stores_of_task(self, call)
        references = [store.reference() for store in stores]
        return credential_info(call, StoreContents.read(stores), references=references)
