# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replication lag: requests reach replicas, and each replica shows the directory as it was some seconds ago.

Reports behind it: objects that are there, gone and there again; counts of secrets read as 0, 1 and 2 in a row; entries
missing from lists for up to a minute; 404, 400 and a misleading 403 for follow-ups on fresh objects (azuread provider,
azure-cli, microsoft-graph-docs issue 15855).

Past states are whole copies, made at each write while the layer is on: meant for rehearsals, not for large tenants.
"""

from __future__ import annotations

import copy
import dataclasses
import random
from collections import deque
from collections.abc import Callable

from .. import errors
from ..directory.tenant import Directory, Tenant
from ..graph.call import Answer, Call

# Graph's answers about an object that a replica does not know yet; other refusals come from the current state.
_UNKNOWN_YET = (
    "does not reference a valid application object",
    "must in the local tenant",
    "Not a valid reference update",
    "No password credential found",
)


class Replicas:
    """Settings.replica_delays has one delay for each replica; a seeded sequence selects one for a request."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.reset()

    def reset(self) -> None:
        self._past: deque[tuple[float, Directory]] = deque()
        """What was true until then, oldest first."""
        self._sequence: random.Random | None = None
        self._seed = 0

    def clear_past(self) -> None:
        """What is there now has been there for long, for all replicas."""
        self._past.clear()

    def view(self) -> Tenant | None:
        """The tenant as the replica of this request sees it; None for one that is up to date."""
        delays = self._tenant.settings.replica_delays
        if not delays:
            return None
        moment = self._tenant.clock.timestamp() - self._draw().choice(delays)
        for until, directory in self._past:
            if until > moment:
                return self._tenant.showing(directory)
        return None

    def serve(self, call: Call, onward: Callable[[Call], Answer]) -> Answer:
        view = self.view()
        if call.reads:
            return onward(call if view is None else dataclasses.replace(call, tenant=view))
        if view is not None:
            self._refuse_what_is_unknown_there(call, onward, view)
        return self._write(call, onward)

    def _refuse_what_is_unknown_there(self, call: Call, onward: Callable[[Call], Answer], view: Tenant) -> None:
        """A replica checks the write by what it knows, on a throw-away copy, before it is carried out."""
        trial = dataclasses.replace(call, tenant=view.showing(_copied(view.directory)))
        try:
            onward(trial)
        except errors.GraphError as error:
            if error.status == 404 or any(text in error.message for text in _UNKNOWN_YET):
                raise

    def _write(self, call: Call, onward: Callable[[Call], Answer]) -> Answer:
        delays = self._tenant.settings.replica_delays
        if not delays:
            return onward(call)
        now = self._tenant.clock.timestamp()
        while self._past and self._past[0][0] <= now - max(delays):
            self._past.popleft()
        before = _copied(self._tenant.directory)
        answer = onward(call)
        self._past.append((now, before))
        return answer

    def _draw(self) -> random.Random:
        seed = self._tenant.settings.weather_seed
        if self._sequence is None or seed != self._seed:
            self._sequence, self._seed = random.Random(seed), seed
        return self._sequence


def _copied(directory: Directory) -> Directory:
    """All but the long permission lists of service principals, which are replaced and never changed in place."""
    shared = {
        id(part): part
        for principal in directory.service_principals.values()
        for part in (principal["appRoles"], principal["oauth2PermissionScopes"])
    }
    return copy.deepcopy(directory, shared)
