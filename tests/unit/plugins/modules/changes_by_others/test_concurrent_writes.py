# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Others write between the requests of a run."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.changes_by_others.changes import (
    READ_WRITE,
    SEND,
    Hand,
    access,
    all_principals,
    app_path,
    declare,
    did,
    rename,
    replace_scopes,
    revoke_grant_keep_permission,
    revoke_scopes,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.role_steps import MICROSOFT_GRAPH, Meanwhile, RoleSteps


def test_consent_in_the_portal_between_read_and_write_is_accepted(
    role: RoleSteps, hand: Hand, meanwhile: Meanwhile
) -> None:
    """Both kinds of grants appear right before the task creates them."""
    revoke_grant_keep_permission(hand, role)
    revoke_scopes(hand, role)
    (graph,) = role.tenant.service_principals(MICROSOFT_GRAPH)
    ours = {"principalId": role.principal["id"], "resourceId": graph["id"], "appRoleId": READ_WRITE}
    shared = {"clientId": role.principal["id"], "consentType": "AllPrincipals", "resourceId": graph["id"]}
    to = f"/servicePrincipals/{graph['id']}/appRoleAssignedTo"
    meanwhile.before("POST", "appRoleAssignedTo", lambda: did(hand.post(to, ours)))
    granted = {**shared, "scope": "offline_access User.Read"}
    meanwhile.before("POST", "/oauth2PermissionGrants", lambda: did(hand.post("/oauth2PermissionGrants", granted)))
    assert role.run().failure is None
    assert meanwhile.all_happened
    role.is_settled()
    assert sorted(all_principals(role)["scope"].split()) == ["User.Read", "offline_access"]
    assert len(role.assignments()) == 2


def test_a_grant_that_is_revoked_between_read_and_write_is_handled(
    role: RoleSteps, hand: Hand, meanwhile: Meanwhile
) -> None:
    replace_scopes(hand, role)
    path = f"/oauth2PermissionGrants/{all_principals(role)['id']}"
    meanwhile.before("PATCH", "/oauth2PermissionGrants/", lambda: did(hand.delete(path)))
    assert role.run().failure is None
    assert meanwhile.all_happened
    role.is_settled()


def test_an_application_that_is_deleted_between_read_and_write_is_handled(
    role: RoleSteps, hand: Hand, meanwhile: Meanwhile
) -> None:
    rename(hand, role)
    path = app_path(role)
    meanwhile.before("PATCH", r"/applications/", lambda: did(hand.delete(path)))
    assert role.run().failure is None
    assert meanwhile.all_happened
    role.is_settled()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_concurrently_added_scopes_are_not_lost(role: RoleSteps, hand: Hand, meanwhile: Meanwhile, moment: str) -> None:
    """The other run reads before this one, and writes before or over this run's write."""
    did(hand.patch(f"/oauth2PermissionGrants/{all_principals(role)['id']}", {"scope": "User.Read"}))
    path = f"/oauth2PermissionGrants/{all_principals(role)['id']}"
    theirs = {"scope": "User.Read Mail.Send"}
    if moment == "before":
        meanwhile.before("GET", "/oauth2PermissionGrants/", lambda: did(hand.patch(path, theirs)))
    else:
        meanwhile.after("PATCH", "/oauth2PermissionGrants/", lambda: did(hand.patch(path, theirs)))
    assert role.run().failure is None
    assert meanwhile.all_happened
    assert sorted(all_principals(role)["scope"].split()) == ["Mail.Send", "User.Read", "offline_access"]
    role.is_settled()


def test_concurrently_declared_permissions_are_both_kept(role: RoleSteps, hand: Hand, meanwhile: Meanwhile) -> None:
    declare(hand, role, without=READ_WRITE)
    send = {"id": SEND, "type": "Role"}
    theirs = [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [*access(role), send]}]
    path = app_path(role)
    meanwhile.after("PATCH", "/applications/", lambda: did(hand.patch(path, {"requiredResourceAccess": theirs})))
    done = role.run()
    assert done.failure is None, done.failure
    assert meanwhile.all_happened
    assert {READ_WRITE, SEND} <= {entry["id"] for entry in access(role)}
    role.is_settled()


def test_permissions_overwritten_by_another_run_are_restored_by_the_next_run(
    role: RoleSteps, meanwhile: Meanwhile
) -> None:
    """If one run reads, the other one writes and checks, and then the first one writes, neither can detect it."""
    module = "azure_app_graph_permissions"

    def other() -> None:
        role.tenant.ok(module, unique_name="gateway", application_permissions=["Mail.Send"])

    meanwhile.before("PATCH", "/applications/", other)
    role.tenant.ok(module, unique_name="gateway", application_permissions=["Calendars.Read"])
    assert meanwhile.all_happened
    other()
    again = role.tenant.ok(module, unique_name="gateway", application_permissions=["Calendars.Read"])
    assert not again["changed"]
    assert {"Calendars.Read", "Mail.Send"} <= set(again["application_permissions"])


def test_permanent_conflicts_with_another_client_are_reported(
    role: RoleSteps, hand: Hand, meanwhile: Meanwhile
) -> None:
    declare(hand, role, without=READ_WRITE)
    path = app_path(role)
    send = {"id": SEND, "type": "Role"}
    theirs = {"requiredResourceAccess": [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [*access(role), send]}]}

    def over_ours() -> None:
        did(hand.patch(path, theirs))
        meanwhile.after("PATCH", "/applications/", over_ours)

    meanwhile.after("PATCH", "/applications/", over_ours)
    result = role.tenant.fails("azure_app_graph_permissions", unique_name="gateway", application_permissions=role.roles)
    assert "another client replaced them" in result["msg"]
    assert result["changed"] is True


def test_an_addition_by_another_run_causes_no_wait(role: RoleSteps, hand: Hand) -> None:
    """A change of the declaration by another run is not a lagging replica."""
    role.tenant.memory = SharedMemory()
    role.tenant.ok("azure_app_graph_permissions", unique_name="gateway", application_permissions=["Calendars.Read"])
    declare(hand, role, also=[])
    send = {"id": SEND, "type": "Role"}
    mine = {"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [*access(role), send]}
    did(hand.patch(app_path(role), {"requiredResourceAccess": [mine]}))
    before = role.tenant.server.clock.offset
    granted = role.tenant.ok("azure_admin_consent", unique_name="gateway")
    assert {"Calendars.Read", "Mail.Send"} <= {entry["name"] for entry in granted["granted"]}
    assert role.tenant.server.clock.offset == before
