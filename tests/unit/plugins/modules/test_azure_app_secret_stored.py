# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which stored client secrets count, and what earlier or parallel runs left."""

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


def test_who_holds_nothing_gets_a_new_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    lost = tenant.ok(MODULE, **GATEWAY)
    result = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    assert result["changed"]
    assert gateway.accepts(result["client_secret"])
    assert gateway.accepts(lost["client_secret"]), "somebody else may use the one that is there"


def test_a_key_id_that_the_tenant_does_not_have_leads_to_a_new_secret(
    gateway: TenantApplication, tenant: Tenant
) -> None:
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


def test_what_is_held_and_fits_is_kept(gateway: TenantApplication, tenant: Tenant) -> None:
    made = tenant.ok(MODULE, **GATEWAY)
    tenant.ok(MODULE, **GATEWAY, stored_key_id="")  # a longer lasting one of the same description
    tenant.clear_requests()
    for stored_as in (made["key_id"], made["key_id"].upper()):
        result = as_task(tenant, **GATEWAY, stored_key_id=stored_as, stored_hint=made["hint"])
        assert not result["changed"]
        assert result["key_id"] == made["key_id"], "the one that is held, not another that fits as well"
    assert tenant.writes == []


def test_a_secret_whose_hint_the_tenant_does_not_tell_is_judged_by_its_key_id(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    made = tenant.ok(MODULE, **GATEWAY)
    gateway.secrets[0]["hint"] = None
    assert not as_task(tenant, **GATEWAY, stored_key_id=made["key_id"], stored_hint=made["hint"])["changed"]


def test_a_hint_counts_without_a_key_id_too(gateway: TenantApplication, tenant: Tenant) -> None:
    """The documentation: "A secret with another hint does not count"."""
    made = tenant.ok(MODULE, **GATEWAY)
    assert not as_task(tenant, **GATEWAY, stored_hint=made["hint"])["changed"]
    wrong = "###" if made["hint"] != "###" else "+++"
    assert as_task(tenant, **GATEWAY, stored_hint=wrong)["changed"]


def test_held_secrets_are_renewed_too(gateway: TenantApplication, tenant: Tenant) -> None:
    made = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    gateway.expire(days=3)
    assert as_task(tenant, **GATEWAY, **SCHEDULE, stored_key_id=made["key_id"], stored_hint=made["hint"])["changed"]


def test_a_value_that_is_not_held_leads_to_a_new_secret_with_the_same_end(
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


def test_what_is_lost_goes_also_where_no_new_secret_is_needed(gateway: TenantApplication, tenant: Tenant) -> None:
    kept = tenant.ok(MODULE, **GATEWAY)
    orphan = as_task(tenant, **GATEWAY, stored_key_id="", start=START)
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[START])
    assert result["changed"]
    assert result["client_secret"] is None
    assert result["removed_key_ids"] == [orphan["key_id"]]
    assert gateway.secret_ids == [kept["key_id"]]
    assert not as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[START])["changed"]


def test_what_is_lost_goes_also_if_its_description_is_not_used_any_more(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    orphan = as_task(tenant, unique_name="gateway", description="earlier", stored_key_id="", start=START)
    result = as_task(tenant, **GATEWAY, stored_key_id="", unconfirmed_starts=[START])
    assert result["diff"]["before"] == {"unconfirmed": 1}
    assert result["diff"]["after"]["unconfirmed"] == 0
    assert result["removed_key_ids"] == [orphan["key_id"]]
    assert gateway.secret_ids == [result["key_id"]]


def test_the_held_secret_is_not_lost_whatever_its_start(gateway: TenantApplication, tenant: Tenant) -> None:
    """The run was interrupted after it had stored the value."""
    kept = as_task(tenant, **GATEWAY, start=START)
    tenant.clear_requests()
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[START])
    assert not result["changed"]
    assert result["confirmed_starts"] == [START]
    assert tenant.writes == []


def test_a_start_of_which_nothing_is_seen_yet_stays_unsettled(gateway: TenantApplication, tenant: Tenant) -> None:
    """A read may lag behind; only a read that shows something newer, or a long time, proves that nothing is left."""
    kept = tenant.ok(MODULE, **GATEWAY)
    young = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], unconfirmed_starts=[young, START])
    assert result["confirmed_starts"] == [START]
    result = as_task(tenant, **GATEWAY, stored_key_id="", unconfirmed_starts=[young])
    assert result["confirmed_starts"] == [young]


def test_a_held_secret_that_is_too_young_to_be_seen_is_waited_for(gateway: TenantApplication, tenant: Tenant) -> None:
    """Another run made it seconds ago. Whoever believed the stale answer would make a second one."""
    kept = tenant.ok(MODULE, **GATEWAY)
    gateway.stale(passwordCredentials=[], reads=3)
    result = as_task(tenant, **GATEWAY, stored_key_id=kept["key_id"], stored_start=kept["start"])
    assert not result["changed"]
    assert result["key_id"] == kept["key_id"]


def test_the_wait_for_a_young_secret_that_somebody_removed_ends(
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


def test_a_host_that_asks_for_longer_does_not_share_it(gateway: TenantApplication, tenant: Tenant) -> None:
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
