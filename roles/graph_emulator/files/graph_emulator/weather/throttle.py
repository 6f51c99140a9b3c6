# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Token buckets for each application: resource units per 10 seconds, and writes per 2 minutes and 30 seconds.

Numbers, headers and their forms: page "Microsoft Graph service-specific throttling limits", section "Identity and
access service limits". Body and fractional Retry-After: page "Microsoft Graph throttling guidance".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import errors
from ..caller import Caller
from ..directory.tenant import Tenant
from ..graph.call import Answer
from ..settings import UNITS_BY_SIZE, Settings

UNITS_SECONDS = 10.0
WRITES_SECONDS = 150.0
WRITES = 3000
_WORTH_TELLING = 0.8


class Throttled(errors.GraphError):
    """429 with Graph's own short body, and headers with more detail."""

    def __init__(self, *, wait: float, scope: str, reason: str) -> None:
        super().__init__(
            429,
            "TooManyRequests",
            "Please retry again later.",
            headers={
                "retry-after": f"{wait:.3f}",
                "x-ms-throttle-scope": scope,
                "x-ms-throttle-information": reason,
            },
        )

    def body(self, *, date: str, request_id: str, client_request_id: str) -> dict[str, Any]:
        inner = {
            "code": "429",
            "date": date,
            "message": "Please retry after",
            "request-id": request_id,
            "client-request-id": client_request_id,
            "status": "429",
        }
        return {"error": {"code": self.code, "innerError": inner, "message": self.message}}


@dataclass
class Bucket:
    """Fills steadily. A call is let in while there is something left, and may leave a debt behind."""

    capacity: float
    seconds: float
    moment: float
    level: float

    def refill(self, now: float) -> None:
        self.level = min(self.capacity, self.level + (now - self.moment) * self.capacity / self.seconds)
        self.moment = now

    @property
    def wait(self) -> float:
        """Seconds until the next call is let in."""
        return max(0.0, (1 - self.level) * self.seconds / self.capacity)

    @property
    def used(self) -> float:
        return 1 - self.level / self.capacity


class Throttle:
    """The buckets of all applications in this tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._buckets: dict[tuple[str, str, float], Bucket] = {}

    def reset(self) -> None:
        self._buckets.clear()

    def serve(self, caller: Caller, *, writes: bool, onward: Callable[[], Answer]) -> Answer:
        unit_limit, write_limit = limits(self._tenant.settings)
        units = self._bucket(caller, "units", capacity=unit_limit, seconds=UNITS_SECONDS)
        written = self._bucket(caller, "writes", capacity=write_limit, seconds=WRITES_SECONDS) if writes else None
        self._check(caller, units, limit="ReadWrite", reason="ResourceUnitLimitExceeded")
        self._check(caller, written, limit="Write", reason="WriteLimitExceeded")
        cost = 1
        try:
            answer = onward()
            cost = answer.cost
        finally:
            # A refused call costs as well ("all requests accrue against your usage limits").
            for bucket, amount in ((units, cost), (written, 1)):
                if bucket is not None:
                    bucket.level -= amount
        fullest = max((bucket.used for bucket in (units, written) if bucket is not None), default=0.0)
        if fullest > _WORTH_TELLING:
            answer.headers["x-ms-throttle-limit-percentage"] = f"{fullest:.2f}"
        return answer

    def _bucket(self, caller: Caller, name: str, *, capacity: float, seconds: float) -> Bucket | None:
        if not capacity:
            return None
        now = self._tenant.clock.timestamp()
        bucket = self._buckets.setdefault(
            (caller.client_id, name, capacity), Bucket(capacity, seconds, moment=now, level=capacity)
        )
        bucket.refill(now)
        return bucket

    def _check(self, caller: Caller, bucket: Bucket | None, *, limit: str, reason: str) -> None:
        if bucket is not None and bucket.wait > 0:
            scope = f"Tenant_Application/{limit}/{caller.client_id}/{self._tenant.tenant_id}"
            raise Throttled(wait=bucket.wait, scope=scope, reason=reason)


def limits(settings: Settings) -> tuple[int, int]:
    """Units and writes; zero stands for no limit. Explicit numbers win over those of the tenant's size."""
    by_size = UNITS_BY_SIZE.get(settings.throttle, 0)
    return settings.throttle_units or by_size, settings.throttle_writes or (WRITES if by_size else 0)
