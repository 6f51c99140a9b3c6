# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles of Exchange for some mailboxes: the assignments and custom scopes in Exchange after a run."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication

MODULE = "azure_app_mailbox_scope"
EXCHANGE_ADMINISTRATOR = ("RoleManagement.ReadWrite.Exchange", "Application.Read.All", "Directory.Read.All")
READ_WRITE = "Application Mail.ReadWrite"
GROUP: Json = {"unique_name": "gateway", "roles": ["Mail.ReadWrite"], "scope": {"group": "Gateway Mailboxes"}}


@pytest.fixture
def exchange(tenant: Tenant, gateway: TenantApplication) -> Tenant:
    """The tenant with an identity that can change roles in Exchange, and read applications and groups."""
    tenant.sign_in_with(*EXCHANGE_ADMINISTRATOR)
    return tenant


def assigned_roles(tenant: Tenant) -> list[tuple[str, str | None]]:
    """Role and scope of the assignments in Exchange."""
    entries = tenant.server.tenant.directory.exchange.shown
    return sorted((entry.role, entry.directory_scope or entry.app_scope) for entry in entries)


def filters(tenant: Tenant) -> dict[str, str]:
    scopes = tenant.server.tenant.directory.exchange.custom_scopes.values()
    return {scope["displayName"]: scope["customAttributes"]["RecipientFilter"] for scope in scopes}


def group_id(tenant: Tenant, name: str) -> str:
    groups = tenant.server.tenant.directory.groups.values()
    (found,) = [group["id"] for group in groups if group["displayName"] == name]
    return str(found)


def unit_id(tenant: Tenant) -> str:
    (unit,) = tenant.server.tenant.directory.administrative_units.values()
    return str(unit["id"])


SCOPES: dict[str, tuple[Json, t.Callable[[Tenant], list[str]]]] = {
    "a group by its display name": (
        {"group": "Gateway Mailboxes"},
        lambda x: [f"/Groups/{group_id(x, 'Gateway Mailboxes')}"],
    ),
    "a group by its address": (
        {"group": "gatewaymailboxes@contoso.onmicrosoft.com"},
        lambda x: [f"/Groups/{group_id(x, 'Gateway Mailboxes')}"],
    ),
    "an administrative unit": (
        {"administrative_unit": "Branch Office"},
        lambda x: [f"/AdministrativeUnits/{unit_id(x)}"],
    ),
    "users": (
        {"users": ["adele@contoso.onmicrosoft.com", "MEGAN@contoso.onmicrosoft.com"]},
        lambda x: [f"/Users/{x.user_id('adele')}", f"/Users/{x.user_id('megan')}"],
    ),
    "the tenant": ({"tenant": True}, lambda x: ["/"]),
}


@pytest.mark.parametrize("name", SCOPES)
def test_a_role_is_assigned_for_each_kind_of_scope(exchange: Tenant, name: str) -> None:
    options, expected = SCOPES[name]
    wanted: Json = {"unique_name": "gateway", "roles": ["Mail.ReadWrite"], "scope": options}
    predicted = exchange.ok(MODULE, check=True, **wanted)
    assert (predicted["changed"], assigned_roles(exchange), exchange.writes) == (True, [], [])
    made = exchange.ok(MODULE, **wanted)
    assert made["changed"]
    assert assigned_roles(exchange) == sorted((READ_WRITE, scope) for scope in expected(exchange))
    assert made["assigned_at"] is not None
    exchange.clear_requests()
    again = exchange.ok(MODULE, **wanted)
    assert (again["changed"], exchange.writes, again["assigned_at"]) == (False, [], None)
    assert again["assignments"] == made["assignments"]
    gone = exchange.ok(MODULE, **wanted, state="absent")
    assert (gone["changed"], assigned_roles(exchange)) == (True, [])


def test_a_group_by_its_object_id_is_shown_by_its_address(exchange: Tenant) -> None:
    known = group_id(exchange, "Gateway Mailboxes")
    made = exchange.ok(MODULE, **{**GROUP, "scope": {"group": known}})
    assert made["diff"]["after"]["assignments"] == [f"{READ_WRITE} for group gatewaymailboxes@contoso.onmicrosoft.com"]
    assert "Accounting" in made["warnings"][0], "a nested group, whose members do not count"


def test_a_filter_becomes_a_custom_scope_that_is_updated(exchange: Tenant, gateway: TenantApplication) -> None:
    wanted: Json = {"unique_name": "gateway", "roles": ["Mail.Send", "Application Mail.Read"]}
    exchange.ok(MODULE, **wanted, scope={"recipient_filter": "Department -eq 'Sales'"})
    name = f"azure_apps {gateway.client_id}"
    assert filters(exchange) == {name: "Department -eq 'Sales'"}
    before = assigned_roles(exchange)
    assert [role for role, _scope in before] == ["Application Mail.Read", "Application Mail.Send"]
    assert len({scope for _role, scope in before}) == 1
    changed = exchange.ok(MODULE, **wanted, scope={"recipient_filter": "Department -eq 'Service'"})
    assert changed["diff"]["before"]["filters"] == {name: "Department -eq 'Sales'"}
    assert (filters(exchange), assigned_roles(exchange)) == ({name: "Department -eq 'Service'"}, before)
    assert not exchange.ok(MODULE, **wanted, scope={"recipient_filter": "Department -eq 'Service'"})["changed"]
    exchange.ok(MODULE, **wanted, scope={"recipient_filter": "Department -eq 'Service'"}, state="absent")
    assert (filters(exchange), assigned_roles(exchange)) == ({}, [])


def test_a_custom_scope_that_others_use_is_not_changed(exchange: Tenant, gateway: TenantApplication) -> None:
    mine: Json = {"roles": ["Mail.Read"]}
    exchange.ok(
        MODULE,
        unique_name="gateway",
        **mine,
        scope={"scope_name": "Sales", "recipient_filter": "Department -eq 'Sales'"},
    )
    exchange.environ = exchange.server.environment()
    exchange.register("other")
    exchange.sign_in_with(*EXCHANGE_ADMINISTRATOR)
    exchange.ok(
        MODULE, unique_name="other", **mine, scope={"scope_name": "Sales", "recipient_filter": "Department -eq 'Sales'"}
    )
    exchange.clear_requests()
    failed = exchange.fails(
        MODULE,
        unique_name="gateway",
        **mine,
        scope={"scope_name": "Sales", "recipient_filter": "Department -eq 'Service'"},
    )
    assert "is used by others, too" in failed["msg"]
    assert exchange.writes == []
    exchange.ok(
        MODULE,
        unique_name="other",
        **mine,
        scope={"scope_name": "Sales", "recipient_filter": "Department -eq 'Sales'"},
        state="absent",
    )
    assert filters(exchange) == {"Sales": "Department -eq 'Sales'"}, "the first application still has roles for it"


def test_other_assignments_are_kept_unless_exact(exchange: Tenant) -> None:
    exchange.ok(MODULE, unique_name="gateway", roles=["Mail.Send"], scope={"tenant": True})
    made = exchange.ok(MODULE, **GROUP)
    assert [entry["role"] for entry in made["other_assignments"]] == ["Application Mail.Send"]
    group = f"/Groups/{group_id(exchange, 'Gateway Mailboxes')}"
    assert assigned_roles(exchange) == [(READ_WRITE, group), ("Application Mail.Send", "/")]
    exchange.clear_requests()
    exact = exchange.ok(MODULE, **GROUP, exact=True)
    assert (exact["other_assignments"], assigned_roles(exchange)) == ([], [(READ_WRITE, group)])
    assert [write.split()[0] for write in exchange.writes] == ["DELETE"]


def test_a_new_scope_is_assigned_before_the_old_one_is_removed(exchange: Tenant) -> None:
    exchange.ok(MODULE, **GROUP)
    exchange.clear_requests()
    exchange.ok(
        MODULE,
        unique_name="gateway",
        roles=["Mail.ReadWrite"],
        scope={"users": ["adele@contoso.onmicrosoft.com"]},
        exact=True,
    )
    assert [write.split()[0] for write in exchange.writes] == ["POST", "DELETE"]


def test_a_grant_in_entra_id_is_reported(exchange: Tenant, tenant: Tenant) -> None:
    exchange.environ = exchange.server.environment()
    tenant.ok("azure_app_graph_permissions", unique_name="gateway", application_permissions=["Mail.ReadWrite"])
    tenant.ok("azure_admin_consent", unique_name="gateway")
    exchange.sign_in_with(*EXCHANGE_ADMINISTRATOR)
    made = exchange.ok(MODULE, **GROUP)
    assert made["granted_for_all_mailboxes"] == ["Mail.ReadWrite"]
    assert any("for all mailboxes" in warning for warning in made["warnings"])


def test_a_lost_response_is_checked_by_reading_again(exchange: Tenant) -> None:
    exchange.server.faults.add(method="POST", path="roleAssignments$", close_after=True)
    made = exchange.ok(MODULE, **GROUP)
    assert made["changed"]
    assert len(assigned_roles(exchange)) == 1, "not assigned twice"


def test_permanently_lost_responses_to_a_removal_are_reported(exchange: Tenant) -> None:
    exchange.ok(MODULE, **GROUP)
    exchange.server.faults.add(method="DELETE", path="roleAssignments/", close_before=True, times=99)
    failed = exchange.fails(MODULE, **GROUP, state="absent")
    assert failed["error"]["kind"] == "transport"
    assert len(assigned_roles(exchange)) == 1


def test_a_service_principal_that_exchange_does_not_know_is_reported(
    exchange: Tenant, gateway: TenantApplication
) -> None:
    body = {"error": {"code": "ResourceNotFound", "message": "Couldn't find the principal."}}
    exchange.server.faults.add(method="POST", path="roleAssignments$", status=404, body=body, times=9)
    failed = exchange.fails(MODULE, **GROUP)
    line = f"New-ServicePrincipal -AppId '{gateway.client_id}' -ObjectId '{gateway.principal['id']}'"
    assert line in failed["error"]["next_step"]


@pytest.mark.parametrize(
    ("status", "code"), [(400, "BadRequest"), (404, "UnknownError"), (404, "Request_ResourceNotFound")]
)
def test_a_cloud_without_beta_is_reported(exchange: Tenant, status: int, code: str) -> None:
    body = {"error": {"code": code, "message": "Resource not found for the segment 'exchange'."}}
    exchange.server.faults.add(path="roleManagement", status=status, body=body, times=9)
    failed = exchange.fails(MODULE, **GROUP)
    assert "does not offer it (Microsoft Graph beta)" in failed["msg"]
    assert "method=commands" in failed["error"]["next_step"]
    assert exchange.writes == []


REFUSED: dict[str, tuple[Json, str]] = {
    "an unknown role": ({"roles": ["Mail.ReadWrit"]}, "Did you mean 'Application Mail.ReadWrite'"),
    "a permission for the directory": ({"roles": ["Group.Read.All"]}, "no role 'Application Group.Read.All'"),
    "an unknown group": ({"scope": {"group": "Gateway Mailbox"}}, "Did you mean 'Gateway Mailboxes'?"),
    "an unknown address": (
        {"scope": {"group": "gatewaymailbox@contoso.onmicrosoft.com"}},
        "Did you mean 'gatewaymailboxes@contoso",
    ),
    "an unknown id": ({"scope": {"group": "11111111-1111-1111-1111-111111111111"}}, "has no group '11111111-"),
    "a security group without mail": ({"scope": {"group": "Accounting"}}, "not a mail-enabled security group"),
    "a Microsoft 365 group": ({"scope": {"group": "Sales"}}, "not a mail-enabled security group"),
    "an unknown unit": ({"scope": {"administrative_unit": "Branch"}}, "Did you mean 'Branch Office'?"),
    "an unknown user": ({"scope": {"users": ["unknown@contoso.onmicrosoft.com"]}}, "has no user 'unknown@"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_missing_objects_are_reported_before_a_write(exchange: Tenant, name: str) -> None:
    options, words = REFUSED[name]
    for check in (False, True):
        failed = exchange.fails(MODULE, check=check, **{**GROUP, **options})
        assert words in failed["msg"]
    assert (exchange.writes, assigned_roles(exchange)) == ([], [])


def test_a_filter_that_exchange_refuses_is_reported(exchange: Tenant) -> None:
    wanted: Json = {"unique_name": "gateway", "roles": ["Mail.Read"], "scope": {"recipient_filter": "Colour -eq 'red'"}}
    failed = exchange.fails(MODULE, **wanted)
    assert "'Colour' is not a recognized filterable property" in failed["msg"]
    assert (assigned_roles(exchange), filters(exchange)) == ([], {})


@pytest.mark.parametrize(
    ("roles", "missing"),
    [
        (("Application.Read.All", "Directory.Read.All"), "RoleManagement.Read.Exchange"),
        (
            ("Application.Read.All", "Directory.Read.All", "RoleManagement.Read.Exchange"),
            "RoleManagement.ReadWrite.Exchange",
        ),
        (("Application.Read.All", "RoleManagement.ReadWrite.Exchange"), "GroupMember.Read.All"),
    ],
)
def test_missing_rights_are_named(exchange: Tenant, roles: tuple[str, ...], missing: str) -> None:
    exchange.sign_in_with(*roles)
    failed = exchange.fails(MODULE, **GROUP)
    assert failed["error"]["status"] == 403
    assert missing in failed["error"]["next_step"]
    assert assigned_roles(exchange) == []


def test_commands_for_an_exchange_administrator_are_returned(
    exchange: Tenant, gateway: TenantApplication, tmp_path: pathlib.Path
) -> None:
    """Without any right in Exchange."""
    exchange.sign_in_with("Application.Read.All", "Directory.Read.All")
    file = tmp_path / "exchange.ps1"
    wanted: Json = {**GROUP, "method": "commands", "commands_file": str(file)}
    assert exchange.ok(MODULE, check=True, **wanted)["changed"]
    assert not file.exists()
    made = exchange.ok(MODULE, **wanted)
    principal = gateway.principal["id"]
    assert made["commands"] == [
        f"New-ServicePrincipal -AppId '{gateway.client_id}' -ObjectId '{principal}' -DisplayName 'Gateway gateway'",
        f"$group = $null; $group = Get-DistributionGroup -Identity '{group_id(exchange, 'Gateway Mailboxes')}'"
        ' | ForEach-Object { $_.DistinguishedName.Replace("\'", "\'\'") }',
        f"if ($group) {{ New-ManagementScope -Name 'azure_apps {gateway.client_id}'"
        " -RecipientRestrictionFilter \"MemberOfGroup -eq '$group'\" }",
        f"New-ManagementRoleAssignment -Role 'Application Mail.ReadWrite' -App '{gateway.client_id}'"
        f" -CustomResourceScope 'azure_apps {gateway.client_id}'",
    ]
    assert file.read_text().splitlines() == made["commands"]
    assert (made["changed"], assigned_roles(exchange), exchange.writes) == (True, [], [])
    assert not exchange.ok(MODULE, **wanted)["changed"]


def test_check_mode_predicts_roles_of_an_unregistered_application(exchange: Tenant) -> None:
    predicted = exchange.ok(MODULE, check=True, **{**GROUP, "unique_name": "coming"})
    assert (predicted["changed"], predicted["client_id"], predicted["commands"]) == (True, None, [])
    assert (
        "has no group"
        in exchange.fails(MODULE, check=True, **{**GROUP, "unique_name": "coming", "scope": {"group": "x"}})["msg"]
    )
    assert "Could not find the application" in exchange.fails(MODULE, **{**GROUP, "unique_name": "coming"})["msg"]


def test_only_mailboxes_in_the_scope_can_be_read(exchange: Tenant, gateway: TenantApplication) -> None:
    """The effect of an assignment, and the time at which it takes effect."""
    secret = gateway.tenant
    exchange.environ = exchange.server.environment()
    value = secret.ok("azure_app_secret", unique_name="gateway", description="d")["client_secret"]
    exchange.sign_in_with(*EXCHANGE_ADMINISTRATOR)
    exchange.server.tenant.settings.update({"exchange_delay": 1800})
    exchange.ok(MODULE, **GROUP)
    proof: Json = {
        "tenant_id": exchange.server.tenant_id,
        "client_id": gateway.client_id,
        "client_secret": value,
        "mailboxes_allowed": [exchange.mailbox("alex")],
        "mailboxes_denied": [exchange.mailbox("adele"), exchange.mailbox("megan")],
        "poll": False,
    }
    assert not exchange.ok("azure_mailbox_access_info", **proof)["proven"]
    exchange.server.clock.advance(1801)
    assert exchange.ok("azure_mailbox_access_info", **proof)["proven"]


def test_the_info_module_shows_the_roles(exchange: Tenant) -> None:
    exchange.ok(MODULE, **GROUP)
    exchange.ok(MODULE, unique_name="gateway", roles=["Mail.Send"], scope={"tenant": True})

    def shown(**options: t.Any) -> list[tuple[str, str, str | None]] | None:
        (found,) = exchange.ok("azure_app_registration_info", unique_name="gateway", **options)["applications"]
        roles: list[Json] | None = found["mailbox_roles"]
        if roles is None:
            return None
        return [(entry["role"], entry["scope"]["type"], entry["scope"]["name"]) for entry in roles]

    assert shown() is None
    group = (READ_WRITE, "group", "gatewaymailboxes@contoso.onmicrosoft.com")
    assert shown(mailbox_roles=True) == [group, ("Application Mail.Send", "tenant", None)]
    exchange.sign_in_with("Application.Read.All", "RoleManagement.Read.Exchange")
    assert shown(mailbox_roles=True) == [(READ_WRITE, "group", None), ("Application Mail.Send", "tenant", None)]
    exchange.sign_in_with("Application.Read.All")
    assert shown(mailbox_roles=True) is None
    exchange.sign_in_with("Application.Read.All", "RoleManagement.Read.Exchange")
    exchange.server.faults.add(path="roleManagement", status=404, body={"error": {"code": "BadRequest"}}, times=9)
    assert shown(mailbox_roles=True) is None, "a tenant that does not offer them"
    exchange.server.faults.clear()
    exchange.server.faults.add(path="roleManagement", status=500, times=99)
    failure = exchange.fails("azure_app_registration_info", unique_name="gateway", mailbox_roles=True)
    assert failure["error"]["status"] == 500
    exchange.server.faults.clear()
    (principal,) = exchange.service_principals(exchange.application(uniqueName="gateway")["appId"])
    del exchange.server.tenant.directory.service_principals[principal["id"]]
    assert shown(mailbox_roles=True) == [], "an application without a service principal"
    exchange.server.reset()
    exchange.environ = exchange.server.environment()
    assert exchange.ok("azure_app_registration_info", unique_name="gateway", mailbox_roles=True)["applications"] == []


def test_no_role_is_assigned_to_another_application_than_the_expected_one(exchange: Tenant) -> None:
    client_id = exchange.application(uniqueName="gateway")["appId"]
    for method in ("graph", "commands"):
        for expected, words in (
            (
                {"gateway": {"client_id": "b2466de6-5867-4b23-83ff-449c85f44ba1"}},
                "lists the one with the client id b2466",
            ),
            ({"other": {"client_id": client_id}}, "does not list it"),
            ("[1]", "is malformed"),
        ):
            failure = exchange.fails(MODULE, **GROUP, method=method, expected_applications=expected)
            assert f"expected_applications {words}" in failure["msg"]
    assert (assigned_roles(exchange), exchange.writes) == ([], [])
    exchange.ok(MODULE, **GROUP, expected_applications={"gateway": {"client_id": client_id}})
    assert len(assigned_roles(exchange)) == 1
    absent = {"unique_name": "gateway", "roles": ["Mail.ReadWrite"], "state": "absent"}
    failure = exchange.fails(MODULE, **absent, expected_applications={"gateway": {"client_id": client_id}})
    assert "goes with state=present only" in failure["msg"]
