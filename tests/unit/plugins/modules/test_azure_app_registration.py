# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication

pytestmark = pytest.mark.over_tls

MODULE = "azure_app_registration"
GATEWAY: Json = {"display_name": "Mail gateway", "unique_name": "mail-gateway"}


def test_one_application_with_one_service_principal_is_created(tenant: Tenant) -> None:
    result = tenant.ok(MODULE, **GATEWAY, notes="n", tags=["b", "a"], redirect_uris=["https://gw.example/cb"])
    assert result["changed"]
    stored = tenant.application(uniqueName="mail-gateway")
    assert stored["signInAudience"] == "AzureADMyOrg"
    assert stored["displayName"] == "Mail gateway"
    assert sorted(stored["tags"]) == ["a", "b"]
    assert stored["web"]["redirectUris"] == ["https://gw.example/cb"]
    assert (stored["appId"], stored["id"]) == (result["client_id"], result["application_object_id"])
    (principal,) = tenant.service_principals(stored["appId"])
    assert principal["id"] == result["service_principal_object_id"]
    assert tenant.writes == [
        "PATCH /applications(uniqueName='mail-gateway')",
        f"PATCH /servicePrincipals(appId='{stored['appId']}')",
    ]
    assert result["tenant_id"] == tenant.server.tenant_id
    assert result["portal_url"].endswith(f"/appId/{stored['appId']}")


def test_the_audience_is_always_sent(tenant: Tenant) -> None:
    """Graph's default changed over the years, so that an omitted value would depend on the age of the tenant."""
    tenant.ok(MODULE, **GATEWAY)
    assert tenant.write_entries[0].body["signInAudience"] == "AzureADMyOrg"


def test_only_differences_are_sent(tenant: Tenant) -> None:
    made = tenant.register(notes="old", tags=["keep"])
    options: Json = {"display_name": "Gateway gateway", "unique_name": "gateway", "notes": "new"}
    predicted = tenant.ok(MODULE, check=True, **options)
    assert predicted["changed"]
    assert tenant.writes == []
    result = tenant.ok(MODULE, **options)
    assert result["diff"]["before"]["notes"] == "old"
    assert result["diff"]["after"]["notes"] == "new"
    (write,) = tenant.write_entries
    assert (write.method, write.body) == ("PATCH", {"notes": "new"})
    assert tenant.application(id=made["application_object_id"])["tags"] == ["keep"]
    assert not tenant.ok(MODULE, **options)["changed"]


@pytest.mark.parametrize(
    ("option", "empty", "member", "stored"),
    [
        ("notes", "", "notes", None),
        ("tags", [], "tags", []),
        ("service_management_reference", "", "serviceManagementReference", None),
    ],
)
def test_omitted_options_keep_values_and_empty_options_clear_them(
    tenant: Tenant, option: str, empty: t.Any, member: str, stored: object
) -> None:
    full: Json = {"notes": "n", "tags": ["t"], "service_management_reference": "r"}
    tenant.register(**full)
    assert not tenant.ok(MODULE, unique_name="gateway")["changed"]
    assert tenant.ok(MODULE, unique_name="gateway", **{option: empty})["changed"]
    assert tenant.application(uniqueName="gateway")[member] == stored
    assert not tenant.ok(MODULE, unique_name="gateway", **{option: empty})["changed"]


def test_an_application_is_renamed_by_its_unique_name(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, unique_name="gateway", display_name="New name")
    assert tenant.application(displayName="New name")["id"] == gateway.object_id


def test_an_application_can_be_identified_by_its_display_name(tenant: Tenant) -> None:
    first = tenant.ok(MODULE, display_name="Mail gateway 1")
    assert first["unique_name"].startswith("mail-gateway-1-")
    assert not tenant.ok(MODULE, display_name="Mail gateway 1")["changed"]
    other = tenant.ok(MODULE, display_name="Mail-gateway 1")
    assert other["client_id"] != first["client_id"], "similar names are different applications"


def test_an_application_is_not_adopted_by_its_display_name(tenant: Tenant) -> None:
    by_hand = tenant.register("by-hand", display_name="Mail gateway")
    result = tenant.fails(MODULE, **GATEWAY)
    assert f"client_id={by_hand['client_id']}" in result["msg"]
    assert "choose another display_name" in result["msg"]
    assert tenant.writes == []


def test_all_applications_with_the_display_name_are_named(tenant: Tenant) -> None:
    ids = {tenant.register(f"n{i}", display_name=f"x{i}")["client_id"] for i in range(2)}
    for application in tenant.applications:
        application["displayName"] = "Mail gateway"
    assert set(tenant.fails(MODULE, **GATEWAY)["error"]["client_ids"]) == ids


def test_an_application_is_adopted_by_client_id_and_gets_its_unique_name_once(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    stored = tenant.application(id=gateway.object_id)
    stored["uniqueName"] = None
    adopted = tenant.ok(MODULE, client_id=gateway.client_id, unique_name="adopted")
    assert adopted["unique_name"] == "adopted"
    assert tenant.write_entries[-1].body == {"uniqueName": "adopted"}
    assert not tenant.ok(MODULE, unique_name="adopted")["changed"]
    tenant.clear_requests()
    result = tenant.fails(MODULE, client_id=gateway.client_id, unique_name="other")
    assert "already 'adopted'" in result["msg"]
    assert tenant.writes == []


@pytest.mark.parametrize("key", ["client_id", "object_id"])
def test_an_existing_application_can_be_managed_by_its_ids(
    gateway: TenantApplication, tenant: Tenant, key: str
) -> None:
    options: Json = {key: gateway.ids[key], "notes": "seen"}
    result = tenant.ok(MODULE, **options)
    assert result["application_object_id"] == gateway.object_id
    assert gateway.document["notes"] == "seen"


@pytest.mark.parametrize("option", ["client_id", "object_id"])
def test_an_unknown_id_creates_nothing(tenant: Tenant, option: str) -> None:
    unknown = "11111111-1111-1111-1111-111111111111"
    result = tenant.fails(MODULE, display_name="x", **{option: unknown})
    assert unknown in result["msg"]
    assert tenant.writes == []


def test_an_adopted_application_of_another_audience_is_changed_with_a_warning(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    gateway.document["signInAudience"] = "AzureADMultipleOrgs"
    result = tenant.ok("azure_app_registration", client_id=gateway.client_id)
    assert result["warnings"] == [
        "The adopted application is for AzureADMultipleOrgs; sign_in_audience makes it AzureADMyOrg."
    ]
    assert gateway.document["signInAudience"] == "AzureADMyOrg"
    assert "warnings" not in tenant.ok("azure_app_registration", client_id=gateway.client_id)


def test_a_missing_application_is_not_created_with_create_false(gateway: TenantApplication, tenant: Tenant) -> None:
    wanted: Json = {"display_name": "Gateway unknown", "unique_name": "unknown", "create": False}
    failure = tenant.fails("azure_app_registration", **wanted)
    assert "Gateway unknown is not registered, or its service principal is missing" in failure["msg"]
    assert "email_gateway.azure_apps.register" in failure["error"]["next_step"]
    found = tenant.ok("azure_app_registration", unique_name="gateway", create=False)
    assert (found["client_id"], found["changed"], tenant.writes) == (gateway.client_id, False, [])


def test_a_missing_service_principal_is_created(gateway: TenantApplication, tenant: Tenant) -> None:
    (principal,) = tenant.service_principals(gateway.client_id)
    del tenant.server.tenant.directory.service_principals[principal["id"]]
    assert tenant.ok(MODULE, check=True, unique_name="gateway")["diff"]["before"]["service_principal"] is False
    result = tenant.ok(MODULE, unique_name="gateway")
    assert result["changed"]
    (renewed,) = tenant.service_principals(gateway.client_id)
    assert result["service_principal_object_id"] == renewed["id"] != principal["id"]


def test_owners_are_added_and_others_kept(tenant: Tenant) -> None:
    ada, bob = list(tenant.server.tenant.directory.users.values())[:2]
    made = tenant.register(owners=[ada["id"]])
    result = tenant.ok(MODULE, unique_name="gateway", owners=[bob["id"]])
    assert set(result["owners"]) >= {ada["id"], bob["id"]}
    assert set(tenant.server.tenant.directory.owners[made["application_object_id"]]) >= {ada["id"], bob["id"]}
    assert ada["displayName"] in result["diff"]["before"]["owners"], "a diff shows names"
    assert not tenant.ok(MODULE, unique_name="gateway", owners=[ada["id"], bob["id"]])["changed"]


def test_an_application_is_soft_deleted_and_restored(tenant: Tenant) -> None:
    made = tenant.register(notes="n")
    assert tenant.ok(MODULE, check=True, unique_name="gateway", state="absent")["changed"]
    assert tenant.writes == []
    gone = tenant.ok(MODULE, unique_name="gateway", state="absent")
    assert gone["changed"]
    assert gone["state"] == "absent"
    assert tenant.applications == []
    assert tenant.service_principals(made["client_id"]) == []
    tenant.clear_requests()
    assert not tenant.ok(MODULE, unique_name="gateway", state="absent")["changed"]
    assert tenant.writes == []

    refused = tenant.fails(MODULE, display_name="Gateway gateway", unique_name="gateway", restore_deleted=False)
    assert "soft-deleted" in refused["msg"]
    assert tenant.writes == []
    back = tenant.ok(MODULE, display_name="Gateway gateway", unique_name="gateway")
    assert back["changed"]
    assert back["client_id"] == made["client_id"]
    assert tenant.application(uniqueName="gateway")["notes"] == "n"
    assert len(tenant.service_principals(made["client_id"])) == 1


def test_an_application_is_only_purged_on_request(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, unique_name="gateway", state="absent", purge=True)
    assert tenant.server.tenant.directory.deleted == {}
    assert not tenant.ok(MODULE, unique_name="gateway", state="absent", purge=True)["changed"]
    anew = tenant.ok(MODULE, display_name="Gateway gateway", unique_name="gateway")
    assert anew["client_id"] != gateway.client_id


def test_an_application_that_was_deleted_before_is_purged(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, unique_name="gateway", state="absent")
    assert tenant.ok(MODULE, unique_name="gateway", state="absent", purge=True)["changed"]
    assert tenant.server.tenant.directory.deleted == {}


def test_an_overtaken_run_updates_the_application_of_the_other(gateway: TenantApplication, tenant: Tenant) -> None:
    """Both runs found nothing; the upsert by unique name creates one application for the two runs."""
    tenant.server.faults.add(method="GET", path=r"uniqueName='gateway'", status=404)
    result = tenant.ok(MODULE, display_name="From both", unique_name="gateway")
    assert gateway.document["displayName"] == "From both"
    assert result["application_object_id"] == gateway.document["id"]


def test_names_can_contain_quotes_and_unicode(tenant: Tenant) -> None:
    name = "O'Brien's Gäteway % & + / 日本"
    made = tenant.ok(MODULE, display_name=name, unique_name="o'brien/gw %41")
    assert not tenant.ok(MODULE, display_name=name, unique_name="o'brien/gw %41")["changed"]
    assert tenant.application(displayName=name)["uniqueName"] == made["unique_name"] == "o'brien/gw %41"


def test_an_operator_can_manage_only_its_own_applications(tenant: Tenant) -> None:
    tenant.sign_in_with("Application.ReadWrite.OwnedBy", "Application.Read.All")
    assert tenant.ok(MODULE, **GATEWAY)["changed"]
    assert tenant.ok(MODULE, **GATEWAY, notes="mine")["changed"]


# Registered applications, and confirmations of a deletion


def test_registered_is_the_current_state_and_not_a_prediction(tenant: Tenant) -> None:
    gateway: Json = {"display_name": "Gateway gateway", "unique_name": "gateway"}
    assert tenant.ok(MODULE, check=True, **gateway)["registered"] is False
    assert tenant.ok(MODULE, **gateway)["registered"] is True
    assert tenant.ok(MODULE, check=True, **gateway)["registered"] is True
    (principal,) = tenant.service_principals(tenant.application(uniqueName="gateway")["appId"])
    del tenant.server.tenant.directory.service_principals[principal["id"]]
    assert tenant.ok(MODULE, check=True, **gateway)["registered"] is False, "the service principal is missing"
    assert tenant.ok(MODULE, unique_name="gateway", state="absent")["registered"] is False


@pytest.mark.parametrize("purge", [False, True])
@pytest.mark.parametrize("confirm", [[], ["gatewai"]])
def test_an_application_is_not_deleted_without_confirmation(
    gateway: TenantApplication, tenant: Tenant, confirm: list[str], purge: bool
) -> None:
    failure = tenant.fails(MODULE, unique_name="gateway", state="absent", purge=purge, confirm=confirm)
    assert "Refused to delete" in failure["msg"] and failure["error"]["names"] == ["gateway", "Gateway gateway"]
    assert tenant.writes == []


def test_a_soft_deleted_application_is_not_purged_without_confirmation(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    absent: Json = {"unique_name": "gateway", "state": "absent"}
    tenant.ok(MODULE, **absent, confirm=["Gateway gateway"])
    tenant.clear_requests()
    assert not tenant.ok(MODULE, **absent, confirm=[])["changed"], "there is nothing to confirm"
    tenant.fails(MODULE, **absent, purge=True, confirm=[])
    assert tenant.writes == []
    assert tenant.ok(MODULE, **absent, purge=True, confirm=["gateway"])["changed"]
