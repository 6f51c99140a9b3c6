# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stored client secrets that count, and the remains of earlier or parallel runs."""

from __future__ import annotations

import datetime

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import LONGEST_PAUSE
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret import (
    VISIBLE_AFTER,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.client_secrets import (
    GATEWAY,
    MODULE,
    SCHEDULE,
    START,
    UNKNOWN,
    as_task,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    Json,
    Tenant,
    VirtualTime,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication


def test_an_empty_store_leads_to_a_new_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    lost = tenant.ok(MODULE, **GATEWAY)
    result = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    assert result["changed"]
    assert gateway.accepts(result["client_secret"])
    assert gateway.accepts(lost["client_secret"]), "the existing one may be in use"


def test_an_unknown_key_id_leads_to_a_new_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, **GATEWAY)
    assert tenant.ok(MODULE, **GATEWAY, stored_key_id=UNKNOWN)["changed"]


def test_the_key_id_of_a_secret_with_another_description_does_not_count(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    other = tenant.ok(MODULE, unique_name="gateway", description="other")
    assert tenant.ok(MODULE, **GATEWAY, stored_key_id=other["key_id"])["changed"]


def test_a_stored_value_with_another_hint_leads_to_a_new_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    made = tenant.ok(MODULE, **GATEWAY)
    wrong = "###" if made["hint"] != "###" else "+++"
    assert as_task(tenant, **GATEWAY, stored_key_id=made["key_id"], stored_hint=wrong)["changed"]


def test_a_matching_stored_secret_is_kept(gateway: TenantApplication, tenant: Tenant) -> None:
    made = tenant.ok(MODULE, **GATEWAY)
    tenant.ok(MODULE, **GATEWAY, stored_key_id="")  # one of the same description with a longer lifetime
    tenant.clear_requests()
    for stored_as in (made["key_id"], made["key_id"].upper()):
        result = as_task(tenant, **GATEWAY, stored_key_id=stored_as, stored_hint=made["hint"])
        assert not result["changed"]
        assert result["key_id"] == made["key_id"], "the stored one, not another that also matches"
    assert tenant.writes == []


def test_a_secret_without_a_hint_is_compared_by_its_key_id(gateway: TenantApplication, tenant: Tenant) -> None:
    made = tenant.ok(MODULE, **GATEWAY)
    gateway.secrets[0]["hint"] = None
    assert not as_task(tenant, **GATEWAY, stored_key_id=made["key_id"], stored_hint=made["hint"])["changed"]


def test_a_hint_is_compared_without_a_key_id(gateway: TenantApplication, tenant: Tenant) -> None:
    """The documentation: "A secret with another hint does not count"."""
    made = tenant.ok(MODULE, **GATEWAY)
    assert not as_task(tenant, **GATEWAY, stored_hint=made["hint"])["changed"]
    wrong = "###" if made["hint"] != "###" else "+++"
    assert as_task(tenant, **GATEWAY, stored_hint=wrong)["changed"]


def test_a_due_stored_secret_is_renewed(gateway: TenantApplication, tenant: Tenant) -> None:
    made = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    gateway.expire(days=3)
    assert as_task(tenant, **GATEWAY, **SCHEDULE, stored_key_id=made["key_id"], stored_hint=made["hint"])["changed"]


def test_a_missing_stored_value_leads_to_a_new_secret_with_the_same_end(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    options: Json = {"unique_name": "gateway", "description": "s", "end_date": "2199-01-01"}
    first = tenant.ok(MODULE, **options)
    second = tenant.ok(MODULE, **options, stored_key_id="")
    assert second["changed"]
    assert second["client_secret"]
    assert second["key_id"] != first["key_id"]


def test_the_secret_of_an_interrupted_run_is_found_by_its_start_and_removed(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    other = tenant.ok(MODULE, **GATEWAY)
    orphan = as_task(tenant, **GATEWAY, stored_key_id="", start=START)
    assert orphan["start"] == START
    predicted = as_task(tenant, check=True, **GATEWAY, stored_key_id="", unconfirmed_starts=[START])
    assert predicted["changed"]
    assert predicted["removed_key_ids"] == [orphan["key_id"]]
    assert len(gateway.secrets) == 2
    result = as_task(tenant, **GATEWAY, stored_key_id="", unconfirmed_starts=[START])
    assert result["removed_key_ids"] == [orphan["key_id"]]
    assert result["confirmed_starts"] == [START]
    assert sorted(c["keyId"] for c in gateway.secrets) == sorted([other["key_id"], result["key_id"]])
    assert gateway.accepts(result["client_secret"])
    assert gateway.accepts(other["client_secret"])


def test_a_lost_secret_is_removed_also_if_no_new_one_is_needed(gateway: TenantApplication, tenant: Tenant) -> None:
    kept = tenant.ok(MODULE, **GATEWAY)
    orphan = as_task(tenant, **GATEWAY, stored_key_id="", start=START)
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[START])
    assert result["changed"]
    assert result["client_secret"] is None
    assert result["removed_key_ids"] == [orphan["key_id"]]
    assert gateway.secret_ids == [kept["key_id"]]
    assert not as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[START])["changed"]


def test_a_lost_secret_is_removed_also_if_its_description_has_changed(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    orphan = as_task(tenant, unique_name="gateway", description="earlier", stored_key_id="", start=START)
    result = as_task(tenant, **GATEWAY, stored_key_id="", unconfirmed_starts=[START])
    assert result["diff"]["before"] == {"unconfirmed": 1}
    assert result["diff"]["after"]["unconfirmed"] == 0
    assert result["removed_key_ids"] == [orphan["key_id"]]
    assert gateway.secret_ids == [result["key_id"]]


def test_the_stored_secret_is_not_removed_as_a_lost_one(gateway: TenantApplication, tenant: Tenant) -> None:
    """The run was interrupted after it had stored the value."""
    kept = as_task(tenant, **GATEWAY, start=START)
    tenant.clear_requests()
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[START])
    assert not result["changed"]
    assert result["confirmed_starts"] == [START]
    assert tenant.writes == []


def test_a_start_without_a_visible_secret_stays_unconfirmed(gateway: TenantApplication, tenant: Tenant) -> None:
    """A read may lag behind; only a read that shows something newer, or a long time, proves that nothing is left."""
    kept = tenant.ok(MODULE, **GATEWAY)
    young = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[young, START])
    assert result["confirmed_starts"] == [START]
    result = as_task(tenant, **GATEWAY, stored_key_id="", unconfirmed_starts=[young])
    assert result["confirmed_starts"] == [young]


def test_a_fresh_stored_secret_that_is_not_visible_yet_is_waited_for(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    """Another run created it seconds ago. A task that relies on the stale read would create a second one."""
    kept = tenant.ok(MODULE, **GATEWAY)
    gateway.stale(passwordCredentials=[], reads=3)
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], stored_start=kept["start"])
    assert not result["changed"]
    assert result["key_id"] == kept["key_id"]


def test_the_wait_for_a_removed_fresh_secret_ends(
    gateway: TenantApplication, tenant: Tenant, virtual_time: VirtualTime
) -> None:
    kept = tenant.ok(MODULE, **GATEWAY)
    gateway.secrets.clear()
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], stored_start=kept["start"])
    assert result["client_secret"]
    assert sum(virtual_time.waited) < VISIBLE_AFTER + 1.25 * LONGEST_PAUSE
    old = {"stored_key_id": result["key_id"], "stored_start": START}
    gateway.secrets.clear()
    virtual_time.waited.clear()
    assert as_task(tenant, **GATEWAY, **old)["client_secret"]
    assert virtual_time.waited == []


def test_a_host_with_a_longer_lifetime_does_not_share_the_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    first = tenant.ok(MODULE, **GATEWAY, lifetime_days=40, renew_before_days=10)
    second = tenant.ok(MODULE, **GATEWAY, lifetime_days=90, renew_before_days=60)
    assert (second["changed"], second["days_left"]) == (True, 90)
    assert gateway.secret_ids == [second["key_id"], first["key_id"]]
    assert gateway.accepts(second["client_secret"])


def test_parallel_hosts_of_one_run_share_the_new_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    first = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    second = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    assert (second["key_id"], second["client_secret"]) == (first["key_id"], first["client_secret"])
    assert gateway.secret_ids == [first["key_id"]]
    tenant.ok(MODULE, unique_name="gateway", key_id=first["key_id"], state="absent")
    third = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    assert third["key_id"] != first["key_id"]
