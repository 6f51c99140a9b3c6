# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private documentation fragment of email_gateway.azure_apps: it may change without notice.
from __future__ import annotations


class ModuleDocFragment:
    """The stores from which a module reads a credential."""

    DOCUMENTATION = r"""
options:
  stores:
    description:
      - The stores of the credential, as in the option of the same name of
        M(email_gateway.azure_apps.azure_app_secret). Each entry has a C(type) and the settings of that type.
      - If there are several stores, the most recent credential that one of them returns is used.
      - If a store cannot be read, but another one has the credential, a line of RV(ignore:notes) reports it.
      - The options C(auth_*) are used only by a store of the type C(azure_key_vault).
    type: list
    elements: dict
  store_path:
    description: The file of a store of the type C(ansible_vault) whose entry has no C(path).
    type: path
  store_vault_id:
    description: The vault id of a store of the type C(ansible_vault) whose entry has no C(vault_id).
    type: str
"""
