# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mail folders and messages of a mailbox: list, get, and a new draft, so that access to a mailbox can be shown.

Pages "List mailFolders", "Get mailFolder", "List messages", "Get message", "Create message". Mail is served by Exchange
Online, whose errors have codes of their own.
"""

from __future__ import annotations

from typing import Any

from .. import errors
from ..clock import whole_seconds
from ..directory.exchange_scopes import ExchangeScopes
from ..mail.mailboxes import Mailbox, message, recipient
from ..odata.bodies import check_properties
from . import directory, listing
from .call import Answer, Call

Json = dict[str, Any]
_SHORTEST_ID = 40
_BODY = ("body", "bodyPreview")
_FULL = frozenset({"Mail.Read", "Mail.ReadWrite"})
_SET_BY_EXCHANGE = (
    "id",
    "changeKey",
    "conversationId",
    "conversationIndex",
    "createdDateTime",
    "hasAttachments",
    "isDraft",
    "lastModifiedDateTime",
    "parentFolderId",
    "receivedDateTime",
    "sentDateTime",
    "webLink",
    "bodyPreview",
)


def _mailbox(call: Call) -> tuple[Json, Mailbox]:
    """The user and the mailbox that the path names, if this caller may look into it."""
    user = directory.user_named(call, call.key.value)
    if user is None:
        raise errors.invalid_mail_user(call.key.value)
    call.caller = call.directory.exchange.at(call.caller, user["id"], ExchangeScopes(call.tenant))
    call.authorize(user["id"])
    mail = call.directory.mail
    if user["id"] not in mail.boxes:
        raise errors.mailbox_not_enabled()
    if (user["id"], call.caller.client_id) in mail.fenced:
        raise errors.mailbox_denied()
    return user, mail.boxes[user["id"]]


def _fragment(call: Call, *rest: str) -> str:
    """With the key as it was sent."""
    return "/".join((f"users('{call.key.value}')", *rest))


def _folder(call: Call, box: Mailbox) -> Json:
    wanted = call.keys[1].value
    found = box.folder(wanted)
    if found is not None:
        return found
    raise errors.mail_item_not_found() if len(wanted) >= _SHORTEST_ID else errors.malformed_mail_id()


def list_folders(call: Call) -> Answer:
    _user, box = _mailbox(call)
    return listing.page(
        call, box.folders.values(), type_name="mailFolder", fragment=_fragment(call, "mailFolders"), size=10
    )


def get_folder(call: Call) -> Answer:
    _user, box = _mailbox(call)
    return listing.one(call, _folder(call, box), type_name="mailFolder", fragment=_fragment(call, "mailFolders"))


def _shown(call: Call, items: list[Json]) -> list[Json]:
    """Mail.ReadBasic does not show bodies (permissions reference)."""
    if call.caller.permissions & _FULL:
        return items
    return [{name: value for name, value in item.items() if name not in _BODY} for item in items]


def list_messages(call: Call) -> Answer:
    _user, box = _mailbox(call)
    return listing.page(
        call, _shown(call, box.messages), type_name="message", fragment=_fragment(call, "messages"), size=10
    )


def list_messages_in_folder(call: Call) -> Answer:
    _user, box = _mailbox(call)
    folder = _folder(call, box)
    items = [item for item in box.messages if item["parentFolderId"] == folder["id"]]
    fragment = _fragment(call, f"mailFolders('{call.keys[1].value}')", "messages")
    return listing.page(call, _shown(call, items), type_name="message", fragment=fragment, size=10)


def get_message(call: Call) -> Answer:
    _user, box = _mailbox(call)
    wanted = call.keys[1].value
    for item in box.messages:
        if item["id"] == wanted:
            (shown,) = _shown(call, [item])
            return listing.one(call, shown, type_name="message", fragment=_fragment(call, "messages"))
    raise errors.mail_item_not_found() if len(wanted) >= _SHORTEST_ID else errors.malformed_mail_id()


def create_draft(call: Call) -> Answer:
    user, box = _mailbox(call)
    changes = check_properties(call.body(), type_name="message", resource="Message")
    for name in _SET_BY_EXCHANGE:
        # Exchange ignores what it sets itself; the list follows the remarks "Read-only" of the resource page.
        changes.pop(name, None)
    # No value counts as none sent: inferred, the resource page names no member that a draft must have.
    changes = {name: value for name, value in changes.items() if value is not None}
    for name in ("toRecipients", "ccRecipients", "bccRecipients", "replyTo"):
        if None in changes.get(name, []):
            raise errors.invalid_value(name, "Message")
    if "body" in changes:
        changes["body"] = {"contentType": "text", "content": "", **changes["body"]}
    author = recipient(user["displayName"], user["mail"])
    item = message(
        folder=box.folders["drafts"],
        created=whole_seconds(call.tenant.clock.now()),
        changes={"sender": author, "from": author, **changes, "isDraft": True, "isRead": True},
    )
    box.put(item)
    return listing.one(call, item, type_name="message", fragment=_fragment(call, "messages"), status=201)
