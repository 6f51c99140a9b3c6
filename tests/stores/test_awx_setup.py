# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook awx_setup, by the real collection awx.awx against a stand-in of AWX's API."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import environment as _environment
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import CLOUDS
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.stores.awx import Awx
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_setup import NAME, SETTINGS, add_credentials, set_up
from ansible_collections.email_gateway.azure_apps.tests.unit.conftest import ORACLE
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import COLLECTIONS, REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.test_repository import PROFILES

Json = dict[str, t.Any]
TASKS = sorted((REPOSITORY / "playbooks" / "tasks" / "awx_setup").glob("*.yml"))
# AWX shows an environment variable of another name to everybody who sees the job.
HIDDEN = re.compile(r"API|TOKEN|KEY|SECRET|PASS")
SECRET_FIELDS = {"client_secret", "certificate", "certificate_password"}


def _template(awx: Awx, name: str) -> Json:
    return awx.objects.named("job_templates", f"{NAME}: {name}")


def _survey(awx: Awx, name: str) -> Json:
    return {question["variable"]: question for question in awx.objects.surveys[_template(awx, name)["id"]]["spec"]}


def _flow(awx: Awx) -> dict[str, tuple[list[str], list[str]]]:
    """Of each node, what follows where it succeeds and where it fails."""
    path = "workflow_job_template_nodes"
    return {
        node["identifier"]: (
            awx.objects.linked(path, node["identifier"], "success_nodes"),
            awx.objects.linked(path, node["identifier"], "failure_nodes"),
        )
        for node in awx.objects.rows(path)
    }


def test_everything_is_made_once_and_drift_is_put_right(awx: Awx, playbooks: Playbooks) -> None:
    # An AWX that has nothing yet: check mode says what it can.
    announced = set_up(playbooks, "--check").ok()
    assert awx.new_writes() == []
    assert "would be made, and then the job templates check access, register" in announced.output
    assert "set awx_setup_operator_credential and awx_setup_consent_credential to their names" in announced.output
    add_credentials(awx)
    awx.objects.add("job_templates", name="Provision", playbook="provision.yml")
    more = {
        "awx_setup_operator_credential": "Operator",
        "awx_setup_consent_credential": "Consent",
        "awx_setup_provision_job_template": "Provision",
    }
    first = set_up(playbooks, **more).ok()
    assert "to their names" not in first.output
    _holds_what_it_shall(awx)
    awx.new_writes()
    # A version of the collection with fewer profiles made the survey; somebody took a link away.
    workflow = awx.objects.named("workflow_job_templates", f"{NAME}: new gateway")["id"]
    awx.objects.surveys[workflow]["spec"][0]["choices"].remove("gitlab")
    register = awx.objects.named("workflow_job_template_nodes", "register")["id"]
    awx.objects.links["workflow_job_template_nodes", register, "failure_nodes"] = []
    before = awx.objects.snapshot()
    predicted = set_up(playbooks, "--check", "--tags", "workflow", **more).ok()
    assert (awx.new_writes(), awx.objects.snapshot() == before) == ([], True)
    assert "changed=2 " in predicted.output
    # Nothing but these two is written, so that all else was as it shall be.
    assert "changed=2 " in set_up(playbooks, **more).ok().output
    assert awx.new_writes() == [
        f"POST /api/v2/workflow_job_templates/{workflow}/survey_spec/",
        f"POST /api/v2/workflow_job_template_nodes/{register}/failure_nodes/",
    ]
    assert awx.objects.surveys[workflow]["spec"][0]["choices"] == ["as in the inventory", *PROFILES]


def _holds_what_it_shall(awx: Awx) -> None:
    held = awx.objects
    project = held.named("projects", NAME)
    assert (project["scm_type"], project["scm_url"], project["organization"]) == (
        "git",
        SETTINGS["awx_setup_project_url"],
        1,
    )
    environment = held.named("execution_environments", NAME)
    assert environment["image"] == SETTINGS["awx_setup_image"]
    gateways = SETTINGS["awx_setup_gateways"]
    assert {host["name"]: json.loads(host["variables"]) for host in held.rows("hosts")} == gateways
    assert held.linked("groups", "mail_gateways", "hosts") == sorted(gateways)
    (store,) = json.loads(held.named("groups", "mail_gateways")["variables"])["gateway_app_stores"]
    assert store["name"] == "{{ gateway_app_unique_name }}", "for AWX to fill in"
    templates = {
        row["name"].removeprefix(f"{NAME}: "): row for row in held.rows("job_templates") if row["name"] != "Provision"
    }
    attached = {name: held.linked("job_templates", row["name"], "credentials") for name, row in templates.items()}
    assert attached.pop("consent") == ["Consent"]
    assert attached.pop("check access") == attached.pop("retire") == ["Consent", "Operator"]
    assert list(attached.values()) == [["Operator"]] * 4
    assert sorted(row["playbook"] for row in templates.values()) == sorted(set(held.playbooks) - {"answers.yml"})
    for row in templates.values():
        assert (row["project"], row["execution_environment"]) == (project["id"], environment["id"])
        assert (row["job_slice_count"], row["ask_limit_on_launch"]) == (1, True)
        assert json.loads(row["extra_vars"])["gateway_app_hosts"] == "mail_gateways"
        assert held.linked("job_templates", row["name"], "notification_templates_error") == [f"{NAME}: a job failed"]
    assert {name for name, row in templates.items() if not row["ask_job_type_on_launch"]} == {
        *("check access", "verify", "report"),
    }
    assert _flow(awx) == {
        "register": (["approve"], ["report"]),
        "approve": (["consent"], []),
        "consent": (["verify"], ["report"]),
        "verify": (["provision"], []),
        "provision": ([], []),
        "report": ([], []),
    }
    (approval,) = held.rows("workflow_approval_templates")
    assert approval["name"] == f"{NAME}: grant admin consent?"
    # The workflow's questions reach the jobs that ask for them, and all answers reach the playbooks.
    workflow = held.named("workflow_job_templates", f"{NAME}: new gateway")
    surveys = [*held.surveys.values()]
    asked = {question["variable"] for survey in surveys for question in survey["spec"]}
    of_workflow = {question["variable"] for question in held.surveys[workflow["id"]]["spec"]}
    assert of_workflow == {"survey_profile", "survey_mailbox"} == of_workflow & _survey(awx, "verify").keys()
    answers = (REPOSITORY / "docs/examples/awx_project/answers.yml").read_text()
    assert set(re.findall(r"survey_\w+", answers)) == asked
    for name in templates:
        assert _survey(awx, name)["survey_profile"]["choices"] == ["as in the inventory", *PROFILES]
    schedules = {row["name"]: (row["unified_job_template"], row["rrule"]) for row in held.rows("schedules")}
    assert {name: re.findall(r"FREQ=(\w+)", rrule) for name, (_template_id, rrule) in schedules.items()} == {
        f"{NAME}: rotate": ["DAILY"],
        f"{NAME}: report": ["WEEKLY"],
    }
    _takes_no_secret_where_one_is_shown(awx)


def _takes_no_secret_where_one_is_shown(awx: Awx) -> None:
    held = awx.objects
    assert [q for survey in held.surveys.values() for q in survey["spec"] if q["type"] == "password"] == []
    made = [row for row in held.rows("credential_types") if row["name"].startswith("Entra ")]
    assert len(made) == 4
    known = {variable for names in _environment.ENVIRONMENT.values() for variable in names}
    for row in made:
        fields = {field["id"]: field for field in row["inputs"]["fields"]}
        assert {name for name, field in fields.items() if field.get("secret")} == SECRET_FIELDS & fields.keys()
        assert fields["cloud_environment"]["choices"] == list(CLOUDS)
        assert "extra_vars" not in row["injectors"]
        environment = row["injectors"]["env"]
        for variable, template in environment.items():
            if any(name in template for name in SECRET_FIELDS):
                assert HIDDEN.search(variable), variable
            assert "operator" not in row["name"] or variable in known
        if "certificate" in fields:
            assert row["injectors"]["file"] == {"template": "{{ certificate }}"}
            assert "{{ tower.filename }}" in environment.values()
    # What consent is given with: each variable is that of a credential type, looked up when the job runs.
    of_consent = {v for row in made if "consent" in row["name"] for v in row["injectors"]["env"]}
    wanted = json.loads(_template(awx, "consent")["extra_vars"])["gateway_app_consent_environment"]
    looked_up = dict(re.findall(r"'(AZURE_\w+)': lookup\('ansible.builtin.env', '(\w+)'\)", wanted))
    assert looked_up.keys() <= known
    assert set(looked_up.values()) == of_consent
    for row in [*held.rows("job_templates"), *held.rows("workflow_job_templates")]:
        given = json.loads(row["extra_vars"]) if row["extra_vars"] else {}
        assert given.keys() <= {"gateway_app_hosts", "gateway_app_consent", "gateway_app_consent_environment"}
    assert not [write for write in awx.writes if "/api/v2/credentials/" in write], "nobody but a person fills one"


def test_what_cannot_be_is_told_before_anything_is_made(awx: Awx, playbooks: Playbooks) -> None:
    without = {
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "False",
        "PYTHONPATH": None,
    }
    set_up(playbooks, environ=without).failed("ansible-galaxy collection install awx.awx")
    set_up(playbooks, environ={"CONTROLLER_OAUTH_TOKEN": "another"}).failed("AWX cannot be asked", "CONTROLLER_HOST")
    set_up(playbooks, awx_setup_organization="Other").failed("Set awx_setup_organization")
    set_up(playbooks, awx_setup_image="").failed("Set awx_setup_image")
    set_up(playbooks, awx_setup_inventory="theirs").failed("Set either awx_setup_gateways")
    shared = {name: {"gateway_app_unique_name": "same"} for name in ("gateway1", "gateway2")}
    set_up(playbooks, awx_setup_slices=2, awx_setup_gateways=shared).failed("Set awx_setup_slices to 1")
    of_all = {"gateway_app_unique_name": "same"}
    set_up(playbooks, awx_setup_slices=2, awx_setup_group_variables=of_all).failed("Set awx_setup_slices to 1")
    assert awx.writes == []


def _modules(path: t.Any) -> t.Iterator[tuple[str, Json]]:
    for task in path or []:
        yield from _modules(task.get("block"))
        yield from ((name, options) for name, options in task.items() if name.startswith("awx.awx."))


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.stem)
def test_the_options_are_those_of_awx_s_modules(path: t.Any) -> None:
    published = ORACLE.parent / "awx" / "module-options.json"
    if not published.is_file():
        pytest.skip(f"no list of options in {published}")
    known = json.loads(published.read_text())["modules"]
    for module, options in _modules(yaml.safe_load(path.read_text())):
        assert options.keys() <= known[module].keys(), module
        required = {name for name, option in known[module].items() if option.get("required")}
        assert required <= options.keys(), module
