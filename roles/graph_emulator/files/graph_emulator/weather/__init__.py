# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers that make Graph harder than a database in the same process: throttling, close writes, replicas.

Each kind is a layer that a request passes through on its way to the handler. All are off by default, run on the
emulator's clock and draw from a seeded sequence, so that the same run sees the same weather.
"""

from __future__ import annotations

from collections.abc import Callable

from ..caller import Caller
from ..directory.tenant import Tenant
from ..graph.call import Answer, Call
from .concurrency import CloseWrites
from .replicas import Replicas
from .throttle import Throttle

__all__ = ["Weather"]


class Weather:
    """All layers of one tenant. Hold the tenant's lock while using it."""

    def __init__(self, tenant: Tenant) -> None:
        self.throttle = Throttle(tenant)
        self.close_writes = CloseWrites(tenant)
        self.replicas = Replicas(tenant)

    def reset(self) -> None:
        self.throttle.reset()
        self.close_writes.reset()
        self.replicas.reset()

    def admitted(self, caller: Caller, *, writes: bool, onward: Callable[[], Answer]) -> Answer:
        """The outer layer: what a throttled caller asks for is not even looked at."""
        return self.throttle.serve(caller, writes=writes, onward=onward)

    def served(self, call: Call, onward: Callable[[Call], Answer]) -> Answer:
        """The inner layers, for a caller who may ask: close writes, then replicas, then the handler."""
        return self.close_writes.serve(call, lambda inner: self.replicas.serve(inner, onward))
