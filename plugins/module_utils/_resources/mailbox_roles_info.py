# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The roles of many applications in Exchange, each object read once."""

from __future__ import annotations

import contextlib

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_roles import Scope
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.allowed import if_allowed
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_lookup import (
    named_scopes,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_state import (
    ExchangeDirectory,
    described,
)


class ExchangeReader:
    """The roles, unless the operator may not read them, or the tenant does not offer them."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph
        self._named: dict[Scope, Scope] = {}
        self._directory = self._read()

    def described(self, principal_id: str | None) -> list[View] | None:
        """The assignments of one application; None if they cannot be read."""
        if self._directory is None:
            return None
        if not principal_id:
            return []
        unknown = without(self._directory.scopes_of(principal_id), self._named)
        self._named |= named_scopes(self._graph, unknown)
        roles = self._directory.roles_of(principal_id, self._named)
        return described(roles.assignments)

    def _read(self) -> ExchangeDirectory | None:
        with contextlib.suppress(ConflictError):
            return if_allowed(lambda: ExchangeDirectory.read(self._graph))
        return None
