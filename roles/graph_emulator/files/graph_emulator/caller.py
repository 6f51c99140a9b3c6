# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who a request comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """Who a Graph request comes from, according to its token: an application by itself, or a user at an application."""

    client_id: str
    principal_id: str
    """object id of the service principal, or of the user"""
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset()
    wids: frozenset[str] = frozenset()
    """template ids of the user's directory roles"""
    delegated: bool = False

    @property
    def permissions(self) -> frozenset[str]:
        return self.scopes if self.delegated else self.roles
