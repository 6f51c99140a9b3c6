# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicas that do not know the objects of another run yet, and runs after a killed one."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.changes_by_others.changes import (
    Hand,
    did,
    empty_declaration,
    purge_principal,
    revoke_grant_keep_permission,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.role_steps import Meanwhile, RoleSteps
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant


class Killed(BaseException):
    """Stands for a signal that ends ansible-playbook between two requests."""


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("writes", [1, 2, 5])
def test_a_run_after_a_killed_one_completes_the_job(
    tenant: Tenant, meanwhile: Meanwhile, writes: int, seed: int
) -> None:
    tenant.server.settings.update({"replica_delays": [0, 2, 9], "weather_seed": seed})
    role = RoleSteps(tenant)

    def count() -> None:
        if len(tenant.writes) >= writes:
            raise Killed
        meanwhile.after("(PATCH|POST)", "", count)

    count()
    with pytest.raises(Killed):
        role.run()
    meanwhile.cancel()
    done = role.run()
    assert done.failure is None, done.failure
    assert len(tenant.applications) == 1
    tenant.server.clock.advance(60)
    role.is_settled()


def test_our_own_removal_causes_no_wait(role: RoleSteps) -> None:
    role.tenant.memory = SharedMemory()
    before = role.tenant.server.clock.offset
    role.tenant.ok("azure_app_graph_permissions", unique_name="gateway", application_permissions=[], exact=True)
    granted = role.tenant.ok("azure_admin_consent", unique_name="gateway", revoke_stale=True)
    assert [entry["name"] for entry in granted["granted"]] == role.scopes
    assert role.tenant.server.clock.offset == before


def test_consent_waits_for_a_declaration_that_an_earlier_task_read(role: RoleSteps, hand: Hand) -> None:
    """A killed run declared it; the task of this run that declares found it on one replica, consent uses another."""
    for grant in role.grants():
        did(hand.delete(f"/oauth2PermissionGrants/{grant['id']}"))
    for assignment in role.assignments():
        did(hand.delete(f"/servicePrincipals/{role.principal['id']}/appRoleAssignments/{assignment['id']}"))
    role.tenant.memory = SharedMemory()
    role.tenant.ok("azure_app_graph_permissions", unique_name="gateway", application_permissions=role.roles)
    stale = {key: role.application[key] for key in ("id", "appId", "displayName", "uniqueName")}
    behind = {"status": 200, "body": {**stale, "requiredResourceAccess": []}}
    role.tenant.server.faults.add(method="GET", path=r"^/v1.0/applications\(uniqueName", **behind)
    granted = role.tenant.ok("azure_admin_consent", unique_name="gateway")
    assert {entry["name"] for entry in granted["granted"]} == {*role.roles, *role.scopes}


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        (r"^/v1.0/applications\(uniqueName", {"status": 404}),
        (r"^/v1.0/\$batch", {"status": 200, "body": {"responses": []}}),
    ],
)
def test_an_application_that_the_first_read_misses_is_found(role: RoleSteps, path: str, fault: Json) -> None:
    """A replica that lags behind: our own application must not be treated as another one of the same name."""
    role.tenant.server.faults.add(path=path, **fault)
    assert role.run().failure is None
    assert len(role.tenant.applications) == 1
    role.is_settled()


def test_our_own_application_that_only_the_list_shows_is_recognised(role: RoleSteps) -> None:
    role.tenant.server.faults.add(method="GET", path=r"^/v1.0/applications\(uniqueName", status=404, times=3)
    outcome = role.run()
    assert outcome.failure is None, outcome.failure
    assert (outcome.changed, outcome.writes) == ([], [])


def test_a_unique_name_of_an_application_that_is_not_visible_yet_is_reported(role: RoleSteps) -> None:
    """The replica that refuses knows the application, the ones that were read do not."""
    faults = role.tenant.server.faults
    role.registration["display_name"] = "Another name"  # the list does not show another one either
    body = {
        "error": {
            "code": "Request_BadRequest",
            "message": "Another object with the same value for property uniqueName already exists.",
        }
    }
    faults.add(method="GET", path=r"^/v1.0/applications\(uniqueName", status=404)
    faults.add(method="PATCH", path=r"^/v1.0/applications\(uniqueName", status=400, body=body)
    assert role.run().failure is None
    assert role.application["displayName"] == "Another name"
    assert len(role.tenant.applications) == 1
    faults.add(method="GET", path=r"^/v1.0/applications\(uniqueName", status=404, times=99)
    faults.add(method="PATCH", path=r"^/v1.0/applications\(uniqueName", status=400, body=body, times=99)
    role.registration["display_name"] = "Yet another"
    failure = role.run().failure
    assert failure is not None
    assert "not listed yet" in failure["msg"]
    assert failure["changed"] is False


def test_a_service_principal_that_the_first_read_missed_is_used(role: RoleSteps) -> None:
    """Graph responds with 204 to the upsert, or with 409 as to a plain creation."""
    app_id = role.application["appId"]
    message = (
        "The service principal cannot be created, updated, or restored because the service principal name"
        f" {app_id} is already in use."
    )
    body = {"error": {"code": "Request_MultipleObjectsWithSameKeyValue", "message": message}}
    missing = {"responses": [{"id": "0", "status": 404, "body": {"error": {}}}, {"id": "1", "status": 404, "body": {}}]}
    role.tenant.server.faults.add(method="POST", path=r"\$batch", status=200, body=missing)
    role.tenant.server.faults.add(method="PATCH", path="servicePrincipals", status=409, body=body)
    outcome = role.run()
    assert outcome.failure is None, outcome.failure
    assert outcome.steps["registration"]["service_principal_object_id"] == role.principal["id"]
    role.is_settled()


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (
            r"/servicePrincipals\(appId",
            400,
            "The appId 'x' of the service principal does not reference a valid application object.",
        ),
        (
            r"/servicePrincipals\(appId",
            403,
            "the backing application of the service principal being created must in the local tenant",
        ),
        ("appRoleAssignedTo", 400, "Not a valid reference update."),
        (
            "appRoleAssignedTo",
            404,
            "Resource 'x' does not exist or one of its queried reference-property objects are not present.",
        ),
        (
            "oauth2PermissionGrants",
            404,
            "Resource 'x' does not exist or one of its queried reference-property objects are not present.",
        ),
        (
            "/applications/",
            404,
            "Resource 'x' does not exist or one of its queried reference-property objects are not present.",
        ),
    ],
)
def test_an_object_that_was_just_read_is_waited_for_on_other_replicas(
    role: RoleSteps, hand: Hand, path: str, status: int, message: str
) -> None:
    """The creation is not in the memory, but an object that was just read cannot be missing."""
    purge_principal(hand, role)
    empty_declaration(hand, role)
    codes = {400: "Request_BadRequest", 403: "Authorization_RequestDenied", 404: "Request_ResourceNotFound"}
    body = {"error": {"code": codes[status], "message": message}}
    for method in ("PATCH", "POST"):
        role.tenant.server.faults.add(method=method, path=path, status=status, body=body, times=2)
    outcome = role.run()
    assert outcome.failure is None, outcome.failure
    role.is_settled()


def test_a_grant_of_this_run_is_not_reported_as_missing_by_a_lagging_replica(role: RoleSteps, hand: Hand) -> None:
    revoke_grant_keep_permission(hand, role)
    role.tenant.memory = SharedMemory()
    role.tenant.ok("azure_admin_consent", unique_name="gateway")
    role.tenant.server.faults.add(method="DELETE", path="appRoleAssignments", status=404, times=3)
    assert role.tenant.ok("azure_admin_consent", unique_name="gateway", state="absent")["changed"]
    assert role.assignments() == []


def test_an_application_of_this_run_is_not_reported_as_missing_by_a_lagging_replica(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    tenant.register()
    tenant.server.faults.add(method="DELETE", path="/applications/", status=404, times=2)
    assert tenant.ok("azure_app_registration", unique_name="gateway", state="absent")["changed"]
    assert tenant.applications == []
