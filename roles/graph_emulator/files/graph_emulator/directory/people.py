# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The users of the tenant at its start: an administrator, an administrator of applications, and a plain user.

Beside them, groups and an administrative unit, by which mail access can be limited to some of their mailboxes.

Names are those of Microsoft's own demo tenants. The admin interface gives users other roles and takes mailboxes away.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
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
    by_name: dict[str, str] = {}
    for object_id, person in zip(ids, PEOPLE, strict=True):
        first, last = person.name.split()
        user = shapes.user(
            object_id=object_id, display_name=person.name, principal_name=f"{first}@{tenant.domain}".lower()
        )
        user.update(
            givenName=first,
            surname=last,
            mail=user["userPrincipalName"],
            accountEnabled=True,
            createdDateTime=whole_seconds(tenant.clock.now()),
            mailNickname=first.lower(),
            onPremisesExtensionAttributes={f"extensionAttribute{number}": None for number in range(1, 16)},
            proxyAddresses=[f"SMTP:{user['userPrincipalName']}"],
            userType="Member",
        )
        directory.users[object_id] = user
        directory.user_roles[object_id] = frozenset(person.roles)
        directory.mail.boxes[object_id] = new_mailbox(user, tenant)
        by_name[person.name] = object_id
    _plant_groups(directory, by_name, tenant)


def _plant_groups(directory: Directory, ids: dict[str, str], tenant: Tenant) -> None:
    """A mail-enabled security group, one group nested in it, a Microsoft 365 group, and an administrative unit."""
    accounting = plant_group(directory, tenant, name="Accounting", members=[ids["Megan Bowen"]])
    plant_group(
        directory, tenant, name="Gateway Mailboxes", mail_enabled=True, members=[ids["Alex Wilber"], accounting]
    )
    plant_group(directory, tenant, name="Sales", mail_enabled=True, types=["Unified"], members=[ids["Adele Vance"]])
    plant_administrative_unit(directory, name="Branch Office", members=[ids["Adele Vance"], accounting])


def plant_group(
    directory: Directory,
    tenant: Tenant,
    *,
    name: str,
    mail_enabled: bool = False,
    types: Sequence[str] = (),
    members: Iterable[str] = (),
) -> str:
    """The new group's id. Exchange administers mail-enabled security groups, so Graph creates none (see groups.py)."""
    object_id = str(uuid.uuid4())
    group = shapes.group(object_id=object_id, created=whole_seconds(tenant.clock.now()))
    nickname = name.replace(" ", "").lower()
    group.update(
        displayName=name,
        groupTypes=[*types],
        mailEnabled=mail_enabled,
        mailNickname=nickname,
        securityEnabled="Unified" not in types,
        visibility="Private" if "Unified" in types else None,
    )
    if mail_enabled:
        address = f"{nickname}@{tenant.domain}"
        group.update(mail=address, proxyAddresses=[f"SMTP:{address}"])
    directory.groups[object_id] = group
    for member in members:
        directory.members.add(object_id, member)
    return object_id


def plant_administrative_unit(directory: Directory, *, name: str, members: Iterable[str] = ()) -> str:
    """The new administrative unit's id."""
    object_id = str(uuid.uuid4())
    directory.administrative_units[object_id] = shapes.administrative_unit(object_id=object_id, display_name=name)
    for member in members:
        directory.members.add(object_id, member)
    return object_id


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
