# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Who signed in with a device code in this run: kept in its memory, and nowhere else."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import EXPIRY_MARGIN

REMEMBERED = 7 * 86400.0  # seconds: longer than any run


@dataclasses.dataclass(frozen=True)
class Login:
    """A person who signed in in this run. ``asked`` is the tenant as the task named it."""

    id: str
    authority: str
    asked: str
    tenant_id: str
    client_id: str
    account: str
    expires: float
    refresh_token: str | None = dataclasses.field(repr=False)
    first: dict[str, t.Any] = dataclasses.field(repr=False)  # the token that came with the sign-in; {} once it is used

    def is_for(self, tenant: str | None) -> bool:
        return tenant is None or tenant.lower() in (self.asked.lower(), self.tenant_id)

    @property
    def usable(self) -> bool:
        """Whether a token can still be had."""
        return self.refresh_token is not None or self.expires - EXPIRY_MARGIN > time.time()


def find_login(memory: RunMemory, authority: str, tenant: str | None) -> Login | None:
    """The latest sign-in of this run at this cloud, to this tenant if one is named."""
    logins = _logins(memory, authority)
    return first(reversed(logins), lambda login: login.is_for(tenant) and login.usable)


def _logins(memory: RunMemory, authority: str) -> list[Login]:
    entries = _json.as_list(memory.recall(f"device-logins:{authority}"))
    return [Login(**entry) for entry in entries]


def keep_login(memory: RunMemory, login: Login) -> None:
    """As the latest; it takes the place of itself as it was before."""
    with memory.exclusive():
        others = [other for other in _logins(memory, login.authority) if other.id != login.id]
        logins = list(map(dataclasses.asdict, [*others, login]))
        memory.remember(f"device-logins:{login.authority}", logins, seconds=REMEMBERED)
