# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole runs between two requests of another run, at each of its requests: all effects of concurrent runs on each
other,
in a reproducible order."""

from __future__ import annotations

import collections.abc as c
import dataclasses
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.faults.promise import DESCRIPTION
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.bench import Bench, described
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.role import RoleRun


@dataclasses.dataclass(frozen=True)
class Race:
    """The entry points of the outer run and of the ones in between, and the initial state."""

    outer: str
    inner: tuple[str, ...]
    state: str


RACES = {
    "two that register": Race("main", ("main",), "nothing"),
    "three that register": Race("main", ("main", "main"), "nothing"),
    "two that renew": Race("rotate", ("rotate",), "due"),
    "three that renew": Race("rotate", ("rotate", "rotate"), "due"),
    "one renews what another registers anew": Race("main", ("rotate",), "due"),
    "two that change nothing": Race("main", ("main",), "valid"),
}


def with_others(bench: Bench, race: Race, number: int, folder: Path) -> tuple[RoleRun, list[RoleRun]]:
    """The outer run, and the others before its request with this number."""
    inner: list[RoleRun] = []
    wire = bench.wire

    def run_others(sent: int) -> None:
        if sent == number and not inner:
            bench.gateway.run_folder = folder
            inner.extend([bench.role.another().run(entry) for entry in race.inner])
            bench.gateway.run_folder = bench.folder
            wire.sent = sent

    wire.before = run_others
    outer = bench.run(race.outer)
    wire.before = lambda _number: None
    return outer, inner


def is_clear(run: RoleRun) -> bool:
    """The run succeeded, or its failure names the other run and the next step."""
    return run.failure is None or bool(run.failure["error"]["next_step"])


@pytest.mark.parametrize("race", RACES.values(), ids=RACES.keys())
def test_guarantees_hold_with_other_runs_before_any_request(
    make_bench: c.Callable[[str], Bench], tmp_path_factory: pytest.TempPathFactory, race: Race
) -> None:
    bench = make_bench("client_secret")
    elsewhere = tmp_path_factory.mktemp("other")
    bench.start_from(race.state)
    assert bench.run(race.outer).is_good
    requests = [f"{request.method} {request.path}" for request in bench.server.requests()]
    broken = []
    for number, request in enumerate(requests, start=1):
        kept = bench.start_from(race.state)
        outer, inner = with_others(bench, race, number, elsewhere)
        assert len(inner) == len(race.inner)
        why = [f"unclear: {described(run)}" for run in (outer, *inner) if not is_clear(run)]
        why += bench.broken_meanwhile(kept)
        if not outer.is_good:
            why += ["none of them succeeded"] if not any(run.is_good for run in inner) else []
            assert bench.run(race.outer).is_good
        why += bench.broken_in_the_end(kept, race.outer)
        if why:
            broken.append(f"{number}. {request}: {'; '.join(why)} | {described(outer)}")
    assert broken == []


def test_runs_with_separate_stores_keep_each_other_s_secret(
    make_bench: c.Callable[[str], Bench], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Two machines, each with a folder of its own, and one application."""
    bench = make_bench("client_secret")
    elsewhere = tmp_path_factory.mktemp("other")
    bench.start_from("nothing")
    assert bench.run("main").is_good
    requests = len(bench.server.requests())
    (shelf,) = bench.gateway.shelves
    others: list[str] = []
    number = 0

    def on_another_machine(sent: int) -> None:
        if sent != number or others:
            return
        shelf.path = elsewhere / "store.json"
        bench.gateway.run_folder = elsewhere
        shelf.keep(None)
        others.append("running")
        assert bench.role.another().run("main").is_good
        others[:] = [bench.stored()["key_id"]]
        shelf.path = bench.folder / "store0.json"
        bench.gateway.run_folder = bench.folder
        bench.wire.sent = sent

    while number < requests:
        number += 1
        others.clear()
        bench.start_from("nothing")
        bench.wire.before = on_another_machine
        assert bench.run("main").is_good
        bench.wire.before = lambda _number: None
        live = {secret["keyId"] for secret in bench.credentials if secret["displayName"] == DESCRIPTION}
        assert live == {bench.stored()["key_id"], *others}, f"before request {number}"
        assert bench.broken_in_the_end(others, "main") == []
