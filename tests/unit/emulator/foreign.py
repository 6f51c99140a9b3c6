# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The format of the tables with requests of other tools."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
OBJECTS = "https://graph.microsoft.com/v1.0/directoryObjects/"


@dataclass(frozen=True)
class Foreign:
    """`found` names the objects of a list: their ids, and no others of the planted ones."""

    source: str
    method: str
    path: str
    body: Json | None = None
    status: int = 200
    found: tuple[str, ...] | None = None
    headers: dict[str, str] = field(default_factory=dict)


def typed(type_name: str, /, **members: Any) -> Json:
    return {"@odata.type": f"#microsoft.graph.{type_name}", **members}


ROLE = {
    "allowedMemberTypes": ["User", "Application"],
    "description": "d",
    "displayName": "Reader",
    "id": "7d8e1a05-1f24-4d2c-a4d7-2f1d60b9a2b7",
    "value": "read",
}
ASSIGNMENT = {"appRoleId": "{role}", "principalId": "{principal}", "resourceId": "{graph}"}
GRANT = {"clientId": "{principal}", "resourceId": "{graph}", "scope": "User.Read"}
