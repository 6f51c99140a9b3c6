# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Folders that go away with the run: what is kept in them is lost, and the next run creates another credential.

ansible-runner, which AWX and ansible-rulebook use, makes a folder for each run, with ``project`` and ``env/extravars``
in it. A job of AWX runs in a container that goes away as well. ansible-pull --purge removes the checkout.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError

AWX_VARIABLES = ("awx_job_id", "tower_job_id")
EDA_VARIABLE = "ansible_eda"
CONTAINER_MARKS = ("/run/.containerenv", "/.dockerenv")
SETTINGS = "gateway_app_store_path, path in gateway_app_stores and gateway_app_certificate_path"


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """``path`` is removed after the run; ``why`` completes "it is in ..."; ``next_step`` is for that user."""

    path: str
    why: str
    next_step: str

    def holds(self, file: str) -> bool:
        return Path(os.path.realpath(file)).is_relative_to(self.path)


def check_outlives_the_run(files: t.Iterable[str], folders: t.Sequence[RunFolder]) -> None:
    """Raises InputError for a file that would be lost with the run."""
    for file in files:
        for folder in folders:
            if folder.holds(file):
                raise InputError(
                    f"{file} would be lost after this run, and the credential with it: it is in {folder.why}",
                    next_step=folder.next_step,
                )


def run_folders(variables: t.Collection[str]) -> list[RunFolder]:
    """The folders that go away with this run. ``variables`` are the names of those of the task."""
    working = os.path.realpath(os.getcwd())
    runner = os.path.dirname(working)
    has_runner = os.path.isfile(os.path.join(runner, "env", "extravars"))
    is_job = any(name in variables for name in AWX_VARIABLES)
    found = []
    if has_runner and EDA_VARIABLE in variables:
        found.append(_of_rulebook(runner))
    elif is_job:
        found += _of_job(runner if has_runner else working)
    if _is_purged_pull():
        found.append(_of_pull(working))
    return found


def _of_rulebook(path: str) -> RunFolder:
    return RunFolder(
        path=path,
        why="the folder that ansible-rulebook made for this run and removes afterwards",
        next_step=f"Set {SETTINGS} to absolute paths elsewhere. inventory_dir is a copy, too. See docs/eda.md.",
    )


def _of_job(path: str) -> list[RunFolder]:
    next_step = (
        "Keep the credential in a store that is not a file (gateway_app_stores: azure_key_vault, hashi_vault or"
        " awx_credential beside another), or below a folder that AWX mounts into its jobs (Settings, Jobs, Paths to"
        " expose to isolated jobs). See docs/awx.md."
    )
    folders = [RunFolder(path, "the folder that AWX made for this job and removes afterwards", next_step)]
    if any(os.path.exists(mark) for mark in CONTAINER_MARKS):
        folders.append(_ContainerFolder("/", "the container of this job, which AWX removes afterwards", next_step))
    return folders


def _of_pull(path: str) -> RunFolder:
    return RunFolder(
        path=path,
        why="the checkout that ansible-pull --purge removes afterwards",
        next_step=f"Set {SETTINGS} to absolute paths elsewhere, or leave --purge out.",
    )


class _ContainerFolder(RunFolder):
    """All of the container's own file system, without what is mounted into it."""

    def holds(self, file: str) -> bool:
        place = Path(os.path.realpath(file))
        mounted = [folder for folder in (place, *place.parents) if os.path.ismount(folder)]
        return not mounted or str(mounted[0]) == "/"


def _is_purged_pull() -> bool:
    """Whether ansible-pull --purge started this ansible-playbook. Known on systems with /proc only."""
    process = os.getppid()  # of a task's worker: ansible-playbook
    for _generation in range(3):
        command = _read(f"/proc/{process}/cmdline").split("\0")
        if any(os.path.basename(word) == "ansible-pull" for word in command[:3]):
            return "--purge" in command
        process = _parent(process)
    return False


def _parent(process: int) -> int:
    lines = [line for line in _read(f"/proc/{process}/status").splitlines() if line.startswith("PPid:")]
    return int(lines[0].split()[1]) if lines else 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
