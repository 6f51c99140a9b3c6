# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two writes to one object close together: the later one is refused and has no effect.

Seen for addPassword, removePassword, PATCH and consent, 300 ms apart, answered with any of three statuses
(nais/azurerator issue 448: 409; Azure/azure-cli issue 23081: 503; tests of other projects: 400).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

from .. import errors
from ..directory.tenant import Tenant
from ..graph import lookups
from ..graph.call import Answer, Call

_COLLECTION = re.compile(r"/v1\.0/(\w+)")
_FORMS = ((409, "Directory_ConcurrencyViolation"), (503, "Directory_ConcurrencyViolation"), (400, errors.BAD_REQUEST))
_MESSAGE = "Error due to concurrent requests being made to the tenant. Please wait briefly and retry."


class CloseWrites:
    """Remembers when each object was last written. The window is Settings.concurrency_window."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.reset()

    def reset(self) -> None:
        self._written: dict[str, float] = {}
        self._refused = 0

    def serve(self, call: Call, onward: Callable[[Call], Answer]) -> Answer:
        window = self._tenant.settings.concurrency_window
        name = _object(call) if window and not call.reads else None
        if name is None:
            return onward(call)
        now = self._tenant.clock.timestamp()
        last = self._written.get(name)
        if last is not None and now - last < window:
            status, code = _FORMS[self._refused % len(_FORMS)]
            self._refused += 1
            raise errors.GraphError(status, code, _MESSAGE)
        answer = onward(call)
        self._written[name] = now
        return answer


def _object(call: Call) -> str | None:
    """What the path addresses; a create addresses nothing that could be written twice."""
    match = _COLLECTION.match(call.path)
    if match is None or not call.keys:
        return None
    if match.group(1) in ("applications", "servicePrincipals"):
        item = lookups.addressed(call, match.group(1), call.key)
        return None if item is None else cast(str, item["id"])
    return call.key.value.lower()
