# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person signs in with a code while ansible-playbook waits, and the following plays run as this person."""

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.device_code import AZURE_CLI
from ansible_collections.email_gateway.azure_apps.tests.playbooks.device_code_user import (
    WITHOUT_SIGN_IN,
    DeviceCodeUser,
)
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks

PREFIX = "email_gateway.azure_apps"


def test_a_person_can_sign_in_and_register_in_one_run(playbooks: Playbooks) -> None:
    person = DeviceCodeUser(playbooks)
    run = playbooks.command(
        "ansible-playbook", f"{PREFIX}.login", f"{PREFIX}.register", "-e", "gateway_app_profile=outbound_smtp",
        environ=WITHOUT_SIGN_IN, started=person.signs_in,
    ).ok()  # fmt: skip
    shown = person.read + run.output
    assert f"{playbooks.tenant.mailbox('adele')} is signed in to the tenant {playbooks.server.tenant_id}" in shown
    (application,) = playbooks.tenant.applications
    assert {entry.client_id for entry in run.writes} == {AZURE_CLI}
    answered = [entry for entry in run.requests if entry.path.endswith("/oauth2/v2.0/token")]
    assert [entry.status for entry in answered if entry.client_id == AZURE_CLI] == [200]
    assert {entry.client_id for entry in answered} <= {None, AZURE_CLI, application["appId"]}


def test_a_login_with_import_playbook_works_in_check_mode_and_with_all_logging(loud: Playbooks) -> None:
    loud.tenant.approve_device_codes()
    info = {f"{PREFIX}.azure_app_registration_info": {"unique_name": "unregistered"}}
    plays = [
        {"import_playbook": f"{PREFIX}.login"},
        {"hosts": "localhost", "gather_facts": False, "tasks": [info]},
        {"import_playbook": f"{PREFIX}.login"},
    ]
    run = loud.run(plays, "--check", environ=WITHOUT_SIGN_IN).ok()
    assert {entry.client_id for entry in run.requests if entry.is_graph} == {AZURE_CLI}
    assert sum(entry.path.endswith("/devicecode") for entry in run.requests) == 1
    assert "changed=0 " in run.output
    assert [secret for secret in loud.issued.secrets if secret.startswith("1.")], "refresh tokens are searched for"
