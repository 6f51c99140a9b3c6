# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SMTP server: TLS first, then a token for Exchange Online, checked against the settings in Exchange."""

from __future__ import annotations

import base64
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .device_code_flow import ADMIN, PLAIN, People

EXCHANGE = "https://outlook.office365.com/.default"
ROLE = "Application SMTP.SendAsApp"
REFUSED = (535, b"5.7.3 Authentication unsuccessful [smtp.localhost]")
ACCEPTED = (235, b"2.7.0 Authentication successful")


@pytest.fixture
def people(emulator: Any, operator: Any) -> People:
    return People(emulator, operator.session)


def a_token(client: Any, scope: str = EXCHANGE) -> str:
    answer = client.session.post(
        f"{client.server.authority}/{client.server.tenant_id}/oauth2/v2.0/token",
        timeout=10,
        data={
            "grant_type": "client_credentials",
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "scope": scope,
        },
    )
    return str(answer.json()["access_token"])


@contextmanager
def connected(server: Any, *, tls: bool = True) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(server.smtp_host, server.smtp_port, timeout=10) as smtp:
        smtp.ehlo()
        if tls:
            smtp.starttls(context=ssl.create_default_context(cafile=server.ca_file))
            smtp.ehlo()
        yield smtp


def response(mailbox: str, token: str) -> str:
    return base64.b64encode(f"user={mailbox}\x01auth=Bearer {token}\x01\x01".encode()).decode()


def shown(people: People, token: str, first: str = PLAIN) -> tuple[int, bytes]:
    with connected(people.server) as smtp:
        return smtp.docmd(f"AUTH XOAUTH2 {response(people.name(first), token)}")


def principal_of(people: People, client: Any) -> str:
    found = people.server.tenant.service_principal_by("appId", client.client_id)
    assert found is not None
    return str(found["id"])


def assigned(people: People, client: Any, first: str = PLAIN) -> None:
    known = {"client_id": client.client_id, "object_id": principal_of(people, client)}
    settings = {**known, "role": ROLE, "mailboxes": [people.name(first)]}
    assert people.control("exchange", settings).status_code == 200


def test_tls_is_required_before_authentication(people: People) -> None:
    with connected(people.server, tls=False) as smtp:
        assert smtp.has_extn("STARTTLS") and not smtp.has_extn("AUTH")
        assert smtp.docmd("AUTH XOAUTH2 eA==")[0] == 538
        assert smtp.docmd("MAIL FROM:<a@b.example>")[0] == 530
    with connected(people.server) as smtp:
        assert smtp.esmtp_features["auth"].split() == ["XOAUTH2"]
        assert not smtp.has_extn("STARTTLS")
        assert smtp.docmd("AUTH PLAIN eA==")[0] == 504
        assert smtp.docmd("MAIL FROM:<a@b.example>")[0] == 530


def test_a_role_assignment_allows_its_mailboxes(people: People, client_with: Any) -> None:
    client = client_with()
    token = a_token(client)
    assert shown(people, token) == REFUSED
    assigned(people, client)
    assert shown(people, token) == ACCEPTED
    assert shown(people, token, ADMIN) == REFUSED
    assert shown(people, token, "without-mailbox") == REFUSED
    state = client.session.get(f"{people.server.graph}/_emulator/state", timeout=10).json()["exchange"]
    assert state["role_assignments"] == [
        {
            "client_id": client.client_id,
            "role": ROLE,
            "mailboxes": [people.object_id(PLAIN)],
            "directory_scope": None,
            "app_scope": None,
        }
    ]
    people.server.reset()
    assert people.server.tenant.directory.exchange.assignments == {}


def test_the_response_can_follow_the_challenge(people: People, client_with: Any) -> None:
    client = client_with()
    assigned(people, client)
    with connected(people.server) as smtp:
        assert smtp.docmd("AUTH XOAUTH2")[0] == 334
        assert smtp.docmd(response(people.name(PLAIN), a_token(client))) == ACCEPTED
        assert smtp.docmd("MAIL FROM:<a@b.example>")[0] == 554, "it accepts no mail"


def test_a_wrong_object_id_is_refused(people: People, client_with: Any) -> None:
    client = client_with()
    assigned(people, client)
    people.control("exchange", {"client_id": client.client_id, "object_id": client.client_id})
    assert shown(people, a_token(client)) == REFUSED


@pytest.mark.parametrize("what", ["graph", "expired", "signature", "nonsense", "user"])
def test_an_invalid_token_is_refused(people: People, client_with: Any, what: str) -> None:
    client = client_with()
    assigned(people, client)
    token = a_token(client, "https://graph.microsoft.com/.default" if what == "graph" else EXCHANGE)
    if what == "expired":
        people.server.clock.advance(3600)
    elif what == "signature":
        token = token[:-8] + ("A" * 8 if not token.endswith("A" * 8) else "B" * 8)
    elif what == "nonsense":
        token = "x"
    elif what == "user":
        token = people.sign_in(PLAIN)["access_token"]
    assert shown(people, token) == REFUSED


@pytest.mark.parametrize("sent", ["!", "eA==", base64.b64encode(b"user=a\x01auth=Basic x\x01\x01").decode()])
def test_a_malformed_response_is_refused(people: People, sent: str) -> None:
    with connected(people.server) as smtp:
        assert smtp.docmd(f"AUTH XOAUTH2 {sent}")[0] == 501


def test_disabled_smtp_auth_is_reported(people: People, client_with: Any) -> None:
    client = client_with()
    assigned(people, client)
    token = a_token(client)
    people.control("exchange", {"smtp_auth_disabled": True})
    code, text = shown(people, token)
    assert code == 535 and text.startswith(b"5.7.139") and b"disabled for the Tenant" in text
    people.control("exchange", {"smtp_auth_disabled": False, "mailboxes": [people.name(PLAIN)]})
    assert shown(people, token) == ACCEPTED, "the setting of the mailbox has precedence"
    people.control("exchange", {"smtp_auth_disabled": True, "mailboxes": [people.name(PLAIN)]})
    assert b"disabled for the Mailbox" in shown(people, token)[1]


def test_a_refusal_can_be_sent_in_a_challenge(people: People, client_with: Any) -> None:
    people.control("exchange", {"challenges_errors": True})
    with connected(people.server) as smtp:
        code, text = smtp.docmd(f"AUTH XOAUTH2 {response(people.name(PLAIN), a_token(client_with()))}")
        assert code == 334 and b'"status": "401"' in base64.b64decode(text)
        assert smtp.docmd("") == REFUSED


def test_sessions_are_recorded_without_their_tokens(people: People, client_with: Any) -> None:
    client = client_with()
    assigned(people, client)
    token = a_token(client)
    shown(people, token)
    (session,) = people.server.smtp_sessions()
    assert session.body == {
        "commands": ["EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"],
        "mailbox": people.name(PLAIN),
        "authenticated": True,
        "code": "235 2.7.0",
    }
    assert (session.client_id, session.status) == (client.client_id, 221)
    assert not session.is_write and not session.is_graph
    written = client.session.get(f"{people.server.graph}/_emulator/journal", timeout=10).text
    assert token not in written and response(people.name(PLAIN), token) not in written
    assert "SMTP" in client.session.get(people.server.graph, timeout=10).text, "the page for people shows it"


@pytest.mark.parametrize(
    "settings",
    [
        {"client_id": "a", "role": "Application Everything"},
        {"client_id": "a", "role": ROLE},
        {"object_id": "b"},
        {"smtp_auth_disabled": "yes"},
        {"client_id": "a", "full_access": True, "mailboxes": ["without-mailbox"]},
    ],
    ids=str,
)
def test_invalid_settings_are_refused(people: People, settings: dict[str, Any]) -> None:
    assert people.control("exchange", settings).status_code == 400


def test_role_assignments_add_to_permissions_for_mail(people: People, client_with: Any) -> None:
    scoped, broad = client_with(), client_with("Mail.Read")
    for client in (scoped, broad):
        known = {"client_id": client.client_id, "object_id": principal_of(people, client)}
        people.control("exchange", {**known, "role": "Application Mail.ReadWrite", "mailboxes": [people.name(PLAIN)]})
    own, other = f"/users/{people.name(PLAIN)}", f"/users/{people.name(ADMIN)}"
    assert scoped.get(f"{own}/mailFolders/inbox").status_code == 200
    assert scoped.get(f"{other}/mailFolders/inbox").json()["error"]["code"] == "ErrorAccessDenied"
    assert broad.get(f"{other}/mailFolders/inbox").status_code == 200
    assert broad.post(f"{own}/messages", {"subject": "x"}).status_code == 201
    assert broad.post(f"{other}/messages", {"subject": "x"}).status_code == 403
    assert scoped.get("/users").status_code == 403, "they are for mail only"
