# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Grants declared permissions, withdraws them, and reports or revokes grants that are not declared any more."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.consent_grants import (
    EXCHANGE_ONLINE,
    GATEWAY,
    MICROSOFT_GRAPH,
    MODULE,
    PERMISSIONS,
    ROLES,
    SCOPES,
    UNKNOWN,
    assign,
    declared,
    delegated_grants,
    grant_scopes,
    granted_app_roles,
    names,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, lasting
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication


def test_check_mode_predicts_the_grants(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    result = tenant.ok(MODULE, check=True, **GATEWAY)
    assert result["changed"]
    assert result["diff"]["before"] == {"granted": []}
    assert "microsoft_graph: Mail.ReadWrite (application)" in result["diff"]["after"]["granted"]
    assert "microsoft_graph: offline_access (delegated)" in result["diff"]["after"]["granted"]
    assert tenant.writes == []
    assert granted_app_roles(tenant, made) == []
    assert delegated_grants(tenant, made) == []


def test_all_app_roles_are_granted_in_one_request(tenant: Tenant) -> None:
    made = declared(tenant)
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["changed"]
    assert granted_app_roles(tenant, made) == ROLES
    assert names(result["granted"]) == ROLES
    assert (result["missing"], result["stale"]) == ([], [])
    graph = tenant.service_principals(MICROSOFT_GRAPH)[0]["id"]
    assert tenant.writes == [f"POST /servicePrincipals/{graph}/appRoleAssignedTo"] * len(ROLES)
    assert len({entry.outer for entry in tenant.write_entries} - {None}) == 1
    assert result["granted"][0] == {
        "resource": "microsoft_graph",
        "resource_client_id": MICROSOFT_GRAPH,
        "type": "application",
        "name": "Mail.ReadWrite",
        "id": "e2a3a72e-5f79-4c64-b1b1-878b674786c9",
    }


@pytest.mark.parametrize("status", [429, 503, 409])
def test_a_role_that_failed_in_the_batch_is_granted_separately(tenant: Tenant, status: int) -> None:
    made = declared(tenant)
    tenant.server.faults.add(path="appRoleAssignedTo", method="POST", status=status, nth=2)
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert granted_app_roles(tenant, made) == ROLES


def test_a_refused_grant_is_named_and_earlier_grants_are_a_change(tenant: Tenant) -> None:
    made = declared(tenant)
    tenant.server.faults.add(path="appRoleAssignedTo", method="POST", status=403, nth=2, times=9)
    failure = tenant.fails(MODULE, **GATEWAY)
    assert ROLES[1] in failure["msg"]
    assert failure["changed"]
    assert granted_app_roles(tenant, made) == ROLES[:1]
    assert [entry.status for entry in tenant.write_entries].count(403) == 1, "a refusal is not repeated"


def test_a_refusal_without_a_grant_is_not_a_change(tenant: Tenant) -> None:
    declared(tenant)
    tenant.server.faults.add(path="appRoleAssignedTo", method="POST", status=403, times=9)
    assert not tenant.fails(MODULE, **GATEWAY)["changed"]


def test_a_lost_response_leaves_each_role_granted_once(tenant: Tenant) -> None:
    made = declared(tenant)
    tenant.server.faults.add(path="batch", method="POST", close_after=True, nth=2)
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert granted_app_roles(tenant, made) == ROLES


def test_delegated_permissions_are_one_grant_for_all_principals(tenant: Tenant) -> None:
    made = declared(tenant, roles=[], scopes=SCOPES)
    tenant.ok(MODULE, **GATEWAY)
    (grant,) = delegated_grants(tenant, made)
    assert grant["consentType"] == "AllPrincipals"
    assert grant["principalId"] is None
    assert sorted(grant["scope"].split()) == SCOPES
    assert tenant.writes == ["POST /oauth2PermissionGrants"]


@pytest.mark.parametrize("key", ["client_id", "object_id"])
def test_a_second_run_changes_nothing_and_returns_the_same(tenant: Tenant, key: str) -> None:
    made = declared(tenant, scopes=SCOPES)
    member = "application_object_id" if key == "object_id" else key
    first = tenant.ok(MODULE, **{key: made[member]})
    tenant.clear_requests()
    second = tenant.ok(MODULE, **{key: made[member]})
    assert not second["changed"]
    assert tenant.writes == []
    assert tenant.graph_requests <= 2
    assert lasting(second) == lasting(first)


@pytest.mark.parametrize("key", ["unique_name", "client_id"])
def test_unchanged_consent_to_exchange_online_needs_two_requests(tenant: Tenant, key: str) -> None:
    made = declared(tenant, roles=["SMTP.SendAsApp"], resource="exchange_online")
    tenant.ok(MODULE, **GATEWAY)
    tenant.clear_requests()
    assert not tenant.ok(MODULE, **{key: made[key]})["changed"]
    assert tenant.graph_requests <= 2


def test_newly_declared_permissions_are_granted(tenant: Tenant) -> None:
    made = declared(tenant, scopes=["Mail.Send"])
    tenant.ok(MODULE, **GATEWAY)
    tenant.ok(PERMISSIONS, **GATEWAY, application_permissions=["Mail.Send"], delegated_permissions=["offline_access"])
    tenant.clear_requests()
    assert tenant.ok(MODULE, check=True, **GATEWAY)["changed"]
    assert tenant.writes == []
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["changed"]
    assert granted_app_roles(tenant, made) == ["Mail.ReadWrite", "Mail.Send", "User.Read.All"]
    (grant,) = delegated_grants(tenant, made)
    assert grant["scope"] == "Mail.Send offline_access"
    assert [write.partition(" ")[0] for write in tenant.writes] == ["POST", "PATCH"]
    assert not tenant.ok(MODULE, **GATEWAY)["changed"]


def test_withdrawing_removes_all_grants_for_the_tenant(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    tenant.ok(MODULE, **GATEWAY)
    assign(tenant, made, "b633e1c5-b582-4048-a93e-9f11b44c7e96")  # Mail.Send, by hand
    tenant.clear_requests()
    predicted = tenant.ok(MODULE, check=True, **GATEWAY, state="absent")
    assert predicted["changed"]
    assert tenant.writes == []
    gone = tenant.ok(MODULE, **GATEWAY, state="absent")
    assert gone["changed"]
    assert (granted_app_roles(tenant, made), delegated_grants(tenant, made)) == ([], [])
    assert gone["granted"] == []
    assert sorted(names(gone["missing"])) == sorted([*ROLES, *SCOPES])
    assert {write.partition(" ")[0] for write in tenant.writes} == {"DELETE"}
    tenant.clear_requests()
    assert not tenant.ok(MODULE, **GATEWAY, state="absent")["changed"]
    assert tenant.writes == []


def test_withdrawing_keeps_grants_of_users(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    user = next(iter(tenant.server.tenant.directory.users))
    own = grant_scopes(tenant, made, "Mail.Send User.Read", user=user)
    tenant.ok(MODULE, **GATEWAY)
    tenant.ok(MODULE, **GATEWAY, state="absent")
    assert delegated_grants(tenant, made) == [own]
    assert own["scope"] == "Mail.Send User.Read"


def test_an_application_without_permissions_needs_no_grant(gateway: TenantApplication, tenant: Tenant) -> None:
    result = tenant.ok(MODULE, **GATEWAY)
    assert not result["changed"]
    assert (result["granted"], result["missing"], result["stale"]) == ([], [], [])


def test_the_page_for_consent_by_a_person_is_returned(tenant: Tenant) -> None:
    made = declared(tenant)
    result = tenant.ok(MODULE, check=True, **GATEWAY)
    server = tenant.server
    assert result["consent_url"] == (
        f"{server.authority}/{server.tenant_id}/adminconsent?client_id={made['client_id']}"
    )
    assert result["tenant_id"] == server.tenant_id
    assert result["service_principal_object_id"] == made["service_principal_object_id"]


def test_one_id_on_graph_and_on_exchange_means_two_grants(tenant: Tenant) -> None:
    made = declared(tenant, roles=["Mail.Send"])
    tenant.ok(MODULE, **GATEWAY)
    tenant.ok(PERMISSIONS, **GATEWAY, resource="exchange_online", application_permissions=["Mail.Send"])
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["changed"]
    assert granted_app_roles(tenant, made, EXCHANGE_ONLINE) == ["Mail.Send"]
    assert sorted(permission["resource"] for permission in result["granted"]) == ["exchange_online", "microsoft_graph"]
    tenant.ok(PERMISSIONS, **GATEWAY, application_permissions=["Mail.Send"], state="absent")
    tenant.ok(MODULE, **GATEWAY, revoke_stale=True)
    assert granted_app_roles(tenant, made) == []
    assert granted_app_roles(tenant, made, EXCHANGE_ONLINE) == ["Mail.Send"]


def test_stale_permissions_are_reported_and_kept(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    tenant.ok(MODULE, **GATEWAY)
    fewer: Json = {"application_permissions": ["User.Read.All"], "delegated_permissions": ["Mail.Send"]}
    tenant.ok(PERMISSIONS, **GATEWAY, **fewer, exact=True)
    result = tenant.ok(MODULE, **GATEWAY)
    assert not result["changed"]
    assert names(result["stale"]) == ["Mail.ReadWrite", "offline_access"]
    assert granted_app_roles(tenant, made) == ROLES


def test_stale_permissions_are_revoked_on_request(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    tenant.ok(MODULE, **GATEWAY)
    fewer: Json = {"application_permissions": ["User.Read.All"], "delegated_permissions": ["Mail.Send"]}
    tenant.ok(PERMISSIONS, **GATEWAY, **fewer, exact=True)
    tenant.clear_requests()
    assert tenant.ok(MODULE, check=True, **GATEWAY, revoke_stale=True)["changed"]
    assert tenant.writes == []
    result = tenant.ok(MODULE, **GATEWAY, revoke_stale=True)
    assert result["changed"]
    assert result["stale"] == []
    assert granted_app_roles(tenant, made) == ["User.Read.All"]
    (grant,) = delegated_grants(tenant, made)
    assert grant["scope"] == "Mail.Send"
    assert not tenant.ok(MODULE, **GATEWAY, revoke_stale=True)["changed"]


def test_the_grant_is_removed_with_its_last_scope(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    tenant.ok(MODULE, **GATEWAY)
    tenant.ok(PERMISSIONS, **GATEWAY, delegated_permissions=[], exact=True)
    tenant.ok(MODULE, **GATEWAY, revoke_stale=True)
    assert delegated_grants(tenant, made) == []
    assert granted_app_roles(tenant, made) == ROLES


def test_a_grant_of_an_unknown_scope_is_kept_until_it_is_revoked(tenant: Tenant) -> None:
    made = declared(tenant, scopes=["Mail.Send"])
    grant = grant_scopes(tenant, made, "Old.Scope")
    result = tenant.ok(MODULE, **GATEWAY)
    assert sorted(grant["scope"].split()) == ["Mail.Send", "Old.Scope"]
    assert names(result["stale"]) == ["Old.Scope"]
    tenant.ok(MODULE, **GATEWAY, revoke_stale=True)
    assert grant["scope"] == "Mail.Send"


def test_an_assignment_of_an_unknown_role_can_be_withdrawn(tenant: Tenant) -> None:
    made = declared(tenant)
    assignment = assign(tenant, made, UNKNOWN)
    assert names(tenant.ok(MODULE, **GATEWAY)["stale"]) == [UNKNOWN]
    tenant.ok(MODULE, **GATEWAY, revoke_stale=True)
    assert assignment["id"] not in tenant.server.tenant.directory.assignments
    assert granted_app_roles(tenant, made) == ROLES


def test_check_mode_predicts_the_grants_of_what_an_earlier_task_would_declare(tenant: Tenant) -> None:
    """As of an application that is adopted, or whose profile has changed."""
    declared(tenant, roles=["User.Read.All"])
    tenant.ok(MODULE, **GATEWAY)
    tenant.memory = SharedMemory()
    added = {"resource": "microsoft_graph", "application": ["Mail.ReadWrite"]}
    tenant.ok(PERMISSIONS, check=True, **GATEWAY, permissions=[added], exact=True)
    other = {"resource": "exchange_online", "application": ["SMTP.SendAsApp"]}
    tenant.ok(PERMISSIONS, check=True, **GATEWAY, permissions=[other])
    before = len(tenant.writes)
    result = tenant.ok(MODULE, check=True, **GATEWAY, revoke_stale=True)
    assert result["changed"]
    assert result["diff"]["before"] == {"granted": ["microsoft_graph: User.Read.All (application)"]}
    assert result["diff"]["after"] == {
        "granted": ["exchange_online: SMTP.SendAsApp (application)", "microsoft_graph: Mail.ReadWrite (application)"]
    }
    assert len(tenant.writes) == before


def test_check_mode_predicts_the_grants_of_an_unregistered_application(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    gateway: Json = {"unique_name": "gateway"}
    nothing = tenant.ok(MODULE, check=True, **gateway)
    assert (nothing["changed"], nothing["client_id"], nothing["consent_url"]) == (False, None, None)
    tenant.ok(PERMISSIONS, check=True, **gateway, application_permissions=["Mail.ReadWrite"])
    result = tenant.ok(MODULE, check=True, **gateway)
    assert result["changed"] and [permission["name"] for permission in result["granted"]] == ["Mail.ReadWrite"]
    assert tenant.writes == []
