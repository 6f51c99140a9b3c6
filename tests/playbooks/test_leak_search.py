# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fixture `playbooks` finds secrets that are planted in a user's folder, in output and in processes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from graph_emulator.directory import seed


@pytest.mark.parametrize("place", ["file", "deep/in/home/file", "name", "link", "output"])
def test_the_fixture_searches_every_place(playbooks: Playbooks, place: str) -> None:
    secret = seed.new_secret()
    playbooks.issued.add(secret)
    planted = playbooks.folder / place
    if place == "output":
        playbooks.outputs.append(f"output {secret}")
    elif place == "name":
        planted = playbooks.folder / secret
        planted.write_text("")
    elif place == "link":
        planted.symlink_to(f"/nowhere/{secret}")
    else:
        planted.parent.mkdir(parents=True, exist_ok=True)
        planted.write_text(secret)
    assert [hit.secret for hit in playbooks.leaks()] == [secret]
    assert secret not in str(playbooks.leaks()[0])
    if place == "output":
        playbooks.outputs.clear()
    else:
        planted.unlink()


# A run whose child process has a secret, at a request. The child waits for the end of its input.
ASKS_THE_TENANT = """
import subprocess, sys, ssl, urllib.error, urllib.request
url, ca_file, place, file = sys.argv[1:]
secret = open(file).read()
command = ["sh", "-c", "read line", *([secret] if place == "command line" else [])]
environ = {"NAME": secret} if place == "environment" else {}
with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE):
    try:
        urllib.request.urlopen(url, context=ssl.create_default_context(cafile=ca_file))
    except urllib.error.HTTPError:
        pass
"""


@pytest.mark.parametrize("place", ["command line", "environment"])
def test_a_secret_in_the_process_list_is_found(playbooks: Playbooks, place: str) -> None:
    if not playbooks.processes.available:
        pytest.skip("no /proc on this system")
    secret = seed.new_secret()
    playbooks.issued.add(secret)
    file = playbooks.folder / "secret"
    file.write_text(secret)
    playbooks.own.add(file)
    server = playbooks.server
    arguments = (f"{server.graph}/v1.0/", str(server.ca_file), place, str(file))
    signed_out = dict.fromkeys(playbooks.tenant.environ)
    playbooks.command(sys.executable, "-c", ASKS_THE_TENANT, *arguments, environ=signed_out).ok()
    (hit,) = playbooks.leaks()
    assert hit.secret == secret
    assert hit.place.startswith(place)
    playbooks.processes.command_lines.clear()
    playbooks.processes.environments.clear()


def test_secrets_in_all_requests_and_responses_are_known(playbooks: Playbooks) -> None:
    """Also if the response was lost, and secrets in requests."""
    before = set(playbooks.issued.secrets)
    playbooks.tenant.register()
    playbooks.server.faults.add(path="/addPassword$", close_after=True)
    value = playbooks.tenant.ok("azure_app_secret", unique_name="gateway", description="s")["client_secret"]
    new = playbooks.issued.secrets - before
    assert value in new
    assert len([secret for secret in new if secret.startswith("ey")]) == 2, "a sign-in for each task"
    assert len(new) == 4, "the secret that was lost, and the one that was made instead"


def test_the_raw_content_of_a_store_is_searched(playbooks: Playbooks, tmp_path: Path) -> None:
    """The encrypted file is accepted; the same content in clear text is not."""
    playbooks.register().ok()
    value = playbooks.stored()["client_secret"]
    assert playbooks.leaks() == []
    clear = tmp_path / "clear.yml"
    clear.write_text(json.dumps(playbooks.stored()))
    assert {hit.secret for hit in playbooks.leaks()} == {value}
    clear.unlink()
