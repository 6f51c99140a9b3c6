# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two rulebooks only differ in their actions. tests/eda runs them."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.extensions.eda.plugins.event_source import app_secret_expiry as source
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

NAMES = ("rotate_expiring_secrets", "rotate_by_job_template")


def ruleset(name: str) -> t.Any:
    (only,) = yaml.safe_load((REPOSITORY / "extensions" / "eda" / "rulebooks" / f"{name}.yml").read_text())
    return only


def test_the_rulebooks_only_differ_in_their_actions() -> None:
    one, other = (ruleset(name) for name in NAMES)
    assert one["rules"][0].pop("action").keys() == {"run_playbook"}
    assert other["rules"][0].pop("action").keys() == {"run_job_template"}
    assert one == other


@pytest.mark.parametrize("name", NAMES)
def test_a_credential_that_is_still_due_at_the_next_poll_starts_another_run(name: str) -> None:
    (args,) = [entry[source.NAME] for entry in ruleset(name)["sources"]]
    assert args.keys() <= source.argument_spec().options.keys()
    window = re.fullmatch(r"(\d+) minutes", ruleset(name)["rules"][0]["throttle"]["once_within"])
    assert window
    assert int(window[1]) * 60 < args["interval"]


@pytest.mark.parametrize("name", NAMES)
def test_each_state_has_a_rule(name: str) -> None:
    text = " ".join(rule["condition"] for rule in ruleset(name)["rules"])
    assert set(re.findall(r'"(\w+)"', text)) == {"expiring", "expired", "no_credential", "missing", "error"}
