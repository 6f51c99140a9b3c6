# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups, administrative units, their members, and what somebody is a member of."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client

from .signing_in import ADMIN, PLAIN, People

EVENTUAL = {"ConsistencyLevel": "eventual"}
UNITS = "/directory/administrativeUnits"
SECURITY: dict[str, Any] = {
    "displayName": "Scope",
    "mailEnabled": False,
    "mailNickname": "scope",
    "securityEnabled": True,
}


class Tenant:
    """The planted people and groups, by name."""

    def __init__(self, reader: Client) -> None:
        users = reader.get("/users").json()["value"]
        groups = reader.get("/groups").json()["value"]
        units = reader.get(UNITS).json()["value"]
        self.ids = {item["displayName"]: item["id"] for item in [*users, *groups, *units]}

    def __getitem__(self, name: str) -> str:
        return str(self.ids[name])

    def names(self, answer: Any) -> list[str]:
        assert answer.status_code == 200, answer.text
        by_id = {object_id: name for name, object_id in self.ids.items()}
        return [by_id[entry if isinstance(entry, str) else entry["id"]] for entry in answer.json()["value"]]


@pytest.fixture
def tenant(operator: Client) -> Tenant:
    return Tenant(operator)


@pytest.fixture
def writer(client_with: Any) -> Client:
    client: Client = client_with("Group.ReadWrite.All", "AdministrativeUnit.ReadWrite.All", "Directory.Read.All")
    return client


def reference(object_id: str, kind: str = "directoryObjects") -> dict[str, str]:
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/{kind}/{object_id}"}


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# What is planted


def test_a_mail_enabled_security_group(operator: Client, tenant: Tenant, emulator: Any) -> None:
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


def test_members_directly_and_through_nested_groups(operator: Client, tenant: Tenant) -> None:
    path = f"/groups/{tenant['Gateway Mailboxes']}"
    direct = operator.get(f"{path}/members")
    assert tenant.names(direct) == ["Alex Wilber", "Accounting"]
    assert [entry["@odata.type"] for entry in direct.json()["value"]] == [
        "#microsoft.graph.user",
        "#microsoft.graph.group",
    ]
    assert direct.json()["@odata.context"].endswith("$metadata#directoryObjects")
    assert tenant.names(operator.get(f"{path}/transitiveMembers")) == ["Alex Wilber", "Accounting", "Megan Bowen"]


def test_members_of_an_administrative_unit(operator: Client, tenant: Tenant) -> None:
    unit = operator.get(f"{UNITS}/{tenant['Branch Office']}").json()
    assert unit["@odata.context"].endswith("$metadata#directory/administrativeUnits/$entity")
    # Nested groups do not pass on an administrative unit: only the group object itself is in it.
    assert tenant.names(operator.get(f"{UNITS}/{unit['id']}/members")) == ["Adele Vance", "Accounting"]


def test_one_type_of_member(operator: Client, tenant: Tenant) -> None:
    path = f"/groups/{tenant['Gateway Mailboxes']}/transitiveMembers"
    users = operator.get(f"{path}/microsoft.graph.user?$select=id,mail,proxyAddresses")
    assert users.json()["@odata.context"].endswith("$metadata#users(id,mail,proxyAddresses)")
    assert tenant.names(users) == ["Alex Wilber", "Megan Bowen"]
    assert [set(entry) for entry in users.json()["value"]] == [{"id", "mail", "proxyAddresses"}] * 2
    assert operator.get(f"{path}/$count", headers=EVENTUAL).json() == 3
    assert operator.get(f"{path}/graph.group/$count", headers=EVENTUAL).json() == 1
    assert operator.get(f"{path}/$count").status_code == 400


def test_members_in_pages_and_filtered(operator: Client, tenant: Tenant) -> None:
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
def test_finding_groups(operator: Client, tenant: Tenant, query: str, wanted: list[str]) -> None:
    assert tenant.names(operator.get(f"/groups?{query}", headers=EVENTUAL)) == wanted


@pytest.mark.parametrize("search", ["displayName:sales", '"sales"', '"nonsense:x"', '"displayName:x', '("mail:x"', ""])
def test_a_search_that_graph_refuses(operator: Client, search: str) -> None:
    assert operator.get("/groups", params={"$search": search}, headers=EVENTUAL).status_code == 400
    assert operator.get("/groups", params={"$search": '"displayName:x"'}).status_code == 400


def test_words_of_a_search() -> None:
    """The examples of the page "Use the $search query parameter"."""
    from graph_emulator.odata.search import compiled_search

    def found(name: str, text: str) -> bool:
        return compiled_search(f'"displayName:{text}"', type_name="group")({"displayName": name})

    assert found("OneVideo", "OneVideo") and found("OneVideo", "video") and found("My One Video", "OneVideo")
    assert found("hello.world", "helloworld") and found("hello-world", "helloworld") and found("hello123world", "123")
    assert found("李四(David Li)", "Li 李") and found("李四(David Li)", "David)") and found("李四(David Li)", "(李四")
    assert not found("hello world", "orld")


def test_users_by_other_properties(operator: Client, tenant: Tenant, emulator: Any) -> None:
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


# Memberships from the other side


def test_what_a_user_is_a_member_of(operator: Client, tenant: Tenant) -> None:
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
def test_questions_about_membership(operator: Client, tenant: Tenant, path: str) -> None:
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
def test_costs(operator: Client, tenant: Tenant, method: str, path: str, cost: int) -> None:
    """Table of the page "Microsoft Graph service-specific throttling limits"."""
    body = {"securityEnabledOnly": False, "groupIds": []} if method == "POST" else None
    answer = operator(method, path.format_map(tenant.ids), json=body)
    assert (answer.status_code, answer.headers["x-ms-resource-unit"]) == (200, str(cost))


def test_questions_count_as_reads(operator: Client, tenant: Tenant, emulator: Any) -> None:
    emulator.journal.clear()
    operator.post(f"/users/{tenant['Adele Vance']}/getMemberGroups", {"securityEnabledOnly": True})
    from graph_emulator.graph.costs import is_write

    (entry,) = [entry for entry in emulator.requests() if entry.is_graph]
    assert not is_write(entry.method, entry.path)


def test_a_service_principal_in_a_group(operator: Client, client_with: Any, tenant: Tenant) -> None:
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


def test_groups_that_contain_each_other(emulator: Any, operator: Client, tenant: Tenant) -> None:
    emulator.tenant.directory.members.add(tenant["Accounting"], tenant["Gateway Mailboxes"])
    answer = operator.get(f"/groups/{tenant['Accounting']}/transitiveMembers")
    assert set(tenant.names(answer)) == {"Megan Bowen", "Gateway Mailboxes", "Alex Wilber", "Accounting"}


def test_directory_objects_of_each_type(operator: Client, tenant: Tenant) -> None:
    ids = [tenant["Accounting"], tenant["Branch Office"], tenant["Megan Bowen"]]
    answer = operator.post("/directoryObjects/getByIds", {"ids": ids, "types": ["group", "administrativeUnit"]})
    assert tenant.names(answer) == ["Accounting", "Branch Office"]
    assert operator.get(f"/directoryObjects/{ids[0]}").json()["@odata.type"] == "#microsoft.graph.group"


# What callers may see


def test_what_a_caller_may_not_read_shows_its_id_alone(client_with: Any, tenant: Tenant) -> None:
    members = client_with("GroupMember.Read.All").get(f"/groups/{tenant['Gateway Mailboxes']}/members").json()["value"]
    user, group = members
    assert (user["id"], user["displayName"], user["mail"]) == (tenant["Alex Wilber"], None, None)
    assert user["@odata.type"] == "#microsoft.graph.user"
    assert group["displayName"] == "Accounting"
    reader = client_with("GroupMember.Read.All", "User.ReadBasic.All")
    assert (
        reader.get(f"/groups/{tenant['Gateway Mailboxes']}/members").json()["value"][0]["displayName"] == "Alex Wilber"
    )


def test_a_plain_user_sees_the_own_memberships(emulator: Any, operator: Client, tenant: Tenant) -> None:
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
    # One's own group may be changed, another one not.
    path = f"/groups/{created.json()['id']}"
    assert people.ask(token, "PATCH", path, {"description": "mine"}).status_code == 204
    assert people.ask(token, "PATCH", f"/groups/{tenant['Accounting']}", {"description": "mine"}).status_code == 403
    admin = people.sign_in(ADMIN)["access_token"]
    assert people.ask(admin, "PATCH", f"/groups/{tenant['Accounting']}", {"description": "x"}).status_code == 204
    assert operator.get("/me/memberOf").status_code == 400


def test_created_and_owned_objects(operator: Client) -> None:
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


# Changing


def test_a_group_from_creation_to_deletion(writer: Client, tenant: Tenant) -> None:
    created = writer.post(
        "/groups",
        {
            **SECURITY,
            "members@odata.bind": [reference(tenant["Adele Vance"], "users")["@odata.id"]],
            "owners@odata.bind": [reference(tenant["Alex Wilber"], "users")["@odata.id"]],
        },
    )
    assert created.status_code == 201
    path = f"/groups/{created.json()['id']}"
    assert created.headers["location"].endswith("/Microsoft.DirectoryServices.Group")
    assert tenant.names(writer.get(f"{path}/members")) == ["Adele Vance"]
    assert tenant.names(writer.get(f"{path}/owners")) == ["Alex Wilber"]
    assert writer.post(f"{path}/members/$ref", reference(tenant["Accounting"], "groups")).status_code == 204
    again = writer.post(f"{path}/members/$ref", reference(tenant["Accounting"]))
    assert code_of(again) == (400, "Request_BadRequest") and "'members'" in again.json()["error"]["message"]
    missing = writer.post(f"{path}/members/$ref", reference("11111111-2222-3333-4444-555555555555"))
    assert code_of(missing) == (404, "Request_ResourceNotFound")
    references = [reference(tenant[name])["@odata.id"] for name in ("Megan Bowen", "Alex Wilber")]
    assert writer.patch(path, {"displayName": "Renamed", "members@odata.bind": references}).status_code == 204
    assert tenant.names(writer.get(f"{path}/members")) == ["Adele Vance", "Accounting", "Megan Bowen", "Alex Wilber"]
    for status in (204, 404):
        assert writer.delete(f"{path}/members/{tenant['Accounting']}/$ref").status_code == status
    assert writer.get(path).json()["displayName"] == "Renamed"
    assert writer.delete(path).status_code == 204
    assert writer.get(path).status_code == 404
    assert created.json()["id"] not in writer.get(f"/users/{tenant['Adele Vance']}/memberOf").text


def test_an_administrative_unit_from_creation_to_deletion(writer: Client, tenant: Tenant) -> None:
    created = writer.post(UNITS, {"displayName": "Mail", "description": "d", "visibility": "HiddenMembership"})
    assert created.status_code == 201 and created.json()["visibility"] == "HiddenMembership"
    path = f"{UNITS}/{created.json()['id']}"
    assert writer.post(f"{path}/members/$ref", reference(tenant["Sales"], "groups")).status_code == 204
    assert writer.post(f"{path}/members/$ref", reference(tenant["Branch Office"])).status_code == 400
    assert tenant.names(writer.get(f"{path}/members")) == ["Sales"]
    assert [entry["id"] for entry in writer.get(f"{path}?$expand=members").json()["members"]] == [tenant["Sales"]]
    assert writer.patch(path, {"displayName": "Mail 2"}).status_code == 204
    assert writer.get(f"{UNITS}?$filter=displayName eq 'Mail 2'").json()["value"][0]["id"] == created.json()["id"]
    assert writer.delete(f"{path}/members/{tenant['Sales']}/$ref").status_code == 204
    assert writer.delete(path).status_code == 204 and writer.get(path).status_code == 404
    assert code_of(writer.post(UNITS, {"description": "x"})) == (400, "Request_BadRequest")


def test_a_microsoft_365_group_has_an_address(writer: Client, tenant: Tenant, emulator: Any) -> None:
    body = {**SECURITY, "groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": False}
    created = writer.post("/groups", body).json()
    assert (created["mail"], created["proxyAddresses"]) == (
        f"scope@{emulator.domain}",
        [f"SMTP:scope@{emulator.domain}"],
    )
    path = f"/groups/{created['id']}/members/$ref"
    assert writer.post(path, reference(tenant["Adele Vance"])).status_code == 204
    assert writer.post(path, reference(tenant["Accounting"])).status_code == 400, "users only"
    assert writer.post("/groups", body).status_code == 400, "the alias is taken"


@pytest.mark.parametrize(
    "change",
    [
        {"mailEnabled": True},
        {"securityEnabled": False},
        {"displayName": None},
        {"displayName": "x" * 257},
        {"mailNickname": None},
        {"mailNickname": "with blank"},
        {"mailNickname": "x" * 65},
        {"mailEnabled": "no"},
        {"mail": "x@contoso.com"},
        {"nonsense": 1},
        {"members@odata.bind": ["https://graph.microsoft.com/v1.0/users/11111111-2222-3333-4444-555555555555"]},
        {"groupTypes": ["DynamicMembership"], "membershipRule": "user.city -eq 'x'"},
    ],
)
def test_a_group_that_graph_refuses(writer: Client, change: dict[str, Any]) -> None:
    before = writer.get("/groups/$count", headers=EVENTUAL).json()
    assert writer.post("/groups", {**SECURITY, **change}).status_code in (400, 404)
    assert writer.get("/groups/$count", headers=EVENTUAL).json() == before


def test_exchange_administers_mail_enabled_security_groups(writer: Client, tenant: Tenant) -> None:
    path = f"/groups/{tenant['Gateway Mailboxes']}"
    for answer in (
        writer.post(f"{path}/members/$ref", reference(tenant["Adele Vance"])),
        writer.delete(f"{path}/members/{tenant['Alex Wilber']}/$ref"),
        writer.patch(path, {"description": "x"}),
        writer.delete(path),
    ):
        assert code_of(answer) == (400, "Request_BadRequest")
        assert answer.json()["error"]["message"].startswith("Cannot Update a mail-enabled security groups")
    assert tenant.names(writer.get(f"{path}/members")) == ["Alex Wilber", "Accounting"]


def test_lag_hides_a_new_group(emulator: Any, writer: Client) -> None:
    emulator.tenant.settings.update({"lag": 1})
    path = f"/groups/{writer.post('/groups', SECURITY).json()['id']}"
    assert [writer.get(path).status_code for _try in range(2)] == [404, 200]


def test_a_disabled_account_shows(emulator: Any, operator: Client, tenant: Tenant) -> None:
    people = People(emulator, operator.session)
    path = f"/users/{tenant['Megan Bowen']}?$select=accountEnabled"
    assert operator.get(path).json()["accountEnabled"] is True
    people.control("users", {"user": people.name(PLAIN), "enabled": False})
    assert operator.get(path).json()["accountEnabled"] is False
