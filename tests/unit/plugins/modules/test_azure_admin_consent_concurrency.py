# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consent with concurrent grants and revocations by other runs, lost responses and lagging replicas."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.consent_grants import (
    GATEWAY,
    MODULE,
    ROLES,
    SCOPES,
    assign,
    declared,
    delegated_grants,
    grant_scopes,
    granted_app_roles,
    names,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant


def test_a_concurrently_granted_permission_is_accepted(tenant: Tenant) -> None:
    """Read before the other run's write, written after it: Graph responds that the assignment exists."""
    made = declared(tenant)
    assign(tenant, made, "e2a3a72e-5f79-4c64-b1b1-878b674786c9")
    tenant.server.faults.add(method="GET", path="appRoleAssignments", status=200, body={"value": []})
    result = tenant.ok(MODULE, **GATEWAY)
    assert granted_app_roles(tenant, made) == ROLES
    assert names(result["granted"]) == ROLES


def test_a_concurrently_created_grant_is_completed(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    grant_scopes(tenant, made, "User.Read offline_access")
    tenant.server.faults.add(method="GET", path="oauth2PermissionGrants", status=200, body={"value": []})
    tenant.ok(MODULE, **GATEWAY)
    (grant,) = delegated_grants(tenant, made)
    assert sorted(grant["scope"].split()) == ["Mail.Send", "User.Read", "offline_access"]


def test_a_concurrently_deleted_grant_is_created_again(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    grant_scopes(tenant, made, SCOPES[0])
    gone = {"error": {"code": "Request_ResourceNotFound", "message": "Resource does not exist."}}
    tenant.server.faults.add(method="GET", path="oauth2PermissionGrants/", status=404, body=gone)
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    (grant,) = delegated_grants(tenant, made)
    assert sorted(grant["scope"].split()) == SCOPES


def test_a_concurrently_revoked_assignment_is_accepted(tenant: Tenant) -> None:
    made = declared(tenant)
    tenant.ok(MODULE, **GATEWAY)
    tenant.server.faults.add(method="DELETE", path="appRoleAssignments", status=404, processed=True)
    assert tenant.ok(MODULE, **GATEWAY, state="absent")["changed"]
    assert granted_app_roles(tenant, made) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"close_before": True},
        {"close_after": True},
        {"truncate": True},
        {"invalid_json": True},
        {"status": 500, "processed": True},
        {"status": 429, "headers": {"Retry-After": "3"}},
        {"status": 409},
    ],
    ids=str,
)
def test_a_lost_response_to_a_grant_of_scopes_does_no_harm(tenant: Tenant, fault: Json) -> None:
    """Those to app role assignments are among the faults of test_writers.py."""
    made = declared(tenant, scopes=SCOPES)
    tenant.server.faults.add(method="POST", path="oauth2PermissionGrants", **fault)
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["changed"]
    assert granted_app_roles(tenant, made) == ROLES
    (grant,) = delegated_grants(tenant, made)
    assert sorted(grant["scope"].split()) == SCOPES


@pytest.mark.parametrize("lag", [1, 3])
def test_replication_of_objects_of_this_run_is_waited_for(tenant: Tenant, lag: int) -> None:
    tenant.memory = SharedMemory()  # as in a real run, in which a task knows the objects that another one created
    tenant.server.settings.update({"lag": lag})
    made = declared(tenant, scopes=SCOPES)
    tenant.ok(MODULE, **GATEWAY)
    assert granted_app_roles(tenant, made) == ROLES
    assert len(delegated_grants(tenant, made)) == 1
