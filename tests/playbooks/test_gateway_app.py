# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role, run as by a user."""

from __future__ import annotations

import stat
import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks

ROLE = "email_gateway.azure_apps.gateway_app"
OF_THE_GUIDE = ["Group.Read.All", "GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All"]  # outbound_microsoft365
GROUP_READ_ALL = "5b567255-7703-4780-807c-7be8301ae99b"  # Microsoft Graph permissions reference


def test_the_first_run_registers_and_verifies_and_the_second_changes_nothing(playbooks: Playbooks) -> None:
    first = playbooks.register().ok()
    result = first.results["gateway_app_result"]
    application = playbooks.tenant.application(uniqueName="gateway")
    assert result["changed"] is True
    assert result["proven"] is True
    assert result["client_id"] == application["appId"]
    assert result["roles"] == OF_THE_GUIDE
    assert result["missing_roles"] == []
    assert len(application["passwordCredentials"]) == 1
    assert result["key_id"] == application["passwordCredentials"][0]["keyId"]
    assert len(first.requests) <= 20, [entry.path for entry in first.requests]

    second = playbooks.register().ok()
    assert second.writes == []
    assert "changed=0 " in second.output
    assert len(second.requests) <= 9, [entry.path for entry in second.requests]
    again = second.results["gateway_app_result"]
    unchanged = {"changed": False, "credential_changed": False, "credential_stored": False}
    assert again == {**result, **unchanged, "secret_days_left": again["secret_days_left"]}


def test_the_store_is_encrypted_and_private_and_contains_what_the_gateway_needs(playbooks: Playbooks) -> None:
    result = playbooks.register().ok().results["gateway_app_result"]
    assert playbooks.store.read_text().startswith("$ANSIBLE_VAULT;")
    assert stat.S_IMODE(playbooks.store.stat().st_mode) == 0o600
    stored = playbooks.stored()
    assert result["stores"] == [
        {"type": "ansible_vault", "path": str(playbooks.store), "variable": "gateway_app_credential"}
    ]
    assert stored["client_id"] == result["client_id"]
    assert stored["tenant_id"] == result["tenant_id"]
    assert stored["key_id"] == result["key_id"]
    secret_in_tenant = playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"][0]
    assert stored["client_secret"].startswith(secret_in_tenant["hint"])
    assert "client_secret" not in result


def test_a_later_play_reads_the_secret_by_reference(playbooks: Playbooks) -> None:
    playbooks.register().ok()
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {"ansible.builtin.include_vars": {"file": str(playbooks.store)}, "no_log": True},
            {
                "email_gateway.azure_apps.azure_app_token_info": {
                    "tenant_id": "{{ gateway_app_credential.tenant_id }}",
                    "client_id": "{{ gateway_app_credential.client_id }}",
                    "client_secret": "{{ gateway_app_credential.client_secret }}",
                },
                "register": "proof",
            },
        ],
    }
    assert playbooks.run([play], show=["proof"]).ok().results["proof"]["proven"] is True


def _tampered(playbooks: Playbooks, **changes: str) -> None:
    """The store was edited by hand."""
    credential = {**playbooks.stored(), **changes}
    plain = playbooks.folder / "edited.yml"
    plain.write_text(yaml.safe_dump({"gateway_app_credential": credential}))
    playbooks.command("ansible-vault", "encrypt", "--output", str(playbooks.store), str(plain)).ok()
    plain.unlink()


@pytest.mark.parametrize(
    "changes",
    [
        {"key_id": "11111111-1111-1111-1111-111111111111"},
        {"key_id": "hello"},
    ],
    ids=["key_id", "no_key_id"],
)
def test_a_stored_key_id_that_does_not_fit_leads_to_a_new_secret(playbooks: Playbooks, changes: dict[str, str]) -> None:
    playbooks.register().ok()
    _tampered(playbooks, **changes)
    # A fresh secret is not considered wrong: replicas may not know it yet.
    playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"][0]["startDateTime"] = (
        "2026-01-01T00:00:00Z"
    )
    result = playbooks.register().ok().results["gateway_app_result"]
    assert result["changed"] is True
    assert result["proven"] is True
    assert playbooks.stored()["key_id"] == result["key_id"]
    assert len(playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]) == 2, "the old one is kept"


def test_a_lost_store_leads_to_a_new_secret(playbooks: Playbooks) -> None:
    old = playbooks.register().ok().results["gateway_app_result"]["key_id"]
    playbooks.store.unlink()
    result = playbooks.register().ok().results["gateway_app_result"]
    assert result["key_id"] != old
    assert playbooks.stored()["key_id"] == result["key_id"]


def test_a_secret_that_was_removed_by_hand_is_replaced(playbooks: Playbooks) -> None:
    playbooks.register().ok()
    _tampered(playbooks, secret_start="2026-01-01T00:00:00Z")  # a newer one might only not be visible yet
    playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"].clear()
    result = playbooks.register().ok().results["gateway_app_result"]
    assert result["proven"] is True
    assert [c["keyId"] for c in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]] == [
        result["key_id"]
    ]


def test_check_mode_writes_nothing_before_and_after_the_first_run(playbooks: Playbooks) -> None:
    before = playbooks.register("--check", "--diff").ok()
    assert before.writes == []
    assert not playbooks.store.exists()
    assert "Mail.ReadWrite" in before.output
    playbooks.register().ok()
    after = playbooks.register("--check", "--diff").ok()
    assert after.writes == []
    assert "changed=0 " in after.output


def test_check_mode_shows_drift_by_name(playbooks: Playbooks) -> None:
    playbooks.register().ok()
    application = playbooks.tenant.application(uniqueName="gateway")
    declared = application["requiredResourceAccess"][0]["resourceAccess"]
    declared.remove(next(access for access in declared if access["id"] == GROUP_READ_ALL))
    run = playbooks.register("--check", "--diff").ok()
    assert run.writes == []
    assert '+            "Group.Read.All",' in run.output
    assert "changed=1 " in run.output


@pytest.mark.parametrize("consent", ["url", "none"])
def test_without_admin_consent_only_the_secret_is_verified(playbooks: Playbooks, consent: str) -> None:
    run = playbooks.register(gateway_app_consent=consent).ok()
    result = run.results["gateway_app_result"]
    assignments = playbooks.server.tenant.directory.assignments.values()
    assert [a for a in assignments if a["principalDisplayName"] == "Gateway"] == []
    assert result["proven"] is False
    assert result["missing_roles"] == OF_THE_GUIDE
    assert result["consent_url"].endswith(f"/adminconsent?client_id={result['client_id']}")
    assert ("An administrator has to grant admin consent: https" in run.output) == (consent == "url")


def test_user_read_is_only_added_on_request_and_never_removed(playbooks: Playbooks) -> None:
    playbooks.register().ok()
    application = playbooks.tenant.application(uniqueName="gateway")

    def scopes() -> int:
        return sum(a["type"] == "Scope" for r in application["requiredResourceAccess"] for a in r["resourceAccess"])

    assert scopes() == 0
    playbooks.register(gateway_app_add_user_read=True).ok()
    assert scopes() == 1
    assert playbooks.register().ok().writes == []
    assert scopes() == 1


def test_a_profile_of_the_user_is_applied(playbooks: Playbooks) -> None:
    permissions = [
        {"resource": "microsoft_graph", "application": ["Mail.Send"], "delegated": ["User.Read"]},
        {"resource": "exchange_online", "application": ["SMTP.SendAsApp"]},
    ]
    profile = {"gateway_app_profile_content": {"permissions": permissions}}
    path = playbooks.folder / "mine.yml"
    path.write_text(yaml.safe_dump(profile))
    variables: dict[str, t.Any] = {"gateway_app_profile": "mine", "gateway_app_profile_file": str(path)}
    result = playbooks.register(**variables).ok().results["gateway_app_result"]
    assert result["roles"] == ["Mail.Send"]
    assert result["permissions"] == ["Mail.Send", "SMTP.SendAsApp"]
    assert playbooks.register(**variables).ok().writes == []


def test_an_unwritable_store_is_reported_before_the_first_write(playbooks: Playbooks) -> None:
    (playbooks.folder / "gateway_app").write_text("a file, not a directory")
    run = playbooks.register().failed("is not a directory", "Choose another path")
    assert run.writes == []
    assert playbooks.tenant.applications == []


def test_a_missing_vault_password_is_reported_before_the_first_write(playbooks: Playbooks) -> None:
    run = playbooks.register(environ={"ANSIBLE_VAULT_PASSWORD_FILE": None})
    run.failed("There is no vault password", "--vault-id")
    assert run.writes == []


def test_a_failing_write_to_the_store_leaves_no_secret_behind(playbooks: Playbooks) -> None:
    """The directory is removed during the run: the new secret is removed again, and the next run starts clean."""
    playbooks.register().ok()
    application = playbooks.tenant.application(uniqueName="gateway")
    before = [credential["keyId"] for credential in application["passwordCredentials"]]
    # A file name that is short enough to read and to claim, and too long for the temporary file that is written first.
    long_name = playbooks.folder / ("x" * 246)
    run = playbooks.register(gateway_app_store_path=str(long_name))
    run.failed("could not be stored", "the stores have their previous content")
    assert any(entry.path.endswith("/addPassword") for entry in run.writes)
    assert [credential["keyId"] for credential in application["passwordCredentials"]] == before


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"gateway_app_profile": "outbound_pigeon"}, ("There is no profile 'outbound_pigeon'", "outbound_smtp")),
        ({"gateway_app_display_name": "x" * 121}, ("121 characters", "Shorten")),
        ({"gateway_app_tags": ["has blank"]}, ("tags: 'has blank'",)),
        ({"gateway_app_consent": "maybe"}, ("value of gateway_app_consent must be one of",)),
        ({"gateway_app_profile_file": "nowhere.yml"}, ("There is no file", "nowhere.yml")),
    ],
)
def test_invalid_variables_are_refused_before_the_first_write(
    playbooks: Playbooks, variables: dict[str, t.Any], words: tuple[str, ...]
) -> None:
    assert playbooks.register(**variables).failed(*words).writes == []


def test_a_wrong_operator_secret_is_reported(playbooks: Playbooks) -> None:
    run = playbooks.register(environ={"AZURE_SECRET": "this is not the secret"})
    assert run.failed("AADSTS7000215", "the secret's value, not its id").writes == []


def test_a_malformed_profile_is_refused_before_the_first_write(playbooks: Playbooks) -> None:
    """One of those in test_malformed_profiles.py."""
    path = playbooks.folder / "mine.yml"
    path.write_text("gateway_app_profile_content: {permissions: [Mail.Send]}\n")
    run = playbooks.register(gateway_app_profile="mine", gateway_app_profile_file=str(path))
    assert run.failed("mine.yml is malformed. It must contain the variable gateway_app_profile_content").writes == []


def test_check_mode_refuses_an_unknown_permission(playbooks: Playbooks) -> None:
    """Also if the application does not exist yet."""
    path = playbooks.folder / "mine.yml"
    path.write_text(
        "gateway_app_profile_content: {permissions: [{resource: microsoft_graph, application: [Mail.Sent]}]}"
    )
    run = playbooks.register("--check", gateway_app_profile="mine", gateway_app_profile_file=str(path))
    assert run.failed("has no application permission 'Mail.Sent'", "Did you mean Mail.Send").writes == []


def test_booleans_of_the_command_line_are_accepted(playbooks: Playbooks) -> None:
    arguments = ("-e", "gateway_app_add_user_read=false", "-e", "gateway_app_verify_token=false")
    run = playbooks.register(*arguments, "-e", "gateway_app_exact_permissions=no").ok()
    assert run.results["gateway_app_result"]["roles"] == [], "verify_token is false"
    declared = playbooks.tenant.application(uniqueName="gateway")["requiredResourceAccess"]
    assert {access["type"] for resource in declared for access in resource["resourceAccess"]} == {"Role"}


def test_other_variables_in_the_file_of_the_store_are_kept(playbooks: Playbooks) -> None:
    plain = playbooks.folder / "own.yml"
    plain.write_text("my_own_password: hello")
    playbooks.command("ansible-vault", "encrypt", str(plain)).ok()
    playbooks.register(gateway_app_store_path=str(plain)).ok()
    view = playbooks.command("ansible-vault", "view", str(plain)).ok().output
    assert yaml.safe_load(view).keys() == {"my_own_password", "gateway_app_credential"}


def test_the_credential_of_another_application_is_not_overwritten(playbooks: Playbooks) -> None:
    playbooks.register().ok()
    before = playbooks.store.read_bytes()
    other: dict[str, t.Any] = {"gateway_app_unique_name": "other", "gateway_app_display_name": "Other"}
    run = playbooks.register(**other, gateway_app_store_path=str(playbooks.store))
    run.failed("has the credential of another application", "Set gateway_app_store_path")
    assert playbooks.store.read_bytes() == before
    assert playbooks.tenant.application(uniqueName="other")["passwordCredentials"] == []


def test_the_default_store_depends_on_the_application(playbooks: Playbooks) -> None:
    for name in ("\u90ae\u4ef6\u7f51\u5173", "\u7f51\u5173\u4e8c", "a/../b"):
        playbooks.register(gateway_app_display_name=name, gateway_app_unique_name="").ok()
    assert len(list((playbooks.folder / "gateway_app").glob("*.vault.yml"))) == 3


def test_check_mode_predicts_repairs(playbooks: Playbooks) -> None:
    made = playbooks.register().ok().results["gateway_app_result"]
    assert "gateway_app_result" in playbooks.register("--check").ok().results, "later plays use it in check mode too"
    del playbooks.server.tenant.directory.service_principals[made["service_principal_object_id"]]
    assert playbooks.register("--check").ok().writes == []
    playbooks.tenant.ok("azure_app_registration", unique_name="gateway", state="absent")
    assert playbooks.register("--check").ok().writes == []


def test_an_application_that_was_created_by_hand_is_adopted(playbooks: Playbooks) -> None:
    by_hand = playbooks.tenant.register(display_name="Gateway")
    playbooks.tenant.application(uniqueName="gateway")["uniqueName"] = None
    playbooks.register().failed("already has the display name", "To adopt it, set gateway_app_client_id")
    result = playbooks.register(gateway_app_client_id=by_hand["client_id"]).ok().results["gateway_app_result"]
    assert result["client_id"] == by_hand["client_id"]
    assert playbooks.register().ok().writes == []
