# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token endpoint, with an unmodified msal and by hand."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

msal = pytest.importorskip("msal", reason="pip install msal")


def application_of(emulator: Any, operator: Any, *, secret: str | None = None, tenant: str | None = None) -> Any:
    return msal.ConfidentialClientApplication(
        operator.client_id,
        client_credential=secret or operator.client_secret,
        authority=f"{emulator.authority}/{tenant or emulator.tenant_id}",
        instance_discovery=False,
        http_client=operator.session,
    )


@pytest.mark.parametrize("by_domain", [False, True])
def test_msal_gets_a_token_that_graph_accepts(emulator: Any, operator: Any, by_domain: bool) -> None:
    application = application_of(emulator, operator, tenant=emulator.domain if by_domain else None)
    result = application.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    assert "access_token" in result, result
    headers = {"Authorization": f"Bearer {result['access_token']}"}
    answer = operator.session.get(f"{emulator.graph}/v1.0/applications", headers=headers, timeout=10)
    assert answer.status_code == 200


def test_msal_reports_a_wrong_secret(emulator: Any, operator: Any) -> None:
    result = application_of(emulator, operator, secret="wrong").acquire_token_for_client(
        ["https://graph.microsoft.com/.default"]
    )
    assert result["error"] == "invalid_client"
    assert result["error_codes"] == [7000215]


def test_the_token_response_and_its_claims_have_the_documented_form(emulator: Any, operator: Any) -> None:
    answer = operator.ask_token()
    body = answer.json()
    assert list(body) == ["token_type", "expires_in", "ext_expires_in", "access_token"]
    assert "no-store" in answer.headers["cache-control"]
    keys = operator.session.get(f"{emulator.authority}/{emulator.tenant_id}/discovery/v2.0/keys", timeout=10).json()
    header = jwt.get_unverified_header(body["access_token"])
    (key,) = [entry for entry in keys["keys"] if entry["kid"] == header["kid"]]
    claims = jwt.decode(
        body["access_token"], jwt.PyJWK(key).key, algorithms=["RS256"], audience="https://graph.microsoft.com"
    )
    assert list(claims) == [
        "aud",
        "iss",
        "iat",
        "nbf",
        "exp",
        "aio",
        "app_displayname",
        "appid",
        "appidacr",
        "idp",
        "idtyp",
        "oid",
        "rh",
        "roles",
        "sub",
        "tid",
        "uti",
        "ver",
    ]
    assert claims["iss"] == f"https://sts.windows.net/{emulator.tenant_id}/"
    assert claims["ver"] == "1.0" and claims["idtyp"] == "app" and claims["appid"] == operator.client_id
    principal = emulator.tenant.service_principal_by("appId", operator.client_id)
    assert claims["oid"] == claims["sub"] == principal["id"] != operator.client_id
    assert set(claims["roles"]) == {
        "Application.ReadWrite.All",
        "AppRoleAssignment.ReadWrite.All",
        "DelegatedPermissionGrant.ReadWrite.All",
        "Directory.Read.All",
        "Policy.Read.All",
    }


def test_a_token_without_roles_has_no_roles_claim(client_with: Any) -> None:
    token = client_with().ask_token().json()["access_token"]
    assert "roles" not in jwt.decode(token, options={"verify_signature": False})


def test_basic_credentials_are_accepted(operator: Any) -> None:
    pair = base64.b64encode(f"{operator.client_id}:{operator.client_secret}".encode()).decode()
    operator.session.headers["Authorization"] = f"Basic {pair}"
    assert operator.ask_token(client_id=None, client_secret=None).status_code == 200


@pytest.mark.parametrize(
    ("scope", "audience"),
    [
        ("https://graph.microsoft.com/.default", "https://graph.microsoft.com"),
        ("https://graph.microsoft.com//.default", "https://graph.microsoft.com/"),
        ("https://outlook.office365.com/.default", "https://outlook.office365.com"),
        ("00000003-0000-0000-c000-000000000000/.default", "00000003-0000-0000-c000-000000000000"),
    ],
)
def test_the_scope_names_the_resource(operator: Any, scope: str, audience: str) -> None:
    token = operator.ask_token(scope=scope).json()["access_token"]
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == audience


def test_the_address_of_the_emulator_means_microsoft_graph(emulator: Any, operator: Any) -> None:
    token = operator.ask_token(scope=f"{emulator.graph}/.default").json()["access_token"]
    answer = operator.session.get(
        f"{emulator.graph}/v1.0/organization", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert answer.status_code == 200


ZERO = "00000000-0000-0000-0000-000000000000"
UNKNOWN = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_id": ZERO}, 400, "unauthorized_client", 700038),
        ({"client_id": UNKNOWN}, 400, "unauthorized_client", 700016),
        ({"scope": "api://not-a-registered-resource/.default"}, 400, "invalid_resource", 500011),
        ({"scope": "https://graph.microsoft.com/User.Read"}, 400, "invalid_scope", 1002012),
        ({"grant_type": "no_such_grant"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": None}, 400, "invalid_request", 900144),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"tenant": UNKNOWN}, 400, "invalid_tenant", 90002),
    ],
)
def test_invalid_requests_are_refused(
    operator: Any, changes: dict[str, Any], status: int, error: str, code: int
) -> None:
    answer = operator.ask_token(**changes)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert operator.client_secret not in answer.text


@pytest.mark.parametrize(
    ("scenario", "changes"),
    [
        ("token-error-invalid-client", {"client_secret": "wrong"}),
        ("token-error-unknown-client", {"client_id": ZERO}),
        ("token-error-invalid-scope", {"scope": "api://not-a-registered-resource/.default"}),
        ("token-error-unsupported-grant-type", {"grant_type": "no_such_grant"}),
        ("token-client-credentials", {}),
    ],
)
def test_responses_have_the_recorded_form(
    operator: Any, emulator: Any, oracle: Any, scenario: str, changes: dict[str, Any]
) -> None:
    captured = json.loads((oracle / "recorded" / "token_endpoint.json").read_text(encoding="utf-8"))
    (wanted,) = [entry["response"] for entry in captured["exchanges"] if entry["scenario"] == scenario]
    answer = operator.ask_token(**changes)
    body = answer.json()
    assert answer.status_code == wanted["status"]
    assert list(body) == list(wanted["body"])
    for name in ("error", "error_codes", "error_uri", "token_type"):
        assert body.get(name) == wanted["body"].get(name)
    if "error_description" in body:
        text = wanted["body"]["error_description"].partition(" Trace ID")[0]
        for placeholder, value in (
            ("{daemon-app-id}", operator.client_id),
            ("{tenant-id}", emulator.tenant_id),
            ("{guid}", ZERO),
        ):
            text = text.replace(placeholder, value)
        assert body["error_description"].partition(" Trace ID")[0] == text


def test_an_application_without_a_service_principal_is_refused(operator: Any) -> None:
    created = operator.application()
    secret = operator.post(f"/applications/{created['id']}/addPassword", {}).json()["secretText"]
    body = operator.ask_token(client_id=created["appId"], client_secret=secret).json()
    assert body["error_codes"] == [7000229]


def test_a_fresh_secret_and_fresh_consent_take_effect_later(emulator: Any, operator: Any) -> None:
    emulator.settings.update({"secret_delay": 10, "consent_delay": 30})
    created = operator.application()
    principal = operator.service_principal(created["appId"])
    secret = operator.post(f"/applications/{created['id']}/addPassword", {}).json()["secretText"]
    graph = emulator.tenant.service_principal_by("appId", "00000003-0000-0000-c000-000000000000")
    role = next(entry["id"] for entry in graph["appRoles"] if entry["value"] == "Mail.ReadWrite")
    operator.post(
        f"/servicePrincipals/{graph['id']}/appRoleAssignedTo",
        {"principalId": principal["id"], "resourceId": graph["id"], "appRoleId": role},
    )

    def token() -> requests.Response:
        answer: requests.Response = operator.ask_token(client_id=created["appId"], client_secret=secret)
        return answer

    assert token().json()["error_codes"] == [7000215]
    emulator.clock.advance(11)
    assert "roles" not in jwt.decode(token().json()["access_token"], options={"verify_signature": False})
    emulator.clock.advance(20)
    claims = jwt.decode(token().json()["access_token"], options={"verify_signature": False})
    assert claims["roles"] == ["Mail.ReadWrite"]


def test_an_expired_secret_is_refused(emulator: Any, operator: Any) -> None:
    emulator.clock.advance(400 * 86400)
    answer = operator.ask_token()
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [7000222])


def test_a_removed_secret_is_refused_at_once(operator: Any) -> None:
    created = operator.application()
    operator.service_principal(created["appId"])
    credential = operator.post(f"/applications/{created['id']}/addPassword", {}).json()
    answer = operator.ask_token(client_id=created["appId"], client_secret=credential["secretText"])
    assert answer.status_code == 200
    operator.post(f"/applications/{created['id']}/removePassword", {"keyId": credential["keyId"]})
    answer = operator.ask_token(client_id=created["appId"], client_secret=credential["secretText"])
    assert answer.json()["error_codes"] == [7000215]


def test_an_unknown_tenant_has_no_openid_configuration(emulator: Any, operator: Any) -> None:
    answer = operator.session.get(f"{emulator.authority}/{UNKNOWN}/v2.0/.well-known/openid-configuration", timeout=10)
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_msal_can_sign_in_with_a_certificate(emulator: Any, operator: Any) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    now = datetime.now(tz=timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    encoded = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
    created = operator.application(keyCredentials=[{"type": "AsymmetricX509Cert", "usage": "Verify", "key": encoded}])
    assert created["keyCredentials"][0]["key"] is None
    assert created["keyCredentials"][0]["displayName"] == "CN=gateway"
    operator.service_principal(created["appId"])

    def result(private_key: rsa.RSAPrivateKey) -> dict[str, Any]:
        pem = private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        application = msal.ConfidentialClientApplication(
            created["appId"],
            instance_discovery=False,
            http_client=operator.session,
            authority=f"{emulator.authority}/{emulator.tenant_id}",
            client_credential={
                "private_key": pem,
                "thumbprint": certificate.fingerprint(hashes.SHA1()).hex(),
                "public_certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
            },
        )
        answer: dict[str, Any] = application.acquire_token_for_client(["https://graph.microsoft.com/.default"])
        return answer

    token = result(key)["access_token"]
    assert jwt.decode(token, options={"verify_signature": False})["appidacr"] == "2"
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert result(other)["error_codes"] == [700027]
    emulator.clock.advance(31 * 86400)
    assert result(key)["error_codes"] == [700027]


# The endpoints without v2.0 in their path


def first_version(operator: Any, **fields: str) -> requests.Response:
    form = {"client_id": operator.client_id, "client_secret": operator.client_secret, **fields}
    url = f"{operator.server.authority}/{operator.server.tenant_id}/oauth2/token"
    answer: requests.Response = operator.session.post(url, data=form, timeout=10)
    return answer


def test_the_first_version_uses_the_parameter_resource(emulator: Any, operator: Any) -> None:
    resource = "https://graph.microsoft.com/"
    answer = first_version(operator, grant_type="client_credentials", resource=resource)
    body = answer.json()
    assert answer.status_code == 200 and "no-store" in answer.headers["cache-control"]
    assert list(body) == [
        *("token_type", "expires_in", "ext_expires_in", "expires_on", "not_before", "resource", "access_token")
    ]
    assert body["resource"] == resource and body["expires_in"] == "3599"
    assert int(body["expires_on"]) - int(body["not_before"]) == 3599
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert operator.session.get(f"{emulator.graph}/v1.0/organization", headers=headers, timeout=10).ok


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"grant_type": "client_credentials"}, 900144),
        ({"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}, 900144),
        ({"grant_type": "client_credentials", "resource": "api://unknown"}, 500011),
        (
            {"grant_type": "client_credentials", "resource": "https://graph.microsoft.com", "client_secret": "x"},
            7000215,
        ),
        ({}, 900144),
    ],
)
def test_the_first_version_refuses_invalid_requests(operator: Any, fields: dict[str, str], code: int) -> None:
    answer = first_version(operator, **fields)
    assert answer.status_code in (400, 401) and answer.json()["error_codes"] == [code]


@pytest.mark.parametrize("by", ["tenant_id", "domain", "common", "organizations"])
def test_both_versions_have_an_openid_configuration(emulator: Any, operator: Any, by: str) -> None:
    name = getattr(emulator, by, by)
    root = f"{emulator.authority}/{emulator.tenant_id if by in ('tenant_id', 'domain') else by}"
    issued = "{tenantid}" if by in ("common", "organizations") else emulator.tenant_id

    def document(version: str) -> Any:
        url = f"{emulator.authority}/{name}{version}/.well-known/openid-configuration"
        return operator.session.get(url, timeout=10).json()

    second, first = document("/v2.0"), document("")
    assert second["issuer"] == f"{emulator.authority}/{issued}/v2.0"
    assert first["issuer"] == f"https://sts.windows.net/{issued}/"
    assert {name: first[name] for name in ("token_endpoint", "jwks_uri", "device_authorization_endpoint")} == {
        "token_endpoint": f"{root}/oauth2/token",
        "jwks_uri": f"{root}/discovery/keys",
        "device_authorization_endpoint": f"{root}/oauth2/devicecode",
    }
    keys = [operator.session.get(one["jwks_uri"], timeout=10).json() for one in (first, second)]
    assert keys[0]["keys"][0]["kid"] == keys[1]["keys"][0]["kid"]


def test_instance_discovery_returns_the_configuration(emulator: Any, operator: Any) -> None:
    def discovered(endpoint: str) -> Any:
        url = f"{emulator.authority}/common/discovery/instance"
        query = {"api-version": "1.1", "authorization_endpoint": endpoint}
        return operator.session.get(url, params=query, timeout=10)

    for name in (emulator.tenant_id, "common"):
        second = discovered(f"{emulator.authority}/{name}/oauth2/v2.0/authorize").json()
        first = discovered(f"{emulator.authority}/{name}/oauth2/authorize").json()
        for document, path in ((second, "/v2.0"), (first, "")):
            expected = f"{emulator.authority}/{name}{path}/.well-known/openid-configuration"
            assert document["tenant_discovery_endpoint"] == expected
            assert operator.session.get(expected, timeout=10).ok
    host = emulator.authority.removeprefix("https://")
    assert second["metadata"] == [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}]
    refused = discovered("https://login.example.org/common/oauth2/v2.0/authorize")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_instance")
    assert refused.json()["error_codes"] == [50049]


def test_msal_can_use_instance_discovery(emulator: Any, operator: Any) -> None:
    application = msal.ConfidentialClientApplication(
        operator.client_id,
        client_credential=operator.client_secret,
        authority=f"{emulator.authority}/{emulator.tenant_id}",
        instance_discovery=f"{emulator.authority}/common/discovery/instance",
        http_client=operator.session,
    )
    result = application.acquire_token_for_client(["https://management.core.windows.net//.default"])
    assert "access_token" in result, result
