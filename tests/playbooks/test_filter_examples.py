# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the filters, run with the samples of the modules, return the samples of the filters."""

from __future__ import annotations

import importlib
import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

PLUGINS = "ansible_collections.email_gateway.azure_apps.plugins"
FILTERS = sorted(path.stem for path in (REPOSITORY / "plugins" / "filter").glob("gateway_*.py"))
# An example is a task of one of these, whose first option is filtered.
USING = ("ansible.builtin.set_fact", "ansible.builtin.debug", "ansible.builtin.set_stats")
MODULES = {
    "registration": "azure_app_registration",
    "profile": "azure_app_profile_info",
    "scope": "azure_app_mailbox_scope",
    "secret": "azure_app_secret",
    "token": "azure_app_token_info",
    "granted": "azure_admin_consent",
    "withdrawn": "azure_admin_consent",
    "removed": "azure_app_secret",
    "deleted": "azure_app_registration",
}


def _documented(plugin: str, part: str) -> t.Any:
    return yaml.safe_load(getattr(importlib.import_module(f"{PLUGINS}.{plugin}"), part))


def _sample(description: dict[str, t.Any]) -> t.Any:
    if "sample" in description:
        return description["sample"]
    members = {name: _sample(member) for name, member in description["contains"].items()}
    return [members] if description["type"] == "list" else members


def _of_module(module: str) -> dict[str, t.Any]:
    returned = _documented(f"modules.{module}", "RETURN")
    return {"changed": True, **{name: _sample(value) for name, value in returned.items() if name != "error"}}


@pytest.mark.parametrize("name", FILTERS)
def test_the_examples_of_a_filter_return_the_documented_samples(playbooks: Playbooks, name: str) -> None:
    documented = {each: _sample(_documented(f"filter.{each}", "RETURN")["_value"]) for each in FILTERS}
    given = {variable: _of_module(module) for variable, module in MODULES.items()}
    if name != "gateway_app_result":
        given["gateway_app_result"] = documented["gateway_app_result"]
    examples = _documented(f"filter.{name}", "EXAMPLES")
    assert examples
    for example in examples:
        (values,) = (example[module] for module in USING if module in example)
        expression = next(iter(values.values()))
        assert f"email_gateway.azure_apps.{name}" in expression
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": given,
            "tasks": [example, {"ansible.builtin.set_fact": {"given_back": expression}}],
        }
        run = playbooks.run([play], show=["given_back"]).ok()
        assert run.results["given_back"] == documented[name]
