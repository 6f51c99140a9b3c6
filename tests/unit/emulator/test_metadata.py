# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison with Microsoft's metadata detects errors in the right traffic (see conftest.metadata_observer)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.csdl import Csdl
from ansible_collections.email_gateway.azure_apps.tests.unit.metadata_observer import MetadataObserver
from graph_emulator.graph.dispatch import GraphRequest, GraphResponse

GUID = "11111111-2222-3333-4444-555555555555"
CONTEXT = "https://localhost/v1.0/$metadata#"


@pytest.fixture(scope="module")
def csdl(oracle: Path) -> Csdl:
    return Csdl(oracle / "metadata-slice.xml")


@pytest.mark.parametrize(
    ("fragment", "type_name"),
    [
        ("applications", "Collection(application)"),
        ("applications/$entity", "application"),
        ("applications(id,appId)/$entity", "application"),
        ("applications(owners())", "Collection(application)"),
        ("directoryObjects", "Collection(directoryObject)"),
        ("servicePrincipals('x')/appRoleAssignments/$entity", "appRoleAssignment"),
        ("applications('x')/federatedIdentityCredentials", "Collection(federatedIdentityCredential)"),
        ("microsoft.graph.passwordCredential", "passwordCredential"),
        ("policies/defaultAppManagementPolicy/$entity", "tenantAppManagementPolicy"),
        ("nonsense", None),
        ("applications('x')/nonsense", None),
    ],
)
def test_the_context_names_a_type(csdl: Csdl, fragment: str, type_name: str | None) -> None:
    from ansible_collections.email_gateway.azure_apps.tests.unit.metadata_observer import _without_selection

    assert csdl.type_of_path(_without_selection(fragment)) == type_name


GOOD: dict[str, Any] = {
    "id": GUID,
    "displayName": "x",
    "tags": ["a"],
    "createdDateTime": "2026-01-01T00:00:00.1234567Z",
    "isFallbackPublicClient": None,
    "web": {"redirectUris": [], "implicitGrantSettings": None},
    "keyCredentials": [{"key": "AAEC", "keyId": GUID}],
    "nativeAuthenticationApisEnabled": "none",
    "owners": [{"@odata.type": "#microsoft.graph.servicePrincipal", "appId": GUID}],
    "owners@odata.bind": [],
    f"extension_{'a' * 32}_color": "blue",
}


def test_a_valid_application_is_accepted(csdl: Csdl) -> None:
    assert csdl.complaints(GOOD, "application") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"displayname": "x"},
        {"displayName": 5},
        {"tags": None},
        {"tags": "a"},
        {"tags": [None]},
        {"createdDateTime": "yesterday"},
        {"createdDateTime": "2026-01-01 00:00:00Z"},
        {"isFallbackPublicClient": "true"},
        {"web": {"redirectUri": []}},
        {"web": {"redirectUris": [1]}},
        {"web": []},
        {"tokenEncryptionKeyId": "x"},
        {"keyCredentials": [{"key": "not base64!"}]},
        {"nativeAuthenticationApisEnabled": "some"},
        {"owners": [{"@odata.type": "#microsoft.graph.passwordCredential"}]},
        {"@odata.nonsense": 1},
        {"requiredResourceAccess": [{"resourceAppId": None, "resourceAccess": []}]},
        {"requiredResourceAccess": [{"resourceAppId": GUID, "resourceAccess": [{"id": "x", "type": "Role"}]}]},
        {"web": {"redirectUriSettings": [{"uri": "u", "index": True}]}},
    ],
)
def test_an_invalid_application_is_reported(csdl: Csdl, wrong: dict[str, Any]) -> None:
    assert len(csdl.complaints({**GOOD, **wrong}, "application")) == 1


def request(method: str, path: str, body: Any) -> GraphRequest:
    return GraphRequest(method, f"/v1.0{path}", payload=json.dumps(body).encode())


BODIES: list[tuple[str, str, Any, Any]] = [
    ("POST", "/applications", {"displayName": "x"}, {"displayName": 1}),
    ("PATCH", f"/applications/{GUID}", {"notes": None}, {"note": None}),
    ("PATCH", "/applications(uniqueName='a%2Fb')", {"displayName": "x"}, {"uniquename": "x"}),
    ("POST", f"/applications/{GUID}/addPassword", {"passwordCredential": {"displayName": "x"}}, {"displayName": "x"}),
    ("POST", f"/applications/{GUID}/removePassword", {"keyId": GUID}, {}),
    ("POST", f"/applications/{GUID}/owners/$ref", {"@odata.id": "https://x"}, {"id": "x"}),
    ("POST", f"/servicePrincipals/{GUID}/appRoleAssignedTo", {"appRoleId": GUID}, {"appRoleId": None}),
    ("POST", "/oauth2PermissionGrants", {"scope": "a b"}, {"scopes": "a b"}),
    ("PATCH", f"/oauth2PermissionGrants/{GUID}", {"scope": "a b"}, {"scope": ["a"]}),
    ("POST", f"/applications/{GUID}/nonsense", None, {"x": 1}),
]


@pytest.mark.parametrize(("method", "path", "good", "wrong"), BODIES, ids=[f"{case[0]} {case[1]}" for case in BODIES])
def test_bodies_of_requests_are_checked(csdl: Csdl, method: str, path: str, good: Any, wrong: Any) -> None:
    observer = MetadataObserver(csdl, requests=True)
    if good is not None:
        observer.saw(request(method, path, good), GraphResponse(204, {}, None))
        assert observer.complaints == []
    observer.saw(request(method, path, wrong), GraphResponse(400, {}, None))
    assert len(observer.complaints) == 1, observer.complaints


@pytest.mark.parametrize(
    "body",
    [
        {"value": []},
        {"@odata.context": f"{CONTEXT}nonsense", "value": []},
        {"@odata.context": f"{CONTEXT}applications", "value": [{"nonsense": 1}]},
        {"@odata.context": f"{CONTEXT}applications", "value": [], "more": 1},
        {"@odata.context": f"{CONTEXT}applications/$entity", "appId": 5},
        {"error": {"message": "x"}},
    ],
)
def test_invalid_responses_are_reported(csdl: Csdl, body: Any) -> None:
    observer = MetadataObserver(csdl, requests=False)
    observer.saw(request("GET", "/applications", {}), GraphResponse(200, {}, body))
    assert len(observer.complaints) == 1


@pytest.mark.parametrize("end", ["", "/$entity", "(id,displayName)/$entity", "('x')/displayName"])
def test_entity_sets_outside_the_slice_are_not_compared(csdl: Csdl, end: str) -> None:
    observer = MetadataObserver(csdl, requests=True)
    body = {"@odata.context": f"{CONTEXT}directoryRoles{end}", "value": [{"displayName": "x"}]}
    observer.saw(request("POST", "/directoryRoles", {"roleTemplateId": GUID}), GraphResponse(200, {}, body))
    assert observer.complaints == []


def test_an_entity_set_outside_the_slice_is_named_with_its_table(csdl: Csdl) -> None:
    observer = MetadataObserver(csdl, requests=True)
    body = {"@odata.context": f"{CONTEXT}gadgets/$entity"}
    observer.saw(request("POST", f"/gadgets/{GUID}", {"displayName": "x"}), GraphResponse(200, {}, body))
    advice = "does not have 'gadgets', add it to ELSEWHERE"
    assert [advice in text for text in observer.complaints] == [True, True]


def test_a_type_outside_the_slice_is_not_compared_and_an_unknown_one_is_reported(csdl: Csdl) -> None:
    item = {"@odata.type": "#microsoft.graph.directoryRole", "roleTemplateId": GUID}
    assert csdl.complaints([item], "Collection(directoryObject)") == []
    (found,) = csdl.complaints({**item, "@odata.type": "#microsoft.graph.gadget"}, "directoryObject")
    assert "does not have 'gadget', add it to ELSEWHERE" in found


def test_the_observer_records_traffic(operator: Any, metadata_observer: MetadataObserver | None, oracle: Path) -> None:
    assert metadata_observer is not None
    operator.application()
    requests = [{"id": "1", "method": "GET", "url": "/applications"}]
    assert operator.post("/$batch", {"requests": requests}).status_code == 200
    assert metadata_observer.answers_seen == 2, "the responses in a batch are checked too"
