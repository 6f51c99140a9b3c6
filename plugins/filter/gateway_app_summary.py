# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_app_summary
short_description: The result of the role gateway_app as readable lines
version_added: 1.0.0
description:
  - The last lines of the playbooks C(register), C(rotate), C(consent) and C(retire). They contain no secret.
  - Shows the application, its tenant id and client id, the place of the credential and the command that reads it, its
    end, whether it is proven, and what to do next. Credentials that are not in a store, and notes, follow.
  - Lines have up to 100 characters, except commands, addresses and places, which are not wrapped.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
positional: _input
options:
  _input:
    description:
      - The fact C(gateway_app_result) of the entry point C(main), C(rotate), C(consent) or C(retire). See
        P(email_gateway.azure_apps.gateway_app_result#filter).
    type: dict
    required: true
  check_mode:
    description: Whether the run was in check mode, so that the lines show what a run would do.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show the result
  ansible.builtin.debug:
    msg: "{{ gateway_app_result | email_gateway.azure_apps.gateway_app_summary(check_mode=ansible_check_mode) }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample:
    - "Mail gateway (outbound_smtp): changed"
    - "Tenant id:      3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    - "Client id:      b2466de6-5867-4b23-83ff-449c85f44ba1"
    - "Client secret:  in /srv/automation/mail-gateway.vault.yml (ansible-vault)"
    - "Read it with:   ansible-vault view /srv/automation/mail-gateway.vault.yml"
    - "Valid until:    2027-11-23 (365 days left), key id 621a4ce4-826c-4fd2-9460-c24c9dd3ed89"
    - "Proven:         by a token with Mail.ReadWrite"
    - "Next:           nothing; run the playbook rotate every day, which renews the credential in time"
    - "Also valid:     credentials of the application that are not in these stores. The gateway may still"
    - "                use them. Once it does not, remove them with these commands:"
    - "                client secret 'created in the portal', key id 76ea6dcd-848c-4fc5-a125-af079be6f636,"
    - "                valid until 2027-03-01"
    - "                ansible localhost -m email_gateway.azure_apps.azure_app_secret -a 'state=absent
      client_id=b2466de6-5867-4b23-83ff-449c85f44ba1 key_id=76ea6dcd-848c-4fc5-a125-af079be6f636'"
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.summary import role_summary


class FilterModule:
    """The result of the role gateway_app in a few lines."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"gateway_app_summary": role_summary}
