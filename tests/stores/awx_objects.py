# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of AWX's API: the tables, their fields and references, and what is refused.

Like AWX's API, it ignores unknown and read-only fields, refuses invalid ones by field, requires names that are unique
within an organization, and has a list for the related objects of a template, which is changed by associating.
awx_rules.py has the rules of single kinds. Requests that are not implemented are refused with the status 501.
"""

from __future__ import annotations

import copy
import itertools
import json
import typing as t
from urllib.parse import parse_qsl, urlencode

import yaml

from ansible_collections.email_gateway.azure_apps.tests.stores import awx_rules as rules
from ansible_collections.email_gateway.azure_apps.tests.stores import awx_surveys
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_kinds import KINDS
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_projects import Projects

Json = dict[str, t.Any]
Answer = tuple[int, t.Any]
NOT_FOUND: Answer = (404, {"detail": "Not found."})
NOT_PLAYED = 501
PAGE = 25
UNIFIED = ("projects", "job_templates", "workflow_job_templates", "workflow_approval_templates")


def not_implemented(method: str, names: t.Iterable[str]) -> Answer:
    """No test must depend on behaviour of AWX that this stand-in does not implement."""
    return NOT_PLAYED, {"detail": f"This stand-in of AWX does not play {method} {'/'.join(names)}."}


class Objects:
    """All tables except that of the credentials, whose rows ``credentials`` returns, as they are shown."""

    def __init__(self, credentials: t.Callable[[], list[Json]]) -> None:
        self.tables: dict[str, dict[int, Json]] = {name: {} for name in KINDS}
        self.surveys: dict[int, Json] = {}
        self.links: dict[tuple[str, int, str], list[int]] = {}
        self._credentials = credentials
        self._ids = itertools.count(100)
        self.projects = Projects(lambda: next(self._ids))

    def snapshot(self) -> Json:
        return copy.deepcopy({"tables": self.tables, "surveys": self.surveys, "links": self.links})

    def spec_of(self, template: int) -> list[Json]:
        """The questions of its survey."""
        spec: list[Json] = self.surveys.get(template, {}).get("spec", [])
        return spec

    def add(self, path: str, **fields: t.Any) -> Json:
        """Add an object that existed before."""
        key = next(self._ids)
        self.tables[path][key] = {**copy.deepcopy(KINDS[path].fields), **fields, "id": key}
        return self.tables[path][key]

    def named(self, path: str, name: str) -> Json:
        (found,) = [row for row in self.rows(path) if row.get("name", row.get("identifier")) == name]
        return found

    def linked(self, path: str, name: str, what: str) -> list[str]:
        """The names of the related objects."""
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
            shown |= {"status": self.projects.status_of(key), "scm_revision": "0" * 40}
        if path == "credential_types":
            shown["managed"] = row.get("managed", False)
        if path == "workflow_job_template_nodes" and (template := row["unified_job_template"]):
            (found,) = [other for other in self.rows("unified_job_templates") if other["id"] == template]
            related["unified_job_template"] = found["url"]
        return shown

    def answer(self, method: str, names: list[str], query: str, body: Json) -> Answer:
        """``names`` is the path below /api/v2."""
        path, *rest = names
        if path == "project_updates" and method == "GET":
            return self._updates(rest, query)
        if path not in KINDS and path not in ("unified_job_templates", "credentials"):
            return not_implemented(method, names)
        try:
            if not rest:
                return self._list(self.rows(path), path, query) if method == "GET" else self._create(path, body)
            if path not in KINDS or not rest[0].isdigit():
                return not_implemented(method, names)
            row = self.tables[path].get(int(rest[0]))
            if row is None:
                return NOT_FOUND
            return self._of_one(method, names, row, body) if rest[1:] else self._one(method, path, row, body)
        except rules.Forbidden as error:
            return 403, {"detail": str(error)}

    def _one(self, method: str, path: str, row: Json, body: Json) -> Answer:
        if method == "PATCH":
            changed, refused = self._checked(path, {**row, **self._known(path, body)})
            if refused:
                return 400, refused
            self.tables[path][row["id"]] = changed
            if path == "projects" and changed != row:
                self.projects.update(changed)
            return 200, self.shown(path, changed)
        if method == "DELETE":
            del self.tables[path][row["id"]]
            for linked in self.links.values() if path.endswith("_nodes") else ():
                linked[:] = [key for key in linked if key != row["id"]]
            return 204, None
        return 200, self.shown(path, row)

    def _of_one(self, method: str, names: list[str], row: Json, body: Json) -> Answer:
        path, what = names[0], names[2]
        if what == "survey_spec" and path in ("job_templates", "workflow_job_templates"):
            return self._survey(method, row["id"], body)
        if what == "create_approval_template" and method == "POST":
            return self._approval(row, body)
        if what == "launch" and path in ("job_templates", "workflow_job_templates"):
            return self._launch(method, row, body)
        if path == "projects" and (method, what) == ("POST", "update"):
            return 202, {**self.projects.update(row), "status": "pending"}
        if path == "projects" and (method, what) == ("GET", "playbooks"):
            return 200, self.projects.playbooks_of(row["id"])
        if what in KINDS[path].many:
            return self._members(method, path, row, what, body)
        return not_implemented(method, names)

    def _launch(self, method: str, row: Json, body: Json) -> Answer:
        """Nothing is run; answers that are not asked for are ignored."""
        spec, answers = self.spec_of(row["id"]), body.get("extra_vars", {})
        if method == "GET":
            needed = [question["variable"] for question in spec if question["required"]]
            return 200, {"variables_needed_to_start": needed, "survey_enabled": row["survey_enabled"]}
        if body.keys() - {"extra_vars", "limit"}:
            return not_implemented(method, ["launch", *body])
        if refused := awx_surveys.refusals(row, spec, answers, required=True, prompts=False):
            return 400, refused
        asked = {question["variable"] for question in spec}
        taken = {name: value for name, value in answers.items() if name in asked}
        variables = {**json.loads(row["extra_vars"] or "{}"), **awx_surveys.with_defaults(spec, taken)}
        return 201, {"id": next(self._ids), "status": "pending", "extra_vars": json.dumps(variables)}

    def _updates(self, rest: list[str], query: str) -> Answer:
        updates = self.projects.updates
        if not rest:
            rows = [{**row, "unified_job_template__name": row["name"]} for row in updates.values()]
            return self._list(rows, "project_updates", query)
        if not rest[0].isdigit() or int(rest[0]) not in updates:
            return NOT_FOUND
        if rest[1:] == ["events"]:
            return self._list(self.projects.events(int(rest[0])), "events", query)
        return not_implemented("GET", ["project_updates", *rest]) if rest[1:] else (200, updates[int(rest[0])])

    def _list(self, rows: list[Json], path: str, query: str) -> Answer:
        asked = dict(parse_qsl(query))
        page, size = int(asked.pop("page", "1")), int(asked.pop("page_size", PAGE))
        order = asked.pop("order_by", "id")
        if order not in ("id", "-id"):
            return not_implemented("GET", [path, f"order_by={order}"])
        if order == "-id":
            rows = rows[::-1]
        either = {name.removeprefix("or__"): value for name, value in asked.items() if name.startswith("or__")}
        tests = [{name: value} for name, value in asked.items() if not name.startswith("or__")]
        for wanted in [*tests, *([either] if either else [])]:
            if strange := [name for name in wanted if not self._is_filter(path, name)]:
                return not_implemented("GET", [path, *strange])
            rows = [row for row in rows if any(self._matches(row, name, value) for name, value in wanted.items())]
        following = {**dict(parse_qsl(query)), "page": str(page + 1)} if len(rows) > page * size else None
        return 200, {
            "count": len(rows),
            "next": f"/api/v2/{path}/?{urlencode(following)}" if following else None,
            "previous": None,
            "results": rows[(page - 1) * size : page * size],
        }

    def _is_filter(self, path: str, name: str) -> bool:
        if path in KINDS:
            own = {*KINDS[path].fields, "id", "type", "organization"}
            return name in own | {"organization__name", "name__startswith"}
        return name in ("id", "name", "type", "organization", "unified_job_template__name", "event")

    def _matches(self, row: Json, name: str, value: str) -> bool:
        if name == "name__startswith":
            return str(row["name"]).startswith(value)
        if name == "organization__name":
            owner = self.tables["organizations"].get(row["organization"]) or {}
            return bool(owner.get("name") == value)
        return str(row.get(name)).lower() == value.lower()

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
            update = self.projects.update(row)
            shown["summary_fields"]["current_update"] = {"id": update["id"], "status": "pending"}
        return 201, shown

    def _checked(self, path: str, row: Json) -> tuple[Json, Json]:
        """The row to be stored, and its errors by field."""
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
            if refused := awx_surveys.spec_error(body):
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
        linked_ids = self.links.setdefault((path, row["id"], what), [])
        if method == "GET":
            return self._list([other for other in self.rows(target) if other["id"] in linked_ids], target, "")
        found = [other for other in self.rows(target) if other["id"] == body.get("id")]
        if not found:
            return 400, {"msg": f"{target} with id={body.get('id')} not found"}
        other = found[0]
        if body.get("disassociate"):
            if other["id"] in linked_ids:
                linked_ids.remove(other["id"])
            return 204, None
        if refused := rules.association(self, path, row, what, other):
            return 400, refused
        if other["id"] not in linked_ids:
            linked_ids.append(other["id"])
        return 204, None
