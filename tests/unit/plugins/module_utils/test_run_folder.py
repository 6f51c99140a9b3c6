# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders that are removed after a run: of AWX, ansible-rulebook and ansible-pull."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential import run_folder
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.run_folder import (
    Run,
    check_outlives_run,
)


@pytest.fixture(autouse=True)
def not_in_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """Although the tests may run in a container."""
    monkeypatch.setattr(run_folder, "CONTAINER_MARKS", ())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As ansible-runner creates it."""
    for name in ("env", "project/plays", "inventory"):
        (tmp_path / "run" / name).mkdir(parents=True)
    (tmp_path / "run" / "env" / "extravars").write_text("{}")
    return tmp_path / "run"


def run_in(working: Path, *variables: str, playbook: Path | None = None) -> Run:
    return Run(working_folder=str(working), playbook_folder=str(playbook or working), variables=variables)


def refused(path: Path | str, run: Run) -> str:
    """The message, or "" if the path is accepted."""
    try:
        check_outlives_run([str(path)], run)
    except InputError as exc:
        assert exc.next_step
        return exc.message
    return ""


@pytest.mark.parametrize("variable", ["awx_job_id", "tower_job_id"])
@pytest.mark.parametrize("below", ["project", "project/plays"])
def test_paths_in_the_folder_of_a_job_of_awx_are_refused(folder: Path, variable: str, below: str) -> None:
    run = run_in(folder / below, variable)
    assert "AWX made for this job" in refused(folder / below / "gateway.vault.yml", run)
    assert "AWX made for this job" in refused(folder / "inventory" / "gateway.vault.yml", run)
    assert refused("/srv/gateway.vault.yml", run) == ""
    assert refused(f"{folder}-beside/gateway.vault.yml", run) == ""


def test_paths_in_the_project_of_a_job_are_refused_from_another_working_folder(folder: Path, tmp_path: Path) -> None:
    run = run_in(tmp_path, "awx_job_id", playbook=folder / "project" / "plays")
    assert "AWX" in refused(folder / "project" / "x.yml", run)


def test_the_working_folder_of_a_job_without_a_private_folder_is_refused(tmp_path: Path) -> None:
    """As in jobs with another layout, and in playbooks that imitate one."""
    assert "AWX" in refused(tmp_path / "x.yml", run_in(tmp_path, "awx_job_id"))


def test_only_mounted_folders_are_accepted_in_a_container(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, mounted = tmp_path / "containerenv", tmp_path / "mounted"
    mark.touch()
    monkeypatch.setattr(run_folder, "CONTAINER_MARKS", (str(mark),))
    monkeypatch.setattr("os.path.ismount", lambda path: str(path) in ("/", str(mounted)))
    run = run_in(folder / "project", "awx_job_id")
    assert refused(mounted / "g.yml", run) == ""
    assert "the container of this job" in refused(tmp_path / "home" / "g.yml", run)


def test_the_folder_of_ansible_runner_without_awx_is_accepted(folder: Path) -> None:
    assert refused(folder / "project" / "x.yml", run_in(folder / "project")) == ""


def test_paths_in_the_folder_of_ansible_rulebook_are_refused(folder: Path) -> None:
    run = run_in(folder / "project", "ansible_eda")
    assert "ansible-rulebook made for this run" in refused(folder / "inventory" / "x.yml", run)
    assert refused("/srv/x.yml", run) == ""


def test_a_link_into_the_folder_is_followed(folder: Path, tmp_path: Path) -> None:
    os.symlink(folder / "project", tmp_path / "link")
    assert "AWX" in refused(tmp_path / "link" / "x.yml", run_in(folder / "project", "awx_job_id"))


@pytest.fixture
def pull(tmp_path: Path) -> Run:
    """As ansible-pull starts ansible-playbook: see PullCLI.run."""
    checkout = tmp_path / "checkout"
    (checkout / ".git").mkdir(parents=True)
    return Run(
        working_folder=str(checkout),
        playbook_folder=str(checkout),
        variables=(),
        limit="localhost,vm.example.com,vm,127.0.0.1",
        playbooks=(str(checkout / "local.yml"),),
    )


def test_the_checkout_of_ansible_pull_with_purge_is_refused(pull: Run) -> None:
    checkout = Path(pull.working_folder)
    assert "--purge" in refused(checkout / "gateway.vault.yml", pull)
    assert refused("/srv/gateway.vault.yml", pull) == ""


def test_a_folder_that_ansible_pull_did_not_check_out_is_accepted(pull: Run) -> None:
    (Path(pull.working_folder) / ".git").rmdir()
    assert refused(Path(pull.working_folder) / "gateway.vault.yml", pull) == ""


def test_ansible_pull_with_a_limit_is_recognised_in_a_shell(pull: Run) -> None:
    limited = pull._replace(limit="gw1", shell_command="/usr/bin/ansible-pull")
    assert "--purge" in refused(Path(pull.working_folder) / "x.yml", limited)


@pytest.mark.parametrize(
    "changes",
    [
        {"limit": ""},
        {"limit": "gw1"},
        {"limit": "localhost"},
        {"playbooks": ("local.yml",)},
        {"playbooks": ("/elsewhere/local.yml",)},
        {"playbooks": ()},
    ],
    ids=str,
)
def test_ansible_playbook_in_a_checkout_is_not_ansible_pull(pull: Run, changes: dict[str, str]) -> None:
    run = pull._replace(**changes)  # type: ignore[arg-type]
    assert refused(Path(pull.working_folder) / "x.yml", run) == ""
