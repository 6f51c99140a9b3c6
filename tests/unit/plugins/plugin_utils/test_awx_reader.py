# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookups of the playbook awx_setup, with a stand-in for the lookup of awx.awx; tests/stores uses the real one."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar

from ansible_collections.email_gateway.azure_apps.plugins.lookup import awx_project_problem, awx_setup_plan
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.reader import CONTROLLER_API
from ansible_collections.email_gateway.azure_apps.tests.unit.awx_plans import (
    CREDENTIALS,
    DEFAULTS,
    OBJECTS,
    SETTINGS,
    found,
    plan,
)

Json = dict[str, t.Any]
SETTINGS_OF_PLAY: Json = {**DEFAULTS, **SETTINGS, **CREDENTIALS}
PLAYBOOKS = plan()["playbooks"]


@dataclasses.dataclass
class ControllerApi:
    """``answers`` are by endpoint; others are refused, as AWX does without the right to read."""

    answers: Json
    asked: list[tuple[str, Json]] = dataclasses.field(default_factory=list)

    def run(self, terms: list[str], variables: Json, **options: t.Any) -> list[t.Any]:
        assert "awx_setup_name" in variables
        (endpoint,) = terms
        self.asked.append((endpoint, options))
        if endpoint not in self.answers:
            raise AnsibleError(f"{endpoint} was refused.")
        answer: list[t.Any] = self.answers[endpoint]
        return answer


def _api(monkeypatch: pytest.MonkeyPatch, **more: t.Any) -> ControllerApi:
    answers = {name: rows for name, rows in found().items() if name not in ("playbooks", "provision_job_templates")}
    api = ControllerApi({**answers, **more})
    given = {CONTROLLER_API: api}
    monkeypatch.setattr(lookup_loader, "get", lambda name, **_context: given[name])
    return api


def _lookup(module: t.Any, *terms: t.Any, check_mode: bool = False, **options: t.Any) -> t.Any:
    """``module`` is the file of the lookup plugin."""
    variables = {**SETTINGS_OF_PLAY, "ansible_check_mode": check_mode}
    loader = DataLoader()
    plugin = module.LookupModule(loader=loader, templar=Templar(loader=loader, variables=variables))
    plugin._load_name = f"email_gateway.azure_apps.{module.__name__.rpartition('.')[2]}"
    plugin.set_options = lambda var_options, direct: None
    plugin.get_option = options.get
    (result,) = plugin.run(list(terms), variables=variables, **options)
    return result


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_plan_uses_the_objects_of_awx(monkeypatch: pytest.MonkeyPatch, check_mode: bool) -> None:
    api = _api(monkeypatch)
    assert _lookup(awx_setup_plan, OBJECTS, check_mode=check_mode) == plan(check_mode=check_mode)
    assert not any(endpoint.startswith("projects/") for endpoint, _options in api.asked), "there is no project yet"
    asked = dict(api.asked)
    assert asked["organizations"] == {"query_params": {"name": "Default"}}
    assert asked["workflow_job_templates"]["query_params"] == {"name__startswith": "Mail gateways: "}
    assert asked["credentials"]["return_all"] is True


def test_the_playbooks_are_those_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    projects = [{"id": 5, "name": "Mail gateways", "status": "successful"}]
    for has, is_updated in ((PLAYBOOKS, False), (PLAYBOOKS[1:], True)):
        _api(monkeypatch, projects=projects, **{"projects/5/playbooks": [has]})
        assert _lookup(awx_setup_plan, OBJECTS)["sync"] is is_updated


def test_an_unreadable_awx_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    api = _api(monkeypatch)
    del api.answers["inventories"]
    (problem,) = _lookup(awx_setup_plan, OBJECTS)["problems"]
    assert problem.startswith("AWX cannot be read: inventories was refused. Install the collection awx.awx")
    monkeypatch.setattr(lookup_loader, "get", lambda _name, **_context: None)
    (problem,) = _lookup(awx_setup_plan, OBJECTS)["problems"]
    assert "there is no lookup plugin awx.awx.controller_api" in problem
    assert "CONTROLLER_HOST" in _lookup(awx_project_problem, "register.yml")


def test_a_missing_playbook_of_a_project_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    projects = [{"id": 5, "name": "Mail gateways"}]
    _api(monkeypatch, projects=projects, **{"projects/5/playbooks": [["register.yml"]]})
    assert _lookup(awx_project_problem, "register.yml") == ""
    assert "lacks rotate.yml, verify.yml." in _lookup(awx_project_problem, "register.yml", "rotate.yml", "verify.yml")


def test_a_failed_update_of_a_project_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [{"event_data": {"res": {"msg": "fatal: no such branch"}}}]
    updates = [{"id": 9, "job_explanation": ""}]
    api = _api(monkeypatch, project_updates=updates, **{"project_updates/9/events": events})
    message = _lookup(awx_project_problem, failure={"msg": "It failed."})
    assert message.startswith("The project Mail gateways cannot be used: It failed. fatal: no such branch Correct")
    assert api.asked[0][1]["query_params"]["order_by"] == "-id"
    _api(monkeypatch, project_updates=[])
    assert "cannot be used: It failed. Correct" in _lookup(awx_project_problem, failure={"msg": "It failed."})
