# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""$filter on mail and on the roles of Exchange, which are no directory objects.

Sources, of microsoft-graph-docs-contrib: the pages "Use the $filter query parameter" and "Use query parameters to
customize responses" (examples with messages), "List mailFolders" ("supports OData query parameters"), "List
roleDefinitions", "List unifiedRoleAssignments" and "List customAppScopes" of beta, and the resource pages of these
types, which name the properties that support $filter.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client

from .device_code_flow import PLAIN, People

ROLES = "/beta/roleManagement/exchange"


@pytest.fixture
def box(emulator: Any, operator: Client, client_with: Any) -> str:
    """A mailbox with the message "Welcome", and a draft "Lunch" of high importance that is read."""
    path = f"/users/{People(emulator, operator.session).name(PLAIN)}"
    draft = {"subject": "Lunch", "importance": "high", "from": {"emailAddress": {"address": "adele@example.com"}}}
    assert client_with("Mail.ReadWrite").post(f"{path}/messages", draft).status_code == 201
    return path


# The first five are the documentation's own, with other values.
MESSAGES = {
    "isRead eq false": {"Welcome"},
    "subject eq 'lunch'": {"Lunch"},
    "Subject eq 'lunch' and importance eq 'high'": {"Lunch"},
    "from/emailAddress/address eq 'adele@example.com'": {"Lunch"},
    "ReceivedDateTime ge 2017-04-01 and receivedDateTime lt 2017-05-01": set(),
    "isRead ne false": {"Lunch"},
    "not (isDraft eq true)": {"Welcome"},
    "endswith(subject,'come')": {"Welcome"},
}


@pytest.mark.parametrize("expression", MESSAGES)
def test_messages_are_filtered(client_with: Any, box: str, expression: str) -> None:
    answer = client_with("Mail.Read").get(f"{box}/messages", params={"$filter": expression})
    assert answer.status_code == 200, answer.text
    assert {entry["subject"] for entry in answer.json()["value"]} == MESSAGES[expression]


@pytest.mark.parametrize(
    ("expression", "found"),
    [("displayName eq 'Inbox'", ["Inbox"]), ("totalItemCount gt 5", []), ("sizeInBytes gt 5", [])],
)
def test_mail_folders_are_filtered(client_with: Any, box: str, expression: str, found: list[str]) -> None:
    answer = client_with("Mail.Read").get(f"{box}/mailFolders", params={"$filter": expression})
    assert answer.status_code == 200, answer.text
    assert [entry["displayName"] for entry in answer.json()["value"]] == found


@pytest.mark.parametrize("expression", ["colour eq 'x'", "importance eq 'urgent'", "importance eq 1", "from eq 'x'"])
def test_an_invalid_filter_of_messages_is_refused(client_with: Any, box: str, expression: str) -> None:
    answer = client_with("Mail.Read").get(f"{box}/messages", params={"$filter": expression})
    assert (answer.status_code, answer.json()["error"]["message"][:22]) == (400, "Invalid filter clause:")


def test_a_filter_does_not_reveal_a_body_that_is_not_shown(client_with: Any, box: str) -> None:
    """Items whose properties "are unavailable due to permissions, are omitted" (page "Use the $filter ...")."""
    (welcome,) = client_with("Mail.Read").get(f"{box}/messages?$filter=subject eq 'Welcome'").json()["value"]
    options = {"$filter": f"bodyPreview eq '{welcome['bodyPreview']}'"}
    for role, count in (("Mail.Read", 1), ("Mail.ReadBasic.All", 0)):
        assert len(client_with(role).get(f"{box}/messages", params=options).json()["value"]) == count


@pytest.fixture
def administrator(emulator: Any, client_with: Any) -> Client:
    client: Client = client_with("RoleManagement.ReadWrite.Exchange")
    scope = {"type": "RecipientScope", "displayName": "North", "customAttributes": {"RecipientFilter": "City -eq 'x'"}}
    assert client.post(f"{emulator.graph}{ROLES}/customAppScopes", scope).status_code == 201
    return client


@pytest.mark.parametrize(
    ("collection", "expression", "found"),
    [
        ("roleDefinitions", "displayName eq 'Application Mail.Send'", 1),
        ("roleDefinitions", "startswith(displayName,'Mail Rec')", 1),
        ("roleDefinitions", "isBuiltIn eq false", 0),
        ("roleAssignments", "principalId eq '/ServicePrincipals/x' and roleDefinitionId eq 'x'", 0),
        ("roleAssignments", "directoryScopeId eq '/' or appScopeId in ('x','y')", 0),
        ("customAppScopes", "displayName eq 'North'", 1),
    ],
)
def test_roles_of_exchange_are_filtered(
    emulator: Any, administrator: Client, collection: str, expression: str, found: int
) -> None:
    answer = administrator.get(f"{emulator.graph}{ROLES}/{collection}", params={"$filter": expression})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["value"]) == found


@pytest.mark.parametrize(
    ("collection", "expression", "name"),
    [
        ("roleDefinitions", "description eq 'x'", "description"),
        ("roleDefinitions", "isEnabled eq true", "isEnabled"),
        # "$filter doesn't work for nested properties stored in the customAttributes property" (List customAppScopes).
        ("customAppScopes", "customAttributes/RecipientFilter eq 'x'", "customAttributes"),
        ("roleDefinitions", "displayName ne 'x'", "displayName"),
    ],
)
def test_a_filter_that_is_not_documented_for_roles_is_refused(
    emulator: Any, administrator: Client, collection: str, expression: str, name: str
) -> None:
    answer = administrator.get(f"{emulator.graph}{ROLES}/{collection}", params={"$filter": expression})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "Request_UnsupportedQuery")
    assert f"filter clause specified for property '{name}'" in error["message"]
