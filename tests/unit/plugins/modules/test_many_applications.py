# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many applications are described from lists as each would be separately, with few requests."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import RESOURCES
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_registration_info"
REFUSED = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
UNSUPPORTED = {"error": {"code": "Request_BadRequest", "message": "Unsupported expand query."}}


def described(tenant: Tenant) -> list[Json]:
    found: list[Json] = tenant.ok(MODULE, tag="many")["applications"]
    return found


def each(tenant: Tenant, names: list[str]) -> list[Json]:
    return [tenant.ok(MODULE, unique_name=name)["applications"][0] for name in names]


@pytest.fixture
def names(tenant: Tenant) -> list[str]:
    """Applications with permissions, consent, owners, federated credentials; of some more than a list shows."""
    made = [f"n{number:02}" for number in range(8)]
    for name in made:
        tenant.register(name, display_name=name, tags=["many"])
        tenant.ok(
            "azure_app_graph_permissions",
            unique_name=name,
            application_permissions=["Mail.ReadWrite"],
            delegated_permissions=["User.Read"],
        )
    for name in made[1:]:
        tenant.ok("azure_admin_consent", unique_name=name)
    for name, count in ((made[2], 2), (made[3], 20)):
        for number in range(count):
            tenant.ok(
                "azure_app_federated_credential",
                unique_name=name,
                name=f"f{number}",
                issuer="https://oidc.example.com",
                subject=f"s{number}",
            )
    for number in range(8):
        tenant.register(f"other{number}", display_name=f"other{number}")
    directory = tenant.server.tenant.directory
    users = list(directory.users)
    directory.owners[tenant.application(uniqueName=made[4])["id"]].append(users[0])
    owners = directory.owners[tenant.application(uniqueName=made[5])["id"]]
    owners += [other for other in (*directory.users, *directory.service_principals) if other not in owners]
    graph = tenant.server.tenant.service_principal_by("appId", RESOURCES["microsoft_graph"])
    assert graph is not None
    roles = [role["value"] for role in graph["appRoles"]][:21]
    assert len(owners) > 20 and len(roles) > 20
    tenant.ok("azure_app_graph_permissions", unique_name=made[6], application_permissions=roles)
    tenant.ok("azure_admin_consent", unique_name=made[6])
    (principal,) = tenant.service_principals(tenant.application(uniqueName=made[7])["appId"])
    del directory.service_principals[principal["id"]]
    tenant.clear_requests()
    return made


def test_many_applications_are_described_as_each_is_separately(tenant: Tenant, names: list[str]) -> None:
    together = described(tenant)
    assert [found["unique_name"] for found in together] == names
    assert together == each(tenant, names)
    states = [(found["consented"], bool(found["service_principal_object_id"])) for found in together]
    assert states == [(False, True), *[(True, True)] * 6, (False, False)]
    assert [len(found["federated_credentials"]) for found in together] == [0, 0, 2, 20, 0, 0, 0, 0]
    assert [len(found["owners"]) > 20 for found in together] == [False] * 5 + [True] + [False] * 2
    assert sum(permission["granted"] for permission in together[6]["permissions"]) > 20


def test_many_applications_need_few_requests(tenant: Tenant) -> None:
    for number in range(48):
        tenant.register(f"n{number}", tags=["many"])
    tenant.clear_requests()
    assert len(described(tenant)) == 48
    assert tenant.graph_requests == 1 + 3


def test_data_that_cannot_be_listed_is_unknown_for_each_application(tenant: Tenant, names: list[str]) -> None:
    tenant.sign_in_with("Application.ReadWrite.OwnedBy")
    together = described(tenant)
    assert {permission["granted"] for found in together for permission in found["permissions"]} == {None}
    assert {found["consented"] for found in together} == {None}
    assert together == each(tenant, names)


@pytest.mark.parametrize("collection", ["applications", "servicePrincipals"])
@pytest.mark.parametrize(("status", "body"), [(403, REFUSED), (400, UNSUPPORTED), (503, {}), (429, {})])
def test_a_failed_list_hides_no_application(
    tenant: Tenant, names: list[str], collection: str, status: int, body: Json
) -> None:
    wanted = described(tenant)
    fault = tenant.server.faults.add(path=rf"/{collection}\?.*expand=", status=status, body=body, times=99)
    assert described(tenant) == wanted
    assert fault.seen == {"applications": 2, "servicePrincipals": 1}[collection]
