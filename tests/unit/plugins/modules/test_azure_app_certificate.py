# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import importlib
import json
import pathlib
import stat
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential import key_files as _key_files
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import key_credentials as _key_credentials
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources import certificate as _certificate
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in import key_pair as _key_pair
from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    Json,
    Tenant,
    concurrency_violation,
)

MODULE = "azure_app_certificate"
GATEWAY: Json = {"unique_name": "gateway", "description": "mail gateway"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"
MARK = "# Made by email_gateway.azure_apps"


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "keys" / "gateway.pem"


@pytest.fixture
def options(tenant: Tenant, path: pathlib.Path) -> Json:
    tenant.register()
    return {**GATEWAY, "path": str(path)}


def held(tenant: Tenant) -> list[Json]:
    credentials: list[Json] = tenant.application(uniqueName="gateway")["keyCredentials"]
    return credentials


def is_accepted(tenant: Tenant, path: pathlib.Path) -> bool:
    """Does the token endpoint take the key in the file? By the module that exists to prove it."""
    proof = tenant.run(
        "azure_app_token_info",
        tenant_id=tenant.server.tenant_id,
        client_id=tenant.application(uniqueName="gateway")["appId"],
        client_certificate_path=str(path),
        poll=False,
    )
    return proof.get("proven") is True


def files(path: pathlib.Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir()) if path.parent.exists() else []


def add_foreign(tenant: Tenant, pair: Pair | None = None) -> Json:
    """Another party's certificate, by the portal."""
    pair = pair or Pair.new()
    key_id = str(UNKNOWN)
    entry: Json = {
        "customKeyIdentifier": pair.thumbprint,
        "displayName": "somebody else's",
        "endDateTime": f"{pair.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "key": None,
        "keyId": key_id,
        "startDateTime": f"{pair.certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }
    application = tenant.application(uniqueName="gateway")
    application["keyCredentials"] = [*application["keyCredentials"], entry]
    tenant.server.tenant.directory.certificates[key_id] = pair.encoded
    return entry


def test_makes_a_key_and_registers_its_certificate(tenant: Tenant, options: Json, path: pathlib.Path) -> None:
    result = tenant.ok(MODULE, **options)
    assert result["changed"]
    (credential,) = held(tenant)
    assert (credential["keyId"], credential["displayName"]) == (result["key_id"], "mail gateway")
    assert credential["customKeyIdentifier"] == result["thumbprint"]
    assert tenant.writes == [f"PATCH /applications/{result['application_object_id']}"]
    assert files(path) == ["gateway.pem"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (result["path"], result["old_path"], result["fresh"]) == (str(path), None, True)
    assert is_accepted(tenant, path)
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    assert certificate.subject.rfc4514_string() == "CN=mail gateway"
    assert certificate.fingerprint(hashes.SHA1()).hex().upper() == result["thumbprint"]


# Renewal and removal


def test_a_renewal_keeps_the_old_pair_and_both_sign_in(tenant: Tenant, options: Json, path: pathlib.Path) -> None:
    first = tenant.ok(MODULE, **options, lifetime_days=20, renew_before_days=10)
    other = add_foreign(tenant)
    tenant.forget_requests()
    second = tenant.ok(MODULE, **options)
    assert second["changed"]
    assert second["other_key_ids"] == [first["key_id"]]
    assert {c["keyId"] for c in held(tenant)} == {first["key_id"], second["key_id"], other["keyId"]}
    assert len(tenant.writes) == 1
    assert files(path) == ["gateway.pem", "gateway.pem.old"]
    old = path.with_name("gateway.pem.old")
    assert stat.S_IMODE(old.stat().st_mode) == 0o600
    assert second["old_path"] == str(old)
    assert is_accepted(tenant, path)
    assert is_accepted(tenant, old)
    assert not tenant.ok(MODULE, **options)["changed"]


def test_only_the_named_certificate_is_removed_and_then_its_key(
    tenant: Tenant, options: Json, path: pathlib.Path
) -> None:
    first = tenant.ok(MODULE, **options, lifetime_days=20, renew_before_days=10)
    second = tenant.ok(MODULE, **options)
    other = add_foreign(tenant)
    tenant.forget_requests()
    gone: Json = {"unique_name": "gateway", "key_id": first["key_id"].upper(), "state": "absent"}
    assert tenant.ok(MODULE, check=True, **gone)["changed"]
    assert tenant.writes == []
    assert tenant.ok(MODULE, **gone)["changed"]
    assert {c["keyId"] for c in held(tenant)} == {second["key_id"], other["keyId"]}
    assert other["keyId"] in tenant.server.tenant.directory.certificates
    assert not tenant.ok(MODULE, **gone)["changed"]
    assert files(path) == ["gateway.pem", "gateway.pem.old"]
    assert tenant.ok(MODULE, **options)["changed"]
    assert files(path) == ["gateway.pem"], "the old key is of no use any more"
    assert is_accepted(tenant, path)


def test_a_replaced_certificate_does_not_count_and_one_is_made_once(
    tenant: Tenant, options: Json, path: pathlib.Path
) -> None:
    first = tenant.ok(MODULE, **options)
    tenant.forget_requests()
    replaced: Json = {**options, "replaced_key_id": first["key_id"].upper()}
    assert tenant.ok(MODULE, check=True, **replaced)["changed"]
    assert tenant.writes == []
    second = tenant.ok(MODULE, **replaced)
    assert second["other_key_ids"] == [first["key_id"]]
    assert {c["keyId"] for c in held(tenant)} == {first["key_id"], second["key_id"]}
    assert is_accepted(tenant, path)
    assert is_accepted(tenant, path.with_name("gateway.pem.old"))
    assert not tenant.ok(MODULE, **replaced)["changed"], "the new one does"
    assert not tenant.ok(MODULE, **options)["changed"]


@pytest.mark.parametrize(("renew_before_days", "renews"), [(39, False), (41, True)])
def test_the_threshold(tenant: Tenant, options: Json, renew_before_days: int, renews: bool) -> None:
    tenant.ok(MODULE, **options, lifetime_days=40, renew_before_days=10)
    # A second passes between the runs, so that 40 days are not there any more.
    result = tenant.ok(MODULE, **options, lifetime_days=90, renew_before_days=renew_before_days)
    assert result["changed"] is renews
    assert len(held(tenant)) == 1 + renews


def test_a_subject_that_differs_leads_to_a_new_certificate(tenant: Tenant, options: Json) -> None:
    tenant.ok(MODULE, **options)
    assert tenant.ok(MODULE, **options, subject="gateway.example.com")["changed"]
    assert not tenant.ok(MODULE, **options, subject="gateway.example.com")["changed"]
    assert not tenant.ok(MODULE, **options)["changed"]


def test_a_certificate_that_somebody_removed_does_not_come_back(
    tenant: Tenant, options: Json, path: pathlib.Path
) -> None:
    tenant.ok(MODULE, **options)
    before = path.read_bytes()
    tenant.application(uniqueName="gateway")["keyCredentials"] = []
    assert tenant.ok(MODULE, **options)["changed"]
    assert path.read_bytes() != before
    assert files(path) == ["gateway.pem"]
    assert is_accepted(tenant, path)


# The file


def test_a_file_that_was_lost_leads_to_a_new_key(tenant: Tenant, options: Json, path: pathlib.Path) -> None:
    first = tenant.ok(MODULE, **options)
    path.unlink()
    second = tenant.ok(MODULE, **options)
    assert second["changed"]
    assert second["other_key_ids"] == [first["key_id"]]
    assert is_accepted(tenant, path)


@pytest.mark.parametrize("length", [0, 120, 900, 2000])
def test_a_file_that_was_cut_off_leads_to_a_new_key(
    tenant: Tenant, options: Json, path: pathlib.Path, length: int
) -> None:
    tenant.ok(MODULE, **options)
    path.write_bytes(path.read_bytes()[:length])
    result = tenant.ok(MODULE, **options)
    assert result["changed"]
    assert "is damaged" in result["warnings"][0]
    assert is_accepted(tenant, path)
    assert not tenant.ok(MODULE, **options)["changed"]


def test_a_key_of_another_certificate_leads_to_a_new_one(tenant: Tenant, options: Json, path: pathlib.Path) -> None:
    tenant.ok(MODULE, **options)
    lines = path.read_text().partition("-----BEGIN CERTIFICATE")
    key = Pair.new().for_msal()["private_key"]
    path.write_text(lines[0].splitlines()[0] + "\n" + key + lines[1] + lines[2])
    assert tenant.ok(MODULE, **options)["changed"]
    assert is_accepted(tenant, path)


@pytest.mark.parametrize("name", ["gateway.pem", "gateway.pem.new", "gateway.pem.old"])
@pytest.mark.parametrize("content", ["a diary\n", Pair.new().for_msal()["private_key"]], ids=["text", "key"])
def test_a_foreign_file_is_not_overwritten(
    tenant: Tenant, options: Json, path: pathlib.Path, name: str, content: str
) -> None:
    path.parent.mkdir()
    foreign = path.with_name(name)
    foreign.write_text(content)
    result = tenant.fails(MODULE, **options)
    assert "was not made by azure_app_certificate" in result["msg"]
    assert foreign.read_text() == content
    assert tenant.writes == []
    assert content[40:80] not in json.dumps(result) or len(content) < 40


def test_a_file_that_is_too_large_for_a_key_is_not_read(tenant: Tenant, options: Json, path: pathlib.Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"x" * (64 * 1024 + 1))
    assert "it is larger than 64 KiB" in tenant.fails(MODULE, **options)["msg"]
    assert path.stat().st_size == 64 * 1024 + 1


def test_the_key_of_another_application_is_not_overwritten(tenant: Tenant, options: Json, path: pathlib.Path) -> None:
    tenant.ok(MODULE, **options)
    before = path.read_bytes()
    tenant.register("second")
    result = tenant.fails(MODULE, **{**options, "unique_name": "second"})
    assert "the key of another application" in result["msg"]
    assert path.read_bytes() == before
    assert tenant.writes == []


def test_a_directory_as_path_is_refused(tenant: Tenant, options: Json, path: pathlib.Path) -> None:
    path.mkdir(parents=True)
    assert "not a regular file" in tenant.fails(MODULE, **options)["msg"]
    assert tenant.writes == []


def test_a_folder_that_is_none_is_refused_also_in_check_mode(tenant: Tenant, options: Json, path: pathlib.Path) -> None:
    path.parent.write_text("x")
    for check in (True, False):
        assert "is not a directory" in tenant.run(MODULE, check=check, **options)["msg"]
    assert tenant.writes == []


def test_a_file_that_others_could_read_is_taken_from_them(tenant: Tenant, options: Json, path: pathlib.Path) -> None:
    tenant.ok(MODULE, **options)
    path.chmod(0o644)
    tenant.forget_requests()
    assert tenant.ok(MODULE, check=True, **options)["changed"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert tenant.ok(MODULE, **options)["changed"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tenant.writes == []


# Interruptions and other writers


@pytest.mark.parametrize("fault", [{"close_before": True}, {"close_after": True}, {"status": 503, "processed": True}])
def test_an_answer_that_is_lost_ends_with_one_certificate(
    tenant: Tenant, options: Json, path: pathlib.Path, fault: Json
) -> None:
    other = add_foreign(tenant)
    tenant.server.faults.add(method="PATCH", path="applications", **fault)
    result = tenant.ok(MODULE, **options)
    assert {c["keyId"] for c in held(tenant)} == {result["key_id"], other["keyId"]}
    assert files(path) == ["gateway.pem"]
    assert is_accepted(tenant, path)


@pytest.mark.parametrize("step", ["write to the tenant", "answer of the tenant", "use of the file"])
def test_a_run_that_was_killed_is_taken_up_without_another_key(
    tenant: Tenant, options: Json, path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    tenant.ok(MODULE, **options, lifetime_days=20, renew_before_days=10)
    in_use = path.read_bytes()
    client = _key_credentials.KeyCredentialsClient
    add = client.add

    def killed(*args: t.Any, **named: t.Any) -> t.Any:
        if step == "answer of the tenant":
            add(*args, **named)
        raise Killed

    with monkeypatch.context() as patch:
        if step == "use of the file":
            patch.setattr(_key_files.KeyFiles, "use_pending", killed)
        else:
            patch.setattr(client, "add", killed)
        with pytest.raises(Killed):
            tenant.run(MODULE, **options)
    assert path.read_bytes() == in_use, "what is in use stays what it is"
    assert is_accepted(tenant, path)
    made = path.with_name("gateway.pem.new").read_bytes()
    result = tenant.ok(MODULE, **options)
    assert result["changed"]
    assert path.read_bytes() == made
    assert path.with_name("gateway.pem.old").read_bytes() == in_use
    assert len(held(tenant)) == 2
    assert is_accepted(tenant, path)
    assert not tenant.ok(MODULE, **options)["changed"]


@pytest.mark.parametrize("status", [400, 409, 503])
def test_a_write_too_close_to_another_is_planned_anew(
    tenant: Tenant, options: Json, path: pathlib.Path, status: int
) -> None:
    tenant.server.faults.add(method="PATCH", path="applications", status=status, body=concurrency_violation(status))
    tenant.ok(MODULE, **options)
    assert len(held(tenant)) == 1
    assert len(tenant.writes) == 2
    sent = [entry.body["keyCredentials"][0]["key"] for entry in tenant.write_entries if entry.body]
    assert sent[0] == sent[1], "the same key"
    assert is_accepted(tenant, path)


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_another_client_writes_in_between_is_not_lost(
    tenant: Tenant, options: Json, path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Before: it adds one while the key is made. After: it replaces the collection as soon as it was written."""
    client = _key_credentials.KeyCredentialsClient
    add, write = client.add, client._write
    foreign: list[Json] = []

    def late(*args: t.Any, **named: t.Any) -> t.Any:
        if when == "before" and not foreign:
            foreign.append(add_foreign(tenant))
        return add(*args, **named)

    def replaced(*args: t.Any, **named: t.Any) -> None:
        write(*args, **named)
        if when == "after" and not foreign:
            tenant.application(uniqueName="gateway")["keyCredentials"] = []
            foreign.append(add_foreign(tenant))

    monkeypatch.setattr(client, "add", late)
    monkeypatch.setattr(client, "_write", replaced)
    result = tenant.ok(MODULE, **options)
    assert {c["keyId"] for c in held(tenant)} == {result["key_id"], foreign[0]["keyId"]}
    assert files(path) == ["gateway.pem"]
    assert is_accepted(tenant, path)


def test_two_runs_at_once_end_with_one_key(
    tenant: Tenant, options: Json, path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other run does all of its work between the look and the write of this one."""
    made = _key_pair.new_pair
    others: list[Json] = []

    def late(**named: t.Any) -> t.Any:
        if not others:
            others.append({})
            others[0] = tenant.ok(MODULE, **options)
        return made(**named)

    monkeypatch.setattr(_certificate, "new_pair", late)
    result = tenant.run(MODULE, **options)
    assert not result.get("failed"), result
    assert [c["keyId"] for c in held(tenant)] == [others[0]["key_id"]] == [result["key_id"]]
    assert files(path) == ["gateway.pem"]
    assert is_accepted(tenant, path)
    assert not tenant.ok(MODULE, **options)["changed"]


def test_replicas_that_lag_behind(tenant: Tenant, options: Json, path: pathlib.Path) -> None:
    tenant.server.settings.update({"replica_delays": [0, 20, 40]})
    first = tenant.ok(MODULE, **options)
    assert tenant.ok(MODULE, **options)["key_id"] == first["key_id"]
    assert [c["keyId"] for c in held(tenant)] == [first["key_id"]]
    tenant.server.clock.advance(40)
    assert is_accepted(tenant, path)


# Errors


def test_a_policy_is_explained_and_a_shorter_lifetime_is_taken(
    tenant: Tenant, options: Json, path: pathlib.Path
) -> None:
    policy = tenant.server.tenant.directory.policy
    policy["isEnabled"] = True
    policy["applicationRestrictions"] = {
        "passwordCredentials": [],
        "keyCredentials": [
            {"state": "enabled", "restrictionType": "asymmetricKeyLifetime", "maxLifetime": "P90D",
             "restrictForAppsCreatedAfterDateTime": "2019-01-01T00:00:00Z"}
        ],
    }  # fmt: skip
    result = tenant.fails(MODULE, **options)
    assert result["error"]["code"] == "CredentialInvalidLifetimeAsPerAppPolicy"
    assert "smaller lifetime_days" in result["error"]["next_step"]
    assert held(tenant) == []
    assert not path.exists()
    assert tenant.ok(MODULE, **options, lifetime_days=89)["changed"]
    assert files(path) == ["gateway.pem"]
    assert is_accepted(tenant, path)


def test_a_missing_library_is_named(tenant: Tenant, options: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def without(name: str, *args: t.Any) -> t.Any:
        if name.startswith("cryptography"):
            raise ModuleNotFoundError(name=name)
        return real(name, *args)

    monkeypatch.setattr(importlib, "import_module", without)
    result = tenant.fails(MODULE, **options)
    assert "cryptography is not installed" in result["msg"]
    assert result["error"]["kind"] == "missing_library"
    assert tenant.server.requests() == []


def test_no_private_key_is_in_any_result(tenant: Tenant, options: Json, path: pathlib.Path) -> None:
    results = [tenant.ok(MODULE, **options), tenant.ok(MODULE, **options)]
    tenant.server.faults.add(method="PATCH", path="applications", status=403)
    results.append(tenant.run(MODULE, **options, lifetime_days=365, renew_before_days=200))
    assert results[-1]["failed"]
    for file in path.parent.iterdir():
        body = [line for line in file.read_text().split("-----BEGIN CERTIFICATE")[0].splitlines() if len(line) == 64]
        assert len(body) > 10
        text = json.dumps(results)
        assert not [line for line in body if line in text]
    for entry in tenant.server.requests():
        assert "PRIVATE KEY" not in json.dumps(entry.body)


# Certificates of the user's own


@pytest.mark.parametrize("form", ["pem", "der", "pem with key"])
def test_registers_a_certificate_of_the_user(tenant: Tenant, tmp_path: pathlib.Path, form: str) -> None:
    tenant.register()
    pair = Pair.new(days=90)
    file = tmp_path / "gateway.crt"
    own = pair.for_msal()
    encoding = serialization.Encoding.DER if form == "der" else serialization.Encoding.PEM
    content = pair.certificate.public_bytes(encoding)
    file.write_bytes(own["private_key"].encode() + content if form == "pem with key" else content)
    options = {**GATEWAY, "certificate_file": str(file)}
    assert tenant.ok(MODULE, check=True, **options)["thumbprint"] == pair.thumbprint
    assert tenant.writes == []
    result = tenant.ok(MODULE, **options)
    assert result["changed"]
    assert (result["thumbprint"], result["path"]) == (pair.thumbprint, None)
    tenant.forget_requests()
    assert not tenant.ok(MODULE, **options)["changed"]
    assert tenant.writes == []
    file.write_text(own["private_key"] + own["public_certificate"])
    assert is_accepted(tenant, file)


def _self_signed(key: t.Any) -> bytes:
    name = x509.Name([])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=99))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no certificate that can be read"),
        (b"\x30\x82nonsense", "no certificate that can be read"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate that can be read"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n", "holds 0 certificates"),
        (_self_signed(ec.generate_private_key(ec.SECP256R1())), "not for an RSA key"),
        (_self_signed(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "not for an RSA key"),
        (Pair.new().for_msal()["public_certificate"].encode() * 2, "holds 2 certificates"),
        (Pair.new(days=20).for_msal()["public_certificate"].encode(), "renew_before_days is 30"),
        (b"x" * 70000, "larger than"),
    ],
    ids=["empty", "no der", "no pem", "half", "ec", "short", "two", "due", "large"],
)
def test_odd_certificates_are_refused_before_anything_is_sent(
    tenant: Tenant, tmp_path: pathlib.Path, content: bytes, words: str
) -> None:
    file = tmp_path / "gateway.crt"
    file.write_bytes(content)
    result = tenant.fails(MODULE, **GATEWAY, certificate_file=str(file))
    assert words in result["msg"]
    assert tenant.server.requests() == []


def test_the_mark_is_that_of_the_documentation(tenant: Tenant, options: Json, path: pathlib.Path) -> None:
    made = tenant.ok(MODULE, **options)
    assert path.read_text().splitlines()[0].startswith(MARK)
    assert path.read_text().splitlines()[0].endswith(made["client_id"])
