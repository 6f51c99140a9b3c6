# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of `make check` and of CI: one list, a table at the end, and an end at the first failure."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAGES = [line for line in (ROOT / ".ci/stages").read_text().splitlines() if line and not line.startswith("#")]


def check(folder: Path, *, failing: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the stages with a fake make that only prints its arguments."""
    make = folder / "make"
    make.write_text(f'#!/bin/sh\necho "made $1"\n[ "$1" != "{failing}" ]\n')
    make.chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "KEEP_GOING": "", **environ}
    return subprocess.run([ROOT / ".ci/check"], env=env, capture_output=True, text=True, check=False)


def test_every_stage_is_a_target_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    unknown = [stage for stage in STAGES if stage not in targets]
    assert not unknown, f"add a target to the Makefile, or take the line out of .ci/stages: {unknown}"
    assert len(STAGES) == len(set(STAGES))
    assert "test" in STAGES


def test_all_stages_are_run_in_order(tmp_path: Path) -> None:
    done = check(tmp_path, failing="")
    assert done.returncode == 0
    assert re.findall(r"^made (\w+)$", done.stdout, re.MULTILINE) == STAGES
    assert re.findall(r"^  (\w+) +passed +\d+:\d\d$", done.stdout, re.MULTILINE) == STAGES
    assert done.stdout.endswith(f"\n{len(STAGES)} passed, 0 failed, 0 skipped\n")


@pytest.mark.parametrize("keep_going", ["", "1"])
def test_a_failed_stage_ends_the_check_unless_keep_going_is_set(tmp_path: Path, keep_going: str) -> None:
    done = check(tmp_path, failing=STAGES[1], KEEP_GOING=keep_going)
    assert done.returncode == 1
    made = STAGES if keep_going else STAGES[:2]
    assert re.findall(r"^made (\w+)$", done.stdout, re.MULTILINE) == made
    assert re.findall(r"^  (\w+) +FAILED", done.stdout, re.MULTILINE) == STAGES[1:2]
    skipped = len(STAGES) - len(made)
    assert done.stdout.endswith(f"\n{len(made) - 1} passed, 1 failed, {skipped} skipped\n")


@pytest.mark.parametrize("script", [".ci/check", ".ci/dev", ".ci/judges", ".ci/release", ".ci/run"])
def test_each_script_can_be_read_by_its_shell(script: str) -> None:
    shell = "bash" if (ROOT / script).read_text().startswith("#!/usr/bin/env bash") else "sh"
    checked = subprocess.run([shell, "-n", ROOT / script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_ci_runs_the_stages() -> None:
    assert (ROOT / ".ci/run").read_text().endswith("\nexec .ci/check\n")
