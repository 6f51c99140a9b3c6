# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test or a demo can change about the tenant's behaviour while the emulator runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any


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

    def update(self, changes: dict[str, Any]) -> None:
        """Change some settings; an unknown name or a value of the wrong type is a ValueError."""
        known = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"unknown setting '{name}'; known: {', '.join(sorted(known))}")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                raise ValueError(f"setting '{name}' must be a number, zero or more")
        for name, value in changes.items():
            setattr(self, name, known[name](value))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
