# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation by AWX beyond missing fields and wrong types, for each kind.

Source, AWX 24.6.1: awx/api/serializers.py.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.stores import awx_surveys
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_credential_types import type_error

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.tests.stores.awx_objects import Objects

Json = dict[str, t.Any]
IN_USE = "Modifications to inputs are not allowed for credential types that are in use"


class Forbidden(Exception):
    """Reported with the status 403; awx.awx has a message of its own for it."""


def credential_type(objects: Objects, row: Json) -> Json:
    """Raises Forbidden."""
    before = objects.tables["credential_types"].get(row["id"])
    in_use = [c for c in objects.rows("credentials") if c["credential_type"] == row["id"]]
    if before and in_use and before["inputs"] != row["inputs"]:
        raise Forbidden(IN_USE)
    return type_error(row)


def project(_objects: Objects, row: Json) -> Json:
    if row["scm_type"] and not row["scm_url"]:
        return {"scm_url": ["SCM URL is required."]}
    if row["organization"] is None:
        return {"organization": ["An organization is required."]}
    return {}


def job_template(objects: Objects, row: Json) -> Json:
    if row["project"] is None:
        return {"project": ["This field is required."]}
    if row["playbook"] not in objects.projects.playbooks_of(row["project"]):
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
    """SchedulePreviewSerializer.validate_rrule; the rule itself is not parsed."""
    rrule = row["rrule"]
    if not re.search(r"DTSTART(;[^:]+)?:[0-9]+T[0-9]+Z?", rrule):
        return {"rrule": ["Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ"]}
    if re.search(r"DTSTART:[0-9]+T[0-9]+ ", rrule):
        return {"rrule": ["DTSTART cannot be a naive datetime.  Specify ;TZINFO= or YYYYMMDDTHHMMSSZZ."]}
    rules = re.findall(r"RULE:[^\s]*", rrule)
    if not rules:
        return {"rrule": ["One or more rule required in rrule."]}
    for rule in rules:
        if "interval" not in rule.lower() or "secondly" in rule.lower():
            return {"rrule": [f"INTERVAL required in rrule: {rule}"]}
        if not re.search(r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|HOURLY|MINUTELY)", rule):
            return {"rrule": [f"rrule parsing failed validation: {rule}"]}
    return _prompts(objects, row)


def _prompts(objects: Objects, row: Json) -> Json:
    """Variables of a node or schedule must be asked for by the template; for a node, its workflow may set others."""
    templates = objects.tables["job_templates"] | objects.tables["workflow_job_templates"]
    template = templates.get(row["unified_job_template"])
    if template is None:
        return {}
    found = awx_surveys.refusals(
        template, objects.spec_of(template["id"]), row["extra_data"], required="rrule" in row, prompts=True
    )
    for name in ("limit", "job_slice_count"):
        # A workflow cannot ask for slices.
        if row[name] and not template.get(f"ask_{name}_on_launch"):
            found[name] = ["Field is not configured to prompt on launch."]
    return found


OF_KIND: dict[str, t.Callable[[Objects, Json], Json]] = {
    "credential_types": credential_type,
    "projects": project,
    "job_templates": job_template,
    "notification_templates": notification_template,
    "workflow_job_template_nodes": node,
    "schedules": schedule,
}


def association(objects: Objects, path: str, row: Json, what: str, other: Json) -> Json:
    """The reason why an object cannot be associated with another; empty if it can."""
    linked_ids = objects.links.get((path, row["id"], what), [])
    if what == "credentials":
        kinds = {kind["id"]: kind for kind in objects.tables["credential_types"].values()}
        kind = kinds[other["credential_type"]]
        if kind["kind"] not in ("ssh", "vault", "cloud", "net"):
            return {"error": f"Cannot assign a Credential of kind `{kind['kind']}`."}
        types = [
            c["credential_type"]
            for c in objects.rows("credentials")
            if c["id"] in linked_ids and c["id"] != other["id"]
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
