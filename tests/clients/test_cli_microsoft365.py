# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CLI for Microsoft 365, which has no setting for the address of Microsoft Graph."""

from __future__ import annotations

import collections.abc as c
import json
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.clients.conftest import installed
from ansible_collections.email_gateway.azure_apps.tests.clients.life import CurrentState, Life, Program
from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from graph_emulator.wire.server import EmulatorServer

CLIENT = "CLI for Microsoft 365"
GRAPH = "https://graph.microsoft.com"
FEDERATED = {
    "name": "ci",
    "issuer": "https://token.actions.githubusercontent.com",
    "subject": "repo:a/b:ref:main",
    "audiences": ["api://AzureADTokenExchange"],
}


@pytest.fixture
def m365(named_emulator: EmulatorServer, life: Life, program: c.Callable[..., Program]) -> Program:
    """Signed in as the operator."""
    package = installed("node") / "node_modules" / "@pnp" / "cli-microsoft365"
    environ = {"NODE_EXTRA_CA_CERTS": named_emulator.ca_file, "CLIMICROSOFT365_NOUPDATE": "1"}
    client = program("node", str(package / "dist" / "index.js"), named=named_emulator, **environ)
    life.version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    client.run("cli", "config", "set", "--key", "disableTelemetry", "--value", "true")
    proof = ("--appId", named_emulator.client_id, "--secret", named_emulator.client_secret)
    with life.call("login --authType secret"):
        client.run("login", "--authType", "secret", "--tenant", named_emulator.tenant_id, *proof)
    return client


def test_the_life_cycle_of_an_application(
    m365: Program, life: Life, named_emulator: EmulatorServer, tmp_path: Path
) -> None:
    with life.call("status"):
        assert m365.json("status")["appId"] == named_emulator.client_id
    with life.call("entra app add --withSecret --grantAdminConsent"):
        asked = ("--apisApplication", f"{GRAPH}/Mail.ReadWrite", "--apisDelegated", f"{GRAPH}/User.Read")
        made = m365.json("entra", "app", "add", "--name", "Gateway", "--withSecret", *asked, "--grantAdminConsent")
        assert made["secrets"][0]["value"]
    current = CurrentState(named_emulator, made["appId"])
    life.check_state((current.document["displayName"], len(current.secrets), len(current.declared)), ("Gateway", 1, 2))
    life.check_state((current.roles, current.scopes), (["Mail.ReadWrite"], ["User.Read"]))
    one = ("--appId", made["appId"])

    certificate = tmp_path / "gateway.cer"
    certificate.write_bytes(Pair.new().der)
    with life.call("entra app set --certificateFile"):
        named = ("--certificateFile", str(certificate), "--certificateDisplayName", "gateway")
        m365.run("entra", "app", "set", *one, *named)
    life.check_state(current.certificates, ["gateway"])
    with life.call("entra app set --redirectUris"):
        m365.run("entra", "app", "set", *one, "--redirectUris", "https://example.org/", "--platform", "web")
    life.check_state(current.document["web"]["redirectUris"], ["https://example.org/"])

    permission = ("entra", "app", "permission")
    with life.call("entra app permission add"):
        send = ("--applicationPermissions", f"{GRAPH}/Mail.Send")
        m365.run(*permission, "add", *one, *send, "--grantAdminConsent")
    life.check_state((len(current.declared), current.roles), (3, ["Mail.ReadWrite", "Mail.Send"]))
    with life.call("entra app permission list"):
        listed = m365.json(*permission, "list", *one)
        assert sorted(entry["permission"] for entry in listed) == ["Mail.ReadWrite", "Mail.Send", "User.Read"]
    with life.call("entra app permission remove"):
        m365.run(*permission, "remove", *one, *send, "--revokeAdminConsent", "--force")
    life.check_state((len(current.declared), current.roles), (2, ["Mail.ReadWrite"]))

    with life.call("entra app role add"):
        role = ("--name", "Reader", "--description", "reads", "--allowedMembers", "applications", "--claim", "read")
        m365.run("entra", "app", "role", "add", *one, *role)
    life.check_state([entry["value"] for entry in current.document["appRoles"]], ["read"])
    with life.call("entra app role list"):
        assert [entry["displayName"] for entry in m365.json("entra", "app", "role", "list", *one)] == ["Reader"]
    with life.call("entra app role remove"):
        m365.run("entra", "app", "role", "remove", *one, "--name", "Reader", "--force")
    life.check_state(current.document["appRoles"], [])

    with life.call("entra enterpriseapp get"):
        principal = m365.json("entra", "enterpriseapp", "get", "--id", made["appId"])
        assert principal["displayName"] == "Gateway"
    assigned = ("entra", "approleassignment")
    with life.call("entra approleassignment add"):
        m365.run(*assigned, "add", *one, "--resource", "Microsoft Graph", "--scopes", "Mail.Read")
    life.check_state(current.roles, ["Mail.Read", "Mail.ReadWrite"])
    with life.call("entra approleassignment list"):
        roles = [entry["roleName"] for entry in m365.json(*assigned, "list", *one)]
        assert sorted(roles) == ["Mail.Read", "Mail.ReadWrite"]
    with life.call("entra approleassignment remove"):
        m365.run(*assigned, "remove", *one, "--resource", "Microsoft Graph", "--scopes", "Mail.Read", "--force")
    life.check_state(current.roles, ["Mail.ReadWrite"])
    with life.call("entra oauth2grant list"):
        (grant,) = m365.json("entra", "oauth2grant", "list", "--spObjectId", principal["id"])
    with life.call("entra oauth2grant set"):
        m365.run("entra", "oauth2grant", "set", "--grantId", grant["id"], "--scope", "User.Read Mail.Read")
    life.check_state(current.scopes, ["Mail.Read", "User.Read"])
    with life.call("entra oauth2grant remove"):
        m365.run("entra", "oauth2grant", "remove", "--grantId", grant["id"], "--force")
    life.check_state(current.scopes, [])

    with life.call("request (federatedIdentityCredentials)"):
        url = f"{GRAPH}/v1.0/applications/{made['objectId']}/federatedIdentityCredentials"
        sent = ("--content-type", "application/json", "--body", json.dumps(FEDERATED))
        assert m365.json("request", "--url", url, "--method", "post", *sent)["name"] == "ci"
    life.check_state(current.federated, ["repo:a/b:ref:main"])
    with life.call("entra app get --name"):
        assert m365.json("entra", "app", "get", "--name", "Gateway")["appId"] == made["appId"]
    with life.call("entra app list"):
        names = [entry["displayName"] for entry in m365.json("entra", "app", "list")]
        assert sorted(names) == ["Gateway", "Gateway operator"]
    with life.call("entra enterpriseapp remove"):
        m365.run("entra", "enterpriseapp", "remove", "--id", made["appId"], "--force")
    life.check_state(current.principal, None)
    with life.call("entra app remove"):
        m365.run("entra", "app", "remove", *one, "--force")
    life.check_state((current.exists, current.deleted), (False, True))
    with life.call("entra app get (of one that is deleted)"):
        assert "not found" in m365.run("entra", "app", "get", *one, fails=True)
