# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of the README, unchanged and in order, in an empty folder."""

from __future__ import annotations

import re
import sys

import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

README = (REPOSITORY / "README.md").read_text()
BLOCKS = re.findall(r"```shell\n(.*?)```", README, re.DOTALL)
COLUMNS = 132
# The Azure CLI of a user who has signed in with it, whose token is that of the emulator's operator.
AZ = """#!{python}
import json, os, sys, requests
if sys.argv[1:] == ["login", "--allow-no-subscriptions"]:
    open("signed-in", "w").close()
elif sys.argv[1:3] == ["account", "get-access-token"] and os.path.exists("signed-in"):
    resource = sys.argv[sys.argv.index("--resource") + 1]
    form = {{"grant_type": "client_credentials", "client_id": {client_id!r}, "client_secret": {secret!r},
             "scope": resource.rstrip("/") + "/.default"}}
    answer = requests.post({token_url!r}, data=form, timeout=30).json()
    print(json.dumps({{"accessToken": answer["access_token"], "expires_on": 4102444800, "tenant": {tenant!r}}}))
else:
    sys.exit("ERROR: Please run 'az login' to setup account.")
"""


def test_the_commands_result_in_the_three_values(playbooks: Playbooks) -> None:
    server = playbooks.server
    programs = playbooks.folder / "programs"
    programs.mkdir()
    az = programs / "az"
    az.write_text(
        AZ.format(
            python=sys.executable,
            client_id=server.client_id,
            secret=server.client_secret,
            token_url=f"{server.authority}/{server.tenant_id}/oauth2/v2.0/token",
            tenant=server.tenant_id,
        )
    )
    az.chmod(0o755)
    password = playbooks.folder / "vault-password"
    password.unlink()
    playbooks.own |= {az, password}
    signed_in_elsewhere = ("AZURE_TENANT", "AZURE_CLIENT_ID", "AZURE_SECRET", "ANSIBLE_VAULT_PASSWORD_FILE")
    environ = {
        **dict.fromkeys(signed_in_elsewhere),
        "PATH": f"{programs}:{playbooks.environ['PATH']}",
    }
    start = next(number for number, block in enumerate(BLOCKS) if "az login" in block)
    sign_in, run, show = BLOCKS[start:]
    preview, register = run.splitlines()
    runs = {}
    for step, script in {"preview": preview, "register": register, "again": register, "show": show}.items():
        # One shell for each step, to see the writes of each of them; the password is created once.
        first = sign_in if step == "preview" else sign_in.partition("\n")[2]
        runs[step] = playbooks.command("bash", "-e", "-c", f"{first}{script}", environ=environ).ok()
    assert password.stat().st_mode & 0o777 == 0o600
    assert runs["preview"].writes == []
    assert "changed=0 " not in runs["preview"].output
    assert runs["register"].writes
    assert runs["again"].writes == []
    assert "changed=0 " in runs["again"].output
    (application,) = playbooks.tenant.applications
    credential = yaml.safe_load(runs["show"].output)["gateway_app_credential"]
    assert (credential["tenant_id"], credential["client_id"]) == (server.tenant_id, application["appId"])
    signed_in = playbooks.tenant.ok(
        "azure_app_token_info", **{name: credential[name] for name in ("tenant_id", "client_id", "client_secret")}
    )
    assert set(signed_in["roles"]) == {"Group.Read.All", "GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All"}
    playbooks.outputs[:] = [output for output in playbooks.outputs if output != runs["show"].output]


def test_the_other_commands_use_existing_names() -> None:
    clone, install = BLOCKS[:2]
    (target,) = re.findall(r"^make ([a-z-]+)$", clone, re.MULTILINE)
    assert re.search(rf"^{target}:", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    galaxy = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text())
    assert f"git clone {galaxy['repository']} " in clone
    name = f"{galaxy['namespace']}.{galaxy['name']}"
    assert f"ansible-galaxy collection install {name}\n" in install
    (requirements,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert yaml.safe_load(requirements) == {"collections": [{"name": name}]}
    (libraries,) = re.findall(r"pip install (.*)\n", install)
    needed = re.findall(r"^([a-z]+)", (REPOSITORY / "requirements.txt").read_text(), re.MULTILINE)
    assert sorted(libraries.split()) == sorted(needed)


def test_the_readme_has_the_sections_of_a_certified_collection() -> None:
    """https://docs.ansible.com/projects/partner-certification-requirements/readmes/"""
    sections = re.findall(r"^## (.*)$", README, re.MULTILINE)
    assert sections == [
        "Description",
        "Requirements",
        "Installation",
        "Use Cases",
        "Testing",
        "Support",
        "Release Notes",
        "Related Information",
        "License Information",
    ]
    assert len(README.split()) < 900


def test_every_link_is_a_full_address_of_an_existing_page() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not link.startswith("https://")] == []
    here = re.compile(
        r"https://(?:github.com/email-gateway/azure_apps/blob|raw.githubusercontent.com/email-gateway/azure_apps)/main/(.*)"
    )
    paths = [match[1] for match in map(here.fullmatch, links) if match]
    later: set[str] = set()
    assert [path for path in paths if path not in later and not (REPOSITORY / path).exists()] == []
