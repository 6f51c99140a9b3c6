# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user at the page for device codes, and the run that waits for them."""

from __future__ import annotations

import typing as t

import requests

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from graph_emulator.wire.admin import HEADERS

LOGIN = "azure_device_login"
MODULE = "azure_app_registration_info"
UNREGISTERED: Json = {"unique_name": "unregistered"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"
TOKEN = "oauth2/v2.0/token"


class Person:
    """A person at the page for device codes, and the run that waits for them."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def decides(self, user_code: str, first: str = "adele", *, approve: bool = True) -> None:
        self.control("device", {"user_code": user_code, "user": self.tenant.mailbox(first), "approve": approve})

    def control(self, action: str, body: Json) -> None:
        server = self.tenant.server
        answer = requests.post(
            f"{server.graph}/_emulator/{action}", json=body, headers=HEADERS, timeout=10, verify=str(server.ca_file)
        )
        assert answer.status_code == 200, answer.text

    def signs_in(self, first: str = "adele", **options: t.Any) -> Json:
        """The result of the wait."""
        self.decides(self.tenant.ok(LOGIN, **options)["user_code"], first)
        return self.tenant.ok(LOGIN, wait=True, **options)


def polls(tenant: Tenant) -> int:
    return sum(TOKEN in entry.path for entry in tenant.server.requests())


def callers(tenant: Tenant) -> set[str | None]:
    return {entry.client_id for entry in tenant.server.requests() if entry.is_graph}
