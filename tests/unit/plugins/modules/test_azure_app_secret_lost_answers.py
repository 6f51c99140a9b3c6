# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lost or invalid responses: one client secret is left, and its value is known."""

from __future__ import annotations

import json

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.client_secrets import (
    GATEWAY,
    MODULE,
    START,
    UNKNOWN,
    as_task,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    Json,
    Tenant,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication


@pytest.mark.parametrize(
    "fault",
    [
        {"close_before": True},
        {"close_after": True},
        {"truncate": True},
        {"invalid_json": True},
        {"status": 500},
        {"status": 500, "processed": True},
        {"status": 503, "processed": True},
        {"status": 504, "processed": True},
        {"status": 200, "processed": True, "body": {"keyId": UNKNOWN}},
        {"status": 429},
        {"status": 429, "headers": {"Retry-After": "7.5"}},
    ],
    ids=str,
)
def test_a_lost_response_ends_with_one_new_secret_whose_value_is_known(
    gateway: TenantApplication, tenant: Tenant, fault: Json
) -> None:
    kept = tenant.ok(MODULE, unique_name="gateway", description="other")
    gateway.fails_to("create a secret", **fault)
    result = tenant.run(MODULE, **GATEWAY)
    if result.get("failed"):
        assert "Run again" in result["msg"]  # a response without a value: nothing is left behind
        assert gateway.secret_ids == [kept["key_id"]]
        result = tenant.ok(MODULE, **GATEWAY)
    assert sorted(c["keyId"] for c in gateway.secrets) == sorted([kept["key_id"], result["key_id"]])
    assert gateway.accepts(result["client_secret"])
    assert gateway.accepts(kept["client_secret"])


def test_two_lost_responses_in_a_row_leave_one_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    gateway.fails_to("create a secret", close_after=True, times=2)
    result = tenant.ok(MODULE, **GATEWAY)
    assert gateway.secret_ids == [result["key_id"]]
    assert gateway.accepts(result["client_secret"])


def test_permanently_lost_responses_fail_and_leave_nothing_behind(gateway: TenantApplication, tenant: Tenant) -> None:
    gateway.fails_to("create a secret", close_after=True, times=99)
    result = tenant.fails(MODULE, **GATEWAY)
    assert result["error"]["kind"] == "transport"
    assert gateway.secrets == []


def test_requests_without_a_response_may_still_create_a_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    gateway.fails_to("create a secret", close_before=True, times=99)
    result = tenant.fails(MODULE, **GATEWAY)
    assert f"If a secret with the start {result['error']['lost_start']} appears, remove it" in result["msg"]
    assert gateway.secrets == []


def test_a_lost_secret_that_cannot_be_removed_is_reported_with_the_new_value(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    """It would not be found otherwise."""
    gateway.fails_to("create a secret", close_after=True)
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    gateway.fails_to("remove a secret", status=403, body=denied, times=99)
    result = tenant.ok(MODULE, **GATEWAY)
    assert gateway.accepts(result["client_secret"])
    orphan = next(c for c in gateway.secrets if c["keyId"] != result["key_id"])
    assert orphan["startDateTime"] in result["warnings"][0]
    assert "value is unknown" in result["warnings"][0]


def test_a_secret_of_another_run_is_not_removed_as_a_lost_one(gateway: TenantApplication, tenant: Tenant) -> None:
    other = tenant.ok(MODULE, **GATEWAY)
    # This run finds nothing at first, as if the other one ran in between.
    gateway.stale(passwordCredentials=[])
    gateway.fails_to("create a secret", close_after=True)
    result = tenant.ok(MODULE, **GATEWAY)
    assert sorted(c["keyId"] for c in gateway.secrets) == sorted([other["key_id"], result["key_id"]])


def test_the_secret_of_a_concurrent_run_is_sufficient(gateway: TenantApplication, tenant: Tenant) -> None:
    """It was a run of the same playbook: after the fresh read there is nothing left to do but to report it."""
    other = tenant.ok(MODULE, **GATEWAY)
    gateway.stale(passwordCredentials=[])
    gateway.fails_to("create a secret", status=409)
    result = tenant.ok(MODULE, **GATEWAY)
    assert result["key_id"] == other["key_id"]
    assert result["client_secret"] is None
    assert len(gateway.secrets) == 1


def test_a_value_in_an_invalid_response_is_not_shown(gateway: TenantApplication, tenant: Tenant) -> None:
    gateway.fails_to(
        "create a secret", status=400, body={"secretText": "s3cr3t", "error": {"code": "Odd", "message": "odd"}}
    )
    assert "s3cr3t" not in json.dumps(tenant.fails(MODULE, **GATEWAY))


def test_a_lost_response_that_cannot_be_checked_is_reported_with_the_possible_secret(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    gateway.fails_to("create a secret", close_after=True, times=99)
    tenant.server.faults.add(method="GET", path="applications/", status=403, times=99)
    result = tenant.fails(MODULE, unique_name="gateway", description="s")
    assert "was lost" in result["msg"]
    assert "remove the secret that started at" in result["error"]["next_step"]
    assert {credential["startDateTime"] for credential in gateway.secrets} == {result["error"]["lost_start"]}


def test_all_attempts_have_the_requested_start(gateway: TenantApplication, tenant: Tenant) -> None:
    gateway.fails_to("create a secret", close_after=True)
    result = as_task(tenant, **GATEWAY, start=START)
    assert gateway.secret_ids == [result["key_id"]]
    assert len(result["removed_key_ids"]) == 1
    assert result["confirmed_starts"] == [START]


def test_a_request_without_a_response_may_be_processed_last(gateway: TenantApplication, tenant: Tenant) -> None:
    gateway.fails_to("create a secret", close_before=True)
    result = as_task(tenant, **GATEWAY, start=START)
    assert result["confirmed_starts"] == [], "only what was found and removed is settled"
    assert "warnings" not in result
    gateway.fails_to("create a secret", close_before=True)
    alone = tenant.ok(MODULE, unique_name="gateway", description="alone")
    assert alone["start"] in alone["warnings"][0], "it is not stored anywhere else"


def test_a_lost_secret_that_is_not_visible_at_first_is_removed(gateway: TenantApplication, tenant: Tenant) -> None:
    """The read after the lost response lags behind; the one that shows the new secret does not."""
    gateway.fails_to("create a secret", close_after=True)
    gateway.stale(passwordCredentials=[], reads=2)
    result = tenant.ok(MODULE, **GATEWAY)
    assert gateway.secret_ids == [result["key_id"]]
