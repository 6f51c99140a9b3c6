# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lifetime of a client secret: end dates, and policies of the tenant."""

from __future__ import annotations

import datetime

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.client_secrets import (
    GATEWAY,
    MODULE,
    forbid,
    utc_now,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    Tenant,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication


@pytest.mark.parametrize(
    ("end_date", "end"),
    [
        ("2199-06-30", "2199-06-30T23:59:59Z"),
        (" 2199-06-30 ", "2199-06-30T23:59:59Z"),
        ("2199-06-30T12:00:00Z", "2199-06-30T12:00:00Z"),
        ("2199-06-30t12:00:00z", "2199-06-30T12:00:00Z"),
        ("2199-06-30T12:00:00+02:00", "2199-06-30T10:00:00Z"),
        ("2199-06-30T12:00:00.750Z", "2199-06-30T12:00:00Z"),
    ],
)
def test_an_end_date_can_be_a_day_or_a_point_in_time(
    gateway: TenantApplication, tenant: Tenant, end_date: str, end: str
) -> None:
    result = tenant.ok(MODULE, **GATEWAY, end_date=end_date)
    assert result["end"] == end
    assert gateway.secrets[0]["endDateTime"] == end


def test_an_unquoted_point_in_time_of_a_playbook_is_accepted(gateway: TenantApplication, tenant: Tenant) -> None:
    """YAML makes a datetime of it, and Ansible's string of that has a blank instead of the T."""
    moment = datetime.datetime(2199, 6, 30, 12, tzinfo=datetime.timezone.utc)
    assert tenant.ok(MODULE, **GATEWAY, end_date=str(moment))["end"] == "2199-06-30T12:00:00Z"


def test_the_last_possible_day_is_accepted(gateway: TenantApplication, tenant: Tenant) -> None:
    assert tenant.ok(MODULE, **GATEWAY, end_date="9999-12-31")["changed"]


def test_an_end_date_that_is_too_near_is_refused_with_the_name_of_the_option(tenant: Tenant) -> None:
    soon = (utc_now() + datetime.timedelta(days=5)).strftime("%Y-%m-%d")
    result = tenant.fails(MODULE, **GATEWAY, end_date=soon)
    assert "end_date" in result["msg"]
    assert tenant.server.requests() == []


def test_the_shortest_and_the_longest_lifetime_are_accepted(gateway: TenantApplication, tenant: Tenant) -> None:
    assert tenant.ok(MODULE, unique_name="gateway", description="a", lifetime_days=1, renew_before_days=0)["changed"]
    assert tenant.ok(MODULE, unique_name="gateway", description="b", lifetime_days=3650)["changed"]


def test_a_lifetime_beyond_the_policy_is_explained_and_nothing_is_created(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    forbid(tenant, restrictionType="passwordLifetime", maxLifetime="P90D")
    result = tenant.fails(MODULE, **GATEWAY, lifetime_days=180)
    assert result["error"]["code"] == "CredentialInvalidLifetimeAsPerAppPolicy"
    assert "smaller lifetime_days" in result["error"]["next_step"]
    assert gateway.secrets == []
    assert len(tenant.writes) == 1, "a permanent refusal is not repeated"
    assert tenant.ok(MODULE, **GATEWAY, lifetime_days=89)["changed"]


def test_a_lifetime_of_exactly_the_policy_is_accepted(gateway: TenantApplication, tenant: Tenant) -> None:
    forbid(tenant, restrictionType="passwordLifetime", maxLifetime="P90D")
    assert tenant.ok(MODULE, **GATEWAY, lifetime_days=90)["changed"]


def test_a_policy_against_secrets_is_explained(gateway: TenantApplication, tenant: Tenant) -> None:
    forbid(tenant, restrictionType="passwordAddition")
    result = tenant.fails(MODULE, **GATEWAY)
    assert result["error"]["code"] == "CredentialTypeNotAllowedAsPerAppPolicy"
    assert "use another kind (a certificate instead of a client secret" in result["error"]["next_step"]
    assert gateway.secrets == []
