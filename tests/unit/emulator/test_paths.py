# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses of the service: versions, the tenant's name, properties, casts, and paths that are not implemented."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.csdl import ELSEWHERE, Csdl
from graph_emulator.graph import unserved
from graph_emulator.graph.routes import ROUTES
from graph_emulator.odata.path import tokens

GUID = "11111111-2222-3333-4444-555555555555"
GRAPH = "00000003-0000-0000-c000-000000000000"


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# Versions and the tenant's name


@pytest.mark.parametrize("version", ["v1.0", "beta"])
@pytest.mark.parametrize("by", ["", "myorganization", "tenant_id", "domain"])
def test_every_address_returns_the_same_object(emulator: Any, operator: Any, version: str, by: str) -> None:
    created = operator.application()
    name = f"/{getattr(emulator, by, by)}" if by else ""
    root = f"{emulator.graph}/{version}{name}"
    answer = operator.get(f"{root}/applications/{created['id']}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body.pop("@odata.context") == f"{root}/$metadata#applications/$entity"
    plain = operator.get(f"/applications/{created['id']}").json()
    del plain["@odata.context"]
    assert body == plain


def test_links_to_the_next_page_keep_the_form_of_the_address(emulator: Any, operator: Any) -> None:
    for number in range(3):
        operator.application(f"app {number}")
    address = f"{emulator.graph}/beta/myorganization/applications?$top=2"
    names = []
    while address:
        page = operator.get(address).json()
        names += [item["displayName"] for item in page["value"]]
        address = page.get("@odata.nextLink")
        assert address is None or address.startswith(f"{emulator.graph}/beta/myorganization/applications?")
    assert len(names) == 4


def test_changes_by_another_address_reach_the_same_tenant(emulator: Any, operator: Any) -> None:
    root = f"{emulator.graph}/beta/{emulator.tenant_id}"
    created = operator.post(f"{root}/applications", {"displayName": "x"}).json()
    assert operator.patch(f"{root}/applications/{created['id']}", {"notes": "n"}).status_code == 204
    assert operator.get(f"/applications/{created['id']}").json()["notes"] == "n"
    assert [entry.path for entry in emulator.writes()] == [
        f"/beta/{emulator.tenant_id}/applications",
        f"/beta/{emulator.tenant_id}/applications/{created['id']}",
    ]


def test_another_tenant_in_the_address_is_refused(emulator: Any, operator: Any) -> None:
    assert operator.get(f"{emulator.graph}/v1.0/{GUID}/users").json()["error"]["message"] == (
        f"Resource not found for the segment '{GUID}'."
    )
    unknown = operator.get(f"{emulator.graph}/v2.0/users")
    assert code(unknown) == (400, "BadRequest")
    assert unknown.json()["error"]["message"] == "Invalid version: v2.0."


def test_a_batch_of_beta_uses_beta(emulator: Any, operator: Any) -> None:
    created = operator.application()
    requests = [{"id": "1", "method": "GET", "url": f"/applications/{created['id']}"}]
    (answer,) = operator.post(f"{emulator.graph}/beta/$batch", {"requests": requests}).json()["responses"]
    assert answer["body"]["@odata.context"] == f"{emulator.graph}/beta/$metadata#applications/$entity"


def test_scopes_have_another_property_name_in_beta(emulator: Any, operator: Any) -> None:
    path = f"/servicePrincipals(appId='{GRAPH}')"
    plain = operator.get(path).json()
    of_beta = operator.get(f"{emulator.graph}/beta{path}").json()
    assert "oauth2PermissionScopes" not in of_beta
    assert of_beta["publishedPermissionScopes"] == plain["oauth2PermissionScopes"]
    selected = operator.get(f"{emulator.graph}/beta{path}?$select=id,publishedPermissionScopes").json()
    assert set(selected) == {"@odata.context", "id", "publishedPermissionScopes"}
    assert selected["@odata.context"].endswith("#servicePrincipals(id,publishedPermissionScopes)/$entity")
    alone = operator.get(f"{emulator.graph}/beta{path}/publishedPermissionScopes").json()
    assert alone["value"] == of_beta["publishedPermissionScopes"]


def test_applications_in_beta_have_scopes_below_api(emulator: Any, operator: Any) -> None:
    described = {"adminConsentDescription": "Read", "adminConsentDisplayName": "Read"}
    scope = {"id": GUID, "value": "read", "type": "User", "isEnabled": True, **described}
    client = {"appId": GUID, "permissionIds": [GUID]}
    api = {"oauth2PermissionScopes": [scope], "preAuthorizedApplications": [client]}
    created = operator.post(f"{emulator.graph}/beta/applications", {"displayName": "api", "api": api})
    assert created.status_code == 201, created.text
    shown = created.json()["api"]
    assert [entry["value"] for entry in shown["oauth2PermissionScopes"]] == ["read"]
    assert shown["preAuthorizedApplications"] == [client]
    plain = operator.get(f"/applications/{created.json()['id']}").json()["api"]
    assert plain["preAuthorizedApplications"] == [{"appId": GUID, "delegatedPermissionIds": [GUID]}]


# Properties


def test_a_property_of_an_object_can_be_read(emulator: Any, operator: Any) -> None:
    created = operator.application("gateway", tags=["a", "b"], isFallbackPublicClient=True)
    path = f"/applications/{created['id']}"
    context = f"{emulator.graph}/v1.0/$metadata#applications('{created['id']}')"
    for address in (path, f"/applications(appId='{created['appId']}')"):
        answer = operator.get(f"{address}/displayName")
        assert answer.json() == {"@odata.context": f"{context}/displayName", "value": "gateway"}
    assert operator.get(f"{path}/tags").json() == {"@odata.context": f"{context}/tags", "value": ["a", "b"]}
    assert operator.get(f"{path}/api").json() == {"@odata.context": f"{context}/api", **created["api"]}
    assert operator.get(f"{path}/web/redirectUris").json()["value"] == []
    # Names in any case, as in other parts of a path.
    assert operator.get(f"{path}/DISPLAYNAME").json()["@odata.context"] == f"{context}/displayName"


def test_a_raw_value_can_be_read(operator: Any) -> None:
    created = operator.application("gateway", tags=["a", "b"], isFallbackPublicClient=True)
    path = f"/applications/{created['id']}"
    for name, text in (
        ("displayName/$value", "gateway"),
        ("isFallbackPublicClient/$value", "true"),
        ("tags/$count", "2"),
    ):
        answer = operator.get(f"{path}/{name}")
        assert (answer.status_code, answer.text) == (200, text)
        assert answer.headers["content-type"].startswith("text/plain")
    assert operator.get(f"{path}/notes").status_code == 204
    assert operator.get(f"{path}/notes/$value").status_code == 204


def test_credentials_can_be_read_by_their_path(operator: Any) -> None:
    created = operator.application()
    path = f"/applications/{created['id']}"
    operator.post(f"{path}/addPassword", {"passwordCredential": {"displayName": "one"}})
    (shown,) = operator.get(f"{path}/passwordCredentials").json()["value"]
    assert shown["displayName"] == "one" and shown["secretText"] is None
    roles = operator.get(f"/servicePrincipals(appId='{GRAPH}')/appRoles").json()["value"]
    assert "Mail.ReadWrite" in {role["value"] for role in roles}


@pytest.mark.parametrize(
    ("path", "segment"),
    [
        ("nonsense", "nonsense"),
        ("web/nonsense", "nonsense"),
        ("displayName/nonsense", "nonsense"),
        ("web/$value", "$value"),
        ("displayName/$count", "$count"),
    ],
)
def test_an_unknown_property_is_refused(operator: Any, path: str, segment: str) -> None:
    created = operator.application()
    answer = operator.get(f"/applications/{created['id']}/{path}")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == f"Resource not found for the segment '{segment}'."


def test_a_property_of_a_missing_object_is_not_found(operator: Any, client_with: Any) -> None:
    assert code(operator.get(f"/applications/{GUID}/displayName")) == (404, "Request_ResourceNotFound")
    created = operator.application()
    assert operator.patch(f"/applications/{created['id']}/displayName", {"value": "x"}).status_code == 405
    assert client_with("Mail.Send").get(f"/applications/{created['id']}/displayName").status_code == 403
    assert code(operator.get(f"/applications/{created['id']}/tags?$filter=x")) == (501, "EmulatorNotImplemented")


# Owners


def test_owners_can_be_counted_cast_and_referenced(emulator: Any, operator: Any) -> None:
    created = operator.application()
    user = operator.get("/users").json()["value"][0]
    path = f"/applications/{created['id']}/owners"
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{user['id']}"}
    assert operator.post(f"{path}/$ref", reference).status_code == 204
    eventual = {"ConsistencyLevel": "eventual"}
    assert operator.get(f"{path}/$count", headers=eventual).text == "2"
    assert operator.get(f"{path}/$count").status_code == 400
    people = operator.get(f"{path}/microsoft.graph.user").json()
    assert people["@odata.context"] == f"{emulator.graph}/v1.0/$metadata#users"
    assert [item["id"] for item in people["value"]] == [user["id"]] and "@odata.type" not in people["value"][0]
    assert operator.get(f"{path}/graph.servicePrincipal/$count", headers=eventual).text == "1"
    references = operator.get(f"{path}/$ref").json()
    assert references["@odata.context"] == f"{emulator.graph}/v1.0/$metadata#Collection($ref)"
    assert sorted(item["@odata.id"].rpartition("/")[2] for item in references["value"]) == [
        "Microsoft.DirectoryServices.ServicePrincipal",
        "Microsoft.DirectoryServices.User",
    ]


# Metadata


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_metadata_needs_no_token(emulator: Any, operator: Any, version: str) -> None:
    answer = operator.session.get(f"{emulator.graph}/{version}/$metadata", timeout=10)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/xml")
    assert ET.fromstring(answer.text).tag.endswith("Edmx")


def test_the_metadata_matches_microsofts_publication(operator: Any, tmp_path: Path, oracle: Path) -> None:
    file = tmp_path / "metadata.xml"
    file.write_text(operator.get("/$metadata").text)
    ours, published = Csdl(file), Csdl(oracle / "metadata-slice.xml")
    assert ours.roots["applications"] == published.roots["applications"] == "Collection(application)"
    unpublished = set(ours.roots) - set(published.roots) - set(ELSEWHERE)
    assert not unpublished, f"not in the slice: add {sorted(unpublished)} to ELSEWHERE in tests/unit/csdl.py"
    for name in ("application", "servicePrincipal", "oAuth2PermissionGrant", "apiApplication", "directoryObject"):
        declared = {key: value.type for key, value in published.structures[name].properties.items()}
        assert {key: value.type for key, value in ours.structures[name].properties.items()} == declared
        assert ours.structures[name].base == published.structures[name].base


# Paths that are not implemented


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/deviceManagement/managedDevices"),
        ("GET", "/sites/root/lists"),
        ("GET", f"/applications/{GUID}/synchronization/jobs"),
        ("GET", f"/applications/{GUID}/extensionProperties"),
        ("POST", f"/applications/{GUID}/addKey"),
        ("PUT", f"/applications/{GUID}/logo"),
        ("GET", f"/servicePrincipals/{GUID}/claimsMappingPolicies"),
        ("GET", f"/users/{GUID}/calendar/events"),
        ("POST", "/me/sendMail"),
        ("GET", "/policies/authorizationPolicy"),
        ("GET", "/directory/attributeSets"),
        ("POST", "/users"),
        ("GET", "/servicePrincipals/getAvailableExtensionProperties"),
        ("POST", "/directoryObjects/validateProperties"),
        ("DELETE", f"/users/{GUID}/messages/x"),
    ],
)
def test_paths_that_are_not_implemented_are_reported_as_such(operator: Any, method: str, path: str) -> None:
    answer = operator(method, path, json={})
    assert code(answer) == (501, "EmulatorNotImplemented")
    assert f"{method} {path}" in answer.json()["error"]["message"]
    assert "docs/emulator-surface.md" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "segment"),
    [
        ("/nonsense/applications", "nonsense"),
        ("/policies/nonsense/x", "nonsense"),
        (f"/users/{GUID}/nonsense", "nonsense"),
        (f"/users/{GUID}/mailFolders/inbox/nonsense", "nonsense"),
        (f"/applications/{GUID}/owners/{GUID}/nonsense", "nonsense"),
        (f"/oauth2PermissionGrants/{GUID}/nonsense", "nonsense"),
    ],
)
def test_paths_that_do_not_exist_are_not_found(operator: Any, path: str, segment: str) -> None:
    answer = operator.get(path)
    assert code(answer) == (400, "BadRequest")
    assert answer.json()["error"]["message"] == f"Resource not found for the segment '{segment}'."


def test_all_published_entity_sets_are_known(oracle: Path) -> None:
    assert set(Csdl(oracle / "metadata-slice.xml").roots) <= unserved.ROOTS


@pytest.mark.parametrize("route", ROUTES, ids=[f"{route.method} {route.path}" for route in ROUTES])
def test_implemented_paths_count_as_existing(route: Any) -> None:
    """Otherwise, a longer path below it would be refused with the wrong segment."""
    path = tokens(route.path.replace("*", GUID))
    assert unserved.first_unknown(path) in (None, path[-1])
    if len(path) == 1:
        assert unserved.first_unknown(path) is None
