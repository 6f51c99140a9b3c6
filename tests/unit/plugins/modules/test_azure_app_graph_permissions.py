# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, concurrency_violation, lasting

MODULE = "azure_app_graph_permissions"
MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE_ONLINE = "00000002-0000-0ff1-ce00-000000000000"
OUTBOUND: list[str] = ["Group.Read.All", "GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All"]
GATEWAY: Json = {"unique_name": "gateway", "application_permissions": OUTBOUND}
# The delegated permission that the portal gives every new application.
USER_READ = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
UNKNOWN = "11111111-1111-1111-1111-111111111111"


def declare(tenant: Tenant, resource: str, *accesses: tuple[str, str]) -> Json:
    """As if by hand: an entry of the application's requiredResourceAccess."""
    entry = {
        "resourceAppId": resource,
        "resourceAccess": [{"id": permission_id, "type": kind} for permission_id, kind in accesses],
    }
    tenant.application(uniqueName="gateway")["requiredResourceAccess"].append(entry)
    return entry


def entries(tenant: Tenant, resource: str) -> list[Json]:
    declared: list[Json] = tenant.application(uniqueName="gateway")["requiredResourceAccess"]
    return [entry for entry in declared if entry["resourceAppId"] == resource]


def role_ids(tenant: Tenant, resource: str, *names: str) -> set[str]:
    principal = tenant.service_principals(resource)[0]
    return {role["id"] for role in principal["appRoles"] if role["value"] in names}


def held_roles(tenant: Tenant, resource: str = MICROSOFT_GRAPH) -> set[str]:
    return {a["id"] for entry in entries(tenant, resource) for a in entry["resourceAccess"] if a["type"] == "Role"}


# The litany


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"application_permissions": ["Mail.Read"]}, "one of the following is required: client_id, object_id, unique"),
        (
            {"unique_name": "g"},
            "one of the following is required: permissions, application_permissions, delegated_permissions",
        ),
    ],
)
def test_missing_arguments_are_refused_before_anything_is_sent(tenant: Tenant, options: Json, words: str) -> None:
    assert words in tenant.fails(MODULE, **options)["msg"]
    assert tenant.server.requests() == []


def test_check_mode_predicts_the_declaration_without_a_write(tenant: Tenant) -> None:
    tenant.register()
    result = tenant.ok(MODULE, check=True, **GATEWAY)
    assert result["changed"]
    assert result["application_permissions"] == OUTBOUND
    assert result["diff"]["before"] == {"microsoft_graph": {"application": [], "delegated": []}}
    assert result["diff"]["after"] == {"microsoft_graph": {"application": OUTBOUND, "delegated": []}}
    assert tenant.writes == []
    assert entries(tenant, MICROSOFT_GRAPH) == []


def test_declares_by_name_in_one_patch(tenant: Tenant) -> None:
    made = tenant.register()
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["changed"]
    (entry,) = entries(tenant, MICROSOFT_GRAPH)
    assert {a["id"] for a in entry["resourceAccess"]} == role_ids(tenant, MICROSOFT_GRAPH, *OUTBOUND)
    assert {a["type"] for a in entry["resourceAccess"]} == {"Role"}
    (write,) = tenant.write_entries
    assert (write.method, write.path) == ("PATCH", f"/v1.0/applications/{made['application_object_id']}")
    assert write.body.keys() == {"requiredResourceAccess"}
    assert result["client_id"] == made["client_id"]
    assert (result["resource_client_id"], result["resource_display_name"]) == (MICROSOFT_GRAPH, "Microsoft Graph")
    assert tenant.server.tenant.directory.grants == {}, "declaring grants nothing"


def test_the_second_run_changes_nothing_and_returns_the_same(tenant: Tenant) -> None:
    tenant.register()
    first = tenant.ok(MODULE, **GATEWAY)
    tenant.forget_requests()
    second = tenant.ok(MODULE, **GATEWAY)
    assert not second["changed"]
    assert tenant.writes == []
    assert tenant.graph_requests <= 2
    assert lasting(second) == lasting(first)


def test_adds_to_what_is_there_and_says_so(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Read"])
    tenant.forget_requests()
    options: Json = {"unique_name": "gateway", "application_permissions": ["Mail.Send"]}
    assert tenant.ok(MODULE, check=True, **options)["changed"]
    assert tenant.writes == []
    result = tenant.ok(MODULE, **options)
    assert result["diff"]["before"]["microsoft_graph"]["application"] == ["Mail.Read"]
    assert result["diff"]["after"]["microsoft_graph"]["application"] == ["Mail.Read", "Mail.Send"]
    assert held_roles(tenant) == role_ids(tenant, MICROSOFT_GRAPH, "Mail.Read", "Mail.Send")
    assert not tenant.ok(MODULE, **options)["changed"]


def test_removes_the_listed_ones_only(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, **GATEWAY)
    tenant.forget_requests()
    options: Json = {"unique_name": "gateway", "application_permissions": ["Mail.ReadWrite"], "state": "absent"}
    assert tenant.ok(MODULE, check=True, **options)["changed"]
    assert tenant.writes == []
    gone = tenant.ok(MODULE, **options)
    assert gone["changed"]
    assert gone["application_permissions"] == ["Group.Read.All", "GroupMember.Read.All", "User.Read.All"]
    assert held_roles(tenant) == role_ids(tenant, MICROSOFT_GRAPH, *gone["application_permissions"])
    tenant.forget_requests()
    assert not tenant.ok(MODULE, **options)["changed"]
    assert tenant.writes == []


def test_the_last_one_takes_its_entry_along(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, **GATEWAY)
    tenant.ok(MODULE, **GATEWAY, state="absent")
    assert entries(tenant, MICROSOFT_GRAPH) == []


def test_all_runs_return_the_same_keys(tenant: Tenant) -> None:
    tenant.register()
    runs = [
        tenant.ok(MODULE, check=True, **GATEWAY),
        tenant.ok(MODULE, **GATEWAY),
        tenant.ok(MODULE, **GATEWAY),
        tenant.ok(MODULE, **GATEWAY, state="absent"),
    ]
    assert {frozenset(run) for run in runs} == {frozenset(runs[0])}


@pytest.mark.parametrize("key", ["client_id", "application_object_id"])
def test_finds_the_application_by_its_ids(tenant: Tenant, key: str) -> None:
    made = tenant.register()
    option = {"client_id": "client_id", "application_object_id": "object_id"}[key]
    tenant.ok(MODULE, application_permissions=OUTBOUND, **{option: made[key]})
    assert held_roles(tenant) == role_ids(tenant, MICROSOFT_GRAPH, *OUTBOUND)


# Additive and exact


def test_exact_removes_what_is_not_listed(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, **GATEWAY)
    tenant.forget_requests()
    result = tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"], exact=True)
    assert result["application_permissions"] == ["Mail.Send"]
    assert held_roles(tenant) == role_ids(tenant, MICROSOFT_GRAPH, "Mail.Send")
    assert len(tenant.writes) == 1
    assert not tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"], exact=True)["changed"]


def test_exact_covers_only_the_lists_that_are_given(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, **GATEWAY, delegated_permissions=["Mail.Send"])
    result = tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"], exact=True)
    assert result["delegated_permissions"] == ["Mail.Send"]
    result = tenant.ok(MODULE, unique_name="gateway", delegated_permissions=[], exact=True)
    assert (result["application_permissions"], result["delegated_permissions"]) == (["Mail.Send"], [])


def test_an_empty_list_with_exact_removes_all_and_without_it_nothing(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, **GATEWAY)
    assert not tenant.ok(MODULE, unique_name="gateway", application_permissions=[])["changed"]
    assert tenant.ok(MODULE, unique_name="gateway", application_permissions=[], exact=True)["changed"]
    assert entries(tenant, MICROSOFT_GRAPH) == []


def test_user_read_of_the_portal_is_left_alone(tenant: Tenant) -> None:
    tenant.register()
    declare(tenant, MICROSOFT_GRAPH, (USER_READ, "Scope"))
    result = tenant.ok(MODULE, **GATEWAY, exact=True)
    assert result["delegated_permissions"] == ["User.Read"]
    (entry,) = entries(tenant, MICROSOFT_GRAPH)
    assert {"id": USER_READ, "type": "Scope"} in entry["resourceAccess"]


def test_user_read_is_not_added(tenant: Tenant) -> None:
    tenant.register()
    assert tenant.ok(MODULE, **GATEWAY)["delegated_permissions"] == []


# Resources


def test_entries_of_other_resources_stay_byte_for_byte(tenant: Tenant) -> None:
    tenant.register()
    declare(tenant, UNKNOWN, ("22222222-2222-2222-2222-222222222222", "Role"), (USER_READ, "Scope"))
    declare(tenant, EXCHANGE_ONLINE, *((i, "Role") for i in role_ids(tenant, EXCHANGE_ONLINE, "full_access_as_app")))
    before = [copy.deepcopy(entries(tenant, resource)) for resource in (UNKNOWN, EXCHANGE_ONLINE)]
    for options in (GATEWAY, {**GATEWAY, "exact": True}, {**GATEWAY, "state": "absent"}):
        tenant.ok(MODULE, **options)
        after = [entries(tenant, resource) for resource in (UNKNOWN, EXCHANGE_ONLINE)]
        assert json.dumps(after) == json.dumps(before)


@pytest.mark.parametrize("resource", ["exchange_online", EXCHANGE_ONLINE, EXCHANGE_ONLINE.upper()])
def test_exchange_online_by_its_name_or_its_client_id(tenant: Tenant, resource: str) -> None:
    tenant.register()
    options: Json = {"unique_name": "gateway", "resource": resource, "application_permissions": ["SMTP.SendAsApp"]}
    result = tenant.ok(MODULE, **options)
    assert result["resource_client_id"] == EXCHANGE_ONLINE
    assert held_roles(tenant, EXCHANGE_ONLINE) == role_ids(tenant, EXCHANGE_ONLINE, "SMTP.SendAsApp")
    assert result["diff"]["after"] == {"exchange_online": {"application": ["SMTP.SendAsApp"], "delegated": []}}
    assert not tenant.ok(MODULE, **options)["changed"]


def test_the_permissions_of_any_application_of_the_tenant(tenant: Tenant) -> None:
    tenant.register()
    api = tenant.register("api")
    (principal,) = tenant.service_principals(api["client_id"])
    principal["appRoles"] = [
        {"id": UNKNOWN, "value": "Relay.Send", "isEnabled": True, "allowedMemberTypes": ["Application"]},
        {"id": USER_READ, "value": "Relay.Old", "isEnabled": False, "allowedMemberTypes": ["Application"]},
        {"id": EXCHANGE_ONLINE, "value": "Relay.Person", "isEnabled": True, "allowedMemberTypes": ["User"]},
    ]
    options: Json = {"unique_name": "gateway", "resource": api["client_id"]}
    tenant.ok(MODULE, **options, application_permissions=["Relay.Send"])
    assert held_roles(tenant, api["client_id"]) == {UNKNOWN}
    for refused in ("Relay.Old", "Relay.Person"):
        assert refused in tenant.fails(MODULE, **options, application_permissions=[refused])["msg"]


def test_one_id_on_graph_and_on_exchange_means_two_permissions(tenant: Tenant) -> None:
    assert role_ids(tenant, MICROSOFT_GRAPH, "Mail.Send") == role_ids(tenant, EXCHANGE_ONLINE, "Mail.Send")
    tenant.register()
    options: Json = {"unique_name": "gateway", "application_permissions": ["Mail.Send"]}
    tenant.ok(MODULE, **options)
    on_exchange = tenant.ok(MODULE, **options, resource="exchange_online")
    assert on_exchange["changed"]
    tenant.ok(MODULE, **options, state="absent")
    assert held_roles(tenant) == set()
    assert held_roles(tenant, EXCHANGE_ONLINE) == role_ids(tenant, EXCHANGE_ONLINE, "Mail.Send")


def test_a_resource_that_the_tenant_does_not_have_is_named(tenant: Tenant) -> None:
    tenant.register()
    result = tenant.fails(MODULE, **GATEWAY, resource=UNKNOWN)
    assert UNKNOWN in result["msg"]
    assert result["error"]["kind"] == "conflict"
    assert tenant.writes == []


def test_an_unknown_application_is_named(tenant: Tenant) -> None:
    result = tenant.fails(MODULE, **GATEWAY)
    assert "'gateway'" in result["msg"]
    assert "azure_app_registration" in result["error"]["next_step"]


# Names


@pytest.mark.parametrize(
    ("wrong", "closest"),
    [("Mail.ReadWrit", "Mail.ReadWrite"), ("mail.readwrite", "Mail.ReadWrite"), ("User.ReadAll", "User.Read.All")],
)
def test_an_unknown_name_fails_with_the_closest_names(tenant: Tenant, wrong: str, closest: str) -> None:
    tenant.register()
    result = tenant.fails(MODULE, unique_name="gateway", application_permissions=["Mail.Send", wrong])
    assert f"'{wrong}'" in result["msg"]
    assert closest in result["error"]["closest"]
    assert closest in result["error"]["next_step"]
    assert result["error"]["permission"] == wrong
    assert tenant.writes == []


def test_a_name_like_no_other_fails_too(tenant: Tenant) -> None:
    tenant.register()
    result = tenant.fails(MODULE, unique_name="gateway", application_permissions=["Zzzzzzzz"])
    assert result["error"]["closest"] == []
    assert tenant.writes == []


@pytest.mark.parametrize(
    ("asked", "other", "name"),
    [("application", "delegated", "User.Read"), ("delegated", "application", "SMTP.SendAsApp")],
)
def test_the_wrong_kind_is_pointed_out(tenant: Tenant, asked: str, other: str, name: str) -> None:
    tenant.register()
    resource = "exchange_online" if name.startswith("SMTP") else "microsoft_graph"
    result = tenant.fails(MODULE, unique_name="gateway", resource=resource, **{f"{asked}_permissions": [name]})
    assert f"exists as {other} permission only" in result["error"]["next_step"]
    assert f"It exists as {other} permission only" in result["error"]["next_step"]
    assert tenant.writes == []


def test_one_name_is_two_permissions_application_and_delegated(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"])
    result = tenant.ok(MODULE, unique_name="gateway", delegated_permissions=["Mail.Send"])
    assert (result["application_permissions"], result["delegated_permissions"]) == (["Mail.Send"], ["Mail.Send"])
    (entry,) = entries(tenant, MICROSOFT_GRAPH)
    assert sorted(access["type"] for access in entry["resourceAccess"]) == ["Role", "Scope"]


def test_an_id_will_do_for_a_name(tenant: Tenant) -> None:
    tenant.register()
    (permission_id,) = role_ids(tenant, MICROSOFT_GRAPH, "Mail.Send")
    result = tenant.ok(MODULE, unique_name="gateway", application_permissions=[permission_id.upper()])
    assert result["application_permissions"] == ["Mail.Send"]
    assert not tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"])["changed"]


def test_an_unknown_id_is_refused(tenant: Tenant) -> None:
    tenant.register()
    assert UNKNOWN in tenant.fails(MODULE, unique_name="gateway", application_permissions=[UNKNOWN])["msg"]
    assert tenant.writes == []


def test_a_declared_id_that_the_resource_does_not_know_is_shown_kept_and_removable(tenant: Tenant) -> None:
    """The message of azure_admin_consent tells users to remove it by its id, or with exact."""
    tenant.register()
    declare(tenant, MICROSOFT_GRAPH, (UNKNOWN, "Role"))
    result = tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"])
    assert result["application_permissions"] == [UNKNOWN, "Mail.Send"]
    tenant.ok(MODULE, unique_name="gateway", application_permissions=[UNKNOWN], state="absent")
    assert held_roles(tenant) == role_ids(tenant, MICROSOFT_GRAPH, "Mail.Send")


def test_exact_removes_an_id_that_the_resource_does_not_know(tenant: Tenant) -> None:
    tenant.register()
    declare(tenant, MICROSOFT_GRAPH, (UNKNOWN, "Role"))
    tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"], exact=True)
    assert held_roles(tenant) == role_ids(tenant, MICROSOFT_GRAPH, "Mail.Send")


def test_a_name_given_twice_is_declared_once(tenant: Tenant) -> None:
    tenant.register()
    (permission_id,) = role_ids(tenant, MICROSOFT_GRAPH, "Mail.Send")
    tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send", "Mail.Send", permission_id])
    (entry,) = entries(tenant, MICROSOFT_GRAPH)
    assert entry["resourceAccess"] == [{"id": permission_id, "type": "Role"}]


def test_repeats_in_the_tenant_are_no_difference(tenant: Tenant) -> None:
    tenant.register()
    (permission_id,) = role_ids(tenant, MICROSOFT_GRAPH, "Mail.Send")
    declare(tenant, MICROSOFT_GRAPH, (permission_id, "Role"), (permission_id, "Role"))
    declare(tenant, MICROSOFT_GRAPH, (permission_id, "Role"))
    assert not tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Send"])["changed"]
    tenant.ok(MODULE, unique_name="gateway", application_permissions=["Mail.Read"])
    assert len(entries(tenant, MICROSOFT_GRAPH)) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"application_permissions": [""]}, "is not the name of a permission"),
        ({"application_permissions": ["Mail Read"]}, "is not the name of a permission"),
        ({"application_permissions": ["Mail.Réad"]}, "is not the name of a permission"),
        ({"delegated_permissions": ["x" * 257]}, "is not the name of a permission"),
        ({"resource": "sharepoint"}, "resource is 'sharepoint', which is not a GUID"),
        ({"exact": True, "state": "absent"}, "exact goes with state=present only"),
        ({"client_id": UNKNOWN}, "mutually exclusive"),
        ({"unique_name": " "}, "unique_name is blank"),
        ({"permission": ["Mail.Send"]}, "Unsupported parameters"),
        ({"permissions": [{"resource": "microsoft_graph", "application": ["Mail.Send"]}]}, "mutually exclusive"),
        ({"add_user_read": True, "state": "absent"}, "add_user_read goes with state=present only"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(tenant: Tenant, options: Json, words: str) -> None:
    result = tenant.fails(MODULE, **{**GATEWAY, **options})
    assert words in result["msg"]
    assert result["error"]["kind"] == "input"
    assert tenant.server.requests() == []


# Answers that go wrong


def test_missing_rights_say_which_and_who_gives_them(tenant: Tenant) -> None:
    tenant.register()
    tenant.sign_in_with("Application.Read.All")
    result = tenant.fails(MODULE, **GATEWAY)
    assert result["error"]["status"] == 403
    assert "Application.ReadWrite" in result["error"]["next_step"]
    assert "Cloud Application Administrator" in result["error"]["next_step"]
    assert entries(tenant, MICROSOFT_GRAPH) == []


@pytest.mark.parametrize("status", [400, 409, 503])
def test_a_concurrent_writer_is_waited_for(tenant: Tenant, status: int) -> None:
    tenant.register()
    body = concurrency_violation(status)
    tenant.server.faults.add(method="PATCH", path="applications", status=status, body=body, times=2)
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert held_roles(tenant) == role_ids(tenant, MICROSOFT_GRAPH, *OUTBOUND)


@pytest.mark.parametrize("fault", [{"close_before": True}, {"close_after": True}, {"status": 500}, {"status": 429}])
def test_a_lost_answer_does_no_harm(tenant: Tenant, fault: Json) -> None:
    tenant.register()
    tenant.server.faults.add(method="PATCH", path="applications", **fault)
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    (entry,) = entries(tenant, MICROSOFT_GRAPH)
    assert len(entry["resourceAccess"]) == len(OUTBOUND)


@pytest.mark.parametrize("lag", [1, 3])
def test_waits_for_an_application_that_this_run_created(tenant: Tenant, lag: int) -> None:
    tenant.memory = SharedMemory()  # as in a real run, in which one task knows what another created
    tenant.server.settings.update({"lag": lag})
    tenant.register()
    tenant.ok(MODULE, **GATEWAY)
    assert held_roles(tenant) == role_ids(tenant, MICROSOFT_GRAPH, *OUTBOUND)


def test_removing_from_an_application_that_is_gone_is_done(tenant: Tenant) -> None:
    result = tenant.ok(MODULE, unique_name="nobody", application_permissions=["Mail.ReadWrite"], state="absent")
    assert not result["changed"]
    assert result["application_permissions"] == []
    assert tenant.writes == []


# Several resources in one task

BOTH: list[Json] = [
    {"resource": "microsoft_graph", "application": ["Mail.ReadWrite"]},
    {"resource": "exchange_online", "application": ["SMTP.SendAsApp"], "delegated": ["SMTP.Send"]},
]


def test_the_permissions_of_several_resources_are_declared_in_one_patch(tenant: Tenant) -> None:
    made = tenant.register()
    expected: Json = {"unique_name": "gateway", "permissions": BOTH}
    checked = tenant.ok(MODULE, check=True, **expected)
    assert checked["changed"] and tenant.writes == []
    result = tenant.ok(MODULE, **expected)
    assert tenant.writes == [f"PATCH /applications/{made['application_object_id']}"]
    assert lasting(result) == lasting(checked)
    assert held_roles(tenant) == role_ids(tenant, MICROSOFT_GRAPH, "Mail.ReadWrite")
    assert held_roles(tenant, EXCHANGE_ONLINE) == role_ids(tenant, EXCHANGE_ONLINE, "SMTP.SendAsApp")
    assert [(entry["resource"], entry["application"], entry["delegated"]) for entry in result["permissions"]] == [
        ("microsoft_graph", ["Mail.ReadWrite"], []),
        ("exchange_online", ["SMTP.SendAsApp"], ["SMTP.Send"]),
    ]
    assert result["application_permissions"] == ["Mail.ReadWrite", "SMTP.SendAsApp"]
    assert (result["resource_client_id"], result["resource_display_name"]) == (None, None)

    tenant.forget_requests()
    again = tenant.ok(MODULE, **expected)
    assert not again["changed"] and again["diff"]["before"] == again["diff"]["after"]
    assert tenant.graph_requests == 1
    removed = tenant.ok(MODULE, **expected, state="absent")
    assert removed["changed"] and tenant.application(uniqueName="gateway")["requiredResourceAccess"] == []


def test_exact_stays_within_each_listed_resource_and_each_given_list(tenant: Tenant) -> None:
    tenant.register()
    tenant.ok(MODULE, **GATEWAY, delegated_permissions=["offline_access"])
    kept = declare(tenant, "22222222-2222-2222-2222-222222222222", (UNKNOWN, "Role"))
    declare(
        tenant, EXCHANGE_ONLINE, *((role, "Role") for role in role_ids(tenant, EXCHANGE_ONLINE, "full_access_as_app"))
    )
    result = tenant.ok(MODULE, unique_name="gateway", permissions=BOTH, exact=True)
    assert held_roles(tenant) == role_ids(tenant, MICROSOFT_GRAPH, "Mail.ReadWrite")
    assert held_roles(tenant, EXCHANGE_ONLINE) == role_ids(tenant, EXCHANGE_ONLINE, "SMTP.SendAsApp")
    assert result["permissions"][0]["delegated"] == ["offline_access"], "that list was not given"
    assert kept in tenant.application(uniqueName="gateway")["requiredResourceAccess"]


@pytest.mark.parametrize("exact", [False, True])
def test_user_read_is_added_and_other_delegated_permissions_stay(tenant: Tenant, exact: bool) -> None:
    tenant.register()
    tenant.ok(MODULE, unique_name="gateway", delegated_permissions=["offline_access"])
    result = tenant.ok(MODULE, unique_name="gateway", permissions=BOTH[:1], exact=exact, add_user_read=True)
    assert result["delegated_permissions"] == ["User.Read", "offline_access"]
    result = tenant.ok(MODULE, unique_name="gateway", permissions=[], add_user_read=True)
    assert not result["changed"]
    assert result["permissions"][0]["application"] == ["Mail.ReadWrite"]


def test_no_permission_at_all_is_a_list_too(tenant: Tenant) -> None:
    tenant.register()
    result = tenant.ok(MODULE, unique_name="gateway", permissions=[], exact=True)
    assert (result["changed"], result["permissions"]) == (False, [])


def test_a_resource_that_is_listed_twice_is_refused(tenant: Tenant) -> None:
    failure = tenant.fails(MODULE, unique_name="gateway", permissions=[BOTH[0], {"resource": MICROSOFT_GRAPH}])
    assert "is listed twice" in failure["msg"] and tenant.server.requests() == []


def test_check_mode_predicts_for_an_application_that_is_not_registered_yet(tenant: Tenant) -> None:
    result = tenant.ok(MODULE, check=True, unique_name="gateway", permissions=BOTH)
    assert (result["changed"], result["client_id"], result["application_object_id"]) == (True, None, None)
    assert result["application_permissions"] == ["Mail.ReadWrite", "SMTP.SendAsApp"]
    assert tenant.writes == []
    failure = tenant.run(MODULE, check=True, client_id=UNKNOWN, permissions=BOTH)
    assert "Could not find" in failure["msg"], "an id that is not there does not come by itself"
