# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the output of the callback bench_clock."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.tests.bench.measure import Cost
from ansible_collections.email_gateway.azure_apps.tests.bench.workplace import Workplace

CALLBACKS = Path(__file__).resolve().parent / "callback_plugins"
OURS = "ansible_collections.email_gateway"
_IMPORT = "import "


@dataclasses.dataclass(frozen=True)
class Call:
    """A watched call in ansible-playbook, without its nested watched calls. ``worker``: not in the main process."""

    what: str
    cpu: float
    wall: float
    worker: bool

    @property
    def imported(self) -> str:
        """The module, if the call is an import."""
        return self.what.removeprefix(_IMPORT) if self.what.startswith(_IMPORT) else ""


def run(place: Workplace, command: t.Sequence[str]) -> tuple[Cost, list[Call]]:
    path = place.folder / "clock.jsonl"
    path.unlink(missing_ok=True)
    cost = place.run(
        command,
        ANSIBLE_CALLBACK_PLUGINS=str(CALLBACKS),
        ANSIBLE_CALLBACKS_ENABLED="bench_clock",
        BENCH_CLOCK=str(path),
    )
    return cost, [Call(**json.loads(line)) for line in path.read_text().splitlines()]


def imported(calls: t.Iterable[Call]) -> list[str]:
    """Modules, each once, in the order in which their imports ended."""
    return list(dict.fromkeys(call.imported for call in calls if call.imported))
