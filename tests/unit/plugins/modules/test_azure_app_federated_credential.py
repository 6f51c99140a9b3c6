# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    Json,
    Tenant,
    lasting,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication

MODULE = "azure_app_federated_credential"
ISSUER = "https://oidc.example.com/cluster"
CLUSTER: Json = {"unique_name": "gateway", "name": "cluster", "issuer": ISSUER, "subject": "system:mail:gateway"}
GONE: Json = {"unique_name": "gateway", "name": "cluster", "state": "absent"}
AUDIENCE = "api://AzureADTokenExchange"
UNKNOWN = "11111111-1111-1111-1111-111111111111"


def credentials_in_tenant(tenant: Tenant) -> list[Json]:
    application = tenant.application(uniqueName="gateway")
    found: list[Json] = tenant.server.tenant.directory.federated_credentials.get(application["id"], [])
    return found


def test_a_credential_is_created_once(gateway: TenantApplication, tenant: Tenant) -> None:
    first = tenant.ok(MODULE, **CLUSTER)
    (entry,) = gateway.federated_credentials
    assert entry == {
        "id": first["federated_credential_id"],
        "name": "cluster",
        "issuer": ISSUER,
        "subject": "system:mail:gateway",
        "description": None,
        "audiences": [AUDIENCE],
    }
    tenant.clear_requests()
    second = tenant.ok(MODULE, **CLUSTER)
    assert not second["changed"]
    assert tenant.writes == []
    assert tenant.graph_requests == 2
    assert lasting(second) == lasting(first)


def test_only_differences_are_changed(gateway: TenantApplication, tenant: Tenant) -> None:
    first = tenant.ok(MODULE, **CLUSTER, description="one")
    other = tenant.ok(MODULE, **{**CLUSTER, "name": "other", "subject": "other"})
    assert other["other_names"] == ["cluster"]
    tenant.clear_requests()
    assert not tenant.ok(MODULE, **CLUSTER)["changed"], "an omitted description is kept"
    assert tenant.ok(MODULE, check=True, **{**CLUSTER, "subject": "new"})["changed"]
    assert tenant.writes == []
    result = tenant.ok(MODULE, **{**CLUSTER, "subject": "new"})
    assert result["changed"]
    assert result["federated_credential_id"] == first["federated_credential_id"]
    (write,) = tenant.write_entries
    assert (write.method, write.body) == ("PATCH", {"subject": "new"})
    assert [(e["name"], e["subject"], e["description"]) for e in gateway.federated_credentials] == [
        ("cluster", "new", "one"),
        ("other", "other", None),
    ]


def test_a_credential_is_removed_by_its_name(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.ok(MODULE, **CLUSTER)
    tenant.ok(MODULE, **{**CLUSTER, "name": "other", "subject": "other"})
    tenant.clear_requests()
    assert tenant.ok(MODULE, check=True, **GONE)["changed"]
    assert tenant.writes == []
    assert tenant.ok(MODULE, **GONE)["changed"]
    assert [e["name"] for e in gateway.federated_credentials] == ["other"]
    tenant.clear_requests()
    assert not tenant.ok(MODULE, **GONE)["changed"]
    assert tenant.writes == []


def test_the_issuer_and_subject_of_another_credential_are_refused_before_a_write(
    gateway: TenantApplication, tenant: Tenant
) -> None:
    tenant.ok(MODULE, **{**CLUSTER, "name": "first"})
    tenant.clear_requests()
    result = tenant.fails(MODULE, **CLUSTER)
    assert "'first'" in result["msg"]
    assert tenant.writes == []


def test_the_twenty_first_credential_is_refused_before_a_write(gateway: TenantApplication, tenant: Tenant) -> None:
    for number in range(20):
        tenant.ok(MODULE, **{**CLUSTER, "name": f"n{number}", "subject": f"s{number}"})
    tenant.clear_requests()
    result = tenant.fails(MODULE, **CLUSTER)
    assert "20 federated credentials" in result["msg"]
    assert len(result["error"]["names"]) == 20
    assert tenant.writes == []
    assert tenant.ok(MODULE, **{**CLUSTER, "name": "n3", "subject": "changed"})["changed"]


def test_lagging_replicas_are_waited_for(gateway: TenantApplication, tenant: Tenant) -> None:
    tenant.server.settings.update({"replica_delays": [0, 20, 40]})
    tenant.ok(MODULE, **CLUSTER)
    tenant.ok(MODULE, **CLUSTER)
    assert [e["name"] for e in gateway.federated_credentials] == ["cluster"]
