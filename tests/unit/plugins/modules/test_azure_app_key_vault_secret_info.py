# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest

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


PAGE = {"status": 404, "body": {"title": "of a proxy"}}
EMPTY = {"status": 404, "body": None}
OTHER_CODE = {"status": 404, "body": {"error": {"code": "ResourceNotFound", "message": "No such vault."}}}
NO_OBJECT = {"status": 200, "body": []}
NO_VALUE = {"status": 200, "body": {"id": "https://localhost/secrets/gateway/" + "0" * 32, "attributes": {}}}
ANOTHER = {"status": 200, "body": {"id": "https://localhost/secrets/another/" + "0" * 32, "value": "its-value"}}


@pytest.mark.parametrize("answer", [PAGE, EMPTY, OTHER_CODE, NO_OBJECT, NO_VALUE, ANOTHER])
def test_only_a_key_vault_says_that_a_secret_is_not_there(tenant: Tenant, answer: dict[str, t.Any]) -> None:
    where: Json = {"vault_url": tenant.server.key_vault, "name": "gateway"}
    tenant.server.faults.add(path="/secrets/gateway", times=99, **answer)
    failure = tenant.fails(MODULE, **where)
    assert "Could not read the secret gateway" in failure["msg"]
    assert "its-value" not in repr(failure)
    failure = tenant.fails("azure_app_key_vault_secret", **where, value="first-value")
    assert "Could not read the secret gateway" in failure["msg"]
    assert tenant.server.vault_writes() == []
