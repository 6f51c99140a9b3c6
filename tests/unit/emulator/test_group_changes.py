# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups and administrative units: create, change, delete."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client

from .device_code_flow import PLAIN, People
from .planted_groups import EVENTUAL, SECURITY, UNITS, Tenant, code_of, reference


@pytest.fixture
def tenant(operator: Client) -> Tenant:
    return Tenant(operator)


@pytest.fixture
def writer(client_with: Any) -> Client:
    client: Client = client_with("Group.ReadWrite.All", "AdministrativeUnit.ReadWrite.All", "Directory.Read.All")
    return client


def test_a_group_can_be_created_changed_and_deleted(writer: Client, tenant: Tenant) -> None:
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


def test_an_administrative_unit_can_be_created_changed_and_deleted(writer: Client, tenant: Tenant) -> None:
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
    assert writer.post("/groups", body).status_code == 400, "the alias is in use"


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
def test_an_invalid_group_is_refused(writer: Client, change: dict[str, Any]) -> None:
    before = writer.get("/groups/$count", headers=EVENTUAL).json()
    assert writer.post("/groups", {**SECURITY, **change}).status_code in (400, 404)
    assert writer.get("/groups/$count", headers=EVENTUAL).json() == before


def test_mail_enabled_security_groups_cannot_be_changed_with_graph(writer: Client, tenant: Tenant) -> None:
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


def test_a_lagging_replica_hides_a_new_group(emulator: Any, writer: Client) -> None:
    emulator.tenant.settings.update({"lag": 1})
    path = f"/groups/{writer.post('/groups', SECURITY).json()['id']}"
    assert [writer.get(path).status_code for _try in range(2)] == [404, 200]


def test_a_disabled_account_is_shown(emulator: Any, operator: Client, tenant: Tenant) -> None:
    people = People(emulator, operator.session)
    path = f"/users/{tenant['Megan Bowen']}?$select=accountEnabled"
    assert operator.get(path).json()["accountEnabled"] is True
    people.control("users", {"user": people.name(PLAIN), "enabled": False})
    assert operator.get(path).json()["accountEnabled"] is False
