# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of others are kept by every repair, also unusual ones and many of them."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.changes_by_others.changes import (
    OTHER_ID,
    SEND,
    SEND_AS_APP,
    Hand,
    access,
    all_principals,
    app_path,
    delete_secret,
    did,
    revoke_grant_keep_permission,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.role_steps import (
    EXCHANGE_ONLINE,
    MICROSOFT_GRAPH,
    RoleSteps,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json
from graph_emulator.directory.identifiers import grant_id


def test_objects_of_others_are_not_removed(role: RoleSteps, hand: Hand) -> None:
    ada, bob = list(role.tenant.server.tenant.directory.users.values())[:2]
    path, directory = app_path(role), role.tenant.server.tenant.directory
    others = [hand.application("Gateway"), hand.application("Payroll", uniqueName="payroll")]
    did(hand.patch(path, {"tags": ["theirs", "ours"], "web": {"redirectUris": ["https://theirs.example/cb"]}}))
    did(hand.patch(path, {"servicePrincipalLockConfiguration": {"isEnabled": True, "allProperties": True}}))
    did(hand.patch(path, {"identifierUris": [f"api://{role.application['appId']}"]}))
    did(hand.post(f"{path}/owners/$ref", {"@odata.id": f"{hand.server.graph}/v1.0/users/{ada['id']}"}))
    by_hand = did(hand.post(f"{path}/addPassword", {"passwordCredential": {"displayName": "Mail gateway"}}))
    certificate = {"keyId": OTHER_ID, "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "CN=theirs"}
    role.application["keyCredentials"] = [certificate]
    send = {"id": SEND, "type": "Role"}
    exchange = {"resourceAppId": EXCHANGE_ONLINE, "resourceAccess": [{"id": SEND_AS_APP, "type": "Role"}]}
    mine = {"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [*access(role), send]}
    did(hand.patch(path, {"requiredResourceAccess": [mine, exchange]}))
    (graph,) = role.tenant.service_principals(MICROSOFT_GRAPH)
    theirs = did(
        hand.post(
            f"/servicePrincipals/{graph['id']}/appRoleAssignedTo",
            {"principalId": role.principal["id"], "resourceId": graph["id"], "appRoleId": SEND},
        )
    )
    personal = {"clientId": role.principal["id"], "consentType": "Principal", "principalId": bob["id"]}
    alone = did(hand.post("/oauth2PermissionGrants", {**personal, "resourceId": graph["id"], "scope": "Mail.Read"}))
    did(hand.patch(f"/oauth2PermissionGrants/{all_principals(role)['id']}", {"scope": "offline_access User.Read"}))

    # Our objects drift in every respect, so that every module writes. Permissions that Exchange does not offer cannot
    # be granted.
    exchange["resourceAccess"] = []
    did(hand.patch(path, {"requiredResourceAccess": [{**mine, "resourceAccess": [send]}, exchange]}))
    did(hand.patch(path, {"tags": ["theirs"], "notes": "theirs"}))
    revoke_grant_keep_permission(hand, role)
    did(hand.patch(f"/oauth2PermissionGrants/{all_principals(role)['id']}", {"scope": "User.Read"}))
    delete_secret(hand, role)
    role.converges("registration", "permissions", "consent", "secret")

    current = role.application
    assert set(current["tags"]) == {"ours", "theirs"}
    assert current["web"]["redirectUris"] == ["https://theirs.example/cb"]
    assert current["servicePrincipalLockConfiguration"]["isEnabled"] is True
    assert current["identifierUris"] == [f"api://{current['appId']}"]
    assert ada["id"] in directory.owners[current["id"]]
    assert {entry["keyId"] for entry in current["passwordCredentials"]} == {by_hand["keyId"], role.store["key_id"]}
    assert current["keyCredentials"] == [certificate]
    assert send in access(role)
    assert EXCHANGE_ONLINE in [entry["resourceAppId"] for entry in current["requiredResourceAccess"]]
    assert theirs["id"] in [entry["id"] for entry in role.assignments()]
    assert directory.grants[alone["id"]]["scope"] == "Mail.Read"
    assert sorted(all_principals(role)["scope"].split()) == ["User.Read", "offline_access"]
    assert {entry["id"] for entry in role.tenant.applications} == {current["id"], *(other["id"] for other in others)}
    assert role.tenant.application(uniqueName="payroll")["displayName"] == "Payroll"


def test_a_foreign_secret_of_the_same_description_is_not_used(role: RoleSteps, hand: Hand) -> None:
    theirs = did(hand.post(f"{app_path(role)}/addPassword", {"passwordCredential": {"displayName": "Mail gateway"}}))
    role.converges()
    delete_secret(hand, role)
    role.converges("secret")
    refused = role.tenant.fails("azure_app_secret", unique_name="gateway", description="Mail gateway", state="absent")
    assert theirs["keyId"] in refused["error"]["key_ids"]
    assert len(role.application["passwordCredentials"]) == 2


def test_consent_of_one_user_is_not_consent_for_the_tenant(role: RoleSteps) -> None:
    """The user's grant has our scope, which is not granted to anyone else any more."""
    bob = next(iter(role.tenant.server.tenant.directory.users))
    shared = all_principals(role)
    own = {**shared, "consentType": "Principal", "principalId": bob}
    own["id"] = grant_id(own["clientId"], own["resourceId"], bob)
    grants = role.tenant.server.tenant.directory.grants
    grants[own["id"]] = own
    del grants[shared["id"]]
    role.converges("consent")
    assert own["id"] in grants
    gone = role.tenant.ok("azure_admin_consent", unique_name="gateway", state="absent")
    assert gone["granted"] == []
    assert own["id"] in grants


@pytest.mark.parametrize(
    "odd",
    [
        {"displayName": None, "hint": None, "startDateTime": None, "endDateTime": None},
        {"displayName": "Mail gateway", "hint": None, "startDateTime": None, "endDateTime": None},
        {"displayName": "Mail gateway", "hint": "", "endDateTime": None},
        {"keyId": None, "displayName": ""},
    ],
    ids=["all_null", "our_description", "no_end", "no_key_id"],
)
def test_password_credentials_without_the_usual_members_are_accepted(role: RoleSteps, odd: Json) -> None:
    entry = {"keyId": OTHER_ID, "secretText": None, "customKeyIdentifier": None, **odd}
    current = role.application
    current["passwordCredentials"] = [entry, *current["passwordCredentials"]]
    role.converges()
    (shown,) = role.tenant.ok("azure_app_registration_info", unique_name="gateway")["applications"]
    assert len(shown["secrets"]) == 2
    delete_ours = [one for one in current["passwordCredentials"] if one["keyId"] != role.store["key_id"]]
    current["passwordCredentials"] = delete_ours
    role.converges("secret")
    assert entry in role.application["passwordCredentials"]


def many(count: int) -> list[Json]:
    return [
        {
            "customKeyIdentifier": None,
            "displayName": "Mail gateway",
            "endDateTime": "2020-01-01T00:00:00Z",
            "hint": "abc",
            "keyId": f"00000000-0000-0000-0000-{number:012d}",
            "secretText": None,
            "startDateTime": "2019-01-01T00:00:00Z",
        }
        for number in range(count)
    ]


def test_our_secret_is_found_among_900_others(role: RoleSteps) -> None:
    current = role.application
    current["passwordCredentials"] = [*many(450), *current["passwordCredentials"], *many(900)[450:]]
    role.converges()
    assert len(role.application["passwordCredentials"]) == 901


def test_the_limit_of_credentials_is_reported(role: RoleSteps, hand: Hand) -> None:
    """microsoft-graph-docs issue 21469: reported as 403, although no right is missing."""
    delete_secret(hand, role)
    role.application["passwordCredentials"] = many(900)
    body = {
        "error": {
            "code": "Directory_ResourceSizeExceeded",
            "message": "The size of the object has exceeded its limit. Please reduce the number of values and retry"
            " your request.",
        }
    }
    role.tenant.server.faults.add(method="POST", path="addPassword", status=403, body=body, times=9)
    failure = role.run().failure
    assert failure is not None
    assert failure["changed"] is False
    assert "remove secrets and certificates" in failure["msg"]
    assert "application permission" not in failure["msg"]
    assert len(role.application["passwordCredentials"]) == 900
