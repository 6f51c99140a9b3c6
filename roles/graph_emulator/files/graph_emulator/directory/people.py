# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The users of the tenant at its start: an administrator, an administrator of applications, and a plain user.

Names are those of Microsoft's own demo tenants. The admin interface gives users other roles and takes mailboxes away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..clock import whole_seconds
from ..mail.mailboxes import Mailbox, message, recipient
from . import directory_roles, shapes
from .tenant import Directory, Tenant

Json = dict[str, Any]


@dataclass(frozen=True)
class Person:
    name: str
    roles: tuple[str, ...] = ()


PEOPLE = (
    Person("Adele Vance", (directory_roles.GLOBAL_ADMINISTRATOR,)),
    Person("Alex Wilber", (directory_roles.APPLICATION_ADMINISTRATOR,)),
    Person("Megan Bowen"),
)


def plant(directory: Directory, *, ids: tuple[str, ...], tenant: Tenant) -> None:
    for object_id, person in zip(ids, PEOPLE, strict=True):
        first, last = person.name.split()
        user = shapes.user(
            object_id=object_id, display_name=person.name, principal_name=f"{first}@{tenant.domain}".lower()
        )
        user.update(givenName=first, surname=last, mail=user["userPrincipalName"])
        directory.users[object_id] = user
        directory.user_roles[object_id] = frozenset(person.roles)
        directory.mail.boxes[object_id] = new_mailbox(user, tenant)


def new_mailbox(user: Json, tenant: Tenant) -> Mailbox:
    """With one message, so that a list is not empty."""
    box = Mailbox.new()
    sender = recipient("Contoso", f"noreply@{tenant.domain}")
    box.put(
        message(
            folder=box.folders["inbox"],
            created=whole_seconds(tenant.clock.now()),
            changes={
                "subject": "Welcome",
                "sender": sender,
                "from": sender,
                "toRecipients": [recipient(user["displayName"], user["mail"])],
                "body": {"contentType": "text", "content": f"Welcome, {user['displayName']}."},
            },
        )
    )
    return box
