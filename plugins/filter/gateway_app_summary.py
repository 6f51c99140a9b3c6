# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_app_summary
short_description: The result of the role gateway_app in a few lines
version_added: 1.0.0
description:
  - Used by the playbooks C(register) and C(rotate) to show C(gateway_app_result).
author:
  - email_gateway.azure_apps contributors (@email-gateway)
positional: _input
options:
  _input:
    description: The fact C(gateway_app_result) of the entry point C(main) or C(rotate).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the result
  ansible.builtin.debug:
    msg: "{{ gateway_app_result | email_gateway.azure_apps.gateway_app_summary }}"
"""

RETURN = r"""
_value:
  description: Lines for a person.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role_summary import role_summary


class FilterModule:
    """The result of the role gateway_app in a few lines."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"gateway_app_summary": role_summary}
