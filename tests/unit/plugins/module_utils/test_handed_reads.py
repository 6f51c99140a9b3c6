# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of reads that the role's tasks pass on to later tasks, and the reads that are repeated anyway."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.action_runner import ActionRunner
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.consent_grants import granted_app_roles
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication

REGISTRATION = "azure_app_registration"
PERMISSIONS = "azure_app_graph_permissions"
CONSENT = "azure_admin_consent"
SECRET = "azure_app_secret"
NAMES: Json = {"display_name": "Gateway", "unique_name": "gateway"}
DENIED = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
ROLES = ["Group.Read.All", "Mail.ReadWrite"]


@pytest.fixture
def made(tenant: Tenant) -> Json:
    """A registration with permissions, consent and a secret; a run of the role starts after it."""
    registered = tenant.ok(REGISTRATION, **NAMES)
    key = {"client_id": registered["client_id"]}
    tenant.ok(PERMISSIONS, **key, application_permissions=ROLES)
    tenant.ok(CONSENT, **key)
    tenant.ok(SECRET, **key, description="of a test")
    begin_run(tenant)
    return key


def begin_run(tenant: Tenant) -> None:
    tenant.of_role = True
    tenant.memory = SharedMemory()
    tenant.clear_requests()


def requests_of(tenant: Tenant, module: str, **options: t.Any) -> tuple[Json, int]:
    tenant.clear_requests()
    return tenant.ok(module, **options), tenant.graph_requests


def test_an_unchanged_run_reads_nothing_again_after_the_registration(tenant: Tenant, made: Json) -> None:
    assert requests_of(tenant, REGISTRATION, **NAMES)[1] == 2
    declared, asked = requests_of(tenant, PERMISSIONS, **made, application_permissions=ROLES)
    assert (declared["changed"], declared["application_permissions"]) == (False, ROLES)
    assert asked == 1  # the permissions that Microsoft Graph offers, once for each run
    granted, asked = requests_of(tenant, CONSENT, **made)
    assert (granted["changed"], granted["consented"], asked) == (False, True, 0)
    secret, asked = requests_of(tenant, SECRET, **made, description="of a test")
    assert (secret["changed"], secret["secret_count"], asked) == (False, 1, 0)


def test_offered_permissions_are_read_once_for_several_applications(tenant: Tenant, made: Json) -> None:
    tenant.ok(REGISTRATION, **NAMES)
    tenant.ok(PERMISSIONS, **made, application_permissions=ROLES)
    other = tenant.ok(REGISTRATION, display_name="Other", unique_name="other")
    key = {"client_id": other["client_id"]}
    tenant.ok(PERMISSIONS, **key, application_permissions=ROLES)
    begin = [entry.path for entry in tenant.server.requests() if "servicePrincipals" in entry.path]
    tenant.ok(REGISTRATION, display_name="Other", unique_name="other")
    asked = requests_of(tenant, PERMISSIONS, **key, application_permissions=ROLES)[1]
    assert begin and asked == 0


def test_the_next_registration_reads_everything_again(tenant: Tenant, made: Json) -> None:
    tenant.ok(REGISTRATION, **NAMES)
    tenant.ok(PERMISSIONS, **made, application_permissions=ROLES)
    TenantApplication(tenant).document["requiredResourceAccess"] = []
    tenant.ok(REGISTRATION, **NAMES)
    assert tenant.ok(PERMISSIONS, **made, application_permissions=ROLES)["changed"]
    assert TenantApplication(tenant).document["requiredResourceAccess"]


def declare_by_another_run(tenant: Tenant, made: Json, permission: str) -> None:
    memory, tenant.memory = tenant.memory, SharedMemory()
    tenant.ok(PERMISSIONS, **made, application_permissions=[permission])
    tenant.memory = memory
    tenant.clear_requests()


def test_a_task_with_a_change_reads_again_first(tenant: Tenant, made: Json) -> None:
    tenant.ok(REGISTRATION, **NAMES)
    tenant.ok(PERMISSIONS, **made, application_permissions=ROLES)
    declare_by_another_run(tenant, made, "User.Read.All")
    result = tenant.ok(PERMISSIONS, **made, application_permissions=[*ROLES, "User.Read.All"])
    assert not result["changed"]
    assert tenant.writes == []
    assert tenant.graph_requests == 1


def test_a_task_reads_again_before_a_refusal(tenant: Tenant, made: Json) -> None:
    """The reason for the refusal was corrected in the meantime."""
    expected = [{"resource": "microsoft_graph", "application": [*ROLES, "User.Read.All"]}]
    tenant.ok(REGISTRATION, **NAMES)
    declare_by_another_run(tenant, made, "User.Read.All")
    assert tenant.ok(CONSENT, **made, expected_permissions=expected)["changed"]


def test_a_second_run_of_the_role_uses_no_reads_of_the_first(tenant: Tenant, made: Json) -> None:
    """Between them, the service principal was deleted and purged, and its grants with it."""
    tenant.ok(REGISTRATION, **NAMES)
    directory = tenant.server.tenant.directory
    (old,) = tenant.service_principals(made["client_id"])
    directory.service_principals.pop(old["id"])
    for assignment in [one for one in directory.assignments.values() if one["principalId"] == old["id"]]:
        directory.assignments.pop(assignment["id"])
    assert tenant.ok(REGISTRATION, **NAMES)["changed"]
    granted = tenant.ok(CONSENT, **made)
    assert granted["changed"]
    assert granted_app_roles(tenant, granted) == ROLES


def test_a_withdrawal_discards_the_passed_on_reads(tenant: Tenant, made: Json) -> None:
    tenant.ok(REGISTRATION, **NAMES)
    tenant.ok(CONSENT, **made, state="absent")
    granted = tenant.ok(CONSENT, **made)
    assert granted["changed"]
    assert granted_app_roles(tenant, granted) == ROLES


def test_unrequested_members_of_a_resource_are_not_stored(tenant: Tenant, made: Json) -> None:
    (graph,) = tenant.service_principals("00000003-0000-0000-c000-000000000000")
    body = {**graph, "tags": ["a"], "alternativeNames": ["/subscriptions/x"], "odd": [5, None]}
    tenant.server.faults.add(path="servicePrincipals.*00000003", status=200, body=body, times=1)
    for _each in range(2):
        assert not tenant.ok(PERMISSIONS, **made, application_permissions=ROLES)["changed"]


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": 5}, {"value": [5]}])
def test_an_invalid_response_to_an_advance_read_is_a_clear_failure(tenant: Tenant, made: Json, body: Json) -> None:
    tenant.server.faults.add(path="appRoleAssignments", status=200, body=body, times=1)
    tenant.ok(REGISTRATION, **NAMES)
    result = tenant.run(CONSENT, **made)
    assert not result.get("failed") or result["error"]["next_step"]


def test_changed_objects_are_not_passed_on(tenant: Tenant, made: Json) -> None:
    tenant.ok(REGISTRATION, **NAMES)
    tenant.ok(PERMISSIONS, **made, application_permissions=[*ROLES, "User.Read.All"])
    result = tenant.ok(CONSENT, **made)
    assert result["changed"]
    assert "User.Read.All" in granted_app_roles(tenant, result)


def test_a_registration_with_a_change_passes_nothing_on(tenant: Tenant, made: Json) -> None:
    tenant.ok(REGISTRATION, **NAMES, notes="new")
    assert requests_of(tenant, PERMISSIONS, **made, application_permissions=ROLES)[1] == 1
    assert requests_of(tenant, CONSENT, **made)[1] == 1


def test_each_task_reads_by_itself_outside_of_the_role(tenant: Tenant, made: Json) -> None:
    tenant.of_role = False
    tenant.ok(REGISTRATION, **NAMES)
    for module in (CONSENT, CONSENT):
        assert requests_of(tenant, module, **made)[1] == 1


def test_another_identity_reads_by_itself(tenant: Tenant, made: Json) -> None:
    tenant.ok(REGISTRATION, **NAMES)
    tenant.sign_in_with("Application.Read.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.Read.All")
    assert requests_of(tenant, CONSENT, **made)[1] == 1


def test_a_refused_advance_read_does_not_fail_the_registration(tenant: Tenant, made: Json) -> None:
    tenant.sign_in_with("Application.ReadWrite.OwnedBy")
    tenant.server.faults.add(path="appRoleAssignments", status=403, body=DENIED, times=9)
    tenant.server.faults.add(path="oauth2PermissionGrants", status=503, times=1)
    assert not tenant.ok(REGISTRATION, **NAMES)["changed"]
    assert tenant.fails(CONSENT, **made)["error"]["code"] == "Authorization_RequestDenied"


def test_a_secret_that_was_not_passed_on_is_searched_again(tenant: Tenant, made: Json) -> None:
    tenant.ok(REGISTRATION, **NAMES)
    application = TenantApplication(tenant)
    application.document["passwordCredentials"] = []
    result = tenant.ok(SECRET, **made, description="another")
    assert result["changed"]
    (record,) = application.document["passwordCredentials"]
    assert record["displayName"] == "another"


def test_check_mode_reads_again_before_it_predicts_a_credential(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = ActionRunner(tenant, tmp_path, monkeypatch)
    runner.of_role = True
    made = [runner.run(REGISTRATION, **NAMES) for _each in range(2)][-1]  # the second one passes its reads on
    tenant.clear_requests()
    stores = [{"type": "ansible_vault", "path": str(tmp_path / "a.vault.yml")}]
    result = runner.run(SECRET, check=True, client_id=made["client_id"], description="gateway", stores=stores)
    assert result["changed"]
    assert tenant.graph_requests == 1
    assert tenant.writes == []
