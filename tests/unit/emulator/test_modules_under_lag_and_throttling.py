# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules in a tenant that lags, throttles, refuses close writes and lets tokens expire, all at the same time."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
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
def unreliable(tenant: Tenant, virtual_time: VirtualTime) -> Tenant:
    tenant.memory = SharedMemory()  # as in a real run, in which a task knows the objects that another one created
    return tenant


def whole_job(tenant: Tenant) -> list[bool]:
    """Register, declare, consent, secret, token; returns which of them changed something."""
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
def test_the_whole_job_changes_nothing_when_repeated(unreliable: Tenant, seed: int) -> None:
    unreliable.server.settings.update({**LAG_AND_LIMITS, "weather_seed": seed})
    assert whole_job(unreliable) == [True] * 4
    # Later, when every replica has caught up; lag and throttling continue.
    unreliable.server.clock.advance(3600)
    unreliable.clear_requests()
    assert whole_job(unreliable) == [False] * 4
    assert unreliable.writes == []
    application = unreliable.application(uniqueName="gateway")
    assert len(application["passwordCredentials"]) == 1
    assert len(unreliable.service_principals(application["appId"])) == 1
    assert len(unreliable.server.tenant.directory.grants) == 1


@pytest.mark.parametrize("seed", range(2))
def test_an_immediate_second_run_does_no_harm(unreliable: Tenant, seed: int) -> None:
    """Before the replicas have caught up; the memory of the same run knows which objects are fresh."""
    unreliable.server.settings.update({**LAG_AND_LIMITS, "weather_seed": seed})
    whole_job(unreliable)
    whole_job(unreliable)
    application = unreliable.application(uniqueName="gateway")
    assert len(application["passwordCredentials"]) == 1
    assert len(unreliable.service_principals(application["appId"])) == 1


@pytest.mark.parametrize("seed", range(4))
def test_permissions_of_two_resources_can_be_declared_one_after_the_other(unreliable: Tenant, seed: int) -> None:
    """After a stale read, the second task must not undo the first one."""
    unreliable.server.settings.update({**LAG_AND_LIMITS, "weather_seed": seed})
    unreliable.ok("azure_app_registration", **GATEWAY, display_name="Gateway")
    for resource, permission in (("microsoft_graph", "Mail.Send"), ("exchange_online", "SMTP.SendAsApp")):
        unreliable.ok(
            "azure_app_graph_permissions",
            **GATEWAY,
            resource=resource,
            application_permissions=[permission],
            exact=True,
        )
    assert len(unreliable.application(uniqueName="gateway")["requiredResourceAccess"]) == 2
    unreliable.ok("azure_admin_consent", **GATEWAY)
    assert len(unreliable.server.tenant.directory.assignments) - operator_assignments(unreliable) == 2


def operator_assignments(unreliable: Tenant) -> int:
    (principal,) = unreliable.service_principals(unreliable.server.client_id)
    assignments = unreliable.server.tenant.directory.assignments.values()
    return sum(entry["principalId"] == principal["id"] for entry in assignments)


@pytest.mark.parametrize("seed", range(4))
def test_an_application_can_be_purged(unreliable: Tenant, seed: int) -> None:
    unreliable.server.settings.update({**LAG_AND_LIMITS, "weather_seed": seed})
    whole_job(unreliable)
    gone = unreliable.ok("azure_app_registration", **GATEWAY, state="absent", purge=True)
    assert gone["changed"] is True
    assert unreliable.applications == [] and unreliable.server.tenant.directory.deleted == {}


def test_every_kind_of_refusal_occurred(unreliable: Tenant, virtual_time: VirtualTime) -> None:
    """Several seeds together: the speed of this computer decides which limit each of them reaches."""
    seen = set()
    for seed in range(4):
        unreliable.server.reset()
        unreliable.memory = SharedMemory()
        unreliable.server.settings.update(
            {**LAG_AND_LIMITS, "throttle_units": 5, "concurrency_window": 3, "weather_seed": seed}
        )
        whole_job(unreliable)
        seen |= {entry.status for entry in unreliable.server.journal.entries()}
    assert seen >= {401, 404, 409, 429}
    assert sum(virtual_time.waited) > 10
