# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applications that the role did not register: expired, due, replaced, with a certificate, hostile."""

from __future__ import annotations

import typing as t
import uuid
from datetime import datetime, timedelta, timezone

from graph_emulator.wire.server import EmulatorServer

TAG = "email_gateway.azure_apps"
GRAPH = "00000003-0000-0000-c000-000000000000"
MAIL_SEND = "b633e1c5-b582-4048-a93e-9f11b44c7e96"  # Microsoft Graph permissions reference
CALENDARS_READ = "798ee544-9d2d-430c-a058-570e29e34338"
HOSTILE_NAMES = (
    "<script>document.title='pwned'</script><img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "quotes \" ' ` and | pipes \\ [link](https://evil.example) **bold**",
    "\U0001f4e7 \u90ae\u4ef6\u7f51\u5173 \u05d3\u05d5\u05d0\u05e8 \u0628\u0631\u064a\u062f",
    "{{ lookup('pipe', 'touch pwned') }}",
    "--></style></script>]]>${7*7}",
    "x" * 120,
)
Json = dict[str, t.Any]


def furnish(server: EmulatorServer) -> None:
    for number, name in enumerate(HOSTILE_NAMES):
        add(server, name, unique_name=f"hostile-name-{number}", ends=[40 + number], description=name)
    add(server, "Expired relay", unique_name="expired", ends=[-20])
    add(server, "Two secrets", unique_name="two-secrets", ends=[-5, 170])
    add(server, "Relay with certificate", unique_name="with-certificate", ends=[], certificate=300)
    add(server, "Foreign sender", unique_name="foreign", tags=[], ends=[90])
    add(server, "Calendar only", unique_name="calendar", tags=[], ends=[-400], permission=CALENDARS_READ)


def add(
    server: EmulatorServer,
    name: str,
    *,
    unique_name: str,
    ends: t.Sequence[int],
    tags: t.Sequence[str] = (TAG,),
    certificate: int | None = None,
    permission: str = MAIL_SEND,
    description: str = "Mail gateway",
) -> None:
    """An application in the tenant; ``ends`` are the days that its client secrets have left."""
    now = datetime.now(timezone.utc) + timedelta(hours=1)

    def record(days: int, **more: t.Any) -> Json:
        return {
            "keyId": str(uuid.uuid4()),
            "displayName": description,
            "startDateTime": f"{now + timedelta(days=days - 180):%Y-%m-%dT%H:%M:%SZ}",
            "endDateTime": f"{now + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}",
            "customKeyIdentifier": None,
            **more,
        }

    applications = server.tenant.directory.applications
    like = dict(next(iter(applications.values())))
    made: Json = {
        **like,
        "id": str(uuid.uuid4()),
        "appId": str(uuid.uuid4()),
        "displayName": name,
        "uniqueName": unique_name,
        "tags": list(tags),
        "requiredResourceAccess": [
            {"resourceAppId": GRAPH, "resourceAccess": [{"id": permission, "type": "Role"}]},
        ],
        "passwordCredentials": [record(days, hint="abc", secretText=None) for days in ends],
        "keyCredentials": [],
    }
    if certificate is not None:
        made["keyCredentials"] = [
            record(certificate, type="AsymmetricX509Cert", usage="Verify", key=None, customKeyIdentifier="AB" * 20)
        ]
    applications[made["id"]] = made
