# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix of make matrix: which versions run on which Python, and how results are compared."""

from __future__ import annotations

import itertools
import re
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.matrix.comparison import Normalised, differences
from ansible_collections.email_gateway.azure_apps.tests.matrix.versions import SUPPORTED, Core, cells

ROOT = Path(__file__).resolve().parents[2]
ONE, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
PYTHONS = sorted(set(itertools.chain.from_iterable(range(c.oldest_python, c.newest_python + 1) for c in SUPPORTED)))


def test_the_oldest_supported_version_is_documented() -> None:
    oldest, newest = SUPPORTED[0].name, SUPPORTED[-1].name
    assert yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["requires_ansible"] == f">={oldest}"
    assert f"ansible-core {oldest} or newer (tested up to {newest})" in (ROOT / "README.md").read_text()
    assert f"Python 3.{PYTHONS[0]} or newer" in (ROOT / "README.md").read_text()
    for path in ("tests/requirements-demo.txt", "tests/requirements-eda.txt"):
        assert f"\nansible-core>={oldest}\n" in (ROOT / path).read_text(), path


def test_the_installed_version_supports_the_listed_python_versions() -> None:
    installed = metadata.metadata("ansible-core")
    branch = ".".join(installed["Version"].split(".")[:2])
    (core,) = [core for core in SUPPORTED if core.name == branch]
    classifiers = " ".join(installed.get_all("Classifier") or ())
    named = [int(minor) for minor in re.findall(r"Python :: 3\.(\d+)", classifiers)]
    assert (min(named), max(named)) == (core.oldest_python, core.newest_python)


def test_two_numbers_mean_the_newest_release_and_three_an_exact_one() -> None:
    assert Core("2.18.1", 11, 13).requirement == "ansible-core==2.18.1"
    assert Core("2.18", 11, 13).requirement == "ansible-core~=2.18.0"


@pytest.mark.parametrize("count", range(1, len(PYTHONS) + 1))
def test_every_version_that_can_run_is_selected(count: int) -> None:
    """On any machine: with every selection of Python versions."""
    for found in itertools.combinations(PYTHONS, count):
        chosen = cells(found)
        assert [core for core in SUPPORTED if core in {cell.core for cell in chosen}] == list(SUPPORTED)
        for cell in chosen:
            if cell.python is None:
                assert not any(cell.core.runs_on(python) for python in found)
                assert cell.skipped
            else:
                assert cell.python in found and cell.core.runs_on(cell.python)
        newest = {python: [core for core in SUPPORTED if core.runs_on(python)][-1] for python in found}
        ran = {(cell.python, cell.core) for cell in chosen}
        assert newest.items() <= ran


def test_a_machine_with_only_python_3_11_skips_other_versions() -> None:
    names = [(cell.core.name, cell.skipped) for cell in cells([11])]
    assert names[:6] == [(core.name, "") for core in SUPPORTED[:6]]
    assert names[6:] == [("2.20", "no Python 3.12 to 3.14"), ("2.21", "no Python 3.12 to 3.14")]


def test_corresponding_ids_and_times_of_two_jobs_are_equal() -> None:
    one = {"key_id": ONE, "old": [OTHER], "note": f"{ONE} since 2026-01-02T03:04:05Z in /a/b"}
    other = {"key_id": OTHER, "old": [ONE], "note": f"{OTHER} since 2027-01-02T03:04:05.123Z in /c"}
    left, right = Normalised(texts={"/a/b": "/x"}).of(one), Normalised(texts={"/c": "/x"}).of(other)
    assert differences(left, right) == []
    crossed = {**other, "old": [OTHER]}
    assert differences(left, Normalised(texts={"/c": "/x"}).of(crossed)) == ["old[0]: '<id 2>' instead of '<id 1>'"]


def test_jobs_before_and_after_midnight_are_equal() -> None:
    left, right = (Normalised(texts={}).of({"generated": day}) for day in ("2026-11-28", "2026-11-29"))
    assert differences(left, right) == []
    assert differences(left, Normalised(texts={}).of({"generated": "2026-11-29T00:00:01Z"})) != []


def test_published_ids_are_compared_unchanged() -> None:
    left, right = (Normalised(texts={}, kept_ids={ONE, OTHER}).of({"role": role}) for role in (ONE, OTHER))
    assert differences(left, right) == [f"role: {ONE!r} instead of {OTHER!r}"]


def test_every_differing_field_is_named() -> None:
    one = {"a": 1, "b": {"c": None, "d": [1, 2]}, "e": True}
    other = {"a": "1", "b": {"c": "", "d": [1]}, "f": True}
    assert differences(one, other) == [
        "a: 1 instead of '1'",
        "b.c: None instead of ''",
        "b.d: 2 entries instead of 1",
        "e: True instead of '(missing)'",
        "f: '(missing)' instead of True",
    ]
