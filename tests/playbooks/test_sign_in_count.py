# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The number of sign-ins of the operator, counted by the emulator."""

from __future__ import annotations

import collections
import json
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks

PREFIX = "email_gateway.azure_apps"


def test_a_run_signs_in_once_for_each_identity_and_resource(playbooks: Playbooks) -> None:
    """Two playbooks, two parallel hosts, the loops of the role, a key vault and Graph."""
    inventory = playbooks.folder / "inventory.yml"
    hosts: dict[str, t.Any] = {"gateway-vienna.example.com": {}, "gateway-graz.example.com": {}}
    variables: dict[str, t.Any] = {
        "gateway_app_hosts": "mail_gateways",
        "gateway_app_profile": "outbound_microsoft365",
        "gateway_app_display_name": "Gateway {{ inventory_hostname_short }}",
        "gateway_app_unique_name": "{{ inventory_hostname_short }}",
        "gateway_app_stores": [
            {
                "type": "azure_key_vault",
                "vault_url": playbooks.server.key_vault,
                "name": "{{ inventory_hostname_short }}",
            },
        ],
        "gateway_app_wait_timeout": 60,
    }
    inventory.write_text(json.dumps({"mail_gateways": {"hosts": hosts}}))
    names = [f"{PREFIX}.{name}" for name in ("register", "rotate")]
    arguments = ("-i", str(inventory), "--forks", "4", "-e", json.dumps(variables))
    run = playbooks.command("ansible-playbook", *names, *arguments).ok()
    tokens = [entry for entry in run.requests if entry.path.endswith("/oauth2/v2.0/token")]
    operator = playbooks.server.client_id
    asked = collections.Counter(entry.body["scope"] for entry in tokens if entry.body["client_id"] == operator)
    (graph,) = [scope for scope in asked if scope.startswith(playbooks.server.graph)]
    assert asked.pop(graph) == 1
    assert list(asked.values()) == [1], f"the key vault: {asked}"
    gateways = {application["appId"] for application in playbooks.tenant.applications}
    assert len(gateways) == 2
    assert {entry.body["client_id"] for entry in tokens} == {operator, *gateways}, "the others are verifications"
    assert run.output.count("PLAY [") == 2, "both playbooks ran"
