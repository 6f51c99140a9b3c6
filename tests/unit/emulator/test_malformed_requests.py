# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Malformed requests are refused clearly, without an internal error or a broken state."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from graph_emulator.wire.admin import HEADERS
from graph_emulator.wire.server import EmulatorServer


def _unharmed(operator: Client, emulator: EmulatorServer) -> None:
    """The page, the state and the journal can still be read."""
    for path in ("/", "/_emulator/state", "/_emulator/journal"):
        assert operator.session.get(emulator.graph + path, timeout=10).status_code == 200, path


@pytest.mark.parametrize(
    "payload",
    [
        b'{"displayName": NaN}',
        b'{"displayName": 1e999}',
        b'{"displayName": "\\ud800"}',
        b"[" * 100_000,
        b'{"displayName": "x", "api": null}',
        b'{"displayName": "x", "web": null}',
        b'{"displayName": "x", "info": null}',
        b'{"displayName": "x", "appRoles": [null]}',
        b'{"displayName": "x", "appRoles": [{}]}',
        b'{"displayName": "x", "addIns": [null]}',
    ],
    ids=lambda payload: payload[:40].decode(),
)
def test_an_invalid_body_of_an_application_is_refused(
    operator: Client, emulator: EmulatorServer, payload: bytes
) -> None:
    answer = operator("POST", "/applications", data=payload, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    _unharmed(operator, emulator)


def test_a_refused_change_changes_nothing(operator: Client) -> None:
    made = operator.application()
    assert operator.patch(f"/applications/{made['id']}", {"displayName": "changed", "web": None}).status_code == 400
    assert operator.get(f"/applications/{made['id']}").json()["displayName"] == made["displayName"]


@pytest.mark.parametrize("text", ["not " * 3000 + "(displayName eq 'a')", "(" * 3000 + "true" + ")" * 3000])
def test_an_endless_filter_is_refused(operator: Client, text: str) -> None:
    inner = {"id": "1", "method": "GET", "url": f"/applications?$filter={text}"}
    answer = operator.post("/$batch", {"requests": [inner]}).json()["responses"][0]
    assert answer["status"] == 400


@pytest.mark.parametrize("change", [{"headers": [1]}, {"dependsOn": [["1"]]}, {"dependsOn": [{}]}, {"dependsOn": "1"}])
def test_a_malformed_step_of_a_batch_is_refused(operator: Client, change: dict[str, Any]) -> None:
    inner = {"id": "1", "method": "GET", "url": "/applications", **change}
    assert operator.post("/$batch", {"requests": [inner]}).status_code == 400


@pytest.mark.parametrize("start", ["9998-12-31T23:59:59Z", "9999-12-31T23:59:59Z"])
def test_a_secret_that_ends_too_late_is_refused(operator: Client, start: str) -> None:
    made = operator.application()
    body = {"passwordCredential": {"startDateTime": start}}
    assert operator.post(f"/applications/{made['id']}/addPassword", body).status_code == 400


@pytest.mark.parametrize("seconds", ["1e400", "1e12", "-1e12"])
def test_the_clock_cannot_be_moved_more_than_a_century(
    operator: Client, emulator: EmulatorServer, seconds: str
) -> None:
    headers = {**HEADERS, "Content-Type": "application/json"}
    body = f'{{"advance": {seconds}}}'
    answer = operator.session.post(f"{emulator.graph}/_emulator/clock", data=body, headers=headers, timeout=10)
    assert answer.status_code == 400
    assert emulator.clock.offset == 0


def test_ids_of_a_grant_are_not_case_sensitive(operator: Client, emulator: EmulatorServer) -> None:
    principal = operator.service_principal(operator.application()["appId"])
    graph = emulator.tenant.service_principal_by("appId", "00000003-0000-0000-c000-000000000000")
    assert graph is not None
    body = {"clientId": principal["id"].upper(), "consentType": "AllPrincipals", "resourceId": graph["id"].upper()}
    made = operator.post("/oauth2PermissionGrants", {**body, "scope": "User.Read"})
    assert made.status_code == 201
    # azure-cli writes the segment with a capital A when it deletes.
    assert operator.get(f"/oauth2PermissionGrants/{made.json()['id']}").json()["clientId"] == principal["id"]
    assert operator.delete(f"/oAuth2PermissionGrants/{made.json()['id']}").status_code == 204
    assert operator.get("/oauth2PermissionGrants").json()["value"] == []


def test_restoring_an_application_restores_one_service_principal(operator: Client, emulator: EmulatorServer) -> None:
    made = operator.application()
    first = operator.service_principal(made["appId"])
    operator.delete(f"/servicePrincipals/{first['id']}")
    emulator.clock.advance(60)
    second = operator.service_principal(made["appId"])
    operator.delete(f"/applications/{made['id']}")
    assert operator.post(f"/directory/deletedItems/{made['id']}/restore").status_code == 200
    found = operator.get(f"/servicePrincipals?$filter=appId eq '{made['appId']}'").json()["value"]
    assert [principal["id"] for principal in found] == [second["id"]]
