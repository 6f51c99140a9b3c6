# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups, administrative units, their members, and the memberships of an object."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client

from .device_code_flow import ADMIN, PLAIN, People
from .planted_groups import EVENTUAL, SECURITY, UNITS, Tenant, code_of, reference


@pytest.fixture
def tenant(operator: Client) -> Tenant:
    return Tenant(operator)


# The planted objects


def test_a_mail_enabled_security_group_has_its_addresses(operator: Client, tenant: Tenant, emulator: Any) -> None:
    group = operator.get(f"/groups/{tenant['Gateway Mailboxes']}").json()
    address = f"gatewaymailboxes@{emulator.domain}"
    assert group["@odata.context"].endswith("$metadata#groups/$entity")
    assert (group["mailEnabled"], group["securityEnabled"], group["groupTypes"]) == (True, True, [])
    assert (group["mail"], group["mailNickname"], group["proxyAddresses"]) == (
        address,
        "gatewaymailboxes",
        [f"SMTP:{address}"],
    )
    assert group["securityIdentifier"].startswith("S-1-12-1-")


def test_members_can_be_listed_directly_and_through_nested_groups(operator: Client, tenant: Tenant) -> None:
    path = f"/groups/{tenant['Gateway Mailboxes']}"
    direct = operator.get(f"{path}/members")
    assert tenant.names(direct) == ["Alex Wilber", "Accounting"]
    assert [entry["@odata.type"] for entry in direct.json()["value"]] == [
        "#microsoft.graph.user",
        "#microsoft.graph.group",
    ]
    assert direct.json()["@odata.context"].endswith("$metadata#directoryObjects")
    assert tenant.names(operator.get(f"{path}/transitiveMembers")) == ["Alex Wilber", "Accounting", "Megan Bowen"]


def test_members_of_an_administrative_unit_can_be_listed(operator: Client, tenant: Tenant) -> None:
    unit = operator.get(f"{UNITS}/{tenant['Branch Office']}").json()
    assert unit["@odata.context"].endswith("$metadata#directory/administrativeUnits/$entity")
    # Nested groups do not pass on an administrative unit: only the group object itself is in it.
    assert tenant.names(operator.get(f"{UNITS}/{unit['id']}/members")) == ["Adele Vance", "Accounting"]


def test_members_can_be_limited_to_one_type(operator: Client, tenant: Tenant) -> None:
    path = f"/groups/{tenant['Gateway Mailboxes']}/transitiveMembers"
    users = operator.get(f"{path}/microsoft.graph.user?$select=id,mail,proxyAddresses")
    assert users.json()["@odata.context"].endswith("$metadata#users(id,mail,proxyAddresses)")
    assert tenant.names(users) == ["Alex Wilber", "Megan Bowen"]
    assert [set(entry) for entry in users.json()["value"]] == [{"id", "mail", "proxyAddresses"}] * 2
    assert operator.get(f"{path}/$count", headers=EVENTUAL).json() == 3
    assert operator.get(f"{path}/graph.group/$count", headers=EVENTUAL).json() == 1
    assert operator.get(f"{path}/$count").status_code == 400


def test_members_can_be_paged_and_filtered(operator: Client, tenant: Tenant) -> None:
    path = f"/groups/{tenant['Gateway Mailboxes']}/transitiveMembers"
    first = operator.get(f"{path}?$top=2&$select=id,displayName").json()
    assert [set(entry) - {"@odata.type"} for entry in first["value"]] == [{"id", "displayName"}] * 2
    assert tenant.names(operator.get(first["@odata.nextLink"])) == ["Megan Bowen"]
    filtered = f"{path}?$count=true&$filter=startswith(displayName,'me')"
    assert tenant.names(operator.get(filtered, headers=EVENTUAL)) == ["Megan Bowen"]
    assert code_of(operator.get(filtered)) == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("$filter=mailEnabled eq true and securityEnabled eq true", ["Gateway Mailboxes"]),
        ("$filter=groupTypes/any(c:c eq 'Unified')", ["Sales"]),
        ("$filter=mail eq 'SALES@contoso.onmicrosoft.com'", ["Sales"]),
        ("$filter=mailNickname eq 'accounting'", ["Accounting"]),
        ("$filter=proxyAddresses/any(p:p eq 'smtp:sales@contoso.onmicrosoft.com')", ["Sales"]),
        ("$filter=startswith(displayName,'gateway')", ["Gateway Mailboxes"]),
        ('$search="displayName:mail"&$count=true', ["Gateway Mailboxes"]),
        ('$search="displayName:boxes gate"', []),
        ('$search="displayName:mailboxes GATE"', ["Gateway Mailboxes"]),
        ('$search="mail:sales@" OR "displayName:Accounting"', ["Accounting", "Sales"]),
        ('$search=("displayName:gateway" OR "displayName:sales") AND "mailNickname:sa"', ["Sales"]),
        ('$search="displayName:sales"&$filter=mailEnabled eq false', []),
        ("$orderby=displayName desc&$top=1", ["Sales"]),
    ],
)
def test_groups_can_be_found_by_filter_and_search(
    operator: Client, tenant: Tenant, query: str, wanted: list[str]
) -> None:
    assert tenant.names(operator.get(f"/groups?{query}", headers=EVENTUAL)) == wanted


@pytest.mark.parametrize("search", ["displayName:sales", '"sales"', '"nonsense:x"', '"displayName:x', '("mail:x"', ""])
def test_an_invalid_search_is_refused(operator: Client, search: str) -> None:
    assert operator.get("/groups", params={"$search": search}, headers=EVENTUAL).status_code == 400
    assert operator.get("/groups", params={"$search": '"displayName:x"'}).status_code == 400


def test_a_search_matches_words() -> None:
    """The examples of the page "Use the $search query parameter"."""
    from graph_emulator.odata.search import compiled_search

    def found(name: str, text: str) -> bool:
        return compiled_search(f'"displayName:{text}"', type_name="group")({"displayName": name})

    assert found("OneVideo", "OneVideo") and found("OneVideo", "video") and found("My One Video", "OneVideo")
    assert found("hello.world", "helloworld") and found("hello-world", "helloworld") and found("hello123world", "123")
    assert found("李四(David Li)", "Li 李") and found("李四(David Li)", "David)") and found("李四(David Li)", "(李四")
    assert not found("hello world", "orld")


def test_users_can_be_found_by_other_properties(operator: Client, tenant: Tenant, emulator: Any) -> None:
    address = f"megan@{emulator.domain}"
    query = f"$filter=proxyAddresses/any(p:p eq 'SMTP:{address}')&$select=id,mailNickname,userType,city,otherMails"
    (user,) = operator.get(f"/users?{query}").json()["value"]
    assert user == {
        "id": tenant["Megan Bowen"],
        "mailNickname": "megan",
        "userType": "Member",
        "city": None,
        "otherMails": [],
    }
    assert operator.get("/users/$count", headers=EVENTUAL).json() == 3
    assert tenant.names(operator.get('/users?$search="displayName:bow"', headers=EVENTUAL)) == ["Megan Bowen"]
    expanded = operator.get(f"/users/{address}?$select=id&$expand=memberOf").json()
    assert [entry["id"] for entry in expanded["memberOf"]] == [tenant["Accounting"]]


# Memberships of an object


def test_the_memberships_of_a_user_can_be_listed(operator: Client, tenant: Tenant) -> None:
    path = f"/users/{tenant['Megan Bowen']}"
    assert tenant.names(operator.get(f"{path}/memberOf")) == ["Accounting"]
    everything = ["Accounting", "Gateway Mailboxes", "Branch Office"]
    assert tenant.names(operator.get(f"{path}/transitiveMemberOf")) == everything
    assert tenant.names(operator.get(f"{path}/transitiveMemberOf/microsoft.graph.administrativeUnit")) == [
        "Branch Office"
    ]
    groups = operator.get(f"{path}/transitiveMemberOf/microsoft.graph.group")
    assert groups.json()["@odata.context"].endswith("$metadata#groups")
    assert tenant.names(groups) == everything[:2]


@pytest.mark.parametrize("path", ["/users/{}", "/directoryObjects/{}"])
def test_memberships_can_be_checked(operator: Client, tenant: Tenant, path: str) -> None:
    path = path.format(tenant["Adele Vance"])
    ask = {"securityEnabledOnly": False}
    assert tenant.names(operator.post(f"{path}/getMemberGroups", ask)) == ["Sales"]
    assert tenant.names(operator.post(f"{path}/getMemberObjects", ask)) == ["Sales", "Branch Office"]
    assert tenant.names(operator.post(f"{path}/getMemberGroups", {"securityEnabledOnly": True})) == []
    answer = operator.post(f"{path}/checkMemberGroups", {"groupIds": [tenant["Accounting"], tenant["Sales"]]})
    assert tenant.names(answer) == ["Sales"]
    assert answer.json()["@odata.context"].endswith("$metadata#Collection(Edm.String)")
    assert tenant.names(operator.post(f"{path}/checkMemberObjects", {"ids": [tenant["Branch Office"]]})) == [
        "Branch Office"
    ]
    too_many = {"groupIds": [tenant["Sales"]] * 21}
    assert code_of(operator.post(f"{path}/checkMemberGroups", too_many)) == (400, "Request_BadRequest")


@pytest.mark.parametrize(
    ("method", "path", "cost"),
    [
        ("GET", "/users", 2),
        ("GET", "/groups/{Sales}/members", 3),
        ("GET", "/groups/{Sales}/transitiveMembers", 5),
        ("GET", "/users/{Adele Vance}/memberOf", 2),
        ("GET", "/users/{Adele Vance}/ownedObjects", 2),
        ("POST", "/users/{Adele Vance}/getMemberObjects", 2),
        ("POST", "/users/{Adele Vance}/checkMemberGroups", 4),
    ],
)
def test_requests_have_the_published_costs(operator: Client, tenant: Tenant, method: str, path: str, cost: int) -> None:
    """Table of the page "Microsoft Graph service-specific throttling limits"."""
    body = {"securityEnabledOnly": False, "groupIds": []} if method == "POST" else None
    answer = operator(method, path.format_map(tenant.ids), json=body)
    assert (answer.status_code, answer.headers["x-ms-resource-unit"]) == (200, str(cost))


def test_membership_checks_count_as_reads(operator: Client, tenant: Tenant, emulator: Any) -> None:
    emulator.journal.clear()
    operator.post(f"/users/{tenant['Adele Vance']}/getMemberGroups", {"securityEnabledOnly": True})
    from graph_emulator.graph.costs import is_write

    (entry,) = [entry for entry in emulator.requests() if entry.is_graph]
    assert not is_write(entry.method, entry.path)


def test_a_service_principal_can_be_a_member_of_a_group(operator: Client, client_with: Any, tenant: Tenant) -> None:
    principal = operator.service_principal(operator.application()["appId"])
    path = f"/groups/{tenant['Accounting']}/members/$ref"
    assert client_with("GroupMember.ReadWrite.All").post(path, reference(principal["id"])).status_code == 403
    both = client_with("GroupMember.ReadWrite.All", "Application.ReadWrite.All")
    assert both.post(path, reference(principal["id"], "servicePrincipals")).status_code == 204
    assert tenant.names(operator.get(f"/servicePrincipals/{principal['id']}/memberOf")) == ["Accounting"]
    assert tenant.names(
        operator.post(
            f"/servicePrincipals(appId='{principal['appId']}')/getMemberGroups", {"securityEnabledOnly": True}
        )
    ) == ["Accounting", "Gateway Mailboxes"]
    operator.delete(f"/applications(appId='{principal['appId']}')")
    assert tenant.names(operator.get(f"/groups/{tenant['Accounting']}/members")) == ["Megan Bowen"]


def test_groups_can_contain_each_other(emulator: Any, operator: Client, tenant: Tenant) -> None:
    emulator.tenant.directory.members.add(tenant["Accounting"], tenant["Gateway Mailboxes"])
    answer = operator.get(f"/groups/{tenant['Accounting']}/transitiveMembers")
    assert set(tenant.names(answer)) == {"Megan Bowen", "Gateway Mailboxes", "Alex Wilber", "Accounting"}


def test_directory_objects_of_each_type_can_be_read(operator: Client, tenant: Tenant) -> None:
    ids = [tenant["Accounting"], tenant["Branch Office"], tenant["Megan Bowen"]]
    answer = operator.post("/directoryObjects/getByIds", {"ids": ids, "types": ["group", "administrativeUnit"]})
    assert tenant.names(answer) == ["Accounting", "Branch Office"]
    assert operator.get(f"/directoryObjects/{ids[0]}").json()["@odata.type"] == "#microsoft.graph.group"


# Rights of callers


def test_members_without_a_read_right_only_have_an_id(client_with: Any, tenant: Tenant) -> None:
    members = client_with("GroupMember.Read.All").get(f"/groups/{tenant['Gateway Mailboxes']}/members").json()["value"]
    user, group = members
    assert (user["id"], user["displayName"], user["mail"]) == (tenant["Alex Wilber"], None, None)
    assert user["@odata.type"] == "#microsoft.graph.user"
    assert group["displayName"] == "Accounting"
    reader = client_with("GroupMember.Read.All", "User.ReadBasic.All")
    assert (
        reader.get(f"/groups/{tenant['Gateway Mailboxes']}/members").json()["value"][0]["displayName"] == "Alex Wilber"
    )


def test_a_plain_user_sees_their_own_memberships(emulator: Any, operator: Client, tenant: Tenant) -> None:
    people = People(emulator, operator.session)
    token = people.sign_in(PLAIN)["access_token"]
    mine = people.ask(token, "GET", "/me/memberOf", None)
    assert tenant.names(mine) == ["Accounting"]
    assert tenant.names(people.ask(token, "GET", f"/groups/{tenant['Accounting']}/members", None)) == ["Megan Bowen"]
    create = people.ask(token, "POST", UNITS, {"displayName": "x"})
    assert create.status_code == 403
    created = people.ask(token, "POST", "/groups", SECURITY)
    assert created.status_code == 201
    owned = people.ask(token, "GET", "/me/ownedObjects", None).json()["value"]
    assert [item["id"] for item in owned] == [created.json()["id"]]
    # The own group can be changed, another one cannot.
    path = f"/groups/{created.json()['id']}"
    assert people.ask(token, "PATCH", path, {"description": "mine"}).status_code == 204
    assert people.ask(token, "PATCH", f"/groups/{tenant['Accounting']}", {"description": "mine"}).status_code == 403
    admin = people.sign_in(ADMIN)["access_token"]
    assert people.ask(admin, "PATCH", f"/groups/{tenant['Accounting']}", {"description": "x"}).status_code == 204
    assert operator.get("/me/memberOf").status_code == 400


def test_created_and_owned_objects_can_be_listed(operator: Client) -> None:
    created = operator.application()
    principal = operator.service_principal(created["appId"])
    path = f"/servicePrincipals(appId='{operator.client_id}')"
    for relation in ("createdObjects", "ownedObjects"):
        answer = operator.get(f"{path}/{relation}").json()
        assert [item["id"] for item in answer["value"]] == [created["id"], principal["id"]], relation
    narrowed = operator.get(f"{path}/ownedObjects/microsoft.graph.application").json()
    assert narrowed["@odata.context"].endswith("$metadata#applications")
    assert [item["appId"] for item in narrowed["value"]] == [created["appId"]]
    operator.delete(f"/applications/{created['id']}")
    assert operator.get(f"{path}/createdObjects").json()["value"] == []
