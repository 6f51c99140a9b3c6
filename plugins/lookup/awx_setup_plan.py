# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: awx_setup_plan
short_description: Plan the changes of the playbook awx_setup in AWX
version_added: 1.0.0
description:
  - Used by the playbook C(awx_setup), which creates the planned objects with the collection C(awx.awx).
  - Reads the objects that AWX has, with the lookup C(awx.awx.controller_api), and compares them with the
    variables of the play whose names begin with C(awx_setup_). Changes nothing.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
options:
  _terms:
    description: The content of C(playbooks/vars/awx_objects.yml).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Compare AWX with the settings
  ansible.builtin.set_fact:
    awx_plan: "{{ lookup('email_gateway.azure_apps.awx_setup_plan', awx_objects) }}"
"""

RETURN = r"""
_raw:
  description:
    - The problems with the settings, the objects to create, and what is left to do.
    - If AWX cannot be read, the result contains only this problem.
  type: list
  elements: dict
  sample:
    - problems:
        - Set awx_setup_organization. playbooks/vars/awx_setup.yml of the collection describes it.
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.checks import Settings
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.plan import awx_setup_plan
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.reader import (
    AwxLookup,
    AwxUnreadableError,
    read_objects,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.host_variables import ROLES


class LookupModule(AwxLookup):
    """What the playbook awx_setup does in AWX."""

    def run(
        self, terms: t.Sequence[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any
    ) -> list[dict[str, t.Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        of_play = self.setup_variables()
        settings, _problems = Settings.of(of_play)
        try:
            found = read_objects(self.query, settings)
        except AwxUnreadableError as exc:
            return [{"problems": [str(exc)]}]
        profiles = sorted(path.stem for path in (ROLES / "gateway_app" / "vars" / "profiles").glob("*.yml"))
        check_mode = bool(self._templar.available_variables["ansible_check_mode"])
        return [awx_setup_plan(terms[0], variables=of_play, found=found, profiles=profiles, check_mode=check_mode)]
