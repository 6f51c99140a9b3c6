# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fake programs on PATH that replace real ones, and the records of their starts."""

from __future__ import annotations

import json
import os
import sys
import typing as t
from pathlib import Path

# Records how it was started, then runs the rest of the script.
HEAD = """#!{python}{options}
import json, os, sys
with open({journal!r}, "a") as journal:
    terminal = os.path.exists("/dev/tty")
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        terminal = False
    seen = {{"argv": sys.argv, "environ": dict(os.environ), "folder": os.getcwd(), "terminal": terminal}}
    journal.write(json.dumps(seen) + "\\n")
"""


class Programs:
    """A folder of programs in Python; it is the first folder of PATH in ``environ``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._journal = folder / "started.jsonl"
        self.environ = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder)}

    def add(self, name: str, script: str, *, with_libraries: bool = False) -> Path:
        """Without the site packages it starts in half the time."""
        path = self.folder / name
        options = "" if with_libraries else " -SE"
        path.write_text(HEAD.format(python=sys.executable, options=options, journal=str(self._journal)) + script)
        path.chmod(0o755)
        return path

    @property
    def started(self) -> list[dict[str, t.Any]]:
        """One entry for each start: argv, environ, folder, terminal."""
        lines = self._journal.read_text().splitlines() if self._journal.exists() else []
        return [json.loads(line) for line in lines]
