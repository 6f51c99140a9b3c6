# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client of Microsoft Graph, and reads for it."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ENDPOINT
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import (
    Read,
    by_key,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant

UNKNOWN = "11111111-1111-1111-1111-111111111111"
ALL = Read(path="applications", collection=True, action="list the applications")
BY_TWO = Read(path="applications", collection=True, action="list the applications", query={"$top": "2"})


def client(tenant: Tenant, **options: t.Any) -> GraphClient:
    params = {name: option.get("default") for name, option in ENDPOINT.options.items()}
    call = Call(params={**params, **options}, check_mode=False, environ=tenant.environ, memory=tenant.memory)
    return call.graph


def one(client_id: str) -> Read:
    return Read(path=by_key("applications", "appId", client_id), action="read the application")


def graph_entries(tenant: Tenant) -> list[str]:
    return [f"{entry.method} {entry.status}" for entry in tenant.server.requests() if entry.is_graph]
