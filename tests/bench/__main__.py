# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure the cost of the collection, in ratios to well-known commands: python -m ...tests.bench, run by `make bench`.

Each part runs ansible-playbook as a user does, against an emulator in a process of its own. The compared commands run
in turn (A B A B ...), and the medians of the ratios of the pairs are shown. build/bench/result.json contains every
measurement; parts that are not selected keep their previous results.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import shutil
import sys
from datetime import date
from importlib import metadata

from ansible_collections.email_gateway.azure_apps.tests.bench import azure_cli, tables
from ansible_collections.email_gateway.azure_apps.tests.bench.part import SIZES, Part, Task
from ansible_collections.email_gateway.azure_apps.tests.bench.parts import (
    fleet,
    imports,
    latency,
    profile,
    report,
    requests,
    role,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

PARTS = {
    "role": role.measure,
    "requests": requests.measure,
    "imports": imports.measure,
    "profile": profile.measure,
    "latency": latency.measure,
    "fleet": fleet.measure,
    "report": report.measure,
}
FOLDER = REPOSITORY / "build" / "bench"
RESULT = FOLDER / "result.json"


def versions() -> dict[str, str]:
    """The versions of everything that the measurements depend on."""
    libraries = {name: metadata.version(name) for name in ("ansible-core", "requests", "msal", "cryptography")}
    return {"Python": platform.python_version(), **libraries, "Azure CLI": azure_cli.version()}


def measured(name: str, size: str) -> tables.Json:
    """Measure one part, and record the conditions of the measurement."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    before = os.getloadavg()
    part: Part = PARTS[name](Task(SIZES[size], folder))
    conditions = {
        "command": f"make bench SIZE={size} ONLY={name}",
        "date": date.today().isoformat(),
        "versions": versions(),
        "processors": os.cpu_count(),
        "load_before": before,
        "load_after": os.getloadavg(),
        "rounds": SIZES[size].rounds,
    }
    return {"about": conditions, **dataclasses.asdict(part)}


def results() -> tables.Json:
    """The results so far, by part."""
    found: tables.Json = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="quick")
    parser.add_argument("--only", nargs="*", choices=PARTS, help="parts to measure; all, if there are none")
    parser.add_argument("--page", action="store_true", help="also write the figures into docs/performance.md")
    chosen = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in chosen.only or PARTS:
        print(f"Measuring {name} ...", file=sys.stderr)
        part = measured(name, chosen.size)
        print("\n\n".join([*map(tables.markdown, part["tables"]), tables.about(part)]), end="\n\n", flush=True)
        result = {**results(), name: part}
        RESULT.write_text(json.dumps({key: result[key] for key in PARTS if key in result}, indent=2) + "\n")
    if chosen.page:
        tables.write_page(results())


if __name__ == "__main__":
    main()
