# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet stays within the limits of the tenant: it slows down before requests are refused."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

GATEWAYS = 40
# A tenth of the limit of a small tenant in Microsoft Graph, so that forty gateways correspond to four hundred.
LIMITS: Json = {"throttle_units": 350, "throttle_writes": 300}


@pytest.fixture
def fleet(tenant: Tenant) -> Tenant:
    """All gateways of one run."""
    tenant.memory = SharedMemory()
    tenant.of_role = True
    tenant.server.settings.update(LIMITS)
    return tenant


def register_all(tenant: Tenant) -> list[bool]:
    """Task by task, as in Ansible; returns whether each changed something."""
    changed = []
    made = [
        tenant.ok("azure_app_registration", display_name=f"Gateway {i}", unique_name=f"gateway-{i}")
        for i in range(GATEWAYS)
    ]
    changed += [one["changed"] for one in made]
    keys = [{"client_id": one["client_id"]} for one in made]
    wanted = {"application_permissions": ["Group.Read.All", "GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All"]}
    for module, options in (
        ("azure_app_graph_permissions", wanted),
        ("azure_admin_consent", {}),
        ("azure_app_secret", {"description": "gateway"}),
    ):
        changed += [tenant.ok(module, **key, **options)["changed"] for key in keys]
    return changed


def test_at_most_one_request_in_a_hundred_is_refused(fleet: Tenant) -> None:
    assert register_all(fleet) == [True] * 4 * GATEWAYS
    assert len(fleet.applications) == GATEWAYS
    assert all(len(application["passwordCredentials"]) == 1 for application in fleet.applications)
    statuses = [entry.status for entry in fleet.server.journal.entries()]
    assert len(statuses) > 8 * GATEWAYS
    assert len(fleet.writes) > LIMITS["throttle_writes"]
    assert statuses.count(429) <= len(statuses) / 100


def test_a_run_that_changes_nothing_is_hardly_slowed_down(fleet: Tenant) -> None:
    register_all(fleet)
    fleet.server.clock.advance(3600)
    fleet.memory = SharedMemory()
    fleet.clear_requests()
    assert register_all(fleet) == [False] * 4 * GATEWAYS
    assert fleet.writes == []
    statuses = [entry.status for entry in fleet.server.journal.entries()]
    assert statuses.count(429) <= len(statuses) / 100
