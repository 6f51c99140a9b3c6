# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The supported versions of ansible-core, and the Python versions that each of them runs on."""

from __future__ import annotations

import collections.abc as c
import dataclasses


@dataclasses.dataclass(frozen=True)
class Core:
    """A version of ansible-core: two numbers mean its newest release, three that release.

    It runs on Python 3.``oldest_python`` to 3.``newest_python``, according to its package.
    """

    name: str
    oldest_python: int
    newest_python: int

    @property
    def requirement(self) -> str:
        """In the form that pip accepts, and never a pre-release."""
        if self.name.count(".") == 2:
            return f"ansible-core=={self.name}"
        return f"ansible-core~={self.name}.0"

    def runs_on(self, python: int) -> bool:
        return self.oldest_python <= python <= self.newest_python


# 2.16.3 is the version of Ubuntu 24.04; 2.18.1 is an early release of its branch. A test compares the first one with
# meta/runtime.yml and the README.
SUPPORTED = (
    Core("2.16.3", 10, 12),
    Core("2.16", 10, 12),
    Core("2.17", 10, 12),
    Core("2.18.1", 11, 13),
    Core("2.18", 11, 13),
    Core("2.19", 11, 13),
    Core("2.20", 12, 14),
    Core("2.21", 12, 14),
)


@dataclasses.dataclass(frozen=True)
class Cell:
    """A version of ansible-core on Python 3.``python``; None if the machine has no Python that can run it."""

    core: Core
    python: int | None

    @property
    def name(self) -> str:
        if self.python is None:
            return self.core.name
        return f"{self.core.name}-python3.{self.python}"

    @property
    def skipped(self) -> str:
        """The reason why a cell cannot be run, otherwise empty."""
        if self.python is not None:
            return ""
        return f"no Python 3.{self.core.oldest_python} to 3.{self.core.newest_python}"


def cells(pythons: c.Iterable[int], supported: c.Sequence[Core] = SUPPORTED) -> list[Cell]:
    """Every version on the oldest Python that can run it, and every Python with the newest version that it can run.

    ``pythons`` are the minor versions of Python 3 on the machine. The result is in the order of ``supported``.
    """
    found = sorted(set(pythons))
    chosen = set()
    for python in found:
        runnable = [core for core in supported if core.runs_on(python)]
        if runnable:
            chosen.add(Cell(runnable[-1], python))
    for core in supported:
        suitable = [python for python in found if core.runs_on(python)]
        chosen.add(Cell(core, suitable[0] if suitable else None))
    return sorted(chosen, key=lambda cell: (supported.index(cell.core), cell.python or 0))
