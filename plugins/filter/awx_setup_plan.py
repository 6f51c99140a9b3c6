# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: awx_setup_plan
short_description: What the playbook awx_setup does in AWX
version_added: 1.0.0
description:
  - Used by the playbook C(awx_setup), which makes the objects that it lists with the collection C(awx.awx).
author:
  - email_gateway.azure_apps contributors (@email-gateway)
positional: _input
options:
  _input:
    description: The content of C(playbooks/vars/awx_objects.yml).
    type: dict
    required: true
  variables:
    description: The variables of the play whose names begin with C(awx_setup_).
    type: dict
    required: true
  found:
    description: The objects that AWX has, by the names of its API.
    type: dict
    required: true
  profiles:
    description: The names of the profiles that surveys offer.
    type: list
    elements: str
    required: true
  check_mode:
    description: Whether nothing may be changed.
    type: bool
    required: true
"""

EXAMPLES = r"""
awx_plan: >-
  {{ awx_objects | email_gateway.azure_apps.awx_setup_plan(
       variables=awx_settings, found=awx_found, profiles=['outbound_smtp'], check_mode=false) }}
"""

RETURN = r"""
_value:
  description: The problems with the settings, the objects to make, and what is left to do.
  type: dict
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx_plan import awx_setup_plan


class FilterModule:
    """What the playbook awx_setup does in AWX."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"awx_setup_plan": awx_setup_plan}
