# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The published permissions of Microsoft Graph and Office 365 Exchange Online, by name and id.

The tables are constants of the two APIs, put together from microsoft-graph-devx-content, merill/microsoft-info (a daily
export of a live tenant's Microsoft Graph service principal) and Microsoft's permission reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parent
MICROSOFT_GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
EXCHANGE_ONLINE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"
AZURE_CLI_APP_ID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
KEY_VAULT_APP_ID = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"
KEY_VAULT_NAME = "https://vault.azure.net"
RESOURCE_MANAGER_APP_ID = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
# The audiences of the public cloud, as its metadata names them.
RESOURCE_MANAGER_NAMES = ("https://management.core.windows.net/", "https://management.azure.com/")
# The tenant that owns Microsoft's own applications.
MICROSOFT_TENANT_ID = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
# Delegated permissions that need no administrator ("AdminConsentRequired: No" in the permissions reference), as far as
# the emulator has calls for them.
_USERS_MAY_CONSENT = frozenset(
    {
        "email",
        "offline_access",
        "openid",
        "profile",
        "User.Read",
        "User.ReadBasic.All",
        "Mail.Read",
        "Mail.ReadBasic",
        "Mail.ReadWrite",
        "Mail.Send",
    }
)


@dataclass(frozen=True)
class Permission:
    """`kind` is role (application permission) or scope (delegated permission)."""

    kind: str
    value: str
    id: str


@cache
def permissions(table: str) -> tuple[Permission, ...]:
    lines = (_FOLDER / f"{table}.tsv").read_text(encoding="utf-8").splitlines()
    return tuple(Permission(*line.split("\t")) for line in lines[1:])


@cache
def app_roles(table: str) -> list[dict[str, Any]]:
    """appRoles as on the resource's service principal. Shared and never changed in place."""
    return [
        {
            "allowedMemberTypes": ["Application"],
            "description": f"Application permission {entry.value}.",
            "displayName": entry.value,
            "id": entry.id,
            "isEnabled": True,
            "origin": "Application",
            "value": entry.value,
        }
        for entry in permissions(table)
        if entry.kind == "role"
    ]


@cache
def scopes(table: str) -> list[dict[str, Any]]:
    """oauth2PermissionScopes as on the resource's service principal. Shared and never changed in place."""
    return [
        {
            "adminConsentDescription": f"Delegated permission {entry.value}.",
            "adminConsentDisplayName": entry.value,
            "id": entry.id,
            "isEnabled": True,
            "type": "User" if entry.value in _USERS_MAY_CONSENT else "Admin",
            "userConsentDescription": f"Delegated permission {entry.value}.",
            "userConsentDisplayName": entry.value,
            "value": entry.value,
        }
        for entry in permissions(table)
        if entry.kind == "scope"
    ]
