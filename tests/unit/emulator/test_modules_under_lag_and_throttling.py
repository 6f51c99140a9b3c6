# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules against a tenant that lags, throttles, refuses close writes and lets tokens expire, all at once."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

LAG_AND_LIMITS: Json = {
    "replica_delays": [0, 2, 9],
    "throttle_units": 12,
    "throttle_writes": 40,
    "concurrency_window": 1.5,
    "secret_delay": 8,
    "consent_delay": 12,
    "token_lifetime": 20,
}
GATEWAY: Json = {"unique_name": "gateway"}


@pytest.fixture
def stormy(tenant: Tenant, virtual_time: VirtualTime) -> Tenant:
    tenant.memory = SharedMemory()  # as in a real run, in which one task knows what another created
    return tenant


def whole_job(tenant: Tenant) -> list[bool]:
    """Register, declare, consent, secret, proof; what changed of it."""
    made = tenant.ok("azure_app_registration", **GATEWAY, display_name="Gateway", tags=["mail"])
    declared = tenant.ok(
        "azure_app_graph_permissions",
        **GATEWAY,
        application_permissions=["Mail.ReadWrite", "User.Read.All"],
        delegated_permissions=["offline_access"],
        exact=True,
    )
    granted = tenant.ok("azure_admin_consent", **GATEWAY)
    secret = tenant.ok("azure_app_secret", **GATEWAY, description="gateway", lifetime_days=90)
    if secret["client_secret"]:
        proof = tenant.ok(
            "azure_app_token_info",
            tenant_id=tenant.server.tenant_id,
            client_id=made["client_id"],
            client_secret=secret["client_secret"],
            expected_roles=["Mail.ReadWrite", "User.Read.All"],
        )
        assert proof["proven"] is True
    return [bool(step["changed"]) for step in (made, declared, granted, secret)]


@pytest.mark.parametrize("seed", range(6))
def test_the_whole_job_twice(stormy: Tenant, seed: int) -> None:
    stormy.server.settings.update({**LAG_AND_LIMITS, "weather_seed": seed})
    assert whole_job(stormy) == [True] * 4
    # Tomorrow, when every replica has caught up; lag and throttling stay.
    stormy.server.clock.advance(3600)
    stormy.clear_requests()
    assert whole_job(stormy) == [False] * 4
    assert stormy.writes == []
    application = stormy.application(uniqueName="gateway")
    assert len(application["passwordCredentials"]) == 1
    assert len(stormy.service_principals(application["appId"])) == 1
    assert len(stormy.server.tenant.directory.grants) == 1


@pytest.mark.parametrize("seed", range(2))
def test_a_second_run_at_once_does_no_harm(stormy: Tenant, seed: int) -> None:
    """Before the replicas have caught up, the same run memory tells that things are fresh."""
    stormy.server.settings.update({**LAG_AND_LIMITS, "weather_seed": seed})
    whole_job(stormy)
    whole_job(stormy)
    application = stormy.application(uniqueName="gateway")
    assert len(application["passwordCredentials"]) == 1
    assert len(stormy.service_principals(application["appId"])) == 1


@pytest.mark.parametrize("seed", range(4))
def test_permissions_of_two_resources_in_a_row(stormy: Tenant, seed: int) -> None:
    """A read that lags behind the first task must not make the second one undo it."""
    stormy.server.settings.update({**LAG_AND_LIMITS, "weather_seed": seed})
    stormy.ok("azure_app_registration", **GATEWAY, display_name="Gateway")
    for resource, permission in (("microsoft_graph", "Mail.Send"), ("exchange_online", "SMTP.SendAsApp")):
        stormy.ok(
            "azure_app_graph_permissions",
            **GATEWAY,
            resource=resource,
            application_permissions=[permission],
            exact=True,
        )
    assert len(stormy.application(uniqueName="gateway")["requiredResourceAccess"]) == 2
    stormy.ok("azure_admin_consent", **GATEWAY)
    assert len(stormy.server.tenant.directory.assignments) - operator_assignments(stormy) == 2


def operator_assignments(stormy: Tenant) -> int:
    (principal,) = stormy.service_principals(stormy.server.client_id)
    assignments = stormy.server.tenant.directory.assignments.values()
    return sum(entry["principalId"] == principal["id"] for entry in assignments)


@pytest.mark.parametrize("seed", range(4))
def test_removal(stormy: Tenant, seed: int) -> None:
    stormy.server.settings.update({**LAG_AND_LIMITS, "weather_seed": seed})
    whole_job(stormy)
    gone = stormy.ok("azure_app_registration", **GATEWAY, state="absent", purge=True)
    assert gone["changed"] is True
    assert stormy.applications == [] and stormy.server.tenant.directory.deleted == {}


def test_the_weather_was_felt(stormy: Tenant, virtual_time: VirtualTime) -> None:
    """Several seeds together: how fast this computer is decides which limit each of them meets."""
    seen = set()
    for seed in range(4):
        stormy.server.reset()
        stormy.memory = SharedMemory()
        stormy.server.settings.update(
            {**LAG_AND_LIMITS, "throttle_units": 5, "concurrency_window": 3, "weather_seed": seed}
        )
        whole_job(stormy)
        seen |= {entry.status for entry in stormy.server.journal.entries()}
    assert seen >= {401, 404, 409, 429}
    assert sum(virtual_time.waited) > 10
