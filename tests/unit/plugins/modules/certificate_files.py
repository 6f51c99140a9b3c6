# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of an application and the files of their keys."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    Json,
    Tenant,
)

MODULE = "azure_app_certificate"
GATEWAY: Json = {"unique_name": "gateway", "description": "mail gateway"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"


def registered(tenant: Tenant) -> list[Json]:
    credentials: list[Json] = tenant.application(uniqueName="gateway")["keyCredentials"]
    return credentials


def is_accepted(tenant: Tenant, path: Path) -> bool:
    """Whether the token endpoint accepts the key in the file, checked with the module for it."""
    proof = tenant.run(
        "azure_app_token_info",
        tenant_id=tenant.server.tenant_id,
        client_id=tenant.application(uniqueName="gateway")["appId"],
        client_certificate_path=str(path),
        poll=False,
    )
    return proof.get("proven") is True


def files(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir()) if path.parent.exists() else []


def add_foreign(tenant: Tenant, pair: Pair | None = None) -> Json:
    """A certificate of another team, added in the portal."""
    pair = pair or Pair.new()
    key_id = str(UNKNOWN)
    entry: Json = {
        "customKeyIdentifier": pair.thumbprint,
        "displayName": "of another team",
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
