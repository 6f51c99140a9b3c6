# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept in a folder that goes away with the run is refused before anything is created."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils import _run_folder
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run_folder import (
    check_outlives_the_run,
    run_folders,
)


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of ansible-runner, inside whose project the run works."""
    folder = tmp_path / "run_42"
    (folder / "project").mkdir(parents=True)
    (folder / "env").mkdir()
    (folder / "env" / "extravars").write_text("{}")
    monkeypatch.chdir(folder / "project")
    return folder


@pytest.mark.parametrize(
    ("variable", "words"),
    [("ansible_eda", "ansible-rulebook made"), ("awx_job_id", "AWX made"), ("tower_job_id", "AWX made")],
)
@pytest.mark.parametrize("file", ["project/gateway_app/g.vault.yml", "inventory/g.pem", "../run_42/g"])
def test_a_file_in_the_folder_of_the_run_is_refused(runner: Path, file: str, variable: str, words: str) -> None:
    with pytest.raises(InputError) as refused:
        check_outlives_the_run([str(runner / file)], run_folders([variable]))
    assert words in refused.value.message and "removes afterwards" in refused.value.message
    assert refused.value.next_step


def test_a_link_into_the_folder_is_in_it(runner: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(runner / "project")
    with pytest.raises(InputError):
        check_outlives_the_run([str(tmp_path / "link" / "g")], run_folders(["ansible_eda"]))


def test_a_file_elsewhere_is_taken(runner: Path, tmp_path: Path) -> None:
    check_outlives_the_run([str(tmp_path / "run_42x" / "g")], run_folders(["ansible_eda"]))


def test_a_runner_that_nobody_removes_is_no_such_folder(runner: Path) -> None:
    """ansible-navigator and a person use ansible-runner, too, with a folder of their own."""
    assert run_folders(["gateway_app_profile"]) == []


def test_a_job_in_a_container_loses_all_but_what_is_mounted(
    runner: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, mounted = tmp_path / "containerenv", tmp_path / "mounted"
    mark.touch()
    monkeypatch.setattr(_run_folder, "CONTAINER_MARKS", (str(mark),))
    monkeypatch.setattr("os.path.ismount", lambda path: str(path) in ("/", str(mounted)))
    folders = run_folders(["awx_job_id"])
    check_outlives_the_run([str(mounted / "g")], folders)
    with pytest.raises(InputError) as refused:
        check_outlives_the_run([str(tmp_path / "home" / "g")], folders)
    assert "the container of this job" in refused.value.message


@pytest.mark.parametrize(("option", "found"), [("--purge", True), ("--force", False)])
def test_the_checkout_of_a_purged_pull_is_found_by_its_parent(tmp_path: Path, option: str, found: bool) -> None:
    pull = tmp_path / "ansible-pull"
    # As ansible-pull does it: ansible-playbook, and in that a worker.
    worker = (
        "import os, sys\n"
        "from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run_folder import run_folders\n"
        "child = os.fork()\n"
        "if child:\n"
        "    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "print([folder.path for folder in run_folders([])], flush=True)\n"
    )
    pull.write_text(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {worker!r}], check=True)\n")
    done = subprocess.run(
        [sys.executable, str(pull), "-U", "x", option],
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == (str([str(tmp_path)]) if found else "[]")
