# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_permissions_info"
MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE_ONLINE = "00000002-0000-0ff1-ce00-000000000000"
UNKNOWN = "11111111-1111-1111-1111-111111111111"
USER_READ = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
GRAPH: Json = {"resource": "microsoft_graph", "application": ["Mail.ReadWrite"], "delegated": [USER_READ]}
EXCHANGE: Json = {"resource": EXCHANGE_ONLINE, "application": ["SMTP.SendAsApp"]}


def test_all_resources_are_looked_up_in_one_request(tenant: Tenant) -> None:
    result = tenant.ok(MODULE, permissions=[GRAPH, EXCHANGE])
    assert [(p["resource"], p["type"], p["name"]) for p in result["permissions"]] == [
        ("microsoft_graph", "application", "Mail.ReadWrite"),
        ("microsoft_graph", "delegated", "User.Read"),
        ("exchange_online", "application", "SMTP.SendAsApp"),
    ]
    ids = {r["value"]: r["id"] for r in tenant.service_principals(MICROSOFT_GRAPH)[0]["appRoles"]}
    assert result["permissions"][0]["id"] == ids["Mail.ReadWrite"]
    assert result["permissions"][0]["resource_client_id"] == MICROSOFT_GRAPH
    assert (result["changed"], result["tenant_id"]) == (False, tenant.server.tenant_id)
    assert tenant.graph_requests == 1
    assert tenant.writes == []


def test_nothing_to_look_up_asks_nothing_but_a_token(tenant: Tenant) -> None:
    """Which says whose tenant it is."""
    result = tenant.ok(MODULE, permissions=[])
    assert (result["permissions"], result["tenant_id"]) == ([], tenant.server.tenant_id)
    assert tenant.graph_requests == 0
    assert [entry.path.rpartition("/")[2] for entry in tenant.server.requests()] == ["openid-configuration", "token"]


@pytest.mark.parametrize(
    ("permissions", "words"),
    [
        ([{**GRAPH, "application": ["Mail.ReadWrit"]}], "Did you mean Mail.ReadWrite"),
        ([{**GRAPH, "application": ["SMTP.SendAsApp"]}], "has no application permission 'SMTP.SendAsApp'"),
        ([{**GRAPH, "delegated": [UNKNOWN]}], f"has no delegated permission '{UNKNOWN}'"),
        ([GRAPH, {"resource": UNKNOWN}], f"no service principal of the resource {UNKNOWN}"),
    ],
)
def test_what_the_tenant_does_not_offer_is_refused(tenant: Tenant, permissions: list[Json], words: str) -> None:
    assert words in tenant.fails(MODULE, permissions=permissions)["msg"]


@pytest.mark.parametrize(
    ("permissions", "words"),
    [
        ([GRAPH, {"resource": MICROSOFT_GRAPH.upper()}], "is listed twice"),
        ([{**GRAPH, "application": ["Mail.Read Write"]}], "'Mail.Read Write' is not the name of a permission"),
        ([{**GRAPH, "delegated": [""]}], "'' is not the name of a permission"),
        ([{"resource": "graph"}], "resource is 'graph', which is not a GUID"),
        ([{"application": ["Mail.Read"]}], "resource"),
        ([{**GRAPH, "aplication": []}], "aplication"),
        (["Mail.Read"], "permissions"),
    ],
)
def test_what_is_malformed_is_refused_before_anything_is_sent(
    tenant: Tenant, permissions: list[Json], words: str
) -> None:
    assert words in tenant.fails(MODULE, permissions=permissions)["msg"]
    assert tenant.server.requests() == []
