# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables and their indices: correct after any change, and efficient for any number of objects."""

from __future__ import annotations

import copy
import random
from collections import Counter
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from graph_emulator.directory import people
from graph_emulator.directory.seed import Operator, Seed, add_operator, new_guid
from graph_emulator.directory.shapes import application, permission_grant, user
from graph_emulator.directory.store import DeletedTable, Table


def table_of(*names: str) -> Table:
    table = Table("name", "tags")
    for number, name in enumerate(names):
        table[str(number)] = {"id": str(number), "name": name, "tags": ["all", name]}
    return table


def ids(items: Any) -> list[str]:
    return [item["id"] for item in items]


def test_the_index_is_updated_by_every_change_of_an_object() -> None:
    table = table_of("a", "b", "A")
    assert ids(table.where("name", "a")) == ["0", "2"]
    assert ids(table.where("tags", "ALL")) == ["0", "1", "2"]
    table["0"]["name"] = "c"
    table["1"].update(name="d", tags=[])
    table["2"] |= {"name": None}
    assert (ids(table.where("name", "a")), ids(table.where("name", "c")), ids(table.where("name", "d"))) == (
        [],
        ["0"],
        ["1"],
    )
    assert ids(table.where("tags", "all")) == ["0", "2"]
    table["0"].pop("name")
    del table["1"]["name"]
    assert table["2"].setdefault("name") is None and table["2"].setdefault("other", 1) == 1
    assert ids(table.where("name", "c")) == ids(table.where("name", "d")) == []
    table["0"].clear()
    assert ids(table.where("id", "0")) == []


def test_the_index_is_updated_by_every_change_of_a_table() -> None:
    table = table_of("a", "a", "a", "a")
    del table["0"]
    assert table.pop("1")["name"] == "a" and table.pop("1", None) is None
    table["2"] = {"id": "2", "name": "b"}
    assert ids(table.where("name", "a")) == ["3"]
    assert ids(table.rows()) == ["3", "2"]
    table.update({"5": {"id": "5", "name": "a"}})
    assert table.setdefault("5", {}) is table["5"]
    assert ids(table.where("name", "a")) == ["3", "5"]
    assert table.popitem()[0] == "5"
    table.clear()
    assert ids(table.rows()) == ids(table.where("name", "a")) == []


def test_removed_and_copied_objects_do_not_change_the_index() -> None:
    table = table_of("a", "b")
    gone, copied = table.pop("0"), copy.deepcopy(table["1"])
    gone["name"] = copied["name"] = copy.copy(table["1"])["name"] = "b"
    assert copied.__class__ is dict
    assert ids(table.where("name", "b")) == ["1"]
    other = Table("name")
    other["1"] = table["1"]
    other["1"]["name"] = "elsewhere"
    assert ids(table.where("name", "b")) == ["1"] and ids(other.where("name", "elsewhere")) == ["1"]


@pytest.mark.parametrize("deleted", [False, True])
def test_a_deep_copy_has_each_object_once_and_an_index_of_its_own(deleted: bool) -> None:
    table = DeletedTable("name") if deleted else Table("name")
    for number, name in enumerate("aab"):
        item = {"id": str(number), "name": name}
        table[str(number)] = ("applications", item) if deleted else item
    copied = copy.deepcopy(table)
    assert (ids(copied.rows()), ids(copied.where("name", "a"))) == (["0", "1", "2"], ["0", "1"])
    del copied["0"]
    next(iter(copied.rows()))["name"] = "c"
    assert (ids(copied.where("name", "a")), ids(copied.where("name", "c"))) == ([], ["1"])
    assert ids(table.where("name", "a")) == ["0", "1"]


def test_deleted_objects_are_found_by_kind() -> None:
    table = DeletedTable("appId")
    table["1"] = ("applications", {"id": "1", "appId": "x"})
    table["2"] = ("servicePrincipals", {"id": "2", "appId": "x"})
    assert ids(table.where("appId", "X")) == ["1", "2"]
    assert ids(table.where("kind", "servicePrincipals")) == ["2"]
    assert table["1"][0] == "applications" and len(table.values()) == 2
    assert table.pop("1")[1]["id"] == "1"
    assert ids(table.where("appId", "x")) == ["2"]


def test_narrowed_rows_keep_all_conditions() -> None:
    table = table_of("a", "b", "a")
    rows = table.where("name", "a").narrowed([("id", "1"), ("unknown", "x")])
    assert ids(rows) == [] and len(rows) == 0
    assert ids(table.where("tags", "all").that(lambda item: item["id"] != "0").narrowed([("name", "A")])) == ["2"]
    assert len(table.rows()) == 3


def test_indices_agree_with_a_scan_after_many_random_changes() -> None:
    chance = random.Random(7)
    table = Table("name", "tags")
    for _turn in range(2000):
        key = str(chance.randrange(40))
        step = chance.randrange(4)
        if step == 0 or key not in table:
            table[key] = {"id": key, "name": chance.choice("abc"), "tags": chance.sample("abcd", 2)}
        elif step == 1:
            del table[key]
        else:
            table[key].update(name=chance.choice("abc"), tags=chance.sample("abcd", chance.randrange(3)))
    for letter in "abcd":
        assert ids(table.where("name", letter)) == [item["id"] for item in table.values() if item["name"] == letter]
        assert ids(table.where("tags", letter)) == [item["id"] for item in table.values() if letter in item["tags"]]


def plant(tenant: Any, count: int) -> list[dict[str, Any]]:
    """Add applications directly to the directory, each with an object in every other table, mostly related to it."""
    directory, made = tenant.directory, []
    for number in range(count):
        name = f"App {number}"
        operator = Operator(roles=("Mail.Send",), display_name=name)
        add_operator(tenant, operator, age=timedelta(days=1))
        record = directory.applications[operator.application_id]
        record.update(uniqueName=f"app-{number}", identifierUris=[f"api://app-{number}"], tags=["all", f"tag-{number}"])
        group_id = people.plant_group(directory, tenant, name=name)
        directory.members.add(group_id, operator.service_principal_id)
        people.plant_administrative_unit(directory, name=name, members=[group_id])
        user_id, grant_id, deleted_id = new_guid(), new_guid(), new_guid()
        directory.users[user_id] = user(object_id=user_id, display_name=name, principal_name=f"{number}@example.com")
        grant = {"clientId": operator.service_principal_id, "resourceId": new_guid(), "consentType": "Principal"}
        directory.grants[grant_id] = permission_grant(grant_id=grant_id, body={**grant, "principalId": user_id})
        directory.deleted[deleted_id] = ("applications", {**record, "id": deleted_id, "appId": new_guid()})
        made.append(record)
    return made


def tables(tenant: Any) -> dict[str, Table]:
    held = {field.name: getattr(tenant.directory, field.name) for field in fields(tenant.directory)}
    return {name: table for name, table in held.items() if isinstance(table, Table)}


def looked_at(tenant: Any) -> Counter[str]:
    """How many objects of each table were read so far."""
    return Counter({name: table.looked_at for name, table in tables(tenant).items()})


def test_every_table_is_filled_to_count_what_a_call_looks_at(emulator: Any) -> None:
    before = {name: len(table) for name, table in tables(emulator.tenant).items()}
    plant(emulator.tenant, 20)
    short = [name for name, table in tables(emulator.tenant).items() if len(table) < before[name] + 20]
    assert not short, f"add objects of {short} to plant in test_store.py, so that its test counts them"


CALLS: dict[str, tuple[str, str]] = {
    "by id": ("GET", "/applications/{id}"),
    "by appId": ("GET", "/applications(appId='{appId}')"),
    "by uniqueName": ("GET", "/applications(uniqueName='{uniqueName}')"),
    "filter appId": ("GET", "/applications?$filter=appId eq '{appId}'"),
    "filter displayName": ("GET", "/applications?$filter=displayName eq '{displayName}'"),
    "filter and": ("GET", "/applications?$filter=startswith(displayName,'App') and uniqueName eq '{uniqueName}'"),
    "filter tag": ("GET", "/applications?$filter=tags/any(t:t eq 'tag-7')"),
    "filter identifierUris": ("GET", "/applications?$filter=identifierUris/any(u:u eq 'api://app-7')"),
    "page": ("GET", "/applications?$top=5"),
    "filtered page": ("GET", "/applications?$top=5&$filter=tags/any(t:t eq 'all')"),
    "principal": ("GET", "/servicePrincipals(appId='{appId}')"),
    "principal by name": ("GET", "/servicePrincipals?$filter=servicePrincipalNames/any(n:n eq '{appId}')"),
    "assignments": ("GET", "/servicePrincipals(appId='{appId}')/appRoleAssignments"),
    "grants": ("GET", "/servicePrincipals(appId='{appId}')/oauth2PermissionGrants"),
    "groups by name": ("GET", "/groups?$filter=displayName eq '{displayName}'"),
    "administrative units by name": (
        "GET",
        "/directory/administrativeUnits?$filter=displayName eq '{displayName}'",
    ),
    "users by name": ("GET", "/users?$filter=displayName eq '{displayName}'"),
    "memberships": ("GET", "/servicePrincipals(appId='{appId}')/transitiveMemberOf"),
    "upsert": ("PATCH", "/applications(uniqueName='{uniqueName}')"),
    "create": ("POST", "/applications"),
    "delete": ("DELETE", "/applications/{id}"),
    "restore": ("POST", "/directory/deletedItems/{id}/restore"),
}


def work_of_each_call(emulator: Any, operator: Any, count: int) -> dict[str, Counter[str]]:
    emulator.reset()
    item = plant(emulator.tenant, count)[7]
    work = {}
    for name, (method, path) in CALLS.items():
        body = (
            {"displayName": "App 7", "identifierUris": ["api://app-7"]}
            if method == "PATCH"
            else {
                "displayName": f"New {count}",
                "uniqueName": f"new-{count}",
                "identifierUris": [f"api://{new_guid()}"],
            }
        )
        before = looked_at(emulator.tenant)
        answer = operator(
            method,
            path.format(**item),
            json=None if method in ("GET", "DELETE") else body,
            headers={"Prefer": "create-if-missing"},
        )
        work[name] = looked_at(emulator.tenant) - before
        assert answer.status_code < 300, f"{name}: {answer.text}"
        if name.startswith(("filter ", "principal by")):
            assert len(answer.json()["value"]) == 1, name
    before = looked_at(emulator.tenant)
    assert operator.ask_token().status_code == 200
    work["token"] = looked_at(emulator.tenant) - before
    return work


def test_the_work_of_a_call_does_not_depend_on_the_number_of_objects(emulator: Any, operator: Any) -> None:
    """Counted, not timed: 20 and 400 applications must cost the same."""
    assert operator.token
    few, many = (work_of_each_call(emulator, operator, count) for count in (20, 400))
    assert few == many
    assert max(work.total() for work in many.values()) < 30
    unread = set(tables(emulator.tenant)) - {name for work in many.values() for name in work}
    assert not unread, f"add a call that reads {sorted(unread)} to CALLS in test_store.py"


def test_paging_is_consistent_if_objects_are_removed_in_between(emulator: Any, operator: Any) -> None:
    items = plant(emulator.tenant, 12)
    seen: list[str] = []
    url = "/applications?$top=5&$filter=tags/any(t:t eq 'all')"
    while url:
        body = operator.get(url).json()
        seen += [item["uniqueName"] for item in body["value"]]
        url = body.get("@odata.nextLink", "")
        for number in (0, 1, 2):
            emulator.tenant.directory.applications.pop(items[number]["id"], None)
    assert seen == [f"app-{number}" for number in range(12)]


@pytest.mark.parametrize("name", ["https://graph.microsoft.com", "https://graph.microsoft.com/"])
def test_service_principal_names_match_with_and_without_slash(emulator: Any, name: str) -> None:
    assert emulator.tenant.service_principal_named(name)["displayName"] == "Microsoft Graph"


def test_objects_have_the_indexed_properties() -> None:
    directory = Seed()._directory()
    names = set(application(object_id="a", app_id="b", created="c", publisher_domain="d"))
    assert directory.applications.indexed <= names
