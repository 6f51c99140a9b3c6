# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data of applications and gateways, with one of everything that the report can show."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.gateway import (
    Gateway,
    StoreContent,
    StoredCredential,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    ReadApplication,
    ReadCredential,
    ReadPermission,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.report_tenant import HOSTILE_NAMES, TAG

TENANT = "b2466de6-5867-4b23-83ff-000000000063"
TENANT_NAME = "Contoso Österreich GmbH"
DAY = datetime.timedelta(days=1)
MICROSOFT365 = ("Group.Read.All", "GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All")


def guid(number: int) -> str:
    return f"b2466de6-5867-4b23-83ff-{number:012x}"


def credential(
    now: datetime.datetime, number: int, left: int | None, description: str | None = "Mail gateway"
) -> ReadCredential:
    end = now + left * DAY if left is not None else None
    return {
        "key_id": guid(0xC00000 + number * 997 + (left or 0) + 9999),
        "description": description,
        "start": f"{end - 180 * DAY:%Y-%m-%dT%H:%M:%SZ}" if end else None,
        "end": f"{end:%Y-%m-%dT%H:%M:%SZ}" if end else None,
        "days_left": left,
        "hint": "abc",  # type: ignore[typeddict-unknown-key]  # is read as well
    }


def permission(
    name: str, *, declared: bool = True, granted: bool | None = True, resource: str = "microsoft_graph"
) -> ReadPermission:
    return {"resource": resource, "type": "application", "name": name, "id": name.lower(), "declared": declared,
            "granted": granted}  # fmt: skip


def application(
    now: datetime.datetime, number: int, name: str, ends: t.Sequence[int | None], **more: t.Any
) -> ReadApplication:
    found = {
        "tenant_id": TENANT,
        "client_id": guid(number),
        "application_object_id": guid(0x100000 + number),
        "display_name": name,
        "unique_name": f"gateway-{number}",
        "tags": [TAG],
        "portal_url": f"https://portal.azure.com/#view/ApplicationMenuBlade/~/Overview/appId/{guid(number)}",
        "secrets": [credential(now, number, left) for left in ends],
        "certificates": [],
        "federated_credentials": [],
        "permissions": [permission(name) for name in MICROSOFT365],
        "owners": [{"object_id": guid(0x200000 + number), "display_name": "Adele Vance", "type": "user"}],
        "switched_off": None,
        "mailbox_roles": None,
        **more,
    }
    return t.cast("ReadApplication", found)


def applications(now: datetime.datetime) -> list[ReadApplication]:
    found = [
        application(now, 0, "Mail gateway Vienna (outbound_microsoft365)", [-20, 151]),
        application(now, 1, "Mail gateway Graz (outbound_microsoft365)", [12]),
        application(now, 2, "Mail gateway Linz (outbound_smtp_sendas)", [96],
                    permissions=[permission("SMTP.SendAsApp", granted=False, resource="exchange_online")]),
        application(now, 3, "Mail gateway Wels (outbound_microsoft365)", [-6], owners=None),
        application(now, 4, "Mail gateway Steyr (outbound_microsoft365)", [173]),
        application(now, 5, "Relay with certificate", [], certificates=[{**credential(now, 5, 420), "thumbprint": "A"}],
                    permissions=[permission("full_access_as_app", resource="exchange_online"),
                                 permission("Mail.Send", declared=False)]),
        application(now, 6, "Newsletter", [-90], tags=[], permissions=[permission("Mail.Send", granted=None)],
                    owners=[]),
        application(now, 7, "Without end", [None], permissions=[]),
        application(now, 8, "Nothing in it", [], permissions=[permission("Mail.Read", granted=False)]),
    ]  # fmt: skip
    return found + [application(now, 20 + i, name, [200 + 9 * i]) for i, name in enumerate(HOSTILE_NAMES)]


def gateway(host: str, number: int, *, key_id: str | None = None, **more: t.Any) -> Gateway:
    """A host whose store has that credential of its application."""
    stored = StoredCredential(client_id=guid(number), key_id=key_id) if key_id else StoredCredential()
    given: dict[str, t.Any] = {
        "tenant_id": TENANT,
        "profile": "outbound_microsoft365",
        "permissions": [{"resource": "microsoft_graph", "application": list(MICROSOFT365)}],
        "stored": StoreContent(checked=True, credential=stored),
        "unique_name": f"gateway-{number}",
        **more,
    }
    return Gateway(host=host, **given)


def gateways() -> list[Gateway]:
    now = datetime.datetime(2026, 11, 24, tzinfo=datetime.timezone.utc)
    sendas = [{"resource": "exchange_online", "application": ["SMTP.SendAsApp"]}]
    of_linz = {"profile": "outbound_smtp_sendas", "permissions": sendas}
    key_ids = {
        number: credential(now, number, left)["key_id"] for number, left in ((0, 151), (1, 12), (2, 96), (3, -6))
    }
    return [
        gateway("mx-vienna", 0, key_id=key_ids[0]),
        gateway("mx-graz", 1, key_id=key_ids[1]),
        gateway("mx-linz", 2, key_id=key_ids[2], **of_linz),
        gateway("mx-wels", 3, key_id=key_ids[3]),
        gateway("mx-steyr", 4, stored=StoreContent(checked=False, note="No vault password is given")),
    ]
