# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applications that can sign in to SMTP, and the grants of an Exchange administrator to them."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof import smtp_client as _smtp
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_smtp_oauth_info"
UNKNOWN = "11111111-1111-1111-1111-111111111111"
SEND = "SMTP.SendAsApp"
ROLE = f"Application {SEND}"


def wished(tenant: Tenant, *roles: str, mailbox: str = "megan") -> Json:
    """The options for a verification of a new registration with these permissions of Exchange Online."""
    server = {"smtp_host": tenant.server.smtp_host, "smtp_port": tenant.server.smtp_port}
    return {
        **tenant.with_secret(*roles, resource="exchange_online"),
        **server,
        "mailbox": tenant.mailbox(mailbox),
        "poll": False,
    }


def object_id(tenant: Tenant, options: Json) -> str:
    (principal,) = tenant.service_principals(options["client_id"])
    return str(principal["id"])


def register_in_exchange(tenant: Tenant, options: Json) -> None:
    exchange = tenant.server.tenant.directory.exchange
    exchange.service_principals[options["client_id"]] = object_id(tenant, options)


def give_full_access(tenant: Tenant, options: Json, first: str = "megan") -> None:
    tenant.server.tenant.directory.exchange.full_access.add((tenant.user_id(first), options["client_id"]))


def assign(tenant: Tenant, options: Json, first: str = "megan") -> None:
    tenant.server.tenant.directory.exchange.assign(options["client_id"], ROLE, [tenant.user_id(first)])


def token_of(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens that are sent to the server."""
    seen: list[str] = []
    sasl = _smtp.sasl

    def noted(mailbox: str, token: str) -> str:
        seen.append(token)
        return sasl(mailbox, token)

    monkeypatch.setattr(_smtp, "sasl", noted)
    return seen


def commands(tenant: Tenant) -> list[list[str]]:
    return [entry.body["commands"] for entry in tenant.server.smtp_sessions()]
