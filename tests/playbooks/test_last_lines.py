# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last lines of a run, as an operator reads them, and whether the commands in them work."""

from __future__ import annotations

import datetime
import json
import shlex
import typing as t
from pathlib import Path

import yaml

from ansible_collections.email_gateway.azure_apps.plugins.filter import gateway_app_result
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.summary import WIDTH
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.return_comparison import Comparison
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

GATEWAY = ("-e", "gateway_app_profile=outbound_microsoft365", "-e", "gateway_app_unique_name=gateway")
LINES = '"msg": ['
DOCUMENTED = yaml.safe_load(gateway_app_result.RETURN)["_value"]["contains"]
# Anyone with the right to add a secret chooses its description, which must never be evaluated as a template.
NAMED = "from {{ the portal }}"
PROGRAM = """#!/usr/bin/env python3
import json, os, sys
request = json.load(sys.stdin)
path = request["settings"]["path"]
if request["action"] == "read":
    print(open(path).read() if os.path.exists(path) else "{}")
elif request["action"] == "write":
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        json.dump(request["credential"], file)
"""


def playbook(playbooks: Playbooks, name: str, *arguments: str, **variables: t.Any) -> Run:
    extra = ("-e", json.dumps(variables)) if variables else ()
    return playbooks.command("ansible-playbook", f"email_gateway.azure_apps.{name}", *GATEWAY, *arguments, *extra)


def last_lines(run: Run) -> list[str]:
    """The message of the last task that shows lines, as Ansible prints it."""
    output = run.ok().output
    lines: list[str] = json.JSONDecoder().raw_decode(output, output.rindex(LINES) + len(LINES) - 1)[0]
    return lines


def entry(lines: list[str], label: str) -> str:
    (found,) = (line for line in lines if line.startswith(f"{label}:"))
    return found.removeprefix(f"{label}:").strip()


def by_hand(playbooks: Playbooks) -> tuple[Json, str, str]:
    """An application from the portal with a client secret and a certificate; returns their key ids."""
    hand = Client(playbooks.server, *playbooks.server.add_operator(["Application.ReadWrite.All"]))
    made = hand.post("/applications", {"displayName": "Old gateway"}).json()
    path = f"/applications/{made['id']}"
    assert hand.post("/servicePrincipals", {"appId": made["appId"]}).status_code == 201
    secret = hand.post(f"{path}/addPassword", {"passwordCredential": {"displayName": NAMED}}).json()
    pem = Pair.new(days=90).for_msal()["public_certificate"]
    key = "".join(line for line in pem.splitlines() if "CERTIFICATE" not in line)
    certificate = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": key, "displayName": "from the CA"}
    assert hand.patch(path, {"keyCredentials": [certificate]}).status_code == 204
    current = playbooks.tenant.application(appId=made["appId"])
    # The number of days left is a whole number only for one second.
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=80, hours=12)
    for credential in (*current["passwordCredentials"], *current["keyCredentials"]):
        credential["endDateTime"] = f"{end:%Y-%m-%dT%H:%M:%SZ}"
    return made, secret["keyId"], current["keyCredentials"][0]["keyId"]


def test_every_run_ends_with_eight_lines(playbooks: Playbooks) -> None:
    predicted = last_lines(playbook(playbooks, "register", "--check"))
    assert predicted[0].endswith(": would be changed (check mode)")
    assert entry(predicted, "Client id") == "not known yet"
    assert playbooks.tenant.applications == []

    first = last_lines(playbook(playbooks, "register"))
    application = playbooks.tenant.application(uniqueName="gateway")
    assert len(first) == 8
    assert first[0] == "Mail gateway (outbound_microsoft365): changed"
    assert entry(first, "Tenant id") == playbooks.server.tenant_id
    assert entry(first, "Client id") == application["appId"]
    assert entry(first, "Valid until").endswith(f"key id {application['passwordCredentials'][0]['keyId']}")
    assert entry(first, "Next").startswith("enter tenant id, client id and client secret")
    assert max(len(line) for line in first if str(playbooks.folder) not in line) <= WIDTH

    for arguments, outcome in (((), "nothing to change"), (("--check",), "nothing would change (check mode)")):
        run = playbook(playbooks, "rotate", *arguments)
        steady = last_lines(run)
        assert run.writes == []
        assert steady[0] == f"Mail gateway (outbound_microsoft365): {outcome}"
        assert steady[1:5] == first[1:5]
        assert len(steady) == 8

    retired = last_lines(playbook(playbooks, "retire", gateway_app_retire_confirmed=["gateway"]))
    assert retired[0].endswith(": changed")
    assert entry(retired, "Client id") == application["appId"]
    assert "restored for 30 days" in entry(retired, "Application")


def test_the_command_that_reads_the_credential_works(playbooks: Playbooks) -> None:
    lines = last_lines(playbook(playbooks, "register"))
    shown = playbooks.command(*shlex.split(entry(lines, "Read it with"))).ok().output
    current = yaml.safe_load(shown)["gateway_app_credential"]
    assert (current["client_id"], current["tenant_id"]) == (entry(lines, "Client id"), entry(lines, "Tenant id"))
    assert current == playbooks.stored()


def test_the_command_that_calls_a_program_works(playbooks: Playbooks) -> None:
    program, kept = playbooks.folder / "our store", playbooks.folder / "kept.json"
    program.write_text(PROGRAM)
    program.chmod(0o700)
    playbooks.own.add(kept)  # the program does not encrypt
    store = {"type": "command", "argv": [str(program)], "settings": {"path": str(kept)}}
    path = str(playbooks.folder / "gateway.vault.yml")
    lines = last_lines(playbook(playbooks, "register", gateway_app_stores=[store], gateway_app_store_path=path))
    command = entry(lines, "Read it with")
    output = playbooks.folder / "output.json"
    playbooks.own.add(output)
    playbooks.command("sh", "-c", f"{command} > {shlex.quote(str(output))}").ok()
    assert json.loads(output.read_text()) == json.loads(kept.read_text())


def test_after_adopting_the_lines_list_the_old_credentials_and_the_commands_that_remove_them(
    playbooks: Playbooks,
) -> None:
    made, secret, certificate = by_hand(playbooks)
    adopted = {"gateway_app_client_id": made["appId"], "gateway_app_display_name": "Old gateway"}
    first = playbooks.register(**adopted).ok().results["gateway_app_result"]
    second = playbooks.register(**adopted).ok().results["gateway_app_result"]
    compared = Comparison()
    compared.members(DOCUMENTED, first)
    assert compared.findings == set()
    others = first["other_credentials"]
    assert second["other_credentials"] == others
    assert [(other["type"], other["key_id"], other["description"]) for other in others] == [
        ("client_secret", secret, NAMED),
        ("certificate", certificate, "from the CA"),
    ]
    current = playbooks.tenant.application(appId=made["appId"])
    assert {entry["keyId"] for entry in current["passwordCredentials"]} == {secret, first["key_id"]}, (
        "the credentials of others are kept"
    )

    lines = last_lines(playbook(playbooks, "rotate", **adopted))
    assert "The gateway may still use them" in " ".join(" ".join(lines).split())
    commands = [line.strip() for line in lines if line.strip().startswith("ansible localhost ")]
    assert commands == [other["remove_command"] for other in others]
    for command in commands:
        playbooks.command(*shlex.split(command)).ok()
    current = playbooks.tenant.application(appId=made["appId"])
    assert [entry["keyId"] for entry in current["passwordCredentials"]] == [first["key_id"]]
    assert current["keyCredentials"] == []
    run = playbook(playbooks, "rotate", **adopted)
    assert len(last_lines(run)) == 8
    assert run.writes == []


def test_a_replaced_credential_is_not_listed_as_foreign(playbooks: Playbooks) -> None:
    first = playbooks.register().ok().results["gateway_app_result"]
    second = playbooks.register(gateway_app_rotate_now=True).ok().results["gateway_app_result"]
    assert second["previous_key_ids"] == [first["key_id"]]
    assert second["other_credentials"] == []
    third = playbooks.register(gateway_app_overlap_days=0).ok().results["gateway_app_result"]
    assert third["other_credentials"] == []
    Path(playbooks.store).unlink()
    lost = playbooks.register().ok().results["gateway_app_result"]
    assert [other["key_id"] for other in lost["other_credentials"]] == [second["key_id"]]
