# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demonstration as a new user sees it: its result, and every command that it prints for the next steps."""

from __future__ import annotations

import json

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks

COLUMNS = 100
WITHOUT_SIGN_IN = dict.fromkeys(
    ("AZURE_TENANT", "AZURE_CLIENT_ID", "AZURE_SECRET", "AZURE_AUTHORITY_HOST", "AZURE_GRAPH_URL")
)


def lines_after(text: str, heading: str) -> list[str]:
    """The indented lines below a heading."""
    found = text.split(f"\n{heading}\n")[1].splitlines()
    return found[: next((number for number, line in enumerate(found) if not line.startswith("  ")), len(found))]


def test_each_command_that_the_demonstration_prints_works(playbooks: Playbooks) -> None:
    environ = {**WITHOUT_SIGN_IN, "REQUESTS_CA_BUNDLE": None}
    demo = "email_gateway.azure_apps.demo"
    try:
        playbooks.command("ansible-playbook", demo, "-e", "demo_keep=true", environ=environ).ok()
        folder = playbooks.folder / "build" / "demo"
        text = (folder / "table.txt").read_text()
        assert [line for line in text.splitlines() if len(line) > COLUMNS] == []
        rows = json.loads((folder / "result.json").read_text())
        for row in rows:
            assert f"{row['profile']:21}  {row['client_id']}" in text
            assert all(f"granted {permission}" in text for permission in row["permissions"])
        assert "MISSING" not in text
        names = {
            line.split("=")[0].removeprefix("export ")
            for line in (folder / "tenant.env").read_text().splitlines()
            if line.startswith("export ")
        }
        assert names == {*WITHOUT_SIGN_IN, "REQUESTS_CA_BUNDLE"}, "nothing but the sign-in and the CA"

        script = [
            *lines_after(text, "Sign in to it, from this folder:"),
            *lines_after(text, "Then try:"),
            "env > signed-in",
            *lines_after(text, "Sign out of it, and stop it:"),
            "env > signed-out",
        ]
        # The settings of the test would take precedence over those that the demonstration wrote.
        own_settings = ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_VAULT_PASSWORD_FILE", "ANSIBLE_LOCALHOST_WARNING")
        shell = {**environ, **dict.fromkeys(own_settings)}
        run = playbooks.command("bash", "-e", "-c", "\n".join(script), environ=shell).ok()
        assert "Conflict" not in run.output
        assert run.output.count("failed=0") == 2
        assert "client_secret:" in run.output, "the line that shows the credential"
        assert (folder / "gateway_app" / "report.html").is_file()
        assert "\nAZURE_TENANT=" in (folder / "signed-in").read_text()
        assert not names & {line.split("=")[0] for line in (playbooks.folder / "signed-out").read_text().splitlines()}
    finally:
        stopped = {
            "graph_emulator_state": "stopped",
            "graph_emulator_directory": str(playbooks.folder / "build/demo/emulator"),
        }
        playbooks.run(
            [
                {
                    "hosts": "localhost",
                    "gather_facts": False,
                    "vars": stopped,
                    "roles": ["email_gateway.azure_apps.graph_emulator"],
                }
            ]
        ).ok()
