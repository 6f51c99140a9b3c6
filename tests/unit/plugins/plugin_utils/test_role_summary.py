# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last lines of a run, for each kind of credential, store and entry point."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.filter import gateway_app_result
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.summary import WIDTH, role_summary
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import STORE_TYPES

Json = dict[str, t.Any]
MEMBERS = yaml.safe_load(gateway_app_result.RETURN)["_value"]["contains"]
VAULT: Json = {"type": "ansible_vault", "path": "/srv/our gateway.vault.yml", "variable": "gateway_app_credential"}
REFERENCES: dict[str, tuple[Json, str]] = {
    "ansible_vault": (VAULT, "ansible-vault view '/srv/our gateway.vault.yml'"),
    "sops": (
        {"type": "sops", "path": "/srv/a.sops.yml", "variable": "gateway_app_credential"},
        "sops --decrypt /srv/a.sops.yml",
    ),
    "azure_key_vault": (
        {"type": "azure_key_vault", "vault_url": "https://v.vault.azure.net", "name": "gateway"},
        "az keyvault secret show --id https://v.vault.azure.net/secrets/gateway --query value --output tsv",
    ),
    "hashi_vault": (
        {"type": "hashi_vault", "mount": "secret", "name": "gateways/vienna"},
        "vault kv get -mount=secret -field=client_secret gateways/vienna",
    ),
    "awx_credential": (
        {"type": "awx_credential", "credential_type": "Mail gateway", "name": "Vienna", "readable": False},
        "nothing: this store does not show the value again",
    ),
    "command": (
        {"type": "command", "argv": ["/srv/store"], "settings": {}, "readable": True},
        "echo eyJ2ZXJzaW9uIjogMSwgImFjdGlvbiI6ICJyZWFkIiwgInNldHRpbmdzIjoge319 | base64 --decode | /srv/store read",
    ),
}


def _result(**changes: t.Any) -> Json:
    """A steady run, with the samples of the documentation."""
    samples = {name: member.get("sample") for name, member in MEMBERS.items()}
    unchanged = {"changed": False, "credential_changed": False, "credential_stored": False}
    return {**samples, **unchanged, "after_new_secret": "", "other_credentials": [], **changes}


def _entry(lines: list[str], label: str) -> str:
    (found,) = (line for line in lines if line.startswith(f"{label}:"))
    return found.removeprefix(f"{label}:").strip()


def test_a_steady_run_ends_with_eight_lines() -> None:
    assert role_summary(_result()) == [
        "Mail gateway (outbound_smtp): nothing to change",
        "Tenant id:      3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "Client id:      b2466de6-5867-4b23-83ff-449c85f44ba1",
        "Client secret:  in /srv/automation/mail-gateway.vault.yml (ansible-vault)",
        "Read it with:   ansible-vault view /srv/automation/mail-gateway.vault.yml",
        "Valid until:    2027-11-23 (365 days left), key id 621a4ce4-826c-4fd2-9460-c24c9dd3ed89",
        "Proven:         by a token with Mail.ReadWrite",
        "Next:           nothing; run the playbook rotate every day, which renews the credential in time",
    ]


@pytest.mark.parametrize("store_type", STORE_TYPES)
def test_the_command_that_reads_the_credential_depends_on_the_store(store_type: str) -> None:
    assert store_type in REFERENCES, (
        f"add {store_type!r} to REFERENCES in tests/unit/plugins/plugin_utils/test_role_summary.py: a reference, and"
        " the command that reads the client secret"
    )
    reference, command = REFERENCES[store_type]
    lines = role_summary(_result(stores=[reference]))
    file = f"plugins/plugin_utils/stores/{store_type}.py"
    assert _entry(lines, "Read it with") == command, f"set read_command in {file}, or correct REFERENCES"
    assert len(lines) == 8


def test_the_first_readable_store_is_used_for_the_command() -> None:
    stores = [REFERENCES["awx_credential"][0], {**REFERENCES["command"][0], "readable": False}, VAULT]
    lines = role_summary(_result(stores=stores))
    assert _entry(lines, "Client secret") == "in the credential Vienna of AWX"
    assert lines[4:6] == [
        f"{'':<16}in the program /srv/store",
        f"{'':<16}in /srv/our gateway.vault.yml (ansible-vault)",
    ]
    assert _entry(lines, "Read it with") == "ansible-vault view '/srv/our gateway.vault.yml'"


def test_certificates_and_federated_credentials_have_no_command() -> None:
    certificate = {"credential_type": "certificate", "certificate_path": "/srv/a.pem", "certificate_thumbprint": "AB"}
    lines = role_summary(_result(**certificate, credential_stored=True))
    assert _entry(lines, "Certificate") == "thumbprint AB, with its private key in /srv/a.pem on this controller"
    assert _entry(lines, "Read it with") == "openssl x509 -noout -text -in /srv/a.pem"
    assert _entry(lines, "Next") == "enter tenant id, client id and key file in the gateway"
    predicted = role_summary(_result(**certificate, credential_stored=True, key_id=None), check_mode=True)
    assert _entry(predicted, "Certificate").startswith("a new key, with its private key in /srv/a.pem")
    assert not any("Read it with" in line for line in predicted)
    lines = role_summary(_result(credential_type="federated", secret_expires=None, previous_key_ids=["k0"]))
    assert _entry(lines, "Valid until") == "it does not expire"
    assert _entry(lines, "Replaced") == "k0, which rotate removes after gateway_app_overlap_days"
    assert not any("Read it with" in line for line in lines)


def test_a_predicted_client_secret_cannot_be_read_yet() -> None:
    lines = role_summary(_result(key_id=None, credential_stored=True, stores=[VAULT]), check_mode=True)
    assert _entry(lines, "Client secret") == "a new one, in /srv/our gateway.vault.yml (ansible-vault)"
    assert not any("Read it with" in line for line in lines)


def test_a_profile_without_permissions_is_proven_by_a_token() -> None:
    assert _entry(role_summary(_result(roles=[])), "Proven") == "by a token"


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        (
            {"credential_changed": True, "credential_stored": True},
            "enter tenant id, client id and client secret in the gateway",
        ),
        ({"handed_over": False}, "run it again for the hosts that do not have the new credential yet"),
        ({"proven": False, "unproven_reason": "why"}, "verify it with the playbook verify"),
        (
            {"proven": False, "unproven_reason": "why", "missing_roles": ["Mail.ReadWrite"], "consent": "none"},
            "let an administrator grant admin consent, with the playbook consent or on this page",
        ),
    ],
    ids=["enter", "hand over", "prove", "consent"],
)
def test_the_next_step_is_shown(changes: Json, steps: str) -> None:
    lines = role_summary(_result(**changes))
    assert _entry(lines, "Next") == steps
    if "unproven_reason" in changes:
        assert _entry(lines, "Not proven") == "why"
    shows_page = f"{'':<16}{_result()['consent_url']}" in lines
    assert shows_page is ("consent" in changes)


def test_check_mode_shows_the_predicted_changes() -> None:
    predicted = _result(changed=True, credential_stored=True, client_id=None, key_id=None, secret_expires=None)
    lines = role_summary(predicted, check_mode=True)
    assert lines[0] == "Mail gateway (outbound_smtp): would be changed (check mode)"
    assert _entry(lines, "Client id") == "not known yet"
    assert _entry(lines, "Client secret").startswith("a new one, in /srv")
    assert _entry(lines, "Valid until") == "not known yet"
    assert _entry(lines, "Next") == "run it without --check"
    assert _entry(role_summary(_result(), check_mode=True), "Next") == "nothing"


def test_a_removal_is_shown_and_needs_no_step_in_the_gateway() -> None:
    removed = _result(changed=True, credential_changed=True, removed_key_ids=["k0", "k1"])
    lines = role_summary(removed)
    assert _entry(lines, "Removed") == "k0, k1 from the tenant"
    assert _entry(lines, "Next").startswith("nothing")
    assert _entry(role_summary(removed, check_mode=True), "Would remove") == "k0, k1 from the tenant"


def test_other_credentials_are_listed_with_commands_up_to_a_limit() -> None:
    other: Json = {"type": "client_secret", "end": None, "days_left": None}
    others = [
        {
            **other,
            "key_id": f"k{i}",
            "description": "a\nb" if i else None,
            "remove_command": f"ansible {'x' * 200} k{i}",
        }
        for i in range(5)
    ]
    lines = role_summary(_result(other_credentials=others))
    after = lines[[line.startswith("Also valid:") for line in lines].index(True) :]
    assert "The gateway may still use them." in " ".join(" ".join(after).split())
    listed = [line.strip() for line in after[2:]]
    assert listed[:2] == ["client secret, key id k0, valid", others[0]["remove_command"]]
    assert [line for line in listed if line.startswith("ansible ")] == [other["remove_command"] for other in others[:3]]
    assert listed[-1] == "and 2 more, in gateway_app_result.other_credentials"
    assert not any("\n" in line for line in lines)
    ending = {**others[0], "end": "2027-03-01T00:00:00Z"}
    assert "client secret, key id k0, valid until 2027-03-01" in "\n".join(
        role_summary(_result(other_credentials=[ending]))
    )
    few = role_summary(_result(other_credentials=others[:3]))
    assert few[-1].strip() == others[2]["remove_command"]


def test_lines_fit_the_screen_except_commands() -> None:
    names = [f"Permission{i}.ReadWrite.All" for i in range(12)]
    lines = role_summary(_result(roles=names, notes=["a note of many words " * 20], display_name="N" * 40))
    assert max(map(len, lines)) <= WIDTH
    assert set(names) <= {word.strip(",") for line in lines for word in line.split()}


def test_consent_ends_with_the_granted_permissions() -> None:
    of_role = ("profile", "display_name", "unique_name", "tenant_id", "client_id", "consent_url")
    result: Json = {name: _result()[name] for name in of_role}
    result |= {"granted": [{"name": "Mail.ReadWrite"}], "stale": [{"name": "Mail.Send"}], "changed": True}
    assert role_summary(result) == [
        "Mail gateway (outbound_smtp): changed",
        "Tenant id:      3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "Client id:      b2466de6-5867-4b23-83ff-449c85f44ba1",
        "Granted:        Mail.ReadWrite",
        "Left over:      Mail.Send: granted, but no longer declared",
        "Next:           verify it with the playbook verify",
    ]
    assert _entry(role_summary(result, check_mode=True), "Next") == "run it without --check"
    assert not any("Left over" in line for line in role_summary({**result, "stale": []}))


def test_retire_ends_with_the_removed_objects_and_the_time_for_a_restore() -> None:
    result: Json = {
        "display_name": "Mail gateway",
        "tenant_id": "t",
        "client_id": None,
        "retired": True,
        "purged": False,
        "stores": [VAULT],
        "changed": True,
    }
    assert role_summary(result) == [
        "Mail gateway: changed",
        "Tenant id:      t",
        "Client id:      none: it is not in the tenant",
        "Application:    soft-deleted: it can be restored for 30 days, and its unique name stays reserved",
        "Credential:     removed from the tenant and /srv/our gateway.vault.yml (ansible-vault)",
        "Next:           remove tenant id, client id and credential from the gateway",
    ]
    predicted = role_summary({**result, "purged": True}, check_mode=True)
    assert _entry(predicted, "Application") == "would be deleted for good"
    assert _entry(predicted, "Next") == "run it without --check"


GROUP: Json = {"type": "group", "id": "5a9f1c0e", "name": "mail@example.com", "recipient_filter": None}
LIMITED: Json = {
    "profile": "outbound_microsoft365",
    "display_name": "Mail gateway",
    "tenant_id": "3f2504e0",
    "client_id": "b2466de6",
    "mailbox_method": "graph",
    "assignments": [{"role": "Application Mail.ReadWrite", "scope": GROUP, "ids": []}],
    "other_assignments": [],
    "granted_for_all_mailboxes": [],
    "changed": True,
}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, ["Application Mail.ReadWrite for mail@example.com", "verify it with the playbook verify"]),
        ({"mailbox_method": "none", "assignments": [], "changed": False}, ["gateway_app_mailboxes is not set"]),
        ({"mailbox_method": "commands", "assignments": []}, ["let an Exchange administrator run the commands"]),
        (
            {"other_assignments": [{"role": "Application Mail.Send", "scope": {**GROUP, "type": "tenant"}}]},
            ["Application Mail.Send for all mailboxes", "gateway_app_exact_permissions removes it"],
        ),
        ({"granted_for_all_mailboxes": ["Mail.ReadWrite"]}, ["Mail.ReadWrite is granted in Entra ID"]),
    ],
)
def test_mailboxes_ends_with_the_roles_and_their_scope(more: Json, words: list[str]) -> None:
    text = " ".join(" ".join(role_summary({**LIMITED, **more})).split())
    assert [word for word in words if word not in text] == []
    predicted = " ".join(role_summary({**LIMITED, **more}, check_mode=True))
    is_limited = {**LIMITED, **more}["mailbox_method"] != "none"
    assert ("run it without --check" in predicted) is is_limited
