# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.plugins.modules.azure_admin_consent import MODULE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """Runs the module azure_admin_consent on the controller."""

    module_name = "azure_admin_consent"
    declared = MODULE
