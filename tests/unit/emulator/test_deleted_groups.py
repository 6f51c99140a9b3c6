# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft 365 groups and administrative units can be restored; security groups are deleted permanently."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client

from .device_code_flow import ADMIN, People

DELETED = "/directory/deletedItems"
UNITS = "/directory/administrativeUnits"


@pytest.fixture
def writer(client_with: Any) -> Client:
    client: Client = client_with("Group.ReadWrite.All", "AdministrativeUnit.ReadWrite.All", "Directory.Read.All")
    return client


@pytest.fixture
def ids(operator: Client) -> dict[str, str]:
    entries = [entry for path in ("/groups", "/users", UNITS) for entry in operator.get(path).json()["value"]]
    return {entry["displayName"]: entry["id"] for entry in entries}


def ids_at(client: Client, path: str) -> set[str]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return {entry["id"] for entry in answer.json()["value"]}


def test_a_restored_microsoft_365_group_has_its_memberships(writer: Client, ids: dict[str, str]) -> None:
    sales, adele, unit = ids["Sales"], ids["Adele Vance"], ids["Branch Office"]
    added = writer.post(
        f"{UNITS}/{unit}/members/$ref", {"@odata.id": f"https://graph.microsoft.com/v1.0/groups/{sales}"}
    )
    assert added.status_code == 204
    memberships = ids_at(writer, f"/users/{adele}/transitiveMemberOf")
    assert sales in memberships
    assert writer.delete(f"/groups/{sales}").status_code == 204
    assert writer.get(f"/groups/{sales}").status_code == 404
    assert ids_at(writer, f"/users/{adele}/transitiveMemberOf") == memberships - {sales}
    assert sales not in ids_at(writer, f"{UNITS}/{unit}/members")
    listed = writer.get(f"{DELETED}/microsoft.graph.group").json()
    assert listed["@odata.context"].endswith("$metadata#groups")
    assert [(entry["id"], entry["deletedDateTime"] is None) for entry in listed["value"]] == [(sales, False)]
    gone = writer.get(f"{DELETED}/{sales}").json()
    assert (gone["@odata.type"], gone["groupTypes"]) == ("#microsoft.graph.group", ["Unified"])
    restored = writer.post(f"{DELETED}/{sales}/restore")
    assert (restored.status_code, restored.json()["deletedDateTime"]) == (200, None)
    assert ids_at(writer, f"/groups/{sales}/members") == {adele}
    assert ids_at(writer, f"/users/{adele}/transitiveMemberOf") == memberships
    assert sales in ids_at(writer, f"{UNITS}/{unit}/members")
    assert ids_at(writer, f"{DELETED}/microsoft.graph.group") == set()


def test_permanently_deleted_members_are_not_restored_with_a_unit(
    operator: Client, writer: Client, ids: dict[str, str]
) -> None:
    unit, accounting, adele = ids["Branch Office"], ids["Accounting"], ids["Adele Vance"]
    assert writer.delete(f"{UNITS}/{unit}").status_code == 204
    assert writer.delete(f"/groups/{accounting}").status_code == 204
    assert writer.post(f"{DELETED}/{accounting}/restore").status_code == 404
    assert ids_at(writer, f"{DELETED}/microsoft.graph.administrativeUnit") == {unit}
    assert operator.delete(f"{DELETED}/{unit}").status_code == 400
    assert writer.post(f"{DELETED}/{unit}/restore").status_code == 200
    assert ids_at(writer, f"{UNITS}/{unit}/members") == {adele}


def test_only_users_can_purge_a_group(emulator: Any, writer: Client, ids: dict[str, str]) -> None:
    writer.delete(f"/groups/{ids['Sales']}")
    path = f"{DELETED}/{ids['Sales']}"
    assert writer.delete(path).status_code == 403
    people = People(emulator, writer.session)
    admin = people.sign_in(ADMIN)["access_token"]
    assert people.ask(admin, "DELETE", path, None).status_code == 204
    assert writer.get(path).status_code == 404


def test_each_type_needs_its_own_permissions(
    operator: Client, client_with: Any, writer: Client, ids: dict[str, str]
) -> None:
    application = operator.application()["id"]
    operator.delete(f"/applications/{application}")
    writer.delete(f"/groups/{ids['Sales']}")
    writer.delete(f"{UNITS}/{ids['Branch Office']}")
    deleted = {"application": application, "group": ids["Sales"], "administrativeUnit": ids["Branch Office"]}
    readers = {
        "application": client_with("Application.ReadWrite.OwnedBy"),
        "group": client_with("Group.Read.All"),
        "administrativeUnit": client_with("AdministrativeUnit.Read.All"),
    }
    for kind, reader in readers.items():
        for other, object_id in deleted.items():
            expected = 200 if other == kind else 403
            assert reader.get(f"{DELETED}/{object_id}").status_code == expected, (kind, other)
            assert reader.get(f"{DELETED}/microsoft.graph.{other}").status_code == expected, (kind, other)
            assert reader.post(f"{DELETED}/{object_id}/restore").status_code == 403, (kind, other)
            purge = 400 if (kind, other) == ("application", "administrativeUnit") else 403
            assert reader.delete(f"{DELETED}/{object_id}").status_code == purge, (kind, other)
