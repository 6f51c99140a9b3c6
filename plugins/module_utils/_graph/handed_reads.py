# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Reads that an earlier task of the run has made already, so that a run without a change asks once.

Two kinds. What the role's task "Register the application" read of an application is passed to the tasks right after
it, with no task of the user in between; a task that has something to change reads again first.
What Microsoft's own resources offer (RESOURCES) cannot be changed in the tenant, so one read serves the whole run.
Both are used only for the identity that read.
"""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_list, as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import (
    among,
    filled_members,
    selected,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Read

APPLICATION = "application"  # the name of the application itself among what is handed on
HANDED_LASTS = 300.0  # seconds: with many hosts, all of them are registered before the first goes on
OFFERED_LASTS = 3600.0  # seconds
PERMISSIONS = ("appRoles", "oauth2PermissionScopes")
OF_PERMISSION = ("id", "value", "isEnabled", "allowedMemberTypes")  # what is left has descriptions in hundreds of bytes


class HandedReads:
    """What one task gets and passes on. ``of_role``: it is one of the role's own tasks."""

    def __init__(self, memory: RunMemory, *, identity: t.Callable[[], str], of_role: bool) -> None:
        """``identity`` is who reads: a text that differs for each access token, and reveals nothing."""
        self._memory = memory
        self._identity = identity
        self.of_role = of_role
        self.taken = False  # whether an answer came from an earlier task
        self._documents: dict[str, Json] = {}  # by client id
        self._concerned: set[str] = set()  # client ids

    def concern(self, client_id: str) -> None:
        """This task is about an application: what it writes ends what was handed on of it."""
        self._concerned.add(client_id)

    def hand_on(self, client_id: str, documents: t.Mapping[str, Json | None]) -> None:
        """What the tasks behind this one need not read, by Read.handed; None is read by them."""
        self.concern(client_id)
        if self.of_role:
            self._memory.remember(self._key(client_id), dict(documents), seconds=HANDED_LASTS)

    def withdraw(self, *, keeps_application: bool) -> None:
        """This task writes: what was read before it does not count any more, the application perhaps excepted."""
        for client_id in self._concerned:
            self._documents[client_id] = {}
            known = as_object(self._memory.recall(self._key(client_id)))
            left = {}
            if keeps_application:
                left[APPLICATION] = known.get(APPLICATION)
            self._memory.remember(self._key(client_id), left, seconds=HANDED_LASTS)

    def known(self, reads: t.Sequence[Read]) -> dict[int, Json]:
        """The answers that are known, by the position of the read.

        Of what is handed on, all or nothing: a request that is sent anyway can ask for all of it.
        """
        offered = {number: self._offered(read) for number, read in enumerate(reads)}
        return filled_members({**offered, **self._handed(reads)})

    def _handed(self, reads: t.Sequence[Read]) -> dict[int, Json]:
        """Empty if one that may be handed on is missing."""
        if not self.of_role:
            return {}
        found = {number: self._take(read, *read.handed) for number, read in enumerate(reads) if read.handed is not None}
        if not all(found.values()):
            return {}
        self.taken |= bool(found)
        return found

    def note(self, read: Read, document: Json | None) -> None:
        """Remember the answer of a resource of Microsoft's for the whole run."""
        if read.offered_by and document is not None:
            reduced = _reduced(document, read.selected)
            self._memory.remember(self._offered_key(read), reduced, seconds=OFFERED_LASTS)

    def _take(self, read: Read, name: str, client_id: str) -> Json:
        """{} if it was not handed on, or does not hold all that is asked for."""
        if client_id not in self._documents:
            self.concern(client_id)
            self._documents[client_id] = as_object(self._memory.recall(self._key(client_id)))
        document = as_object(self._documents[client_id].pop(name, None))
        if not document.keys() >= {*read.selected}:
            return {}
        return document

    def _offered(self, read: Read) -> Json:
        """{} if it was not read yet."""
        if not read.offered_by:
            return {}
        return as_object(self._memory.recall(self._offered_key(read)))

    def _key(self, client_id: str) -> str:
        return f"handed:{self._identity()}:{client_id}"

    def _offered_key(self, read: Read) -> str:
        return f"offered:{self._identity()}:{read.offered_by}"


def _reduced(document: Json, names: t.Collection[str]) -> Json:
    """The service principal of a resource: what was asked for, and of its permissions what is looked at."""
    reduced = selected(document, among(document, names))
    for name in reduced.keys() & PERMISSIONS:
        reduced[name] = list(map(_reduced_permission, as_list(reduced[name])))
    return reduced


def _reduced_permission(permission: Json) -> Json:
    return selected(permission, among(OF_PERMISSION, permission))
