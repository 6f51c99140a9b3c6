# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of docs/adopting.md, unchanged, for applications as each of the other tools creates them."""

from __future__ import annotations

import re
import shlex
import typing as t

import pytest
import requests
import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

PAGE = (REPOSITORY / "docs/adopting.md").read_text()
SHELL = re.findall(r"```shell\n(.*?)```", PAGE, re.DOTALL)
YAML = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
PLACEHOLDER = "11111111-2222-3333-4444-555555555555"
GRAPH = "00000003-0000-0000-c000-000000000000"
USER_READ = {"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}
NAME = "Mail gateway"
# The result of each tool: properties, the number of client secrets, and whether there is a service principal.
MADE_BY: dict[str, tuple[dict[str, t.Any], int, bool]] = {
    "the portal": ({"requiredResourceAccess": [{"resourceAppId": GRAPH, "resourceAccess": [USER_READ]}]}, 1, True),
    "az": ({"web": {"redirectUris": ["https://gateway.example.com"]}}, 1, False),
    "terraform": ({"notes": "terraform", "tags": ["terraform"]}, 1, True),
    "azure.azcollection": ({"signInAudience": "AzureADMyOrg"}, 3, True),
}


def post(playbooks: Playbooks, path: str, body: object) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {playbooks.tenant.operator_token()}"}
    url = f"{playbooks.server.graph}/v1.0/{path}"
    answer = requests.post(url, json=body, headers=headers, verify=playbooks.server.ca_file, timeout=30)
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    return found


def made(playbooks: Playbooks, tool: str) -> tuple[str, set[str]]:
    """The client id of an application as the tool creates it, and the key ids of its client secrets."""
    properties, secrets, with_principal = MADE_BY[tool]
    application = post(playbooks, "applications", {"displayName": NAME, **properties})
    if with_principal:
        post(playbooks, "servicePrincipals", {"appId": application["appId"]})
    path = f"applications/{application['id']}/addPassword"
    keys = {
        post(playbooks, path, {"passwordCredential": {"displayName": f"{tool} {number}"}})["keyId"]
        for number in range(secrets)
    }
    return application["appId"], keys


@pytest.mark.parametrize("tool", MADE_BY)
def test_an_application_of_another_tool_is_adopted_and_its_secrets_are_kept(playbooks: Playbooks, tool: str) -> None:
    client_id, live = made(playbooks, tool)
    before = dict(playbooks.tenant.application(appId=client_id))
    find, preview, adopt = SHELL[:3]
    found = playbooks.command(*shlex.split(find)).ok()
    assert client_id in found.output
    (playbooks.folder / "gateway.yml").write_text(YAML[0].replace(PLACEHOLDER, client_id))
    assert playbooks.command(*shlex.split(preview)).ok().writes == []
    output = playbooks.command(*shlex.split(adopt)).ok().output

    after = playbooks.tenant.application(appId=client_id)
    assert (after["uniqueName"], after["displayName"]) == ("mail-gateway", NAME)
    assert after["signInAudience"] == "AzureADMyOrg"
    assert set(before["tags"]) <= set(after["tags"])
    assert after["web"] == before["web"]
    stored = playbooks.stored("mail-gateway")
    assert {secret["keyId"] for secret in after["passwordCredentials"]} == {*live, stored["key_id"]}
    assert len(playbooks.tenant.service_principals(client_id)) == 1
    assert playbooks.command(*shlex.split(adopt)).ok().writes == []

    removals = re.findall(r"ansible localhost -m email_gateway\S+ -a 'state=absent [^']*'", output)
    assert len(removals) == len(live)
    for command in removals:
        playbooks.command(*shlex.split(command)).ok()
    secrets_of_application = playbooks.tenant.application(appId=client_id)["passwordCredentials"]
    assert [secret["keyId"] for secret in secrets_of_application] == [stored["key_id"]]


def test_the_role_can_manage_only_the_client_secret_of_an_application_of_terraform(playbooks: Playbooks) -> None:
    client_id, live = made(playbooks, "terraform")
    before = dict(playbooks.tenant.application(appId=client_id))
    store = playbooks.folder / "mail-gateway.vault.yml"
    text = YAML[1].replace(PLACEHOLDER, client_id).replace("/srv/automation/mail-gateway.vault.yml", str(store))
    play = {"hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(text)}
    run = playbooks.run([play]).ok()
    assert [entry.path.rsplit("/", 1)[-1] for entry in run.writes] == ["addPassword"]
    assert playbooks.run([play]).ok().writes == []
    after = playbooks.tenant.application(appId=client_id)
    assert {secret["keyId"] for secret in after["passwordCredentials"]} > live
    ours = {"passwordCredentials"}
    assert {k: v for k, v in after.items() if k not in ours} == {k: v for k, v in before.items() if k not in ours}
