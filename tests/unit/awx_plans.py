# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declarations of the playbook awx_setup, and plans made from them without Ansible."""

from __future__ import annotations

import re
import textwrap
import typing as t

import yaml

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.plan import awx_setup_plan
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

Json = dict[str, t.Any]
PROFILES = sorted(path.stem for path in (REPOSITORY / "roles/gateway_app/vars/profiles").glob("*.yml"))


class Loader(yaml.SafeLoader):
    """Reads texts that Ansible must not template as plain text."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))  # type: ignore[arg-type]


def load(text: str) -> t.Any:
    return yaml.load(text, Loader=Loader)


OBJECTS: Json = load((REPOSITORY / "playbooks/vars/awx_objects.yml").read_text())["awx_objects"]
DEFAULTS: Json = load((REPOSITORY / "playbooks/vars/awx_setup.yml").read_text())
# The example of the documentation, unchanged.
(EXAMPLE,) = (
    textwrap.dedent(block)
    for block in re.findall(r"```yaml\n( +# awx.yml\n.*?)```", (REPOSITORY / "docs" / "awx.md").read_text(), re.DOTALL)
)
SETTINGS: Json = load(EXAMPLE)
CREDENTIALS = {"awx_setup_operator_credential": "Operator", "awx_setup_consent_credential": "Consent"}


def found(**more: list[t.Any]) -> Json:
    """The objects of a new AWX, with both credentials."""
    return {
        "organizations": [{"id": 1, "name": "Default"}],
        "credential_types": [{"id": 7, "name": "One"}, {"id": 8, "name": "Another"}],
        "credentials": [
            {"id": 8, "name": "Operator", "credential_type": 7},
            {"id": 9, "name": "Consent", "credential_type": 8},
        ],
        "projects": [],
        "playbooks": [],
        "inventories": [],
        "job_templates": [],
        "workflow_job_templates": [],
        "provision_job_templates": [],
        **more,
    }


def plan(*, awx: Json | None = None, check_mode: bool = False, **settings: t.Any) -> Json:
    """The plan for the example of the documentation, with both credentials."""
    variables = {**DEFAULTS, **SETTINGS, **CREDENTIALS, **settings}
    return awx_setup_plan(OBJECTS, variables=variables, found=awx or found(), profiles=PROFILES, check_mode=check_mode)
