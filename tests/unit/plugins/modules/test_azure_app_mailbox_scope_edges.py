# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles of Exchange in unusual tenants: repeated names, leftovers, wider grants, and commands that remove."""

from __future__ import annotations

import dataclasses
import pathlib

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.run_notes import RunNotes
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_state import (
    ExchangeDirectory,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.test_azure_app_mailbox_scope import (
    EXCHANGE_ADMINISTRATOR,
    GROUP,
    MODULE,
    READ_WRITE,
    assigned_roles,
    filters,
    unit_id,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication

SALES: Json = {"recipient_filter": "Department -eq 'Sales'"}
MINE: Json = {"unique_name": "gateway", "roles": ["Mail.Read"]}


@pytest.fixture
def exchange(tenant: Tenant, gateway: TenantApplication) -> Tenant:
    """The tenant with an identity that can change roles in Exchange, and read applications and groups."""
    tenant.sign_in_with(*EXCHANGE_ADMINISTRATOR)
    return tenant


def test_a_role_that_is_named_twice_is_assigned_once(exchange: Tenant) -> None:
    made = exchange.ok(MODULE, **{**GROUP, "roles": ["Mail.ReadWrite", READ_WRITE]})
    assert made["roles"] == [READ_WRITE]
    assert len(assigned_roles(exchange)) == 1


def test_a_role_that_is_not_for_applications_is_refused_before_a_custom_scope_is_created(exchange: Tenant) -> None:
    failed = exchange.fails(MODULE, **{**MINE, "roles": ["Mail Recipients"], "scope": SALES})
    assert "has no role 'Application Mail Recipients' for applications" in failed["msg"]
    assert exchange.writes == []


def test_a_permission_for_the_directory_is_no_role_of_exchange(exchange: Tenant) -> None:
    failed = exchange.fails(MODULE, **{**MINE, "roles": ["Directory.AccessAsUser.All"], "scope": SALES})
    assert failed["error"]["next_step"] == "Directory permissions have no role there."


def test_the_name_of_a_custom_scope_is_compared_without_its_case(exchange: Tenant) -> None:
    exchange.ok(MODULE, **MINE, scope={**SALES, "scope_name": "Sales"})
    exchange.clear_requests()
    assert not exchange.ok(MODULE, **MINE, scope={**SALES, "scope_name": "sales"})["changed"]
    assert not exchange.ok(MODULE, **MINE, scope={**SALES, "scope_name": "Sales "})["changed"]
    service = {"recipient_filter": "Department -eq 'Service'", "scope_name": "SALES"}
    assert exchange.ok(MODULE, **MINE, scope=service)["changed"]
    assert filters(exchange) == {"Sales": "Department -eq 'Service'"}


@pytest.mark.parametrize("scope", [SALES, None], ids=["for the scope", "for every scope"])
def test_absent_removes_custom_scopes_without_assignments(exchange: Tenant, scope: Json | None) -> None:
    """Also one that was left by a run which failed between its two writes."""
    exchange.ok(MODULE, **MINE, scope=SALES)
    body = {"error": {"code": "Forbidden", "message": "no"}}
    fault = exchange.server.faults.add(method="DELETE", path="customAppScopes", status=403, body=body, times=9)
    exchange.fails(MODULE, **MINE, scope=scope, state="absent")
    exchange.server.faults.clear()
    assert (assigned_roles(exchange), len(filters(exchange))) == ([], 1), fault
    predicted = exchange.ok(MODULE, check=True, **MINE, scope=scope, state="absent")
    assert (predicted["changed"], len(filters(exchange))) == (True, 1)
    assert exchange.ok(MODULE, **MINE, scope=scope, state="absent")["changed"]
    assert filters(exchange) == {}
    assert not exchange.ok(MODULE, **MINE, scope=scope, state="absent")["changed"]


def test_absent_for_one_role_keeps_the_custom_scope_of_another(exchange: Tenant) -> None:
    exchange.ok(MODULE, **{**MINE, "roles": ["Mail.Read", "Mail.Send"]}, scope=SALES)
    exchange.ok(MODULE, **MINE, state="absent")
    assert [role for role, _scope in assigned_roles(exchange)] == ["Application Mail.Send"]
    assert len(filters(exchange)) == 1


def test_one_of_two_administrative_units_with_the_same_name_can_be_chosen(exchange: Tenant) -> None:
    units = exchange.server.tenant.directory.administrative_units
    first, second = unit_id(exchange), "7e0f3a55-1c1d-4c55-8f0e-6d1f2f3b4c5d"
    exchange.ok(MODULE, **MINE, scope={"administrative_unit": first})
    units[second] = {**units[first], "id": second}
    assert exchange.ok(MODULE, **MINE, scope={"administrative_unit": second}, exact=True)["changed"]
    assert assigned_roles(exchange) == [("Application Mail.Read", f"/AdministrativeUnits/{second}")]


def test_a_name_of_two_administrative_units_is_refused(exchange: Tenant) -> None:
    units = exchange.server.tenant.directory.administrative_units
    first, second = unit_id(exchange), "7e0f3a55-1c1d-4c55-8f0e-6d1f2f3b4c5d"
    units[second] = {**units[first], "id": second}
    failed = exchange.fails(MODULE, **MINE, scope={"administrative_unit": "Branch Office"})
    assert failed["error"]["object_ids"] == sorted([first, second])
    assert "administrative_unit in scope to the object id" in failed["error"]["next_step"]
    assert exchange.writes == []


def test_a_deleted_scope_is_shown_without_its_name_and_errors_are_raised(exchange: Tenant) -> None:
    unit = unit_id(exchange)
    exchange.ok(MODULE, **MINE, scope={"administrative_unit": unit})
    exchange.server.faults.add(path=f"/administrativeUnits/{unit}", status=500, times=99)
    assert exchange.fails(MODULE, **MINE, scope={"tenant": True})["error"]["status"] == 500
    exchange.server.faults.clear()
    del exchange.server.tenant.directory.administrative_units[unit]
    made = exchange.ok(MODULE, **MINE, scope={"tenant": True})
    (other,) = made["other_assignments"]
    assert (other["scope"]["id"], other["scope"]["name"]) == (unit, None)


def test_a_scope_of_an_unknown_kind_is_shown_by_its_address(exchange: Tenant) -> None:
    exchange.ok(MODULE, **MINE, scope={"tenant": True})
    assignments = exchange.server.tenant.directory.exchange.assignments
    for name, entry in assignments.items():
        assignments[name] = dataclasses.replace(entry, directory_scope="/Pigeons/7")
    (other,) = exchange.ok(MODULE, **MINE, scope=SALES)["other_assignments"]
    assert (other["scope"]["type"], other["scope"]["id"]) == ("other", "/Pigeons/7")


def test_a_custom_scope_without_a_filter_is_shown(exchange: Tenant) -> None:
    exchange.ok(MODULE, **MINE, scope=SALES)
    for scope in exchange.server.tenant.directory.exchange.custom_scopes.values():
        scope["customAttributes"] = None
    (other,) = exchange.ok(MODULE, **MINE, scope={"tenant": True})["other_assignments"]
    assert (other["scope"]["type"], other["scope"]["recipient_filter"]) == ("custom", "")


@pytest.mark.parametrize(
    ("role", "granted", "reported"),
    [
        ("Mail.Read", "Mail.ReadWrite", True),
        ("Mail.ReadWrite", "Mail.ReadBasic.All", True),
        ("Application Mail Full Access", "Mail.Read", True),
        ("Mail.ReadWrite", "Mail.Send", False),
        ("Mail.Read", "MailboxSettings.Read", False),
        ("Mail.Read", "Calendars.Read", False),
    ],
)
def test_a_wider_or_narrower_grant_in_entra_id_is_reported(
    exchange: Tenant, role: str, granted: str, reported: bool
) -> None:
    exchange.environ = exchange.server.environment()
    exchange.ok("azure_app_graph_permissions", unique_name="gateway", application_permissions=[granted])
    exchange.ok("azure_admin_consent", unique_name="gateway")
    exchange.sign_in_with(*EXCHANGE_ADMINISTRATOR)
    made = exchange.ok(MODULE, unique_name="gateway", roles=[role], scope=SALES)
    assert made["granted_for_all_mailboxes"] == ([granted] if reported else [])
    assert any("for all mailboxes" in warning for warning in made.get("warnings", [])) is reported


def test_check_mode_predicts_roles_without_a_service_principal(
    exchange: Tenant, gateway: TenantApplication, virtual_time: VirtualTime
) -> None:
    """The role checks this before it registers the application, which creates the service principal."""
    exchange.memory = SharedMemory()
    RunNotes(exchange.memory).note_created(gateway.client_id)
    exchange.server.tenant.directory.service_principals.pop(str(gateway.principal["id"]))
    for application in ({"unique_name": "gateway"}, {"client_id": gateway.client_id}):
        wanted = {**{name: GROUP[name] for name in ("roles", "scope")}, **application}
        virtual_time.waited.clear()
        predicted = exchange.ok(MODULE, check=True, **wanted)
        assert (predicted["changed"], predicted["service_principal_object_id"]) == (True, None)
        assert virtual_time.waited == []
        assert "has no service principal" in exchange.fails(MODULE, **wanted)["msg"]
    assert assigned_roles(exchange) == []


@pytest.mark.parametrize("principal", [None, "", "/RoleGroups/"])
def test_an_application_without_a_service_principal_has_no_assignments(principal: str | None) -> None:
    assignment = {"id": "1", "roleDefinitionId": "2", "principalId": principal, "directoryScopeId": "/"}
    directory = ExchangeDirectory({"2": "Application Mail.Read"}, [assignment], [])
    assert directory.roles_of("", {}).assignments == ()


def test_commands_for_a_user_without_a_mailbox_address_use_the_user_name(exchange: Tenant) -> None:
    exchange.server.tenant.directory.users[exchange.user_id("adele")]["mail"] = None
    made = exchange.ok(MODULE, **MINE, scope={"users": [exchange.user_id("adele")]}, method="commands")
    assert f"PrimarySmtpAddress -eq ''{exchange.mailbox('adele')}''" in made["commands"][1]


def test_commands_that_remove_one_scope_keep_the_others(exchange: Tenant, gateway: TenantApplication) -> None:
    of_role = f"Get-ManagementRoleAssignment -RoleAssignee '{gateway.principal['id']}' -Role 'Application Mail.Read'"
    unit, name = unit_id(exchange), f"azure_apps {gateway.client_id}"
    nowhere = (
        "-not $_.CustomResourceScope -and -not $_.RecipientAdministrativeUnitScope -and -not $_.RecipientGroupScope"
    )
    expected: list[tuple[Json | None, str]] = [
        (None, ""),
        ({"tenant": True}, f" | Where-Object {{ {nowhere} }}"),
        (
            {"administrative_unit": unit},
            f" | Where-Object {{ $_.RecipientAdministrativeUnitScope -eq '{unit}' }}",
        ),
        (GROUP["scope"], f" | Where-Object {{ $_.CustomResourceScope -eq '{name}' }}"),
        (SALES, f" | Where-Object {{ $_.CustomResourceScope -eq '{name}' }}"),
        ({**SALES, "scope_name": "it's"}, " | Where-Object { $_.CustomResourceScope -eq 'it''s' }"),
    ]
    for scope, condition in expected:
        made = exchange.ok(MODULE, **MINE, scope=scope, method="commands", state="absent")
        assert made["commands"] == [f"{of_role}{condition} | Remove-ManagementRoleAssignment"]


@pytest.mark.parametrize(("name", "mark"), [("Òscar", b"\xef\xbb\xbf"), ("Oscar", b"")])
def test_a_file_with_non_ascii_letters_has_a_byte_order_mark(
    exchange: Tenant, gateway: TenantApplication, tmp_path: pathlib.Path, name: str, mark: bytes
) -> None:
    """Without it, PowerShell 5.1 interprets the second byte of the first letter as a quote that ends the text."""
    gateway.document["displayName"] = name
    file = tmp_path / "exchange.ps1"
    wanted: Json = {**GROUP, "method": "commands", "commands_file": str(file)}
    made = exchange.ok(MODULE, **wanted)
    assert f"-DisplayName '{name}'" in made["commands"][0]
    assert file.read_bytes() == mark + "".join(f"{line}\n" for line in made["commands"]).encode()
    assert not exchange.ok(MODULE, **wanted)["changed"]


def test_a_file_of_commands_that_cannot_be_written_is_a_failure(exchange: Tenant, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "exchange.ps1"
    folder.mkdir()
    failed = exchange.fails(MODULE, **{**GROUP, "method": "commands", "commands_file": str(folder)})
    assert f"Could not write the commands to {folder}: Is a directory" in failed["msg"]


def test_the_time_of_the_change_is_shown_for_a_new_filter_and_for_a_removal(exchange: Tenant) -> None:
    """Both take as long to take effect as a new assignment, and a verification waits for that."""
    assert exchange.ok(MODULE, **MINE, scope=SALES)["assigned_at"] is not None
    service = {"recipient_filter": "Department -eq 'Service'"}
    assert exchange.ok(MODULE, **MINE, scope=service)["assigned_at"] is not None
    exchange.ok(MODULE, **{**MINE, "roles": ["Mail.Send"]}, scope={"tenant": True})
    assert exchange.ok(MODULE, **MINE, scope=service)["assigned_at"] is None
    assert exchange.ok(MODULE, **MINE, scope=service, exact=True)["assigned_at"] is not None


def test_the_commands_stop_if_exchange_does_not_find_the_group(exchange: Tenant) -> None:
    """Neither for a missing group nor for the group of commands that ran before in the same session."""
    lines = exchange.ok(MODULE, **GROUP, method="commands")["commands"]
    assert lines[1].startswith("$group = $null; $group = Get-DistributionGroup -Identity '")
    assert lines[2].startswith("if ($group) { New-ManagementScope -Name '")


def test_absent_does_not_warn_about_nested_groups(exchange: Tenant) -> None:
    assert "Exchange uses only the direct members" in exchange.ok(MODULE, **GROUP)["warnings"][0]
    assert exchange.ok(MODULE, **GROUP, state="absent").get("warnings", []) == []


def test_a_permission_that_consent_would_grant_for_all_mailboxes_is_reported(exchange: Tenant) -> None:
    exchange.environ = exchange.server.environment()
    declared: Json = {"unique_name": "gateway", "application_permissions": ["Mail.ReadWrite", "User.Read.All"]}
    exchange.ok("azure_app_graph_permissions", **declared)
    exchange.sign_in_with(*EXCHANGE_ADMINISTRATOR)
    made = exchange.ok(MODULE, **MINE, scope=SALES)
    assert (made["declared_for_all_mailboxes"], made["granted_for_all_mailboxes"]) == (["Mail.ReadWrite"], [])
    assert made["warnings"] == [
        "Mail.ReadWrite is declared and not granted in Entra ID: admin consent would grant it for all mailboxes to"
        " the application with the unique name 'gateway'. Remove it with azure_app_graph_permissions"
    ]
    others: list[Json] = [{"scope": {"tenant": True}}, {"state": "absent"}]
    for options in others:
        assert exchange.ok(MODULE, **MINE, **options).get("warnings", []) == []


def test_a_grant_of_smtp_does_not_open_all_mailboxes(exchange: Tenant) -> None:
    """With it, Exchange requires a permission on each mailbox, and does not check the role."""
    exchange.environ = exchange.server.environment()
    wanted: Json = {"unique_name": "gateway", "resource": "exchange_online"}
    exchange.ok("azure_app_graph_permissions", **wanted, application_permissions=["SMTP.SendAsApp"])
    exchange.ok("azure_admin_consent", unique_name="gateway")
    exchange.sign_in_with(*EXCHANGE_ADMINISTRATOR)
    made = exchange.ok(MODULE, **{**MINE, "roles": ["SMTP.SendAsApp"]}, scope=SALES)
    assert (made["roles"], made["granted_for_all_mailboxes"]) == (["Application SMTP.SendAsApp"], ["SMTP.SendAsApp"])
    assert made["warnings"] == [
        "SMTP.SendAsApp is granted in Entra ID to the application with the unique name 'gateway', for all mailboxes:"
        " the scope has no effect until that is revoked"
    ]
