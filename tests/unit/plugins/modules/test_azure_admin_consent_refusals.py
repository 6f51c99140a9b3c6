# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consent that is refused: something is missing in the tenant, or the operator lacks a right."""

from __future__ import annotations

import pytest

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
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication


def test_a_missing_service_principal_is_explained(tenant: Tenant) -> None:
    made = declared(tenant)
    del tenant.server.tenant.directory.service_principals[made["service_principal_object_id"]]
    result = tenant.fails(MODULE, **GATEWAY)
    assert "no service principal" in result["msg"]
    assert "azure_app_registration" in result["error"]["next_step"]
    assert tenant.writes == []
    assert not tenant.ok(MODULE, **GATEWAY, state="absent")["changed"], "nothing is granted to nobody"


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
    ("held", "scopes", "right", "person"),
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
def test_missing_rights_say_which_and_who_gives_them(
    tenant: Tenant, held: list[str], scopes: list[str], right: str, person: str
) -> None:
    declared(tenant, scopes=scopes)
    tenant.sign_in_with(*held)
    result = tenant.fails(MODULE, **GATEWAY)
    assert result["error"]["status"] == 403
    assert result["error"]["code"] == "Authorization_RequestDenied"
    assert right in result["error"]["next_step"]
    assert person in result["error"]["next_step"]


def test_without_delegated_permissions_the_right_to_read_grants_is_not_needed(tenant: Tenant) -> None:
    made = declared(tenant)
    tenant.sign_in_with("Application.Read.All", "AppRoleAssignment.ReadWrite.All")
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert granted_app_roles(tenant, made) == ROLES
    tenant.clear_requests()
    assert not tenant.ok(MODULE, **GATEWAY)["changed"]
    assert tenant.graph_requests <= 2


def test_the_rights_to_grant_both_kinds_are_enough(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    tenant.sign_in_with(*GRANTING)
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert tenant.ok(MODULE, **GATEWAY, state="absent")["changed"]
    assert (granted_app_roles(tenant, made), delegated_grants(tenant, made)) == ([], [])


def test_withdrawing_needs_to_see_everything(tenant: Tenant) -> None:
    """Whoever cannot read the grants cannot say that none is left."""
    declared(tenant)
    tenant.sign_in_with("Application.Read.All", "AppRoleAssignment.ReadWrite.All")
    result = tenant.fails(MODULE, **GATEWAY, state="absent")
    assert "Directory.Read.All" in result["error"]["next_step"]
    assert tenant.writes == []


@pytest.mark.parametrize("key", ["unique_name", "client_id"])
def test_withdrawing_from_an_application_that_is_gone_is_done(
    gateway: TenantApplication, tenant: Tenant, key: str
) -> None:
    options: Json = {key: gateway.ids[key], "state": "absent"}
    tenant.ok("azure_app_registration", unique_name="gateway", state="absent")
    tenant.clear_requests()
    result = tenant.ok(MODULE, **options)
    assert not result["changed"]
    assert result["granted"] == []
    assert tenant.writes == []
