# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Runs a program of the user: no shell, no terminal, a time limit, and what is secret on its standard input only."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    MissingLibraryError,
)

LONGEST_REASON = 600  # characters of what a program wrote to standard error


@dataclasses.dataclass(frozen=True)
class Finished:
    """How a program ended, and what it wrote."""

    status: int
    output: bytes = dataclasses.field(repr=False)
    errors: bytes = dataclasses.field(repr=False)

    def reason(self, without_secrets: t.Callable[[str], str]) -> str:
        """Why it failed, for a message: the end of what it wrote to standard error, in one line."""
        text = " ".join(without_secrets(self.errors.decode(errors="replace")).split())
        if not text:
            return f"it ended with the exit status {self.status} and wrote nothing to standard error"
        if len(text) <= LONGEST_REASON:
            return text
        return f"... {text[-LONGEST_REASON:]}"


def find_program(name: str, environ: t.Mapping[str, str], *, needed_by: str, install: str) -> str:
    """Its path. Raises MissingLibraryError."""
    path = shutil.which(name, path=environ.get("PATH", os.defpath))
    if path is None:
        raise MissingLibraryError(
            f"{needed_by} needs the program {name}, which cannot be found or executed", next_step=install
        )
    return os.path.abspath(path)


def run_program(
    arguments: t.Sequence[str],
    *,
    title: str,
    text: bytes,
    environ: t.Mapping[str, str],
    seconds: float,
    folder: str | None = None,
) -> Finished:
    """Give ``text`` to its standard input and wait for its end. ``title`` is for messages.

    Raises ConflictError if it cannot be started or does not end in time. It and its children are killed then, and
    also if the task itself is interrupted.
    """
    try:
        process = subprocess.Popen(
            list(arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            cwd=folder,
            start_new_session=True,  # so that it has no terminal to ask a person
        )
    except OSError as exc:
        raise ConflictError(
            f"{title} cannot be started: {exc.strerror}", next_step="Check the program, its first line and its mode."
        ) from None
    try:
        output, errors = process.communicate(text, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ConflictError(
            f"{title} did not end within {seconds:.0f} s, and was stopped",
            next_step="Check whether it waits for input; it has no terminal. Or raise O(wait_timeout).",
        ) from None
    finally:
        _kill(process)
    return Finished(process.returncode, output, errors)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The program if it still runs, with its children."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError), process:  # closes its streams, and waits for its end
        pass
