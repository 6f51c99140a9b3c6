# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test or a demo can change about the tenant's behaviour while the emulator runs."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

# Tenants with less than 50, up to 500, and more users: page "Microsoft Graph service-specific throttling limits".
UNITS_BY_SIZE = {"S": 3500, "M": 5000, "L": 8000}


@dataclass
class Settings:
    """All delays are seconds of the emulator's clock; `lag` counts requests."""

    secret_delay: float = 0.0
    """A fresh client secret is refused with AADSTS7000215 for this long."""
    consent_delay: float = 0.0
    """A fresh app role assignment is missing from new tokens for this long."""
    lag: int = 0
    """This many follow-ups on a fresh object get the misleading answers of replication lag."""
    token_lifetime: int = 3599
    """Seconds for which an access token is good."""
    exchange_delay: float = 0.0
    """A change of role assignments in Exchange takes this long to count."""
    vault_lag: float = 0.0
    """Deleting and recovering a secret of the key vault takes this long."""

    replica_delays: tuple[float, ...] = ()
    """One replica for each entry, that many seconds behind; requests reach them in a seeded sequence."""
    throttle: str = ""
    """S, M or L: token buckets like those of a tenant of that size."""
    throttle_units: int = 0
    """Resource units in 10 seconds, in place of the size's."""
    throttle_writes: int = 0
    """Writes in 150 seconds, in place of the size's."""
    concurrency_window: float = 0.0
    """A second write to one object within this time is refused."""
    weather_seed: int = 0
    """Chooses the sequence in which replicas serve requests."""

    def update(self, changes: dict[str, Any]) -> None:
        """Change some settings; an unknown name or a value of the wrong type is a ValueError."""
        known = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        checked = {}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"unknown setting '{name}'; known: {', '.join(sorted(known))}")
            checked[name] = _checked(name, value, known[name])
        for name, value in checked.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def _checked(name: str, value: Any, kind: type) -> Any:
    if kind is str:
        if value not in ("", *UNITS_BY_SIZE):
            raise ValueError(f"setting '{name}' must be empty or one of {', '.join(UNITS_BY_SIZE)}")
        return value
    if kind is tuple:
        if not isinstance(value, (list, tuple)) or not all(map(_is_amount, value)):
            raise ValueError(f"setting '{name}' must be a list of numbers, zero or more")
        return tuple(float(part) for part in value)
    if not _is_amount(value):
        raise ValueError(f"setting '{name}' must be a number, zero or more")
    return kind(value)


def _is_amount(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 and math.isfinite(value)
