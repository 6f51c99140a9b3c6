# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Reads that an earlier task of the run has made already, so that a run without a change asks once.

Two kinds. What the role's task "Register the application" read of an application is handed to the tasks right behind
it, where no task of the user can stand between; whoever has something to change reads again first.
What Microsoft's own resources offer (RESOURCES) nobody in the tenant changes, so that one read serves the whole run.
Both count only for the identity that read.
"""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Read

APPLICATION = "application"  # the name of the application itself among what is handed on
HANDED_LASTS = 300.0  # seconds: with many hosts, all of them are registered before the first goes on
OFFERED_LASTS = 3600.0  # seconds
OF_PERMISSION = ("id", "value", "isEnabled", "allowedMemberTypes")  # what is left has descriptions in hundreds of bytes


class HandedReads:
    """What one task takes and hands on. ``of_role`` says that it is one of the role's own tasks."""

    def __init__(self, memory: RunMemory, *, identity: t.Callable[[], str], of_role: bool) -> None:
        """``identity`` tells who reads: a text that differs for each access token, and gives nothing away."""
        self._memory = memory
        self._identity = identity
        self.of_role = of_role
        self.taken = False  # whether an answer came from an earlier task
        self._documents: dict[str, Json] | None = None
        self._client_id: str | None = None

    def hand_on(self, client_id: str, documents: t.Mapping[str, Json | None]) -> None:
        """What the tasks behind this one need not read, by Read.handed; None is not handed on."""
        if self.of_role:
            self._client_id = client_id
            known = {name: document for name, document in documents.items() if document is not None}
            self._memory.remember(self._key(client_id), known, seconds=HANDED_LASTS)

    def withdraw(self, *, keeps_application: bool) -> None:
        """This task writes: what was read before it does not count any more, the application perhaps excepted."""
        if self._client_id is None:
            return
        self._documents = {}
        known = self._memory.recall(self._key(self._client_id)) or {}
        left = {name: known[name] for name in known if keeps_application and name == APPLICATION}
        self._memory.remember(self._key(self._client_id), left, seconds=HANDED_LASTS)

    def known(self, reads: t.Sequence[Read]) -> dict[int, Json]:
        """The answers that are known, by the position of the read.

        Of what is handed on, all or nothing: a request that is sent anyway can ask for all of it.
        """
        handed = {number: read for number, read in enumerate(reads) if read.handed is not None}
        answers = {number: self._take(read) for number, read in handed.items()}
        found = {number: answer for number, answer in answers.items() if answer is not None}
        self.taken = self.taken or (bool(found) and len(found) == len(handed))
        offered = {number: self._offered(read) for number, read in enumerate(reads) if read.offered_by}
        known = {number: answer for number, answer in offered.items() if answer is not None}
        return known | found if len(found) == len(handed) else known

    def note(self, read: Read, document: Json | None) -> None:
        """Remember the answer of a resource of Microsoft's for the whole run."""
        if read.offered_by and document is not None:
            self._memory.remember(self._offered_key(read), _reduced(document), seconds=OFFERED_LASTS)

    def _take(self, read: Read) -> Json | None:
        name, client_id = read.handed or ("", "")
        if not self.of_role:
            return None
        if self._documents is None:
            self._client_id = client_id
            remembered = self._memory.recall(self._key(client_id))
            self._documents = remembered if isinstance(remembered, dict) else {}
        if client_id != self._client_id:
            return None
        document = self._documents.pop(name, None)
        return document if document is None or {*read.selected} <= document.keys() else None

    def _offered(self, read: Read) -> Json | None:
        known = self._memory.recall(self._offered_key(read))
        return known if isinstance(known, dict) else None

    def _key(self, client_id: str) -> str:
        return f"handed:{self._identity()}:{client_id}"

    def _offered_key(self, read: Read) -> str:
        return f"offered:{self._identity()}:{read.offered_by}"


def _reduced(document: Json) -> Json:
    """The service principal of a resource, with those properties of its permissions that are looked at."""
    return {
        name: [{kept: entry[kept] for kept in OF_PERMISSION if kept in entry} for entry in value]
        if isinstance(value, list)
        else value
        for name, value in document.items()
    }
