# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.fixed_time import fix_now
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication

MODULE = "azure_app_registration_info"
UNKNOWN = "11111111-1111-1111-1111-111111111111"


def made_whole(tenant: Tenant) -> Json:
    """A registration with everything that a gateway needs."""
    made = tenant.register(tags=["relay"], notes="n")
    tenant.ok("azure_app_graph_permissions", unique_name="gateway", application_permissions=["Mail.ReadWrite"])
    tenant.ok("azure_admin_consent", unique_name="gateway")
    tenant.clear_requests()
    return made


def test_one_registration_is_read_completely(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    fix_now(monkeypatch)
    made = made_whole(tenant)
    secret = tenant.ok("azure_app_secret", unique_name="gateway", description="d", lifetime_days=90)
    tenant.clear_requests()
    result = tenant.ok(MODULE, unique_name="gateway")
    assert not result["changed"]
    assert result["tenant_id"] == tenant.server.tenant_id
    (found,) = result["applications"]
    same = {"client_id", "application_object_id", "service_principal_object_id", "display_name", "unique_name",
            "sign_in_audience", "notes", "tags", "redirect_uris", "portal_url"}  # fmt: skip
    assert {name: found[name] for name in same} == {name: made[name] for name in same}
    (credential,) = found["secrets"]
    assert (credential["key_id"], credential["hint"]) == (secret["key_id"], secret["hint"])
    assert credential["days_left"] == 90
    (permission,) = found["permissions"]
    assert (permission["name"], permission["declared"], permission["granted"]) == ("Mail.ReadWrite", True, True)
    assert found["consented"] is True
    assert found["certificates"] == []
    assert secret["client_secret"] not in json.dumps(result)
    assert tenant.writes == []
    assert tenant.graph_requests <= 2


@pytest.mark.parametrize("key", ["client_id", "object_id"])
def test_a_registration_can_be_read_by_its_ids(gateway: TenantApplication, tenant: Tenant, key: str) -> None:
    options: Json = {key: gateway.ids[key].upper()}
    (found,) = tenant.ok(MODULE, **options)["applications"]
    assert found["client_id"] == gateway.client_id


@pytest.mark.parametrize(
    "options",
    [
        {"unique_name": "unknown"},
        {"client_id": UNKNOWN},
        {"object_id": UNKNOWN},
        {"display_name": "unknown"},
        {"tag": "unknown"},
    ],
)
def test_a_missing_registration_is_an_empty_list(gateway: TenantApplication, tenant: Tenant, options: Json) -> None:
    result = tenant.ok(MODULE, **options)
    assert (result["changed"], result["applications"]) == (False, [])


def test_all_registrations_with_a_display_name_are_read(tenant: Tenant) -> None:
    """Names that would end the literal in $filter or change the address if they were not escaped."""
    name = "O'Brien's & Co + 100% #1 ?$top=1 or 1 eq 1 日本"
    wanted = {tenant.register(unique)["client_id"] for unique in ("a", "b")}
    tenant.register("c", display_name="O")
    for application in tenant.applications:
        if application["appId"] in wanted:
            application["displayName"] = name
    found = tenant.ok(MODULE, display_name=name)["applications"]
    assert {application["client_id"] for application in found} == wanted


def test_all_registrations_with_a_tag_are_read_in_order(tenant: Tenant) -> None:
    for number, name in enumerate(["b", "A", "c"]):
        tenant.register(f"n{number}", display_name=name, tags=["o'brien"])
    tenant.register("other", tags=["other"])
    found = tenant.ok(MODULE, tag="o'brien")["applications"]
    assert [application["display_name"] for application in found] == ["A", "b", "c"]


def test_all_registrations_of_the_tenant_are_read(tenant: Tenant) -> None:
    ids = {tenant.register(f"n{number}")["client_id"] for number in range(8)}
    found = {application["client_id"] for application in tenant.ok(MODULE)["applications"]}
    assert found == ids | {tenant.server.client_id}


def test_declared_and_granted_permissions_are_shown(tenant: Tenant) -> None:
    made_whole(tenant)
    tenant.ok(
        "azure_app_graph_permissions", unique_name="gateway", application_permissions=["Mail.Send"],
        delegated_permissions=["User.Read"], exact=True,
    )  # fmt: skip
    (found,) = tenant.ok(MODULE, unique_name="gateway")["applications"]
    state = {(p["name"], p["type"]): (p["declared"], p["granted"]) for p in found["permissions"]}
    assert state == {
        ("Mail.ReadWrite", "application"): (False, True),
        ("Mail.Send", "application"): (True, False),
        ("User.Read", "delegated"): (True, False),
    }
    assert found["consented"] is False


def test_permissions_of_every_resource_are_named(gateway: TenantApplication, tenant: Tenant) -> None:
    for resource in ("exchange_online", "microsoft_graph"):
        tenant.ok(
            "azure_app_graph_permissions", unique_name="gateway", resource=resource,
            application_permissions=["Mail.Send"],
        )  # fmt: skip
    declared = gateway.document["requiredResourceAccess"]
    declared.append({"resourceAppId": UNKNOWN, "resourceAccess": [{"id": UNKNOWN, "type": "Role"}]})
    (found,) = tenant.ok(MODULE, unique_name="gateway")["applications"]
    shown = sorted((p["resource"], p["name"]) for p in found["permissions"])
    assert shown == [(UNKNOWN, UNKNOWN), ("exchange_online", "Mail.Send"), ("microsoft_graph", "Mail.Send")]


def test_secrets_are_sorted_by_their_end_and_expired_ones_are_shown(gateway: TenantApplication, tenant: Tenant) -> None:
    for days in (40, 90, 60):
        tenant.ok("azure_app_secret", unique_name="gateway", description=str(days), lifetime_days=days)
    secrets = gateway.document["passwordCredentials"]
    expired = {"keyId": UNKNOWN, "endDateTime": "2020-01-01T00:00:00.1234567Z"}
    secrets.append({**expired, "displayName": None, "startDateTime": None, "hint": None})
    (found,) = tenant.ok(MODULE, unique_name="gateway")["applications"]
    assert [secret["description"] for secret in found["secrets"]] == ["90", "60", "40", None]
    assert found["secrets"][-1]["days_left"] < -365
    assert len({frozenset(secret) for secret in found["secrets"]}) == 1


def test_a_registration_without_a_service_principal_is_shown(tenant: Tenant) -> None:
    made = tenant.register()
    del tenant.server.tenant.directory.service_principals[made["service_principal_object_id"]]
    (found,) = tenant.ok(MODULE, unique_name="gateway")["applications"]
    assert found["service_principal_object_id"] is None
    assert found["client_id"] == made["client_id"]


def test_the_least_right_to_read_is_sufficient(tenant: Tenant) -> None:
    made_whole(tenant)
    tenant.sign_in_with("Application.Read.All")
    (found,) = tenant.ok(MODULE, unique_name="gateway")["applications"]
    assert found["consented"] is True


def test_missing_rights_are_named_with_the_person_who_grants_them(tenant: Tenant) -> None:
    made_whole(tenant)
    tenant.sign_in_with("User.Read.All")
    result = tenant.fails(MODULE, unique_name="gateway")
    assert "Application.Read.All" in result["error"]["next_step"]
    assert "Application Administrator" in result["error"]["next_step"]


def test_owners_are_shown(tenant: Tenant) -> None:
    made_whole(tenant)
    user = next(iter(tenant.server.tenant.directory.users.values()))
    owners = tenant.server.tenant.directory.owners
    owners[tenant.application(uniqueName="gateway")["id"]].append(user["id"])
    (found,) = tenant.ok(MODULE, unique_name="gateway")["applications"]
    shown_owners = {owner["object_id"]: (owner["display_name"], owner["type"]) for owner in found["owners"]}
    operator = tenant.service_principals(tenant.server.client_id)[0]
    assert shown_owners == {
        user["id"]: (user["displayName"], "user"),
        operator["id"]: (operator["displayName"], "servicePrincipal"),
    }
    assert tenant.writes == []


def test_missing_rights_to_read_grants_are_reported(tenant: Tenant) -> None:
    made_whole(tenant)
    tenant.ok("azure_app_graph_permissions", unique_name="gateway", delegated_permissions=["User.Read"])
    tenant.sign_in_with("Application.ReadWrite.OwnedBy")
    (found,) = tenant.ok(MODULE, unique_name="gateway")["applications"]
    state = {permission["name"]: (permission["declared"], permission["granted"]) for permission in found["permissions"]}
    assert state == {"Mail.ReadWrite": (True, None), "User.Read": (True, None)}
    assert found["consented"] is None


def test_missing_rights_to_read_owners_are_reported(tenant: Tenant) -> None:
    made_whole(tenant)
    refused = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    tenant.server.faults.add(method="GET", path="/owners", status=403, body=refused, times=9)
    (found,) = tenant.ok(MODULE, unique_name="gateway")["applications"]
    assert found["owners"] is None
    assert found["consented"] is True


def test_federated_credentials_and_missing_rights_for_them_are_reported(tenant: Tenant) -> None:
    made_whole(tenant)
    federated: Json = {"issuer": "https://oidc.example.com", "subject": "s"}
    made = [
        tenant.ok("azure_app_federated_credential", unique_name="gateway", name=name, **{**federated, "subject": name})
        for name in ("two", "one")
    ]
    (found,) = tenant.ok(MODULE, unique_name="gateway")["applications"]
    assert found["federated_credentials"] == [
        {
            name: one[name]
            for name in ("federated_credential_id", "name", "issuer", "subject", "audiences", "description")
        }
        for one in reversed(made)
    ]
    refused = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    tenant.server.faults.add(method="GET", path="/federatedIdentityCredentials", status=403, body=refused, times=9)
    (found,) = tenant.ok(MODULE, unique_name="gateway")["applications"]
    assert found["federated_credentials"] is None


def test_check_mode_returns_the_same(tenant: Tenant) -> None:
    made_whole(tenant)
    assert tenant.ok(MODULE, check=True, unique_name="gateway") == tenant.ok(MODULE, unique_name="gateway")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"unique_name": "a", "tag": "b"}, "mutually exclusive"),
        ({"client_id": "nonsense"}, "not a GUID"),
        ({"display_name": " "}, "display_name is blank"),
        ({"display_name": "x" * 121}, "121 characters"),
        ({"display_name": ""}, "display_name is blank"),
        ({"tag": "has blank"}, "white space"),
        ({"tag": ""}, "is blank"),
        ({"unique_name": ""}, "unique_name is blank"),
        ({"client_id": ""}, "not a GUID"),
        ({"colour": "red"}, "Unsupported parameters"),
    ],
)
def test_invalid_input_is_refused_before_any_request(tenant: Tenant, options: Json, words: str) -> None:
    """An empty variable must not turn "this one" into "all of the tenant"."""
    result = tenant.fails(MODULE, **options)
    assert words in result["msg"]
    assert result["error"]["kind"] == "input"
    assert tenant.server.requests() == []


def test_certificates_are_shown_with_their_expiry(
    tenant: Tenant, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fix_now(monkeypatch)
    tenant.register()
    made = [
        tenant.ok(
            "azure_app_certificate",
            unique_name="gateway",
            description=f"{days} days",
            path=str(tmp_path / f"{days}.pem"),
            lifetime_days=days,
        )
        for days in (60, 90)
    ]
    (found,) = tenant.ok(MODULE, unique_name="gateway")["applications"]
    longest, shortest = found["certificates"]
    assert longest.keys() == {"key_id", "description", "start", "end", "days_left", "thumbprint"}
    assert (longest["key_id"], longest["description"]) == (made[1]["key_id"], "90 days")
    assert longest["thumbprint"] == made[1]["thumbprint"]
    assert (longest["start"], longest["end"]) == (made[1]["start"], made[1]["end"])
    assert longest["days_left"] == 90
    assert shortest["key_id"] == made[0]["key_id"]
