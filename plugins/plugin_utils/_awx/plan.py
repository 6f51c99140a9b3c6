# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What the playbook awx_setup does in AWX: the objects of playbooks/vars/awx_objects.yml for the user's settings. Pure.

Texts with braces are for AWX to fill in. They are passed on as the objects that they are, since ansible-core before
2.19 marks what it must not fill in by the class of the text.
"""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import (
    among,
    filled_members,
    selected,
    without,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.checks import (
    PREFIX,
    Json,
    Settings,
    problems_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.credential_types import Types, names_of

CREDENTIALS = {
    "operator": "operator_credential",
    "consent": "consent_credential",
    "mailboxes": "mailbox_credential",
}
TO_ORGANIZATION = f"Set {PREFIX}organization to an existing one."
TO_INVENTORY = f"Correct {PREFIX}inventory."
TO_TEMPLATE = f"Correct {PREFIX}provision_job_template."
NEEDED = ("operator", "consent")


def awx_setup_plan(
    objects: Json, *, variables: Json, found: Json, profiles: t.Sequence[str], check_mode: bool
) -> dict[str, t.Any]:
    """``found`` is what AWX has: lists of organizations, credential_types and so on, as its API shows them.

    In check mode, what refers to objects that AWX lacks is not listed but announced, since nothing can be looked up.
    """
    settings, problems = Settings.of(variables)
    problems += problems_of(settings)
    plan = _Plan(settings, objects, found, profiles, check_mode=check_mode)
    return {
        "problems": [*problems, *plan.problems()],
        "credential_types": plan.types.wanted,
        "sync": plan.needs_sync(),
        "playbooks": plan.playbooks(),
        "notifications": plan.notifications,
        "inventory": settings.inventory_name,
        "job_templates": plan.job_templates(),
        "schedules": plan.schedules(),
        "workflow": plan.workflow(),
        "nodes": plan.nodes(),
        "removed_nodes": plan.removed_nodes(),
        "to_do": plan.to_do(),
    }


class _Plan:
    def __init__(
        self, settings: Settings, objects: Json, found: Json, profiles: t.Sequence[str], *, check_mode: bool
    ) -> None:
        self._settings, self._objects, self._found = settings, objects, found
        self._check_mode = check_mode
        named = {kind: getattr(settings, setting) for kind, setting in CREDENTIALS.items()}
        self._credentials: dict[str, str] = filled_members(named)  # by kind; only those that are set
        wanted = [entry for entry in objects["job_templates"] if _is_wanted(entry, self._is_set)]
        # The job templates by their names, without those of a setting that is empty.
        self._declared: dict[str, Json] = {entry["name"]: entry for entry in wanted}
        profile = objects["questions"]["profile"]
        offered = [*profile["choices"], *profiles]
        self._questions = {**objects["questions"], "profile": {**profile, "choices": offered}}
        self.types = Types.of(objects["credential_types"], found)
        self.notifications = list(settings.notification_templates)
        if settings.notification_webhook:
            self.notifications.append(settings.prefixed("a job failed"))

    def problems(self) -> list[str]:
        """What the objects that AWX has do not fit."""
        settings = self._settings
        template = settings.provision_job_template
        return [
            *self._lacking("organizations", settings.organization, noun="organization", step=TO_ORGANIZATION),
            *self._lacking_credentials(),
            *self._lacking("inventories", settings.inventory, noun="inventory", step=TO_INVENTORY),
            *self._lacking("provision_job_templates", template, noun="job template", step=TO_TEMPLATE),
            *self._same_type(),
        ]

    def _lacking(self, kind: str, name: str, *, noun: str, step: str) -> t.Iterator[str]:
        """The problem if a setting names an object that AWX does not have."""
        if name and not self._found[kind]:
            yield f"AWX has no {noun} {name}. {step}"

    def _lacking_credentials(self) -> t.Iterator[str]:
        names = names_of(self._found["credentials"])
        named = [(CREDENTIALS[kind], name) for kind, name in self._credentials.items()]
        named += [("more_credentials", name) for name in self._settings.more_credentials]
        for setting, name in named:
            if name not in names:
                yield f"AWX has no credential {name}, which {PREFIX}{setting} names, or the sign-in may not see it."

    def _same_type(self) -> t.Iterator[str]:
        """A job takes one credential of a type, and some jobs need all of them."""
        kinds = {held["name"]: held["credential_type"] for held in self._found["credentials"]}
        named: dict[t.Any, str] = {}
        for kind, name in self._credentials.items():
            if name not in kinds:
                continue
            other = named.get(kinds[name])
            if other is not None:
                yield (
                    f"{other} and {name} are credentials of one type, but a job can only have one of a type. Set"
                    f" {PREFIX}{CREDENTIALS[kind]} to one of a type Entra {kind}."
                )
            named[kinds[name]] = name

    def needs_sync(self) -> bool:
        """AWX lists the playbooks as of the project's last update, and updates it by itself only when it changes."""
        project = self._found["projects"]
        if not project or self._check_mode:
            return False
        failed = project[0].get("status") not in ("successful", "ok")
        return failed or bool(set(self.playbooks()) - set(self._found["playbooks"]))

    def playbooks(self) -> list[str]:
        return [template["playbook"] for template in self._declared.values()]

    def job_templates(self) -> list[Json]:
        if not self._can_refer:
            return []
        return list(map(self._job_template, self._makable.values()))

    def _job_template(self, declared: Json) -> Json:
        settings = self._settings
        kinds = [*declared["credentials"], *among(declared.get("optional_credentials", ()), self._credentials)]
        notifications = []
        if declared.get("notify"):
            notifications = self.notifications
        return {
            "name": settings.prefixed(declared["name"]),
            "description": declared["description"],
            "playbook": declared["playbook"],
            "credentials": [*selected(self._credentials, kinds).values(), *settings.more_credentials],
            "extra_vars": {"gateway_app_hosts": settings.group, **self._extra_vars(declared)},
            "may_be_sliced": declared.get("may_be_sliced", False),
            "writes": declared.get("writes", False),
            "survey": self._survey(declared),
            "notifications": notifications,
        }

    def _extra_vars(self, declared: Json) -> Json:
        variables = dict(declared.get("extra_vars", {}))
        more = declared.get("extra_vars_with", {})
        for setting in filter(self._is_set, more):
            variables |= more[setting]
        return variables

    def _survey(self, declared: Json) -> Json:
        questions = selected(self._questions, declared["questions"])
        return {"name": "", "description": "", "spec": list(questions.values())}

    def schedules(self) -> list[Json]:
        """With an answer to each question that has a default: what the scheduled job does is written there."""
        makable, rrules = self._makable, self._rrules()
        names = without(among(makable, rrules), self._new("job_templates", makable))
        return [self._schedule(makable[name], rrules[name]) for name in names]

    def _rrules(self) -> dict[str, str]:
        """When to start each job template that has a schedule."""
        schedules = self._objects["schedules"]
        return filled_members({entry["job_template"]: getattr(self._settings, entry["setting"]) for entry in schedules})

    def _schedule(self, declared: Json, rrule: str) -> Json:
        schedule: Json = {
            "name": self._settings.prefixed(declared["name"]),
            "rrule": rrule,
            "answers": self._default_answers(declared),
        }
        if declared.get("may_be_sliced"):
            schedule["slices"] = self._settings.slices
        return schedule

    def _default_answers(self, declared: Json) -> Json:
        answers = {}
        for question in self._survey(declared)["spec"]:
            if question.get("default", "") != "":
                answers[question["variable"]] = question["default"]
        return answers

    def workflow(self) -> Json:
        """Empty if its job templates cannot be made yet."""
        if not self._has_all_steps or not self._can_refer:
            return {}
        declared = self._objects["workflow"]
        return {
            "name": self._settings.prefixed(declared["name"]),
            "description": declared["description"],
            "survey": self._survey(declared),
        }

    def nodes(self) -> list[Json]:
        nodes = self._nodes()
        new = self._new("workflow_job_templates", (self._objects["workflow"]["name"],))
        new += self._new("job_templates", _steps(nodes))
        if new or not self.workflow():
            return []
        return list(map(self._node, nodes))

    def removed_nodes(self) -> list[str]:
        """The names of those that are left out, which may be there from settings of before."""
        kept = names_of(self.nodes())
        if not kept:
            return []
        return without(names_of(self._objects["workflow"]["nodes"]), kept)

    def _node(self, node: Json) -> Json:
        """One of a job template, or of an approval."""
        shown = {"name": node["name"], "success": node.get("success", []), "failure": node.get("failure", [])}
        if "approval" in node:
            approval = node["approval"]
            return {**shown, "approval": {**approval, "name": self._settings.prefixed(approval["name"])}}
        template = self._settings.provision_job_template
        if node.get("job_template"):
            template = self._settings.prefixed(node["job_template"])
        return {**shown, "job_template": template, "answers": node.get("answers", {})}

    def to_do(self) -> list[str]:
        """What is left for a person, and what check mode could not look at."""
        lines = list(self.types.notes)
        unset = without(NEEDED, self._credentials)
        if unset:
            begins = tuple(f"Entra {kind} " for kind in unset)
            kinds = [name for name in names_of(self.types.wanted) if name.startswith(begins)]
            settings = " and ".join(f"{PREFIX}{CREDENTIALS[kind]}" for kind in unset)
            lines.append(
                f"Create credentials in AWX of the types {', '.join(kinds)}; set {settings} to their names, and run"
                f" this again. Until then, these are not created: {', '.join(self._not_makable())}."
            )
        announced = self._announced()
        if announced:
            lines.append(f"Check mode cannot check more: without it, these would be created: {', '.join(announced)}.")
        return lines

    def _not_makable(self) -> list[str]:
        names = without(self._declared, self._makable)
        # The workflow has steps with each of the credentials.
        return [*_with_noun("the job template", names), f"the workflow {self._objects['workflow']['name']}"]

    def _announced(self) -> list[str]:
        """The objects that check mode does not look up, since what they refer to is not there; none outside of it."""
        new = self._new("job_templates", self._makable)
        lines = []
        if not self._can_refer:
            lines = _with_noun("the job template", new)
        lines += _with_noun("the schedule", among(self._rrules(), new))
        if self._has_all_steps and not self.nodes():
            lines.append(f"the workflow {self._objects['workflow']['name']}")
        return lines

    @property
    def _makable(self) -> dict[str, Json]:
        """The job templates whose credentials are set: without them, no job of theirs can work."""
        kinds = self._credentials.keys()
        return {name: entry for name, entry in self._declared.items() if kinds >= set(entry["credentials"])}

    def _is_set(self, setting: str) -> bool:
        return bool(getattr(self._settings, setting))

    def _nodes(self) -> list[Json]:
        return declared_nodes(self._objects, is_set=self._is_set)

    @property
    def _has_all_steps(self) -> bool:
        return _steps(self._nodes()) <= self._makable.keys()

    @property
    def _can_refer(self) -> bool:
        """Whether a job template can name its project and its inventory."""
        return not self._check_mode or all(map(self._found.get, ("projects", "inventories")))

    def _new(self, kind: str, names: t.Iterable[str]) -> list[str]:
        """Those that AWX does not have; outside of check mode, all have been made before they are named."""
        if not self._check_mode:
            return []
        there = names_of(self._found[kind])
        return [name for name in names if self._settings.prefixed(name) not in there]


def _with_noun(noun: str, names: t.Iterable[str]) -> list[str]:
    return [f"{noun} {name}" for name in names]


def _is_wanted(entry: Json, is_set: t.Callable[[str], bool]) -> bool:
    """Unless it is declared for a setting that is empty."""
    return "setting" not in entry or is_set(entry["setting"])


def _steps(nodes: t.Iterable[Json]) -> set[str]:
    """The job templates of nodes, some of which are approvals."""
    return {node["job_template"] for node in nodes if "job_template" in node}


def declared_nodes(objects: Json, *, is_set: t.Callable[[str], bool]) -> list[Json]:
    """The nodes of the workflow without those of a setting that is empty, and without what leads from them alone.

    What follows such a node by success follows the one before it instead. Each is declared after those that lead to it.
    """
    declared = {node["name"]: node for node in objects["workflow"]["nodes"]}

    def following(node: Json, way: str) -> list[str]:
        found: list[str] = []
        for name in node.get(way, ()):
            if _is_wanted(declared[name], is_set):
                found.append(name)
            else:
                found += following(declared[name], "success")
        return found

    nodes = []
    linked = {next(iter(declared))}
    for name, node in declared.items():
        if name in linked:
            ways = {"success": following(node, "success"), "failure": following(node, "failure")}
            nodes.append({**node, **ways})
            linked.update(*ways.values())
    return nodes
