# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An administrator creates the operator, which can then do its work with only the content of the store."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import RIGHTS, STEPS, smallest
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.device_code import AZURE_CLI
from ansible_collections.email_gateway.azure_apps.tests.playbooks.device_code_user import (
    WITHOUT_SIGN_IN,
    DeviceCodeUser,
)
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

BOOTSTRAP = ("ansible-playbook", "email_gateway.azure_apps.bootstrap")
REGISTERING = [
    "look_up", "register", "declare_permissions", "client_secret", "certificate", "federated_credential", "retire",
    "purge", "restore",
]  # fmt: skip
CONSENTING = ["consent_application", "consent_application_elsewhere", "withdraw_consent"]
STEPS_OF = {
    "bootstrap_operator": [*REGISTERING, *CONSENTING],
    "bootstrap_registrar": REGISTERING,
    "bootstrap_consenter": CONSENTING,
    "bootstrap_mailboxes": [step for step in STEPS if step.startswith("mailbox_scope")],
}


@pytest.mark.parametrize("profile", STEPS_OF)
def test_the_operators_have_the_least_permissions_of_their_steps(profile: str) -> None:
    content = yaml.safe_load((REPOSITORY / f"playbooks/vars/{profile}.yml").read_text())["gateway_app_profile_content"]
    (entry,) = content["permissions"]
    rights = dict.fromkeys(right for step in STEPS_OF[profile] for right in STEPS[step].rights)
    least = smallest([RIGHTS[right].all_alternatives for right in rights])[0]
    assert (entry["resource"], sorted(entry["application"])) == ("microsoft_graph", sorted(least))


def _stored(playbooks: Playbooks, unique_name: str) -> dict[str, str]:
    """The environment of a user who signs in with the credential that bootstrap stored."""
    record = playbooks.stored(unique_name)
    playbooks.tenant.also_operates(record["client_id"])
    return {"AZURE_CLIENT_ID": record["client_id"], "AZURE_SECRET": record["client_secret"]}


def _access(playbooks: Playbooks, environ: dict[str, str], *playbook: str) -> Run:
    given = yaml.safe_dump({"gateway_app_profile": "outbound_smtp", "gateway_app_check_access_for": list(playbook)})
    file = playbooks.folder / "access.yml"
    file.write_text(given)
    command = ("ansible-playbook", "email_gateway.azure_apps.check_access", "-e", f"@{file}")
    return playbooks.command(*command, environ=environ)


def test_the_operator_has_all_rights_for_its_steps(playbooks: Playbooks) -> None:
    administrator = DeviceCodeUser(playbooks)
    by_a_person = (BOOTSTRAP[0], "email_gateway.azure_apps.login", BOOTSTRAP[1])
    made = playbooks.command(*by_a_person, environ=WITHOUT_SIGN_IN, started=administrator.signs_in).ok()
    assert {entry.client_id for entry in made.writes} == {AZURE_CLI}
    again = playbooks.command(*BOOTSTRAP).ok()
    assert (again.writes, "changed=0 " in again.output) == ([], True)
    environ = _stored(playbooks, "mail-gateway-operator")
    _access(playbooks, environ, "register", "rotate", "verify", "report", "retire").ok()
    first = playbooks.register(environ=environ).ok().results["gateway_app_result"]
    assert first["proven"] is True
    second = playbooks.register(environ=environ, entry="rotate", gateway_app_rotate_now=True).ok()
    assert second.results["gateway_app_result"]["key_id"] != first["key_id"]
    confirmed: dict[str, t.Any] = {"gateway_app_retire_confirmed": "gateway", "gateway_app_retire_purge": True}
    run = playbooks.register(environ=environ, entry="retire", **confirmed).ok()
    assert playbooks.tenant.applications == []
    assert {entry.client_id for entry in run.writes} == {environ["AZURE_CLIENT_ID"]}


def test_separate_operators_have_only_their_own_rights(playbooks: Playbooks) -> None:
    """Also if one operator had both duties before."""
    playbooks.command(*BOOTSTRAP).ok()
    run = playbooks.command(*BOOTSTRAP, "-e", "bootstrap_separate_consent=true").ok()
    assert "Mail gateway consent" in run.output
    operator = _stored(playbooks, "mail-gateway-operator")
    consenter = _stored(playbooks, "mail-gateway-consent")
    tenant, everyone = playbooks.tenant, playbooks.tenant.environ

    def as_one(environ: dict[str, str], module: str, **options: t.Any) -> Json:
        tenant.environ = {**everyone, **environ}
        return tenant.run(module, unique_name="gateway", **options)

    for environ, steps in ((operator, REGISTERING), (consenter, CONSENTING)):
        verdicts = as_one(environ, "azure_operator_access_info")["steps"]
        # The token from before is not available any more, so that this is a new sign-in.
        possible = {verdict["step"] for verdict in verdicts if verdict["possible"]}
        own = {step for step in possible if step not in ("prove", "look_up")}
        assert own == set(steps) - {"look_up"}
    made = as_one(operator, "azure_app_registration", display_name="Gateway")
    assert not made.get("failed"), made
    declared = as_one(operator, "azure_app_graph_permissions", application_permissions=["Mail.ReadWrite"])
    assert not declared.get("failed"), declared
    refused = as_one(operator, "azure_admin_consent")
    assert refused["error"]["status"] == 403
    granted = as_one(consenter, "azure_admin_consent")
    assert not granted.get("failed"), granted
    for module, options in (
        ("azure_app_registration", {"display_name": "Another name"}),
        ("azure_app_secret", {"description": "d"}),
        ("azure_app_graph_permissions", {"application_permissions": ["Mail.Send"]}),
    ):
        assert as_one(consenter, module, **options)["error"]["status"] == 403, module
    withdrawn = as_one(consenter, "azure_admin_consent", state="absent")
    assert not withdrawn.get("failed"), withdrawn


def test_the_operator_can_sign_in_with_a_certificate(playbooks: Playbooks) -> None:
    playbooks.command(*BOOTSTRAP, "-e", "bootstrap_credential_type=certificate").ok()
    record = playbooks.stored("mail-gateway-operator")
    assert "client_secret" not in record
    tenant = playbooks.tenant
    tenant.environ = {
        **{name: value for name, value in tenant.environ.items() if name != "AZURE_SECRET"},
        "AZURE_CLIENT_ID": record["client_id"],
        "AZURE_CLIENT_CERTIFICATE_PATH": record["certificate_path"],
    }
    access = tenant.ok("azure_operator_access_info", steps=["register", "consent_application", "withdraw_consent"])
    assert access["sufficient"] is True
    assert access["identity"]["client_id"] == record["client_id"]
