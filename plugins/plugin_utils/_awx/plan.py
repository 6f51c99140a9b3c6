# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What the playbook awx_setup does in AWX: the objects of playbooks/vars/awx_objects.yml for the user's settings. Pure.

Texts with braces are for AWX to fill in. They are passed on as the objects that they are, since ansible-core before
2.19 marks what it must not fill in by the class of the text.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.checks import (
    PREFIX,
    Json,
    Settings,
    problems_of,
)

CREDENTIALS = {
    "operator": "operator_credential",
    "consent": "consent_credential",
    "mailboxes": "mailbox_credential",
}
NEEDED = ("operator", "consent")
# What a person sees of a field, and nothing depends on.
COSMETIC = ("label", "help_text")


def awx_setup_plan(
    objects: Json, *, variables: Json, found: Json, profiles: t.Sequence[str], check_mode: bool
) -> dict[str, t.Any]:
    """``found`` is what AWX has: lists of organizations, credential_types and so on, as its API shows them.

    In check mode, what refers to objects that AWX lacks is not listed but announced, since nothing can be looked up.
    """
    settings, problems = Settings.of(variables)
    problems += problems_of(settings)
    plan = _Plan(settings, objects, found, list(profiles), check_mode=check_mode)
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


def questions(names: t.Iterable[str], *, objects: Json, profiles: t.Sequence[str]) -> list[Json]:
    """The questions of a survey; that for the profile offers those of the role."""
    found = [dict(objects["questions"][name]) for name in names]
    for question in found:
        if question["variable"] == "survey_profile":
            question["choices"] = [*question["choices"], *profiles]
    return found


def survey(names: t.Iterable[str], *, objects: Json, profiles: t.Sequence[str]) -> Json:
    return {"name": "", "description": "", "spec": questions(names, objects=objects, profiles=profiles)}


@dataclasses.dataclass(frozen=True)
class Types:
    """The credential types to make or change, and what a person has to do about those that AWX does not change."""

    wanted: list[Json]
    notes: list[str]

    @classmethod
    def of(cls, declared: t.Iterable[Json], found: Json) -> Types:
        """AWX refuses other fields for a type that a credential uses, so that a new one is made beside it."""
        wanted: list[Json] = []
        notes: list[str] = []
        for kind in declared:
            current = _of_this_type(kind["name"], found["credential_types"])
            used_by = {held["id"]: _users(held, found["credentials"]) for held in current}
            same = [held for held in current if _fields(held) == _fields(kind)]
            free = [held for held in current if not used_by[held["id"]]]
            if same:
                inputs = same[0]["inputs"] if used_by[same[0]["id"]] else kind["inputs"]
                wanted.append({**kind, "name": same[0]["name"], "inputs": inputs})
            elif free or not current:
                wanted.append({**kind, "name": free[0]["name"] if free else kind["name"]})
            else:
                name = f"{kind['name']} {len(current) + 1}"
                wanted.append({**kind, "name": name})
                users = [user for held in current for user in used_by[held["id"]]]
                notes.append(_moving(kind["name"], name, users))
        return cls(wanted, notes)


def _of_this_type(name: str, found: t.Iterable[Json]) -> list[Json]:
    """Those of the name, and of the name with a number, the first one first."""
    return sorted(
        (held for held in found if held["name"] == name or held["name"].removeprefix(f"{name} ").isdigit()),
        key=lambda held: (len(held["name"]), held["name"]),
    )


def _users(kind: Json, credentials: t.Iterable[Json]) -> list[str]:
    return [held["name"] for held in credentials if held["credential_type"] == kind["id"]]


def _fields(kind: Json) -> tuple[list[Json], list[str]]:
    """What AWX goes by: it adds the type of a field that has none."""
    inputs = kind["inputs"]
    fields = [
        {"type": "string", **{name: value for name, value in field.items() if name not in COSMETIC}}
        for field in inputs.get("fields") or []
    ]
    return fields, sorted(inputs.get("required") or [])


def _moving(name: str, new: str, users: list[str]) -> str:
    return (
        f"The credential type {name} has other fields now. AWX does not change the fields of a type that a credential"
        f" uses ({', '.join(users)}), so {new} is created beside it. The old credentials stay in use. Create"
        " credentials of the new type in AWX with the same values, which AWX itself does not show; set"
        " awx_setup_operator_credential, awx_setup_consent_credential or awx_setup_mailbox_credential to their names,"
        " run this again, and delete the old ones."
    )


class _Plan:
    def __init__(
        self, settings: Settings, objects: Json, found: Json, profiles: list[str], *, check_mode: bool
    ) -> None:
        self._settings, self._objects, self._found, self._profiles = settings, objects, found, profiles
        self._check_mode = check_mode
        self.types = Types.of(objects["credential_types"], found)
        own = [settings.prefixed("a job failed")] if settings.notification_webhook else []
        self.notifications = [*settings.notification_templates, *own]

    def problems(self) -> list[str]:
        """What the objects that AWX has do not fit."""
        settings, found = self._settings, self._found
        problems = []
        if settings.organization and not found["organizations"]:
            problems.append(
                f"AWX has no organization {settings.organization}. Set {PREFIX}organization to an existing one."
            )
        names = {held["name"] for held in found["credentials"]}
        named = {f"{PREFIX}{name}": getattr(settings, name) for name in CREDENTIALS.values()}
        named |= {f"{PREFIX}more_credentials": name for name in settings.more_credentials}
        for setting, name in named.items():
            if name and name not in names:
                problems.append(f"AWX has no credential {name}, which {setting} names, or the sign-in may not see it.")
        if settings.inventory and not found["inventories"]:
            problems.append(f"AWX has no inventory {settings.inventory}. Correct {PREFIX}inventory.")
        if settings.provision_job_template and not self._has("provision_job_templates"):
            problems.append(
                f"AWX has no job template {settings.provision_job_template}. Correct {PREFIX}provision_job_template."
            )
        return [*problems, *self._same_type()]

    def _same_type(self) -> t.Iterator[str]:
        """A job takes one credential of a type, and some jobs need all of them."""
        kinds = {held["name"]: held["credential_type"] for held in self._found["credentials"]}
        named: dict[t.Any, str] = {}
        for kind, setting in CREDENTIALS.items():
            name = getattr(self._settings, setting)
            if name not in kinds:
                continue
            if (other := named.get(kinds[name])) is not None:
                yield (
                    f"{other} and {name} are credentials of one type, but a job can only have one of a type. Set"
                    f" {PREFIX}{setting} to one of a type Entra {kind}."
                )
            named[kinds[name]] = name

    def needs_sync(self) -> bool:
        """AWX lists the playbooks as of the project's last update, and updates it by itself only when it changes."""
        project = self._has("projects")
        if not project or self._check_mode:
            return False
        failed = project[0].get("status") not in ("successful", "ok")
        return failed or bool(set(self.playbooks()) - set(self._found["playbooks"]))

    def playbooks(self) -> list[str]:
        return [template["playbook"] for template in self._declared()]

    def job_templates(self) -> list[Json]:
        return [self._job_template(declared) for declared in self._makable() if self._can_refer]

    def _job_template(self, declared: Json) -> Json:
        settings = self._settings
        writes = declared.get("writes", False)
        return {
            "name": settings.prefixed(declared["name"]),
            "description": declared["description"],
            "playbook": declared["playbook"],
            "credentials": [*self._credentials(declared), *self._optional(declared), *settings.more_credentials],
            "extra_vars": {"gateway_app_hosts": settings.group, **self._extra_vars(declared)},
            "may_be_sliced": declared.get("may_be_sliced", False),
            "writes": writes,
            "survey": self._survey(declared),
            "notifications": self.notifications if declared.get("notify") else [],
        }

    def _extra_vars(self, declared: Json) -> Json:
        variables = dict(declared.get("extra_vars", {}))
        for setting, more in declared.get("extra_vars_with", {}).items():
            variables |= more if self._is_set(setting) else {}
        return variables

    def _survey(self, declared: Json) -> Json:
        return survey(declared["questions"], objects=self._objects, profiles=self._profiles)

    def schedules(self) -> list[Json]:
        """With an answer to each question that has a default: what the scheduled job does is written there."""
        made = {declared["name"]: declared for declared in self._makable()}
        return [
            {
                "name": self._settings.prefixed(entry["job_template"]),
                "rrule": getattr(self._settings, entry["setting"]),
                "answers": self._default_answers(made[entry["job_template"]]),
                **({"slices": self._settings.slices} if made[entry["job_template"]].get("may_be_sliced") else {}),
            }
            for entry in self._objects["schedules"]
            if entry["job_template"] in made and getattr(self._settings, entry["setting"])
            if self._is_there("job_templates", entry["job_template"])
        ]

    def _default_answers(self, declared: Json) -> Json:
        asked = self._survey(declared)["spec"]
        return {question["variable"]: question["default"] for question in asked if question.get("default", "") != ""}

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
        declared = self._objects["workflow"]
        if not self.workflow() or not self._is_there("workflow_job_templates", declared["name"]):
            return []
        nodes = self._nodes()
        steps = {node["job_template"] for node in nodes if "job_template" in node}
        if not all(self._is_there("job_templates", step) for step in steps):
            return []
        return [self._node(node) for node in nodes]

    def removed_nodes(self) -> list[str]:
        """The names of those that are left out, which may be there from settings of before."""
        kept = {node["name"] for node in self.nodes()}
        return [node["name"] for node in self._objects["workflow"]["nodes"] if kept and node["name"] not in kept]

    def _node(self, node: Json) -> Json:
        """One of a job template, or of an approval."""
        shown = {"name": node["name"], "success": node.get("success", []), "failure": node.get("failure", [])}
        if "approval" in node:
            approval = node["approval"]
            return {**shown, "approval": {**approval, "name": self._settings.prefixed(approval["name"])}}
        own = node.get("job_template")
        template = self._settings.prefixed(own) if own else self._settings.provision_job_template
        return {**shown, "job_template": template, "answers": node.get("answers", {})}

    def to_do(self) -> list[str]:
        """What is left for a person, and what check mode could not look at."""
        lines = list(self.types.notes)
        unset = [kind for kind in NEEDED if not self._is_set(CREDENTIALS[kind])]
        if unset:
            begins = tuple(f"Entra {kind} " for kind in unset)
            kinds = ", ".join(kind["name"] for kind in self.types.wanted if kind["name"].startswith(begins))
            names = " and ".join(f"{PREFIX}{CREDENTIALS[kind]}" for kind in unset)
            lines.append(
                f"Create credentials in AWX of the types {kinds}; set {names} to their names, and run this again. Until"
                f" then, these are not created: {', '.join(self._not_makable())}."
            )
        announced = self._announced()
        if announced:
            lines.append(f"Check mode cannot check more: without it, these would be created: {', '.join(announced)}.")
        return lines

    def _not_makable(self) -> list[str]:
        made = [declared["name"] for declared in self._makable()]
        names = [declared["name"] for declared in self._declared() if declared["name"] not in made]
        workflow = [] if self._has_all_steps else [f"the workflow {self._objects['workflow']['name']}"]
        return [*(f"the job template {name}" for name in names), *workflow]

    def _announced(self) -> list[str]:
        """The objects that are not looked up in check mode, since what they refer to is not there."""
        if not self._check_mode:
            return []
        made = [declared["name"] for declared in self._makable()]
        new = [name for name in made if not self._is_there("job_templates", name)]
        due = [entry["job_template"] for entry in self._objects["schedules"] if entry["job_template"] in new]
        lines = [f"the job template {name}" for name in new if not self._can_refer]
        lines += [f"the schedule {name}" for name in due]
        if self._has_all_steps and not self.nodes():
            lines.append(f"the workflow {self._objects['workflow']['name']}")
        return lines

    def _makable(self) -> list[Json]:
        """The job templates whose credentials are set: without them, no job of theirs can work."""
        return [declared for declared in self._declared() if all(self._credentials(declared))]

    def _declared(self) -> list[Json]:
        """The job templates without those of a setting that is empty."""
        declared = self._objects["job_templates"]
        return [entry for entry in declared if "setting" not in entry or self._is_set(entry["setting"])]

    def _is_set(self, setting: str) -> bool:
        return bool(getattr(self._settings, setting))

    def _nodes(self) -> list[Json]:
        return declared_nodes(self._objects, is_set=self._is_set)

    def _credentials(self, declared: Json) -> list[str]:
        return [getattr(self._settings, CREDENTIALS[kind]) for kind in declared["credentials"]]

    def _optional(self, declared: Json) -> list[str]:
        found = [getattr(self._settings, CREDENTIALS[kind]) for kind in declared.get("optional_credentials", [])]
        return [name for name in found if name]

    @property
    def _has_all_steps(self) -> bool:
        made = {declared["name"] for declared in self._makable()}
        needed = {node["job_template"] for node in self._nodes() if "job_template" in node}
        return needed <= made

    @property
    def _can_refer(self) -> bool:
        """Whether a job template can name its project and its inventory."""
        return not self._check_mode or bool(self._has("projects") and self._has("inventories"))

    def _is_there(self, kind: str, name: str) -> bool:
        """Whether AWX has it; outside of check mode, it has been made before it is named."""
        return not self._check_mode or self._settings.prefixed(name) in {held["name"] for held in self._has(kind)}

    def _has(self, kind: str) -> list[Json]:
        found: list[Json] = self._found[kind]
        return found


def declared_nodes(objects: Json, *, is_set: t.Callable[[str], bool]) -> list[Json]:
    """The nodes of the workflow without those of a setting that is empty, and without what leads from them alone.

    What follows such a node by success follows the one before it instead.
    """
    declared = objects["workflow"]["nodes"]
    left_out = {node["name"]: node for node in declared if "setting" in node and not is_set(node["setting"])}

    def following(node: Json, way: str) -> list[str]:
        found: list[str] = []
        for name in node.get(way, ()):
            found += following(left_out[name], "success") if name in left_out else [name]
        return found

    nodes = [
        {**node, **{way: following(node, way) for way in ("success", "failure")}}
        for node in declared
        if node["name"] not in left_out
    ]
    linked = {name for node in nodes for name in (*node["success"], *node["failure"])}
    return [node for node in nodes if node["name"] in linked or node is nodes[0]]
