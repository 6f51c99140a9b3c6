# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Refuses credential files below a folder that is removed with the run, which would be lost with it."""

from __future__ import annotations

import itertools
import os
import re
import typing as t
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError

CHECKOUTS = (".git", ".hg", ".svn", ".bzr")
CONTAINER_MARKS = ("/run/.containerenv", "/.dockerenv")
# The names of the host are between. Compiled only where the playbooks are in the folder in which the run works.
PULL_LIMIT = r"localhost,(.*,)?127\.0\.0\.1"
EXTRAVARS = os.path.join("env", "extravars")  # ansible-runner passes extra variables in this file


class Run(t.NamedTuple):
    """How ansible-playbook was started: what decides whether its folder outlives it.

    ``variables`` are the names of the play's variables; ``limit`` and ``playbooks`` are those of the command line;
    ``shell_command`` is what the shell started, which the environment variable ``_`` names.
    """

    working_folder: str
    playbook_folder: str
    variables: t.Collection[str]
    limit: str = ""
    playbooks: tuple[str, ...] = ()
    shell_command: str = ""


class RunFolder(t.NamedTuple):
    """A folder that is removed with the run; ``reason`` completes "it is in ..."."""

    path: str
    reason: str
    next_step: str

    def contains(self, file: str) -> bool:
        return file.startswith(f"{self.path.rstrip(os.sep)}{os.sep}")


class _Container(RunFolder):
    """The container's own file system, without what is mounted into it."""

    def contains(self, file: str) -> bool:
        root = Path(self.path)
        return next(filter(os.path.ismount, Path(file).parents), root) == root


def check_outlives_run(paths: t.Iterable[str], run: Run) -> None:
    """Raises InputError for the first of ``paths`` that would be lost with the run."""
    for path, folder in itertools.product(paths, run_folders(run)):
        if folder.contains(os.path.realpath(path)):
            raise InputError(
                f"{path} would be lost after this run, and the credential with it: it is in {folder.reason}",
                next_step=folder.next_step,
            )


def run_folders(run: Run) -> list[RunFolder]:
    return [*_of_rulebook(run), *_of_awx(run), *_of_pull(run)]


def _of_rulebook(run: Run) -> t.Iterator[RunFolder]:
    """ansible-rulebook runs a playbook in a folder of its own, with a copy of the inventory."""
    parent = os.path.dirname(os.path.realpath(run.working_folder))
    if "ansible_eda" in run.variables and os.path.isfile(os.path.join(parent, EXTRAVARS)):
        yield RunFolder(
            path=parent,
            reason="the folder that ansible-rulebook made for this run and removes afterwards",
            next_step="Set O(store_path), path in O(stores) and O(path) to absolute paths elsewhere. inventory_dir is a"
            " copy, too. See docs/eda.md.",
        )


def _of_awx(run: Run) -> t.Iterator[RunFolder]:
    """A job of AWX runs in a copy of its project, in a container that is removed.

    Source: the private data directory of ansible-runner has the folders project, inventory and env.
    """
    if not {"awx_job_id", "tower_job_id"} & {*run.variables}:
        return
    next_step = (
        "Store the credential in a store that is not a file (O(stores): azure_key_vault, hashi_vault, or awx_credential"
        " with another one), or below a folder that AWX mounts into its jobs (Settings, Jobs, Paths to expose to"
        " isolated jobs). See docs/awx.md."
    )
    for path in _private_data_folders(run) or [os.path.realpath(run.working_folder)]:
        yield RunFolder(path, "the folder that AWX made for this job and removes afterwards", next_step)
    if any(map(os.path.exists, CONTAINER_MARKS)):
        yield _Container(os.sep, "the container of this job, which AWX removes afterwards", next_step)


def _private_data_folders(run: Run) -> list[str]:
    """Those of ansible-runner in whose project the run works, or its playbook is."""
    found: dict[str, None] = {}
    for folder in (*_with_parents(run.working_folder), *_with_parents(run.playbook_folder)):
        if folder.name == "project" and os.path.isfile(folder.parent / EXTRAVARS):
            found[str(folder.parent)] = None
    return list(found)


def _of_pull(run: Run) -> t.Iterator[RunFolder]:
    """The checkout of ansible-pull, in which it starts ansible-playbook.

    Whether it has the option --purge is known to ansible-pull alone. So its checkout is no place for a credential.
    """
    if not _is_pull(run):
        return
    checkout = os.path.realpath(run.working_folder)
    marks = [os.path.join(checkout, name) for name in CHECKOUTS]
    if any(map(os.path.exists, marks)):
        yield RunFolder(
            path=checkout,
            reason="the checkout of ansible-pull, which --purge removes afterwards",
            next_step="Set O(store_path), path in O(stores) and O(path) to absolute paths outside of the checkout.",
        )


def _is_pull(run: Run) -> bool:
    """It passes a characteristic limit, unless it got one itself; a shell shows what it started."""
    checkout = os.path.realpath(run.working_folder)
    if not run.playbooks:
        return False
    for path in run.playbooks:
        if not os.path.isabs(path) or not os.path.realpath(path).startswith(f"{checkout}{os.sep}"):
            return False
    return re.fullmatch(PULL_LIMIT, run.limit) is not None or os.path.basename(run.shell_command) == "ansible-pull"


def _with_parents(folder: str) -> tuple[Path, ...]:
    path = Path(os.path.realpath(folder))
    return path, *path.parents
