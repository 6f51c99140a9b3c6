# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook awx_setup, with the real collection awx.awx against a stand-in for AWX's API."""

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
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_engine import has_empty_slice, run_workflow
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_setup import (
    NAME,
    PROJECT,
    add_credentials,
    launch,
    set_up,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.awx_plans import CREDENTIALS, OBJECTS, SETTINGS
from ansible_collections.email_gateway.azure_apps.tests.unit.conftest import ORACLE
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import COLLECTIONS, REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.test_repository import PROFILES

Json = dict[str, t.Any]
TASKS = sorted((REPOSITORY / "playbooks" / "tasks" / "awx_setup").glob("*.yml"))
# AWX shows an environment variable of another name to everyone who can read the job.
HIDDEN = re.compile(r"API|TOKEN|KEY|SECRET|PASS")
SECRET_FIELDS = {"client_secret", "certificate", "certificate_password"}


def _template(awx: Awx, name: str) -> Json:
    return awx.objects.named("job_templates", f"{NAME}: {name}")


def _survey(awx: Awx, name: str) -> Json:
    return {question["variable"]: question for question in awx.objects.surveys[_template(awx, name)["id"]]["spec"]}


def _flow(awx: Awx) -> dict[str, tuple[list[str], list[str]]]:
    """For each node, the next nodes after a success and after a failure."""
    path = "workflow_job_template_nodes"
    return {
        node["identifier"]: (
            awx.objects.linked(path, node["identifier"], "success_nodes"),
            awx.objects.linked(path, node["identifier"], "failure_nodes"),
        )
        for node in awx.objects.rows(path)
    }


def test_everything_is_created_once_and_drift_is_corrected(awx: Awx, playbooks: Playbooks) -> None:
    add_credentials(awx)
    awx.objects.add("job_templates", name="Provision", playbook="provision.yml")
    more = {**CREDENTIALS, "awx_setup_provision_job_template": "Provision"}
    # If an object refers to a missing project, check mode shows the names.
    announced = set_up(playbooks, "--check", **more).ok()
    assert awx.new_writes() == []
    assert "these would be created: the job template check access, the job template register" in announced.output
    first = set_up(playbooks, **more).ok()
    assert "to their names" not in first.output
    _has_the_expected_objects(awx)
    awx.new_writes()
    # An older version of the collection, with fewer profiles, created the survey; a link was removed by hand.
    workflow = awx.objects.named("workflow_job_templates", f"{NAME}: new gateway")["id"]
    awx.objects.surveys[workflow]["spec"][0]["choices"].remove("gitlab")
    register = awx.objects.named("workflow_job_template_nodes", "register")["id"]
    awx.objects.links["workflow_job_template_nodes", register, "failure_nodes"] = []
    before = awx.objects.snapshot()
    predicted = set_up(playbooks, "--check", "--tags", "workflow", **more).ok()
    assert (awx.new_writes(), awx.objects.snapshot() == before) == ([], True)
    assert "changed=2 " in predicted.output
    # Only these two are written, so that everything else was correct.
    assert "changed=2 " in set_up(playbooks, **more).ok().output
    assert awx.new_writes() == [
        f"POST /api/v2/workflow_job_templates/{workflow}/survey_spec/",
        f"POST /api/v2/workflow_job_template_nodes/{register}/failure_nodes/",
    ]
    assert awx.objects.surveys[workflow]["spec"][0]["choices"] == ["as in the inventory", *PROFILES]


def _has_the_expected_objects(awx: Awx) -> None:
    awx_objects = awx.objects
    project = awx_objects.named("projects", NAME)
    assert (project["scm_type"], project["scm_url"], project["organization"]) == (
        "git",
        SETTINGS["awx_setup_project_url"],
        1,
    )
    environment = awx_objects.named("execution_environments", NAME)
    assert environment["image"] == SETTINGS["awx_setup_image"]
    gateways = SETTINGS["awx_setup_gateways"]
    assert {host["name"]: json.loads(host["variables"]) for host in awx_objects.rows("hosts")} == gateways
    assert awx_objects.linked("groups", "mail_gateways", "hosts") == sorted(gateways)
    (store,) = json.loads(awx_objects.named("groups", "mail_gateways")["variables"])["gateway_app_stores"]
    assert store["name"] == "{{ gateway_app_unique_name }}", "to be filled in by AWX"
    templates = {
        row["name"].removeprefix(f"{NAME}: "): row
        for row in awx_objects.rows("job_templates")
        if row["name"] != "Provision"
    }
    attached = {
        name: awx_objects.linked("job_templates", row["name"], "credentials") for name, row in templates.items()
    }
    assert attached.pop("consent") == ["Consent"]
    assert attached.pop("check access") == attached.pop("retire") == ["Consent", "Operator"]
    assert list(attached.values()) == [["Operator"]] * 5
    playbooks = {path.name for path in PROJECT.glob("*.yml")}
    assert {row["playbook"] for row in templates.values()} == playbooks - {"answers.yml", "mailboxes.yml"}
    for row in templates.values():
        assert (row["project"], row["execution_environment"]) == (project["id"], environment["id"])
        assert (row["job_slice_count"], row["ask_limit_on_launch"]) == (1, True)
        assert row["diff_mode"] is row["ask_job_type_on_launch"], "a diff of the report is the whole page"
        assert json.loads(row["extra_vars"])["gateway_app_hosts"] == "mail_gateways"
    assert {name for name, row in templates.items() if not row["ask_job_type_on_launch"]} == {
        *("check access", "verify", "report", "step failed"),
    }
    notified = [
        name
        for name, row in templates.items()
        if awx_objects.linked("job_templates", row["name"], "notification_templates_error")
    ]
    assert notified == ["rotate", "report"], "those that start automatically"
    assert _flow(awx) == {
        "register": (["approve"], ["register failed"]),
        "approve": (["consent"], []),
        "consent": (["verify"], ["consent failed"]),
        "verify": (["provision"], ["verify failed"]),
        "provision": ([], ["provision failed"]),
        **{f"{step} failed": ([], []) for step in ("register", "consent", "verify", "provision")},
    }
    (approval,) = awx_objects.rows("workflow_approval_templates")
    assert approval["name"] == f"{NAME}: grant admin consent?"
    # The workflow's questions reach the jobs that ask for them, and all answers reach the playbooks.
    workflow = awx_objects.named("workflow_job_templates", f"{NAME}: new gateway")
    surveys = [*awx_objects.surveys.values()]
    asked = {question["variable"] for survey in surveys for question in survey["spec"]}
    of_workflow = {question["variable"] for question in awx_objects.surveys[workflow["id"]]["spec"]}
    assert of_workflow == {"survey_profile", "survey_mailbox"} == of_workflow & _survey(awx, "verify").keys()
    answers = (REPOSITORY / "docs/examples/awx_project/answers.yml").read_text()
    assert set(re.findall(r"survey_\w+", answers)) == asked - {"survey_failed_step"}
    for name in templates:
        assert _survey(awx, name)["survey_profile"]["choices"] == ["as in the inventory", *PROFILES]
    schedules = {row["name"]: row for row in awx_objects.rows("schedules")}
    assert {name: re.findall(r"FREQ=(\w+)", row["rrule"]) for name, row in schedules.items()} == {
        f"{NAME}: rotate": ["DAILY"],
        f"{NAME}: report": ["WEEKLY"],
    }
    inventory = {"survey_profile": "as in the inventory"}
    assert [schedules[f"{NAME}: {name}"]["extra_data"] for name in ("rotate", "report")] == [
        {**inventory, "survey_rotate_now": "no"},
        {**inventory, "survey_fail_within_days": 14, "survey_fail_on_drift": "yes"},
    ]
    _has_no_secret_in_readable_fields(awx)


def _has_no_secret_in_readable_fields(awx: Awx) -> None:
    awx_objects = awx.objects
    assert [q for survey in awx_objects.surveys.values() for q in survey["spec"] if q["type"] == "password"] == []
    made = [row for row in awx_objects.rows("credential_types") if row["name"].startswith("Entra ")]
    assert len(made) == 6
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
    # The sign-in of the other identities: each variable is that of a credential type, looked up when the job runs.
    given = json.loads(_template(awx, "check access")["extra_vars"])
    for kind, setting in (("consent", "consent"), ("mailboxes", "mailbox")):
        name = f"gateway_app_{setting}_environment"
        injected = {v for row in made if kind in row["name"] for v in row["injectors"]["env"]}
        looked_up = dict(re.findall(r"'(AZURE_\w+)': lookup\('ansible.builtin.env', '(\w+)'\)", given[name]))
        assert looked_up.keys() <= known
        assert set(looked_up.values()) == injected
    for row in [*awx_objects.rows("job_templates"), *awx_objects.rows("workflow_job_templates")]:
        given = json.loads(row["extra_vars"]) if row["extra_vars"] else {}
        assert given.keys() <= {
            *("gateway_app_hosts", "gateway_app_consent", "gateway_app_consent_environment"),
            "gateway_app_mailbox_environment",
            *("gateway_app_report_fail_on_drift", "gateway_app_report_fail_within_days"),
        }
    assert not [write for write in awx.writes if "/api/v2/credentials/" in write], "only a person fills a credential"


def test_automatic_launches_succeed_and_a_failed_step_fails_the_workflow(awx: Awx, playbooks: Playbooks) -> None:
    add_credentials(awx)
    set_up(playbooks, **CREDENTIALS).ok()
    # A schedule, Event-Driven Ansible and curl give no answers.
    (rulebook,) = yaml.safe_load((REPOSITORY / "extensions/eda/rulebooks/rotate_by_job_template.yml").read_text())
    started = rulebook["rules"][0]["action"]["run_job_template"]
    assert started == {"name": f"{NAME}: rotate", "organization": SETTINGS["awx_setup_organization"]}
    for name in ("check access", "register", "consent", "rotate", "verify", "report"):
        assert launch(awx, "job_templates", f"{NAME}: {name}")[0] == 201, name
    # The variable of the event, which Event-Driven Ansible adds, is ignored.
    status, job = launch(awx, "job_templates", started["name"], ansible_eda={"event": {}})
    variables = json.loads(job["extra_vars"])
    assert (status, variables["survey_rotate_now"], "ansible_eda" in variables) == (201, "no", False)
    refused = launch(awx, "job_templates", f"{NAME}: retire")
    assert refused == (400, {"variables_needed_to_start": ["'survey_retire_confirmed' value missing"]})
    workflow = f"{NAME}: new gateway"
    assert launch(awx, "workflow_job_templates", workflow)[0] == 201
    ended = run_workflow(awx.objects, workflow)
    assert (ended.status, list(ended.ran), ended.notified) == (
        *("successful", ["register", "approve", "consent", "verify"]),
        [],
    )
    for step in ("register", "consent", "verify"):
        # The job that ends the workflow fails as well, since its playbook does.
        ended = run_workflow(awx.objects, workflow, failed={step, f"{step} failed"})
        assert (ended.status, ended.notified) == ("failed", [workflow]), step
        assert list(ended.ran)[-1] == f"{step} failed"
        assert ended.ran[f"{step} failed"]["survey_failed_step"] == step
    ended = run_workflow(awx.objects, workflow, failed={"approve"})
    assert (ended.status, list(ended.ran), ended.notified) == ("failed", ["register", "approve"], [workflow])
    # Both slices of register pass their values to consent, and the answer of the workflow reaches all nodes.
    slices: list[Json] = [
        {"gateway_app_expected_application_1": {"a": {}}},
        {"gateway_app_expected_application_2": {"b": {}}},
    ]
    ended = run_workflow(
        awx.objects, workflow, answers={"survey_mailbox": "gateway@example.com"}, artifacts={"register": slices}
    )
    assert ended.ran["verify"].items() >= {**slices[0], **slices[1], "survey_mailbox": "gateway@example.com"}.items()


def test_a_limit_leaves_no_slice_without_a_host(awx: Awx, playbooks: Playbooks) -> None:
    """The schedule asks for slices; a job that is started with a limit is not sliced."""
    add_credentials(awx)
    gateways: Json = {f"gateway-{city}.example.com": {} for city in ("graz", "linz", "vienna")}
    more = {**CREDENTIALS, "awx_setup_slices": 2, "awx_setup_gateways": gateways}
    set_up(playbooks, **more).ok()
    workflow, limit = f"{NAME}: new gateway", "gateway-linz.example.com"
    ended = run_workflow(awx.objects, workflow, limit=limit)
    assert (ended.status, list(ended.ran)) == ("successful", ["register", "approve", "consent", "verify"])
    schedules = {row["name"]: row["job_slice_count"] for row in awx.objects.rows("schedules")}
    assert schedules == {f"{NAME}: rotate": 2, f"{NAME}: report": None}
    for name in ("register", "consent", "rotate", "verify", "report"):
        assert not has_empty_slice(awx.objects, _template(awx, name), limit=limit), name
    assert has_empty_slice(awx.objects, _template(awx, "rotate"), limit=limit, slices=2), "as in AWX"
    assert not has_empty_slice(awx.objects, _template(awx, "rotate"), limit="", slices=2)
    awx.new_writes()
    set_up(playbooks, **more).ok()
    assert awx.new_writes() == []


def test_the_step_for_mailboxes_exists_if_its_credential_does(awx: Awx, playbooks: Playbooks) -> None:
    add_credentials(awx)
    kind = next(entry for entry in OBJECTS["credential_types"] if entry["name"] == "Entra mailboxes (client secret)")
    row = awx.objects.add("credential_types", **{**kind, "kind": "cloud"})
    awx.credentials[20] = {"id": 20, "name": "Exchange", "credential_type": row["id"], "organization": 1, "inputs": {}}
    set_up(playbooks, **CREDENTIALS, awx_setup_mailbox_credential="Exchange").ok()
    step, workflow = "assign the mailboxes", f"{NAME}: new gateway"
    assert _flow(awx)["approve"] == ([step], [])
    assert _flow(awx)[step] == (["consent"], [f"{step} failed"])
    assert awx.objects.linked("job_templates", f"{NAME}: mailboxes", "credentials") == ["Exchange"]
    assert json.loads(_template(awx, "register")["extra_vars"])["gateway_app_mailbox_method"] == "none"
    ended = run_workflow(awx.objects, workflow, failed={step, f"{step} failed"})
    assert (ended.status, list(ended.ran)) == ("failed", ["register", "approve", step, f"{step} failed"])
    assert list(run_workflow(awx.objects, workflow).ran) == ["register", "approve", step, "consent", "verify"]
    # It is removed: a node without a predecessor would start at once, and consent would follow it.
    set_up(playbooks, **CREDENTIALS).ok()
    assert list(run_workflow(awx.objects, workflow).ran) == ["register", "approve", "consent", "verify"]
    assert "gateway_app_mailbox_method" not in json.loads(_template(awx, "register")["extra_vars"])
    awx.new_writes()
    set_up(playbooks, **CREDENTIALS).ok()
    assert awx.new_writes() == []


def test_without_credentials_only_working_templates_are_created(awx: Awx, playbooks: Playbooks) -> None:
    run = set_up(playbooks).ok()
    assert "set awx_setup_operator_credential and awx_setup_consent_credential to their names" in run.output
    assert [awx.objects.rows(kind) for kind in ("job_templates", "schedules", "workflow_job_templates")] == [[], [], []]
    # Only the operator's credential: the part that needs no consent.
    add_credentials(awx)
    run = set_up(playbooks, awx_setup_operator_credential="Operator").ok()
    assert (
        "are not created: the job template check access, the job template consent, the job template retire"
        in run.output
    )
    made = {row["name"].removeprefix(f"{NAME}: ") for row in awx.objects.rows("job_templates")}
    assert made == {"register", "rotate", "verify", "report", "step failed"}
    assert len(awx.objects.rows("schedules")) == 2
    assert awx.objects.rows("workflow_job_templates") == []


def test_a_refused_schedule_does_not_prevent_the_workflow(awx: Awx, playbooks: Playbooks) -> None:
    add_credentials(awx)
    given = {**CREDENTIALS, "awx_setup_rotate_rrule": "DTSTART:20260101T041000Z RRULE:FREQ=DAILY"}
    set_up(playbooks, **given).failed("Mail gateways: rotate", "INTERVAL required in rrule")
    assert [row["name"] for row in awx.objects.rows("schedules")] == [f"{NAME}: report"]
    assert len(_flow(awx)) == 7


def test_a_project_is_updated_if_a_playbook_is_missing_or_its_last_update_failed(
    awx: Awx, playbooks: Playbooks
) -> None:
    projects = awx.objects.projects
    whole = list(projects.repository)
    # As an older version with fewer playbooks left it, and without its server.
    projects.repository = [path for path in whole if path != "step_failed.yml"]
    base = ("--tags", "base")
    lacking = set_up(playbooks, *base).failed("lacks step_failed.yml", "docs/examples/awx_project")
    assert "Playbook not found" not in lacking.output
    projects.repository, projects.reachable = whole, False
    failed = set_up(playbooks, *base).failed("Failed to download remote objects and refs", "awx_setup_project_")
    assert "\\x1b" not in failed.output and "\\u001b" not in failed.output
    projects.reachable = True
    awx.new_writes()
    set_up(playbooks, *base).ok()
    project = awx.objects.named("projects", NAME)["id"]
    assert awx.new_writes()[0] == f"POST /api/v2/projects/{project}/update/"
    # Galaxy is used at each update, even if the image contains everything: so the example requires nothing.
    projects.repository = [*whole, "collections/requirements.yml"]
    assert projects.update(awx.objects.tables["projects"][project])["failed"]
    run = set_up(playbooks, *base).failed("ERROR! Unknown error when attempting to call Galaxy")
    for words in ("what collections/requirements.yml in the repository lists", "remove that file"):
        assert words in run.output


def test_a_type_in_use_with_other_fields_is_kept_and_a_new_one_created(awx: Awx, playbooks: Playbooks) -> None:
    add_credentials(awx)
    key = awx.objects.named("credential_types", "Entra operator (client secret)")["id"]
    operator = awx.objects.tables["credential_types"][key]
    operator["inputs"] = {"fields": operator["inputs"]["fields"][:3], "required": []}
    before = json.loads(json.dumps(operator))
    new = "Entra operator (client secret) 2"
    types = ("--tags", "credential_types")
    run = set_up(playbooks, *types, **CREDENTIALS).ok()
    for words in (f"(Operator), so {new} is created beside it", "Create credentials of the new type"):
        assert words in run.output
    assert operator == before
    awx.objects.named("credential_types", new)
    # A person has created one, which the next run attaches.
    key = awx.objects.named("credential_types", new)["id"]
    awx.credentials[20] = {"id": 20, "name": "Operator 2", "credential_type": key, "organization": 1, "inputs": {}}
    awx.new_writes()
    run = set_up(playbooks, *types, **{**CREDENTIALS, "awx_setup_operator_credential": "Operator 2"}).ok()
    assert (awx.new_writes(), "beside it" in run.output) == ([], False)


def test_invalid_settings_are_refused_before_anything_is_created(awx: Awx, playbooks: Playbooks) -> None:
    without = {
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "False",
        "PYTHONPATH": None,
    }
    set_up(playbooks, environ=without).failed("ansible-galaxy collection install awx.awx")
    set_up(playbooks, environ={"CONTROLLER_OAUTH_TOKEN": "another"}).failed("AWX cannot be read", "CONTROLLER_HOST")
    # All errors, at once; test_awx_plan.py has the others.
    run = set_up(playbooks, awx_setup_organization="Other", awx_setup_image="", awx_setup_gatways={"a": {}})
    run.failed("Set awx_setup_organization", "Set awx_setup_image", "Did you mean awx_setup_gateways?")
    set_up(playbooks, awx_setup_group_variables={}).failed("There is no permanent store for gateway-vienna.example.com")
    assert awx.writes == []


def _modules(path: t.Any) -> t.Iterator[tuple[str, Json]]:
    for task in path or []:
        yield from _modules(task.get("block"))
        yield from ((name, options) for name, options in task.items() if name.startswith("awx.awx."))


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.stem)
def test_the_playbook_only_uses_options_of_the_modules_of_awx(path: t.Any) -> None:
    published = ORACLE.parent / "awx" / "module-options.json"
    if not published.is_file():
        pytest.skip(f"no list of options in {published}")
    known = json.loads(published.read_text())["modules"]
    for module, options in _modules(yaml.safe_load(path.read_text())):
        if module not in known:  # the list does not have all of them; the tests above run it
            continue
        assert options.keys() <= known[module].keys(), module
        required = {name for name, option in known[module].items() if option.get("required")}
        assert required <= options.keys(), module
