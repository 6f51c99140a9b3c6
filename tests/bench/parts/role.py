# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CPU time of each module and of the role, first run and steady state, compared with pings, a play and Azure CLI."""

from __future__ import annotations

import collections.abc as c
from functools import partial

from ansible_collections.email_gateway.azure_apps.tests.bench.azure_cli import AzureCli
from ansible_collections.email_gateway.azure_apps.tests.bench.measure import Cost, Costs, in_turn, median, ratio
from ansible_collections.email_gateway.azure_apps.tests.bench.part import Part, Table, Task, raw, requests_of, times
from ansible_collections.email_gateway.azure_apps.tests.bench.tenant import tenant
from ansible_collections.email_gateway.azure_apps.tests.bench.workplace import NAMESPACE, Json, Workplace

ROLES_OF_THE_GUIDE = ["Group.Read.All", "GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All"]
UNIQUE_NAME = "gateway"
EMPTY, ROLE, FOUR, AZ = "empty play", "role", "four modules", "Azure CLI, five commands"
STORED = "azure_app_secret with stores"
Case = c.Callable[[int], Cost]


def options(unique_name: str, *, store: str) -> dict[str, Json]:
    """The modules in the order of their use; the last one replaces the one before it."""
    key = {"unique_name": unique_name}
    return {
        "azure_app_registration": {**key, "display_name": f"Gateway {unique_name}"},
        "azure_app_graph_permissions": {**key, "application_permissions": ROLES_OF_THE_GUIDE},
        "azure_admin_consent": key,
        "azure_app_secret": {**key, "description": "Mail gateway"},
        STORED: {**key, "description": "Mail gateway", "stores": [{"type": "ansible_vault", "path": store}]},
    }


class _Plays:
    """The runs. Those of a steady state also get the number of the round, which makes no difference."""

    def __init__(self, place: Workplace) -> None:
        self.place = place

    def options(self, unique_name: str) -> dict[str, Json]:
        return options(unique_name, store=str(self.place.folder / "stores" / f"{unique_name}.vault.yml"))

    def pings(self, count: int, _round: int = 0) -> Cost:
        return self.place.run(self.place.pings(count))

    def modules(self, names: tuple[str, ...], unique_name: str, _round: int = 0) -> Cost:
        wanted = self.options(unique_name)
        tasks: list[Json] = [{f"{NAMESPACE}.{name.partition(' ')[0]}": wanted[name]} for name in names]
        return self.place.run(self.place.play("modules", tasks))

    def role(self, unique_name: str, _round: int = 0) -> Cost:
        return self.place.run(self.place.playbook("register", **self.place.gateway(unique_name)))

    def first_of_module(self, module: str, number: int) -> Cost:
        """For an application of its own, in the state in which the module starts."""
        unique_name = f"{module.replace(' ', '-')}-{number}"
        for before, wanted in self.options(unique_name).items():
            if before == module:
                break
            if before != "azure_app_secret":
                self.place.served.run_module(before, wanted)
        return self.modules((module,), unique_name)


def measure(task: Task) -> Part:
    with tenant() as served:
        plays = _Plays(Workplace(task.folder, served))
        modules = tuple(plays.options(""))
        plays.modules(modules, UNIQUE_NAME)
        plays.role(ROLE)
        # This run compiles what only a steady state uses, and shows the number of displayed tasks.
        plays.role(ROLE)
        shown = plays.place.tasks_shown
        base: dict[str, Case] = {_pings(count): partial(plays.pings, count) for count in (0, 1, 4, shown)}
        steady: dict[str, Case] = {
            **base,
            **{name: partial(plays.modules, (name,), UNIQUE_NAME) for name in modules},
            FOUR: partial(plays.modules, modules[:4], UNIQUE_NAME),
            ROLE: partial(plays.role, ROLE),
        }
        if AzureCli.installed():
            az = AzureCli(plays.place)
            client_id = served.client_id(ROLE)
            az.asks_about(client_id)
            steady[AZ] = lambda _round: az.asks_about(client_id)
        later = in_turn(steady, rounds=task.size.rounds)
        first: dict[str, Case] = {
            **base,
            **{name: partial(plays.first_of_module, name) for name in modules},
            FOUR: lambda number: plays.modules(modules[:4], f"four-{number}"),
            ROLE: lambda number: plays.role(f"role-{number}"),
        }
        began = in_turn(first, rounds=task.size.rounds)
    tasks = {**dict.fromkeys(modules, 1), FOUR: 4, ROLE: shown}
    return Part(
        [_table("Steady state", later, tasks), _table("First run", began, tasks), _compared(later, began)],
        {"steady": raw(later), "first": raw(began)},
    )


def _pings(count: int) -> str:
    return {0: EMPTY, 1: "1 ping"}.get(count, f"{count} pings")


def _table(title: str, costs: Costs, tasks: dict[str, int]) -> Table:
    rows = []
    for name, runs in costs.items():
        count = tasks.get(name)
        against = f"{times(ratio(runs, costs[_pings(count)]))} ({_pings(count)})" if count else ""
        to_empty = times(ratio(runs, costs[EMPTY]))
        rows.append([name, times(median(runs)), to_empty, against, requests_of(costs, name)])
    columns = ["a play of", "CPU seconds", "/ empty play", "/ as many pings as tasks", "requests"]
    return Table(title, columns, rows)


def _compared(later: Costs, began: Costs) -> Table:
    """Whole runs, compared with each other."""
    rows = [
        ["role / four modules, steady state", times(ratio(later[ROLE], later[FOUR]))],
        ["role / four modules, first run", times(ratio(began[ROLE], began[FOUR]))],
    ]
    if AZ in later:
        rows.append(["Azure CLI / role, steady state", times(ratio(later[AZ], later[ROLE]))])
        rows.append(["Azure CLI / four modules, steady state", times(ratio(later[AZ], later[FOUR]))])
    return Table("Compared with each other", ["CPU time of", "ratio"], rows)
