# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds the Python interpreters of the machine, and installs versions of ansible-core into build/matrix."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.tests.matrix.versions import SUPPORTED, Cell
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

FOLDER = REPOSITORY / "build" / "matrix"
# After this time pip looks for the newest release again.
KEPT_SECONDS = 7 * 24 * 3600
PROBE = "import ensurepip, sys, venv; print(sys.version.split()[0], sys.executable)"
NAME = re.compile(r"python3\.(\d+)")


class InstallationError(Exception):
    """A version could not be installed; the text is the end of pip's output."""


@dataclasses.dataclass(frozen=True)
class Python:
    """An interpreter that can create virtual environments."""

    version: tuple[int, ...]
    path: str

    @property
    def minor(self) -> int:
        return self.version[1]


def pythons() -> dict[int, Python]:
    """The newest interpreter of each minor version that a supported ansible-core runs on, from PATH and from pyenv."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += sorted(Path.home().glob(".pyenv/versions/*/bin"))
    candidates = [path for folder in folders for path in sorted(folder.glob("python3.*")) if NAME.fullmatch(path.name)]
    # The interpreter of .venv may have been chosen by hand, and may be in none of these folders.
    candidates.append(Path(getattr(sys, "_base_executable", sys.executable)))
    found: dict[int, Python] = {}
    for candidate in dict.fromkeys(candidates):
        python = _probed(candidate)
        if python is None or not any(core.runs_on(python.minor) for core in SUPPORTED):
            continue
        if python.version > _version_of(found.get(python.minor)):
            found[python.minor] = python
    return found


def _version_of(python: Python | None) -> tuple[int, ...]:
    return python.version if python is not None else ()


def _probed(path: Path) -> Python | None:
    """None if it does not run (a shim of a version that is not selected) or cannot create virtual environments."""
    try:
        answer = subprocess.run([path, "-c", PROBE], capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version, executable = answer.split(maxsplit=1)
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    return Python(numbers, executable.strip())


@dataclasses.dataclass(frozen=True)
class Installation:
    """A virtual environment with a version of ansible-core and the collection's requirements."""

    cell: Cell
    python: Python

    @property
    def folder(self) -> Path:
        return FOLDER / self.cell.name

    @property
    def programs(self) -> Path:
        return self.folder / "bin"

    @property
    def title(self) -> str:
        version = ".".join(str(number) for number in self.python.version)
        return f"ansible-core {self.core_version()} on Python {version}"

    def core_version(self) -> str:
        (found,) = self.folder.glob("lib/python3*/site-packages/ansible_core-*.dist-info")
        return found.name.removeprefix("ansible_core-").removesuffix(".dist-info")

    def ensure(self) -> None:
        """Install what is missing, and look for a newer release if the last check was some time ago."""
        stamp = self.folder / "installed"
        wanted = self._wanted()
        if stamp.is_file() and stamp.read_text() == wanted and time.time() - stamp.stat().st_mtime < KEPT_SECONDS:
            return
        if not stamp.is_file() or stamp.read_text() != wanted:
            self._run(self.python.path, "-m", "venv", "--clear", str(self.folder))
        requirements = str(REPOSITORY / "requirements.txt")
        pip = [str(self.programs / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        pip += ["--no-input", "--no-compile", "--upgrade"]
        self._run(*pip, self.cell.core.requirement, "-r", requirements)
        stamp.write_text(wanted)

    def _wanted(self) -> str:
        content = self.cell.core.requirement + (REPOSITORY / "requirements.txt").read_text()
        return f"{self.python.path} {hashlib.sha256(content.encode()).hexdigest()}\n"

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
        if done.returncode != 0:
            raise InstallationError(f"{' '.join(command[:4])} ...: {(done.stdout + done.stderr)[-600:].strip()}")
