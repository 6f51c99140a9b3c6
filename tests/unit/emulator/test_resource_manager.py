# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Azure Resource Manager as used by `az cloud register`, `az login` and Terraform's metadata_host."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
import requests

MANAGEMENT = "https://management.core.windows.net/"


def asked(emulator: Any, path: str, *, token: str | None = None, method: str = "GET") -> requests.Response:
    session = requests.Session()
    session.trust_env, session.verify = False, emulator.ca_file
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return session.request(method, f"{emulator.resource_manager}{path}", headers=headers, timeout=10)


def token_for(operator: Any, resource: str = MANAGEMENT) -> str:
    answer = operator.ask_token(scope=f"{resource}/.default")
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def test_the_endpoints_of_the_cloud_are_returned(emulator: Any) -> None:
    answer = asked(emulator, "/metadata/endpoints?api-version=2022-09-01")
    assert answer.status_code == 200
    assert answer.json() == {
        "portal": f"{emulator.graph}/",
        "authentication": {
            "loginEndpoint": emulator.authority,
            "audiences": [MANAGEMENT, "https://management.azure.com/"],
            "tenant": emulator.tenant_id,
            "identityProvider": "AAD",
        },
        "name": "GraphEmulator",
        "suffixes": {"keyVaultDns": f"vault.localhost:{emulator.vault_port}"},
        "resourceManager": f"{emulator.resource_manager}/",
        "microsoftGraphResourceId": f"{emulator.graph}/",
    }
    # Azure CLI's `az rest` selects the audience by the address, so the two differ.
    assert urlsplit(emulator.resource_manager).hostname != urlsplit(emulator.graph).hostname


def test_older_versions_return_a_list_or_the_form_of_azure_stack(emulator: Any) -> None:
    newest = asked(emulator, "/metadata/endpoints?api-version=2023-11-01").json()
    for version in ("2019-05-01", "2019-10-01", "2020-06-01"):
        assert asked(emulator, f"/metadata/endpoints?api-version={version}").json() == [newest]
    for version in ("1.0", "2015-01-01"):
        old = asked(emulator, f"/metadata/endpoints?api-version={version}").json()
        assert set(old) == {"galleryEndpoint", "graphEndpoint", "portalEndpoint", "authentication"}
        assert old["authentication"] == {
            "loginEndpoint": emulator.authority,
            "audiences": newest["authentication"]["audiences"],
        }


def test_there_are_no_subscriptions_and_one_tenant(emulator: Any, operator: Any) -> None:
    token = token_for(operator)
    subscriptions = asked(emulator, "/subscriptions?api-version=2022-12-01", token=token)
    assert (subscriptions.status_code, subscriptions.json()["value"]) == (200, [])
    (tenant,) = asked(emulator, "/tenants?api-version=2022-12-01", token=token).json()["value"]
    assert (tenant["tenantId"], tenant["defaultDomain"]) == (emulator.tenant_id, emulator.domain)
    assert emulator.journal.entries()[-1].client_id == operator.client_id


@pytest.mark.parametrize("resource", [MANAGEMENT, "https://management.azure.com/", "own address"])
def test_tokens_can_have_its_audiences(emulator: Any, operator: Any, resource: str) -> None:
    name = emulator.resource_manager if resource == "own address" else resource
    token = token_for(operator, name)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == name and "roles" not in claims
    assert asked(emulator, "/subscriptions?api-version=2022-12-01", token=token).status_code == 200
    # Graph refuses a token of Azure Resource Manager.
    headers = {"Authorization": f"Bearer {token}"}
    answer = operator.session.get(f"{emulator.graph}/v1.0/applications", headers=headers, timeout=10)
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


def test_its_service_principal_exists(emulator: Any, operator: Any) -> None:
    app_id = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
    principal = operator.get(f"/servicePrincipals(appId='{app_id}')").json()
    assert principal["displayName"] == "Windows Azure Service Management API"
    assert principal["servicePrincipalNames"] == [
        *("https://management.azure.com/", MANAGEMENT, app_id, "Windows Azure Service Management API")
    ]
    assert [scope["value"] for scope in principal["oauth2PermissionScopes"]] == ["user_impersonation"]
    assert principal["appRoles"] == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subscriptions", 400, "MissingApiVersionParameter"),
        ("/subscriptions?api-version=soon", 400, "InvalidApiVersionParameter"),
        ("/subscriptions/11111111-2222-3333-4444-555555555555?api-version=2022-12-01", 404, "SubscriptionNotFound"),
        ("/subscriptions/x/resourceGroups?api-version=2022-12-01", 404, "SubscriptionNotFound"),
        ("/providers/Microsoft.Authorization?api-version=2022-12-01", 501, "EmulatorNotImplemented"),
    ],
)
def test_unknown_paths_and_versions_are_refused(
    emulator: Any, operator: Any, path: str, status: int, code: str
) -> None:
    answer = asked(emulator, path, token=token_for(operator))
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"]


def test_a_token_of_another_resource_is_refused(emulator: Any, operator: Any) -> None:
    path = "/tenants?api-version=2022-12-01"
    for token, code in (
        (None, "AuthenticationFailed"),
        ("nonsense", "InvalidAuthenticationToken"),
        (operator.token, "InvalidAuthenticationTokenAudience"),
    ):
        answer = asked(emulator, path, token=token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
        assert f'authorization_uri="{emulator.authority}/{emulator.tenant_id}"' in answer.headers["www-authenticate"]
    good = token_for(operator)
    emulator.clock.advance(7200)
    late = asked(emulator, path, token=good)
    assert (late.status_code, late.json()["error"]["code"]) == (401, "ExpiredAuthenticationToken")


def test_nothing_can_be_changed(emulator: Any, operator: Any) -> None:
    answer = asked(emulator, "/tenants?api-version=2022-12-01", token=token_for(operator), method="PUT")
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "EmulatorNotImplemented")
