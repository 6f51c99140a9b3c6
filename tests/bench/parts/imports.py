# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports beyond Ansible itself: the names are from a real run, the times from processes that import them.

Once as Ansible imports a collection, which it compiles from source in each run, and once as Python imports a package,
with compiled files that it keeps.
"""

from __future__ import annotations

import json
import os
import statistics
import sys

from ansible_collections.email_gateway.azure_apps.tests.bench import clock
from ansible_collections.email_gateway.azure_apps.tests.bench.part import Part, Table, Task, times
from ansible_collections.email_gateway.azure_apps.tests.bench.parts.role import options
from ansible_collections.email_gateway.azure_apps.tests.bench.tenant import tenant
from ansible_collections.email_gateway.azure_apps.tests.bench.workplace import NAMESPACE, Workplace

MODULE = "azure_app_registration"
# Prints the CPU seconds of Ansible (with what a ping imports), of third-party libraries, and of the collection.
PROGRAM = """
import contextlib, importlib, json, sys, time
began = time.process_time()
import ansible.cli.playbook
from ansible.plugins.loader import init_plugin_loader
if sys.argv[2] == "ansible":
    init_plugin_loader()
seconds = []
for names in json.loads(sys.argv[1]):
    for name in names:
        with contextlib.suppress(ImportError):  # some are tried and not there
            importlib.import_module(name)
    seconds.append(time.process_time() - began)
    began = time.process_time()
print(json.dumps(seconds))
"""
LOADERS = ("ansible", "python")
Seconds = list[float]
Names = tuple[list[str], list[str], list[str]]


def measure(task: Task) -> Part:
    with tenant() as served:
        place = Workplace(task.folder, served)
        module = place.play(MODULE, [{f"{NAMESPACE}.{MODULE}": options("gateway", store="")[MODULE]}])
        role = place.playbook("register", **place.gateway("gateway"))
        names = {MODULE: _needed(place, module), "role": _needed(place, role)}
        seconds: dict[str, dict[str, list[Seconds]]] = {name: {loader: [] for loader in LOADERS} for name in names}
        # The first one compiles the files that Python keeps.
        for number in range(task.size.rounds * 3 + 1):
            for name, needed in names.items():
                for loader in LOADERS:
                    found = _seconds(place, needed, loader)
                    if number:
                        seconds[name][loader].append(found)
    rows = [_row(name, names[name], found_seconds) for name, found_seconds in seconds.items()]
    columns = ["steady state of", "modules of others", "of the collection", "CPU seconds of others"]
    columns += ["of the collection", "the same, if it were kept compiled", "both / import of Ansible itself"]
    return Part([Table("Imports above Ansible", columns, rows)], {"seconds": seconds, "names": names})


def _needed(place: Workplace, command: list[str]) -> Names:
    """What a ping imports, and what a steady run also imports: of third parties, and of the collection."""
    place.run(command)
    _cost, pinged = clock.run(place, place.pings(1))
    _cost, calls = clock.run(place, command)
    without = clock.imported(pinged)
    names = [name for name in clock.imported(calls) if name not in without]
    ours = [name for name in names if name.startswith(clock.OURS)]
    return without, [name for name in names if name not in ours], ours


def _seconds(place: Workplace, needed: Names, loader: str) -> Seconds:
    command = [sys.executable, "-c", PROGRAM, json.dumps(needed), loader]
    place.run(command, PYTHONPATH=os.environ["ANSIBLE_COLLECTIONS_PATH"])
    found: Seconds = json.loads(place.output)
    return found


def _row(name: str, needed: Names, found: dict[str, list[Seconds]]) -> list[str]:
    _pinged, others, ours = needed
    of_others, of_ours = (statistics.median(seconds[index] for seconds in found["ansible"]) for index in (1, 2))
    kept = statistics.median(seconds[2] for seconds in found["python"])
    share = statistics.median((seconds[1] + seconds[2]) / seconds[0] for seconds in found["ansible"])
    return [
        name,
        str(len(others)),
        str(len(ours)),
        *(f"{value:.3f}" for value in (of_others, of_ours, kept)),
        times(share),
    ]
