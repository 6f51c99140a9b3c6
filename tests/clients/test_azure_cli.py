# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Azure CLI, configured for the emulator with the lines that the emulator prints."""

from __future__ import annotations

import collections.abc as c
import shlex
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.clients.conftest import installed
from ansible_collections.email_gateway.azure_apps.tests.clients.life import MICROSOFT_GRAPH, CurrentState, Life, Program
from graph_emulator.cli import lines_for_azure_cli
from graph_emulator.wire.server import EmulatorServer

CLIENT = "Azure CLI"
MAIL_READ_WRITE, MAIL_SEND = "e2a3a72e-5f79-4c64-b1b1-878b674786c9", "b633e1c5-b582-4048-a93e-9f11b44c7e96"
FEDERATED = """{"name": "ci", "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:a/b:ref:main",
                "audiences": ["api://AzureADTokenExchange"]}"""


@pytest.fixture
def az(emulator: EmulatorServer, life: Life, program: c.Callable[..., Program], tmp_path: Path) -> Program:
    """Signed in as the operator."""
    environ = {
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "AZURE_CORE_OUTPUT": "json",
        "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
    }
    client = program(str(installed("azure-cli") / "bin" / "az"), **environ)
    exports, *commands = map(shlex.split, lines_for_azure_cli(emulator).splitlines())
    client.environ |= dict(export.split("=", 1) for export in exports[1:])
    client.environ["AZURE_CONFIG_DIR"] = str(tmp_path / "azure")
    life.version = client.json("version")["azure-cli"]
    for _az, *arguments in commands:
        with life.call(" ".join(arguments[:2])):
            client.json(*arguments)
    return client


def test_the_life_cycle_of_an_application(az: Program, life: Life, emulator: EmulatorServer, tmp_path: Path) -> None:
    with life.call("account show"):
        assert az.json("account", "show")["tenantId"] == emulator.tenant_id
    with life.call("ad app create"):
        made = az.json("ad", "app", "create", "--display-name", "Gateway", "--sign-in-audience", "AzureADMyOrg")
    client_id = made["appId"]
    current = CurrentState(emulator, client_id)
    life.check_state((current.document["displayName"], current.document["signInAudience"]), ("Gateway", "AzureADMyOrg"))
    one = ("--id", client_id)
    with life.call("ad sp create"):
        principal = az.json("ad", "sp", "create", *one)
    assert current.principal is not None
    life.check_state(current.principal["id"], principal["id"])

    with life.call("ad app credential reset"):
        secret = az.json(
            "ad", "app", "credential", "reset", *one, "--append", "--display-name", "first", "--years", "1"
        )
        assert secret["password"] and secret["tenant"] == emulator.tenant_id
    life.check_state(current.secrets, ["first"])
    with life.call("ad app credential reset --create-cert"):
        az.json("ad", "app", "credential", "reset", *one, "--append", "--create-cert")
    life.check_state(len(current.certificates), 1)
    with life.call("ad app credential list"):
        (listed,) = az.json("ad", "app", "credential", "list", *one)
        assert listed["displayName"] == "first"
    with life.call("ad app credential delete"):
        az.json("ad", "app", "credential", "delete", *one, "--key-id", listed["keyId"])
    life.check_state(current.secrets, [])

    permission = ("ad", "app", "permission")
    wanted = [f"{role}=Role" for role in (MAIL_READ_WRITE, MAIL_SEND)]
    with life.call("ad app permission add"):
        az.json(*permission, "add", *one, "--api", MICROSOFT_GRAPH, "--api-permissions", *wanted)
    life.check_state(current.declared, sorted([MAIL_READ_WRITE, MAIL_SEND]))
    with life.call("ad app permission delete"):
        az.json(*permission, "delete", *one, "--api", MICROSOFT_GRAPH, "--api-permissions", MAIL_SEND)
    life.check_state(current.declared, [MAIL_READ_WRITE])
    with life.call("ad app permission list"):
        (resource,) = az.json(*permission, "list", *one)
        assert resource["resourceAppId"] == MICROSOFT_GRAPH
    with life.call("ad app permission grant"):
        az.json(*permission, "grant", *one, "--api", MICROSOFT_GRAPH, "--scope", "User.Read")
    life.check_state(current.scopes, ["User.Read"])
    with life.call("ad app permission list-grants"):
        (grant,) = az.json(*permission, "list-grants", *one)
        assert grant["scope"] == "User.Read"
    graph = az.json("ad", "sp", "show", "--id", MICROSOFT_GRAPH)
    body = f'{{"principalId": "{principal["id"]}", "resourceId": "{graph["id"]}", "appRoleId": "{MAIL_READ_WRITE}"}}'
    with life.call("rest --method POST (appRoleAssignments)"):
        url = f"{emulator.graph}/v1.0/servicePrincipals/{principal['id']}/appRoleAssignments"
        az.json("rest", "--method", "POST", "--url", url, "--resource", emulator.graph, "--body", body)
    life.check_state(current.roles, ["Mail.ReadWrite"])

    file = tmp_path / "federated.json"
    file.write_text(FEDERATED)
    with life.call("ad app federated-credential create"):
        az.json("ad", "app", "federated-credential", "create", *one, "--parameters", str(file))
    life.check_state(current.federated, ["repo:a/b:ref:main"])
    with life.call("ad app federated-credential list"):
        (federated,) = az.json("ad", "app", "federated-credential", "list", *one)
    with life.call("ad app federated-credential delete"):
        az.json("ad", "app", "federated-credential", "delete", *one, "--federated-credential-id", federated["id"])
    life.check_state(current.federated, [])

    with life.call("ad user show"):
        user = az.json("ad", "user", "show", "--id", f"adele@{emulator.domain}")
    with life.call("ad app owner add"):
        az.json("ad", "app", "owner", "add", *one, "--owner-object-id", user["id"])
    life.check_state(user["id"] in current.owners, True)
    with life.call("ad app owner list"):
        assert user["id"] in [owner["id"] for owner in az.json("ad", "app", "owner", "list", *one)]
    with life.call("ad app owner remove"):
        az.json("ad", "app", "owner", "remove", *one, "--owner-object-id", user["id"])
    life.check_state(user["id"] in current.owners, False)

    with life.call("ad app update"):
        az.json("ad", "app", "update", *one, "--set", "notes=mail", "--web-redirect-uris", "https://example.org/")
    life.check_state(current.document["notes"], "mail")
    with life.call("ad app list --display-name"):
        assert [app["appId"] for app in az.json("ad", "app", "list", "--display-name", "Gate")].count(client_id) == 1
    with life.call("ad sp list --filter"):
        listed = az.json("ad", "sp", "list", "--filter", f"appId eq '{client_id}'")
        assert [entry["id"] for entry in listed] == [principal["id"]]
    with life.call("ad sp delete"):
        az.json("ad", "sp", "delete", *one)
    life.check_state(current.principal, None)
    with life.call("ad app delete"):
        az.json("ad", "app", "delete", *one)
    life.check_state((current.exists, current.deleted), (False, True))
    with life.call("ad app show (of one that is deleted)"):
        assert "does not exist" in az.run("ad", "app", "show", *one, fails=True)


def test_create_for_rbac_registers_an_application_that_can_sign_in(
    az: Program, life: Life, emulator: EmulatorServer
) -> None:
    with life.call("ad sp create-for-rbac"):
        made = az.json("ad", "sp", "create-for-rbac", "--name", "Robot")
    current = CurrentState(emulator, made["appId"])
    life.check_state((current.document["displayName"], len(current.secrets)), ("Robot", 1))
    with life.call("login as the new application"):
        proof = ("--username", made["appId"], "--password", made["password"], "--tenant", made["tenant"])
        az.json("login", "--service-principal", *proof, "--allow-no-subscriptions")
    with life.call("account get-access-token"):
        token = az.json("account", "get-access-token", "--resource", emulator.graph)
        assert token["accessToken"] and token["tenant"] == emulator.tenant_id
