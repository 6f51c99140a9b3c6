# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CPU time and HTTP requests of the role when there is nothing to change, compared with the four modules and a ping.

CPU time is user and system time of ansible-playbook with all its children. The runs are taken in turn, ROUNDS times,
and medians are compared, so that a busy machine slows all of them down alike. Compiled Python is kept, as for users.

    make benchmark
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import yaml

from graph_emulator.wire.server import EmulatorServer

ROUNDS = 5
# Of the role to the play with the four modules, both as whole runs.
LIMIT_TO_MODULES = 1.5
# Of the role to one ping, both without what an empty play costs.
LIMIT_TO_PING = 3.5
UNIQUE_NAME = "gateway"
APPLICATION = {"unique_name": "modules"}
ROLES_OF_THE_GUIDE = ["Group.Read.All", "GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All"]
MODULES: dict[str, dict[str, t.Any]] = {
    "azure_app_registration": {"display_name": "Modules", **APPLICATION},
    "azure_app_graph_permissions": {"application_permissions": ROLES_OF_THE_GUIDE, **APPLICATION},
    "azure_admin_consent": APPLICATION,
    "azure_app_secret": {"description": "Modules", **APPLICATION},
}


@dataclasses.dataclass
class Case:
    """A command, and what its runs cost."""

    title: str
    command: list[str]
    seconds: list[float] = dataclasses.field(default_factory=list)
    requests: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


class Bench:
    """A user's folder and a tenant."""

    def __init__(self, folder: Path, server: EmulatorServer) -> None:
        self._folder = folder
        self._server = server
        password = folder / "vault-password"
        password.write_text("a password for this measurement\n")
        self._environ = {**os.environ, **server.environment(), "ANSIBLE_VAULT_PASSWORD_FILE": str(password)}
        self._environ.pop("PYTHONDONTWRITEBYTECODE", None)

    def play(self, title: str, tasks: list[dict[str, t.Any]]) -> Case:
        path = self._folder / f"{title.replace(' ', '_')}.yml"
        path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        return Case(title, ["ansible-playbook", str(path)])

    def role(self, title: str) -> Case:
        variables = {
            "gateway_app_profile": "outbound_microsoft365",
            "gateway_app_unique_name": UNIQUE_NAME,
            "gateway_app_store_path": str(self._folder / "gateway.vault.yml"),
        }
        return Case(title, ["ansible-playbook", "email_gateway.azure_apps.register", "-e", json.dumps(variables)])

    def run(self, case: Case) -> float:
        """CPU time in seconds. The tenant runs in this process, so it is not counted."""
        self._server.journal.clear()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            case.command, env=self._environ, cwd=self._folder, check=False, capture_output=True, text=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            raise SystemExit(f"{case.title} failed:\n{done.stdout}{done.stderr}")
        case.requests = len(self._server.requests())
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(bench: Bench) -> list[Case]:
    modules = [{f"email_gateway.azure_apps.{name}": options} for name, options in MODULES.items()]
    cases = [
        bench.play("empty play", []),
        bench.play("one ping", [{"ansible.builtin.ping": {}}]),
        bench.play("four modules", modules),
        bench.role("role"),
    ]
    # The first run creates what the others find, the second one compiles what only a steady state uses.
    for case in cases * 2:
        bench.run(case)
    for _round in range(ROUNDS):
        for case in cases:
            case.seconds.append(bench.run(case))
    return cases


def ratio(title: str, value: float, limit: float) -> bool:
    print(f"  {title:46s} {value:6.2f} (limit {limit})")
    return value > limit


def main() -> int:
    with EmulatorServer() as server, tempfile.TemporaryDirectory() as name:
        cases = measured(Bench(Path(name), server))
    print(f"CPU seconds of a run that changes nothing, medians of {ROUNDS} taken in turn, and HTTP requests")
    for case in cases:
        spread = f"{min(case.seconds):.2f} to {max(case.seconds):.2f}"
        print(f"  {case.title:16s} {case.median:6.2f}   ({spread}) {case.requests:3d} requests")
    empty, ping, modules, role = (case.median for case in cases)
    over = ratio("role / four modules", role / modules, LIMIT_TO_MODULES)
    over |= ratio("(role - empty play) / (ping - empty play)", (role - empty) / (ping - empty), LIMIT_TO_PING)
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
