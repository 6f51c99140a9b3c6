# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""keyCredentials, and the sign-in with them: with an unmodified msal and by hand."""

from __future__ import annotations

import time
from typing import Any

import pytest

from .certificates import Pair

msal = pytest.importorskip("msal", reason="pip install msal")

SCOPE = "https://graph.microsoft.com/.default"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair.new()


@pytest.fixture(scope="module")
def other() -> Pair:
    return Pair.new(days=90)


def registered(operator: Any, *pairs: Pair) -> Any:
    created = operator.application(keyCredentials=[entry.credential() for entry in pairs])
    operator.service_principal(created["appId"])
    return created


def by_msal(emulator: Any, operator: Any, client_id: str, credential: Any) -> Any:
    application = msal.ConfidentialClientApplication(
        client_id,
        instance_discovery=False,
        http_client=operator.session,
        client_credential=credential,
        authority=f"{emulator.authority}/{emulator.tenant_id}",
    )
    return application.acquire_token_for_client([SCOPE])


def by_hand(operator: Any, client_id: str, assertion: str, **changes: Any) -> Any:
    return operator.ask_token(
        client_id=client_id,
        client_secret=None,
        client_assertion=assertion,
        **{"client_assertion_type": TYPE, **changes},
    )


@pytest.mark.parametrize("sha256", [False, True])
def test_msal_can_sign_in_with_either_thumbprint(emulator: Any, operator: Any, pair: Pair, sha256: bool) -> None:
    created = registered(operator, pair)
    assert "access_token" in by_msal(emulator, operator, created["appId"], pair.for_msal(sha256=sha256))


def test_a_registered_certificate_has_the_documented_members(operator: Any, pair: Pair) -> None:
    (shown,) = registered(operator, pair)["keyCredentials"]
    assert list(shown) == [
        "customKeyIdentifier",
        "displayName",
        "endDateTime",
        "key",
        "keyId",
        "startDateTime",
        "type",
        "usage",
    ]
    assert shown["customKeyIdentifier"] == pair.thumbprint and shown["key"] is None
    assert shown["displayName"] == "CN=gateway"
    assert shown["endDateTime"] == f"{pair.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert shown["startDateTime"] == f"{pair.certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"


def test_the_key_is_only_returned_by_select(operator: Any, pair: Pair) -> None:
    created = registered(operator, pair)
    for kind in ("applications", "servicePrincipals"):
        path = f"/{kind}(appId='{created['appId']}')"
        if kind == "servicePrincipals":
            assert operator.patch(path, {"keyCredentials": [pair.credential()]}).status_code == 204
        assert operator.get(path).json()["keyCredentials"][0]["key"] is None
        (selected,) = operator.get(f"{path}?$select=keyCredentials").json()["keyCredentials"]
        assert selected["key"] == pair.encoded
        listed = operator.get(f"/{kind}?$filter=appId eq '{created['appId']}'&$select=keyCredentials").json()["value"]
        assert listed[0]["keyCredentials"][0]["key"] is None


def test_patching_replaces_all_certificates(emulator: Any, operator: Any, pair: Pair, other: Pair) -> None:
    created = registered(operator, pair)
    path = f"/applications/{created['id']}"
    assert operator.patch(path, {"keyCredentials": [other.credential()]}).status_code == 204
    assert "access_token" in by_msal(emulator, operator, created["appId"], other.for_msal())
    assert by_msal(emulator, operator, created["appId"], pair.for_msal())["error_codes"] == [700027]
    # A GET response may be sent back beside a new certificate; the key of the old one stays registered.
    shown = operator.get(path).json()["keyCredentials"]
    assert operator.patch(path, {"keyCredentials": [*shown, pair.credential()]}).status_code == 204
    for good in (pair, other):
        assert "access_token" in by_msal(emulator, operator, created["appId"], good.for_msal())
    assert operator.patch(path, {"keyCredentials": []}).status_code == 204
    assert by_msal(emulator, operator, created["appId"], other.for_msal())["error_codes"] == [700027]


def test_a_certificate_of_the_service_principal_can_sign_in(emulator: Any, operator: Any, pair: Pair) -> None:
    created = registered(operator)
    path = f"/servicePrincipals(appId='{created['appId']}')"
    assert operator.patch(path, {"keyCredentials": [pair.credential()]}).status_code == 204
    assert "access_token" in by_msal(emulator, operator, created["appId"], pair.for_msal())


def test_an_expired_certificate_is_refused(emulator: Any, operator: Any, pair: Pair) -> None:
    created = registered(operator, pair)
    emulator.clock.advance(31 * 86400)
    result = by_msal(emulator, operator, created["appId"], pair.for_msal())
    assert result["error_codes"] == [700027] and "The key used is expired" in result["error_description"]


@pytest.mark.parametrize(
    "credential",
    [
        {"key": "AAAA"},
        {"key": "no base64!"},
        {"type": "X509CertAndPassword"},
        {"usage": "Sign"},
        {"key": None},
        {"endDateTime": "2100-01-01T00:00:00Z"},
    ],
)
def test_invalid_key_credentials_are_refused(operator: Any, pair: Pair, credential: dict[str, Any]) -> None:
    answer = operator.post("/applications", {"displayName": "x", "keyCredentials": [pair.credential(**credential)]})
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("sent", [None, [None], [{}], {}, "x"])
def test_a_refused_change_changes_nothing(emulator: Any, operator: Any, pair: Pair, sent: Any) -> None:
    created = registered(operator, pair)
    path = f"/applications/{created['id']}"
    bodies = [sent] if not isinstance(sent, list) else [sent, [pair.credential(), *sent]]
    for body in bodies:
        assert operator.patch(path, {"keyCredentials": body}).status_code == 400, body
    assert operator.get(path).json()["keyCredentials"] == created["keyCredentials"]
    assert "access_token" in by_msal(emulator, operator, created["appId"], pair.for_msal())


def test_invalid_assertions_are_refused(emulator: Any, operator: Any, pair: Pair, other: Pair) -> None:
    """Each refusal with its body, as in a raw response."""
    created = registered(operator, pair)
    client_id = created["appId"]
    endpoint = f"{emulator.authority}/{emulator.tenant_id}/oauth2/v2.0/token"
    now = int(time.time())
    cases: list[tuple[str, int]] = [
        (other.assertion(client_id, endpoint), 700027),
        (Pair(other.key, pair.certificate).assertion(client_id, endpoint), 700027),
        (pair.assertion(client_id, endpoint, sub="someone"), 700021),
        (pair.assertion(client_id, "https://login.example.test/token"), 700023),
        (pair.assertion(client_id, endpoint, exp=now - 10, nbf=now - 600), 700024),
        (pair.assertion(client_id, endpoint, nbf=now + 900, exp=now + 1500), 700024),
        (pair.assertion(client_id, endpoint, exp=None), 700024),
        (pair.assertion(client_id, endpoint, exp="soon"), 700024),
        (pair.assertion(client_id, endpoint, header={}), 50027),
        (pair.assertion(client_id, endpoint, header={"x5t": "=%="}), 700027),
        ("nonsense", 50027),
    ]
    for assertion, code in cases:
        answer = by_hand(operator, client_id, assertion)
        body = answer.json()
        assert (answer.status_code, body["error"], body["error_codes"]) == (401, "invalid_client", [code]), code
        assert list(body) == [
            "error",
            "error_description",
            "error_codes",
            "timestamp",
            "trace_id",
            "correlation_id",
            "error_uri",
        ]
    assert by_hand(operator, client_id, pair.assertion(client_id, endpoint)).status_code == 200
    wrong_type = by_hand(operator, client_id, pair.assertion(client_id, endpoint), client_assertion_type="x")
    assert wrong_type.json()["error_codes"] == [900144]


def test_a_policy_limits_the_lifetime_of_new_certificates(
    emulator: Any, operator: Any, pair: Pair, other: Pair
) -> None:
    created = registered(operator, other)
    policy = emulator.tenant.directory.policy
    policy["isEnabled"] = True
    restriction = {"restrictionType": "asymmetricKeyLifetime", "maxLifetime": "P60D", "state": "enabled"}
    policy["applicationRestrictions"] = {"passwordCredentials": [], "keyCredentials": [restriction]}
    path = f"/applications/{created['id']}"
    shown = operator.get(path).json()["keyCredentials"]
    # An existing certificate is kept, although its lifetime is longer.
    assert operator.patch(path, {"keyCredentials": [*shown, pair.credential()]}).status_code == 204
    refused = operator.patch(path, {"keyCredentials": [*shown, Pair.new(days=61).credential()]})
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "CredentialInvalidLifetimeAsPerAppPolicy"
    assert len(operator.get(path).json()["keyCredentials"]) == 2
    # The policy for service principals is separate.
    principal = f"/servicePrincipals(appId='{created['appId']}')"
    assert operator.patch(principal, {"keyCredentials": [Pair.new(days=61).credential()]}).status_code == 204
