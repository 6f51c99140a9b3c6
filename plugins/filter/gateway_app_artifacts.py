# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_app_artifacts
short_description: What a run of the role gateway_app passes to later jobs of a workflow
version_added: 1.0.0
description:
  - The variables that the playbooks C(register), C(consent) and C(mailboxes) set with C(ansible.builtin.set_stats).
    AWX passes them to the next jobs of a workflow as extra variables. They contain neither a secret nor a path to one.
  - The name of each variable ends with the client id, so that the slices of a job do not overwrite each other's.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
positional: _input
options:
  _input:
    description:
      - The fact C(gateway_app_result) of the entry point C(main), C(consent) or C(mailboxes). See
        P(email_gateway.azure_apps.gateway_app_result#filter).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Pass the ids to later jobs
  ansible.builtin.set_stats:
    data: "{{ gateway_app_result | email_gateway.azure_apps.gateway_app_artifacts }}"
    aggregate: true
    per_host: false
"""

RETURN = r"""
_value:
  description:
    - C(gateway_app_expected_application_CLIENT_ID) has the ids of the application. The playbook C(consent) compares
      them with what it finds.
    - C(gateway_app_mailboxes_assigned_at_CLIENT_ID) is there if the run changed roles of Exchange Online. The playbook
      C(verify) waits until they take effect.
    - Empty if the application does not exist yet, in check mode.
  type: dict
  sample:
    gateway_app_expected_application_b2466de6_5867_4b23_83ff_449c85f44ba1:
      mail-gateway:
        tenant_id: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
        client_id: b2466de6-5867-4b23-83ff-449c85f44ba1
        object_id: 4877ab89-6ac2-4663-826b-fc79af2ad2e4
        service_principal_object_id: 66e30abb-1162-47a4-97e7-007bf57bb3ac
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.result import artifacts


class FilterModule:
    """What a run of the role gateway_app passes to later jobs."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"gateway_app_artifacts": artifacts}
