# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_app_mailboxes_result
short_description: The result of the entry point mailboxes of the role gateway_app
version_added: 1.0.0
description:
  - Used by the role P(email_gateway.azure_apps.gateway_app#role) to set C(gateway_app_result).
author:
  - email_gateway.azure_apps contributors (@email-gateway)
positional: _input
options:
  _input:
    description: The result of M(email_gateway.azure_apps.azure_app_registration).
    type: dict
    required: true
  profile:
    description: The result of M(email_gateway.azure_apps.azure_app_profile_info).
    type: dict
    required: true
  assigned:
    description: The result of M(email_gateway.azure_apps.azure_app_mailbox_scope), perhaps skipped.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Build the result from the results of the tasks
  ansible.builtin.set_fact:
    gateway_app_result: >-
      {{ registration | email_gateway.azure_apps.gateway_app_mailboxes_result(profile=profile, assigned=scope) }}
"""

RETURN = r"""
_value:
  description:
    - What the entry point C(mailboxes) sets as C(gateway_app_result).
    - RV(ignore:assignments), RV(ignore:other_assignments) and RV(ignore:granted_for_all_mailboxes) are those of
      M(email_gateway.azure_apps.azure_app_mailbox_scope).
  type: dict
  contains:
    profile:
      description: The name of the profile.
      type: str
      sample: outbound_smtp
    display_name:
      description: The display name of the application.
      type: str
      sample: Mail gateway
    unique_name:
      description: Its unique name, or null.
      type: str
      sample: mail-gateway
    tenant_id:
      description: The tenant.
      type: str
      sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
    client_id:
      description: The client id of the application.
      type: str
      sample: b2466de6-5867-4b23-83ff-449c85f44ba1
    application_object_id:
      description: Its object id.
      type: str
      sample: 4877ab89-6ac2-4663-826b-fc79af2ad2e4
    service_principal_object_id:
      description: The object id of its service principal.
      type: str
      sample: 66e30abb-1162-47a4-97e7-007bf57bb3ac
    mailbox_method:
      description: V(graph), V(commands), or V(none) if C(gateway_app_mailboxes) is not set.
      type: str
      sample: graph
    assignments:
      description: The assignments for the settings.
      type: list
      elements: dict
      sample:
        - role: Application Mail.ReadWrite
          scope:
            type: group
            id: 5a9f1c0e-7a4b-4f7f-9f1e-3a6b1b8f9d11
            name: gateway-mailboxes@example.com
            recipient_filter: null
          ids: [0bd0e3f5-5f0e-4a7e-8d5c-5d2f5b7e9a31]
    other_assignments:
      description: Other role assignments of the application.
      type: list
      elements: dict
      sample: []
    granted_for_all_mailboxes:
      description: Permissions that are granted in Entra ID for all mailboxes.
      type: list
      elements: str
      sample: []
    mailboxes_assigned_at:
      description: When this run changed the roles or their scope; null if it did not.
      type: str
      sample: "2026-11-29T07:00:00Z"
    changed:
      description: Whether the run changed anything.
      type: bool
      sample: true
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.result import mailboxes_result


class FilterModule:
    """The result of the entry point mailboxes of the role gateway_app."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"gateway_app_mailboxes_result": mailboxes_result}
