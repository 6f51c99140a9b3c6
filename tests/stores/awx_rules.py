# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX refuses beyond fields that are missing or of another type, kind by kind, as its documentation tells."""

from __future__ import annotations

import re
import typing as t

import jinja2
import jinja2.sandbox

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.tests.stores.awx_objects import Objects

Json = dict[str, t.Any]
IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
FIELD_MEMBERS = {
    *("id", "label", "type", "help_text", "default", "choices", "secret", "multiline", "format", "ask_at_runtime"),
}
# Environment variables that a credential must not set.
NOT_ALLOWED = {"VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "INVENTORY_SOURCE_ID", "HOME", "HOSTNAME"}
QUESTION_TYPES = {"text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"}


def credential_type(objects: Objects, row: Json) -> Json:
    if row["kind"] not in ("cloud", "net"):
        return {"kind": [f"Must be 'cloud' or 'net', not {row['kind']}"]}
    fields = row["inputs"].get("fields", [])
    for field in fields:
        if not {"id", "label"} <= field.keys() or field.keys() - FIELD_MEMBERS:
            return {"inputs": [f"Additional properties are not allowed, and id and label are required: {field}"]}
        if not IDENTIFIER.fullmatch(field["id"]) or field["id"] == "tower":
            return {"inputs": [f"{field['id']} is an invalid variable name"]}
        if field.get("type", "string") not in ("string", "boolean"):
            return {"inputs": [f"{field['type']} is not one of string, boolean"]}
        if "choices" in field and (field.get("type", "string") != "string" or not field["choices"]):
            return {"inputs": ["choices are for strings"]}
    ids = [field["id"] for field in fields]
    if len(set(ids)) < len(ids):
        return {"inputs": ["field IDs must be unique"]}
    if set(row["inputs"].get("required", [])) - set(ids):
        return {"inputs": ["required names fields that are not there"]}
    if row["inputs"].keys() - {"fields", "required", "dependencies", "metadata"}:
        return {"inputs": ["Additional properties are not allowed"]}
    before = objects.tables["credential_types"].get(row["id"])
    in_use = [c for c in objects.rows("credentials") if c["credential_type"] == row["id"]]
    if before and in_use and before["inputs"] != row["inputs"]:
        return {"inputs": ["Modifications to inputs are not allowed for credential types that are in use"]}
    return _injectors(row["injectors"], ids)


def _injectors(injectors: Json, ids: list[str]) -> Json:
    if injectors.keys() - {"file", "env", "extra_vars"}:
        return {"injectors": ["Additional properties are not allowed"]}
    files = injectors.get("file", {})
    if any(not re.fullmatch(r"template(\.[a-zA-Z_]\w*)?", name) for name in files):
        return {"injectors": ["a file is template or template.NAME"]}
    known: Json = dict.fromkeys(ids, "EXAMPLE")
    known["tower"] = {"filename": "EXAMPLE_FILENAME"} if "template" in files else {}
    environment = jinja2.sandbox.SandboxedEnvironment(undefined=jinja2.StrictUndefined)
    for kind, templates in injectors.items():
        for name, template in templates.items():
            if kind == "env" and (name in NOT_ALLOWED or name.startswith("ANSIBLE_")):
                return {"injectors": [f"Environment variable {name} is not allowed to be used in credentials."]}
            if kind != "file" and not IDENTIFIER.fullmatch(name):
                return {"injectors": [f"{name} is an invalid variable name"]}
            try:
                environment.from_string(template).render(**known)
            except jinja2.TemplateError as error:
                return {"injectors": [f"Undefined or malformed in {kind}.{name}: {error}"]}
    return {}


def project(_objects: Objects, row: Json) -> Json:
    if row["scm_type"] and not row["scm_url"]:
        return {"scm_url": ["SCM URL is required."]}
    if row["organization"] is None:
        return {"organization": ["An organization is required."]}
    return {}


def job_template(objects: Objects, row: Json) -> Json:
    if row["project"] is None:
        return {"project": ["This field is required."]}
    if row["playbook"] not in objects.playbooks:
        return {"playbook": ["Playbook not found for project."]}
    if row["inventory"] is None and not row["ask_inventory_on_launch"]:
        return {"inventory": ["Job Template must provide 'inventory' or allow prompting for it."]}
    return {}


def notification_template(_objects: Objects, row: Json) -> Json:
    configuration = row["notification_configuration"]
    if row["notification_type"] == "webhook":
        if missing := {"url", "headers"} - configuration.keys():
            return {"notification_configuration": [f"Missing required fields: {sorted(missing)}"]}
        defaults = {"http_method": "POST", "disable_ssl_verification": False, "username": "", "password": ""}
        for name, value in defaults.items():
            configuration.setdefault(name, value)
    return {}


def node(objects: Objects, row: Json) -> Json:
    if row["unified_job_template"] == row["workflow_job_template"]:
        return {"unified_job_template": ["A workflow cannot contain itself."]}
    return _prompts(objects, row)


def schedule(objects: Objects, row: Json) -> Json:
    rrule = row["rrule"]
    if not re.match(r"DTSTART(;TZID=[^:]+)?:[0-9]{8}T[0-9]{6}Z? ", rrule):
        return {"rrule": ["Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ"]}
    if len(re.findall(r"RRULE:", rrule)) != 1:
        return {"rrule": ["RRULE required in rrule."]}
    if not re.search(r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|HOURLY|MINUTELY)", rrule):
        return {"rrule": ["rrule parsing failed validation"]}
    if "INTERVAL=" not in rrule:
        return {"rrule": ["INTERVAL required in rrule."]}
    return _prompts(objects, row)


def _prompts(objects: Objects, row: Json) -> Json:
    """What is given beforehand has to be asked for by the template, and what has to be answered must be given."""
    templates = objects.tables["job_templates"] | objects.tables["workflow_job_templates"]
    template = templates.get(row["unified_job_template"])
    if template is None:
        return {}
    spec = objects.surveys.get(template["id"], {}).get("spec", []) if template["survey_enabled"] else []
    asked = {question["variable"] for question in spec}
    if not template["ask_variables_on_launch"] and (strange := row["extra_data"].keys() - asked):
        return {"extra_data": [f"Variables {', '.join(sorted(strange))} are not allowed on launch."]}
    if row["limit"] and not template["ask_limit_on_launch"]:
        return {"limit": ["Field is not configured to prompt on launch."]}
    missing = {q["variable"] for q in spec if q["required"] and q.get("default", "") == ""} - row["extra_data"].keys()
    if missing and "rrule" in row:
        return {"variables_needed_to_start": [f"'{name}' value missing" for name in sorted(missing)]}
    return {}


OF_KIND: dict[str, t.Callable[[Objects, Json], Json]] = {
    "credential_types": credential_type,
    "projects": project,
    "job_templates": job_template,
    "notification_templates": notification_template,
    "workflow_job_template_nodes": node,
    "schedules": schedule,
}


def survey(spec: Json) -> str:
    """What is wrong with it, or nothing."""
    for name in ("name", "description", "spec"):
        if name not in spec:
            return f"'{name}' missing from survey spec."
    if not isinstance(spec["spec"], list) or not spec["spec"]:
        return "'spec' must be a list of items and doesn't contain any items."
    variables = set()
    for number, question in enumerate(spec["spec"]):
        for name in ("type", "question_name", "variable", "required"):
            if name not in question:
                return f"'{name}' missing from survey question {number}."
        if question["type"] not in QUESTION_TYPES:
            return f"'{question['type']}' in survey question {number} is not one of the allowed types."
        if question["variable"] in variables:
            return f"'variable' '{question['variable']}' duplicated in survey question {number}."
        variables.add(question["variable"])
        default = question.get("default", "")
        if question["type"] in ("multiplechoice", "multiselect"):
            choices = question.get("choices")
            if not choices:
                return f"survey question {number} has no choices"
            choices = choices.splitlines() if isinstance(choices, str) else choices
            if default != "" and default not in choices:
                return "Default choice must be answered from the choices listed."
        elif question["type"] == "integer" and default != "" and not isinstance(default, int):
            return f"Default of survey question {number} expected to be int."
        elif question["type"] in ("text", "textarea") and not isinstance(default, str):
            return f"Default of survey question {number} expected to be str."
    return ""


def association(objects: Objects, path: str, row: Json, what: str, other: Json) -> Json:
    """Why the one cannot belong to the other, or nothing."""
    held = objects.links.get((path, row["id"], what), [])
    if what == "credentials":
        kinds = {kind["id"]: kind for kind in objects.tables["credential_types"].values()}
        kind = kinds[other["credential_type"]]
        if kind["kind"] not in ("ssh", "vault", "cloud", "net"):
            return {"error": f"Cannot assign a Credential of kind `{kind['kind']}`."}
        types = [
            c["credential_type"] for c in objects.rows("credentials") if c["id"] in held and c["id"] != other["id"]
        ]
        if kind["id"] in types:
            return {"error": f"Cannot assign multiple {kind['name']} credentials."}
    if what.endswith("_nodes"):
        if other["workflow_job_template"] != row["workflow_job_template"]:
            return {"Error": "Both nodes have to be of one workflow."}
        for when in ("success_nodes", "failure_nodes", "always_nodes"):
            if when != what and other["id"] in objects.links.get((path, row["id"], when), []):
                return {"Error": "Relationship not allowed."}
        if row["id"] in _descendants(objects, other["id"]):
            return {"Error": "Cycle detected."}
    if path == "groups" and other["inventory"] != row["inventory"]:
        return {"detail": "Both have to be of one inventory."}
    return {}


def _descendants(objects: Objects, key: int) -> set[int]:
    found = {key}
    for when in ("success_nodes", "failure_nodes", "always_nodes"):
        for child in objects.links.get(("workflow_job_template_nodes", key, when), []):
            found |= _descendants(objects, child)
    return found
