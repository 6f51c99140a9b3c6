# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ansible-playbook without loading Ansible: forks of a process that has it loaded, see warm_process.py."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

PROGRAM = str(Path(sys.executable).parent / "ansible-playbook")
SCRIPT = str(Path(__file__).resolve().parent / "warm_process.py")
# A process gets these when it is created: a fork cannot have other ones.
OF_THE_START = ("PYTHON", "LC_", "LANG", "TZ")


class Process(t.Protocol):
    """The part of subprocess.Popen that tests use."""

    pid: int
    returncode: int
    stdout: t.IO[str] | None

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""

    def wait(self) -> int:
        """Until it ends."""

    def communicate(self, *, timeout: float) -> tuple[str, t.Any]:
        """Its output, read until it ends."""

    def send_signal(self, sig: int) -> None:
        """To this process."""

    def kill(self) -> None:
        """At once."""


class WarmRun:
    """One run, in a session of its own."""

    def __init__(self, requests: socket.socket, what: dict[str, t.Any]) -> None:
        self._answers, asked = socket.socketpair()
        reading, writing = os.pipe()
        self.stdout: t.IO[str] | None = os.fdopen(reading, encoding="utf-8")
        with asked:
            socket.send_fds(requests, [b"!"], [asked.fileno(), writing])
        os.close(writing)
        self._answers.sendall(f"{json.dumps(what)}\n".encode())
        self._lines = self._answers.makefile("rb", buffering=0)
        self.pid = self._answer()
        self._one_at_a_time = threading.Lock()
        self._ended = False
        self.returncode = 0

    def _answer(self) -> int:
        line = self._lines.readline()
        assert line, "the process with Ansible loaded has ended; the reason is on standard error"
        return int(line)

    def poll(self) -> int | None:
        with self._one_at_a_time:
            if not self._ended and not select.select([self._answers], [], [], 0)[0]:
                return None
            return self._end()

    def wait(self) -> int:
        with self._one_at_a_time:
            return self._end()

    def _end(self) -> int:
        if not self._ended:
            self.returncode = self._answer()
            self._ended = True
        return self.returncode

    def communicate(self, *, timeout: float) -> tuple[str, t.Any]:
        """The rest of the output, once the run has ended. After the time-out, the run and its workers are killed."""
        assert self.stdout is not None
        too_long = threading.Timer(timeout, os.killpg, (self.pid, signal.SIGKILL))
        too_long.start()
        with self.stdout:
            output = self.stdout.read()
        self.wait()
        assert not too_long.finished.is_set(), f"it took longer than {timeout} s:\n{output}"
        too_long.cancel()
        return output, None

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class WarmPlaybook:
    """The process with Ansible loaded, from the first run until this process ends. It removes its folder."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self._environ = environ
        self._requests, requests = socket.socketpair()
        with requests:
            self._process = subprocess.Popen(
                [_interpreter(), SCRIPT, str(requests.fileno()), str(folder)],
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[requests.fileno()],
            )
        atexit.register(self.close)

    def close(self) -> None:
        self._requests.close()
        self._process.wait()

    def can_run(self, program: str | None, environ: dict[str, str]) -> bool:
        """Whether a fork would be equivalent to this program, started with this environment."""
        return program == PROGRAM and _of_the_start(environ) == _of_the_start(self._environ)

    def run(self, arguments: t.Sequence[str], *, folder: Path, environ: dict[str, str]) -> WarmRun:
        what = {"program": PROGRAM, "arguments": list(arguments), "folder": str(folder), "environ": environ}
        return WarmRun(self._requests, what)


def _of_the_start(environ: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(OF_THE_START)}


def _interpreter() -> str:
    """The interpreter of the program: if the virtual environment is a link, its first line has another path."""
    with open(PROGRAM) as script:
        named = script.readline().removeprefix("#!").strip()
    return named if Path(named).name.startswith("python") else sys.executable
