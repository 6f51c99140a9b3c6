# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, lasting
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication
from graph_emulator.directory.identifiers import assignment_id, grant_id

MODULE = "azure_admin_consent"
PERMISSIONS = "azure_app_graph_permissions"
GATEWAY: Json = {"unique_name": "gateway"}
MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE_ONLINE = "00000002-0000-0ff1-ce00-000000000000"
ROLES: list[str] = ["Mail.ReadWrite", "User.Read.All"]
SCOPES: list[str] = ["Mail.Send", "offline_access"]
UNKNOWN = "11111111-1111-1111-1111-111111111111"
# Everything that granting application and delegated permissions takes, in terms of an operator's own permissions.
GRANTING = ("Application.Read.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All")


def declared(
    tenant: Tenant,
    *,
    roles: t.Sequence[str] = tuple(ROLES),
    scopes: t.Sequence[str] = (),
    resource: str = "microsoft_graph",
) -> Json:
    """An application that asks for these permissions, and nothing granted yet."""
    made = tenant.ok("azure_app_registration", display_name="Gateway", **GATEWAY)
    tenant.ok(
        PERMISSIONS,
        **GATEWAY,
        resource=resource,
        application_permissions=list(roles),
        delegated_permissions=list(scopes),
        exact=True,
    )
    tenant.forget_requests()
    return made


def held_roles(tenant: Tenant, made: Json, resource: str = MICROSOFT_GRAPH) -> list[str]:
    """The app roles that the tenant holds for the application, as they would stand in its tokens."""
    directory = tenant.server.tenant
    return sorted(
        directory.granted_roles(
            made["service_principal_object_id"], tenant.service_principals(resource)[0]["id"], in_tokens=True
        )
    )


def held_grants(tenant: Tenant, made: Json) -> list[Json]:
    return [
        grant
        for grant in tenant.server.tenant.directory.grants.values()
        if grant["clientId"] == made["service_principal_object_id"]
    ]


def grant_scopes(tenant: Tenant, made: Json, scope: str, *, user: str | None = None) -> Json:
    """A grant that somebody else made: for the whole tenant, or by one user."""
    client, resource = made["service_principal_object_id"], tenant.service_principals(MICROSOFT_GRAPH)[0]["id"]
    grant: Json = {
        "clientId": client,
        "consentType": "Principal" if user else "AllPrincipals",
        "id": grant_id(client, resource, user),
        "principalId": user,
        "resourceId": resource,
        "scope": scope,
    }
    grants = tenant.server.tenant.directory.grants
    grants[grant["id"]] = grant
    # As the tenant holds it: what a test changes in it, changes there.
    held: Json = grants[grant["id"]]
    return held


def assign(tenant: Tenant, made: Json, role_id: str) -> Json:
    """An app role assignment on Microsoft Graph that somebody else made."""
    (graph,) = tenant.service_principals(MICROSOFT_GRAPH)
    assignment: Json = {
        "id": assignment_id(made["service_principal_object_id"]),
        "appRoleId": role_id,
        "principalId": made["service_principal_object_id"],
        "resourceId": graph["id"],
    }
    directory = tenant.server.tenant.directory
    directory.assignments[assignment["id"]] = assignment
    directory.assigned_at[assignment["id"]] = 0.0
    held: Json = directory.assignments[assignment["id"]]
    return held


def names(permissions: list[Json]) -> list[str]:
    return [permission["name"] for permission in permissions]


def test_check_mode_predicts_the_grants_without_a_write(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    result = tenant.ok(MODULE, check=True, **GATEWAY)
    assert result["changed"]
    assert result["diff"]["before"] == {"granted": []}
    assert "microsoft_graph: Mail.ReadWrite (application)" in result["diff"]["after"]["granted"]
    assert "microsoft_graph: offline_access (delegated)" in result["diff"]["after"]["granted"]
    assert tenant.writes == []
    assert held_roles(tenant, made) == []
    assert held_grants(tenant, made) == []


def test_grants_app_roles_one_by_one(tenant: Tenant) -> None:
    made = declared(tenant)
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["changed"]
    assert held_roles(tenant, made) == ROLES
    assert names(result["granted"]) == ROLES
    assert (result["missing"], result["stale"]) == ([], [])
    graph = tenant.service_principals(MICROSOFT_GRAPH)[0]["id"]
    assert tenant.writes == [f"POST /servicePrincipals/{graph}/appRoleAssignedTo"] * len(ROLES)
    assert result["granted"][0] == {
        "resource": "microsoft_graph",
        "resource_client_id": MICROSOFT_GRAPH,
        "type": "application",
        "name": "Mail.ReadWrite",
        "id": "e2a3a72e-5f79-4c64-b1b1-878b674786c9",
    }


def test_grants_delegated_permissions_as_one_grant_for_all_principals(tenant: Tenant) -> None:
    made = declared(tenant, roles=[], scopes=SCOPES)
    tenant.ok(MODULE, **GATEWAY)
    (grant,) = held_grants(tenant, made)
    assert grant["consentType"] == "AllPrincipals"
    assert grant["principalId"] is None
    assert sorted(grant["scope"].split()) == SCOPES
    assert tenant.writes == ["POST /oauth2PermissionGrants"]


@pytest.mark.parametrize("key", ["unique_name", "client_id", "object_id"])
def test_the_second_run_changes_nothing_and_returns_the_same(tenant: Tenant, key: str) -> None:
    made = declared(tenant, scopes=SCOPES)
    member = "application_object_id" if key == "object_id" else key
    first = tenant.ok(MODULE, **{key: made[member]})
    tenant.forget_requests()
    second = tenant.ok(MODULE, **{key: made[member]})
    assert not second["changed"]
    assert tenant.writes == []
    assert tenant.graph_requests <= 2
    assert lasting(second) == lasting(first)


@pytest.mark.parametrize("key", ["unique_name", "client_id"])
def test_an_unchanged_consent_to_exchange_online_takes_two_requests_too(tenant: Tenant, key: str) -> None:
    made = declared(tenant, roles=["SMTP.SendAsApp"], resource="exchange_online")
    tenant.ok(MODULE, **GATEWAY)
    tenant.forget_requests()
    assert not tenant.ok(MODULE, **{key: made[key]})["changed"]
    assert tenant.graph_requests <= 2


def test_grants_what_was_declared_since(tenant: Tenant) -> None:
    made = declared(tenant, scopes=["Mail.Send"])
    tenant.ok(MODULE, **GATEWAY)
    tenant.ok(PERMISSIONS, **GATEWAY, application_permissions=["Mail.Send"], delegated_permissions=["offline_access"])
    tenant.forget_requests()
    assert tenant.ok(MODULE, check=True, **GATEWAY)["changed"]
    assert tenant.writes == []
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["changed"]
    assert held_roles(tenant, made) == ["Mail.ReadWrite", "Mail.Send", "User.Read.All"]
    (grant,) = held_grants(tenant, made)
    assert grant["scope"] == "Mail.Send offline_access"
    assert [write.partition(" ")[0] for write in tenant.writes] == ["POST", "PATCH"]
    assert not tenant.ok(MODULE, **GATEWAY)["changed"]


def test_withdraws_everything_that_is_granted_for_the_tenant(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    tenant.ok(MODULE, **GATEWAY)
    assign(tenant, made, "b633e1c5-b582-4048-a93e-9f11b44c7e96")  # Mail.Send, by hand
    tenant.forget_requests()
    predicted = tenant.ok(MODULE, check=True, **GATEWAY, state="absent")
    assert predicted["changed"]
    assert tenant.writes == []
    gone = tenant.ok(MODULE, **GATEWAY, state="absent")
    assert gone["changed"]
    assert (held_roles(tenant, made), held_grants(tenant, made)) == ([], [])
    assert gone["granted"] == []
    assert sorted(names(gone["missing"])) == sorted([*ROLES, *SCOPES])
    assert {write.partition(" ")[0] for write in tenant.writes} == {"DELETE"}
    tenant.forget_requests()
    assert not tenant.ok(MODULE, **GATEWAY, state="absent")["changed"]
    assert tenant.writes == []


def test_withdrawing_leaves_what_users_consented_to(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    user = next(iter(tenant.server.tenant.directory.users))
    own = grant_scopes(tenant, made, "Mail.Send User.Read", user=user)
    tenant.ok(MODULE, **GATEWAY)
    tenant.ok(MODULE, **GATEWAY, state="absent")
    assert held_grants(tenant, made) == [own]
    assert own["scope"] == "Mail.Send User.Read"


def test_an_application_that_declares_nothing_needs_nothing(gateway: TenantApplication, tenant: Tenant) -> None:
    result = tenant.ok(MODULE, **GATEWAY)
    assert not result["changed"]
    assert (result["granted"], result["missing"], result["stale"]) == ([], [], [])


def test_tells_the_page_on_which_a_person_can_consent(tenant: Tenant) -> None:
    made = declared(tenant)
    result = tenant.ok(MODULE, check=True, **GATEWAY)
    server = tenant.server
    assert result["consent_url"] == (
        f"{server.authority}/{server.tenant_id}/adminconsent?client_id={made['client_id']}"
    )
    assert result["tenant_id"] == server.tenant_id
    assert result["service_principal_object_id"] == made["service_principal_object_id"]


def test_one_id_on_graph_and_on_exchange_means_two_grants(tenant: Tenant) -> None:
    made = declared(tenant, roles=["Mail.Send"])
    tenant.ok(MODULE, **GATEWAY)
    tenant.ok(PERMISSIONS, **GATEWAY, resource="exchange_online", application_permissions=["Mail.Send"])
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["changed"]
    assert held_roles(tenant, made, EXCHANGE_ONLINE) == ["Mail.Send"]
    assert sorted(permission["resource"] for permission in result["granted"]) == ["exchange_online", "microsoft_graph"]
    tenant.ok(PERMISSIONS, **GATEWAY, application_permissions=["Mail.Send"], state="absent")
    tenant.ok(MODULE, **GATEWAY, revoke_stale=True)
    assert held_roles(tenant, made) == []
    assert held_roles(tenant, made, EXCHANGE_ONLINE) == ["Mail.Send"]


# Stale permissions


def test_stale_permissions_are_reported_and_stay(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    tenant.ok(MODULE, **GATEWAY)
    fewer: Json = {"application_permissions": ["User.Read.All"], "delegated_permissions": ["Mail.Send"]}
    tenant.ok(PERMISSIONS, **GATEWAY, **fewer, exact=True)
    result = tenant.ok(MODULE, **GATEWAY)
    assert not result["changed"]
    assert names(result["stale"]) == ["Mail.ReadWrite", "offline_access"]
    assert held_roles(tenant, made) == ROLES


def test_stale_permissions_are_revoked_on_request(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    tenant.ok(MODULE, **GATEWAY)
    fewer: Json = {"application_permissions": ["User.Read.All"], "delegated_permissions": ["Mail.Send"]}
    tenant.ok(PERMISSIONS, **GATEWAY, **fewer, exact=True)
    tenant.forget_requests()
    assert tenant.ok(MODULE, check=True, **GATEWAY, revoke_stale=True)["changed"]
    assert tenant.writes == []
    result = tenant.ok(MODULE, **GATEWAY, revoke_stale=True)
    assert result["changed"]
    assert result["stale"] == []
    assert held_roles(tenant, made) == ["User.Read.All"]
    (grant,) = held_grants(tenant, made)
    assert grant["scope"] == "Mail.Send"
    assert not tenant.ok(MODULE, **GATEWAY, revoke_stale=True)["changed"]


def test_the_grant_goes_with_its_last_scope(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    tenant.ok(MODULE, **GATEWAY)
    tenant.ok(PERMISSIONS, **GATEWAY, delegated_permissions=[], exact=True)
    tenant.ok(MODULE, **GATEWAY, revoke_stale=True)
    assert held_grants(tenant, made) == []
    assert held_roles(tenant, made) == ROLES


def test_a_grant_of_a_scope_that_the_resource_does_not_know_is_kept_until_it_is_revoked(tenant: Tenant) -> None:
    made = declared(tenant, scopes=["Mail.Send"])
    grant = grant_scopes(tenant, made, "Old.Scope")
    result = tenant.ok(MODULE, **GATEWAY)
    assert sorted(grant["scope"].split()) == ["Mail.Send", "Old.Scope"]
    assert names(result["stale"]) == ["Old.Scope"]
    tenant.ok(MODULE, **GATEWAY, revoke_stale=True)
    assert grant["scope"] == "Mail.Send"


def test_an_assignment_of_a_role_that_the_resource_does_not_know_can_be_withdrawn(tenant: Tenant) -> None:
    made = declared(tenant)
    assignment = assign(tenant, made, UNKNOWN)
    assert names(tenant.ok(MODULE, **GATEWAY)["stale"]) == [UNKNOWN]
    tenant.ok(MODULE, **GATEWAY, revoke_stale=True)
    assert assignment["id"] not in tenant.server.tenant.directory.assignments
    assert held_roles(tenant, made) == ROLES


# Races


def test_a_permission_that_another_run_grants_meanwhile_is_granted(tenant: Tenant) -> None:
    """Read before the other run's write, written after it: Graph answers that the assignment exists."""
    made = declared(tenant)
    assign(tenant, made, "e2a3a72e-5f79-4c64-b1b1-878b674786c9")
    tenant.server.faults.add(method="GET", path="appRoleAssignments", status=200, body={"value": []})
    result = tenant.ok(MODULE, **GATEWAY)
    assert held_roles(tenant, made) == ROLES
    assert names(result["granted"]) == ROLES


def test_a_grant_that_another_run_makes_meanwhile_is_completed(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    grant_scopes(tenant, made, "User.Read offline_access")
    tenant.server.faults.add(method="GET", path="oauth2PermissionGrants", status=200, body={"value": []})
    tenant.ok(MODULE, **GATEWAY)
    (grant,) = held_grants(tenant, made)
    assert sorted(grant["scope"].split()) == ["Mail.Send", "User.Read", "offline_access"]


def test_an_assignment_that_another_run_revokes_meanwhile_is_revoked(tenant: Tenant) -> None:
    made = declared(tenant)
    tenant.ok(MODULE, **GATEWAY)
    tenant.server.faults.add(method="DELETE", path="appRoleAssignments", status=404, processed=True)
    assert tenant.ok(MODULE, **GATEWAY, state="absent")["changed"]
    assert held_roles(tenant, made) == []


@pytest.mark.parametrize("path", ["appRoleAssignedTo", "oauth2PermissionGrants"])
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
def test_a_lost_answer_does_no_harm(tenant: Tenant, path: str, fault: Json) -> None:
    made = declared(tenant, scopes=SCOPES)
    tenant.server.faults.add(method="POST", path=path, **fault)
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["changed"]
    assert held_roles(tenant, made) == ROLES
    (grant,) = held_grants(tenant, made)
    assert sorted(grant["scope"].split()) == SCOPES


@pytest.mark.parametrize("lag", [1, 3])
def test_waits_for_replication_of_what_this_run_created(tenant: Tenant, lag: int) -> None:
    tenant.memory = SharedMemory()  # as in a real run, in which one task knows what another created
    tenant.server.settings.update({"lag": lag})
    made = declared(tenant, scopes=SCOPES)
    tenant.ok(MODULE, **GATEWAY)
    assert held_roles(tenant, made) == ROLES
    assert len(held_grants(tenant, made)) == 1


# What only a person can mend


def test_a_missing_service_principal_is_explained(tenant: Tenant) -> None:
    made = declared(tenant)
    del tenant.server.tenant.directory.service_principals[made["service_principal_object_id"]]
    result = tenant.fails(MODULE, **GATEWAY)
    assert "no service principal" in result["msg"]
    assert "azure_app_registration" in result["error"]["next_step"]
    assert tenant.writes == []
    assert not tenant.ok(MODULE, **GATEWAY, state="absent")["changed"], "nothing is granted to nobody"


def test_a_declared_permission_that_does_not_exist_is_named_before_any_write(tenant: Tenant) -> None:
    declared(tenant)
    (entry,) = tenant.application(uniqueName="gateway")["requiredResourceAccess"]
    entry["resourceAccess"].append({"id": UNKNOWN, "type": "Role"})
    result = tenant.fails(MODULE, **GATEWAY)
    assert UNKNOWN in result["msg"]
    assert "azure_app_graph_permissions" in result["error"]["next_step"]
    assert tenant.writes == []


def test_a_declared_resource_that_the_tenant_does_not_have_is_named_before_any_write(tenant: Tenant) -> None:
    declared(tenant)
    tenant.application(uniqueName="gateway")["requiredResourceAccess"].append(
        {"resourceAppId": UNKNOWN, "resourceAccess": [{"id": UNKNOWN, "type": "Role"}]}
    )
    result = tenant.fails(MODULE, **GATEWAY)
    assert UNKNOWN in result["msg"]
    assert tenant.writes == []


# Rights


@pytest.mark.parametrize(
    ("held", "scopes", "right", "person"),
    [
        (["AppRoleAssignment.ReadWrite.All"], [], "Application.Read.All", "Application Administrator"),
        (["Application.Read.All"], [], "AppRoleAssignment.ReadWrite.All", "Privileged Role Administrator"),
        (["Application.ReadWrite.All"], [], "AppRoleAssignment.ReadWrite.All", "Privileged Role Administrator"),
        (
            ["Application.Read.All", "AppRoleAssignment.ReadWrite.All"],
            SCOPES,
            "Directory.Read.All",
            "Application Administrator",
        ),
        (
            ["Application.Read.All", "AppRoleAssignment.ReadWrite.All", "Directory.Read.All"],
            SCOPES,
            "DelegatedPermissionGrant.ReadWrite.All",
            "Application Administrator",
        ),
    ],
    ids=["reading", "assigning", "assigning, as owner of all", "reading grants", "writing grants"],
)
def test_missing_rights_say_which_and_who_gives_them(
    tenant: Tenant, held: list[str], scopes: list[str], right: str, person: str
) -> None:
    declared(tenant, scopes=scopes)
    tenant.sign_in_with(*held)
    result = tenant.fails(MODULE, **GATEWAY)
    assert result["error"]["status"] == 403
    assert result["error"]["code"] == "Authorization_RequestDenied"
    assert right in result["error"]["next_step"]
    assert person in result["error"]["next_step"]


def test_without_delegated_permissions_the_right_to_read_grants_is_not_needed(tenant: Tenant) -> None:
    made = declared(tenant)
    tenant.sign_in_with("Application.Read.All", "AppRoleAssignment.ReadWrite.All")
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert held_roles(tenant, made) == ROLES
    tenant.forget_requests()
    assert not tenant.ok(MODULE, **GATEWAY)["changed"]
    assert tenant.graph_requests <= 2


def test_the_rights_to_grant_both_kinds_are_enough(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    tenant.sign_in_with(*GRANTING)
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert tenant.ok(MODULE, **GATEWAY, state="absent")["changed"]
    assert (held_roles(tenant, made), held_grants(tenant, made)) == ([], [])


def test_withdrawing_needs_to_see_everything(tenant: Tenant) -> None:
    """Whoever cannot read the grants cannot say that none is left."""
    declared(tenant)
    tenant.sign_in_with("Application.Read.All", "AppRoleAssignment.ReadWrite.All")
    result = tenant.fails(MODULE, **GATEWAY, state="absent")
    assert "Directory.Read.All" in result["error"]["next_step"]
    assert tenant.writes == []


@pytest.mark.parametrize("key", ["unique_name", "client_id"])
def test_withdrawing_from_an_application_that_is_gone_is_done(
    gateway: TenantApplication, tenant: Tenant, key: str
) -> None:
    options: Json = {key: gateway.ids[key], "state": "absent"}
    tenant.ok("azure_app_registration", unique_name="gateway", state="absent")
    tenant.forget_requests()
    result = tenant.ok(MODULE, **options)
    assert not result["changed"]
    assert result["granted"] == []
    assert tenant.writes == []


# What is expected


def _expected(*roles: str, scopes: t.Sequence[str] = (), resource: str = "microsoft_graph") -> Json:
    return {"resource": resource, "application": list(roles), "delegated": list(scopes)}


def test_what_is_expected_is_granted_by_name_or_by_id(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    by_id = next(
        permission["id"]
        for permission in tenant.ok(MODULE, check=True, **GATEWAY)["granted"]
        if permission["name"] == ROLES[0]
    )
    assert tenant.ok(MODULE, **GATEWAY, expected_permissions=[_expected(by_id, ROLES[1], scopes=SCOPES)])["changed"]
    assert held_roles(tenant, made) == ROLES
    again = tenant.ok(MODULE, **GATEWAY, expected_permissions=[_expected(*ROLES, scopes=SCOPES)])
    assert not again["changed"]


@pytest.mark.parametrize(
    ("expected", "unexpected", "undeclared"),
    [
        ([], ["microsoft_graph: Mail.ReadWrite (application)", "microsoft_graph: User.Read.All (application)"], []),
        ([_expected(ROLES[0])], ["microsoft_graph: User.Read.All (application)"], []),
        ([_expected(*ROLES, "Mail.Send")], [], ["microsoft_graph: Mail.Send (application)"]),
        ([_expected(*ROLES, scopes=["User.Read"])], [], ["microsoft_graph: User.Read (delegated)"]),
        (
            # The same ids on another resource.
            [_expected(ROLES[1]), _expected(ROLES[0], resource="exchange_online")],
            ["microsoft_graph: Mail.ReadWrite (application)"],
            ["exchange_online: Mail.ReadWrite (application)"],
        ),
    ],
    ids=["nothing", "less", "more", "another kind", "another resource"],
)
def test_nothing_is_granted_to_what_asks_for_something_else(
    tenant: Tenant, expected: list[Json], unexpected: list[str], undeclared: list[str]
) -> None:
    made = declared(tenant)
    for check in (True, False):
        result = tenant.fails(MODULE, check=check, **GATEWAY, expected_permissions=expected)
        assert (result["error"]["unexpected"], result["error"]["undeclared"]) == (unexpected, undeclared)
        assert all(name in result["msg"] for name in (*unexpected, *undeclared))
    assert tenant.writes == []
    assert held_roles(tenant, made) == []


def test_what_is_expected_has_to_make_sense(tenant: Tenant) -> None:
    twice = [_expected(ROLES[0]), _expected(ROLES[1])]
    assert "listed twice" in tenant.fails(MODULE, **GATEWAY, expected_permissions=twice)["msg"]
    blank = [_expected("Mail ReadWrite")]
    assert "is not the name of a permission" in tenant.fails(MODULE, **GATEWAY, expected_permissions=blank)["msg"]
    withdrawn = tenant.fails(MODULE, **GATEWAY, state="absent", expected_permissions=[])
    assert "state=present only" in withdrawn["msg"]
    assert tenant.graph_requests == 0


# What an earlier job registered


def _handed_over(made: Json, **other: str) -> Json:
    return {"gateway": {"client_id": made["client_id"], "tenant_id": made["tenant_id"], **other}}


def test_the_application_that_an_earlier_job_registered_is_consented_to(tenant: Tenant) -> None:
    made = _declared(tenant)
    other = {"other": {"client_id": UNKNOWN}}
    lists: t.Any = ([other, _handed_over(made)], [json.dumps(_handed_over(made))], json.dumps([_handed_over(made)]), [])
    for expected in (
        _handed_over(made),
        json.dumps(_handed_over(made)),
        _handed_over(made, tenant_id=""),
        {},
        "",
        *lists,
    ):
        result = tenant.ok(MODULE, unique_name="gateway", expected_applications=expected)
        assert result["consented"] is True


@pytest.mark.parametrize("key", ["unique_name", "client_id"])
@pytest.mark.parametrize("other", [{"client_id": UNKNOWN}, {"tenant_id": UNKNOWN}])
def test_nothing_is_granted_to_another_application_than_the_registered_one(
    tenant: Tenant, key: str, other: Json
) -> None:
    made = _declared(tenant)
    address = {key: made[key]}
    failure = tenant.fails(MODULE, **address, expected_applications=_handed_over(made, **other))
    assert "expected_applications names the one with the client id" in failure["msg"]
    failure = tenant.fails(MODULE, **address, expected_applications={"another": {"client_id": made["client_id"]}})
    assert "expected_applications does not name it" in failure["msg"]
    assert tenant.writes == []


def test_two_applications_of_one_name_that_jobs_registered_are_refused(tenant: Tenant) -> None:
    made = _declared(tenant)
    handed_over = [_handed_over(made), _handed_over(made, client_id=UNKNOWN)]
    failure = tenant.fails(MODULE, unique_name="gateway", expected_applications=handed_over)
    assert f"names two applications for gateway: those with the client ids {made['client_id']} and" in failure["msg"]
    assert tenant.writes == []


@pytest.mark.parametrize(
    "value",
    ["x", "[x]", [""], [[]], "a: [", ["x"], 7, {"gateway": "x"}, {"gateway": {}}, {"gateway": {"tenant_id": 1}}],
)
def test_what_no_job_can_have_handed_over_is_refused_before_anything_is_sent(tenant: Tenant, value: Json) -> None:
    failure = tenant.fails(MODULE, unique_name="gateway", expected_applications=value)
    assert "expected_applications is malformed" in failure["msg"]
    assert tenant.server.requests() == []


# A person grants


def test_the_method_url_grants_nothing_and_reads_what_is_granted(tenant: Tenant) -> None:
    _declared(tenant)
    result = tenant.ok(MODULE, unique_name="gateway", method="url")
    assert (result["changed"], result["consented"], result["granted"]) == (False, False, [])
    assert [permission["name"] for permission in result["missing"]] == ["Mail.ReadWrite"]
    assert result["consent_url"].endswith(f"adminconsent?client_id={result['client_id']}")
    assert tenant.writes == []
    tenant.ok(MODULE, unique_name="gateway")
    assert tenant.ok(MODULE, unique_name="gateway", method="url")["consented"] is True


@pytest.mark.parametrize("roles", [(), ("Application.Read.All",)])
def test_the_method_url_needs_no_right(tenant: Tenant, roles: tuple[str, ...]) -> None:
    made = _declared(tenant)
    tenant.sign_in_with(*roles)
    result = tenant.ok(MODULE, client_id=made["client_id"], method="url")
    assert result["consent_url"].endswith(made["client_id"])
    assert result["changed"] is False and result["consented"] in (None, False)
    if not roles:
        assert result["consented"] is None and result["missing"] == []


def test_the_method_url_refuses_another_application_too(tenant: Tenant) -> None:
    made = _declared(tenant)
    expected = _handed_over(made, client_id=UNKNOWN)
    tenant.fails(MODULE, unique_name="gateway", method="url", expected_applications=expected)


# Confirmation


@pytest.mark.parametrize("confirm", [[], ["another"]])
def test_consent_that_nobody_confirmed_to_withdraw_stays(tenant: Tenant, confirm: list[str]) -> None:
    _declared(tenant)
    tenant.ok(MODULE, unique_name="gateway")
    tenant.forget_requests()
    failure = tenant.fails(MODULE, unique_name="gateway", state="absent", confirm=confirm)
    assert failure["error"]["names"] == ["Gateway gateway", "gateway"]
    assert "set confirm to" in failure["msg"] and tenant.writes == []


@pytest.mark.parametrize("name", ["gateway", "Gateway gateway"])
def test_either_name_confirms_a_withdrawal(tenant: Tenant, name: str) -> None:
    _declared(tenant)
    tenant.ok(MODULE, unique_name="gateway")
    result = tenant.ok(MODULE, unique_name="gateway", state="absent", confirm=["x", name])
    assert result["changed"] and result["granted"] == []


def test_the_name_before_it_was_renamed_confirms_too(tenant: Tenant) -> None:
    """As long as the unique name was derived from it, which never changes."""
    made = tenant.ok("azure_app_registration", display_name="Mail gateway")
    tenant.application(appId=made["client_id"])["displayName"] = "Renamed in the portal"
    tenant.ok("azure_app_graph_permissions", client_id=made["client_id"], application_permissions=["Mail.Send"])
    tenant.ok(MODULE, client_id=made["client_id"])
    result = tenant.ok(MODULE, client_id=made["client_id"], state="absent", confirm=["Mail gateway"])
    assert result["changed"]


# Check mode of a first run


def test_check_mode_predicts_for_an_application_that_is_not_registered_yet(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    gateway: Json = {"unique_name": "gateway"}
    nothing = tenant.ok(MODULE, check=True, **gateway)
    assert (nothing["changed"], nothing["client_id"], nothing["consent_url"]) == (False, None, None)
    tenant.ok("azure_app_graph_permissions", check=True, **gateway, application_permissions=["Mail.ReadWrite"])
    result = tenant.ok(MODULE, check=True, **gateway)
    assert result["changed"] and [permission["name"] for permission in result["granted"]] == ["Mail.ReadWrite"]
    assert tenant.writes == []


def _declared(tenant: Tenant) -> Json:
    made = tenant.register()
    tenant.ok("azure_app_graph_permissions", unique_name="gateway", application_permissions=["Mail.ReadWrite"])
    tenant.forget_requests()
    return made
