# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The make targets as sessions of nox: nox -s test, nox -s sanity -- validate-modules."""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "test"]

# What may follow `--`, and the variable of the Makefile that takes it.
CHOICE = {
    "integration": "TARGET",
    "judges": "JUDGE",
    "matrix": "VERSIONS",
    "molecule": "SCENARIO",
    "sanity": "TEST",
    "test": "K",
}


def stages() -> list[str]:
    lines = (Path(__file__).parent / ".ci/stages").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def add(stage: str) -> None:
    @nox.session(name=stage)
    def session(session: nox.Session) -> None:
        chosen = " ".join(session.posargs)
        session.run("make", stage, *([f"{CHOICE[stage]}={chosen}"] if chosen else []), external=True)


for stage in stages():
    add(stage)
