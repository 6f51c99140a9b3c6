# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refused consent: something is missing in the tenant, or the operator lacks a right."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.consent_grants import (
    GATEWAY,
    GRANTING,
    MODULE,
    ROLES,
    SCOPES,
    UNKNOWN,
    declared,
    delegated_grants,
    granted_app_roles,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication


def test_a_missing_service_principal_is_explained(tenant: Tenant) -> None:
    made = declared(tenant)
    del tenant.server.tenant.directory.service_principals[made["service_principal_object_id"]]
    result = tenant.fails(MODULE, **GATEWAY)
    assert "no service principal" in result["msg"]
    assert "azure_app_registration" in result["error"]["next_step"]
    assert tenant.writes == []
    assert not tenant.ok(MODULE, **GATEWAY, state="absent")["changed"], "nothing is granted without a service principal"


def test_check_mode_does_not_wait_for_a_missing_service_principal(tenant: Tenant, virtual_time: VirtualTime) -> None:
    """Of an application that was created moments ago: the role would create it, but not in check mode."""
    tenant.memory = SharedMemory()
    made = declared(tenant)
    del tenant.server.tenant.directory.service_principals[made["service_principal_object_id"]]
    for address in (GATEWAY, {"client_id": made["client_id"]}):
        assert tenant.ok(MODULE, check=True, **address)["changed"]
    assert virtual_time.waited == []


def test_a_declared_permission_that_does_not_exist_is_named_before_any_write(tenant: Tenant) -> None:
    declared(tenant)
    (entry,) = tenant.application(uniqueName="gateway")["requiredResourceAccess"]
    entry["resourceAccess"].append({"id": UNKNOWN, "type": "Role"})
    result = tenant.fails(MODULE, **GATEWAY)
    assert UNKNOWN in result["msg"]
    assert "azure_app_graph_permissions" in result["error"]["next_step"]
    assert tenant.writes == []


def test_a_declared_resource_that_the_tenant_does_not_have_is_named_before_any_write(tenant: Tenant) -> None:
    declared(tenant)
    tenant.application(uniqueName="gateway")["requiredResourceAccess"].append(
        {"resourceAppId": UNKNOWN, "resourceAccess": [{"id": UNKNOWN, "type": "Role"}]}
    )
    result = tenant.fails(MODULE, **GATEWAY)
    assert UNKNOWN in result["msg"]
    assert tenant.writes == []


@pytest.mark.parametrize(
    ("granted", "scopes", "right", "person"),
    [
        (["AppRoleAssignment.ReadWrite.All"], [], "Application.Read.All", "Application Administrator"),
        (["Application.Read.All"], [], "AppRoleAssignment.ReadWrite.All", "Privileged Role Administrator"),
        (["Application.ReadWrite.All"], [], "AppRoleAssignment.ReadWrite.All", "Privileged Role Administrator"),
        (
            ["Application.Read.All", "AppRoleAssignment.ReadWrite.All"],
            SCOPES,
            "Directory.Read.All",
            "Application Administrator",
        ),
        (
            ["Application.Read.All", "AppRoleAssignment.ReadWrite.All", "Directory.Read.All"],
            SCOPES,
            "DelegatedPermissionGrant.ReadWrite.All",
            "Application Administrator",
        ),
    ],
    ids=["reading", "assigning", "assigning, as owner of all", "reading grants", "writing grants"],
)
def test_missing_rights_are_named_with_the_person_who_grants_them(
    tenant: Tenant, granted: list[str], scopes: list[str], right: str, person: str
) -> None:
    declared(tenant, scopes=scopes)
    tenant.sign_in_with(*granted)
    result = tenant.fails(MODULE, **GATEWAY)
    assert result["error"]["status"] == 403
    assert result["error"]["code"] == "Authorization_RequestDenied"
    assert right in result["error"]["next_step"]
    assert person in result["error"]["next_step"]


def test_the_right_to_read_grants_is_only_needed_for_delegated_permissions(tenant: Tenant) -> None:
    made = declared(tenant)
    tenant.sign_in_with("Application.Read.All", "AppRoleAssignment.ReadWrite.All")
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert granted_app_roles(tenant, made) == ROLES
    tenant.clear_requests()
    assert not tenant.ok(MODULE, **GATEWAY)["changed"]
    assert tenant.graph_requests <= 2


def test_the_rights_to_grant_both_kinds_are_sufficient(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    tenant.sign_in_with(*GRANTING)
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert tenant.ok(MODULE, **GATEWAY, state="absent")["changed"]
    assert (granted_app_roles(tenant, made), delegated_grants(tenant, made)) == ([], [])


def test_withdrawing_needs_the_right_to_read_everything(tenant: Tenant) -> None:
    """Without the right to read grants, it is unknown whether any is left."""
    declared(tenant)
    tenant.sign_in_with("Application.Read.All", "AppRoleAssignment.ReadWrite.All")
    result = tenant.fails(MODULE, **GATEWAY, state="absent")
    assert "Directory.Read.All" in result["error"]["next_step"]
    assert tenant.writes == []


@pytest.mark.parametrize("key", ["unique_name", "client_id"])
def test_withdrawing_from_a_deleted_application_changes_nothing(
    gateway: TenantApplication, tenant: Tenant, key: str
) -> None:
    options: Json = {key: gateway.ids[key], "state": "absent"}
    tenant.ok("azure_app_registration", unique_name="gateway", state="absent")
    tenant.clear_requests()
    result = tenant.ok(MODULE, **options)
    assert not result["changed"]
    assert result["granted"] == []
    assert tenant.writes == []
