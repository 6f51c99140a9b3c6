# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes and deletions by others are repaired by the next run."""

from __future__ import annotations

import collections.abc as c

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.changes_by_others.changes import (
    REPAIRS,
    SEND,
    Hand,
    delete_application,
    delete_both_one_after_the_other,
    delete_principal,
    did,
    principal_path,
    rename,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.role_steps import MICROSOFT_GRAPH, RoleSteps


@pytest.mark.parametrize(("act", "changed"), REPAIRS, ids=lambda value: getattr(value, "__name__", ""))
def test_manual_changes_are_repaired(
    role: RoleSteps, hand: Hand, act: c.Callable[[Hand, RoleSteps], None], changed: list[str]
) -> None:
    act(hand, role)
    role.converges(*changed)
    assert len(role.tenant.applications) == 1


@pytest.mark.parametrize("act", [delete_principal, delete_application, delete_both_one_after_the_other])
def test_soft_deleted_objects_are_restored(
    role: RoleSteps, hand: Hand, act: c.Callable[[Hand, RoleSteps], None]
) -> None:
    """Exchange Online knows the gateway by the object id of its service principal; manual grants are restored too."""
    ids = (role.application["id"], role.principal["id"])
    (graph,) = role.tenant.service_principals(MICROSOFT_GRAPH)
    body = {"principalId": ids[1], "resourceId": graph["id"], "appRoleId": SEND}
    did(hand.post(f"/servicePrincipals/{graph['id']}/appRoleAssignedTo", body))
    act(hand, role)
    role.converges("registration")
    assert (role.application["id"], role.principal["id"]) == ids
    assert role.granted_roles() == ["Mail.ReadWrite", "Mail.Send", "User.Read.All"]
    assert role.tenant.server.tenant.directory.deleted == {}


def test_the_last_of_several_deleted_service_principals_is_restored(role: RoleSteps, hand: Hand) -> None:
    did(hand.delete(principal_path(role)))
    hand.server.clock.advance(60)
    second = hand.service_principal(role.application["appId"])
    did(hand.delete(f"/servicePrincipals/{second['id']}"))
    role.converges("registration", "consent")
    assert role.principal["id"] == second["id"]


def test_without_restoring_a_new_service_principal_is_created(role: RoleSteps, hand: Hand) -> None:
    old = role.principal["id"]
    did(hand.delete(principal_path(role)))
    role.registration["restore_deleted"] = False
    role.converges("registration", "consent")
    assert role.principal["id"] != old
    assert old in role.tenant.server.tenant.directory.deleted, "the old one must not be purged"


def test_requested_owners_do_not_prevent_a_restore(role: RoleSteps, hand: Hand) -> None:
    ada = next(iter(role.tenant.server.tenant.directory.users))
    role.registration["owners"] = [ada]
    assert role.run().failure is None
    delete_application(hand, role)
    role.converges("registration")
    assert role.tenant.server.tenant.directory.owners[role.application["id"]].count(ada) == 1


def test_a_deleted_application_with_another_name_is_restored_with_a_warning(role: RoleSteps, hand: Hand) -> None:
    rename(hand, role)
    delete_application(hand, role)
    done = role.converges("registration")
    (warning,) = done.steps["registration"]["warnings"]
    assert "Renamed by hand" in warning
    assert "grants" in warning
