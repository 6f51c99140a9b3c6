# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creates, renews and removes certificates."""

from __future__ import annotations

import importlib
import stat
import typing as t
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.certificate_files import (
    MODULE,
    add_foreign,
    files,
    is_accepted,
    registered,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    Json,
    Tenant,
)


def test_a_key_is_created_and_its_certificate_registered(
    tenant: Tenant, certificate_options: Json, key_path: Path
) -> None:
    result = tenant.ok(MODULE, **certificate_options)
    assert result["changed"]
    (credential,) = registered(tenant)
    assert (credential["keyId"], credential["displayName"]) == (result["key_id"], "mail gateway")
    assert credential["customKeyIdentifier"] == result["thumbprint"]
    assert tenant.writes == [f"PATCH /applications/{result['application_object_id']}"]
    assert files(key_path) == ["gateway.pem"]
    assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_path.parent.stat().st_mode) == 0o700
    assert (result["path"], result["old_path"], result["fresh"]) == (str(key_path), None, True)
    assert is_accepted(tenant, key_path)
    certificate = x509.load_pem_x509_certificate(key_path.read_bytes())
    assert certificate.subject.rfc4514_string() == "CN=mail gateway"
    assert certificate.fingerprint(hashes.SHA1()).hex().upper() == result["thumbprint"]


def test_a_renewal_keeps_the_old_pair_and_both_can_sign_in(
    tenant: Tenant, certificate_options: Json, key_path: Path
) -> None:
    first = tenant.ok(MODULE, **certificate_options, lifetime_days=20, renew_before_days=10)
    other = add_foreign(tenant)
    tenant.clear_requests()
    second = tenant.ok(MODULE, **certificate_options)
    assert second["changed"]
    assert second["other_key_ids"] == [first["key_id"]]
    assert {c["keyId"] for c in registered(tenant)} == {first["key_id"], second["key_id"], other["keyId"]}
    assert len(tenant.writes) == 1
    assert files(key_path) == ["gateway.pem", "gateway.pem.old"]
    old = key_path.with_name("gateway.pem.old")
    assert stat.S_IMODE(old.stat().st_mode) == 0o600
    assert second["old_path"] == str(old)
    assert is_accepted(tenant, key_path)
    assert is_accepted(tenant, old)
    assert not tenant.ok(MODULE, **certificate_options)["changed"]


def test_only_the_named_certificate_and_its_key_are_removed(
    tenant: Tenant, certificate_options: Json, key_path: Path
) -> None:
    first = tenant.ok(MODULE, **certificate_options, lifetime_days=20, renew_before_days=10)
    second = tenant.ok(MODULE, **certificate_options)
    other = add_foreign(tenant)
    tenant.clear_requests()
    gone: Json = {"unique_name": "gateway", "key_id": first["key_id"].upper(), "state": "absent"}
    assert tenant.ok(MODULE, check=True, **gone)["changed"]
    assert tenant.writes == []
    assert tenant.ok(MODULE, **gone)["changed"]
    assert {c["keyId"] for c in registered(tenant)} == {second["key_id"], other["keyId"]}
    assert other["keyId"] in tenant.server.tenant.directory.certificates
    assert not tenant.ok(MODULE, **gone)["changed"]
    assert files(key_path) == ["gateway.pem", "gateway.pem.old"]
    assert tenant.ok(MODULE, **certificate_options)["changed"]
    assert files(key_path) == ["gateway.pem"], "the old key does not work any more"
    assert is_accepted(tenant, key_path)


def test_a_replaced_certificate_is_renewed_once(tenant: Tenant, certificate_options: Json, key_path: Path) -> None:
    first = tenant.ok(MODULE, **certificate_options)
    tenant.clear_requests()
    replaced: Json = {**certificate_options, "replaced_key_id": first["key_id"].upper()}
    assert tenant.ok(MODULE, check=True, **replaced)["changed"]
    assert tenant.writes == []
    second = tenant.ok(MODULE, **replaced)
    assert second["other_key_ids"] == [first["key_id"]]
    assert {c["keyId"] for c in registered(tenant)} == {first["key_id"], second["key_id"]}
    assert is_accepted(tenant, key_path)
    assert is_accepted(tenant, key_path.with_name("gateway.pem.old"))
    assert not tenant.ok(MODULE, **replaced)["changed"], "the new one does"
    assert not tenant.ok(MODULE, **certificate_options)["changed"]


@pytest.mark.parametrize(("renew_before_days", "renews"), [(39, False), (41, True)])
def test_a_certificate_is_renewed_below_the_threshold(
    tenant: Tenant, certificate_options: Json, renew_before_days: int, renews: bool
) -> None:
    tenant.ok(MODULE, **certificate_options, lifetime_days=40, renew_before_days=10)
    # A second passes between the runs, so that slightly less than 40 days are left.
    result = tenant.ok(MODULE, **certificate_options, lifetime_days=90, renew_before_days=renew_before_days)
    assert result["changed"] is renews
    assert len(registered(tenant)) == 1 + renews


def test_another_subject_leads_to_a_new_certificate(tenant: Tenant, certificate_options: Json) -> None:
    tenant.ok(MODULE, **certificate_options)
    assert tenant.ok(MODULE, **certificate_options, subject="gateway.example.com")["changed"]
    assert not tenant.ok(MODULE, **certificate_options, subject="gateway.example.com")["changed"]
    assert not tenant.ok(MODULE, **certificate_options)["changed"]


def test_a_removed_certificate_is_not_registered_again(
    tenant: Tenant, certificate_options: Json, key_path: Path
) -> None:
    tenant.ok(MODULE, **certificate_options)
    before = key_path.read_bytes()
    tenant.application(uniqueName="gateway")["keyCredentials"] = []
    assert tenant.ok(MODULE, **certificate_options)["changed"]
    assert key_path.read_bytes() != before
    assert files(key_path) == ["gateway.pem"]
    assert is_accepted(tenant, key_path)


def test_a_policy_is_explained_and_a_shorter_lifetime_accepted(
    tenant: Tenant, certificate_options: Json, key_path: Path
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
    result = tenant.fails(MODULE, **certificate_options)
    assert result["error"]["code"] == "CredentialInvalidLifetimeAsPerAppPolicy"
    assert "smaller lifetime_days" in result["error"]["next_step"]
    assert registered(tenant) == []
    assert not key_path.exists()
    assert tenant.ok(MODULE, **certificate_options, lifetime_days=89)["changed"]
    assert files(key_path) == ["gateway.pem"]
    assert is_accepted(tenant, key_path)


def test_a_missing_library_is_named(tenant: Tenant, certificate_options: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def without(name: str, *args: t.Any) -> t.Any:
        if name.startswith("cryptography"):
            raise ModuleNotFoundError(name=name)
        return real(name, *args)

    monkeypatch.setattr(importlib, "import_module", without)
    result = tenant.fails(MODULE, **certificate_options)
    assert "cryptography is not installed" in result["msg"]
    assert result["error"]["kind"] == "missing_library"
    assert tenant.server.requests() == []
