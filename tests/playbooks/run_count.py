# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts the runs of ansible-playbook, which take most of the time of the tests."""

from __future__ import annotations

import dataclasses
import typing as t

STARTED_BY = ("ansible-playbook", "ansible-runner")


@dataclasses.dataclass
class RunCount:
    """``forked`` of the ``runs`` were forks of a process that has Ansible loaded."""

    runs: int = 0
    forked: int = 0

    def note(self, command: t.Sequence[str], *, forked: bool = False) -> None:
        """Count started commands that run ansible-playbook, also in a line of a shell."""
        if any(program in word for word in command for program in STARTED_BY):
            self.runs += 1
            self.forked += forked

    def add(self, other: t.Mapping[str, int]) -> None:
        """Add the count of another process, as its ``asdict``."""
        self.runs += other["runs"]
        self.forked += other["forked"]

    @property
    def line(self) -> str:
        return f"{self.runs} runs of ansible-playbook ({self.forked} forked)"


# The count of this process. tests/conftest.py sums up those of all.
RUN_COUNT = RunCount()
