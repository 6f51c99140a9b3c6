# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and assertions as the credential that is tried."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_token_info"
UNKNOWN = "11111111-1111-1111-1111-111111111111"


def with_certificate(tenant: Tenant, path: pathlib.Path) -> Json:
    made = tenant.register()
    tenant.ok("azure_app_certificate", unique_name="gateway", description="d", path=str(path))
    tenant.clear_requests()
    return {"tenant_id": tenant.server.tenant_id, "client_id": made["client_id"], "client_certificate_path": str(path)}


def trusted(tenant: Tenant) -> tuple[Json, str]:
    """A federated credential, and an assertion that it trusts."""
    made = tenant.register()
    answer = tenant.assertion("gateway")
    tenant.ok(
        "azure_app_federated_credential",
        unique_name="gateway",
        name="test",
        issuer=answer["issuer"],
        subject=answer["subject"],
    )
    tenant.clear_requests()
    return {"tenant_id": tenant.server.tenant_id, "client_id": made["client_id"]}, answer["assertion"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "one of the following is required: client_secret, client_certificate_path, client_assertion"),
        ({"client_secret": "s" * 30, "client_assertion": "a.b.c"}, "mutually exclusive: client_secret"),
        ({"client_secret": " "}, "client_secret is blank"),
        ({"client_assertion": "nonsense"}, "client_assertion is not a JSON Web Token"),
        ({"client_assertion_file": "/nowhere"}, "client_assertion_file is /nowhere, which is not a file"),
        ({"client_certificate_path": "/nowhere"}, "client_certificate_path is /nowhere, which is not a file"),
    ],
)
def test_exactly_one_usable_credential_is_required(tenant: Tenant, options: Json, words: str) -> None:
    result = tenant.fails(MODULE, tenant_id=tenant.server.tenant_id, client_id=UNKNOWN, **options)
    assert words in result["msg"]
    assert tenant.server.requests() == []


def test_a_certificate_is_verified(tenant: Tenant, tmp_path: pathlib.Path) -> None:
    options = with_certificate(tenant, tmp_path / "key.pem")
    result = tenant.ok(MODULE, **options)
    assert result["proven"] is True
    assert "PRIVATE KEY" not in json.dumps(result)


def test_a_certificate_that_is_not_registered_is_refused(tenant: Tenant, tmp_path: pathlib.Path) -> None:
    options = with_certificate(tenant, tmp_path / "key.pem")
    tenant.application(uniqueName="gateway")["keyCredentials"] = []
    result = tenant.fails(MODULE, **options, poll=False)
    assert result["error"]["code"] == "AADSTS700027"
    assert "azure_app_certificate" in result["error"]["next_step"]


def _pem(key: t.Any, **changes: t.Any) -> bytes:
    form: dict[str, t.Any] = {
        "encoding": serialization.Encoding.PEM,
        "format": serialization.PrivateFormat.PKCS8,
        "encryption_algorithm": serialization.NoEncryption(),
        **changes,
    }
    content: bytes = key.private_bytes(**form)
    return content


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("encrypted", "is encrypted"),
        ("old and encrypted", "is encrypted"),
        ("ec", "is not an RSA key"),
        ("other", "belongs to another private key"),
        ("alone", "does not contain one private key and its certificate"),
        ("broken", "cannot be read"),
        ("expired", "expired at"),
        ("binary", "does not contain one private key"),
    ],
)
def test_invalid_key_files_are_refused_before_any_request(
    tenant: Tenant, tmp_path: pathlib.Path, kind: str, words: str
) -> None:
    pair = Pair.new()
    own = pair.for_msal()
    public, locked = own["public_certificate"].encode(), serialization.BestAvailableEncryption(b"password")
    content = {
        "encrypted": lambda: _pem(pair.key, encryption_algorithm=locked) + public,
        "old and encrypted": lambda: (
            _pem(pair.key, encryption_algorithm=locked, format=serialization.PrivateFormat.TraditionalOpenSSL) + public
        ),
        "ec": lambda: _pem(ec.generate_private_key(ec.SECP256R1())) + public,
        "other": lambda: _pem(Pair.new().key) + public,
        "alone": lambda: _pem(pair.key),
        "broken": lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + public,
        "expired": lambda: "".join(Pair.new(days=0).for_msal(sha256=True).values()).encode(),
        "binary": lambda: b"\x00\xff" * 100,
    }[kind]()
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    result = tenant.fails(
        MODULE, tenant_id=tenant.server.tenant_id, client_id=UNKNOWN, client_certificate_path=str(file)
    )
    assert words in result["msg"]
    assert tenant.server.requests() == []


@pytest.mark.parametrize("as_file", [False, True])
def test_an_assertion_is_verified(tenant: Tenant, tmp_path: pathlib.Path, as_file: bool) -> None:
    options, assertion = trusted(tenant)
    file = tmp_path / "token"
    file.write_text(f"{assertion}\n")
    given: Json = {"client_assertion_file": str(file)} if as_file else {"client_assertion": assertion}
    result = tenant.ok(MODULE, **options, **given)
    assert result["proven"] is True
    assert assertion not in json.dumps(result)


def test_an_assertion_that_is_not_trusted_is_explained(tenant: Tenant) -> None:
    options, assertion = trusted(tenant)
    tenant.ok("azure_app_federated_credential", unique_name="gateway", name="test", state="absent")
    result = tenant.fails(MODULE, **options, client_assertion=assertion, poll=False)
    assert result["error"]["code"] == "AADSTS70021"
    assert "azure_app_federated_credential" in result["error"]["next_step"]
    assert assertion not in json.dumps(result)


def test_a_credential_that_is_null_is_unset(tenant: Tenant) -> None:
    """Such as a registered variable without a value, because the secret existed already."""
    found = tenant.fails(
        MODULE, tenant_id=tenant.server.tenant_id, client_id=tenant.server.client_id, client_secret=None
    )
    assert "There is no credential" in found["msg"]
    assert tenant.server.requests() == []
