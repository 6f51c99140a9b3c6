# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mailboxes: well-known folders, messages, and whom an Exchange policy keeps out. No HTTP in here.

Shapes: resource pages mailFolder and message of Microsoft Graph v1.0 and the sample answers there.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
# mailFolder resource page, "Well-known folder names".
_WELL_KNOWN = {
    "archive": "Archive",
    "deleteditems": "Deleted Items",
    "drafts": "Drafts",
    "inbox": "Inbox",
    "junkemail": "Junk Email",
    "outbox": "Outbox",
    "sentitems": "Sent Items",
}


def new_item_id() -> str:
    """An opaque store id; real ones begin with AAMk or AQMk."""
    return "AAMk" + base64.b64encode(secrets.token_bytes(84)).decode("ascii").replace("+", "-").replace("/", "_")


@dataclass
class Mailbox:
    """`folders` by well-known name; messages newest first."""

    folders: dict[str, Json] = field(default_factory=dict)
    messages: list[Json] = field(default_factory=list)

    @classmethod
    def new(cls) -> Mailbox:
        root = new_item_id()
        return cls(
            {
                name: {
                    "id": new_item_id(),
                    "displayName": shown,
                    "parentFolderId": root,
                    "childFolderCount": 0,
                    "unreadItemCount": 0,
                    "totalItemCount": 0,
                    "sizeInBytes": 0,
                    "isHidden": False,
                }
                for name, shown in _WELL_KNOWN.items()
            }
        )

    def folder(self, name: str) -> Json | None:
        """By well-known name, in any case, or by id."""
        known = self.folders.get(name.lower())
        return known or next((item for item in self.folders.values() if item["id"] == name), None)

    def put(self, message: Json) -> None:
        self.messages.insert(0, message)
        for folder in self.folders.values():
            held = [item for item in self.messages if item["parentFolderId"] == folder["id"]]
            folder["totalItemCount"] = len(held)
            folder["unreadItemCount"] = sum(not item["isRead"] for item in held)


@dataclass
class Mail:
    """Mailboxes by user id. `fenced` holds (user id, client id) that a policy of Exchange keeps apart."""

    boxes: dict[str, Mailbox] = field(default_factory=dict)
    fenced: set[tuple[str, str]] = field(default_factory=set)


def recipient(name: str | None, address: str | None) -> Json:
    return {"emailAddress": {"name": name, "address": address}}


def message(*, folder: Json, created: str, changes: Json) -> Json:
    """A message with the keys of the documentation's sample answer, in their order; `changes` are checked values."""
    item: Json = {
        "id": new_item_id(),
        "createdDateTime": created,
        "lastModifiedDateTime": created,
        "changeKey": base64.b64encode(secrets.token_bytes(24)).decode("ascii"),
        "categories": [],
        "receivedDateTime": created,
        "sentDateTime": created,
        "hasAttachments": False,
        "internetMessageId": f"<{secrets.token_hex(12)}@localhost>",
        "subject": None,
        "bodyPreview": "",
        "importance": "normal",
        "parentFolderId": folder["id"],
        "conversationId": new_item_id(),
        "conversationIndex": base64.b64encode(secrets.token_bytes(22)).decode("ascii"),
        "isDeliveryReceiptRequested": False,
        "isReadReceiptRequested": False,
        "isRead": False,
        "isDraft": False,
        "webLink": "",
        "inferenceClassification": "focused",
        "body": {"contentType": "text", "content": ""},
        "sender": None,
        "from": None,
        "toRecipients": [],
        "ccRecipients": [],
        "bccRecipients": [],
        "replyTo": [],
        "flag": {"flagStatus": "notFlagged"},
    }
    item.update(changes)
    item["bodyPreview"] = str(item["body"]["content"] or "")[:255]
    return item
