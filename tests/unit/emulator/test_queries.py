# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""$filter, $select, $orderby, $count and paging."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def names(operator: Any) -> list[str]:
    made = ["Alpha", "alphabet", "O'Brien & sons", "beta"]
    for name in made:
        operator.application(name, tags=[f"tag-{name[0].lower()}"], identifierUris=[f"api://{name[-1]}{len(name)}"])
    return made


def found(operator: Any, expression: str, **headers: str) -> list[str]:
    answer = operator.get(
        "/applications", params={"$filter": expression, **({"$count": "true"} if headers else {})}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    return [item["displayName"] for item in answer.json()["value"] if item["displayName"] != "Gateway operator"]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("displayName eq 'O''Brien & sons'", ["O'Brien & sons"]),
        ("displayName eq 'ALPHA'", ["Alpha"]),
        ("startswith(displayName,'alpha')", ["Alpha", "alphabet"]),
        ("startsWith(displayName, 'alpha') and tags/any(t:t eq 'tag-a')", ["Alpha", "alphabet"]),
        ("displayName in ('beta','Alpha')", ["Alpha", "beta"]),
        ("tags/any(t:t eq 'tag-b') or displayName eq 'Alpha'", ["Alpha", "beta"]),
        ("(displayName eq 'Alpha' or displayName eq 'beta') and tags/any(t:t eq 'tag-b')", ["beta"]),
        ("identifierUris/any(u:u eq 'api://a4')", ["beta"]),
        ("uniqueName eq null and startswith(displayName,'b')", ["beta"]),
        ("displayName eq 'nothing'", []),
    ],
)
def test_filters_select_objects(operator: Any, names: list[str], expression: str, wanted: list[str]) -> None:
    assert found(operator, expression) == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("displayName ne 'Alpha' and startswith(displayName,'a')", ["alphabet"]),
        ("not startswith(displayName,'a')", ["O'Brien & sons", "beta"]),
        ("endswith(displayName,'A')", ["Alpha", "beta"]),
    ],
)
def test_an_advanced_filter_needs_its_header(
    operator: Any, names: list[str], expression: str, wanted: list[str]
) -> None:
    assert found(operator, expression, ConsistencyLevel="eventual") == wanted
    plain = operator.get("/applications", params={"$filter": expression})
    assert (plain.status_code, plain.json()["error"]["code"]) == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize(
    "expression",
    [
        "nonsense eq 'x'",
        "displayName eq",
        "displayName eq 'x",
        "displayName like 'x'",
        "displayName eq 5",
        "tags/any(t:x eq 'y')",
        "contains(displayName,'x')",
        "",
        "displayName",
        "displayName eq 'x' and",
        "accountEnabled eq true",
        "tags eq 'x'",
        "displayName/any(d:d eq 'x')",
    ],
)
def test_an_invalid_filter_is_refused(operator: Any, expression: str) -> None:
    answer = operator.get("/applications", params={"$filter": expression})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in ("BadRequest", "Request_UnsupportedQuery")


def test_select_limits_the_properties(operator: Any, names: list[str]) -> None:
    body = operator.get("/applications?$select=appId,id&$filter=displayName eq 'beta'").json()
    assert body["@odata.context"] == f"{operator.server.graph}/v1.0/$metadata#applications(appId,id)"
    assert list(body["value"][0]) == ["id", "appId"]
    one = operator.get(f"/applications/{body['value'][0]['id']}?$select=displayName").json()
    assert one == {
        "@odata.context": f"{operator.server.graph}/v1.0/$metadata#applications(displayName)/$entity",
        "displayName": "beta",
    }
    assert operator.get("/applications?$select=nonsense").status_code == 400
    assert operator.get("/applications?$expand=nonsense").status_code == 400


def test_paging_returns_all_objects(operator: Any) -> None:
    made = [operator.application(f"page {number}")["id"] for number in range(7)]
    url = "/applications?$top=3&$select=id&$filter=startswith(displayName,'page')"
    seen: list[str] = []
    pages = 0
    while url:
        body = operator.get(url).json()
        seen += [item["id"] for item in body["value"]]
        assert len(body["value"]) <= 3
        url = body.get("@odata.nextLink", "")
        pages += 1
    assert (seen, pages) == (made, 3)


def test_the_default_page_has_100_objects(operator: Any) -> None:
    for number in range(100):
        operator.application(f"app {number}")
    first = operator.get("/applications").json()
    assert len(first["value"]) == 100
    assert len(operator.get(first["@odata.nextLink"]).json()["value"]) == 1
    assert len(operator.get("/applications?$top=999").json()["value"]) == 101
    for wrong in ("$top=1000", "$top=0", "$top=x", "$skiptoken=x", "$nonsense=1", "$top=1&$top=2"):
        assert operator.get(f"/applications?{wrong}").status_code == 400, wrong


def test_lists_can_be_sorted_and_counted(operator: Any, names: list[str]) -> None:
    ordered = operator.get("/applications?$orderby=displayName desc").json()["value"]
    assert [item["displayName"] for item in ordered][:2] == ["O'Brien & sons", "Gateway operator"]
    counted = operator.get("/applications?$count=true&$top=1", headers={"ConsistencyLevel": "eventual"}).json()
    assert list(counted)[:3] == ["@odata.context", "@odata.count", "@odata.nextLink"]
    assert counted["@odata.count"] == 5
    assert "@odata.count" not in operator.get("/applications?$count=true").json()


def test_objects_of_the_directory_can_be_read(operator: Any, emulator: Any) -> None:
    (organization,) = operator.get("/organization").json()["value"]
    assert organization["id"] == emulator.tenant_id
    assert organization["verifiedDomains"][0]["name"] == emulator.domain
    users = operator.get("/users?$select=id,userPrincipalName").json()["value"]
    assert len(users) == 3
    by_name = operator.get(f"/users/{users[0]['userPrincipalName']}").json()
    assert by_name["id"] == users[0]["id"] and list(by_name)[-1] == "id"
    some = operator.get(f"/directoryObjects/{users[0]['id']}").json()
    assert some["@odata.type"] == "#microsoft.graph.user"


@pytest.mark.parametrize(
    "text",
    [
        "appId in ('{appId}')",
        "displayName in ('wanted')",
        "displayName in ( 'wanted' )",
        "displayName in ('x','wanted')",
        "displayName in ('it''s','wanted')",
        "not(displayName eq 'other') and startswith(displayName,'wanted')",
        " appId eq '{appId}'",
        "\tdisplayName  eq\n'wanted' ",
        "displayName eq'wanted'",
        "( displayName eq 'wanted' )and(appId eq '{appId}')",
        "displayName in('wanted' , 'x')",
        "startswith ( displayName , 'wanted' )",
        "tags / any (t : t eq 'tag')",
        "createdDateTime ge 2020-01-01 and displayName eq 'wanted'",
        "createdDateTime ge 2020-01-01T00:00Z and displayName eq 'wanted'",
    ],
)
def test_the_spellings_of_other_clients_are_accepted(operator: Any, text: str) -> None:
    created = operator.application("wanted", tags=["tag"])
    operator.application("other in ('x')")
    path = f"/applications?$count=true&$filter={text.replace('{appId}', created['appId'])}"
    answer = operator.get(path, headers={"ConsistencyLevel": "eventual"})
    assert [item["id"] for item in answer.json()["value"]] == [created["id"]], answer.text


def test_a_literal_may_look_like_a_list(operator: Any) -> None:
    created = operator.application("x in ('y') and(any (z) ) eq")
    answer = operator.get("/applications?$filter=displayName eq 'x in (''y'') and(any (z) ) eq'")
    assert [item["id"] for item in answer.json()["value"]] == [created["id"]], answer.text


def test_a_collection_can_be_counted(operator: Any) -> None:
    operator.application("one")
    advanced = {"ConsistencyLevel": "eventual"}
    answer = operator.get("/applications/$count?$filter=startswith(displayName,'one')", headers=advanced)
    assert (answer.text, answer.headers["content-type"]) == ("1", "text/plain")
    assert operator.get("/servicePrincipals/$count", headers=advanced).json() > 1
    assert operator.get("/applications/$count").status_code == 400
