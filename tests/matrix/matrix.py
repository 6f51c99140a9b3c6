# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make matrix: the main job with each supported ansible-core, and whether the results are the same.

Writes the differences to build/matrix/VERSION.txt; exits with 1 if a version that can be run was not run, its job
failed,
or its results differ from those of the newest version.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import sys
import time

from ansible_collections.email_gateway.azure_apps.tests.matrix import installation, playbook_runs
from ansible_collections.email_gateway.azure_apps.tests.matrix.comparison import differences
from ansible_collections.email_gateway.azure_apps.tests.matrix.installation import Installation, Python
from ansible_collections.email_gateway.azure_apps.tests.matrix.versions import SUPPORTED, Cell, cells

SHOWN = 5


@dataclasses.dataclass
class Outcome:
    """The outcome of one cell; ``done`` is None if the version could not be installed."""

    cell: Cell
    title: str
    seconds: float
    done: playbook_runs.Done | None
    problems: list[str]


def run(cell: Cell, python: Python) -> Outcome:
    started = time.monotonic()
    installed = Installation(cell, python)
    try:
        installed.ensure()
        done = playbook_runs.run_job(installed.programs, installation.FOLDER / f"{cell.name}.runs")
    except Exception as exc:  # pylint: disable=broad-exception-caught  # the other versions go on
        return Outcome(cell, cell.name, time.monotonic() - started, None, [f"{type(exc).__name__}: {exc}"])
    return Outcome(cell, installed.title, time.monotonic() - started, done, done.problems)


def line(outcome: Outcome, newest: Outcome | None) -> str:
    """The line that is printed for a cell; at this point, the problems include the differences."""
    name = outcome.cell.core.name
    if outcome.problems:
        shown = "".join(f"\n    {problem}" for problem in outcome.problems[:SHOWN])
        return f"{name}: FAILED, {outcome.title}, {len(outcome.problems)} problems{shown}"
    runs = outcome.done.runs if outcome.done else 0
    like = "the newest" if newest is None or outcome is newest else f"as with {newest.title}"
    return f"{name}: {outcome.title}, {runs} runs in {outcome.seconds:.0f} s, {like}"


def judge(outcomes: list[Outcome]) -> Outcome | None:
    """Add the differences from the newest version that completed its playbook runs to the problems."""
    sound = [outcome for outcome in outcomes if outcome.done is not None and not outcome.problems]
    if not sound:
        return None
    newest = max(sound, key=lambda outcome: (SUPPORTED.index(outcome.cell.core), -(outcome.cell.python or 0)))
    assert newest.done is not None
    for outcome in outcomes:
        if outcome.done is None:
            continue
        found = differences(outcome.done.observed, newest.done.observed)
        outcome.problems = [*outcome.problems, *(f"differs from {newest.title}: {entry}" for entry in found)]
    return newest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", metavar="VERSION", help="only these versions of the table")
    options = parser.parse_args()
    pythons = installation.pythons()
    chosen = [cell for cell in cells(pythons) if not options.only or cell.core.name in options.only]
    found = ", ".join(".".join(map(str, pythons[minor].version)) for minor in sorted(pythons))
    print(f"Python on this machine: {found}", flush=True)
    installation.FOLDER.mkdir(parents=True, exist_ok=True)
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        pending = [pool.submit(run, cell, pythons[cell.python]) for cell in chosen if cell.python is not None]
        for done in concurrent.futures.as_completed(pending):
            outcomes.append(done.result())
            print(f"  {len(outcomes)}/{len(pending)} {outcomes[-1].title}", flush=True)
    newest = judge(outcomes)
    by_cell = {outcome.cell: outcome for outcome in outcomes}
    for cell in chosen:
        if cell in by_cell:
            print(line(by_cell[cell], newest))
            report = installation.FOLDER / f"{cell.name}.txt"
            report.write_text("".join(f"{problem}\n" for problem in by_cell[cell].problems))
        else:
            print(f"{cell.core.name}: skipped, {cell.skipped}")
    failed = sum(bool(outcome.problems) for outcome in outcomes)
    print(f"{len(outcomes) - failed} passed, {failed} failed, {len(chosen) - len(outcomes)} skipped")
    return 1 if failed or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
