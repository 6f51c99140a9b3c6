# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""federatedIdentityCredentials, and the sign-in with an assertion of an external issuer."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from graph_emulator.identity import issuer as issuer_module
from graph_emulator.wire.admin import HEADERS

msal = pytest.importorskip("msal", reason="pip install msal")

SUBJECT = "repo:octo-org/octo-repo:environment:Production"
AUDIENCE = "api://AzureADTokenExchange"
SCOPE = "https://graph.microsoft.com/.default"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Workload:
    """An application that trusts the emulator's own test issuer for one subject."""

    def __init__(self, operator: Any) -> None:
        self.operator = operator
        self.base = operator.server.graph
        self.issuer = f"{self.base}/_emulator/issuer"
        created = operator.application("workload")
        operator.service_principal(created["appId"])
        self.client_id = created["appId"]
        self.path = f"/applications/{created['id']}/federatedIdentityCredentials"

    def body(self, name: str = "pipeline", **changes: Any) -> dict[str, Any]:
        return {"name": name, "issuer": self.issuer, "subject": SUBJECT, "audiences": [AUDIENCE], **changes}

    def trust(self, **changes: Any) -> Any:
        answer = self.operator.post(self.path, self.body(**changes))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def minted(self, subject: str = SUBJECT, **more: Any) -> str:
        answer = self.operator.session.post(
            f"{self.base}/_emulator/assertion", json={"subject": subject, **more}, headers=HEADERS, timeout=10
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["assertion"])

    def exchange(self, assertion: str) -> Any:
        return self.operator.ask_token(
            client_id=self.client_id, client_secret=None, client_assertion=assertion, client_assertion_type=TYPE
        )


@pytest.fixture
def workload(operator: Any) -> Workload:
    return Workload(operator)


def test_msal_can_exchange_an_assertion(emulator: Any, workload: Workload) -> None:
    workload.trust()
    application = msal.ConfidentialClientApplication(
        workload.client_id,
        instance_discovery=False,
        http_client=workload.operator.session,
        authority=f"{emulator.authority}/{emulator.tenant_id}",
        client_credential={"client_assertion": workload.minted},
    )
    result = application.acquire_token_for_client([SCOPE])
    claims = jwt.decode(result["access_token"], options={"verify_signature": False})
    assert claims["appid"] == workload.client_id and claims["appidacr"] == "2"


def test_the_test_issuer_is_an_openid_issuer(workload: Workload) -> None:
    session = workload.operator.session
    discovery = session.get(f"{workload.issuer}/.well-known/openid-configuration", timeout=10).json()
    assert discovery["issuer"] == workload.issuer
    (key,) = session.get(discovery["jwks_uri"], timeout=10).json()["keys"]
    claims = jwt.decode(
        workload.minted(), jwt.PyJWK(key).key, algorithms=["RS256"], audience=AUDIENCE, issuer=workload.issuer
    )
    assert claims["sub"] == SUBJECT


@pytest.mark.parametrize(
    ("trusted", "sent", "refusal"),
    [
        ({"issuer": "https://token.actions.githubusercontent.com"}, {}, (401, "invalid_client", 700211)),
        ({"subject": "repo:other"}, {}, (401, "invalid_client", 700213)),
        ({}, {"subject": SUBJECT.lower()}, (401, "invalid_client", 7002138)),
        ({}, {"audience": "api://else"}, (401, "invalid_client", 7002121)),
        ({}, {"lifetime": -1}, (401, "invalid_client", 700024)),
        (None, {}, (400, "invalid_request", 70021)),
    ],
)
def test_assertions_that_do_not_match_are_refused(
    workload: Workload, trusted: dict[str, str] | None, sent: dict[str, Any], refusal: tuple[int, str, int]
) -> None:
    if trusted is not None:
        workload.trust(**trusted)
    answer = workload.exchange(workload.minted(**{"subject": SUBJECT, **sent}))
    body = answer.json()
    assert (answer.status_code, body["error"], *body["error_codes"]) == refusal


def test_the_message_for_a_wrong_subject_is_the_reported_one(workload: Workload) -> None:
    """Azure/login issue 482."""
    workload.trust(subject="repo:other")
    text = workload.exchange(workload.minted()).json()["error_description"]
    assert text.startswith(
        f"AADSTS700213: No matching federated identity record found for presented assertion subject '{SUBJECT}'. "
        "Check your federated identity credential Subject, Audience and Issuer against the presented assertion. "
        "https://learn.microsoft.com/entra/workload-id/workload-identity-federation Trace ID: "
    )


def test_forged_assertions_and_unreachable_issuers_are_refused(workload: Workload, emulator: Any) -> None:
    workload.trust()
    good = workload.minted()
    claims = jwt.decode(good, options={"verify_signature": False})
    forged = jwt.encode(claims, emulator.emulator.identity.key.private, algorithm="RS256")
    assert workload.exchange(forged).json()["error_codes"] == [50013]
    workload.trust(name="outside", issuer="https://issuer.example.test", subject="x")
    outside = jwt.encode(
        {**claims, "iss": "https://issuer.example.test", "sub": "x"},
        issuer_module.issuer_key().private,
        algorithm="RS256",
    )
    refused = workload.exchange(outside).json()
    assert refused["error_codes"] == [50166] and "own test issuer" in refused["error_description"]
    assert workload.exchange(good).status_code == 200
    journal = str([entry.as_dict() for entry in emulator.journal.entries()])
    assert good not in journal


def test_a_deleted_credential_has_no_effect_any_more(workload: Workload) -> None:
    entry = workload.trust()
    assert workload.exchange(workload.minted()).status_code == 200
    assert workload.operator.delete(f"{workload.path}/{entry['id']}").status_code == 204
    assert workload.exchange(workload.minted()).json()["error_codes"] == [70021]


def test_a_credential_can_be_upserted_by_name(workload: Workload) -> None:
    """Page "Upsert federatedIdentityCredential": 201 with the object, then 204; without the header an update."""
    operator, path = workload.operator, f"{workload.path}(name='pipeline')"
    body = {name: value for name, value in workload.body().items() if name != "name"}
    missing = operator.patch(path, body)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "Request_ResourceNotFound")
    created = operator.upsert(path, body)
    assert created.status_code == 201 and created.json()["name"] == "pipeline"
    assert operator.upsert(path, {**body, "description": "x"}).status_code == 204
    shown = operator.get(path).json()
    assert shown["description"] == "x" and shown["id"] == created.json()["id"]
    assert operator.get(f"{workload.path}/pipeline").json()["id"] == shown["id"]
    assert operator.get(f"{workload.path}/{shown['id']}").json()["name"] == "pipeline"
    assert operator.delete(path).status_code == 204
    assert operator.get(workload.path).json()["value"] == []
    assert operator.get(f"{workload.path}(subject='x')").status_code == 400


def test_invalid_credentials_are_refused(workload: Workload) -> None:
    operator = workload.operator
    workload.trust()

    def refusal(**changes: Any) -> tuple[int, str]:
        body = {**workload.body("second"), **changes}
        body = {name: value for name, value in body.items() if value is not None}
        answer = operator.post(workload.path, body)
        return answer.status_code, answer.json()["error"]["code"]

    for name in ("name", "issuer", "subject", "audiences"):
        assert refusal(**{"subject": "other", name: None}) == (400, "Request_BadRequest"), name
    assert refusal(name="pipeline", subject="b") == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert refusal() == (400, "InvalidFederatedIdentityCredentialValue")
    assert refusal(name="a b", subject="b") == (400, "InvalidFederatedIdentityCredentialValue")
    assert refusal(name="n" * 121, subject="b") == (400, "InvalidFederatedIdentityCredentialValue")
    assert refusal(subject="s" * 601) == (400, "InvalidFederatedIdentityCredentialValue")
    assert refusal(subject="b", audiences=["a", "b"]) == (400, "InvalidFederatedIdentityCredentialValue")
    assert refusal(subject="b", audiences=[None]) == (400, "InvalidFederatedIdentityCredentialValue")
    second = workload.trust(name="second", subject="b")
    changed = operator.patch(f"{workload.path}/{second['id']}", {"subject": SUBJECT})
    assert changed.json()["error"]["message"].startswith("The combination of issuer and subject must be unique")
    assert operator.patch(f"{workload.path}/{second['id']}", {"name": "third"}).status_code == 400


def test_at_most_twenty_credentials_are_accepted(workload: Workload) -> None:
    for index in range(20):
        workload.trust(name=f"n{index}", subject=f"s{index}")
    answer = workload.operator.post(workload.path, workload.body("one-more", subject="x"))
    assert answer.status_code == 400


@pytest.mark.parametrize("body", [{}, {"subject": 1}, {"subject": "x", "lifetime": "long"}])
def test_invalid_requests_for_an_assertion_are_refused(workload: Workload, body: dict[str, Any]) -> None:
    answer = workload.operator.session.post(
        f"{workload.base}/_emulator/assertion", json=body, headers=HEADERS, timeout=10
    )
    assert answer.status_code == 400
