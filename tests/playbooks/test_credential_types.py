# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and federated credentials have the same life cycle as a client secret: create, verify, hand over, renew,
retire."""

from __future__ import annotations

import datetime
import re
import stat
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

PROFILE: Json = {
    "gateway_app_profile_content": {
        "title": "A gateway that takes everything",
        "permissions": [{"resource": "microsoft_graph", "application": ["Mail.ReadWrite"]}],
        "credential_types": ["client_secret", "certificate", "federated"],
    }
}


def _run(
    playbooks: Playbooks, *arguments: str, kind: str = "certificate", entry: str = "main", **variables: t.Any
) -> Run:
    profile = playbooks.folder / "profile.yml"
    profile.write_text(yaml.safe_dump(PROFILE))
    return playbooks.register(
        *arguments,
        entry=entry,
        gateway_app_profile="own",
        gateway_app_profile_file=str(profile),
        gateway_app_credential_type=kind,
        **variables,
    )


def _key(playbooks: Playbooks) -> Path:
    return playbooks.folder / "gateway_app" / "gateway.pem"


def _federated(playbooks: Playbooks, subject: str = "gateway") -> Json:
    found = playbooks.tenant.assertion(subject)
    file = playbooks.folder / "assertion"
    file.write_text(found["assertion"])
    playbooks.own.add(file)
    credential = {"issuer": found["issuer"], "subject": subject, "assertion_file": str(file)}
    return {"kind": "federated", "gateway_app_federated_credential": credential}


def _credentials(playbooks: Playbooks, kind: str = "keyCredentials") -> dict[str, Json]:
    return {c["keyId"]: c for c in playbooks.tenant.application(uniqueName="gateway")[kind]}


def _changes_nothing(run: Run) -> Run:
    run.ok()
    assert run.writes == []
    assert "changed=0 " in run.output
    return run


def _predicts(run: Run) -> None:
    run.ok()
    assert run.writes == []
    assert "changed=0 " not in run.output


def _point(**ago: float) -> str:
    return f"{datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**ago):%Y-%m-%dT%H:%M:%SZ}"


def test_a_certificate_is_created_verified_and_then_unchanged(playbooks: Playbooks) -> None:
    _predicts(_run(playbooks, "--check", "--diff"))
    result = _run(playbooks).ok().results["gateway_app_result"]
    assert list(_credentials(playbooks)) == [result["key_id"]]
    assert _credentials(playbooks, "passwordCredentials") == {}
    assert result["proven"] is True
    assert (result["credential_type"], result["certificate_path"]) == ("certificate", str(_key(playbooks)))
    assert int(result["secret_days_left"]) in (179, 180)  # a text with ansible-core 2.16
    assert len(result["certificate_thumbprint"]) == 40
    assert stat.S_IMODE(_key(playbooks).stat().st_mode) == 0o600
    stored = playbooks.stored()
    assert stored["certificate_path"] == str(_key(playbooks))
    assert stored["key_id"] == result["key_id"]
    assert "client_secret" not in stored
    again = _changes_nothing(_run(playbooks)).results["gateway_app_result"]
    unchanged = {"changed": False, "credential_changed": False, "credential_stored": False}
    assert again == {**result, **unchanged, "secret_days_left": again["secret_days_left"]}
    _changes_nothing(_run(playbooks, "--check"))
    _changes_nothing(_run(playbooks, entry="rotate"))


def test_a_certificate_is_renewed_and_handed_over_and_the_old_one_pruned_after_the_overlap(
    playbooks: Playbooks,
) -> None:
    old = _run(playbooks).ok().results["gateway_app_result"]["key_id"]
    _credentials(playbooks)[old]["endDateTime"] = _point(days=-5)
    hook = playbooks.folder / "hook.yml"
    hook.write_text(yaml.safe_dump([{"ansible.builtin.fail": {"msg": "the gateway does not answer"}}]))
    given: Json = {"entry": "rotate", "gateway_app_overlap_days": 0, "gateway_app_after_new_secret": str(hook)}
    _predicts(_run(playbooks, "--check", **given))
    _run(playbooks, **given).failed("the gateway does not answer")
    new = playbooks.stored()["key_id"]
    assert _credentials(playbooks).keys() == {old, new}, "the old one is still in use"
    assert _key(playbooks).with_name("gateway.pem.old").exists()
    hook.write_text(
        yaml.safe_dump([{"ansible.builtin.debug": {"msg": "got {{ gateway_app_handover.certificate_path }}"}}])
    )
    run = _run(playbooks, **given).ok()
    assert f"got {_key(playbooks)}" in run.output
    assert _credentials(playbooks).keys() == {new}
    assert playbooks.stored()["previous_key_ids"] == []
    assert not _key(playbooks).with_name("gateway.pem.old").exists()
    _changes_nothing(_run(playbooks, **given))


def test_a_certificate_replaces_a_client_secret(playbooks: Playbooks) -> None:
    after = "certificate"
    old = _run(playbooks, kind="client_secret").ok().results["gateway_app_result"]["key_id"]
    result = _run(playbooks, kind=after).ok().results["gateway_app_result"]
    assert result["proven"] is True
    assert result["previous_key_ids"] == [old]
    assert {*_credentials(playbooks), *_credentials(playbooks, "passwordCredentials")} == {old, result["key_id"]}
    _run(playbooks, kind=after, gateway_app_overlap_days=0).ok()
    assert {*_credentials(playbooks), *_credentials(playbooks, "passwordCredentials")} == {result["key_id"]}
    _changes_nothing(_run(playbooks, kind=after, gateway_app_overlap_days=0))


def test_a_federated_credential_is_created_verified_changed_and_then_unchanged(playbooks: Playbooks) -> None:
    given = _federated(playbooks)
    secret = _run(playbooks, kind="client_secret").ok().results["gateway_app_result"]["key_id"]
    _predicts(_run(playbooks, "--check", "--diff", **given))
    result = _run(playbooks, **given).ok().results["gateway_app_result"]
    (current,) = playbooks.server.tenant.directory.federated_credentials[result["application_object_id"]]
    assert (current["name"], current["subject"], current["id"]) == ("mail-gateway", "gateway", result["key_id"])
    assert result["proven"] is True
    # Null becomes an empty text with ansible-core 2.16.
    assert {result["secret_expires"], result["secret_days_left"]} <= {None, ""}
    assert result["previous_key_ids"] == [secret]
    assert playbooks.stored().keys() >= {"federated_credential", "key_id", "handed_over_to"}
    _changes_nothing(_run(playbooks, **given))
    _changes_nothing(_run(playbooks, entry="rotate", gateway_app_rotate_now=True, **given))
    # The subject of another workload.
    given = _federated(playbooks, "another")
    _predicts(_run(playbooks, "--check", **given))
    assert _run(playbooks, **given).ok().results["gateway_app_result"]["proven"] is True
    (current,) = playbooks.server.tenant.directory.federated_credentials[result["application_object_id"]]
    assert current["subject"] == "another"
    _run(playbooks, gateway_app_overlap_days=0, **given).ok()
    assert _credentials(playbooks, "passwordCredentials") == {}
    _changes_nothing(_run(playbooks, gateway_app_overlap_days=0, **given))


@pytest.mark.parametrize("kind", ["certificate", "federated"])
def test_retiring_removes_the_application_its_credentials_and_the_key_files(playbooks: Playbooks, kind: str) -> None:
    given: Json = _federated(playbooks) if kind == "federated" else {"kind": kind}
    object_id = _run(playbooks, **given).ok().results["gateway_app_result"]["application_object_id"]
    retired: Json = {**given, "entry": "retire", "gateway_app_retire_confirmed": "gateway"}
    _predicts(_run(playbooks, "--check", **retired))
    _run(playbooks, **retired).ok()
    deleted = playbooks.server.tenant.deleted_application_by("id", object_id)
    assert deleted is not None
    assert deleted["keyCredentials"] == []
    assert not playbooks.server.tenant.directory.federated_credentials.get(object_id)
    assert list((playbooks.folder / "gateway_app").iterdir()) == []
    _changes_nothing(_run(playbooks, **retired))


ISSUER: Json = {"issuer": "https://x", "subject": "s"}
KEY_VAULT: Json = {"type": "azure_key_vault", "vault_url": "https://x.example", "name": "gateway"}
REFUSED: list[tuple[Json, str]] = [
    ({"gateway_app_credential_type": "password"}, "value of gateway_app_credential_type must be one of"),
    ({}, "issuer, in gateway_app_federated_credential, is blank"),
    ({**ISSUER, "issuer": "http://x"}, "issuer, in gateway_app_federated_credential, is"),
    ({**ISSUER, "issuer": "https://x y"}, "issuer, in gateway_app_federated_credential, is"),
    ({**ISSUER, "subject": " "}, "subject, in gateway_app_federated_credential, is blank"),
    ({**ISSUER, "subject": "s\u0007"}, "subject, in gateway_app_federated_credential, contains a control character"),
    ({**ISSUER, "name": "a b"}, "name, in gateway_app_federated_credential, is"),
    ({**ISSUER, "audience": ""}, "audience, in gateway_app_federated_credential, is blank"),
    (ISSUER, "gateway_app_verify_token to false"),
    ({**ISSUER, "assertion_file": "/nowhere"}, "'/nowhere'"),
    ({"gateway_app_certificate_path": ""}, "gateway_app_certificate_path is"),
    ({"gateway_app_stores": [KEY_VAULT]}, "A store of the type azure_key_vault cannot store a certificate"),
    ({"gateway_app_secret_description": "x" * 91}, "91 characters"),
    ({"gateway_app_certificate_path": "profile.yml/key.pem"}, "is not a directory"),
    ({"gateway_app_certificate_path": "profile.yml"}, "was not created by azure_app_certificate"),
]


def test_invalid_settings_are_refused_before_the_first_write(playbooks: Playbooks) -> None:
    profile = playbooks.folder / "profile.yml"
    profile.write_text(yaml.safe_dump(PROFILE))
    plays = []
    for given, _words in REFUSED:
        own = {name: value for name, value in given.items() if name.startswith("gateway_app_")}
        variables = own or {"gateway_app_credential_type": "federated", "gateway_app_federated_credential": given}
        role = {"name": "email_gateway.azure_apps.gateway_app"}
        show = {"msg": "{{ ansible_failed_result.msg }} {{ ansible_failed_result.errors | default([]) }}"}
        plays.append(
            {
                "hosts": "localhost",
                "gather_facts": False,
                "vars": {
                    "gateway_app_profile": "own",
                    "gateway_app_profile_file": str(profile),
                    "gateway_app_credential_type": "certificate",
                    **variables,
                },
                "tasks": [
                    {"block": [{"ansible.builtin.include_role": role}], "rescue": [{"ansible.builtin.debug": show}]}
                ],
            }
        )
    run = playbooks.run(plays).ok()
    assert run.writes == []
    parts = run.output.split("PLAY [localhost]")[1:]
    assert len(parts) == len(REFUSED)
    for (given, words), part in zip(REFUSED, parts, strict=True):
        assert words in " ".join(part.replace("\\n", " ").split()), (given, part)


@pytest.mark.parametrize("kind", ["certificate", "federated"])
def test_verify_uses_the_credential_type_of_the_gateway(playbooks: Playbooks, kind: str) -> None:
    given: Json = _federated(playbooks) if kind == "federated" else {"kind": kind}
    _run(playbooks, **given).ok()
    run = _changes_nothing(_run(playbooks, entry="verify", **given))
    assert "all 3 checks passed" in run.output
    credentials = playbooks.tenant.application(uniqueName="gateway")
    if kind == "certificate":
        credentials["keyCredentials"] = []
    else:
        playbooks.server.tenant.directory.federated_credentials.clear()
    _run(playbooks, entry="verify", **given).failed("FAILED token")


def test_a_certificate_is_refused_for_a_product_that_only_supports_secrets(playbooks: Playbooks) -> None:
    run = playbooks.register(gateway_app_credential_type="certificate")
    assert run.failed("gateway_app_credential_type is certificate", "client_secret", "credential_types").writes == []


def test_the_examples_of_the_documentation_work(playbooks: Playbooks) -> None:
    (playbooks.folder / "relay.yml").write_text(yaml.safe_dump(PROFILE))
    blocks = re.findall(r"```yaml\n(.*?)```", (REPOSITORY / "docs" / "credentials.md").read_text(), re.S)
    assert len(blocks) == 2
    plays = [play for block in blocks for play in yaml.safe_load(block)]
    playbooks.run(plays).ok()
    made = {a["uniqueName"]: a for a in playbooks.tenant.applications}
    assert len(made["mail-gateway-vienna"]["keyCredentials"]) == 1
    federated = playbooks.server.tenant.directory.federated_credentials
    assert [c["name"] for c in federated[made["mail-gateway-graz"]["id"]]] == ["mail-gateway"]
    assert playbooks.run(plays).ok().writes == []


def test_the_private_key_is_not_shown(playbooks: Playbooks) -> None:
    playbooks.loud = True
    _run(playbooks, "--diff").ok()
    key = _key(playbooks)
    playbooks.own.add(key)
    for line in key.read_text().splitlines():
        if len(line) > 60 and not line.startswith("#"):
            playbooks.issued.secrets.add(line)
    _run(playbooks, "-e", "gateway_app_rotate_now=true", entry="rotate", gateway_app_overlap_days=0).ok()
