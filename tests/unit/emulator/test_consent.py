# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""App role assignments and delegated permission grants."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import pytest

MAIL_READ_WRITE = "e2a3a72e-5f79-4c64-b1b1-878b674786c9"
GRAPH = "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"
EXCHANGE = "/servicePrincipals(appId='00000002-0000-0ff1-ce00-000000000000')"


@pytest.fixture
def parties(operator: Any) -> tuple[str, str, str]:
    """Object ids of the client's, Microsoft Graph's and Exchange Online's service principals."""
    principal = operator.service_principal(operator.application()["appId"])
    return principal["id"], *(operator.get(f"{path}?$select=id").json()["id"] for path in (GRAPH, EXCHANGE))


def body(principal: str, resource: str, role: str = MAIL_READ_WRITE) -> dict[str, str]:
    return {"principalId": principal, "resourceId": resource, "appRoleId": role}


def test_both_service_principals_show_the_same_assignment(operator: Any, parties: tuple[str, str, str]) -> None:
    client, graph, exchange = parties
    created = operator.post(f"/servicePrincipals/{graph}/appRoleAssignedTo", body(client, graph))
    assert created.status_code == 201
    record = {key: value for key, value in created.json().items() if key != "@odata.context"}
    assert base64.urlsafe_b64decode(record["id"] + "=")[:16] == uuid.UUID(client).bytes_le
    assert operator.get(f"/servicePrincipals/{client}/appRoleAssignments").json()["value"] == [record]
    assert record in operator.get(f"{GRAPH}/appRoleAssignedTo?$top=999").json()["value"]
    # The same role id of another resource is another permission.
    assert operator.get(f"/servicePrincipals/{exchange}/appRoleAssignedTo").json()["value"] == []
    other = operator.post(f"/servicePrincipals/{client}/appRoleAssignments", body(client, exchange))
    assert other.status_code == 201
    assert operator.delete(f"/servicePrincipals/{graph}/appRoleAssignedTo/{record['id']}").status_code == 204
    left = operator.get(f"/servicePrincipals/{client}/appRoleAssignments").json()["value"]
    assert [entry["resourceId"] for entry in left] == [exchange]


def test_invalid_assignments_are_refused(operator: Any, parties: tuple[str, str, str]) -> None:
    client, graph, _exchange = parties
    path = f"/servicePrincipals/{graph}/appRoleAssignedTo"

    def refused(sent: dict[str, str]) -> str:
        answer = operator.post(path, sent)
        assert answer.status_code == 400, answer.text
        message: str = answer.json()["error"]["message"]
        return message

    assert operator.post(path, body(client, graph)).status_code == 201
    assert refused(body(client, graph)) == "Permission being assigned already exists on the object"
    scope = "024d486e-b451-40bb-833d-3e66d98c5c73"
    assert refused(body(client, graph, scope)) == "Permission being assigned was not found on application"
    application = operator.application()
    assert refused(body(application["id"], graph)) == "Not a valid reference update."
    assert operator.delete(f"{path}/unknown").status_code == 404


def test_assignments_can_be_expanded_and_filtered_by_guid(operator: Any, parties: tuple[str, str, str]) -> None:
    client, graph, exchange = parties
    for resource in (graph, exchange):
        operator.post(f"/servicePrincipals/{client}/appRoleAssignments", body(client, resource))
    expanded = operator.get(f"/servicePrincipals/{client}?$expand=appRoleAssignments").json()
    assert len(expanded["appRoleAssignments"]) == 2
    path = f"/servicePrincipals/{client}/appRoleAssignments"
    assert len(operator.get(f"{path}?$filter=resourceId eq {graph}").json()["value"]) == 1
    # A GUID property and a string cannot be compared (microsoft-graph-docs issue 10989).
    assert operator.get(f"{path}?$filter=resourceId eq '{graph}'").status_code == 400


def test_assignments_are_deleted_and_restored_with_the_service_principal(
    operator: Any, parties: tuple[str, str, str]
) -> None:
    client, graph, _exchange = parties
    operator.post(f"/servicePrincipals/{graph}/appRoleAssignedTo", body(client, graph))

    def assigned() -> list[str]:
        listed = operator.get(f"/servicePrincipals/{graph}/appRoleAssignedTo?$top=999").json()["value"]
        return [entry["principalId"] for entry in listed]

    assert client in assigned()
    app_id = operator.get(f"/servicePrincipals/{client}").json()["appId"]
    application = operator.get(f"/applications(appId='{app_id}')").json()["id"]
    operator.delete(f"/applications/{application}")
    assert client not in assigned()
    operator.post(f"/directory/deletedItems/{application}/restore")
    assert client in assigned()


def test_delegated_grants_can_be_created_changed_and_deleted(operator: Any, parties: tuple[str, str, str]) -> None:
    client, graph, _exchange = parties
    sent = {"clientId": client, "consentType": "AllPrincipals", "resourceId": graph, "scope": "User.Read"}
    created = operator.post("/oauth2PermissionGrants", sent)
    assert created.status_code == 201
    assert created.json()["@odata.context"].endswith("#oauth2PermissionGrants/$entity")
    grant = created.json()["id"]
    decoded = base64.urlsafe_b64decode(grant + "=")
    assert decoded == uuid.UUID(client).bytes_le + uuid.UUID(graph).bytes_le
    again = operator.post("/oauth2PermissionGrants", sent)
    assert (again.status_code, again.json()["error"]["message"]) == (400, "Permission entry already exists.")
    assert operator.patch(f"/oauth2PermissionGrants/{grant}", {"scope": "User.Read openid"}).status_code == 204
    (found,) = operator.get(f"/oauth2PermissionGrants?$filter=clientId eq '{client}'").json()["value"]
    assert found["scope"] == "User.Read openid"
    assert operator.get(f"/servicePrincipals/{client}/oauth2PermissionGrants").json()["value"] == [found]
    assert operator.delete(f"/oauth2PermissionGrants/{grant}").status_code == 204
    assert operator.post("/oauth2PermissionGrants", sent).json()["id"] == grant
    other = operator.application()
    assert operator.post("/oauth2PermissionGrants", {**sent, "clientId": other["id"]}).status_code == 404
