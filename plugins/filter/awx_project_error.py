# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: awx_project_error
short_description: Why AWX could not update a project
version_added: 1.0.0
description:
  - Used by the playbook C(awx_setup) to show the words of git or C(ansible-galaxy), and what to do.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
positional: _input, updates
options:
  _input:
    description: The events C(runner_on_failed) of the update, as the API of AWX lists them.
    type: list
    elements: dict
    required: true
  updates:
    description: The update, as the API of AWX lists it.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
reason: "{{ events | email_gateway.azure_apps.awx_project_error(updates) }}"
"""

RETURN = r"""
_value:
  description: The reason; empty if AWX shows none.
  type: str
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx_project import awx_project_error


class FilterModule:
    """Why AWX could not update a project."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"awx_project_error": awx_project_error}
