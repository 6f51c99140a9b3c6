# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bodies that Graph refuses: missing members, wrong types or forms, too many entries, or read-only properties."""

from __future__ import annotations

import collections.abc as c

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client

GUID = "11111111-1111-1111-1111-111111111111"
GRAPH = "00000003-0000-0000-c000-000000000000"
UNKNOWN_ID = "99999999-9999-9999-9999-999999999999"
TWICE = [{"resourceAppId": GRAPH, "resourceAccess": [{"id": GUID, "type": "Role"}] * 2}]
RESTRICTION = {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "soon"}
# A path with {application}, {app_id} and {principal}; the body; the status; words of the message.
REFUSED: list[tuple[str, str, object, int, str]] = [
    ("POST", "/applications", {"displayName": " "}, 400, "displayName"),
    ("POST", "/applications", {"displayName": "x", "uniqueName": ""}, 400, "uniqueName"),
    ("POST", "/applications", {"displayName": "x", "identifierUris": ["u" * 256]}, 400, "identifierUris"),
    ("POST", "/applications", {"displayName": "x", "identifierUris": ["api://taken"]}, 400, "identifierUris"),
    ("POST", "/applications", {"displayName": "x", "requiredResourceAccess": [None]}, 400, "requiredResourceAccess"),
    ("POST", "/applications", {"displayName": "x", "requiredResourceAccess": TWICE}, 400, "requiredResourceAccess"),
    ("POST", "/applications", {"displayName": "x", "tags": "t"}, 400, "tags"),
    ("POST", "/applications", {"displayName": "x\0y"}, 400, "displayName"),
    ("POST", "/applications", {"displayName": "x", "owners@odata.bind": "y"}, 400, ""),
    ("POST", "/applications", {"displayName": "x", "owners@odata.bind": ["y"]}, 400, "Invalid URL format"),
    (
        "POST",
        "/applications/{application}/owners/$ref",
        {"@odata.id": f"https://x/v1.0/users/{UNKNOWN_ID}"},
        404,
        UNKNOWN_ID,
    ),
    ("POST", "/applications/{application}/addPassword", {"passwordCredential": [1]}, 400, ""),
    ("POST", "/applications/{application}/addPassword", {"password": {}}, 400, "password"),
    ("POST", "/applications/{application}/addPassword", {"passwordCredential": {"hint": "abc"}}, 400, "hint"),
    (
        "POST",
        "/applications/{application}/addPassword",
        {"passwordCredential": {"displayName": "x" * 300}},
        400,
        "displayName",
    ),
    ("POST", "/applications/{application}/removePassword", {"keyId": "x"}, 400, "Guid"),
    ("POST", "/servicePrincipals", {"displayName": "x"}, 400, "appId"),
    ("PATCH", "/servicePrincipals/{principal}", {"passwordCredentials": [{}]}, 400, ""),
    ("PATCH", "/servicePrincipals/{principal}", {"accountEnabled": "yes"}, 400, "Boolean"),
    ("POST", "/servicePrincipals/{principal}/appRoleAssignments", {"principalId": "{principal}"}, 400, "resourceId"),
    (
        "POST",
        "/servicePrincipals/{principal}/appRoleAssignments",
        {"principalId": UNKNOWN_ID, "resourceId": UNKNOWN_ID, "appRoleId": GUID},
        400,
        "",
    ),
    ("POST", "/oauth2PermissionGrants", {"clientId": "{principal}"}, 400, "resourceId"),
    (
        "POST",
        "/oauth2PermissionGrants",
        {"clientId": "{principal}", "resourceId": "{principal}", "consentType": "Everybody"},
        400,
        "consentType",
    ),
    (
        "POST",
        "/oauth2PermissionGrants",
        {"clientId": "{principal}", "resourceId": "{principal}", "consentType": "Principal"},
        400,
        "principalId",
    ),
    (
        "POST",
        "/oauth2PermissionGrants",
        {
            "clientId": "{principal}",
            "resourceId": "{principal}",
            "consentType": "Principal",
            "principalId": UNKNOWN_ID,
            "scope": "x",
        },
        404,
        UNKNOWN_ID,
    ),
    ("PATCH", "/policies/defaultAppManagementPolicy", {"isEnabled": "yes"}, 400, "Boolean"),
    ("PATCH", "/policies/defaultAppManagementPolicy", {"applicationRestrictions": []}, 400, ""),
    (
        "PATCH",
        "/policies/defaultAppManagementPolicy",
        {"applicationRestrictions": {"passwordCredentials": [RESTRICTION]}},
        400,
        "Duration",
    ),
    ("POST", "/$batch", {"requests": "x"}, 400, ""),
]


def filled(value: object, ids: dict[str, str]) -> object:
    if isinstance(value, dict):
        return {name: filled(member, ids) for name, member in value.items()}
    return value.format(**ids) if isinstance(value, str) and "{" in value else value


@pytest.mark.parametrize(("method", "path", "body", "status", "words"), REFUSED)
def test_a_body_is_refused_and_changes_nothing(
    operator: Client,
    client_with: c.Callable[..., Client],
    *,
    method: str,
    path: str,
    body: object,
    status: int,
    words: str,
) -> None:
    made = operator.application("taken", identifierUris=["api://taken"])
    principal = operator.service_principal(made["appId"])
    ids = {"application": made["id"], "app_id": made["appId"], "principal": principal["id"]}
    client = client_with("Policy.ReadWrite.ApplicationConfiguration") if "/policies/" in path else operator
    before = operator.server.tenant.snapshot()
    answer = client(method, path.format(**ids), json=filled(body, ids))
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]["message"], answer.text
    assert operator.server.tenant.snapshot() == before
