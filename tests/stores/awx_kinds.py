# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of objects of the stand-in for AWX: their fields, and their references."""

from __future__ import annotations

import dataclasses
import typing as t

Json = dict[str, t.Any]
NOTIFICATIONS = {
    f"notification_templates_{event}": "notification_templates" for event in ("started", "success", "error")
}
PROMPTS: Json = {
    **dict.fromkeys(("limit", "scm_branch", "job_type", "job_tags", "skip_tags"), ""),
    "extra_data": {},
    "job_slice_count": None,
}
ASK = {
    f"ask_{name}_on_launch": False
    for name in (
        "variables",
        "limit",
        "job_type",
        "diff_mode",
        "inventory",
        "credential",
        "tags",
        "skip_tags",
        "verbosity",
    )
}


@dataclasses.dataclass(frozen=True)
class Kind:
    """``fields`` are the writable ones, with their defaults. ``one`` and ``many`` refer to other tables."""

    type: str
    fields: Json
    required: tuple[str, ...] = ("name",)
    one: dict[str, str] = dataclasses.field(default_factory=dict)
    many: dict[str, str] = dataclasses.field(default_factory=dict)
    unique: tuple[str, ...] = ("name", "organization")


NAMED = {"name": "", "description": ""}
OWNED = {"organization": "organizations"}
KINDS = {
    "organizations": Kind("organization", {**NAMED, "max_hosts": 0}, unique=("name",)),
    "credential_types": Kind(
        "credential_type",
        {**NAMED, "kind": "", "inputs": {}, "injectors": {}},
        required=("name", "kind"),
        unique=("name", "kind"),
    ),
    "execution_environments": Kind(
        "execution_environment",
        {**NAMED, "organization": None, "image": "", "credential": None, "pull": ""},
        required=("name", "image"),
        one={**OWNED, "credential": "credentials"},
        unique=("name",),
    ),
    "projects": Kind(
        "project",
        {
            **NAMED,
            "organization": None,
            "scm_type": "",
            "scm_url": "",
            "scm_branch": "",
            "credential": None,
            "scm_update_on_launch": False,
            "scm_update_cache_timeout": 0,
            "allow_override": False,
        },
        one={**OWNED, "credential": "credentials"},
        many=NOTIFICATIONS,
    ),
    "inventories": Kind(
        "inventory",
        {**NAMED, "organization": None, "kind": "", "host_filter": None, "variables": ""},
        required=("name", "organization"),
        one=OWNED,
    ),
    "hosts": Kind(
        "host",
        {**NAMED, "inventory": None, "enabled": True, "variables": ""},
        required=("name", "inventory"),
        one={"inventory": "inventories"},
        unique=("name", "inventory"),
    ),
    "groups": Kind(
        "group",
        {**NAMED, "inventory": None, "variables": ""},
        required=("name", "inventory"),
        one={"inventory": "inventories"},
        many={"hosts": "hosts", "children": "groups"},
        unique=("name", "inventory"),
    ),
    "notification_templates": Kind(
        "notification_template",
        {**NAMED, "organization": None, "notification_type": "", "notification_configuration": {}, "messages": None},
        required=("name", "organization", "notification_type"),
        one=OWNED,
    ),
    "job_templates": Kind(
        "job_template",
        {
            **NAMED,
            **ASK,
            "job_type": "run",
            "inventory": None,
            "project": None,
            "playbook": "",
            "execution_environment": None,
            "extra_vars": "",
            "forks": 0,
            "limit": "",
            "verbosity": 0,
            "diff_mode": False,
            "survey_enabled": False,
            "become_enabled": False,
            "allow_simultaneous": False,
            "job_slice_count": 1,
            "ask_job_slice_count_on_launch": False,
        },
        one={"inventory": "inventories", "project": "projects", "execution_environment": "execution_environments"},
        many={**NOTIFICATIONS, "credentials": "credentials"},
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {
            **NAMED,
            **ASK,
            "organization": None,
            "extra_vars": "",
            "survey_enabled": False,
            "allow_simultaneous": False,
            "inventory": None,
            "limit": None,
            "scm_branch": None,
        },
        one={**OWNED, "inventory": "inventories"},
        many={**NOTIFICATIONS, "notification_templates_approvals": "notification_templates"},
    ),
    "workflow_approval_templates": Kind("workflow_approval_template", {**NAMED, "timeout": 0}, unique=()),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {
            **PROMPTS,
            "identifier": "",
            "workflow_job_template": None,
            "unified_job_template": None,
            "all_parents_must_converge": False,
        },
        required=("workflow_job_template",),
        one={"workflow_job_template": "workflow_job_templates", "unified_job_template": "unified_job_templates"},
        many={f"{when}_nodes": "workflow_job_template_nodes" for when in ("success", "failure", "always")},
        unique=("identifier", "workflow_job_template"),
    ),
    "schedules": Kind(
        "schedule",
        {**NAMED, **PROMPTS, "rrule": "", "unified_job_template": None, "enabled": True},
        required=("name", "rrule", "unified_job_template"),
        one={"unified_job_template": "unified_job_templates"},
        unique=("name", "unified_job_template"),
    ),
}
