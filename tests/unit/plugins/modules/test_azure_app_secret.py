# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creates, renews and removes client secrets."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.fixed_time import fix_now
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.client_secrets import (
    GATEWAY,
    MODULE,
    SCHEDULE,
    UNKNOWN,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    Tenant,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication


def test_one_secret_is_created_and_its_value_is_accepted_by_the_token_endpoint(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    result = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    assert result["changed"]
    (credential,) = gateway.secrets
    assert (credential["keyId"], credential["displayName"]) == (result["key_id"], "mail gateway")
    assert tenant.writes == [f"POST /applications/{result['application_object_id']}/addPassword"]
    assert gateway.accepts(result["client_secret"])
    assert not gateway.accepts(result["client_secret"] + "x")
    assert result["hint"] == credential["hint"] == result["client_secret"][:3]
    assert result["end"] == credential["endDateTime"]
    assert result["days_left"] == 90
    assert result["secret_count"] == 1


def test_a_secret_is_identified_by_its_description(gateway: TenantApplication, tenant: Tenant) -> None:
    first = tenant.ok(MODULE, **GATEWAY)
    second = tenant.ok(MODULE, unique_name="gateway", description="other gateway")
    assert second["changed"]
    assert second["secret_count"] == 2
    assert gateway.accepts(first["client_secret"])
    assert gateway.accepts(second["client_secret"])


def test_one_secret_is_removed_by_its_description(gateway: TenantApplication, tenant: Tenant) -> None:
    kept = tenant.ok(MODULE, unique_name="gateway", description="other")
    made = tenant.ok(MODULE, **GATEWAY)
    tenant.clear_requests()
    predicted = tenant.ok(MODULE, check=True, **GATEWAY, state="absent")
    assert predicted["changed"]
    assert tenant.writes == []
    gone = tenant.ok(MODULE, **GATEWAY, state="absent")
    assert gone["changed"]
    assert gone["diff"]["after"] == {}
    assert (predicted["removed_key_ids"], gone["removed_key_ids"]) == ([made["key_id"]], [made["key_id"]])
    assert gateway.secret_ids == [kept["key_id"]]
    assert [(e.path.rsplit("/", 1)[-1], e.body) for e in tenant.write_entries] == [
        ("removePassword", {"keyId": made["key_id"]})
    ]
    assert not gateway.accepts(made["client_secret"])
    tenant.clear_requests()
    again = tenant.ok(MODULE, **GATEWAY, state="absent")
    assert not again["changed"]
    assert again["removed_key_ids"] == []
    assert tenant.writes == []
    assert tenant.graph_requests <= 2


def test_a_secret_is_only_renewed_below_the_requested_days(
    gateway: TenantApplication, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    fix_now(monkeypatch)
    first = tenant.ok(MODULE, **GATEWAY, lifetime_days=40, renew_before_days=10)
    kept = tenant.ok(MODULE, **GATEWAY, lifetime_days=90, renew_before_days=39)
    assert not kept["changed"]
    assert kept["days_left"] == 40
    renewed = tenant.ok(MODULE, **GATEWAY, lifetime_days=90, renew_before_days=41)
    assert renewed["changed"]
    assert renewed["key_id"] != first["key_id"]


@pytest.mark.parametrize(
    ("spare", "renews"), [({"days": 30, "minutes": 1}, False), ({"days": 30, "minutes": -1}, True)]
)
def test_the_threshold_is_exact(
    gateway: TenantApplication, tenant: Tenant, spare: dict[str, int], renews: bool
) -> None:
    tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    gateway.expire(**spare)
    assert tenant.ok(MODULE, check=True, **GATEWAY, **SCHEDULE)["changed"] is renews
    assert tenant.ok(MODULE, **GATEWAY, **SCHEDULE)["changed"] is renews
    assert len(gateway.secrets) == 1 + renews


def test_a_renewal_keeps_the_old_secret_working(gateway: TenantApplication, tenant: Tenant) -> None:
    old = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    gateway.expire(days=3)
    tenant.clear_requests()
    new = tenant.ok(MODULE, **GATEWAY, **SCHEDULE)
    assert [w.rsplit("/", 1)[-1] for w in tenant.writes] == ["addPassword"]
    assert new["secret_count"] == 2
    assert new["days_left"] == 90
    assert gateway.accepts(old["client_secret"])
    assert gateway.accepts(new["client_secret"])
    assert not tenant.ok(MODULE, **GATEWAY, **SCHEDULE)["changed"]


def test_an_expired_secret_is_renewed_also_without_a_margin(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, **GATEWAY, renew_before_days=0)
    assert not tenant.ok(MODULE, **GATEWAY, renew_before_days=0)["changed"]
    gateway.expire(minutes=-1)
    assert tenant.ok(MODULE, **GATEWAY, renew_before_days=0)["changed"]


def test_secrets_without_a_description_are_ignored(gateway: TenantApplication, tenant: Tenant) -> None:
    """Secrets of the portal and of other tools are kept, and do not count."""
    tenant.ok(MODULE, **GATEWAY)
    gateway.secrets[0]["displayName"] = None
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert len(gateway.secrets) == 2


def test_only_the_secret_with_the_key_id_is_removed(gateway: TenantApplication, tenant: Tenant) -> None:
    first = tenant.ok(MODULE, **GATEWAY)
    second = tenant.ok(MODULE, **GATEWAY, stored_key_id="")
    result = tenant.ok(MODULE, unique_name="gateway", key_id=first["key_id"].upper(), state="absent")
    assert result["changed"]
    assert result["secret_count"] == 1
    assert gateway.secret_ids == [second["key_id"]]
    tenant.clear_requests()
    assert not tenant.ok(MODULE, unique_name="gateway", key_id=first["key_id"], state="absent")["changed"]
    assert tenant.writes == []


def test_a_description_of_several_secrets_removes_none(gateway: TenantApplication, tenant: Tenant) -> None:
    ids = {tenant.ok(MODULE, **GATEWAY, stored_key_id="")["key_id"] for _number in range(2)}
    tenant.clear_requests()
    result = tenant.fails(MODULE, **GATEWAY, state="absent")
    assert set(result["error"]["key_ids"]) == ids
    assert "key_id" in result["error"]["next_step"]
    assert tenant.writes == []
    assert len(gateway.secrets) == 2


def test_a_secret_whose_key_id_graph_does_not_show_cannot_be_removed(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    tenant.ok(MODULE, **GATEWAY)
    (secret,) = gateway.secrets
    secret["keyId"] = None
    failure = tenant.fails(MODULE, **GATEWAY, state="absent")
    assert "Microsoft Graph shows no key id of it" in failure["msg"]
    assert gateway.secrets == [secret]


def test_an_unknown_key_id_is_already_absent(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, **GATEWAY)
    tenant.clear_requests()
    assert not tenant.ok(MODULE, unique_name="gateway", key_id=UNKNOWN, state="absent")["changed"]
    assert tenant.writes == []
    assert len(gateway.secrets) == 1


def test_a_secret_of_a_deleted_application_is_already_absent(tenant: Tenant) -> None:
    assert not tenant.ok(MODULE, **GATEWAY, state="absent")["changed"]
    assert not tenant.ok(MODULE, object_id=UNKNOWN, key_id=UNKNOWN, state="absent")["changed"]


def test_a_concurrently_removed_secret_is_accepted(gateway: TenantApplication, tenant: Tenant) -> None:
    made = tenant.ok(MODULE, **GATEWAY)
    message = f"No password credential found with keyId {made['key_id']}."
    body = {"error": {"code": "Request_BadRequest", "message": message}}
    gateway.fails_to("remove a secret", status=400, body=body, processed=True)
    tenant.ok(MODULE, unique_name="gateway", key_id=made["key_id"], state="absent")
    assert gateway.secrets == []


def test_the_diff_of_a_renewal_shows_the_due_secret(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, unique_name="gateway", description="s", lifetime_days=20, renew_before_days=1)
    diff = tenant.ok(MODULE, check=True, unique_name="gateway", description="s")["diff"]
    assert (diff["before"]["valid"], diff["after"]["valid"]) == (False, True)
    assert diff["before"]["days_left"] < diff["after"]["days_left"] == 180


def test_a_removal_right_after_the_creation_is_repeated_until_it_succeeds(tenant: Tenant) -> None:
    """ "No such key id" can mean "not visible yet" then, and the secret would be kept."""
    tenant.memory = SharedMemory()
    gateway = TenantApplication.registered(tenant)
    made = tenant.ok(MODULE, **GATEWAY)
    body = {"error": {"code": "Request_BadRequest", "message": f"No password credential found with keyId {UNKNOWN}."}}
    gateway.fails_to("remove a secret", status=400, body=body, times=2)
    tenant.ok(MODULE, unique_name="gateway", key_id=made["key_id"], state="absent")
    assert gateway.secrets == []


def test_other_secrets_of_the_description_are_named(gateway: TenantApplication, tenant: Tenant) -> None:
    old = tenant.ok(MODULE, **GATEWAY)
    tenant.ok(MODULE, unique_name="gateway", description="foreign")
    assert tenant.ok(MODULE, **GATEWAY, stored_key_id="")["other_key_ids"] == [old["key_id"]]
