# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft's Graph client for JavaScript with @azure/identity."""

from __future__ import annotations

import collections.abc as c
import json
import subprocess
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.clients.conftest import installed
from ansible_collections.email_gateway.azure_apps.tests.clients.life import MICROSOFT_GRAPH, CurrentState, Life, Program
from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from graph_emulator.wire.server import EmulatorServer

CLIENT = "microsoft-graph-client (JavaScript)"
MAIL_READ_WRITE = "e2a3a72e-5f79-4c64-b1b1-878b674786c9"
FEDERATED = {
    "name": "ci",
    "issuer": "https://token.actions.githubusercontent.com",
    "subject": "repo:a/b:ref:main",
    "audiences": ["api://AzureADTokenExchange"],
}


class GraphClient:
    """The process of the client, with one line for each call."""

    def __init__(self, process: subprocess.Popen[str], life: Life) -> None:
        self._process = process
        self._life = life

    def _answer(self, method: str, path: str, asked: dict[str, t.Any]) -> dict[str, t.Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"method": method, "path": path, **asked}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the client ended before it answered"
        return t.cast("dict[str, t.Any]", json.loads(line))

    def __call__(self, method: str, path: str, **asked: t.Any) -> t.Any:
        with self._life.call(f"{method} {path}"):
            answer = self._answer(method, path, asked)
            assert "value" in answer, answer
            return answer["value"]

    def refused(self, method: str, path: str, *, status: int) -> None:
        with self._life.call(f"{method} {path} (refused)"):
            answer = self._answer(method, path, {})
            assert answer.get("status") == status, answer


@pytest.fixture
def graph(emulator: EmulatorServer, life: Life, program: c.Callable[..., Program]) -> c.Iterator[GraphClient]:
    folder = installed("node")
    manifest = folder / "node_modules" / "@microsoft" / "microsoft-graph-client" / "package.json"
    life.version = json.loads(manifest.read_text(encoding="utf-8"))["version"]
    client = program(
        "node",
        str(Path(__file__).with_name("graph_client.mjs")),
        NODE_EXTRA_CA_CERTS=emulator.ca_file,
        TENANT=emulator.tenant_id,
        CLIENT_ID=emulator.client_id,
        CLIENT_SECRET=emulator.client_secret,
        AUTHORITY=emulator.authority,
        GRAPH=emulator.graph,
    )
    with subprocess.Popen(
        client.command,
        cwd=folder,
        env=client.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield GraphClient(process, life)
        assert process.stdin is not None
        process.stdin.close()


def test_the_life_cycle_of_an_application(graph: GraphClient, life: Life, emulator: EmulatorServer) -> None:
    made = graph("post", "/applications", body={"displayName": "Gateway", "signInAudience": "AzureADMyOrg"})
    current = CurrentState(emulator, made["appId"])
    path = f"/applications/{made['id']}"
    life.check_state(current.document["displayName"], "Gateway")

    secret = graph("post", f"{path}/addPassword", body={"passwordCredential": {"displayName": "first"}})
    assert secret["secretText"]
    life.check_state(current.secrets, ["first"])
    graph("post", f"{path}/removePassword", body={"keyId": secret["keyId"]})
    life.check_state(current.secrets, [])
    graph("patch", path, body={"keyCredentials": [Pair.new().credential(displayName="gateway")]})
    life.check_state(current.certificates, ["gateway"])
    graph("post", f"{path}/federatedIdentityCredentials", body=FEDERATED)
    life.check_state(current.federated, ["repo:a/b:ref:main"])
    graph("delete", f"{path}/federatedIdentityCredentials/ci")
    life.check_state(current.federated, [])

    access = [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [{"id": MAIL_READ_WRITE, "type": "Role"}]}]
    graph("patch", path, body={"requiredResourceAccess": access})
    life.check_state(current.declared, [MAIL_READ_WRITE])
    principal = graph("post", "/servicePrincipals", body={"appId": made["appId"]})
    assert current.principal is not None
    life.check_state(current.principal["id"], principal["id"])
    (resource,) = graph("get", "/servicePrincipals", filter=f"appId eq '{MICROSOFT_GRAPH}'", select="id")["value"]
    assigned = {"principalId": principal["id"], "resourceId": resource["id"], "appRoleId": MAIL_READ_WRITE}
    graph("post", f"/servicePrincipals/{resource['id']}/appRoleAssignedTo", body=assigned)
    life.check_state(current.roles, ["Mail.ReadWrite"])
    consent = {"clientId": principal["id"], "consentType": "AllPrincipals", "resourceId": resource["id"]}
    graph("post", "/oauth2PermissionGrants", body={**consent, "scope": "User.Read"})
    life.check_state(current.scopes, ["User.Read"])

    user = graph("get", f"/users/adele@{emulator.domain}")
    reference = {"@odata.id": f"{emulator.graph}/v1.0/directoryObjects/{user['id']}"}
    graph("post", f"{path}/owners/$ref", body=reference)
    life.check_state(user["id"] in current.owners, True)
    assert user["id"] in [owner["id"] for owner in graph("get", f"{path}/owners")["value"]]
    graph("delete", f"{path}/owners/{user['id']}/$ref")
    life.check_state(user["id"] in current.owners, False)

    found = graph("get", "/applications", filter="startswith(displayName,'Gate')", select="id,appId,displayName")
    assert [entry["appId"] for entry in found["value"] if entry["displayName"] == "Gateway"] == [made["appId"]]
    inner = {"id": "1", "method": "GET", "url": path}
    (answer,) = graph("post", "/$batch", body={"requests": [inner]})["responses"]
    assert (answer["status"], answer["body"]["id"]) == (200, made["id"])
    graph("delete", f"/servicePrincipals/{principal['id']}")
    life.check_state(current.principal, None)
    graph("delete", path)
    life.check_state((current.exists, current.deleted), (False, True))
    graph.refused("get", path, status=404)
