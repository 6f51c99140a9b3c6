# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.token import token_info
from ansible_collections.email_gateway.azure_apps.plugins.modules.azure_app_token_info import MODULE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.proof_action import ProofAction


class ActionModule(ProofAction):
    """Runs the module azure_app_token_info on the controller, with the stores of the task."""

    module_name = "azure_app_token_info"
    declared = MODULE
    proof = token_info
