# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_app_consent_result
short_description: The result of the entry point consent of the role gateway_app
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
  granted:
    description: The result of M(email_gateway.azure_apps.azure_admin_consent).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Build the result from the results of the tasks
  ansible.builtin.set_fact:
    gateway_app_result: >-
      {{ registration | email_gateway.azure_apps.gateway_app_consent_result(profile=profile, granted=granted) }}
"""

RETURN = r"""
_value:
  description: What the entry point C(consent) sets as C(gateway_app_result).
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
    granted:
      description: The permissions that are granted.
      type: list
      elements: dict
      contains: &permission
        resource:
          description: The short name of the resource, or its client id.
          type: str
          sample: microsoft_graph
        resource_client_id:
          description: The client id of the resource.
          type: str
          sample: 00000003-0000-0000-c000-000000000000
        type:
          description: Either application or delegated.
          type: str
          sample: application
        name:
          description: The name of the permission; its id if the resource does not know it.
          type: str
          sample: Mail.ReadWrite
        id:
          description: The id of the permission.
          type: str
          sample: e2a3a72e-5f79-4c64-b1b1-878b674786c9
    stale:
      description: The permissions that are granted but no longer declared. Check whether they are still needed.
      type: list
      elements: dict
      contains: *permission
    consent_url:
      description: The page on which an administrator can grant what is declared.
      type: str
      sample: https://login.microsoftonline.com/3f2504e0-4f89-41d3-9a0c-0305e82c3301/adminconsent?client_id=b2466de6-5867-4b23-83ff-449c85f44ba1
    changed:
      description: Whether the run changed anything.
      type: bool
      sample: true
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.result import consent_result


class FilterModule:
    """The result of the entry point consent of the role gateway_app."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"gateway_app_consent_result": consent_result}
