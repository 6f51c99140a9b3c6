# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX's API keeps: the tables, their fields, what refers to what, and what is refused.

It follows the documentation of AWX's API: fields that are not known or read-only are ignored, those that are wrong are
refused by field, names are unique within an organization, and what belongs to a template is in a list of its own that
is changed by associating. awx_rules.py has the rules of single kinds. No AWX was at hand to compare it with.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import typing as t
from urllib.parse import parse_qsl, urlencode

import yaml

from ansible_collections.email_gateway.azure_apps.tests.stores import awx_rules as rules

Json = dict[str, t.Any]
Answer = tuple[int, t.Any]
NOT_FOUND: Answer = (404, {"detail": "Not found."})
PAGE = 25
NOTIFICATIONS = {
    f"notification_templates_{event}": "notification_templates" for event in ("started", "success", "error")
}
PROMPTS = {"limit": "", "scm_branch": "", "job_type": "", "job_tags": "", "skip_tags": "", "extra_data": {}}
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
    """``fields`` are those that can be written, with their defaults. ``one`` and ``many`` refer to other tables."""

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
UNIFIED = ("projects", "job_templates", "workflow_job_templates", "workflow_approval_templates")


class Objects:
    """All tables but that of the credentials, whose rows ``credentials`` gives, as they are shown."""

    def __init__(self, credentials: t.Callable[[], list[Json]]) -> None:
        self.tables: dict[str, dict[int, Json]] = {name: {} for name in KINDS}
        self.surveys: dict[int, Json] = {}
        self.links: dict[tuple[str, int, str], list[int]] = {}
        # What the repository of a project holds.
        self.playbooks: list[str] = []
        self._credentials = credentials
        self._ids = itertools.count(100)

    def snapshot(self) -> Json:
        return copy.deepcopy({"tables": self.tables, "surveys": self.surveys, "links": self.links})

    def restore(self, taken: Json) -> None:
        self._ids = itertools.count(10_000)
        self.__dict__.update(copy.deepcopy(taken))

    def add(self, path: str, **fields: t.Any) -> Json:
        """What somebody made before, by whatever way."""
        key = next(self._ids)
        self.tables[path][key] = {**copy.deepcopy(KINDS[path].fields), **fields, "id": key}
        return self.tables[path][key]

    def named(self, path: str, name: str) -> Json:
        (found,) = [row for row in self.rows(path) if row.get("name", row.get("identifier")) == name]
        return found

    def linked(self, path: str, name: str, what: str) -> list[str]:
        """The names of what belongs to it."""
        rows = self.links.get((path, self.named(path, name)["id"], what), [])
        target = KINDS[path].many[what]
        return sorted(str(row.get("name", row.get("identifier"))) for row in self.rows(target) if row["id"] in rows)

    def rows(self, path: str) -> list[Json]:
        if path == "credentials":
            return self._credentials()
        if path == "unified_job_templates":
            return [row for part in UNIFIED for row in self.rows(part)]
        return [self.shown(path, row) for row in self.tables[path].values()]

    def shown(self, path: str, row: Json) -> Json:
        kind, key = KINDS[path], row["id"]
        url = f"/api/v2/{path}/{key}/"
        related = {name: f"{url}{name}/" for name in kind.many}
        summary: Json = {}
        shown = {**row, "type": kind.type, "url": url, "related": related, "summary_fields": summary}
        if path in ("job_templates", "workflow_job_templates"):
            related["survey_spec"] = f"{url}survey_spec/"
        if path == "job_templates":
            shown["organization"] = (self.tables["projects"].get(row["project"]) or {}).get("organization")
        if path == "projects":
            related["update"] = f"{url}update/"
            shown |= {"status": "successful", "scm_revision": "0" * 40}
        if path == "credential_types":
            shown["managed"] = row.get("managed", False)
        if path == "workflow_job_template_nodes" and (template := row["unified_job_template"]):
            (found,) = [other for other in self.rows("unified_job_templates") if other["id"] == template]
            related["unified_job_template"] = found["url"]
        return shown

    def answer(self, method: str, names: list[str], query: str, body: Json) -> Answer:
        """``names`` is the path below /api/v2."""
        path, *rest = names
        if path == "project_updates":
            return 200, {"id": int(rest[0]), "status": "successful", "failed": False}
        if path not in KINDS and path not in ("unified_job_templates", "credentials"):
            return NOT_FOUND
        if not rest:
            return self._list(self.rows(path), path, query) if method == "GET" else self._create(path, body)
        if path not in KINDS or not rest[0].isdigit() or int(rest[0]) not in self.tables[path]:
            return NOT_FOUND
        row = self.tables[path][int(rest[0])]
        if rest[1:] == ["survey_spec"] and path in ("job_templates", "workflow_job_templates"):
            return self._survey(method, row["id"], body)
        if rest[1:] == ["create_approval_template"] and method == "POST":
            return self._approval(row, body)
        if rest[1:] and rest[1] in KINDS[path].many:
            return self._members(method, path, row, rest[1], body)
        if rest[1:]:
            return NOT_FOUND
        if method == "PATCH":
            changed, refused = self._checked(path, {**row, **self._known(path, body)})
            if refused:
                return 400, refused
            self.tables[path][row["id"]] = changed
            return 200, self.shown(path, changed)
        if method == "DELETE":
            del self.tables[path][row["id"]]
            return 204, None
        return 200, self.shown(path, row)

    def _list(self, rows: list[Json], path: str, query: str) -> Answer:
        asked = dict(parse_qsl(query))
        page = int(asked.pop("page", "1"))
        either = {name: value for name, value in asked.items() if name.startswith("or__")}
        for name, value in asked.items():
            if name in either:
                continue
            if path in KINDS and name not in {*KINDS[path].fields, "id", "type", "organization"}:
                return 400, {"detail": f"{KINDS[path].type} has no field named '{name}'"}
            rows = [row for row in rows if str(row.get(name)).lower() == value.lower()]
        if either:
            rows = [row for row in rows if any(str(row.get(n[4:])) == value for n, value in either.items())]
        following = {**asked, "page": str(page + 1)} if len(rows) > page * PAGE else None
        return 200, {
            "count": len(rows),
            "next": f"/api/v2/{path}/?{urlencode(following)}" if following else None,
            "previous": None,
            "results": rows[(page - 1) * PAGE : page * PAGE],
        }

    def _known(self, path: str, body: Json) -> Json:
        return {name: value for name, value in body.items() if name in KINDS[path].fields}

    def _create(self, path: str, body: Json) -> Answer:
        if path not in KINDS or path == "workflow_approval_templates":
            return 405, {"detail": 'Method "POST" not allowed.'}
        row, refused = self._checked(
            path, {**copy.deepcopy(KINDS[path].fields), **self._known(path, body), "id": next(self._ids)}
        )
        if refused:
            return 400, refused
        self.tables[path][row["id"]] = row
        shown = self.shown(path, row)
        if path == "projects" and row["scm_type"]:
            # Its first update begins at once.
            shown["summary_fields"]["current_update"] = {"id": next(self._ids), "status": "pending"}
        return 201, shown

    def _checked(self, path: str, row: Json) -> tuple[Json, Json]:
        """The row as it will be kept, and what is wrong with it, by field."""
        kind = KINDS[path]
        wrong: Json = {}
        for name, default in kind.fields.items():
            value = row[name]
            if name in kind.required and value in ("", None):
                wrong[name] = ["This field is required."]
            elif name in kind.one and value is not None:
                if value not in [other["id"] for other in self.rows(kind.one[name])]:
                    wrong[name] = [f'Invalid pk "{value}" - object does not exist.']
            elif isinstance(default, bool):
                if not isinstance(value, bool):
                    wrong[name] = ["Must be a valid boolean."]
            elif isinstance(default, (str, dict)) and value is not None and not isinstance(value, type(default)):
                wrong[name] = [f"Not a valid {'string' if isinstance(default, str) else 'dictionary'}."]
            elif isinstance(default, int) and not isinstance(value, int):
                wrong[name] = ["A valid integer is required."]
        for name in {"extra_vars", "variables"} & kind.fields.keys():
            if row[name] and not isinstance(yaml.safe_load(row[name]), dict):
                wrong[name] = ["Cannot parse as JSON or YAML: input type is not a dictionary."]
        shown = self.shown(path, row) if not wrong else row
        for other in self.rows(path) if kind.unique and not wrong else ():
            same = all(other.get(name) == shown.get(name) for name in kind.unique)
            if other["id"] != row["id"] and same:
                wrong["__all__"] = [f"{kind.type} with this {' and '.join(kind.unique)} already exists."]
        if not wrong and (rule := rules.OF_KIND.get(path)):
            wrong = rule(self, row)
        return row, wrong

    def _survey(self, method: str, key: int, body: Json) -> Answer:
        if method == "POST":
            if refused := rules.survey(body):
                return 400, {"error": refused}
            self.surveys[key] = json.loads(json.dumps(body))
            return 200, None
        if method == "DELETE":
            self.surveys.pop(key, None)
            return 200, None
        return 200, self.surveys.get(key, {})

    def _approval(self, node: Json, body: Json) -> Answer:
        row, refused = self._checked(
            "workflow_approval_templates",
            {**KINDS["workflow_approval_templates"].fields, **self._known("workflow_approval_templates", body)}
            | {"id": next(self._ids)},
        )
        if refused:
            return 400, refused
        self.tables["workflow_approval_templates"][row["id"]] = row
        node["unified_job_template"] = row["id"]
        return 201, self.shown("workflow_approval_templates", row)

    def _members(self, method: str, path: str, row: Json, what: str, body: Json) -> Answer:
        target = KINDS[path].many[what]
        held = self.links.setdefault((path, row["id"], what), [])
        if method == "GET":
            return self._list([other for other in self.rows(target) if other["id"] in held], target, "")
        found = [other for other in self.rows(target) if other["id"] == body.get("id")]
        if not found:
            return 400, {"msg": f"{target} with id={body.get('id')} not found"}
        other = found[0]
        if body.get("disassociate"):
            if other["id"] in held:
                held.remove(other["id"])
            return 204, None
        if refused := rules.association(self, path, row, what, other):
            return 400, refused
        if other["id"] not in held:
            held.append(other["id"])
        return 204, None
