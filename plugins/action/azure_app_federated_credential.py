# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.plugins.modules.azure_app_federated_credential import MODULE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.action import CredentialAction
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.federated_credential import (
    FederatedCredential,
)


class ActionModule(CredentialAction):
    """Runs the module azure_app_federated_credential on the controller."""

    module_name = "azure_app_federated_credential"
    declared = MODULE
    kind = FederatedCredential
