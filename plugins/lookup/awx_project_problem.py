# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: awx_project_problem
short_description: Show why the project of the playbook awx_setup cannot be used
version_added: 1.0.0
description:
  - Used by the playbook C(awx_setup). Shows the error of git or C(ansible-galaxy) if an update of the project failed,
    or the playbooks that are missing in the repository, and what to do.
  - Reads AWX with the lookup C(awx.awx.controller_api), and the variables of the play whose names begin with
    C(awx_setup_). Changes nothing.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
options:
  _terms:
    description: The playbooks that the project must have. They are not checked if O(failure) is set.
    type: list
    elements: str
  failure:
    description: The result of the failed task that creates or updates the project.
    type: dict
"""

EXAMPLES = r"""
- name: Fail if the repository lacks a playbook
  ansible.builtin.fail:
    msg: "{{ problem }}"
  when: problem | length > 0
  vars:
    problem: "{{ lookup('email_gateway.azure_apps.awx_project_problem', 'register.yml', 'rotate.yml') }}"
"""

RETURN = r"""
_raw:
  description: The problem, and what to do; empty if there is none.
  type: list
  elements: str
  sample:
    - >-
      The repository https://git.example.com/awx-project.git lacks register.yml. Copy docs/examples/awx_project of this
      version of the collection into it, and run this again.
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.checks import Settings
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.project import (
    missing_playbooks,
    unusable_project,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.reader import (
    AwxLookup,
    AwxUnreadableError,
    read_last_update,
    read_playbooks,
)


class LookupModule(AwxLookup):
    """Why the project of the playbook awx_setup cannot be used."""

    def run(self, terms: t.Sequence[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        settings, _problems = Settings.of(self.setup_variables())
        failure = self.get_option("failure")
        try:
            if failure:
                updates, events = read_last_update(self.query, settings)
                return [unusable_project(settings.name, failure, updates=updates, events=events)]
            return [missing_playbooks(settings.project_url, terms, read_playbooks(self.query, settings))]
        except AwxUnreadableError as exc:
            return [str(exc)]
