# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_key_vault_secret_info"


def test_a_secret_is_read_and_a_missing_one_is_no_error(tenant: Tenant) -> None:
    where: Json = {"vault_url": tenant.server.key_vault, "name": "gateway"}
    missing = tenant.ok(MODULE, **where)
    assert (missing["exists"], missing["value"], missing["tags"]) == (False, None, {})
    made = tenant.ok("azure_app_key_vault_secret", **where, value="first-value", tags={"a": "b"})
    found = tenant.ok(MODULE, **where)
    assert (found["exists"], found["value"], found["tags"]) == (True, "first-value", {"a": "b"})
    assert found["secret_id"] == made["secret_id"]
    assert found.keys() == missing.keys()
    tenant.server.clock.advance(datetime.timedelta(days=1).total_seconds())
    assert tenant.ok(MODULE, **where) == found


def test_an_expired_secret_can_be_read(tenant: Tenant) -> None:
    where: Json = {"vault_url": tenant.server.key_vault, "name": "gateway"}
    tenant.ok("azure_app_key_vault_secret", **where, value="first-value", expires="2020-01-01T00:00:00Z")
    assert tenant.ok(MODULE, **where)["value"] == "first-value"


def test_a_missing_role_is_named(tenant: Tenant) -> None:
    tenant.sign_in_with()
    failure = tenant.fails(MODULE, vault_url=tenant.server.key_vault, name="gateway")
    assert "Key Vault Secrets Officer" in failure["msg"]


def test_a_vault_that_is_down_is_told(tenant: Tenant) -> None:
    tenant.server.faults.add(path="/secrets/", close_before=True, times=99)
    failure = tenant.fails(MODULE, vault_url=tenant.server.key_vault, name="gateway")
    assert failure["error"]["kind"] == "transport"
