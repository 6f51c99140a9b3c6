# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in for AWX responds as AWX 24.6.1 was observed to, and refuses requests that it does not implement."""

from __future__ import annotations

import collections.abc as c
import json
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.stores.awx import ENCRYPTED, Awx
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_engine import has_empty_slice, merged, run_workflow

Json = dict[str, t.Any]
RRULE = "DTSTART:20260101T041000Z RRULE:FREQ=DAILY;INTERVAL=1"
QUESTION: Json = {
    "question_name": "Profile",
    "type": "multiplechoice",
    "variable": "survey_profile",
    "choices": ["one", "two"],
    "default": "one",
    "required": True,
}


class Api:
    """Requests of an administrator, without a socket."""

    def __init__(self, awx: Awx) -> None:
        self.awx = awx

    def ask(self, method: str, path: str, **body: t.Any) -> tuple[int, t.Any]:
        return self.awx.answer(method, f"/api/v2/{path}", authorization=f"Bearer {self.awx.token}", body=body)

    def made(self, path: str, **body: t.Any) -> int:
        status, answer = self.ask("POST", f"{path}/", **body)
        assert status == 201, answer
        return int(answer["id"])

    def template(self, *questions: Json, playbook: str = "register.yml", **more: t.Any) -> int:
        objects = self.awx.objects
        objects.projects.repository = ["register.yml", "step_failed.yml"]
        owned = {"name": f"Of {len(objects.tables['projects'])}", "organization": 1}
        project = self.made("projects", **owned, scm_type="git", scm_url="https://git.example.com/a.git")
        inventory = self.made("inventories", **owned)
        given = {"project": project, "inventory": inventory, "playbook": playbook, **more}
        key = self.made("job_templates", **{"name": f"Job {inventory}", **given}, survey_enabled=bool(questions))
        if questions:
            spec = {"name": "", "description": "", "spec": list(questions)}
            assert self.ask("POST", f"job_templates/{key}/survey_spec/", **spec)[0] == 200
        return key


@pytest.fixture
def api() -> c.Iterator[Api]:
    with Awx(seen=lambda: None) as awx:
        yield Api(awx)


def test_a_default_does_not_answer_a_required_question(api: Api) -> None:
    missing = {"variables_needed_to_start": ["'survey_profile' value missing"]}
    key = api.template(QUESTION)
    schedule: Json = {"name": "daily", "rrule": RRULE, "unified_job_template": key}
    assert api.ask("POST", "schedules/", **schedule) == (400, missing)
    assert api.ask("POST", f"job_templates/{key}/launch/") == (400, missing)
    assert api.ask("POST", "schedules/", **schedule, extra_data={"survey_profile": "two"})[0] == 201
    assert api.ask("POST", "schedules/", **schedule, extra_data={"survey_profile": "three"})[0] == 400
    # A node may leave it to its workflow.
    workflow = api.made("workflow_job_templates", name="workflow", organization=1)
    node: Json = {"workflow_job_template": workflow, "unified_job_template": key, "identifier": "a"}
    assert api.ask("POST", "workflow_job_template_nodes/", **node)[0] == 201
    # A question that is not required is answered by its default.
    key = api.template({**QUESTION, "required": False}, name="Other")
    status, job = api.ask("POST", f"job_templates/{key}/launch/", extra_vars={"strange": 1})
    assert (status, json.loads(job["extra_vars"])) == (201, {"survey_profile": "one"}), "unknown fields are ignored"


@pytest.mark.parametrize(
    "question",
    [
        {**QUESTION, "default": "three"},
        {**QUESTION, "required": "yes"},
        {**QUESTION, "type": "choice"},
        {**QUESTION, "type": "integer", "default": "14"},
        {name: value for name, value in QUESTION.items() if name != "choices"},
    ],
)
def test_an_invalid_survey_is_refused(api: Api, question: Json) -> None:
    key = api.template()
    spec = {"name": "", "description": "", "spec": [question]}
    assert api.ask("POST", f"job_templates/{key}/survey_spec/", **spec)[0] == 400


def _type(*fields: Json, **more: t.Any) -> Json:
    return {"name": "Mine", "kind": "cloud", "inputs": {"fields": list(fields)}, **more}


NAME: Json = {"id": "name", "label": "Name", "type": "string"}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        # A label with a comma, unquoted in a mapping of one line.
        (_type({"id": "a", "label": "Key IDs", "as JSON": None}), "('as JSON' was unexpected)"),
        (_type({**NAME, "ask_at_runtime": True}), "not supported for custom credentials"),
        (_type({**NAME, "type": "boolean", "secret": True}), "secret not allowed for boolean type"),
        (_type({**NAME, "id": "tower"}), "invalid variable name"),
        (_type(NAME, NAME), "must be unique"),
        (_type(NAME, injectors={"env": {"ANSIBLE_X": "{{ name }}"}}), "ANSIBLE_X is not allowed"),
        (_type(NAME, injectors={"env": {"HOST": "{{ other }}"}}), "undefined field"),
        (_type(NAME, injectors={"env": {"FILE": "{{ tower.filename }}"}}), "no such file"),
        (_type(NAME, injectors={"env": {"GREETING": "Gr\u00fc\u00dfe"}}), "ASCII"),
    ],
)
def test_an_invalid_credential_type_is_refused(api: Api, kind: Json, words: str) -> None:
    status, answer = api.ask("POST", "credential_types/", **kind)
    assert (status, words in str(answer)) == (400, True), answer


def test_the_fields_of_a_type_in_use_cannot_be_changed(api: Api) -> None:
    key = api.made("credential_types", **_type(NAME))
    other = api.made("credential_types", **_type(NAME) | {"name": "Other"})
    credential = api.made("credentials", name="One", credential_type=key, organization=1, inputs={"name": "a"})
    more = {"fields": [NAME, {"id": "b", "label": "B"}]}
    status, answer = api.ask("PATCH", f"credential_types/{key}/", inputs=more)
    assert (status, answer["detail"]) == (
        *(403, "Modifications to inputs are not allowed for credential types that are in use"),
    )
    assert api.ask("PATCH", f"credential_types/{key}/", injectors={"env": {"A": "{{ name }}"}})[0] == 200
    # Nor does a credential change its type once a job template uses it.
    template = api.template()
    assert api.ask("POST", f"job_templates/{template}/credentials/", id=credential)[0] == 204
    assert api.ask("PATCH", f"credentials/{credential}/", credential_type=other)[0] == 400


def test_a_secret_that_is_written_back_as_encrypted_is_unchanged(api: Api) -> None:
    key = api.made("credential_types", **_type({**NAME, "secret": True}))
    credential = api.made("credentials", name="One", credential_type=key, organization=1, inputs={"name": "a secret"})
    assert api.ask("PATCH", f"credentials/{credential}/", inputs={"name": ENCRYPTED})[0] == 200
    assert api.awx.inputs("One") == {"name": "a secret"}


def test_playbooks_are_those_of_the_last_update_that_succeeded(api: Api) -> None:
    template = api.template()
    objects = api.awx.objects
    (project,) = objects.tables["projects"]
    objects.projects.repository.append("new.yml")
    refused = api.ask("PATCH", f"job_templates/{template}/", playbook="new.yml")
    assert refused == (400, {"playbook": ["Playbook not found for project."]})
    # Galaxy is used even if the execution environment contains the collections.
    objects.projects.repository.append("collections/requirements.yml")
    status, update = api.ask("POST", f"projects/{project}/update/")
    assert (status, api.ask("GET", update["url"].removeprefix("/api/v2/"))[1]["status"]) == (202, "failed")
    assert api.ask("GET", f"projects/{project}/")[1]["status"] == "failed"
    assert "new.yml" not in api.ask("GET", f"projects/{project}/playbooks/")[1]
    (event,) = api.ask("GET", f"project_updates/{update['id']}/events/?event=runner_on_failed")[1]["results"]
    assert "Galaxy" in event["stdout"]
    objects.projects.galaxy = True
    api.ask("POST", f"projects/{project}/update/")
    assert api.ask("PATCH", f"job_templates/{template}/", playbook="new.yml")[0] == 200


def test_slices_are_merged_by_name() -> None:
    assert merged([{"shared": {"a": 1}, "one": 1}, {"shared": {"b": 2}}]) == {"shared": {"b": 2}, "one": 1}


def test_each_slice_has_the_limit(api: Api) -> None:
    """A slice without a host of the limit fails, and with it the job."""
    key = api.template(job_slice_count=2)
    objects = api.awx.objects
    template = objects.tables["job_templates"][key]
    for name in "abcd":
        api.made("hosts", name=name, inventory=template["inventory"])
    shown = objects.shown("job_templates", template)
    for limit, fails in (("", False), ("a,b", False), ("a", True), ("a,c", True)):
        assert has_empty_slice(objects, shown, limit=limit) is fails, limit
    assert has_empty_slice(objects, shown, limit="a", slices=1), "not asked for at launch"
    workflow = api.made("workflow_job_templates", name="workflow", organization=1)
    node: Json = {"workflow_job_template": workflow, "unified_job_template": key, "identifier": "one"}
    refused = {"job_slice_count": ["Field is not configured to prompt on launch."]}
    assert api.ask("POST", "workflow_job_template_nodes/", **node, job_slice_count=1) == (400, refused)
    assert api.ask("PATCH", f"job_templates/{key}/", ask_job_slice_count_on_launch=True)[0] == 200
    key = api.made("workflow_job_template_nodes", **node)
    assert run_workflow(objects, "workflow", limit="a").status == "failed"
    assert api.ask("PATCH", f"workflow_job_template_nodes/{key}/", job_slice_count=1)[0] == 200
    assert run_workflow(objects, "workflow", limit="a").status == "successful"


def test_the_status_of_a_workflow_is_that_of_its_last_nodes(api: Api) -> None:
    """A workflow is successful if a failed node is followed by a job that succeeds."""
    template = api.template()
    workflow = api.made("workflow_job_templates", name="workflow", organization=1)
    both = {"workflow_job_template": workflow, "unified_job_template": template}
    first, second = (api.made("workflow_job_template_nodes", **both, identifier=name) for name in ("first", "second"))
    alone = run_workflow(api.awx.objects, "workflow", failed={"first"})
    assert (alone.status, sorted(alone.ran)) == ("failed", ["first", "second"])
    assert api.ask("POST", f"workflow_job_template_nodes/{first}/failure_nodes/", id=second)[0] == 204
    ended = run_workflow(api.awx.objects, "workflow", failed={"first"})
    assert (ended.status, list(ended.ran)) == ("successful", ["first", "second"])
    assert run_workflow(api.awx.objects, "workflow", failed={"first", "second"}).status == "failed"
    assert list(run_workflow(api.awx.objects, "workflow").ran) == ["first"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "teams/"),
        ("GET", ""),
        ("POST", "project_updates/"),
        ("GET", "projects/?name__icontains=a"),
        ("GET", "projects/?order_by=name"),
        ("GET", "credentials/?kind=cloud"),
        ("POST", "credential_types/1/copy/"),
    ],
)
def test_requests_that_are_not_implemented_are_refused_with_a_message(api: Api, method: str, path: str) -> None:
    status, answer = api.ask(method, path)
    assert (status, "does not play" in answer["detail"]) == (501, True)
