# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applications: create, find, change, upsert by uniqueName, soft delete."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest


def code_and_message(answer: Any) -> tuple[int, str, str]:
    error = answer.json()["error"]
    assert list(error["innerError"]) == ["date", "request-id", "client-request-id"]
    return answer.status_code, error["code"], error["message"]


def test_an_upsert_creates_and_then_updates(operator: Any) -> None:
    path = "/applications(uniqueName='gateway-1')"
    assert operator.patch(path, {"displayName": "one"}).status_code == 404
    created = operator.upsert(path, {"displayName": "one"})
    assert created.status_code == 201
    assert created.json()["uniqueName"] == "gateway-1"
    again = operator.upsert(path, {"displayName": "two"})
    assert (again.status_code, again.content) == (204, b"")
    found = operator.get(path).json()
    assert (found["id"], found["displayName"]) == (created.json()["id"], "two")
    assert len(operator.get("/applications?$filter=uniqueName eq 'gateway-1'").json()["value"]) == 1


@pytest.mark.parametrize("name", ["O'Brien's app", "a/b", "ünïcode 100%", "x)y('z"])
def test_quoted_alternate_keys_are_accepted(operator: Any, name: str) -> None:
    path = "/applications(uniqueName='" + quote(name.replace("'", "''"), safe="") + "')"
    assert operator.upsert(path, {"displayName": name}).status_code == 201
    assert operator.get(path).json()["uniqueName"] == name
    assert operator.get(path + "/owners").status_code == 200


def test_an_unbalanced_quote_in_a_key_is_refused(operator: Any) -> None:
    assert operator.get("/applications(uniqueName='O'Brien')").status_code == 400


def test_the_unique_name_can_only_be_set_once(operator: Any) -> None:
    created = operator.application()
    path = f"/applications/{created['id']}"
    assert operator.patch(path, {"uniqueName": "adopted"}).status_code == 204
    assert operator.patch(path, {"uniqueName": "adopted"}).status_code == 204
    assert operator.patch(path, {"uniqueName": "other"}).status_code == 400
    assert operator.patch(path, {"uniqueName": None}).status_code == 400
    other = operator.application()
    taken = operator.patch(f"/applications/{other['id']}", {"uniqueName": "adopted"})
    assert code_and_message(taken) == (
        400,
        "Request_BadRequest",
        "Another object with the same value for property uniqueName already exists.",
    )


def test_a_soft_deleted_application_keeps_its_unique_name(operator: Any) -> None:
    path = "/applications(uniqueName='gateway')"
    created = operator.upsert(path, {"displayName": "one"}).json()
    principal = operator.service_principal(created["appId"])
    assert operator.delete(f"/applications/{created['id']}").status_code == 204
    assert operator.get(path).status_code == 404
    assert operator.get(f"/servicePrincipals/{principal['id']}").status_code == 404
    assert code_and_message(operator.upsert(path, {"displayName": "one"}))[:2] == (400, "Request_BadRequest")
    (listed,) = operator.get("/directory/deletedItems/microsoft.graph.application").json()["value"]
    assert listed["uniqueName"] == "gateway" and listed["deletedDateTime"]
    restored = operator.post(f"/directory/deletedItems/{created['id']}/restore")
    assert restored.status_code == 200 and restored.json()["deletedDateTime"] is None
    assert operator.get(path).status_code == 200
    assert operator.get(f"/servicePrincipals/{principal['id']}").status_code == 200


def test_purging_frees_the_unique_name(operator: Any) -> None:
    path = "/applications(uniqueName='gateway')"
    created = operator.upsert(path, {"displayName": "one"}).json()
    operator.service_principal(created["appId"])
    operator.delete(path)
    assert operator.delete(f"/directory/deletedItems/{created['id']}").status_code == 204
    assert operator.delete(f"/directory/deletedItems/{created['id']}").status_code == 404
    assert operator.get("/directory/deletedItems/microsoft.graph.servicePrincipal").json()["value"] == []
    assert operator.upsert(path, {"displayName": "one"}).json()["id"] != created["id"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"displayName": None},
        {"displayName": "x" * 121},
        {"displayName": 5},
        {"displayName": "x", "nonsense": 1},
        {"displayName": "x", "api": {"nonsense": 1}},
        {"displayName": "x", "tags": ["two words"]},
        {"displayName": "x", "tags": ["twice", "twice"]},
        {"displayName": "x", "tags": "text"},
        {"displayName": "x", "tags": [None]},
        {"displayName": "x", "signInAudience": "UnknownAudience"},
        {"displayName": "x", "isFallbackPublicClient": "true"},
        {"displayName": "x", "passwordCredentials": [{"secretText": "chosen by me"}]},
        {"displayName": "x", "passwordCredentials": [{"keyId": "11111111-2222-3333-4444-555555555555"}]},
        {"displayName": "x", "passwordCredentials": [{"endDateTime": "2001-01-01T00:00:00Z"}]},
        {"displayName": "x", "id": "11111111-2222-3333-4444-555555555555"},
        {"displayName": "x", "appId": "11111111-2222-3333-4444-555555555555"},
        {"displayName": "x", "requiredResourceAccess": [{"resourceAppId": "Microsoft Graph", "resourceAccess": []}]},
        {
            "displayName": "x",
            "requiredResourceAccess": [
                {
                    "resourceAppId": "00000003-0000-0000-c000-000000000000",
                    "resourceAccess": [{"id": "e2a3a72e-5f79-4c64-b1b1-878b674786c9", "type": "Permission"}],
                }
            ],
        },
    ],
)
def test_invalid_bodies_are_refused(operator: Any, emulator: Any, body: dict[str, Any]) -> None:
    before = len(emulator.tenant.directory.applications)
    assert code_and_message(operator.post("/applications", body))[0] == 400
    assert len(emulator.tenant.directory.applications) == before


def test_an_unknown_property_is_named(operator: Any) -> None:
    answer = operator.post("/applications", {"displayName": "x", "nonsense": 1})
    assert code_and_message(answer)[1:] == ("Request_BadRequest", "Invalid property 'nonsense'.")


@pytest.mark.parametrize("payload", [b"{", b"[]", b'"text"', b"", b"\xff"])
def test_malformed_json_is_refused(operator: Any, payload: bytes) -> None:
    answer = operator("POST", "/applications", data=payload, headers={"Content-Type": "application/json"})
    assert code_and_message(answer)[0] == 400


def test_a_body_of_another_content_type_is_refused(operator: Any) -> None:
    answer = operator("POST", "/applications", data=b'{"displayName": "x"}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("path", "segment"),
    [
        ("/nonsense", "nonsense"),
        ("/applications/x/nonsense", "nonsense"),
        ("/policies/nonsense/x", "nonsense"),
    ],
)
def test_an_unknown_segment_is_named(operator: Any, path: str, segment: str) -> None:
    assert code_and_message(operator.get(path)) == (
        400,
        "BadRequest",
        f"Resource not found for the segment '{segment}'.",
    )


def test_an_unsupported_method_is_refused(operator: Any) -> None:
    assert operator.delete("/applications").status_code == 405


def test_patching_merges_complex_properties_and_replaces_collections(operator: Any) -> None:
    created = operator.application(web={"redirectUris": ["https://a.example"], "homePageUrl": "https://h.example"})
    path = f"/applications/{created['id']}"
    operator.patch(path, {"web": {"logoutUrl": "https://l.example"}, "tags": ["one"]})
    operator.patch(path, {"tags": ["two"]})
    found = operator.get(path).json()
    assert found["web"]["homePageUrl"] == "https://h.example" and found["web"]["logoutUrl"] == "https://l.example"
    assert found["web"]["redirectUriSettings"] == [{"uri": "https://a.example", "index": None}]
    assert found["tags"] == ["two"]


def test_the_display_name_is_not_unique(operator: Any) -> None:
    first, second = operator.application("same"), operator.application("same")
    found = operator.get("/applications?$filter=displayName eq 'SAME'").json()["value"]
    assert {item["id"] for item in found} == {first["id"], second["id"]}


def test_the_time_of_creation_loses_its_fraction(operator: Any) -> None:
    created = operator.application()
    later = operator.get(f"/applications/{created['id']}").json()["createdDateTime"]
    assert created["createdDateTime"].startswith(later[:-1] + ".")


def test_owners_can_be_listed_added_and_removed(operator: Any, emulator: Any) -> None:
    user = next(iter(emulator.tenant.directory.users))
    created = operator.application(**{"owners@odata.bind": [f"https://graph.microsoft.com/v1.0/users('{user}')"]})
    path = f"/applications/{created['id']}/owners"
    principal, person = operator.get(path).json()["value"]
    assert principal["@odata.type"] == "#microsoft.graph.servicePrincipal"
    assert principal["appId"] == operator.client_id
    assert person["@odata.type"] == "#microsoft.graph.user" and person["id"] == user
    other = list(emulator.tenant.directory.users)[1]
    reference = {"@odata.id": f"{emulator.graph}/v1.0/directoryObjects/{other}"}
    assert operator.post(f"{path}/$ref", reference).status_code == 204
    assert operator.post(f"{path}/$ref", reference).status_code == 400
    assert operator.delete(f"{path}/{other}/$ref").status_code == 204
    assert operator.delete(f"{path}/{other}/$ref").status_code == 404
    expanded = operator.get(f"/applications/{created['id']}?$select=id&$expand=owners").json()
    assert expanded["@odata.context"].endswith("#applications(id,owners())/$entity")
    assert [owner["id"] for owner in expanded["owners"]] == [principal["id"], user]


def test_expand_returns_twenty_entries_without_a_next_page(operator: Any, emulator: Any) -> None:
    """ "Use query parameters to customize responses", and known issue 13635 of Microsoft Graph."""
    created = operator.application()
    path = f"/applications/{created['id']}"
    made = {"issuer": "https://oidc.example.com", "audiences": ["api://AzureADTokenExchange"]}
    for number in range(20):
        body = {**made, "name": f"n{number}", "subject": f"s{number}"}
        assert operator.post(f"{path}/federatedIdentityCredentials", body).status_code == 201
    listed = operator.get(f"{path}/federatedIdentityCredentials").json()["value"]
    query = f"$filter=id in ('{created['id']}')&$select=id"
    for address in (path, f"/applications?{query}"):
        joint = "&" if "?" in address else "?"
        answer = operator.get(f"{address}{joint}$expand=federatedIdentityCredentials").json()
        assert answer.get("value", [answer])[0]["federatedIdentityCredentials"] == listed
    owners = emulator.tenant.directory.owners[created["id"]]
    owners[:] = owners[:1] * 21
    (found,) = operator.get(f"/applications?{query}&$expand=owners").json()["value"]
    assert len(found["owners"]) == 20
    assert set(found) == {"id", "owners"}
    assert len(operator.get(f"{path}/owners").json()["value"]) == 21


def test_a_service_principal_can_be_upserted_and_conflicts_are_refused(operator: Any) -> None:
    created = operator.application("one")
    path = f"/servicePrincipals(appId='{created['appId']}')"
    assert operator.patch(path, {"tags": ["x"]}).status_code == 404
    answer = operator.upsert(path, {"displayName": "My app instance", "tags": ["HideApp"]})
    assert (answer.status_code, answer.json()["displayName"]) == (201, "My app instance")
    assert answer.json()["id"] not in (created["id"], created["appId"])
    assert operator.upsert(path, {"tags": []}).status_code == 204
    again = operator.post("/servicePrincipals", {"appId": created["appId"]})
    assert code_and_message(again)[:2] == (409, "Request_MultipleObjectsWithSameKeyValue")
    unknown = operator.post("/servicePrincipals", {"appId": "11111111-2222-3333-4444-555555555555"})
    assert unknown.status_code == 400
    assert unknown.json()["error"]["details"][0]["code"] == "NoBackingApplicationObject"
    operator.patch(f"/applications/{created['id']}", {"displayName": "two"})
    assert operator.get(path).json()["displayName"] == "two"


def test_an_app_id_is_not_accepted_as_object_id(operator: Any) -> None:
    created = operator.application()
    answer = operator.get(f"/applications/{created['appId']}")
    assert code_and_message(answer) == (
        404,
        "Request_ResourceNotFound",
        f"Resource '{created['appId']}' does not exist or one of its queried reference-property objects are not "
        "present.",
    )
    assert operator.get(f"/applications(appId='{created['appId']}')").status_code == 200


ROLE = {
    "id": "11111111-2222-3333-4444-555555555555",
    "allowedMemberTypes": ["Application"],
    "description": "d",
    "displayName": "n",
    "value": "Do.It",
}
SCOPE = {
    "id": "11111111-2222-3333-4444-666666666666",
    "type": "User",
    "value": "do",
    "adminConsentDescription": "d",
    "adminConsentDisplayName": "n",
}


@pytest.mark.parametrize(
    ("filled", "emptied"),
    [
        (lambda on: {"appRoles": [{**ROLE, "isEnabled": on}]}, {"appRoles": []}),
        (
            lambda on: {"api": {"oauth2PermissionScopes": [{**SCOPE, "isEnabled": on}]}},
            {"api": {"oauth2PermissionScopes": []}},
        ),
    ],
)
def test_an_enabled_permission_must_be_disabled_before_it_is_removed(operator: Any, filled: Any, emptied: Any) -> None:
    path = f"/applications/{operator.application()['id']}"
    assert operator.patch(path, filled(True)).status_code == 204
    refused = operator.patch(path, emptied)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "CannotDeleteOrUpdateEnabledEntitlement")
    assert operator.patch(path, filled(False)).status_code == 204
    assert operator.patch(path, emptied).status_code == 204


def test_a_federated_credential_can_be_upserted(operator: Any) -> None:
    path = f"/applications/{operator.application()['id']}/federatedIdentityCredentials(name='ci')"
    body = {"issuer": "https://issuer.example", "subject": "one", "audiences": ["api://AzureADTokenExchange"]}
    assert operator.patch(path, body).status_code == 404
    assert operator.upsert(path, body).status_code == 201
    assert operator.upsert(path, {**body, "subject": "two"}).status_code == 204
    assert operator.get(path).json()["subject"] == "two"


def test_a_deactivated_application_is_shown_on_request(operator: Any) -> None:
    made = operator.application()
    path = f"/applications/{made['id']}"
    assert "isDisabled" not in operator.get(path).json(), "no recording of a whole application has it"
    assert operator.get(f"{path}?$select=isDisabled").json()["isDisabled"] is None
    assert operator.patch(path, {"isDisabled": True}).status_code == 204
    assert operator.get(f"{path}?$select=isDisabled").json()["isDisabled"] is True
    assert operator.patch(path, {"isDisabled": "yes"}).status_code == 400


def test_an_audience_with_personal_accounts_needs_the_token_version(operator: Any) -> None:
    path = f"/applications/{operator.application()['id']}"
    audience = {"signInAudience": "AzureADandPersonalMicrosoftAccount"}
    refused = code_and_message(operator.patch(path, audience))
    assert refused == (400, "InvalidAccessTokenVersion", "Property api.requestedAccessTokenVersion is invalid.")
    version = {"api": {"requestedAccessTokenVersion": 2}}
    assert operator.patch(path, {**audience, **version}).status_code == 204
    assert operator.patch(path, {"notes": "n"}).status_code == 204


def test_the_default_type_of_service_principal_is_accepted(operator: Any) -> None:
    """As scripts with New-MgServicePrincipal -ServicePrincipalType do; the type is chosen by Microsoft."""
    first, second = (operator.application(name) for name in ("a", "b"))
    body = {"appId": first["appId"], "accountEnabled": True, "servicePrincipalType": "Application"}
    answer = operator.post("/servicePrincipals", body)
    assert (answer.status_code, answer.json()["servicePrincipalType"]) == (201, "Application")
    wrong = {"appId": second["appId"], "servicePrincipalType": "ManagedIdentity"}
    assert operator.post("/servicePrincipals", wrong).status_code == 400
