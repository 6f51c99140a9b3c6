# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two hundred clients at once: successful writes are stored, failed ones are not, and the state is consistent."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import Counter
from typing import Any

CLIENTS = 200
GRAPH = "00000003-0000-0000-c000-000000000000"


class Connection:
    """A minimal HTTP client: two hundred requests.Sessions would mostly measure the test itself."""

    def __init__(self, port: int, trust: ssl.SSLContext, token: str) -> None:
        self.port, self.trust, self.token = port, trust, token

    async def __aenter__(self) -> Connection:
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.trust, server_hostname="localhost"
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.writer.close()

    async def __call__(self, method: str, path: str, body: Any = None, *, prefer: str = "") -> tuple[int, Any]:
        payload = b"" if body is None else json.dumps(body).encode()
        self.writer.write(
            (
                f"{method} /v1.0{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\nPrefer: {prefer}\r\n\r\n"
            ).encode()
            + payload
        )
        status = int((await self.reader.readline()).split()[1])
        length = 0
        while (line := await self.reader.readline()) != b"\r\n":
            name, _colon, value = line.decode().partition(":")
            length = int(value) if name.lower() == "content-length" else length
        content = await self.reader.readexactly(length)
        return status, json.loads(content) if content else None


async def one_client(number: int, connection: Connection, shared: dict[str, Any], done: Counter[str]) -> None:
    """All actions of the collection's modules, on an application of its own and on shared ones."""
    async with connection as ask:

        async def wants(step: str, *allowed: int, call: Any) -> Any:
            status, body = await call
            assert status in allowed, f"{step}: {status} {body}"
            done[f"{step} {status}"] += 1
            return body

        mine = await wants("create", 201, call=ask("POST", "/applications", {"displayName": f"Client {number}"}))
        own, common = f"/applications/{mine['id']}", f"/applications/{shared['id']}"
        await wants(
            "upsert",
            201,
            204,
            call=ask(
                "PATCH",
                f"/applications(uniqueName='team-{number % 10}')",
                {"displayName": f"Team {number}"},
                prefer="create-if-missing",
            ),
        )
        await wants("shared password", 200, call=ask("POST", f"{common}/addPassword", {}))
        added = await wants("own password", 200, call=ask("POST", f"{own}/addPassword", {}))
        await wants("patch", 204, call=ask("PATCH", own, {"notes": f"note {number}"}))
        await wants("shared patch", 204, call=ask("PATCH", common, {"tags": [f"by-{number}"]}))
        principal = await wants("principal", 201, call=ask("POST", "/servicePrincipals", {"appId": mine["appId"]}))
        assignment = {"principalId": principal["id"], "resourceId": shared["graph"], "appRoleId": shared["role"]}
        await wants(
            "assign", 201, call=ask("POST", f"/servicePrincipals/{shared['graph']}/appRoleAssignedTo", assignment)
        )
        await wants(
            "assign own to shared",
            201,
            400,
            call=ask(
                "POST",
                f"/servicePrincipals/{shared['principal']}/appRoleAssignments",
                {**assignment, "principalId": shared["principal"]},
            ),
        )
        if number % 2:
            await wants("remove password", 204, call=ask("POST", f"{own}/removePassword", {"keyId": added["keyId"]}))
        if number % 4 == 0:
            await wants("delete", 204, call=ask("DELETE", own))
        if number % 8 == 0:
            await wants("restore", 200, call=ask("POST", f"/directory/deletedItems/{mine['id']}/restore"))
        page = await wants("list", 200, call=ask("GET", "/applications?$top=20&$select=id"))
        assert len(page["value"]) == 20


def test_two_hundred_clients_lose_no_update(emulator: Any, operator: Any) -> None:
    application = operator.application("Shared")
    principal = operator.service_principal(application["appId"])
    graph = emulator.tenant.service_principal_by("appId", GRAPH)
    shared = {
        "id": application["id"],
        "principal": principal["id"],
        "graph": graph["id"],
        "role": graph["appRoles"][0]["id"],
    }
    for number in range(20):
        operator.application(f"Filler {number}")
    trust = ssl.create_default_context(cafile=emulator.ca_file)
    done: Counter[str] = Counter()
    before = len(emulator.journal.entries())

    async def crowd() -> None:
        clients = (
            one_client(number, Connection(emulator.port, trust, operator.token), shared, done)
            for number in range(CLIENTS)
        )
        await asyncio.gather(*clients)

    asyncio.run(crowd())

    directory = emulator.tenant.directory
    assert emulator.internal_errors == []
    assert done["create 201"] == done["patch 204"] == done["shared patch 204"] == CLIENTS
    assert (done["upsert 201"], done["upsert 204"]) == (10, CLIENTS - 10)
    assert (done["assign own to shared 201"], done["assign own to shared 400"]) == (1, CLIENTS - 1)
    assert sum(done.values()) == len(emulator.journal.entries()) - before
    shared_application = directory.applications[application["id"]]
    assert len(shared_application["passwordCredentials"]) == done["shared password 200"] == CLIENTS
    gone = {number for number in range(0, CLIENTS, 4) if number % 8}
    own = {item["displayName"]: item for item in directory.applications.values()}
    for number in range(CLIENTS):
        name = f"Client {number}"
        assert (name in own) == (number not in gone)
        item = own.get(name) or directory.deleted.where("displayName", name).first()
        assert item["notes"] == f"note {number}"
        assert len(item["passwordCredentials"]) == (number % 2 == 0)
    assert len(list(directory.deleted.where("kind", "applications"))) == len(gone)
    operators = emulator.emulator.seed.operator.service_principal_id
    assigned = [entry for entry in directory.assignments.values() if entry["principalId"] != operators]
    assert len(assigned) == done["assign 201"] + 1
    assert len(directory.secrets) == 1 + CLIENTS + CLIENTS // 2
    for table in (directory.applications, directory.service_principals, directory.assignments):
        assert sorted(item["id"] for item in table.rows()) == sorted(table)
