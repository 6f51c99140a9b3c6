# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports beyond Ansible itself: the names are from a real run, the times from processes that import them."""

from __future__ import annotations

import json
import statistics
import sys

from ansible_collections.email_gateway.azure_apps.tests.bench import clock
from ansible_collections.email_gateway.azure_apps.tests.bench.part import Part, Table, Task, times
from ansible_collections.email_gateway.azure_apps.tests.bench.parts.role import options
from ansible_collections.email_gateway.azure_apps.tests.bench.tenant import tenant
from ansible_collections.email_gateway.azure_apps.tests.bench.workplace import NAMESPACE, Workplace

MODULE = "azure_app_registration"
# Prints the CPU seconds of Ansible (with what a ping imports), of third-party libraries, and of the collection, which
# Ansible's loader compiles.
PROGRAM = """
import contextlib, importlib, json, sys, time
began = time.process_time()
import ansible.cli.playbook
from ansible.plugins.loader import init_plugin_loader
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
Seconds = list[float]
Names = tuple[list[str], list[str], list[str]]


def measure(task: Task) -> Part:
    with tenant() as served:
        place = Workplace(task.folder, served)
        module = place.play(MODULE, [{f"{NAMESPACE}.{MODULE}": options("gateway", store="")[MODULE]}])
        role = place.playbook("register", **place.gateway("gateway"))
        names = {MODULE: _needed(place, module), "role": _needed(place, role)}
        seconds: dict[str, list[Seconds]] = {name: [] for name in names}
        # The first one compiles the files that Python caches.
        for number in range(task.size.rounds * 3 + 1):
            for name, needed in names.items():
                place.run([sys.executable, "-c", PROGRAM, json.dumps(needed)])
                if number:
                    seconds[name].append(json.loads(place.output))
    rows = [_row(name, names[name], found) for name, found in seconds.items()]
    columns = ["steady state of", "modules of others", "of the collection", "CPU seconds of others"]
    columns += ["of the collection", "both / import of Ansible itself"]
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


def _row(name: str, needed: Names, found: list[Seconds]) -> list[str]:
    _pinged, others, ours = needed
    medians = [statistics.median(seconds[index] for seconds in found) for index in (1, 2)]
    share = statistics.median((seconds[1] + seconds[2]) / seconds[0] for seconds in found)
    return [name, str(len(others)), str(len(ours)), *(f"{value:.3f}" for value in medians), times(share)]
