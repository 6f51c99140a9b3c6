# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each request of the role with each fault, and a run that ends at each of its steps, in this process with virtual
time.
tests/faults covers a sample of these in real runs of ansible-playbook."""

from __future__ import annotations

import collections.abc as c
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.tests.faults.faults import FAULTS
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.bench import Bench, described
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.role import RoleRun
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.virtual_wire import Interrupted, Killed, Stop

# The entry point of the role, the initial state, and the type of the credential.
JOBS = {
    "register": ("main", "nothing", "client_secret"),
    "rotate": ("rotate", "due", "client_secret"),
    "rotate certificate": ("rotate", "due", "certificate"),
}


def store_failure() -> ConflictError:
    return ConflictError("The store did not answer", next_step="Mend it.")


STOPS: dict[str, tuple[c.Callable[[], BaseException], bool]] = {
    f"{how.__name__.lower()} {'after' if after else 'before'}": (how, after)
    for how in (Killed, Interrupted)
    for after in (False, True)
}


class Cells:
    """One job, in which one step at a time goes wrong."""

    def __init__(self, job: str, make_bench: c.Callable[[str], Bench]) -> None:
        self.entry, self._state, credential_type = JOBS[job]
        self.bench = make_bench(credential_type)

    def start(self) -> list[str]:
        return self.bench.start_from(self._state)

    def good_run(self) -> None:
        self.start()
        assert self.bench.run(self.entry).is_good

    def requests(self) -> list[str]:
        """The requests of the job without a fault, in order."""
        self.good_run()
        return [f"{request.method} {request.path}" for request in self.bench.server.requests()]

    def broken(self, steps: c.Sequence[str], faulty: c.Callable[[int], RoleRun]) -> t.Iterator[str]:
        """The guarantees that are broken after a fault of the step with this number."""
        assert steps
        for number, step in enumerate(steps, start=1):
            kept = self.start()
            run = faulty(number)
            self.bench.server.faults.clear()
            self.bench.wire.finish_late()
            why = self._broken(run, kept)
            if why:
                yield f"{number}. {step}: {'; '.join(why)} | {described(run)}"

    def _broken(self, run: RoleRun, kept: list[str]) -> list[str]:
        bench = self.bench
        why = [] if run.failure is None or run.failure["error"]["next_step"] else ["an unclear error"]
        why += bench.broken_meanwhile(kept)
        # A certificate that was processed twice exists once more with another key id.
        if not run.is_good or bench.gateway.claims.exists() or bench.role.credential_type == "certificate":
            next_run = bench.run(self.entry)
            if not next_run.is_good:
                why.append(f"the next run failed: {described(next_run)}")
        return why + bench.broken_in_the_end(kept, self.entry)


@pytest.fixture(params=JOBS)
def cells(request: pytest.FixtureRequest, make_bench: c.Callable[[str], Bench]) -> Cells:
    return Cells(request.param, make_bench)


@pytest.mark.parametrize("fault", FAULTS)
def test_guarantees_hold_after_a_fault_of_any_request(cells: Cells, fault: str) -> None:
    def faulty(number: int) -> RoleRun:
        rule = cells.bench.server.faults.add(nth=number, outer_only=True, **FAULTS[fault])
        run = cells.bench.run(cells.entry)
        assert rule.fired
        return run

    assert list(cells.broken(cells.requests(), faulty)) == []


@pytest.mark.parametrize("stop", STOPS)
def test_guarantees_hold_if_a_run_ends_at_any_request(cells: Cells, stop: str) -> None:
    how, after = STOPS[stop]

    def ended(number: int) -> RoleRun:
        run = cells.bench.run(cells.entry, stop=Stop(number, how, after=after))
        assert run.ended_by is not None
        return run

    assert list(cells.broken(cells.requests(), ended)) == []


@pytest.mark.parametrize("how", [Killed, Interrupted, store_failure])
def test_guarantees_hold_if_a_run_ends_at_any_operation_of_the_store(
    cells: Cells, how: c.Callable[[], BaseException]
) -> None:
    def ended(number: int) -> RoleRun:
        run = cells.bench.run(cells.entry, stop_at_store=Stop(number, how))
        assert not run.is_good
        return run

    cells.good_run()
    assert "written" in cells.bench.store_steps
    assert list(cells.broken(cells.bench.store_steps[:], ended)) == []
