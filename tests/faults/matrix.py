# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make faults: the outcome of every fault of each request of the role.

Writes build/faults/report.md and report.json; exits with 1 if any cell is broken. Without --full only a sample of the
matrix is run: every request and every fault, and all faults for the request that creates the credential.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import multiprocessing
import os
import statistics
import sys
import threading
from collections import Counter
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.tests.faults.cells import JOBS, KILLS, Bench, Cell, Outcome
from ansible_collections.email_gateway.azure_apps.tests.faults.faults import FAULTS

_BENCH: list[Bench] = []


def cells_of(job: str, requests: list[str], *, full: bool) -> list[Cell]:
    """In the sample, the worst fault is used for every request, and the others in turn."""
    everything = [*FAULTS, *KILLS]
    cells = []
    for number, request in enumerate(requests, start=1):
        if full or _creates_the_credential(job, request):
            chosen = everything
        else:
            turn = everything[(number * 5) % len(everything)]
            chosen = list(dict.fromkeys(["closed after processing", "kill -9 after playbook and workers", turn]))
            if request.startswith("GET") or "token" in request:
                chosen = [turn]
        cells += [Cell(job, number, request, fault) for fault in chosen]
    return cells


def _creates_the_credential(job: str, request: str) -> bool:
    return request.endswith("/addPassword") or (JOBS[job].certificate and request.startswith("PATCH"))


def _start_bench() -> None:
    bench = Bench()
    _BENCH.append(bench)
    multiprocessing.util.Finalize(bench, bench.close, exitpriority=100)


def _requests(job: str) -> list[str]:
    return _BENCH[0].requests_of(job)


def _run(cell: Cell, usual: int) -> Outcome:
    return _BENCH[0].run(cell, usual=usual)


def table(outcomes: list[Outcome]) -> str:
    lines = ["| job | request | fault | outcome | attempts | extra requests |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {o.cell.job} | {o.cell.number}. {o.cell.request} | {o.cell.fault} | {o.outcome} {o.why} | {o.attempts} |"
        f" {o.extra_requests:+d} |"
        for o in outcomes
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="every fault for every request")
    parser.add_argument("--processes", type=int, default=(os.cpu_count() or 2) + 1)
    parser.add_argument("--job", choices=JOBS, action="append")
    parser.add_argument("--only", default="", help="only cells whose request or fault holds this text")
    parser.add_argument("--report", type=Path, default=Path("build/faults"))
    options = parser.parse_args()
    outcomes: list[Outcome] = []
    lock = threading.Lock()
    with concurrent.futures.ProcessPoolExecutor(
        options.processes, mp_context=multiprocessing.get_context("spawn"), initializer=_start_bench
    ) as pool:
        pending = []
        # Read before the cells, which would be in the way.
        for job, requests in [(job, pool.submit(_requests, job).result()) for job in options.job or JOBS]:
            cells = [
                cell
                for cell in cells_of(job, requests, full=options.full)
                if options.only in cell.request or options.only in cell.fault
            ]
            pending += [pool.submit(_run, cell, len(requests)) for cell in cells]
        for done in concurrent.futures.as_completed(pending):
            outcome = done.result()
            with lock:
                outcomes.append(outcome)
            if outcome.why or len(outcomes) % 25 == 0:
                print(f"{len(outcomes)}/{len(pending)} {outcome.cell} {outcome.outcome} {outcome.why}", flush=True)
    outcomes.sort(key=lambda o: (o.cell.job, o.cell.number, o.cell.fault))
    options.report.mkdir(parents=True, exist_ok=True)
    (options.report / "report.md").write_text(table(outcomes))
    (options.report / "report.json").write_text(json.dumps([dataclasses.asdict(o) for o in outcomes], indent=1) + "\n")
    counted = Counter(outcome.outcome for outcome in outcomes)
    print(
        f"the table is in {options.report / 'report.md'}; extra requests, median of what recovered:"
        f" {statistics.median([o.extra_requests for o in outcomes if o.outcome == 'recovered'] or [0])}"
    )
    print(f"recovered by itself: {counted['recovered']}, by one plain run: {counted['rerun']}")
    broken = counted["BROKEN"]
    print(f"{len(outcomes) - broken} passed, {broken} failed")
    return 1 if broken or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
