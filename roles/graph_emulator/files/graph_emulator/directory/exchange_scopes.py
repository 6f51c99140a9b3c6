# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose mailboxes the scopes of Exchange's role assignments hold, and which assignments have arrived."""

from __future__ import annotations

from typing import Any

from ..mail import recipient_filter
from ..mail.exchange import RoleAssignment
from .tenant import Tenant

Json = dict[str, Any]


class ExchangeScopes:
    """Of one tenant, as it is now. Of a group, direct members only ("Create unifiedRoleAssignment")."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def in_scope(self, entry: RoleAssignment, user_id: str) -> bool:
        if entry.app_scope is not None:
            custom = self._tenant.directory.exchange.custom_scopes.get(entry.app_scope)
            return custom is not None and self._matches(custom["customAttributes"]["RecipientFilter"], user_id)
        if entry.directory_scope in (None, "/"):
            return entry.mailboxes is None or user_id in entry.mailboxes
        kind, _slash, object_id = str(entry.directory_scope).strip("/").partition("/")
        if kind.lower() == "users":
            return object_id == user_id
        return user_id in self._tenant.directory.members.of(object_id)

    def counts(self, entry: RoleAssignment) -> bool:
        """A change takes the setting exchange_delay to arrive ("30 minutes to 2 hours" in the service)."""
        latest = self._tenant.clock.timestamp() - self._tenant.settings.exchange_delay
        return entry.made <= latest and (entry.ended is None or entry.ended > latest)

    def _matches(self, text: str, user_id: str) -> bool:
        directory = self._tenant.directory
        containers = directory.members.containers(user_id)
        names = [
            directory.groups[object_id]["displayName"] for object_id in containers if object_id in directory.groups
        ]
        return recipient_filter.parse(text)({**directory.users[user_id], recipient_filter.GROUPS: names})
