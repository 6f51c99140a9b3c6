# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_app_retire_result
short_description: The result of the entry point retire of the role gateway_app
version_added: 1.0.0
description:
  - Used by the role P(email_gateway.azure_apps.gateway_app#role) to set C(gateway_app_result).
author:
  - email_gateway.azure_apps contributors (@email-gateway)
positional: _input
options:
  _input:
    description:
      - The result of M(email_gateway.azure_apps.azure_app_registration) that looked for the application, before
        anything was removed.
    type: dict
    required: true
  display_name:
    description: The display name, which cannot be read if the application has already been deleted.
    type: str
    required: true
  purge:
    description: Whether the application is deleted for good.
    type: bool
    required: true
  withdrawn:
    description: The result of M(email_gateway.azure_apps.azure_admin_consent), perhaps skipped.
    type: dict
    required: true
  removed:
    description: The result of M(email_gateway.azure_apps.azure_app_secret).
    type: dict
    required: true
  deleted:
    description: The result of M(email_gateway.azure_apps.azure_app_registration) that deleted the application.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Build the result from the results of the tasks
  ansible.builtin.set_fact:
    gateway_app_result: >-
      {{ registration | email_gateway.azure_apps.gateway_app_retire_result(
           display_name='Mail gateway', purge=false, withdrawn=withdrawn, removed=removed, deleted=deleted) }}
"""

RETURN = r"""
_value:
  description: What the entry point C(retire) sets as C(gateway_app_result).
  type: dict
  contains:
    display_name:
      description: The display name of the application.
      type: str
      sample: Mail gateway
    tenant_id:
      description: The tenant.
      type: str
      sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
    client_id:
      description: The client id of the application, or null if it had already been deleted.
      type: str
      sample: b2466de6-5867-4b23-83ff-449c85f44ba1
    retired:
      description: Always V(true).
      type: bool
      sample: true
    purged:
      description: Whether it is deleted for good; otherwise it can be restored for 30 days.
      type: bool
      sample: false
    stores:
      description: Where the credential was stored, without a secret. The members depend on the type of store.
      type: list
      elements: dict
      sample:
        - type: ansible_vault
          path: /srv/automation/mail-gateway.vault.yml
          variable: gateway_app_credential
    changed:
      description: Whether the run changed anything.
      type: bool
      sample: true
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.result import retire_result


class FilterModule:
    """The result of the entry point retire of the role gateway_app."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"gateway_app_retire_result": retire_result}
