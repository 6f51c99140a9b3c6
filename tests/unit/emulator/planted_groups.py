# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planted people, groups and units by name, for the tests of groups."""

from __future__ import annotations

from typing import Any

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client

EVENTUAL = {"ConsistencyLevel": "eventual"}
UNITS = "/directory/administrativeUnits"
SECURITY: dict[str, Any] = {
    "displayName": "Scope",
    "mailEnabled": False,
    "mailNickname": "scope",
    "securityEnabled": True,
}


class Tenant:
    """The planted people and groups, by name."""

    def __init__(self, reader: Client) -> None:
        users = reader.get("/users").json()["value"]
        groups = reader.get("/groups").json()["value"]
        units = reader.get(UNITS).json()["value"]
        self.ids = {item["displayName"]: item["id"] for item in [*users, *groups, *units]}

    def __getitem__(self, name: str) -> str:
        return str(self.ids[name])

    def names(self, answer: Any) -> list[str]:
        assert answer.status_code == 200, answer.text
        by_id = {object_id: name for name, object_id in self.ids.items()}
        return [by_id[entry if isinstance(entry, str) else entry["id"]] for entry in answer.json()["value"]]


def reference(object_id: str, kind: str = "directoryObjects") -> dict[str, str]:
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/{kind}/{object_id}"}


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]
