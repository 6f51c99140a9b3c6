# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the playbook awx_setup for a test."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.stores.awx import Awx
from ansible_collections.email_gateway.azure_apps.tests.unit.awx_plans import EXAMPLE, OBJECTS
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

NAME = "Mail gateways"
PROJECT = REPOSITORY / "docs" / "examples" / "awx_project"
MORE: dict[str, t.Any] = {"awx_setup_notification_webhook": "https://chat.example.com/hook"}


def set_up(playbooks: Playbooks, *arguments: str, environ: t.Any = None, **variables: t.Any) -> Run:
    """With the example of the documentation, and more variables."""
    (playbooks.folder / "awx.yml").write_text(EXAMPLE)
    given = ("-e", "@awx.yml", "-e", json.dumps({**MORE, **variables}))
    return playbooks.command(
        "ansible-playbook", "email_gateway.azure_apps.awx_setup", *given, *arguments, environ=environ
    )


def add_credentials(awx: Awx) -> None:
    """Credentials of the operator and the consenter, of the types that the playbook creates, with other injectors."""
    made = OBJECTS["credential_types"]
    for key, (name, kind) in enumerate((("Operator", "operator"), ("Consent", "consent")), start=8):
        (found,) = [entry for entry in made if entry["name"] == f"Entra {kind} (client secret)"]
        rows = [row for row in awx.objects.rows("credential_types") if row["name"] == found["name"]]
        row = rows[0] if rows else awx.objects.add("credential_types", **{**found, "kind": "cloud", "injectors": {}})
        awx.credentials[key] = {"id": key, "name": name, "credential_type": row["id"], "organization": 1, "inputs": {}}


def launch(awx: Awx, kind: str, name: str, **answers: t.Any) -> tuple[int, t.Any]:
    """The response of AWX to a launch with only these answers."""
    key = awx.objects.named(kind, name)["id"]
    return awx.objects.answer("POST", [kind, str(key), "launch"], "", {"extra_vars": answers} if answers else {})
