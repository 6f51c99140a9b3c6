# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""How long the tasks of a host waited, and for what, in the memory of the run, for the last lines of the run."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import WaitedFor
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import WHOLE_RUN, RunMemory

WORTH_TELLING = 1.0  # seconds


def note_waited(memory: RunMemory, host: str, waited: t.Mapping[WaitedFor, float]) -> None:
    """After a task of the host: add the seconds that it waited."""
    if any(waited.values()):
        known = _known(memory, host)
        total = {why.name: known.get(why.name, 0.0) + waited.get(why, 0.0) for why in WaitedFor}
        memory.remember(_key(host), total, seconds=WHOLE_RUN)


def waited_notes(memory: RunMemory, host: str) -> list[str]:
    """One line for each reason, if it took a second or more."""
    known = _known(memory, host)
    notes = []
    for why in WaitedFor:
        seconds = known.get(why.name, 0.0)
        if seconds >= WORTH_TELLING:
            notes.append(f"Waited {seconds:.0f} s for {why.value}.")
    return notes


def _key(host: str) -> str:
    return f"waited:{host}"


def _known(memory: RunMemory, host: str) -> t.Mapping[str, float]:
    return as_object(memory.recall(_key(host)))
