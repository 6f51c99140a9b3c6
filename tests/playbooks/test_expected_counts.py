# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests and displayed tasks of each playbook, compared with one table, so that they only change on purpose."""

from __future__ import annotations

import json
import typing as t

import yaml

from ansible_collections.email_gateway.azure_apps.tests.bench.steps import steps
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

EXPECTED: dict[str, t.Any] = yaml.safe_load((REPOSITORY / "tests/bench/expected.yml").read_text())
UNIQUE_NAME = "gateway"


def test_each_playbook_has_the_expected_number_of_requests_and_tasks(playbooks: Playbooks) -> None:
    given = {"gateway_app_profile": "outbound_microsoft365", "gateway_app_unique_name": UNIQUE_NAME}
    counted = {}
    for step in steps(UNIQUE_NAME, mailbox=playbooks.tenant.mailbox("megan")):
        variables = json.dumps({**given, **step.variables})
        name = f"email_gateway.azure_apps.{step.playbook}"
        run = playbooks.command("ansible-playbook", name, *step.arguments, "-e", variables).ok()
        counted[step.name] = {"requests": len(run.requests), "tasks": run.output.count("\nTASK [")}
    assert counted == EXPECTED, "update tests/bench/expected.yml if the change is meant"
    assert playbooks.tenant.applications == []
