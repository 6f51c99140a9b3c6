# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The output of ``ps`` for the processes that a test's own runs started, and for no others."""

from __future__ import annotations

import collections.abc as c
import dataclasses
from pathlib import Path

PROC = Path("/proc")


@dataclasses.dataclass(frozen=True)
class Process:
    """``identity`` is the pid with the time of its start, since pids are reused."""

    identity: tuple[int, int]
    parent: int
    group: int
    session: int


def _process(folder: Path) -> Process:
    # The name of the program, in parentheses, may contain blanks.
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    parent, group, session = map(int, fields[1:4])
    return Process((int(folder.name), int(fields[19])), parent, group, session)


class ProcessList:
    """Command lines and environments of the runs and of all their descendants, each different one once.

    A descendant has a known parent, or is in the session or the group of a run; once known, it remains known.
    """

    def __init__(self) -> None:
        self.command_lines: dict[bytes, str] = {}
        self.environments: dict[bytes, str] = {}
        self._runs: set[int] = set()
        self._known: set[tuple[int, int]] = set()

    @property
    def available(self) -> bool:
        return (PROC / "self" / "stat").is_file()

    def descend_from(self, pid: int) -> None:
        """From now on this process is recorded, with its descendants. It is the leader of a session of its own."""
        self._runs.add(pid)

    def look(self) -> None:
        for pid in self._descendants():
            folder = PROC / str(pid)
            try:
                command_line = (folder / "cmdline").read_bytes()
                self.command_lines.setdefault(command_line, f"command line of {pid}")
                environment = (folder / "environ").read_bytes()
            except OSError:  # it has ended, or belongs to another user
                continue
            program = " ".join(command_line.decode("utf-8", errors="replace").split("\0"))[:120]
            self.environments.setdefault(environment, f"environment of {program}")

    def _descendants(self) -> list[int]:
        """All descendants that are alive."""
        alive: dict[int, Process] = {}
        for folder in PROC.glob("[0-9]*"):
            try:
                alive[int(folder.name)] = _process(folder)
            except OSError:  # it has ended
                continue
        # A pid is reused when no process of its session is left.
        self._runs &= {number for pid, process in alive.items() for number in (pid, process.group, process.session)}
        ours = {pid for pid, process in alive.items() if process.identity in self._known or self._of_a_run(process)}
        while more := {pid for pid, process in alive.items() if process.parent in ours} - ours:
            ours |= more
        self._known |= {alive[pid].identity for pid in ours}
        return sorted(ours)

    def _of_a_run(self, process: Process) -> bool:
        return not self._runs.isdisjoint((process.identity[0], process.group, process.session))

    def places(self) -> c.Iterator[tuple[str, bytes]]:
        for content, name in (*self.command_lines.items(), *self.environments.items()):
            yield name, content
