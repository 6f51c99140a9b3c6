# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each request of the role meets each fault, and each run ends at each of its steps, in this process and a time of its
own. tests/faults shows a sample of it in real runs of ansible-playbook."""

from __future__ import annotations

import collections.abc as c
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.faults.faults import FAULTS
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.bench import Bench, described
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.role import RoleRun
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.virtual_wire import Interrupted, Killed, Stop

# The entry point of the role, and the state that it starts from.
JOBS = {"register": ("main", "nothing"), "rotate": ("rotate", "due")}
STOPS = {
    f"{how.__name__.lower()} {'after' if after else 'before'}": (how, after)
    for how in (Killed, Interrupted)
    for after in (False, True)
}


def requests_of(bench: Bench, job: str) -> list[str]:
    """The requests of the job when nothing goes wrong, in their order."""
    entry, state = JOBS[job]
    bench.start_from(state)
    assert bench.run(entry).is_good
    return [f"{request.method} {request.path}" for request in bench.server.requests()]


def each_request(
    bench: Bench, job: str, faulty: c.Callable[[int, str], RoleRun], *, is_clear: bool = True
) -> t.Iterator[str]:
    """What is broken, with the number and the name of the request at which something went wrong."""
    entry, state = JOBS[job]
    for number, request in enumerate(requests_of(bench, job), start=1):
        kept = bench.start_from(state)
        run = faulty(number, entry)
        why = []
        if is_clear and run.failure is not None and not run.failure["error"]["next_step"]:
            why.append("an unclear error")
        bench.server.faults.clear()
        bench.wire.finish_late()
        why += bench.broken_meanwhile(kept)
        if not run.is_good or bench.gateway.claims.exists() or bench.role.credential_type == "certificate":
            next_run = bench.run(entry)
            if not next_run.is_good:
                why.append(f"the next run failed: {described(next_run)}")
        why += bench.broken_in_the_end(kept, entry)
        if why:
            yield f"{number}. {request}: {'; '.join(why)} | {described(run)}"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("job", JOBS)
def test_a_fault_of_any_request(bench: Bench, job: str, fault: str) -> None:
    def faulty(number: int, entry: str) -> RoleRun:
        rule = bench.server.faults.add(nth=number, outer_only=True, **FAULTS[fault])
        run = bench.run(entry)
        assert rule.fired
        return run

    assert list(each_request(bench, job, faulty)) == []


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("job", JOBS)
def test_a_run_that_ends_at_any_request(bench: Bench, job: str, stop: str) -> None:
    how, after = STOPS[stop]

    def ended(number: int, entry: str) -> RoleRun:
        run = bench.run(entry, stop=Stop(number, after=after, how=how))
        assert isinstance(run.ended_by, how)
        return run

    assert list(each_request(bench, job, ended)) == []
