# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client secrets: the response of addPassword, later reads, and the tenant's policy."""

from __future__ import annotations

import re
from typing import Any

import pytest

SEVEN_DIGITS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$")


def add(operator: Any, created: dict[str, Any], kind: str = "applications", **credential: Any) -> Any:
    body = {"passwordCredential": credential} if credential else {}
    return operator.post(f"/{kind}/{created['id']}/addPassword", body)


def test_a_new_secret_has_the_documented_defaults(operator: Any) -> None:
    created = operator.application()
    credential = add(operator, created).json()
    assert SEVEN_DIGITS.match(credential["startDateTime"]) and SEVEN_DIGITS.match(credential["endDateTime"])
    assert int(credential["endDateTime"][:4]) == int(credential["startDateTime"][:4]) + 2
    assert credential["endDateTime"][4:] == credential["startDateTime"][4:]
    assert credential["displayName"] is None
    assert 34 <= len(credential["secretText"]) <= 40
    assert credential["hint"] == credential["secretText"][:3]
    (shown,) = operator.get(f"/applications/{created['id']}").json()["passwordCredentials"]
    expected = {key: value for key, value in credential.items() if key != "@odata.context"}
    assert shown == {**expected, "secretText": None}


def test_times_are_returned_as_sent(operator: Any) -> None:
    sent = {"displayName": "gw", "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2100-12-31T11:59:59.25Z"}
    answer = add(operator, operator.application(), **sent)
    assert answer.status_code == 200
    assert sent.items() <= answer.json().items()
    assert answer.headers["location"] == operator.server.graph


def test_secrets_are_sorted_and_those_of_a_service_principal_have_no_hint(operator: Any) -> None:
    principal = operator.service_principal(operator.application()["appId"])
    keys = [add(operator, principal, "servicePrincipals", displayName=name).json() for name in ("a", "b")]
    assert [key["hint"] for key in keys] == [None, None]
    shown = operator.get(f"/servicePrincipals/{principal['id']}").json()["passwordCredentials"]
    assert [key["displayName"] for key in shown] == ["b", "a"]


def test_secrets_can_be_added_and_removed_by_app_id(operator: Any) -> None:
    created = operator.application()
    path = f"/applications(appId='{created['appId']}')"
    key = operator.post(f"{path}/addPassword", {"passwordCredential": {"displayName": "x"}}).json()
    assert operator.post(f"{path}/removePassword", {"keyId": key["keyId"]}).status_code == 204
    again = operator.post(f"{path}/removePassword", {"keyId": key["keyId"]})
    assert again.status_code == 400
    assert again.json()["error"]["message"] == f"No password credential found with keyId {key['keyId']}."


@pytest.mark.parametrize(
    "credential",
    [
        {"secretText": "chosen by me"},
        {"hint": "cho"},
        {"startDateTime": "yesterday"},
        {"endDateTime": "2027-13-01T00:00:00Z"},
        {"startDateTime": "2030-01-01T00:00:00Z", "endDateTime": "2029-01-01T00:00:00Z"},
        {"nonsense": True},
    ],
)
def test_invalid_requests_are_refused(operator: Any, credential: dict[str, Any]) -> None:
    created = operator.application()
    assert add(operator, created, **credential).status_code == 400
    assert operator.get(f"/applications/{created['id']}").json()["passwordCredentials"] == []


BY_ACTIONS = ("Request_BadRequest", "New password credentials must be generated using service actions.")


def test_a_secret_can_be_created_with_the_application(operator: Any) -> None:
    """Page "Create application", example 2; used by Terraform's azuread_application with a password block."""
    body = {"displayName": "x", "passwordCredentials": [{"displayName": "first"}]}
    answer = operator.post("/applications", body)
    assert answer.status_code == 201
    (credential,) = answer.json()["passwordCredentials"]
    assert (credential["displayName"], credential["hint"]) == ("first", credential["secretText"][:3])
    path = f"/applications/{answer.json()['id']}"
    assert operator.get(path).json()["passwordCredentials"] == [{**credential, "secretText": None}]
    operator.service_principal(answer.json()["appId"])
    token = operator.ask_token(client_id=answer.json()["appId"], client_secret=credential["secretText"])
    assert token.status_code == 200
    assert operator.post(f"{path}/removePassword", {"keyId": credential["keyId"]}).status_code == 204


def test_several_secrets_can_be_created_together(emulator: Any, operator: Any) -> None:
    body = {"displayName": "x", "passwordCredentials": [{"displayName": "a"}, {"endDateTime": "2100-01-01T00:00:00Z"}]}
    created = operator.post("/applications", body).json()
    assert [entry["displayName"] for entry in created["passwordCredentials"]] == [None, "a"]
    shown = operator.get(f"/applications/{created['id']}").json()["passwordCredentials"]
    assert [{**entry, "secretText": None} for entry in created["passwordCredentials"]] == shown
    restrict(emulator, restrictionType="passwordAddition", maxLifetime=None)
    before = len(emulator.tenant.directory.applications)
    refused = operator.post("/applications", body)
    assert refused.json()["error"]["code"] == "CredentialTypeNotAllowedAsPerAppPolicy"
    assert len(emulator.tenant.directory.applications) == before


def test_other_ways_to_create_a_secret_are_refused(operator: Any) -> None:
    """Messages: ansible-collections/azure issue 1372, msgraph-bicep-types issue 38."""
    created = operator.application()
    new = {"passwordCredentials": [{"displayName": "x"}]}
    for answer in (
        operator.patch(f"/applications/{created['id']}", new),
        operator.upsert("/applications(uniqueName='new')", {"displayName": "x", **new}),
        operator.post("/servicePrincipals", {"appId": created["appId"], **new}),
        operator.post("/applications", {"displayName": "x", "passwordCredentials": [{"secretText": "my own"}]}),
    ):
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["message"]) == (400, *BY_ACTIONS)


def test_secrets_that_were_read_can_be_sent_back(operator: Any) -> None:
    created = operator.application()
    add(operator, created, displayName="kept")
    path = f"/applications/{created['id']}"
    credentials = operator.get(path).json()["passwordCredentials"]
    assert operator.patch(path, {"passwordCredentials": credentials, "notes": "x"}).status_code == 204
    changed = [{**credentials[0], "displayName": "another"}]
    assert operator.patch(path, {"passwordCredentials": changed}).status_code == 400
    assert operator.get(path).json()["passwordCredentials"] == credentials


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2100-12-31", "2100-12-31T00:00:00Z"),
        ("2100-12-31T10:00Z", "2100-12-31T10:00:00Z"),
        ("2100-12-31T10:00:00+02:00", "2100-12-31T08:00:00Z"),
        ("2100-12-31T10:00:00.5Z", "2100-12-31T10:00:00.5Z"),
    ],
)
def test_all_forms_of_a_time_are_accepted(operator: Any, sent: str, shown: str) -> None:
    """As Microsoft's OData library parses a DateTimeOffset: see clock.parse_sent_time for the source."""
    assert add(operator, operator.application(), endDateTime=sent).json()["endDateTime"] == shown


@pytest.mark.parametrize(
    "sent", ["2100-12-31T10:00:00", "2100-12-31T10:00", "2100-12", "31.12.2100", "2100-12-31Z", "2100-13-01"]
)
def test_a_time_without_a_zone_is_refused(operator: Any, sent: str) -> None:
    """Reported for Graph in msgraph-sdk-python issue 566."""
    answer = add(operator, operator.application(), endDateTime=sent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")


def restrict(emulator: Any, **restriction: Any) -> None:
    emulator.tenant.directory.policy.update(
        {
            "isEnabled": True,
            "applicationRestrictions": {
                "passwordCredentials": [{"state": "enabled", **restriction}],
                "keyCredentials": [],
            },
        }
    )


def test_a_policy_limits_the_lifetime(emulator: Any, operator: Any) -> None:
    created = operator.application()
    restrict(emulator, restrictionType="passwordLifetime", maxLifetime="P90D")
    refused = add(operator, created)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (400, "CredentialInvalidLifetimeAsPerAppPolicy")
    assert error["details"] == [{"code": "InvalidKeyEndDate", "message": error["message"], "target": "EndDate"}]
    span = {"startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2026-04-01T00:00:00Z"}
    assert add(operator, created, **span).status_code == 200


def test_a_policy_can_forbid_secrets_of_applications_created_after_a_date(emulator: Any, operator: Any) -> None:
    created = operator.application()
    restrict(emulator, restrictionType="passwordAddition", restrictForAppsCreatedAfterDateTime="2100-01-01T00:00:00Z")
    assert add(operator, created).status_code == 200
    restrict(emulator, restrictionType="passwordAddition", maxLifetime=None)
    assert add(operator, created).json()["error"]["code"] == "CredentialTypeNotAllowedAsPerAppPolicy"


def test_the_policy_can_be_read_and_changed(operator: Any, client_with: Any) -> None:
    path = "/policies/defaultAppManagementPolicy"
    answer = operator.get(path)
    assert answer.json()["@odata.context"].endswith("#policies/defaultAppManagementPolicy/$entity")
    assert answer.json()["isEnabled"] is False
    assert operator.patch(path, {"isEnabled": True}).status_code == 403
    writer = client_with("Policy.ReadWrite.ApplicationConfiguration")
    assert writer.patch(path, {"isEnabled": True}).status_code == 204
    assert operator.get(path).json()["isEnabled"] is True
    assert writer.patch(path, {"nonsense": True}).status_code == 400


def test_secrets_are_not_shown(emulator: Any, operator: Any) -> None:
    created = operator.application()
    operator.service_principal(created["appId"])
    secret = add(operator, created).json()["secretText"]
    token = operator.ask_token(client_id=created["appId"], client_secret=secret).json()["access_token"]
    operator.ask_token(client_secret="a wrong one")
    operator.post(f"/applications/{created['id']}/addPassword", {"passwordCredential": {"secretText": secret}})
    operator.get(f"/applications?$top=1&access_token={token}")
    written = operator.session.get(f"{emulator.graph}/_emulator/journal", timeout=10).text
    state = operator.session.get(f"{emulator.graph}/_emulator/state", timeout=10).text
    for value in (secret, token, operator.client_secret, operator.token, "a wrong one", "a+wrong+one"):
        assert value not in written
        assert value not in state
