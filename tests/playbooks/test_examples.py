# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the documentation are run unchanged."""

from __future__ import annotations

import importlib
import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from graph_emulator.directory.seed import OPERATOR_ROLES

MODULES = sorted(path.stem for path in (REPOSITORY / "plugins" / "modules").glob("azure_*.py"))
PREFIX = "email_gateway.azure_apps"

PACKAGE = "ansible_collections.email_gateway.azure_apps.plugins.modules"

# What the examples need: a registration with admin consent, and a credential.
BEFORE: list[dict[str, t.Any]] = [
    {
        "email_gateway.azure_apps.azure_app_registration": {
            "display_name": "Mail gateway",
            "unique_name": "mail-gateway",
            "tags": ["mail-gateway"],
        },
        "register": "registration",
    },
    {
        "email_gateway.azure_apps.azure_app_graph_permissions": {
            "unique_name": "mail-gateway",
            "application_permissions": ["Mail.ReadWrite"],
        }
    },
    {"email_gateway.azure_apps.azure_admin_consent": {"unique_name": "mail-gateway"}},
    {
        "email_gateway.azure_apps.azure_app_secret": {"unique_name": "mail-gateway", "description": "before"},
        "register": "secret",
    },
    {
        "email_gateway.azure_apps.azure_app_certificate": {
            "unique_name": "mail-gateway",
            "description": "before",
            "path": "{{ playbook_dir }}/mail-gateway.pem",
        }
    },
    {
        "ansible.builtin.set_fact": {
            "mail_gateway": {
                "tenant_id": "{{ registration.tenant_id }}",
                "client_id": "{{ registration.client_id }}",
                "client_secret": "{{ secret.client_secret }}",
            }
        },
        "no_log": True,
    },
]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_work(playbooks: Playbooks, module: str) -> None:
    text = importlib.import_module(f"{PACKAGE}.{module}").EXAMPLES
    # Addresses that must be in every task, and cannot be those of the emulator.
    text = text.replace("https://mail-gateways.vault.azure.net", playbooks.server.key_vault)
    text = text.replace("gateway-mailboxes@example.com", f"gatewaymailboxes@{playbooks.server.domain}")
    examples = yaml.safe_load(text)
    assert any(f"email_gateway.azure_apps.{module}" in task for task in examples)
    (playbooks.folder / "our_gateway.yml").write_text("gateway_app_profile_content: {permissions: []}")
    (playbooks.folder / "mail-gateway.crt").write_text(Pair.new(days=90).for_msal()["public_certificate"])
    server = playbooks.server
    playbooks.tenant.approve_device_codes()
    # A folder that does not exist on this machine.
    examples = yaml.safe_load(yaml.safe_dump(examples).replace("/srv/automation", str(playbooks.folder)))
    # The examples do not name a server, and do not create what they find missing.
    defaults = {
        f"{PREFIX}.azure_smtp_oauth_info": {"smtp_host": server.smtp_host, "smtp_port": server.smtp_port},
        f"group/{PREFIX}.all": {"wait_timeout": 15},
    }
    play = {"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, "tasks": [*BEFORE, *examples]}
    environ = None
    if module == "azure_app_mailbox_scope":
        client_id, secret = server.add_operator([*OPERATOR_ROLES, "RoleManagement.ReadWrite.Exchange"])
        environ = {"AZURE_CLIENT_ID": client_id, "AZURE_SECRET": secret}
    playbooks.run([play], environ=environ).ok()
    codes = {session.body["code"] for session in server.smtp_sessions()}
    assert codes == ({"535 5.7.3"} if module == "azure_smtp_oauth_info" else set())


def test_the_example_of_the_roles_readme_works(playbooks: Playbooks) -> None:
    text = (REPOSITORY / "roles/gateway_app/README.md").read_text()
    first, second = (block.split("```")[0] for block in text.split("```yaml\n")[1:3])
    then = {"hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(second)}
    run = playbooks.run([*yaml.safe_load(first), then], show=["gateway_app_credential.client_id"]).ok()
    assert run.results["gateway_app_credential.client_id"] == playbooks.tenant.applications[0]["appId"]


def test_the_profile_of_the_page_on_profiles_is_accepted(playbooks: Playbooks) -> None:
    text = (REPOSITORY / "docs/profiles.md").read_text()
    content, variables = (block.split("```")[0] for block in text.split("```yaml\n")[1:3])
    path = playbooks.folder / "our_gateway.yml"
    path.write_text(content)
    given = {**yaml.safe_load(variables), "gateway_app_profile_file": str(path)}
    result = playbooks.register(**given).ok().results["gateway_app_result"]
    assert result["roles"] == ["SMTP.SendAsApp"]
    assert result["permissions"] == ["Mail.ReadWrite", "SMTP.SendAsApp", "User.Read.All"]


def test_the_playbook_can_be_run_by_its_full_name(playbooks: Playbooks) -> None:
    run = playbooks.command(
        "ansible-playbook", "email_gateway.azure_apps.register", "-e", "gateway_app_profile=outbound_microsoft365"
    ).ok()
    assert "by a token with" in run.output
    assert len(list((playbooks.folder / "gateway_app").glob("*.vault.yml"))) == 1
