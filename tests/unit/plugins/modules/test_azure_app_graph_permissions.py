# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, lasting
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication

MODULE = "azure_app_graph_permissions"
MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE_ONLINE = "00000002-0000-0ff1-ce00-000000000000"
OUTBOUND: list[str] = ["Group.Read.All", "GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All"]
GATEWAY: Json = {"unique_name": "gateway", "application_permissions": OUTBOUND}
# The delegated permission that the portal gives every new application.
USER_READ = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
UNKNOWN = "11111111-1111-1111-1111-111111111111"


def role_ids(tenant: Tenant, resource: str, *names: str) -> set[str]:
    principal = tenant.service_principals(resource)[0]
    return {role["id"] for role in principal["appRoles"] if role["value"] in names}


def test_permissions_are_declared_by_name_in_one_patch(gateway: TenantApplication, tenant: Tenant) -> None:
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["changed"]
    (entry,) = gateway.declarations()
    assert {a["id"] for a in entry["resourceAccess"]} == role_ids(tenant, MICROSOFT_GRAPH, *OUTBOUND)
    assert {a["type"] for a in entry["resourceAccess"]} == {"Role"}
    (write,) = tenant.write_entries
    assert (write.method, write.path) == ("PATCH", f"/v1.0/applications/{gateway.object_id}")
    assert write.body.keys() == {"requiredResourceAccess"}
    assert result["client_id"] == gateway.client_id
    assert result["diff"]["before"] == {"microsoft_graph": {"application": [], "delegated": []}}
    assert result["diff"]["after"] == {"microsoft_graph": {"application": OUTBOUND, "delegated": []}}
    assert (result["resource_client_id"], result["resource_display_name"]) == (MICROSOFT_GRAPH, "Microsoft Graph")
    assert tenant.server.tenant.directory.grants == {}, "declaring grants nothing"


def test_permissions_are_added_to_the_declared_ones(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Read"])
    tenant.clear_requests()
    options: Json = {"unique_name": "gateway", "application_permissions": ["Mail.Send"]}
    assert tenant.ok(MODULE, check=True, **options)["changed"]
    assert tenant.writes == []
    result = tenant.ok(MODULE, **options)
    assert result["diff"]["before"]["microsoft_graph"]["application"] == ["Mail.Read"]
    assert result["diff"]["after"]["microsoft_graph"]["application"] == ["Mail.Read", "Mail.Send"]
    assert gateway.declared(kind="Role") == ["Mail.Read", "Mail.Send"]
    assert not tenant.ok(MODULE, **options)["changed"]


def test_only_the_listed_permissions_are_removed(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, **GATEWAY)
    tenant.clear_requests()
    options: Json = {"unique_name": "gateway", "application_permissions": ["Mail.ReadWrite"], "state": "absent"}
    assert tenant.ok(MODULE, check=True, **options)["changed"]
    assert tenant.writes == []
    gone = tenant.ok(MODULE, **options)
    assert gone["changed"]
    assert gone["application_permissions"] == ["Group.Read.All", "GroupMember.Read.All", "User.Read.All"]
    assert gateway.declared(kind="Role") == gone["application_permissions"]
    tenant.clear_requests()
    assert not tenant.ok(MODULE, **options)["changed"]
    assert tenant.writes == []


def test_the_entry_is_removed_with_its_last_permission(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, **GATEWAY)
    tenant.ok(MODULE, **GATEWAY, state="absent")
    assert gateway.declarations() == []


# Additive and exact


def test_exact_removes_unlisted_permissions(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, **GATEWAY)
    tenant.clear_requests()
    result = tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"], exact=True)
    assert result["application_permissions"] == ["Mail.Send"]
    assert gateway.declared(kind="Role") == ["Mail.Send"]
    assert len(tenant.writes) == 1
    assert not tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"], exact=True)["changed"]


def test_exact_only_applies_to_the_given_lists(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, **GATEWAY, delegated_permissions=["Mail.Send"])
    result = tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"], exact=True)
    assert result["delegated_permissions"] == ["Mail.Send"]
    result = tenant.ok(MODULE, unique_name="gateway", delegated_permissions=[], exact=True)
    assert (result["application_permissions"], result["delegated_permissions"]) == (["Mail.Send"], [])


def test_an_empty_list_only_removes_permissions_with_exact(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, **GATEWAY)
    assert not tenant.ok(MODULE, unique_name="gateway", application_permissions=[])["changed"]
    assert tenant.ok(MODULE, unique_name="gateway", application_permissions=[], exact=True)["changed"]
    assert gateway.declarations() == []


def test_user_read_of_the_portal_is_kept(gateway: TenantApplication, tenant: Tenant) -> None:
    gateway.declare(MICROSOFT_GRAPH, (USER_READ, "Scope"))
    result = tenant.ok(MODULE, **GATEWAY, exact=True)
    assert result["delegated_permissions"] == ["User.Read"]
    (entry,) = gateway.declarations()
    assert {"id": USER_READ, "type": "Scope"} in entry["resourceAccess"]


def test_user_read_is_not_added(gateway: TenantApplication, tenant: Tenant) -> None:
    assert tenant.ok(MODULE, **GATEWAY)["delegated_permissions"] == []


# Resources


def test_entries_of_other_resources_are_unchanged(gateway: TenantApplication, tenant: Tenant) -> None:
    gateway.declare(UNKNOWN, ("22222222-2222-2222-2222-222222222222", "Role"), (USER_READ, "Scope"))
    gateway.declare(EXCHANGE_ONLINE, *((i, "Role") for i in role_ids(tenant, EXCHANGE_ONLINE, "full_access_as_app")))
    before = [copy.deepcopy(gateway.declarations(resource)) for resource in (UNKNOWN, EXCHANGE_ONLINE)]
    for options in (GATEWAY, {**GATEWAY, "exact": True}, {**GATEWAY, "state": "absent"}):
        tenant.ok(MODULE, **options)
        after = [gateway.declarations(resource) for resource in (UNKNOWN, EXCHANGE_ONLINE)]
        assert json.dumps(after) == json.dumps(before)


@pytest.mark.parametrize("resource", ["exchange_online", EXCHANGE_ONLINE, EXCHANGE_ONLINE.upper()])
def test_exchange_online_can_be_a_name_or_a_client_id(
    gateway: TenantApplication, tenant: Tenant, resource: str
) -> None:
    options: Json = {"unique_name": "gateway", "resource": resource, "application_permissions": ["SMTP.SendAsApp"]}
    result = tenant.ok(MODULE, **options)
    assert result["resource_client_id"] == EXCHANGE_ONLINE
    assert gateway.declared(EXCHANGE_ONLINE, kind="Role") == ["SMTP.SendAsApp"]
    assert result["diff"]["after"] == {"exchange_online": {"application": ["SMTP.SendAsApp"], "delegated": []}}
    assert not tenant.ok(MODULE, **options)["changed"]


def test_permissions_of_any_application_of_the_tenant_can_be_declared(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    api = tenant.register("api")
    (principal,) = tenant.service_principals(api["client_id"])
    principal["appRoles"] = [
        {"id": UNKNOWN, "value": "Relay.Send", "isEnabled": True, "allowedMemberTypes": ["Application"]},
        {"id": USER_READ, "value": "Relay.Old", "isEnabled": False, "allowedMemberTypes": ["Application"]},
        {"id": EXCHANGE_ONLINE, "value": "Relay.Person", "isEnabled": True, "allowedMemberTypes": ["User"]},
    ]
    options: Json = {"unique_name": "gateway", "resource": api["client_id"]}
    tenant.ok(MODULE, **options, application_permissions=["Relay.Send"])
    assert gateway.declarations(api["client_id"])[0]["resourceAccess"] == [{"id": UNKNOWN, "type": "Role"}]
    for refused in ("Relay.Old", "Relay.Person"):
        assert refused in tenant.fails(MODULE, **options, application_permissions=[refused])["msg"]


def test_one_id_on_graph_and_on_exchange_means_two_permissions(gateway: TenantApplication, tenant: Tenant) -> None:
    assert role_ids(tenant, MICROSOFT_GRAPH, "Mail.Send") == role_ids(tenant, EXCHANGE_ONLINE, "Mail.Send")
    options: Json = {"unique_name": "gateway", "application_permissions": ["Mail.Send"]}
    tenant.ok(MODULE, **options)
    on_exchange = tenant.ok(MODULE, **options, resource="exchange_online")
    assert on_exchange["changed"]
    tenant.ok(MODULE, **options, state="absent")
    assert gateway.declared(kind="Role") == []
    assert gateway.declared(EXCHANGE_ONLINE, kind="Role") == ["Mail.Send"]


def test_an_unknown_resource_is_named(gateway: TenantApplication, tenant: Tenant) -> None:
    result = tenant.fails(MODULE, **GATEWAY, resource=UNKNOWN)
    assert UNKNOWN in result["msg"]
    assert result["error"]["kind"] == "conflict"
    assert tenant.writes == []


# Names


@pytest.mark.parametrize(
    ("wrong", "closest"),
    [("Mail.ReadWrit", "Mail.ReadWrite"), ("mail.readwrite", "Mail.ReadWrite"), ("User.ReadAll", "User.Read.All")],
)
def test_an_unknown_name_fails_with_the_closest_names(
    gateway: TenantApplication, tenant: Tenant, wrong: str, closest: str
) -> None:
    result = tenant.fails(MODULE, unique_name="gateway", application_permissions=["Mail.Send", wrong])
    assert f"'{wrong}'" in result["msg"]
    assert closest in result["error"]["closest"]
    assert closest in result["error"]["next_step"]
    assert result["error"]["permission"] == wrong
    assert tenant.writes == []


def test_an_unknown_name_without_similar_ones_fails(gateway: TenantApplication, tenant: Tenant) -> None:
    result = tenant.fails(MODULE, unique_name="gateway", application_permissions=["Zzzzzzzz"])
    assert result["error"]["closest"] == []
    assert tenant.writes == []


@pytest.mark.parametrize(
    ("asked", "other", "name"),
    [("application", "delegated", "User.Read"), ("delegated", "application", "SMTP.SendAsApp")],
)
def test_the_wrong_kind_of_a_permission_is_reported(
    gateway: TenantApplication, tenant: Tenant, asked: str, other: str, name: str
) -> None:
    resource = "exchange_online" if name.startswith("SMTP") else "microsoft_graph"
    result = tenant.fails(MODULE, unique_name="gateway", resource=resource, **{f"{asked}_permissions": [name]})
    assert f"exists as {other} permission only" in result["error"]["next_step"]
    assert f"It exists as {other} permission only" in result["error"]["next_step"]
    assert tenant.writes == []


def test_a_name_can_be_an_application_and_a_delegated_permission(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"])
    result = tenant.ok(MODULE, unique_name="gateway", delegated_permissions=["Mail.Send"])
    assert (result["application_permissions"], result["delegated_permissions"]) == (["Mail.Send"], ["Mail.Send"])
    (entry,) = gateway.declarations()
    assert sorted(access["type"] for access in entry["resourceAccess"]) == ["Role", "Scope"]


def test_a_permission_can_be_named_by_its_id(gateway: TenantApplication, tenant: Tenant) -> None:
    (permission_id,) = role_ids(tenant, MICROSOFT_GRAPH, "Mail.Send")
    result = tenant.ok(MODULE, unique_name="gateway", application_permissions=[permission_id.upper()])
    assert result["application_permissions"] == ["Mail.Send"]
    assert not tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"])["changed"]


def test_an_unknown_id_is_refused(gateway: TenantApplication, tenant: Tenant) -> None:
    assert UNKNOWN in tenant.fails(MODULE, unique_name="gateway", application_permissions=[UNKNOWN])["msg"]
    assert tenant.writes == []


def test_an_unknown_declared_id_is_shown_kept_and_removable(gateway: TenantApplication, tenant: Tenant) -> None:
    """The message of azure_admin_consent advises users to remove it by its id, or with exact."""
    gateway.declare(MICROSOFT_GRAPH, (UNKNOWN, "Role"))
    result = tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"])
    assert result["application_permissions"] == [UNKNOWN, "Mail.Send"]
    tenant.ok(MODULE, unique_name="gateway", application_permissions=[UNKNOWN], state="absent")
    assert gateway.declared(kind="Role") == ["Mail.Send"]


def test_exact_removes_an_unknown_id(gateway: TenantApplication, tenant: Tenant) -> None:
    gateway.declare(MICROSOFT_GRAPH, (UNKNOWN, "Role"))
    tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"], exact=True)
    assert gateway.declared(kind="Role") == ["Mail.Send"]


def test_a_name_given_twice_is_declared_once(gateway: TenantApplication, tenant: Tenant) -> None:
    (permission_id,) = role_ids(tenant, MICROSOFT_GRAPH, "Mail.Send")
    tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send", "Mail.Send", permission_id])
    (entry,) = gateway.declarations()
    assert entry["resourceAccess"] == [{"id": permission_id, "type": "Role"}]


def test_duplicates_in_the_tenant_are_ignored(gateway: TenantApplication, tenant: Tenant) -> None:
    (permission_id,) = role_ids(tenant, MICROSOFT_GRAPH, "Mail.Send")
    gateway.declare(MICROSOFT_GRAPH, (permission_id, "Role"), (permission_id, "Role"))
    gateway.declare(MICROSOFT_GRAPH, (permission_id, "Role"))
    assert not tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"])["changed"]
    tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Read"])
    assert len(gateway.declarations()) == 1


# Invalid responses


# Several resources in one task

BOTH: list[Json] = [
    {"resource": "microsoft_graph", "application": ["Mail.ReadWrite"]},
    {"resource": "exchange_online", "application": ["SMTP.SendAsApp"], "delegated": ["SMTP.Send"]},
]


def test_the_permissions_of_several_resources_are_declared_in_one_patch(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    expected: Json = {"unique_name": "gateway", "permissions": BOTH}
    checked = tenant.ok(MODULE, check=True, **expected)
    assert checked["changed"] and tenant.writes == []
    result = tenant.ok(MODULE, **expected)
    assert tenant.writes == [f"PATCH /applications/{gateway.object_id}"]
    assert lasting(result) == lasting(checked)
    assert gateway.declared(kind="Role") == ["Mail.ReadWrite"]
    assert gateway.declared(EXCHANGE_ONLINE, kind="Role") == ["SMTP.SendAsApp"]
    assert [(entry["resource"], entry["application"], entry["delegated"]) for entry in result["permissions"]] == [
        ("microsoft_graph", ["Mail.ReadWrite"], []),
        ("exchange_online", ["SMTP.SendAsApp"], ["SMTP.Send"]),
    ]
    assert result["application_permissions"] == ["Mail.ReadWrite", "SMTP.SendAsApp"]
    assert (result["resource_client_id"], result["resource_display_name"]) == (None, None)

    tenant.clear_requests()
    again = tenant.ok(MODULE, **expected)
    assert not again["changed"] and again["diff"]["before"] == again["diff"]["after"]
    assert tenant.graph_requests == 1
    removed = tenant.ok(MODULE, **expected, state="absent")
    assert removed["changed"] and gateway.document["requiredResourceAccess"] == []


def test_exact_only_applies_to_the_listed_resources_and_lists(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, **GATEWAY, delegated_permissions=["offline_access"])
    kept = gateway.declare("22222222-2222-2222-2222-222222222222", (UNKNOWN, "Role"))
    gateway.declare(EXCHANGE_ONLINE, *((i, "Role") for i in role_ids(tenant, EXCHANGE_ONLINE, "full_access_as_app")))
    result = tenant.ok(MODULE, unique_name="gateway", permissions=BOTH, exact=True)
    assert gateway.declared(kind="Role") == ["Mail.ReadWrite"]
    assert gateway.declared(EXCHANGE_ONLINE, kind="Role") == ["SMTP.SendAsApp"]
    assert result["permissions"][0]["delegated"] == ["offline_access"], "that list was omitted"
    assert kept in gateway.document["requiredResourceAccess"]


@pytest.mark.parametrize("exact", [False, True])
def test_user_read_is_added_and_other_delegated_permissions_are_kept(
    gateway: TenantApplication, tenant: Tenant, exact: bool
) -> None:
    tenant.ok(MODULE, unique_name="gateway", delegated_permissions=["offline_access"])
    result = tenant.ok(MODULE, unique_name="gateway", permissions=BOTH[:1], exact=exact, add_user_read=True)
    assert result["delegated_permissions"] == ["User.Read", "offline_access"]
    result = tenant.ok(MODULE, unique_name="gateway", permissions=[], add_user_read=True)
    assert not result["changed"]
    assert result["permissions"][0]["application"] == ["Mail.ReadWrite"]


def test_an_empty_list_of_resources_is_accepted(gateway: TenantApplication, tenant: Tenant) -> None:
    result = tenant.ok(MODULE, unique_name="gateway", permissions=[], exact=True)
    assert (result["changed"], result["permissions"]) == (False, [])


def test_a_resource_that_is_listed_twice_is_refused(tenant: Tenant) -> None:
    failure = tenant.fails(MODULE, unique_name="gateway", permissions=[BOTH[0], {"resource": MICROSOFT_GRAPH}])
    assert "is listed twice" in failure["msg"] and tenant.server.requests() == []


def test_check_mode_predicts_permissions_of_an_unregistered_application(tenant: Tenant) -> None:
    result = tenant.ok(MODULE, check=True, unique_name="gateway", permissions=BOTH)
    assert (result["changed"], result["client_id"], result["application_object_id"]) == (True, None, None)
    assert result["application_permissions"] == ["Mail.ReadWrite", "SMTP.SendAsApp"]
    assert tenant.writes == []
    failure = tenant.run(MODULE, check=True, client_id=UNKNOWN, permissions=BOTH)
    assert "Could not find" in failure["msg"], "an unknown id is an error"
