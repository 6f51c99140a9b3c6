# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests of other tools get the responses of the service."""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client

from .certificates import Pair
from .foreign import Foreign
from .foreign_requests import REQUESTS

OWN_ROLE = "5d8e1a05-1f24-4d2c-a4d7-2f1d60b9a2b7"


@pytest.fixture
def client(client_with: Any) -> Client:
    made: Client = client_with(
        "Application.ReadWrite.All",
        "AppRoleAssignment.ReadWrite.All",
        "DelegatedPermissionGrant.ReadWrite.All",
        "Directory.Read.All",
        "Group.ReadWrite.All",
        "User.Read.All",
    )
    return made


@pytest.fixture
def planted(client: Client, emulator: Any) -> dict[str, str]:
    """The values of the placeholders."""
    role = {"id": OWN_ROLE, "allowedMemberTypes": ["User"], "displayName": "n", "description": "d", "value": "own"}
    application = client.application(
        "planted", identifierUris=["api://planted"], appRoles=[{**role, "isEnabled": False}]
    )
    bare = client.application("bare")
    principal = client.post("/servicePrincipals", {"appId": application["appId"], "tags": ["planted"]}).json()
    # Only enabled at the service principal, so that the tests can both assign it and replace it.
    emulator.tenant.directory.service_principals[principal["id"]]["appRoles"] = [{**role, "isEnabled": True}]
    graph = client.get("/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')").json()
    names = ("Megan Bowen", "Adele Vance")
    user, other_user = (client.get(f"/users?$filter=displayName eq '{name}'").json()["value"][0] for name in names)
    group = client.get("/groups?$filter=displayName eq 'Accounting'").json()["value"][0]
    units = client.get("/directory/administrativeUnits").json()["value"]
    roles = {entry["value"]: entry["id"] for entry in graph["appRoles"]}
    path = f"/applications/{application['id']}"
    federated = client.post(
        f"{path}/federatedIdentityCredentials",
        {"name": "first", "issuer": "https://a", "subject": "s", "audiences": ["api://AzureADTokenExchange"]},
    ).json()
    grant = {"clientId": principal["id"], "consentType": "AllPrincipals", "resourceId": graph["id"], "scope": "email"}
    assignment = {"principalId": other_user["id"], "resourceId": principal["id"], "appRoleId": OWN_ROLE}
    return {
        "application": application["id"],
        "app_id": application["appId"],
        "bare": bare["id"],
        "bare_app_id": bare["appId"],
        "principal": principal["id"],
        "operator": client.get(f"/servicePrincipals(appId='{client.client_id}')").json()["id"],
        "graph": graph["id"],
        "role": roles["Mail.Send"],
        "own_role": OWN_ROLE,
        "user": user["id"],
        "upn": user["userPrincipalName"],
        "other_user": other_user["id"],
        "group": group["id"],
        "unit": units[0]["id"],
        "key": client.post(f"{path}/addPassword", {}).json()["keyId"],
        "federated": federated["id"],
        "grant": client.post("/oauth2PermissionGrants", grant).json()["id"],
        "assignment": client.post(f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", assignment).json()["id"],
        "pem": base64.b64encode(Pair.new().certificate.public_bytes(Encoding.PEM)).decode(),
    }


def filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: filled(member, names) for name, member in value.items()}
    if isinstance(value, list):
        return [filled(member, names) for member in value]
    return value.format_map(names) if isinstance(value, str) else value


def named(request: Foreign) -> str:
    return f"{request.source.rpartition('/')[2]} {request.method} {request.path.partition('?')[0]}"


@pytest.mark.parametrize("request_", REQUESTS, ids=map(named, REQUESTS))
def test_a_request_of_another_tool_is_answered(client: Client, planted: dict[str, str], request_: Foreign) -> None:
    body = None if request_.body is None else json.dumps(filled(request_.body, planted))
    headers = {"Content-Type": "application/json", **request_.headers} if body else request_.headers
    answer = client(request_.method, request_.path.format_map(planted), data=body, headers=headers)
    assert answer.status_code == request_.status, answer.text
    if request_.found is not None:
        entries = answer.json()["value"]
        ids = {entry if isinstance(entry, str) else entry["id"] for entry in entries}
        objects = {name: object_id for name, object_id in planted.items() if object_id in ids}
        assert sorted(objects) == sorted(request_.found)
    assert "secretText" not in client.get(f"/applications/{planted['application']}").text.replace(
        '"secretText":null', ""
    )


def test_terraform_reads_back_what_it_created(client: Client, planted: dict[str, str]) -> None:
    (create,) = [entry for entry in REQUESTS if entry.path == "/applications" and "terraform" in entry.source]
    made = client.post("/applications", filled(create.body, planted)).json()
    (secret,) = made["passwordCredentials"]
    assert secret["secretText"] and secret["endDateTime"] == "2100-01-01T00:00:00Z"
    owners = client.get(f"/applications/{made['id']}/owners").json()["value"]
    assert [owner["id"] for owner in owners] == [planted["operator"], planted["user"]]
    assert client.delete(f"/applications/{made['id']}/owners/{planted['operator']}/$ref").status_code == 204


@pytest.mark.parametrize(
    ("principal", "kind"), [("user", "User"), ("group", "Group"), ("principal", "ServicePrincipal")]
)
def test_a_role_can_be_assigned_to_each_kind_of_principal(
    client: Client, planted: dict[str, str], principal: str, kind: str
) -> None:
    resource, role = ("graph", "role") if principal == "principal" else ("principal", "own_role")
    body = {"principalId": planted[principal], "resourceId": planted[resource], "appRoleId": planted[role]}
    path = f"/servicePrincipals/{planted[resource]}/appRoleAssignedTo"
    made = client.post(path, body).json()
    assert (made["principalType"], made["principalId"]) == (kind, planted[principal])
    assert made["id"] in client.get(path).text
    assert (
        client.post(path, {**body, "appRoleId": planted["own_role" if role == "role" else "role"]}).status_code == 400
    )


def test_every_tool_has_several_requests() -> None:
    tools = Counter(request.source.partition(" ")[0] for request in REQUESTS)
    assert min(tools.values()) >= 3, tools
