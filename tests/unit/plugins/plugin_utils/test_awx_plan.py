# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of the playbook awx_setup for the settings of a user, and its refusals."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.stores import awx_surveys
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_credential_types import type_error
from ansible_collections.email_gateway.azure_apps.tests.unit import awx_plans
from ansible_collections.email_gateway.azure_apps.tests.unit.awx_plans import OBJECTS, SETTINGS, found, plan

Json = dict[str, t.Any]
SHARED = {name: {"gateway_app_unique_name": "same"} for name in ("gateway1", "gateway2")}
STORE = {"type": "azure_key_vault", "vault_url": "https://example.vault.azure.net", "name": "gateway"}
FILE = {"type": "ansible_vault", "path": "/srv/volume/gateway.vault.yml"}
OPERATOR, CONSENT, MAILBOXES = (kind["name"] for kind in OBJECTS["credential_types"][::2])
WITH_MAILBOXES: Json = {"awx_setup_mailbox_credential": "Mailboxes"}


def _stores(*stores: Json, **more: t.Any) -> Json:
    return {"awx_setup_group_variables": {"gateway_app_stores": list(stores), **more}}


def _names(entries: list[Json]) -> list[str]:
    return [entry["name"].partition(": ")[2] or entry["name"] for entry in entries]


def test_the_settings_of_the_documentation_are_planned() -> None:
    planned = plan()
    assert planned["problems"] == planned["to_do"] == []
    declared = [entry["name"] for entry in OBJECTS["job_templates"] if "setting" not in entry]
    assert _names(planned["job_templates"]) == declared
    assert _names(planned["schedules"]) == ["rotate", "report"]


def test_a_setting_that_is_null_means_empty() -> None:
    empty: Json = {"more_credentials": [], "group_variables": {}, "mailbox_credential": ""}
    null: Json = dict.fromkeys(empty)
    made, same = (plan(**{f"awx_setup_{name}": value for name, value in of.items()}) for of in (null, empty))
    assert made == same


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"awx_setup_image": ""}, "Set awx_setup_image."),
        ({"awx_setup_project_url": ""}, "Set awx_setup_project_url."),
        ({"awx_setup_inventory": "theirs"}, "Set either awx_setup_gateways"),
        ({"awx_setup_gateways": {}}, "Set either awx_setup_gateways"),
        ({"awx_setup_gateways": ["gateway1"]}, "awx_setup_gateways is not a dictionary."),
        ({"awx_setup_gateways": {"gateway1": "x"}}, "The entry of gateway1 in awx_setup_gateways is not a dictionary"),
        ({"awx_setup_more_credentials": "Vault"}, "awx_setup_more_credentials is not a list of names."),
        ({"awx_setup_slices": 0}, "awx_setup_slices is not a number from 1."),
        ({"awx_setup_slices": True}, "awx_setup_slices is not a number from 1."),
        ({"awx_setup_gatway": {}}, "awx_setup_gatway is not a setting of this playbook. Did you mean"),
        ({"awx_setup_pigeon": {}}, "awx_setup_pigeon is not a setting of this playbook."),
        ({"awx_setup_slices": "2", "awx_setup_gateways": SHARED}, "Set awx_setup_slices to 1"),
        ({"awx_setup_operator_credential": "Unknown"}, "no credential Unknown, which awx_setup_operator_credential"),
        ({"awx_setup_more_credentials": ["Vault"]}, "no credential Vault, which awx_setup_more_credentials names"),
        ({"awx_setup_more_credentials": ["Vault", "Operator"]}, "no credential Vault, which"),
        ({"awx_setup_consent_credential": "Operator"}, "are credentials of one type, but a job can only have one"),
        ({"awx_setup_inventory": "theirs", "awx_setup_gateways": {}}, "AWX has no inventory theirs."),
        ({"awx_setup_provision_job_template": "Mine"}, "AWX has no job template Mine."),
        ({"awx_setup_group_variables": {}}, "There is no permanent store for gateway-vienna.example.com"),
        (_stores({"type": "ansible_vault"}), "There is no permanent store"),
        (_stores(STORE, {"type": "sops", "path": "gateway.sops.yml"}), "There is no permanent store"),
        (_stores(STORE, gateway_app_store_path="here.yml") | {"awx_setup_gateways": {"a": {"gateway_app_stores": []}}},
         "There is no permanent store for a:"),
    ],
)  # fmt: skip
def test_invalid_settings_are_reported_as_problems(settings: Json, words: str) -> None:
    problems = plan(**settings)["problems"]
    assert any(words in problem for problem in problems), problems


def test_a_missing_organization_is_a_problem() -> None:
    (problem,) = plan(awx=found(organizations=[]))["problems"]
    assert "Set awx_setup_organization" in problem


@pytest.mark.parametrize(
    "settings",
    [
        _stores(STORE, FILE),
        _stores({"type": "ansible_vault"}, gateway_app_store_path="{{ volume }}/gateway.vault.yml"),
        {"awx_setup_group_variables": {"gateway_app_stores": "{{ stores_of_the_inventory }}"}},
        {"awx_setup_slices": "4", "awx_setup_gateways": {name: {"gateway_app_stores": [STORE]} for name in "ab"}},
        {"awx_setup_slices": "4", "awx_setup_group_variables": {
            "gateway_app_stores": [STORE], "gateway_app_unique_name": "{{ inventory_hostname }}"}},
    ],
)  # fmt: skip
def test_valid_settings_are_not_a_problem(settings: Json) -> None:
    assert plan(**settings)["problems"] == []


@pytest.mark.parametrize("version", ["with a provision step", "without"])
def test_all_surveys_and_credential_types_are_accepted_by_awx(version: str) -> None:
    templates = [{"id": 3, "name": "Mine"}]
    mine: Json = {"awx_setup_provision_job_template": "Mine"} if version != "without" else {}
    planned = plan(awx=found(provision_job_templates=templates), **mine)
    assert planned["problems"] == []
    for kind in planned["credential_types"]:
        assert type_error({**kind, "kind": "cloud"}) == {}
    surveys = {entry["name"]: entry["survey"] for entry in [*planned["job_templates"], planned["workflow"]]}
    for name, survey in surveys.items():
        assert awx_surveys.spec_error(survey) == "", name
        required = {question["variable"]: question for question in survey["spec"] if question["required"]}
        assert not [variable for variable, question in required.items() if "default" in question], name
    template = {"survey_enabled": True, "ask_variables_on_launch": False}
    for schedule in planned["schedules"]:
        spec = surveys[schedule["name"]]["spec"]
        assert awx_surveys.refusals(template, spec, schedule["answers"], required=True, prompts=True) == {}
    for node in planned["nodes"]:
        if node.get("answers"):
            spec = surveys[node["job_template"]]["spec"]
            assert awx_surveys.refusals(template, spec, node["answers"], required=True, prompts=True) == {}
    assert len(planned["nodes"]) == (9 if mine else 7)


def _with_mailbox_credential(kind: int = 9) -> Json:
    credentials = [*found()["credentials"], {"id": 10, "name": "Mailboxes", "credential_type": kind}]
    return found(credentials=credentials)


def test_roles_in_exchange_have_their_own_step_if_their_credential_is_set() -> None:
    without, planned = plan(), plan(awx=_with_mailbox_credential(), **WITH_MAILBOXES)
    assert planned["problems"] == planned["to_do"] == []
    assert "mailboxes.yml" in set(planned["playbooks"]) - set(without["playbooks"])
    templates = {entry["name"].partition(": ")[2]: entry for entry in planned["job_templates"]}
    assert [name for name, entry in templates.items() if "Mailboxes" in entry["credentials"]] == [
        *("check access", "mailboxes"),
    ]
    assert templates["mailboxes"]["credentials"] == ["Mailboxes"]
    # Without that step, register assigns them, according to the inventory.
    (alone,) = [entry for entry in without["job_templates"] if entry["name"].endswith(": register")]
    left = "gateway_app_mailbox_method"
    assert (templates["register"]["extra_vars"][left], left in alone["extra_vars"]) == ("none", False)
    step = "assign the mailboxes"
    nodes = {node["name"]: node for node in planned["nodes"]}
    assert (nodes["approve"]["success"], nodes[step]["success"]) == ([step], ["consent"])
    assert {node["name"]: node["success"] for node in without["nodes"]}["approve"] == ["consent"]
    assert nodes.keys() - {node["name"] for node in without["nodes"]} == {step, f"{step} failed"}
    # Without a preceding node, they would run when the workflow starts.
    assert without["removed_nodes"][:1] == [step]
    assert step not in planned["removed_nodes"]
    assert plan(awx_setup_consent_credential="")["removed_nodes"] == []
    # The credential has a type of its own.
    (problem,) = plan(awx=_with_mailbox_credential(kind=8), **WITH_MAILBOXES)["problems"]
    assert "Consent and Mailboxes are credentials of one type" in problem
    assert "awx_setup_mailbox_credential to one of a type Entra mailboxes" in problem


def test_only_the_schedule_uses_slices() -> None:
    """A job with a limit fails in slices without such a host."""
    planned = plan(awx_setup_slices=4)
    slices = {schedule["name"].partition(": ")[2]: schedule.get("slices") for schedule in planned["schedules"]}
    assert slices == {"rotate": 4, "report": None}
    asked = [entry["name"].partition(": ")[2] for entry in planned["job_templates"] if entry["may_be_sliced"]]
    assert asked == ["register", "consent", "rotate", "verify"]


def test_a_schedule_answers_only_questions_with_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    (rotate,) = [entry for entry in OBJECTS["job_templates"] if entry["name"] == "rotate"]
    name = rotate["questions"][0]
    question = OBJECTS["questions"][name]
    before = plan()["schedules"][0]["answers"]
    changed = {**OBJECTS, "questions": {**OBJECTS["questions"], name: {**question, "default": ""}}}
    monkeypatch.setattr(awx_plans, "OBJECTS", changed)
    assert before.keys() - plan()["schedules"][0]["answers"].keys() == {question["variable"]}


def test_every_failed_step_is_followed_by_a_node_that_fails() -> None:
    nodes = {node["name"]: node for node in plan(awx=_with_mailbox_credential(), **WITH_MAILBOXES)["nodes"]}
    for name, node in nodes.items():
        if "answers" in node and not name.endswith(" failed"):
            assert node["failure"] == [f"{name} failed"]
    assert [node["success"] + node["failure"] for name, node in nodes.items() if name.endswith(" failed")] == [[]] * 4


def test_check_mode_lists_missing_objects() -> None:
    planned = plan(check_mode=True)
    assert [planned[kind] for kind in ("job_templates", "schedules", "workflow", "nodes")] == [[], [], {}, []]
    (line,) = planned["to_do"]
    for name in ("the job template register", "the schedule rotate", "the workflow new gateway"):
        assert name in line
    templates = [{"name": entry["name"]} for entry in plan()["job_templates"]]
    there = found(
        projects=[{"status": "successful"}],
        inventories=[{}],
        job_templates=templates,
        workflow_job_templates=[{"name": plan()["workflow"]["name"]}],
    )
    planned = plan(awx={**there, "job_templates": templates[:1]}, check_mode=True)
    assert (planned["nodes"], planned["removed_nodes"]) == ([], []), "a node needs its job template"
    planned = plan(awx=there, check_mode=True)
    assert (planned["to_do"], len(planned["schedules"]), len(planned["nodes"])) == ([], 2, 7)


def test_a_schedule_without_a_rule_is_neither_made_nor_announced() -> None:
    assert _names(plan(awx_setup_report_rrule="")["schedules"]) == ["rotate"]
    (line,) = plan(awx_setup_report_rrule="", check_mode=True)["to_do"]
    assert "the schedule rotate" in line
    assert "the schedule report" not in line


@pytest.mark.parametrize(
    ("project", "playbooks", "synced"),
    [
        ([], [], False),
        ([{"status": "successful"}], plan()["playbooks"], False),
        ([{"status": "successful"}], ["register.yml"], True),
        ([{"status": "failed"}], plan()["playbooks"], True),
        ([{"status": "never updated"}], [], True),
    ],
)
def test_a_project_is_updated_if_its_playbooks_are_not_known(
    project: list[Json], playbooks: list[str], synced: bool
) -> None:
    awx = found(projects=project, playbooks=playbooks)
    assert plan(awx=awx)["sync"] is synced
    assert plan(awx=awx, check_mode=True)["sync"] is False


def _credential_type(key: int, name: str, *, fields: int = 4, label: str = "Tenant ID") -> Json:
    (declared,) = [kind for kind in OBJECTS["credential_types"] if kind["name"] == OPERATOR]
    kept = [{**field, "label": label} for field in declared["inputs"]["fields"][:fields]]
    return {"id": key, "name": name, "inputs": {"fields": kept, "required": declared["inputs"]["required"]}}


def _used(*keys: int) -> list[Json]:
    return [{"id": key, "name": f"Credential {key}", "credential_type": key} for key in keys]


@pytest.mark.parametrize(
    ("existing", "used", "name", "noted"),
    [
        ([], (), OPERATOR, False),
        ([_credential_type(1, OPERATOR, fields=3)], (), OPERATOR, False),
        ([_credential_type(1, OPERATOR, label="Other")], (1,), OPERATOR, False),
        ([_credential_type(1, OPERATOR, fields=3), _credential_type(2, f"{OPERATOR} 2")], (), f"{OPERATOR} 2", False),
        ([_credential_type(1, OPERATOR, fields=3)], (1,), f"{OPERATOR} 2", True),
        (
            [_credential_type(1, OPERATOR, fields=3), _credential_type(2, f"{OPERATOR} 2")],
            (1, 2),
            f"{OPERATOR} 2",
            False,
        ),
        (
            [_credential_type(1, OPERATOR, fields=3), _credential_type(2, f"{OPERATOR} 2", fields=2)],
            (1, 2),
            f"{OPERATOR} 3",
            True,
        ),
        (
            [_credential_type(1, OPERATOR, fields=3), _credential_type(2, f"{OPERATOR} 2", fields=2)],
            (1,),
            f"{OPERATOR} 2",
            False,
        ),
    ],
)
def test_a_type_in_use_keeps_its_fields(existing: list[Json], used: tuple[int, ...], name: str, noted: bool) -> None:
    planned = plan(
        awx=found(credential_types=existing, credentials=_used(*used)),
        awx_setup_operator_credential="",
        awx_setup_consent_credential="",
    )
    first = planned["credential_types"][0]
    assert first["name"] == name
    in_place = [kind for kind in existing if kind["name"] == name and kind["id"] in used]
    assert first["inputs"] == (in_place[0]["inputs"] if in_place else OBJECTS["credential_types"][0]["inputs"])
    assert any("is created beside it" in line and "Credential 1" in line for line in planned["to_do"]) is noted


def test_objects_that_need_credentials_are_not_planned_without_them() -> None:
    planned = plan(awx_setup_operator_credential="", awx_setup_consent_credential="")
    assert [planned[kind] for kind in ("job_templates", "schedules", "workflow", "nodes")] == [[], [], {}, []]
    planned = plan(awx_setup_consent_credential="")
    assert _names(planned["job_templates"]) == ["register", "rotate", "verify", "report", "step failed"]
    assert (len(planned["schedules"]), planned["workflow"]) == (2, {})
    assert "set awx_setup_consent_credential to their names" in planned["to_do"][0]


def test_a_failed_workflow_is_notified_once() -> None:
    planned = plan(awx_setup_notification_webhook="https://chat.example.com/hook")
    assert planned["notifications"] == ["Mail gateways: a job failed"]
    of_workflow = {node.get("job_template") for node in planned["nodes"]}
    assert [entry["notifications"] for entry in planned["job_templates"] if entry["name"] in of_workflow] == [[]] * 4
    assert SETTINGS["awx_setup_organization"] == "Default"
