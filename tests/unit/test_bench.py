# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calculations of make bench. The benchmark itself is not run here, since times depend on the machine."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.bench import __main__ as bench
from ansible_collections.email_gateway.azure_apps.tests.bench import measure, tables
from ansible_collections.email_gateway.azure_apps.tests.bench.clock import Call
from ansible_collections.email_gateway.azure_apps.tests.bench.measure import Cost
from ansible_collections.email_gateway.azure_apps.tests.bench.parts import profile
from ansible_collections.email_gateway.azure_apps.tests.bench.served import pattern
from ansible_collections.email_gateway.azure_apps.tests.bench.tenant import Asked, in_sequence
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant

TABLE = {"title": "T", "columns": ["what", "n"], "rows": [["one", "1"], ["hundred", "100 (all)"]], "note": "A note."}
ABOUT = {
    "command": "make bench ONLY=role",
    "date": "2026-01-01",
    "versions": {"Python": "3.13.0", "Azure CLI": ""},
    "processors": 2,
    "load_before": [0.5, 0, 0],
    "load_after": [1.5, 0, 0],
}


def cost(cpu: float, *, wall: float = 0.0) -> Cost:
    return Cost(cpu=cpu, wall=wall, peak_mb=1.0)


def asked(*times: tuple[float, float]) -> list[Asked]:
    """Requests with the times when the server began and ended, in seconds."""
    noon = datetime(2026, 1, 1, 12)
    return [Asked("GET /", noon + timedelta(seconds=began), noon + timedelta(seconds=ended)) for began, ended in times]


def test_a_ratio_is_the_median_of_the_pairs() -> None:
    """A machine that is slow in one round slows down both commands of a pair."""
    assert measure.ratio([cost(2), cost(20), cost(3)], [cost(1), cost(10), cost(1)]) == 2


def test_cases_are_run_in_turn() -> None:
    order = []

    def case(name: str, number: int) -> Cost:
        order.append((name, number))
        return cost(number)

    costs = measure.in_turn({name: partial(case, name) for name in "ab"}, rounds=2)
    assert order == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert [one.cpu for one in costs["b"]] == [0, 1]


def test_a_command_is_measured_with_its_children_only(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}], check=True)"
    assert measure.run([sys.executable, "-c", child], folder=tmp_path, environ={}).cpu >= 0.2
    both = measure.run([sys.executable, "-c", busy], [sys.executable, "-c", busy], folder=tmp_path, environ={})
    assert both.cpu >= 0.4


def test_a_failing_command_ends_the_measurement_and_shows_its_output(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"(?s)ended with 3.*printed"):
        measure.run([sys.executable, "-c", "print('printed'); exit(3)"], folder=tmp_path, environ={})


@pytest.mark.parametrize(
    ("times", "count"),
    [
        ([], 0),
        ([(0, 0.1)], 1),
        ([(0, 0.1), (0.2, 0.3), (0.4, 0.5)], 3),
        # Sent before the response to the first one arrived, which takes a round trip.
        ([(0, 0.1), (0.15, 0.25)], 1),
        ([(0, 0.1), (0.05, 0.2), (0.19, 0.4)], 2),
    ],
)
def test_requests_in_sequence_are_those_that_wait_for_a_response(times: list[tuple[float, float]], count: int) -> None:
    assert in_sequence(asked(*times), round_trip=0.08) == count


def test_a_pattern_contains_no_ids(tenant: Tenant) -> None:
    tenant.with_secret("Mail.Send")
    tenant.ok("azure_app_registration", unique_name="gateway", state="absent")
    patterns = {pattern(entry) for entry in tenant.server.requests()}
    assert "GET /v1.0/applications(uniqueName='*')" in patterns
    assert "DELETE /v1.0/applications/*" in patterns
    assert not [text for text in patterns if "gateway" in text or tenant.server.tenant_id in text]


def test_time_outside_of_watched_calls_counts_for_ansible() -> None:
    ours = "import ansible_collections.email_gateway.azure_apps.plugins.action.azure_app_report"
    calls = [
        Call("TLS", cpu=0.1, wall=0.1, worker=True),
        Call("answers", cpu=0.1, wall=0.5, worker=True),
        Call(ours, cpu=0.25, wall=0.25, worker=False),
        Call("import requests", cpu=0.25, wall=0.25, worker=True),
    ]
    found = profile.profile(cost(2, wall=3), calls, python=cost(0.3))
    assert found[profile.ANSIBLE][0] == pytest.approx(1.0)
    assert found["imports of the collection, in the main process"] == (0.25, 0.25)
    assert found["imports of others, in workers"] == (0.25, 0.25)
    assert sum(cpu for name, (cpu, _wall) in found.items() if name != profile.ALL) == pytest.approx(2)


def test_the_numbers_are_written_between_the_markers_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before\n\n{tables.BEGIN}\nold\n{tables.END}\n\nAfter\n")
    for _again in range(2):
        tables.write_page({"role": {"tables": [TABLE], "about": ABOUT}}, page)
    assert page.read_text() == (
        f"Before\n\n{tables.BEGIN}\n\n"
        "### T\n\n| what    |         n |\n| ------- | --------: |\n| one     |         1 |\n| hundred | 100 (all) |\n"
        "\nA note.\n\n"
        "`make bench ONLY=role`, 2026-01-01: Python 3.13.0, 2 processors, load 0.5 before and 1.5 after.\n\n"
        f"{tables.END}\n\nAfter\n"
    )


def test_the_page_names_each_part() -> None:
    text = tables.PAGE.read_text()
    assert [name for name in bench.PARTS if f"| `{name}` |" not in text] == []
    assert text.index(tables.BEGIN) < text.index(tables.END)


def test_no_file_of_the_benchmark_is_long() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in (REPOSITORY / "tests/bench").rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length >= 400} == {}
