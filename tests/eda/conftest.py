# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-rulebook itself, which `.ci/dev eda` installs into build/eda."""

from __future__ import annotations

import collections.abc as c
import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.fixtures import loud, playbooks
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.conftest import (
    emulator,
    emulator_server,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

__all__ = ["emulator", "emulator_server", "loud", "playbooks"]

PROGRAMS = REPOSITORY / "build" / "eda" / "bin"


class Rulebook:
    """One process of ansible-rulebook, whose output is read line by line."""

    def __init__(self, playbooks: Playbooks, *arguments: str) -> None:
        path = f"{PROGRAMS}:{playbooks.environ['PATH']}"
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            ["ansible-rulebook", *arguments],
            cwd=playbooks.folder,
            env={**playbooks.environ, "PATH": path, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def until(self, words: str, *, times: int = 1) -> None:
        """Read until so many more lines contain these words. Fails if the process ends before that."""
        assert self._process.stdout is not None
        while times:
            line = self._process.stdout.readline()
            assert line, f"ansible-rulebook ended without {words!r}:\n{self.output}"
            self.lines.append(line)
            times -= words in line

    def ended(self) -> int:
        """Its exit code; the rest of the output is read."""
        assert self._process.stdout is not None
        self.lines += self._process.stdout.readlines()
        return self._process.wait()

    def end(self) -> None:
        self._process.terminate()
        self.ended()


@pytest.fixture
def rulebook(playbooks: Playbooks) -> c.Iterator[c.Callable[..., Rulebook]]:
    """Starts ansible-rulebook in the folder of the playbooks. Its output is searched for secrets, too."""
    assert shutil.which("java"), (
        "ansible-rulebook needs Java: install a runtime, such as default-jre-headless of Debian"
    )
    assert (PROGRAMS / "ansible-rulebook").is_file(), f"{PROGRAMS} is not there: run make eda"
    # ansible-runner writes the environment of a run into a file, which must not contain a secret.
    key = playbooks.folder / "sign-in.pem"
    client_id = playbooks.server.client_id
    playbooks.tenant.ok("azure_app_certificate", client_id=client_id, description="rulebook", path=str(key))
    playbooks.own.add(key)
    del playbooks.environ["AZURE_SECRET"]
    playbooks.environ["AZURE_CLIENT_CERTIFICATE_PATH"] = str(key)
    playbooks.server.journal.clear()
    started: list[Rulebook] = []

    def start(*arguments: str) -> Rulebook:
        started.append(Rulebook(playbooks, *arguments))
        return started[-1]

    yield start
    for process in started:
        process.end()
        playbooks.outputs.append(process.output)


@pytest.fixture
def rulebooks() -> Path:
    return REPOSITORY / "extensions" / "eda" / "rulebooks"
