# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sign-in of users with a device code, with an unmodified msal and by hand."""

from __future__ import annotations

import re
from typing import Any

import jwt
import pytest

from .device_code_flow import ADMIN, AZURE_CLI, GRAPH, PLAIN, People, public_client, scope_id

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def people(emulator: Any, operator: Any) -> People:
    return People(emulator, operator.session)


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def started(people: People, client_id: str = AZURE_CLI, scope: str = f"{GRAPH}/.default offline_access") -> Any:
    answer = people.session.post(
        f"{people.server.authority}/{people.server.tenant_id}/oauth2/v2.0/devicecode",
        data={"client_id": client_id, "scope": scope},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def polled(people: People, device_code: str, client_id: str = AZURE_CLI, **more: str) -> Any:
    form = {"grant_type": GRANT, "client_id": client_id, "device_code": device_code, **more}
    return people.token_form({name: value for name, value in form.items() if value})


@pytest.mark.parametrize("tenant", [None, "organizations", "common"])
def test_msal_signs_a_user_in_at_azure_cli(people: People, tenant: str | None) -> None:
    result = people.sign_in(ADMIN, client=people.client(tenant=tenant))
    claims = claims_of(result["access_token"])
    assert claims["oid"] == people.object_id(ADMIN) and claims["upn"] == people.name(ADMIN)
    assert claims["appid"] == AZURE_CLI and claims["appidacr"] == "0" and claims["idtyp"] == "user"
    assert {"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"} <= set(claims["scp"].split())
    assert "62e90394-69f5-4237-9190-012177145e10" in claims["wids"]
    assert "roles" not in claims
    assert result["id_token_claims"]["preferred_username"] == people.name(ADMIN)
    me = people.ask(result["access_token"], "GET", "/me")
    assert me.json()["userPrincipalName"] == people.name(ADMIN)
    assert people.ask(result["access_token"], "GET", "/applications").status_code == 200


def test_msal_renews_tokens_silently_and_refresh_tokens_rotate(people: People, emulator: Any) -> None:
    client = people.client()
    first = people.sign_in(ADMIN, client=client)
    (account,) = client.get_accounts()
    renewed = client.acquire_token_silent([f"{GRAPH}/.default"], account=account, force_refresh=True)
    assert claims_of(renewed["access_token"])["oid"] == people.object_id(ADMIN)
    form = {
        "grant_type": "refresh_token",
        "client_id": AZURE_CLI,
        "refresh_token": first["refresh_token"],
        "scope": f"{GRAPH}/.default",
    }
    again = people.token_form(form).json()
    assert again["refresh_token"] not in (first["refresh_token"], renewed["refresh_token"])
    assert "." in again["refresh_token"] and again["refresh_token"].count(".") == 1
    journal = str([entry.as_dict() for entry in emulator.journal.entries()])
    for token in (first["refresh_token"], again["refresh_token"], first["access_token"]):
        assert token not in journal
    emulator.clock.advance(91 * 86400)
    expired = people.token_form(form)
    assert (expired.json()["error"], expired.json()["error_codes"]) == ("invalid_grant", [700082])


def test_invalid_refresh_tokens_are_refused(people: People, operator: Any) -> None:
    token = people.sign_in(ADMIN)["refresh_token"]
    other = public_client(operator)
    form = {"grant_type": "refresh_token", "client_id": AZURE_CLI, "refresh_token": token}
    assert people.token_form({**form, "refresh_token": "nonsense"}).json()["error_codes"] == [9002313]
    assert people.token_form({**form, "client_id": other["appId"]}).json()["error_codes"] == [70000]
    assert people.token_form({**form, "client_secret": "x"}).json()["error_codes"] == [700025]
    people.control("users", {"user": people.name(ADMIN), "enabled": False})
    assert people.token_form(form).json()["error_codes"] == [50057]


def test_the_response_with_a_device_code_has_the_documented_form(people: People) -> None:
    body = started(people)
    assert list(body) == ["user_code", "device_code", "verification_uri", "expires_in", "interval", "message"]
    assert (body["expires_in"], body["interval"]) == (900, 5)
    assert re.fullmatch("[A-Z0-9]{9}", body["user_code"])
    assert body["verification_uri"] == f"{people.server.graph}/devicelogin"
    assert body["user_code"] in body["message"]


def test_polling_returns_the_state_of_the_sign_in(people: People, emulator: Any) -> None:
    def refusal(answer: Any) -> tuple[int, str, list[int]]:
        body = answer.json()
        assert body["error_description"].startswith(f"AADSTS{body['error_codes'][0]}: ")
        return answer.status_code, body["error"], body["error_codes"]

    flow = started(people)
    assert refusal(polled(people, flow["device_code"])) == (400, "authorization_pending", [70016])
    assert refusal(polled(people, "unknown")) == (400, "bad_verification_code", [70018])
    assert people.approve(flow["user_code"], ADMIN, approve=False).status_code == 200
    assert refusal(polled(people, flow["device_code"])) == (400, "authorization_declined", [65004])
    late = started(people)
    emulator.clock.advance(901)
    assert people.approve(late["user_code"], ADMIN).status_code == 400
    assert refusal(polled(people, late["device_code"])) == (400, "expired_token", [70020])


def test_a_code_can_be_used_once_and_by_one_client(people: People, operator: Any) -> None:
    flow = started(people)
    people.approve(flow["user_code"], ADMIN)
    assert people.approve(flow["user_code"], PLAIN).status_code == 400
    other = public_client(operator)
    assert polled(people, flow["device_code"], other["appId"]).json()["error"] == "bad_verification_code"
    assert polled(people, flow["device_code"]).status_code == 200
    assert polled(people, flow["device_code"]).json()["error"] == "bad_verification_code"


def test_only_public_clients_can_sign_in_without_a_secret(people: People, operator: Any) -> None:
    created = operator.application("confidential")
    operator.service_principal(created["appId"])
    flow = started(people, created["appId"], "User.Read")
    refused = polled(people, flow["device_code"], created["appId"])
    assert (refused.status_code, refused.json()["error_codes"]) == (401, [7000218])
    secret = operator.post(f"/applications/{created['id']}/addPassword", {}).json()["secretText"]
    waiting = polled(people, flow["device_code"], created["appId"], client_secret=secret)
    assert waiting.json()["error"] == "authorization_pending"
    operator.patch(f"/applications/{created['id']}", {"isFallbackPublicClient": True})
    assert polled(people, flow["device_code"], created["appId"]).json()["error"] == "authorization_pending"
    refused = polled(people, flow["device_code"], created["appId"], client_secret=secret)
    assert refused.json()["error_codes"] == [700025]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "11111111-2222-3333-4444-555555555555"}, 700016),
        ({"client_id": ""}, 900144),
        ({"scope": ""}, 900144),
        ({"scope": f"{GRAPH}/User.Read https://outlook.office365.com/Mail.Read"}, 28000),
        ({"scope": f"{GRAPH}/.default {GRAPH}/User.Read"}, 70011),
        ({"scope": "api://unknown/.default"}, 500011),
    ],
)
def test_invalid_requests_for_a_code_are_refused(people: People, changes: dict[str, str], code: int) -> None:
    form = {"client_id": AZURE_CLI, "scope": f"{GRAPH}/.default", **changes}
    answer = people.session.post(
        f"{people.server.authority}/{people.server.tenant_id}/oauth2/v2.0/devicecode", data=form, timeout=10
    )
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [code])


def test_a_user_can_consent_for_themselves(people: People, operator: Any) -> None:
    """A plain user can consent to scopes that need no administrator, which creates a grant of their own.
    Other scopes need an administrator."""
    created = public_client(operator)
    result = people.sign_in(PLAIN, client=people.client(created["appId"]), scopes=("User.Read", "Mail.Read"))
    assert set(claims_of(result["access_token"])["scp"].split()) >= {"User.Read", "Mail.Read"}
    (grant,) = operator.get("/oauth2PermissionGrants").json()["value"]
    assert (grant["consentType"], grant["principalId"]) == ("Principal", people.object_id(PLAIN))
    assert grant["scope"] == "Mail.Read User.Read"
    flow = started(people, created["appId"], "Application.ReadWrite.All")
    refused = people.approve(flow["user_code"], PLAIN)
    assert refused.status_code == 400 and "AADSTS90094" in refused.json()["error"]
    assert people.approve(flow["user_code"], ADMIN).status_code == 200
    body = polled(people, flow["device_code"], created["appId"]).json()
    assert claims_of(body["access_token"])["scp"] == "Application.ReadWrite.All"
    assert "refresh_token" not in body and "id_token" not in body


def test_the_default_scope_means_the_declared_permissions(people: People, operator: Any, emulator: Any) -> None:
    access = [{"id": scope_id(emulator, "User.Read"), "type": "Scope"}]
    created = public_client(
        operator,
        requiredResourceAccess=[{"resourceAppId": "00000003-0000-0000-c000-000000000000", "resourceAccess": access}],
    )
    result = people.sign_in(PLAIN, client=people.client(created["appId"]))
    assert "User.Read" in claims_of(result["access_token"])["scp"].split()


def test_withdrawn_consent_and_unknown_scopes_are_refused(people: People, operator: Any) -> None:
    created = public_client(operator)
    result = people.sign_in(PLAIN, client=people.client(created["appId"]), scopes=("User.Read",))
    (grant,) = operator.get("/oauth2PermissionGrants").json()["value"]
    operator.delete(f"/oauth2PermissionGrants/{grant['id']}")
    body = people.token_form(
        {
            "grant_type": "refresh_token",
            "client_id": created["appId"],
            "refresh_token": result["refresh_token"],
            "scope": "User.Read",
        }
    ).json()
    assert (body["error"], body["error_codes"], body["suberror"]) == ("invalid_grant", [65001], "consent_required")
    flow = started(people, created["appId"], "No.Such")
    assert "AADSTS650053" in people.approve(flow["user_code"], ADMIN).json()["error"]
    flow = started(people, AZURE_CLI, f"{GRAPH}/Mail.Read")
    assert "AADSTS65002" in people.approve(flow["user_code"], ADMIN).json()["error"]


def test_the_page_for_people_can_be_used_without_javascript(people: People) -> None:
    """Plain forms, submitted here as in a browser without JavaScript."""
    flow = started(people)
    page = people.session.get(flow["verification_uri"], timeout=10)
    assert page.status_code == 200 and page.url.endswith("/common/oauth2/deviceauth")
    assert "<script" not in page.text and "default-src 'none'" in page.headers["content-security-policy"]
    assert people.name(PLAIN) in page.text and '<form method="post">' in page.text
    form = {"user_code": "WRONG", "user": people.name(PLAIN), "decision": "approve"}
    refused = people.session.post(page.url, data=form, timeout=10)
    assert refused.status_code == 400 and "isn&#x27;t right" in refused.text
    form["user_code"] = flow["user_code"].lower()
    assert "You have signed in" in people.session.post(page.url, data=form, timeout=10).text
    assert polled(people, flow["device_code"]).status_code == 200
    flow = started(people)
    form.update(user_code=flow["user_code"], decision="decline")
    assert "You declined" in people.session.post(page.url, data=form, timeout=10).text
    assert polled(people, flow["device_code"]).json()["error"] == "authorization_declined"


def test_the_page_shows_input_as_text(people: People) -> None:
    page = people.session.get(
        f"{people.server.graph}/common/oauth2/deviceauth", params={"user_code": '"><b>x'}, timeout=10
    )
    assert "<b>x" not in page.text and "&lt;b&gt;x" in page.text


def test_other_sign_ins_of_users_are_refused(people: People) -> None:
    answer = people.session.get(
        f"{people.server.authority}/{people.server.tenant_id}/oauth2/v2.0/authorize?client_id={AZURE_CLI}", timeout=10
    )
    assert answer.status_code == 501 and "device code" in answer.text
    form = {"grant_type": "password", "client_id": AZURE_CLI, "username": "adele", "password": "x"}
    assert people.token_form(form).json()["error_codes"] == [70003]


def test_a_reset_clears_sign_ins(people: People, emulator: Any) -> None:
    token = people.sign_in(ADMIN)["refresh_token"]
    emulator.reset()
    form = {"grant_type": "refresh_token", "client_id": AZURE_CLI, "refresh_token": token}
    assert people.token_form(form).json()["error_codes"] == [9002313]
