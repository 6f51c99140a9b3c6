# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CPU time of a task, compared with ansible.builtin.ping in the same run.

For each module, one ansible-playbook run has ROUNDS pings and one has ROUNDS calls of the module; the difference in
CPU time of the whole process tree, divided by ROUNDS, is what a task costs more than a ping. The median of REPEATS such
pairs is shown. Machines are noisy: compare the numbers of one run with each other.

    make benchmark
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import yaml

from graph_emulator.server import EmulatorServer

ROUNDS = 10
REPEATS = 3
GATEWAY: dict[str, t.Any] = {"unique_name": "gateway"}
CALLS: dict[str, dict[str, t.Any]] = {
    "azure_app_registration": {"display_name": "Gateway", **GATEWAY},
    "azure_app_graph_permissions": {**GATEWAY, "application_permissions": ["Mail.ReadWrite"]},
    "azure_admin_consent": GATEWAY,
    "azure_app_secret": {**GATEWAY, "description": "gateway"},
    "azure_app_registration_info": GATEWAY,
    "azure_app_token_info": {
        "tenant_id": "{{ lookup('ansible.builtin.env', 'AZURE_TENANT') }}",
        "client_id": "{{ lookup('ansible.builtin.env', 'AZURE_CLIENT_ID') }}",
        "client_secret": "{{ lookup('ansible.builtin.env', 'AZURE_SECRET') }}",
    },
}


def cpu_seconds(tasks: list[dict[str, t.Any]], folder: Path, environ: dict[str, str]) -> float:
    """User and system time of one ansible-playbook run with everything that it starts."""
    playbook = folder / "play.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["ansible-playbook", str(playbook)], env=environ, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    with EmulatorServer() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = {
            **os.environ,
            **server.environment(),
        }
        cpu_seconds([{f"email_gateway.azure_apps.{module}": call} for module, call in CALLS.items()], folder, environ)
        print(f"CPU seconds a task more than ansible.builtin.ping, median of {REPEATS} (limit 0.15)")
        pings = [cpu_seconds([{"ansible.builtin.ping": {}}] * ROUNDS, folder, environ) for _repeat in range(REPEATS)]
        for module, call in CALLS.items():
            task = {f"email_gateway.azure_apps.{module}": call}
            costs = [(cpu_seconds([task] * ROUNDS, folder, environ) - ping) / ROUNDS for ping in pings]
            print(f"  {module:32s} {statistics.median(costs):+.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
