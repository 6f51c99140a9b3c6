# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests of each playbook, by number and kind. They are exact, and the tests compare them with expected.yml."""

from __future__ import annotations

import collections

from ansible_collections.email_gateway.azure_apps.tests.bench.part import Part, Table, Task
from ansible_collections.email_gateway.azure_apps.tests.bench.steps import steps
from ansible_collections.email_gateway.azure_apps.tests.bench.tenant import tenant
from ansible_collections.email_gateway.azure_apps.tests.bench.workplace import Workplace

UNIQUE_NAME = "gateway"


def measure(task: Task) -> Part:
    totals = []
    asked: dict[str, collections.Counter[str]] = {}
    with tenant() as served:
        place = Workplace(task.folder, served)
        for step in steps(UNIQUE_NAME, mailbox=served.mailbox()):
            variables = {**place.gateway(UNIQUE_NAME), **step.variables}
            cost = place.run(place.playbook(step.playbook, *step.arguments, **variables))
            asked[step.name] = collections.Counter(one.what for one in served.asked())
            totals.append([step.name, str(cost.requests), str(place.tasks_shown)])
    patterns = sorted(set().union(*asked.values()), key=lambda what: (what.partition(" ")[2], what))
    rows = [[f"`{what}`", *(str(count[what] or "") for count in asked.values())] for what in patterns]
    return Part(
        [
            Table("Requests of each playbook", ["playbook", "requests", "tasks shown"], totals),
            Table("The same by path", ["request", *asked], rows, note="An asterisk stands for an id or a name."),
        ],
        {name: dict(count) for name, count in asked.items()},
    )
