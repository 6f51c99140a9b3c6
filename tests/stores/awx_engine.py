# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How AWX runs a workflow: which nodes run with which variables, how it ends, and which notifications are sent.

Sources, AWX 24.6.1: awx/main/scheduler/dag_workflow.py (has_workflow_failed), awx/main/models/workflow.py
(get_job_kwargs, get_effective_artifacts), awx/main/models/mixins.py (_update_unified_job_kwargs).
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.stores import awx_surveys
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_objects import Objects

Json = dict[str, t.Any]
NODES = "workflow_job_template_nodes"


@dataclasses.dataclass
class Ended:
    """``ran`` has the variables of each node that ran, in order; ``notified`` the subject of each notification."""

    status: str = "successful"
    ran: dict[str, Json] = dataclasses.field(default_factory=dict)
    notified: list[str] = dataclasses.field(default_factory=list)


def merged(artifacts: t.Iterable[Json]) -> Json:
    """The artifacts of the slices of a job: if two of them have the same name, the last one counts."""
    result: Json = {}
    for one in artifacts:
        result.update(one)
    return result


def has_empty_slice(objects: Objects, template: Json, *, limit: str, slices: int | None = None) -> bool:
    """Whether a job of it fails, since its limit leaves no host in its part of the inventory.

    AWX slices the hosts of the inventory, regardless of the limit, and gives each slice the same limit. ``slices`` is
    the answer of a launch, a schedule or a node. ``limit`` are names of hosts, separated by commas.
    """
    hosts = sorted(row["name"] for row in objects.rows("hosts") if row["inventory"] == template["inventory"])
    wanted = set(limit.split(",")) if limit else set(hosts)
    assert wanted <= set(hosts), "this stand-in only implements limits of host names"
    asked = slices if template["ask_job_slice_count_on_launch"] else None
    count = min(asked or template["job_slice_count"], len(hosts))
    return any(not wanted & set(hosts[number::count]) for number in range(count))


def run_workflow(
    objects: Objects,
    name: str,
    *,
    failed: t.Container[str] = (),
    answers: Json | None = None,
    limit: str = "",
    artifacts: t.Mapping[str, t.Sequence[Json]] | None = None,
) -> Ended:
    """``failed`` are the nodes whose jobs fail, or whose approval is denied; ``artifacts`` those of their slices."""
    workflow = objects.named("workflow_job_templates", name)
    given = awx_surveys.with_defaults(objects.spec_of(workflow["id"]), answers or {})
    nodes = {row["id"]: row for row in objects.rows(NODES) if row["workflow_job_template"] == workflow["id"]}
    children = {
        (key, way): objects.links.get((NODES, key, f"{way}_nodes"), [])
        for key in nodes
        for way in ("success", "failure", "always")
    }
    linked = {child for found in children.values() for child in found}
    due: list[tuple[int, Json]] = [(key, {}) for key in nodes if key not in linked]
    ended = Ended()
    while due:
        key, handed_on = due.pop(0)
        node = nodes[key]["identifier"]
        template = _template(objects, nodes[key])
        ended.ran[node] = _variables(objects, template, {**nodes[key]["extra_data"], **handed_on, **given})
        empty = template["type"] == "job_template" and has_empty_slice(
            objects, template, limit=limit, slices=nodes[key]["job_slice_count"]
        )
        way = "failure" if node in failed or empty else "success"
        following = [*children[key, way], *children[key, "always"]]
        if way == "failure":
            ended.notified += _messages(objects, template, node)
            if not following:
                ended.status = "failed"
        own = merged((artifacts or {}).get(node, ()))
        due += [(child, {**handed_on, **own}) for child in following]
    if ended.status == "failed":
        ended.notified += _messages(objects, workflow, name)
    return ended


def _template(objects: Objects, node: Json) -> Json:
    (found,) = [row for row in objects.rows("unified_job_templates") if row["id"] == node["unified_job_template"]]
    return found


def _variables(objects: Objects, template: Json, runtime: Json) -> Json:
    if template["type"] != "job_template":
        return {}
    own = json.loads(template["extra_vars"] or "{}")
    return {**own, **awx_surveys.with_defaults(objects.spec_of(template["id"]), runtime)}


def _messages(objects: Objects, template: Json, about: str) -> list[str]:
    """One for each notification template that is attached for errors."""
    path = f"{template['type']}s"
    return [about for _one in objects.links.get((path, template["id"], "notification_templates_error"), [])]
