# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identifier URIs that an application can have (sources in graph/identifier_uris.py)."""

from __future__ import annotations

from typing import Any

import pytest

# The secure patterns of the page "Restrictions on identifier URIs of Microsoft Entra applications".
SECURE = [
    "api://{app}",
    "api://{tenant}/{app}",
    "api://{tenant}/api",
    "api://productapi/{app}",
    "https://{domain}/productsapi",
    "https://product.{domain}",
    "https://product.{domain}/productsapi",
    "api://product.{domain}/productsapi",
]


@pytest.fixture
def created(operator: Any) -> dict[str, Any]:
    made: dict[str, Any] = operator.application()
    return made


def put(operator: Any, created: dict[str, Any], *uris: str, **more: Any) -> Any:
    names = {"app": created["appId"], "tenant": operator.server.tenant_id, "domain": operator.server.domain}
    return operator.patch(
        f"/applications/{created['id']}", {"identifierUris": [uri.format(**names) for uri in uris], **more}
    )


@pytest.mark.parametrize("uri", [*SECURE, "api://anything", "urn:mail:gateway", "ms-appx://x"])
def test_an_allowed_uri_is_accepted(operator: Any, created: dict[str, Any], uri: str) -> None:
    assert put(operator, created, uri).status_code == 204


@pytest.mark.parametrize(
    "uri", ["https://gateway.example.com", "http://localhost", "https://not{domain}/x", "https://"]
)
def test_a_foreign_host_is_refused(operator: Any, created: dict[str, Any], uri: str) -> None:
    answer = put(operator, created, "api://{app}", uri)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "HostNameNotOnVerifiedDomain")
    assert error["message"].startswith(
        "Values of identifierUris property must use a verified domain of the organization"
    )
    assert operator.get(f"/applications/{created['id']}").json()["identifierUris"] == []
    again = operator.post("/applications", {"displayName": "x", "identifierUris": ["https://gateway.example.com"]})
    assert again.json()["error"]["code"] == "HostNameNotOnVerifiedDomain"


def test_an_existing_uri_can_be_kept(emulator: Any, operator: Any, created: dict[str, Any]) -> None:
    old = "https://gateway.example.com"
    emulator.tenant.directory.applications[created["id"]]["identifierUris"] = [old]
    assert put(operator, created, old, "api://{app}").status_code == 204


def test_applications_with_v2_tokens_or_saml_can_use_other_hosts(operator: Any, created: dict[str, Any]) -> None:
    api = {"requestedAccessTokenVersion": 2}
    assert put(operator, created, "https://gateway.example.com", api=api).status_code == 204
    other = operator.application()
    principal = operator.service_principal(other["appId"])
    assert put(operator, other, "https://saml.example.com").status_code == 400
    operator.patch(f"/servicePrincipals/{principal['id']}", {"preferredSingleSignOnMode": "saml"})
    assert put(operator, other, "https://saml.example.com").status_code == 204


def restrict(client_with: Any, name: str, **more: Any) -> None:
    writer = client_with("Policy.ReadWrite.ApplicationConfiguration")
    restrictions = {"identifierUris": {name: {"state": "enabled", "isStateSetByMicrosoft": True, **more}}}
    body = {"isEnabled": True, "applicationRestrictions": restrictions}
    assert writer.patch("/policies/defaultAppManagementPolicy", body).status_code == 204


@pytest.mark.parametrize("uri", SECURE)
def test_the_policy_accepts_secure_patterns(operator: Any, client_with: Any, created: dict[str, Any], uri: str) -> None:
    restrict(client_with, "uriAdditionWithoutUniqueTenantIdentifier")
    assert put(operator, created, uri).status_code == 204


def test_the_policy_refuses_other_patterns(operator: Any, client_with: Any, created: dict[str, Any]) -> None:
    restrict(client_with, "uriAdditionWithoutUniqueTenantIdentifier")
    refused = put(operator, created, "api://anything").json()["error"]
    assert refused["message"].startswith(
        "Failed to add identifier URI api://anything. All newly added URIs must contain"
    )
    restrict(client_with, "nonDefaultUriAddition")
    assert put(operator, created, "api://productapi/{app}").status_code == 400
    assert put(operator, created, "api://{tenant}/{app}").status_code == 204
    restrict(client_with, "nonDefaultUriAddition", restrictForAppsCreatedAfterDateTime="2100-01-01T00:00:00Z")
    assert put(operator, created, "api://productapi/{app}").status_code == 204
