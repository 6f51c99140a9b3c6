# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file of the real sops, and how a person reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml

Json = dict[str, t.Any]
# Records the process list and the temporary files while sops runs, to be searched for secrets with all other files.
WATCHED = """#!/bin/sh
cat /proc/[0-9]*/cmdline > "$SEEN_BY_SOPS.$$" 2>/dev/null
cp -R "$ANSIBLE_REMOTE_TMP" "$SEEN_BY_SOPS.$$.tmp" 2>/dev/null
exec "$REAL_SOPS" "$@"
"""


class SopsFile:
    """``stores`` is the folder with the requirements of the optional stores; ``key`` and ``identity`` are of age."""

    def __init__(self, stores: Path, folder: Path, environ: dict[str, str]) -> None:
        made = subprocess.run(
            [
                sys.executable,
                "-c",
                "from pyrage import x25519 as x; i = x.Identity.generate(); print(i, i.to_public())",
            ],
            env={**os.environ, "PYTHONPATH": str(stores)},
            capture_output=True,
            text=True,
            check=True,
        )
        self.identity, self.public = made.stdout.split()
        (folder / "bin").mkdir(parents=True)
        self.key = folder / "age.key"
        self.key.write_text(f"{self.identity}\n")
        program = folder / "bin" / "sops"
        program.write_text(WATCHED)
        program.chmod(0o755)
        self.variables = {
            "PATH": f"{program.parent}:{environ['PATH']}",
            "SOPS_AGE_KEY_FILE": str(self.key),
            "REAL_SOPS": str(stores / "bin" / "sops"),
            "SEEN_BY_SOPS": str(folder / "seen"),
        }
        self.path = folder / "files" / "vienna.sops.yml"
        self.path.parent.mkdir()
        self.rules = self.path.parent / ".sops.yaml"
        self.rules.write_text(yaml.safe_dump({"creation_rules": [{"path_regex": r"\.sops\.yml$", "age": self.public}]}))
        self.store: Json = {"type": "sops", "path": str(self.path)}

    def content(self) -> Json:
        shown = self._sops("decrypt", "--output-type", "json", str(self.path))
        content: Json = json.loads(shown)
        return content

    def kept(self) -> Json:
        """The credential; empty if there is none."""
        kept: Json = self.content().get("gateway_app_credential", {}) if self.path.exists() else {}
        return kept

    def writes(self) -> list[str]:
        """The encrypted content of the file, which is different after each write."""
        return [self.path.read_text()]

    def add(self, name: str, value: t.Any) -> None:
        """Add a variable as a person would."""
        self._sops("set", str(self.path), f'["{name}"]', json.dumps(value))

    def _sops(self, *arguments: str) -> bytes:
        environ = {**os.environ, "SOPS_AGE_KEY_FILE": str(self.key)}
        done = subprocess.run([self.variables["REAL_SOPS"], *arguments], env=environ, capture_output=True, check=True)
        return done.stdout
