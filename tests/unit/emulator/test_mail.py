# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mailboxes: the permission, the policy of Exchange, and missing mailboxes."""

from __future__ import annotations

from typing import Any

import pytest

from .device_code_flow import ADMIN, GRAPH, PLAIN, People, public_client

DENIED = (403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


@pytest.fixture
def people(emulator: Any, operator: Any) -> People:
    return People(emulator, operator.session)


@pytest.fixture
def box(people: People) -> str:
    return f"/users/{people.name(PLAIN)}"


def refusal(answer: Any) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


def test_mail_can_be_read(client_with: Any, people: People, box: str) -> None:
    client = client_with("Mail.Read")
    inbox = client.get(f"{box}/mailFolders/inbox").json()
    assert inbox["displayName"] == "Inbox" and inbox["totalItemCount"] == 1
    assert inbox["@odata.context"].endswith(f"$metadata#users('{people.name(PLAIN)}')/mailFolders/$entity")
    assert client.get(f"{box}/mailFolders/{inbox['id']}").json()["id"] == inbox["id"]
    assert client.get(f"/users/{people.object_id(PLAIN)}/mailFolders/Inbox").json()["id"] == inbox["id"]
    folders = client.get(f"{box}/mailFolders?$select=displayName").json()["value"]
    assert {"Drafts", "Inbox", "Sent Items"} <= {folder["displayName"] for folder in folders}
    (message,) = client.get(f"{box}/messages").json()["value"]
    assert message["subject"] == "Welcome" and message["body"]["content"]
    assert client.get(f"{box}/messages/{message['id']}").json()["id"] == message["id"]
    assert len(client.get(f"{box}/mailFolders/inbox/messages").json()["value"]) == 1
    assert client.get(f"{box}/mailFolders/drafts/messages").json()["value"] == []
    assert refusal(client.post(f"{box}/messages", {"subject": "x"})) == DENIED


def test_read_basic_returns_no_bodies(client_with: Any, box: str) -> None:
    (message,) = client_with("Mail.ReadBasic.All").get(f"{box}/messages").json()["value"]
    assert message["subject"] == "Welcome" and "body" not in message and "bodyPreview" not in message


def test_a_draft_can_be_created(client_with: Any, box: str) -> None:
    client = client_with("Mail.ReadWrite")
    answer = client.post(
        f"{box}/messages",
        {
            "subject": "Hello",
            "body": {"contentType": "html", "content": "<p>hi</p>"},
            "toRecipients": [{"emailAddress": {"address": "someone@example.test"}}],
        },
    )
    assert answer.status_code == 201, answer.text
    draft = answer.json()
    assert draft["isDraft"] is True and draft["toRecipients"][0]["emailAddress"]["address"] == "someone@example.test"
    drafts = client.get(f"{box}/mailFolders/drafts").json()
    assert draft["parentFolderId"] == drafts["id"] and drafts["totalItemCount"] == 1
    empty = client.post(f"{box}/messages", {"body": None, "isRead": None})
    assert empty.status_code == 201 and empty.json()["toRecipients"] == []
    assert client.post(f"{box}/messages", {"toRecipients": [None]}).status_code == 400
    assert client.post(f"{box}/messages", {"nonsense": 1}).status_code == 400
    assert client.post(f"{box}/messages", {"subject": 1}).status_code == 400


def test_mail_without_a_permission_is_refused(operator: Any, client_with: Any, box: str) -> None:
    for client in (operator, client_with(), client_with("User.Read.All")):
        for path in ("mailFolders", "mailFolders/inbox", "messages"):
            assert refusal(client.get(f"{box}/{path}")) == DENIED


def test_a_policy_of_exchange_limits_the_mailboxes(client_with: Any, people: People, box: str) -> None:
    client, free = client_with("Mail.Read"), client_with("Mail.Read")
    wish = {"user": people.name(PLAIN), "client_id": client.client_id, "allowed": False}
    assert people.control("mailbox_access", wish).json() == {"allowed": False}
    assert refusal(client.get(f"{box}/mailFolders/inbox")) == DENIED
    assert client.get(f"/users/{people.name(ADMIN)}/messages").status_code == 200
    assert free.get(f"{box}/messages").status_code == 200
    people.control("mailbox_access", {**wish, "allowed": True})
    assert client.get(f"{box}/mailFolders/inbox").status_code == 200
    assert people.control("mailbox_access", {**wish, "user": "without-mailbox"}).status_code == 400


def test_a_user_without_a_mailbox_is_reported(client_with: Any, people: People, box: str) -> None:
    client = client_with("Mail.Read")
    people.control("users", {"user": people.name(PLAIN), "mailbox": False})
    assert refusal(client.get(f"{box}/messages")) == (
        404,
        "MailboxNotEnabledForRESTAPI",
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    )
    people.control("users", {"user": people.name(PLAIN), "mailbox": True})
    assert client.get(f"{box}/messages").status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("mailFolders/nonsense", 400, "ErrorInvalidIdMalformed"),
        ("mailFolders/" + "A" * 120, 404, "ErrorItemNotFound"),
        ("messages/nonsense", 400, "ErrorInvalidIdMalformed"),
        ("messages/" + "A" * 120, 404, "ErrorItemNotFound"),
    ],
)
def test_unknown_items_are_not_found(client_with: Any, box: str, path: str, status: int, code: str) -> None:
    assert refusal(client_with("Mail.Read").get(f"{box}/{path}"))[:2] == (status, code)


def test_an_unknown_user_is_not_found(client_with: Any) -> None:
    answer = client_with("Mail.Read").get("/users/unknown@example.test/messages")
    assert refusal(answer)[:2] == (404, "ErrorInvalidUser")


def test_users_can_read_their_own_mail(people: People, operator: Any, box: str) -> None:
    client = people.client(public_client(operator)["appId"])
    token = people.sign_in(PLAIN, client=client, scopes=(f"{GRAPH}/Mail.Read",))["access_token"]
    assert people.ask(token, "GET", f"{box}/messages").status_code == 200
    assert refusal(people.ask(token, "GET", f"/users/{people.name(ADMIN)}/messages")) == DENIED
    assert refusal(people.ask(token, "POST", f"{box}/messages", {"subject": "x"})) == DENIED
