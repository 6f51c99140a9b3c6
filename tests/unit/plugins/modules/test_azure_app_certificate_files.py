# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of keys and certificates: their content, and protection from overwriting."""

from __future__ import annotations

import datetime
import json
import stat
import typing as t
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.certificate_files import (
    GATEWAY,
    MODULE,
    is_accepted,
    registered,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    Json,
    Tenant,
)

MARK = "# Made by email_gateway.azure_apps"


def test_a_lost_file_leads_to_a_new_key(tenant: Tenant, certificate_options: Json, key_path: Path) -> None:
    first = tenant.ok(MODULE, **certificate_options)
    key_path.unlink()
    second = tenant.ok(MODULE, **certificate_options)
    assert second["changed"]
    assert second["other_key_ids"] == [first["key_id"]]
    assert is_accepted(tenant, key_path)


@pytest.mark.parametrize("length", [0, 120, 900, 2000])
def test_a_truncated_file_leads_to_a_new_key(
    tenant: Tenant, certificate_options: Json, key_path: Path, length: int
) -> None:
    tenant.ok(MODULE, **certificate_options)
    key_path.write_bytes(key_path.read_bytes()[:length])
    result = tenant.ok(MODULE, **certificate_options)
    assert result["changed"]
    assert "is damaged" in result["warnings"][0]
    assert is_accepted(tenant, key_path)
    assert not tenant.ok(MODULE, **certificate_options)["changed"]


def test_the_key_of_another_certificate_leads_to_a_new_key(
    tenant: Tenant, certificate_options: Json, key_path: Path
) -> None:
    tenant.ok(MODULE, **certificate_options)
    lines = key_path.read_text().partition("-----BEGIN CERTIFICATE")
    key = Pair.new().for_msal()["private_key"]
    key_path.write_text(lines[0].splitlines()[0] + "\n" + key + lines[1] + lines[2])
    assert tenant.ok(MODULE, **certificate_options)["changed"]
    assert is_accepted(tenant, key_path)


@pytest.mark.parametrize("name", ["gateway.pem", "gateway.pem.new", "gateway.pem.old"])
@pytest.mark.parametrize("content", ["a diary\n", Pair.new().for_msal()["private_key"]], ids=["text", "key"])
def test_a_foreign_file_is_not_overwritten(
    tenant: Tenant, certificate_options: Json, key_path: Path, name: str, content: str
) -> None:
    key_path.parent.mkdir()
    foreign = key_path.with_name(name)
    foreign.write_text(content)
    result = tenant.fails(MODULE, **certificate_options)
    assert "was not created by azure_app_certificate" in result["msg"]
    assert foreign.read_text() == content
    assert tenant.writes == []
    assert content[40:80] not in json.dumps(result) or len(content) < 40


def test_a_file_that_is_too_large_for_a_key_is_not_read(
    tenant: Tenant, certificate_options: Json, key_path: Path
) -> None:
    key_path.parent.mkdir()
    key_path.write_bytes(b"x" * (64 * 1024 + 1))
    assert "it is larger than 64 KiB" in tenant.fails(MODULE, **certificate_options)["msg"]
    assert key_path.stat().st_size == 64 * 1024 + 1


def test_the_key_of_another_application_is_not_overwritten(
    tenant: Tenant, certificate_options: Json, key_path: Path
) -> None:
    tenant.ok(MODULE, **certificate_options)
    before = key_path.read_bytes()
    tenant.register("second")
    result = tenant.fails(MODULE, **{**certificate_options, "unique_name": "second"})
    assert "the key of another application" in result["msg"]
    assert key_path.read_bytes() == before
    assert tenant.writes == []


def test_a_directory_as_path_is_refused(tenant: Tenant, certificate_options: Json, key_path: Path) -> None:
    key_path.mkdir(parents=True)
    assert "not a regular file" in tenant.fails(MODULE, **certificate_options)["msg"]
    assert tenant.writes == []


def test_an_invalid_folder_is_refused_also_in_check_mode(
    tenant: Tenant, certificate_options: Json, key_path: Path
) -> None:
    key_path.parent.write_text("x")
    for check in (True, False):
        assert "is not a directory" in tenant.run(MODULE, check=check, **certificate_options)["msg"]
    assert tenant.writes == []


def test_the_mode_of_a_file_that_others_can_read_is_corrected(
    tenant: Tenant, certificate_options: Json, key_path: Path
) -> None:
    tenant.ok(MODULE, **certificate_options)
    key_path.chmod(0o644)
    tenant.clear_requests()
    assert tenant.ok(MODULE, check=True, **certificate_options)["changed"]
    assert stat.S_IMODE(key_path.stat().st_mode) == 0o644
    assert tenant.ok(MODULE, **certificate_options)["changed"]
    assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
    assert tenant.writes == []


def test_no_private_key_is_in_any_result(tenant: Tenant, certificate_options: Json, key_path: Path) -> None:
    results = [tenant.ok(MODULE, **certificate_options), tenant.ok(MODULE, **certificate_options)]
    tenant.server.faults.add(method="PATCH", path="applications", status=403)
    results.append(tenant.run(MODULE, **certificate_options, lifetime_days=365, renew_before_days=200))
    assert results[-1]["failed"]
    for file in key_path.parent.iterdir():
        body = [line for line in file.read_text().split("-----BEGIN CERTIFICATE")[0].splitlines() if len(line) == 64]
        assert len(body) > 10
        text = json.dumps(results)
        assert not [line for line in body if line in text]
    for entry in tenant.server.requests():
        assert "PRIVATE KEY" not in json.dumps(entry.body)


@pytest.mark.parametrize("form", ["pem", "der", "pem with key"])
def test_a_certificate_of_the_user_is_registered(tenant: Tenant, tmp_path: Path, form: str) -> None:
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
    tenant.clear_requests()
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


def test_a_certificate_without_a_name_is_registered(tenant: Tenant, tmp_path: Path) -> None:
    tenant.register()
    file = tmp_path / "gateway.crt"
    file.write_bytes(_self_signed(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    made = tenant.ok(MODULE, **GATEWAY, certificate_file=str(file))
    assert [entry["keyId"] for entry in registered(tenant)] == [made["key_id"]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no readable certificate"),
        (b"\x30\x82nonsense", "no readable certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no readable certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n", "contains 0 certificates"),
        (_self_signed(ec.generate_private_key(ec.SECP256R1())), "not for an RSA key"),
        (_self_signed(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "not for an RSA key"),
        (Pair.new().for_msal()["public_certificate"].encode() * 2, "contains 2 certificates"),
        (Pair.new(days=20).for_msal()["public_certificate"].encode(), "renew_before_days is 30"),
        (b"x" * 70000, "larger than"),
    ],
    ids=["empty", "no der", "no pem", "half", "ec", "short", "two", "due", "large"],
)
def test_invalid_certificates_are_refused_before_any_request(
    tenant: Tenant, tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "gateway.crt"
    file.write_bytes(content)
    result = tenant.fails(MODULE, **GATEWAY, certificate_file=str(file))
    assert words in result["msg"]
    assert tenant.server.requests() == []


def test_the_mark_in_the_key_file_is_the_documented_one(
    tenant: Tenant, certificate_options: Json, key_path: Path
) -> None:
    made = tenant.ok(MODULE, **certificate_options)
    assert key_path.read_text().splitlines()[0].startswith(MARK)
    assert key_path.read_text().splitlines()[0].endswith(made["client_id"])
