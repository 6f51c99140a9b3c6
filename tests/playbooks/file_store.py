# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store of the type command whose program writes the credential to a plain file."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

PROGRAM = """#!{python}
import json, os, pathlib, sys

request = json.load(sys.stdin)
path = pathlib.Path(request["settings"]["path"])
kept = json.loads(path.read_text()) if path.exists() else {{}}
action = sys.argv[-1]
if action == request["settings"].get("fails_to"):
    sys.exit("no room")
if action == "read":
    if kept and request["settings"].get("blind"):
        kept["client_secret"] = None
    print(json.dumps(kept))
elif action == "write":
    new = request["credential"]
    # As with AWX, a value that is not known stays what it was.
    if new.get("client_secret", "") is None:
        new["client_secret"] = kept["client_secret"]
    path.write_text(json.dumps(new))
    os.chmod(path, 0o600)
else:
    path.unlink(missing_ok=True)
"""


class FileStore:
    """``blind``: it never returns the client secret. ``fails_to``: an action that fails."""

    def __init__(
        self, playbooks: Playbooks, *, name: str = "own", blind: bool = False, fails_to: str = "nothing"
    ) -> None:
        self.path: Path = playbooks.folder / f"{name}.json"
        playbooks.own.add(self.path)
        self.program = playbooks.folder / f"{name}_store"
        self.program.write_text(PROGRAM.format(python=sys.executable))
        self.program.chmod(0o755)
        settings = {"path": str(self.path), "blind": blind, "fails_to": fails_to}
        self.entry: Json = {"type": "command", "argv": [str(self.program)], "settings": settings, "readable": not blind}

    def kept(self) -> Json:
        kept: t.Any = json.loads(self.path.read_text()) if self.path.exists() else {}
        return t.cast("Json", kept)
