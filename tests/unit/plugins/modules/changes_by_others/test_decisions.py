# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""States that need a decision of a person: check mode and run report them, and nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.changes_by_others.changes import (
    Hand,
    app_path,
    delete_application,
    delete_principal,
    did,
    principal_path,
    rename,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.role_steps import RoleSteps
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json


def test_a_disabled_sign_in_needs_a_decision(role: RoleSteps, hand: Hand) -> None:
    did(hand.patch(principal_path(role), {"accountEnabled": False}))
    failed = role.needs_a_person("sign-in was switched off", "accountEnabled is false", "Enabled for users to sign-in")
    assert list(failed.steps) == ["registration"]
    did(hand.patch(principal_path(role), {"accountEnabled": True}))
    role.converges()


@pytest.mark.parametrize("of", ["application", "service principal"])
def test_a_deactivated_application_needs_a_decision(role: RoleSteps, hand: Hand, of: str) -> None:
    path = app_path(role) if of == "application" else principal_path(role)
    did(hand.patch(path, {"isDisabled": True}))
    failed = role.needs_a_person("it was deactivated", "isDisabled is true", "reactivate it")
    assert list(failed.steps) == ["registration"]
    did(hand.patch(path, {"isDisabled": False}))
    role.converges()


@pytest.mark.parametrize(
    ("of", "switch"),
    [
        ("application", {"isDisabled": True}),
        ("application", {"disabledByMicrosoftStatus": "DisabledDueToViolationOfServicesAgreement"}),
        ("service principal", {"isDisabled": True}),
        ("service principal", {"accountEnabled": False}),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_no_credential_is_created_if_the_sign_in_is_disabled(
    role: RoleSteps, tmp_path: Path, of: str, switch: Json, check: bool
) -> None:
    (role.application if of == "application" else role.principal).update(switch)
    role.tenant.memory = SharedMemory()
    role.tenant.clear_requests()
    options: dict[str, Json] = {
        "azure_app_secret": {"description": "another"},
        "azure_app_federated_credential": {"name": "n", "issuer": "https://a.example", "subject": "s"},
        "azure_app_certificate": {"description": "d", "path": str(tmp_path / "gateway.pem")},
    }
    for module, given in options.items():
        result = role.tenant.run(module, check=check, unique_name="gateway", **given)
        assert result["failed"], result
        assert "Could not create a credential" in result["msg"]
    assert role.tenant.writes == []
    assert list(tmp_path.iterdir()) == []


def test_a_disabled_sign_in_is_reported_before_anything_is_restored(role: RoleSteps, hand: Hand) -> None:
    did(hand.patch(principal_path(role), {"accountEnabled": False}))
    delete_principal(hand, role)
    role.needs_a_person("sign-in was switched off")


def test_a_disabled_application_can_be_deleted(role: RoleSteps, hand: Hand) -> None:
    did(hand.patch(principal_path(role), {"accountEnabled": False}))
    assert role.tenant.ok("azure_app_registration", unique_name="gateway", state="absent")["changed"]


@pytest.mark.parametrize("of", ["application", "service principal", "deleted application"])
def test_disabling_by_microsoft_needs_a_decision(role: RoleSteps, hand: Hand, of: str) -> None:
    found = role.principal if of == "service principal" else role.application
    found["disabledByMicrosoftStatus"] = "DisabledDueToViolationOfServicesAgreement"
    if of == "deleted application":
        delete_application(hand, role)
    role.needs_a_person("Microsoft has disabled it", "DisabledDueToViolationOfServicesAgreement", "Microsoft support")


@pytest.mark.parametrize("status", ["NotDisabled", "unknownFutureValue", ""])
def test_another_status_of_microsoft_is_ignored(role: RoleSteps, status: str) -> None:
    role.application["disabledByMicrosoftStatus"] = status
    role.converges()


def test_a_soft_deleted_application_is_reported_without_restoring(role: RoleSteps, hand: Hand) -> None:
    delete_application(hand, role)
    role.registration["restore_deleted"] = False
    role.needs_a_person("soft-deleted application has that key", "restore_deleted", "purge=true", "another unique_name")


@pytest.mark.parametrize("name", [None, "changed"])
def test_a_changed_unique_name_needs_adoption_and_creates_no_second_application(
    role: RoleSteps, name: str | None
) -> None:
    found = role.application
    found["uniqueName"] = name
    role.needs_a_person("another application already has the display name", f"client_id={found['appId']}")
    role.registration["client_id"] = found["appId"]
    if name:
        role.needs_a_person("it is already 'changed'", "does not allow a change")
        role.registration["unique_name"] = name
        role.converges()
    else:
        role.converges("registration")
    assert len(role.tenant.applications) == 1


def test_two_applications_with_the_display_name_need_a_decision(role: RoleSteps, hand: Hand) -> None:
    other = hand.application("Gateway")
    role.converges()
    role.application["uniqueName"] = None
    failed = role.needs_a_person("one of them", other["appId"])
    assert failed.failure is not None
    assert len(failed.failure["error"]["client_ids"]) == 2


def test_a_unique_name_of_a_deleted_application_cannot_be_adopted(role: RoleSteps, hand: Hand) -> None:
    theirs = hand.application("Payroll", uniqueName="wanted")
    did(hand.delete(f"/applications/{theirs['id']}"))
    found = role.application
    role.registration |= {"client_id": found["appId"], "unique_name": "wanted"}
    found["uniqueName"] = None
    failure = role.run().failure
    assert failure is not None
    assert "soft-deleted application has this unique name" in failure["msg"]
    assert failure["changed"] is False
    assert theirs["id"] in role.tenant.server.tenant.directory.deleted


def test_a_deleted_application_of_another_team_needs_a_decision(role: RoleSteps, hand: Hand) -> None:
    """It has our unique name, and we have no right to restore it."""
    delete_application(hand, role)
    role.tenant.sign_in_with("Application.ReadWrite.OwnedBy", "Application.Read.All")
    failure = role.run().failure
    assert failure is not None
    assert "restore" in failure["msg"]
    assert "for applications that it owns" in failure["msg"]
    assert failure["changed"] is False


def test_an_application_of_another_team_needs_a_decision(role: RoleSteps, hand: Hand) -> None:
    role.tenant.sign_in_with("Application.ReadWrite.OwnedBy", "Application.Read.All", "Directory.Read.All")
    assert role.run().failure is None, "if nothing has to be written"
    rename(hand, role)
    failure = role.run().failure
    assert failure is not None
    assert "for applications that it owns" in failure["msg"]
    assert role.application["displayName"] == "Renamed by hand"
