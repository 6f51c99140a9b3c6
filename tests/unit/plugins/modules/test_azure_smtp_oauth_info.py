# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import socket
import typing as t

import certifi
import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_commands import quoted
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof import smtp_client as _smtp
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.exchange import rbac_way
from ansible_collections.email_gateway.azure_apps.tests.unit import leak_search
from ansible_collections.email_gateway.azure_apps.tests.unit.hostile_smtp import HostileSmtp
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

MODULE = "azure_smtp_oauth_info"
UNKNOWN = "11111111-1111-1111-1111-111111111111"
SEND = "SMTP.SendAsApp"
ROLE = f"Application {SEND}"


def wished(tenant: Tenant, *roles: str, mailbox: str = "megan") -> Json:
    """The options for a proof of a new registration with these permissions of Exchange Online."""
    server = {"smtp_host": tenant.server.smtp_host, "smtp_port": tenant.server.smtp_port}
    return {
        **tenant.with_secret(*roles, resource="exchange_online"),
        **server,
        "mailbox": tenant.mailbox(mailbox),
        "poll": False,
    }


def object_id(tenant: Tenant, options: Json) -> str:
    (principal,) = tenant.service_principals(options["client_id"])
    return str(principal["id"])


def register_in_exchange(tenant: Tenant, options: Json) -> None:
    exchange = tenant.server.tenant.directory.exchange
    exchange.service_principals[options["client_id"]] = object_id(tenant, options)


def give_full_access(tenant: Tenant, options: Json, first: str = "megan") -> None:
    tenant.server.tenant.directory.exchange.full_access.add((tenant.user_id(first), options["client_id"]))


def assign(tenant: Tenant, options: Json, first: str = "megan") -> None:
    tenant.server.tenant.directory.exchange.assign(options["client_id"], ROLE, [tenant.user_id(first)])


def token_of(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens that are shown to the server."""
    seen: list[str] = []
    sasl = _smtp.sasl

    def noted(mailbox: str, token: str) -> str:
        seen.append(token)
        return sasl(mailbox, token)

    monkeypatch.setattr(_smtp, "sasl", noted)
    return seen


def commands(tenant: Tenant) -> list[list[str]]:
    return [entry.body["commands"] for entry in tenant.server.smtp_sessions()]


# What Exchange asks for


def test_by_the_permission_and_the_mailbox_permission(tenant: Tenant) -> None:
    options = wished(tenant, SEND)
    register_in_exchange(tenant, options)
    give_full_access(tenant, options)
    result = tenant.ok(MODULE, **options)
    assert (result["authenticated"], result["smtp_code"], result["enhanced_code"]) == (True, 235, "2.7.0")
    assert (result["exchange_commands"], result["next_step"]) == ([], "")
    assert result["roles"] == [SEND]
    assert result["service_principal_object_id"] == object_id(tenant, options)
    assert not result["changed"]
    (session,) = tenant.server.smtp_sessions()
    assert session.body["commands"] == ["EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"]
    assert (session.client_id, session.path) == (options["client_id"], options["mailbox"])
    assert session.body["authenticated"] is True
    assert tenant.graph_requests == 0


def test_by_a_role_assignment_without_the_permission(tenant: Tenant) -> None:
    options = wished(tenant)
    register_in_exchange(tenant, options)
    assign(tenant, options)
    assert tenant.ok(MODULE, **options)["authenticated"] is True
    other = tenant.ok(MODULE, **{**options, "mailbox": tenant.mailbox("adele")})
    assert other["authenticated"] is False, "the scope of the assignment does not hold this one"


def test_the_permission_beside_a_role_assignment_asks_for_the_mailbox_permission(tenant: Tenant) -> None:
    options = wished(tenant, SEND)
    register_in_exchange(tenant, options)
    assign(tenant, options)
    result = tenant.ok(MODULE, **options)
    assert result["authenticated"] is False
    assert "withdraw SMTP.SendAsApp" in result["next_step"]
    give_full_access(tenant, options)
    assert tenant.ok(MODULE, **options)["authenticated"] is True


@pytest.mark.parametrize("missing", ["service principal", "full access", "right object id", "mailbox"])
def test_what_is_missing_in_exchange_comes_as_commands(tenant: Tenant, missing: str) -> None:
    options = wished(tenant, SEND, mailbox="nobody" if missing == "mailbox" else "megan")
    exchange = tenant.server.tenant.directory.exchange
    if missing != "service principal":
        register_in_exchange(tenant, options)
    if missing == "right object id":
        exchange.service_principals[options["client_id"]] = tenant.application(uniqueName="gateway")["id"]
    if missing != "full access":
        give_full_access(tenant, options)
    result = tenant.ok(MODULE, **options)
    assert (result["authenticated"], result["smtp_code"], result["enhanced_code"]) == (False, 535, "5.7.3")
    principal, mailbox = object_id(tenant, options), options["mailbox"]
    assert result["exchange_commands"] == [
        f"New-ServicePrincipal -AppId '{options['client_id']}' -ObjectId '{principal}'",
        f"Add-MailboxPermission -Identity '{mailbox}' -User '{principal}' -AccessRights FullAccess",
        f"Add-RecipientPermission -Identity '{mailbox}' -Trustee '{principal}' -AccessRights SendAs",
    ]


def test_without_the_permission_the_commands_make_a_role_assignment(tenant: Tenant) -> None:
    options = wished(tenant)
    result = tenant.ok(MODULE, **options)
    client_id, mailbox = options["client_id"], options["mailbox"]
    assert result["enhanced_code"] == "5.7.3"
    assert result["exchange_commands"] == [
        f"New-ServicePrincipal -AppId '{client_id}' -ObjectId '{object_id(tenant, options)}'",
        f"New-ManagementScope -Name 'azure_apps {client_id}' -RecipientRestrictionFilter"
        f" 'PrimarySmtpAddress -eq ''{mailbox}'''",
        f"New-ManagementRoleAssignment -Role '{ROLE}' -App '{client_id}' -CustomResourceScope 'azure_apps {client_id}'",
    ]


@pytest.mark.parametrize("whose", ["tenant", "mailbox"])
def test_smtp_auth_that_is_disabled(tenant: Tenant, virtual_time: VirtualTime, whose: str) -> None:
    options = wished(tenant, SEND)
    register_in_exchange(tenant, options)
    give_full_access(tenant, options)
    exchange = tenant.server.tenant.directory.exchange
    exchange.smtp_auth_disabled = whose == "tenant"
    if whose == "mailbox":
        exchange.smtp_auth_disabled_for[tenant.user_id("megan")] = True
    result = tenant.ok(MODULE, **{**options, "poll": True})
    assert (result["authenticated"], result["enhanced_code"]) == (False, "5.7.139")
    assert f"disabled for the {whose}" in result["reason"]
    assert result["exchange_commands"] == [
        f"Set-CASMailbox -Identity '{options['mailbox']}' -SmtpClientAuthenticationDisabled $false"
    ]
    assert virtual_time.waited == [], "waiting does not mend it"
    exchange.smtp_auth_disabled_for[tenant.user_id("megan")] = False
    assert tenant.ok(MODULE, **options)["authenticated"] is True


def test_a_refusal_told_in_a_challenge_first(tenant: Tenant) -> None:
    options = wished(tenant)
    tenant.server.tenant.directory.exchange.challenges_errors = True
    result = tenant.ok(MODULE, **options)
    assert (result["smtp_code"], result["enhanced_code"]) == (535, "5.7.3")
    assert commands(tenant) == [["EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"]]


def test_polls_with_a_fresh_token_until_the_administrator_is_done(
    tenant: Tenant, virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = wished(tenant, SEND)
    tokens = token_of(tenant, monkeypatch)

    def meanwhile() -> None:
        register_in_exchange(tenant, options)
        give_full_access(tenant, options)

    tenant.server.faults.add(path="oauth2/v2.0/token", nth=2, then=meanwhile)
    result = tenant.ok(MODULE, **{**options, "poll": True})
    assert result["authenticated"] is True
    assert result["attempts"] == 2
    assert len(set(tokens)) == 2


def test_a_refusal_that_stays_is_told_after_the_wait(tenant: Tenant, virtual_time: VirtualTime) -> None:
    result = tenant.ok(MODULE, **{**wished(tenant), "poll": True, "wait_timeout": 20})
    assert result["authenticated"] is False
    assert 5 < sum(virtual_time.waited) <= 20
    assert len(tenant.server.smtp_sessions()) == result["attempts"] > 1


def test_check_mode_proves_too(tenant: Tenant) -> None:
    assert tenant.ok(MODULE, check=True, **wished(tenant))["smtp_code"] == 535


def test_a_wrong_secret_is_a_failure(tenant: Tenant) -> None:
    result = tenant.fails(MODULE, **{**wished(tenant), "client_secret": "wrong"})
    assert (result["error"]["kind"], result["error"]["code"]) == ("sign_in", "AADSTS7000215")
    assert tenant.server.smtp_sessions() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mailbox": "nobody"}, "not the address of a mailbox"),
        ({"mailbox": ""}, "not the address of a mailbox"),
        ({"mailbox": "a@b\x01auth=Bearer x"}, "not the address of a mailbox"),
        ({"mailbox": "a@b\r\nMAIL FROM:<a@b>"}, "not the address of a mailbox"),
        ({"smtp_host": "mx/evil"}, "no name of a host"),
        ({"smtp_host": ""}, "no name of a host"),
        ({"smtp_host": "x" * 5000}, "no name of a host"),
        ({"smtp_port": 0}, "smtp_port is 0"),
        ({"smtp_port": 65536}, "smtp_port is 65536"),
        ({"client_secret": " "}, "client_secret is blank"),
        ({"client_id": "x"}, "not a GUID"),
        ({"request_timeout": 0}, "request_timeout is 0"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(tenant: Tenant, changes: Json, words: str) -> None:
    good = {"tenant_id": UNKNOWN, "client_id": UNKNOWN, "client_secret": "s", "mailbox": "a@b.example"}
    result = tenant.fails(MODULE, **{**good, **changes})
    assert words in result["msg"]
    assert result["error"]["kind"] == "input"
    assert tenant.server.journal.entries() == []


def test_all_runs_return_the_same_keys(tenant: Tenant) -> None:
    options = wished(tenant)
    runs = [tenant.ok(MODULE, **options), tenant.ok(MODULE, check=True, **options)]
    tenant.server.tenant.directory.exchange.smtp_auth_disabled = True
    runs.append(tenant.ok(MODULE, **options))
    for script in ({"EHLO": b"250 mx\r\n"}, {"greeting": b"421 busy\r\n"}, {}):
        with HostileSmtp(script) as smtp:
            runs.append(tenant.ok(MODULE, **{**options, "smtp_port": smtp.port}))
    assert {frozenset(run) for run in runs} == {frozenset(runs[0])}


# Commands


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("a@b", "'a@b'"),
        ("o'brien@b", "'o''brien@b'"),
        ("x\u2019y@b", "'x\u2019\u2019y@b'"),
        ("$(evil)`n@b", "'$(evil)`n@b'"),
    ],
)
def test_texts_are_quoted_for_powershell(text: str, literal: str) -> None:
    assert quoted(text) == literal


def test_an_apostrophe_is_quoted_twice_inside_of_a_filter() -> None:
    filtering = rbac_way(client_id="c", service_principal="s", mailboxes=["o'brien@b"])[1]
    assert filtering.endswith("'PrimarySmtpAddress -eq ''o''''brien@b'''")


# Servers that are none, or worse


def against(tenant: Tenant, smtp: HostileSmtp, **more: t.Any) -> Json:
    options = tenant.with_secret()
    return tenant.run(
        MODULE,
        **{
            **options,
            "mailbox": tenant.mailbox("megan"),
            "smtp_host": "localhost",
            "smtp_port": smtp.port,
            "poll": False,
            "wait_timeout": 1,
            "request_timeout": 2,
            **more,
        },
    )


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ({"greeting": b"421 4.3.2 busy\r\n"}, 421, "not available for the moment"),
        ({"greeting": b"554 no\r\n"}, 554, "before it saw the token"),
        ({"EHLO": b"502 no\r\n"}, 502, "before it saw the token"),
        ({"EHLO": b"250-mx\r\n250 AUTH XOAUTH2\r\n"}, None, "no encryption"),
        ({"STARTTLS": b"454 TLS not available\r\n"}, 454, "not available for the moment"),
        ({"STARTTLS": b"502 no\r\n"}, 502, "before it saw the token"),
        ({"EHLO2": b"250-mx\r\n250 AUTH PLAIN LOGIN\r\n"}, None, "no sign-in by OAuth"),
        ({"EHLO2": b"250 AUTH XOAUTH2\r\n"}, None, "no sign-in by OAuth"),
    ],
    ids=str,
)
def test_a_server_that_does_not_go_along_gets_no_token(
    tenant: Tenant, script: t.Any, code: int | None, words: str
) -> None:
    with HostileSmtp(script) as smtp:
        result = against(tenant, smtp)
    assert not result.get("failed"), result
    assert (result["authenticated"], result["smtp_code"]) == (False, code)
    assert words in result["reason"]
    assert result["next_step"]
    assert not any(line.startswith("AUTH") for line in smtp.heard)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ({"greeting": None}, "closed the connection"),
        ({"greeting": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, "no SMTP server"),
        ({"greeting": bytes(range(256)) * 4 + b"\n"}, "no SMTP server"),
        ({"greeting": lambda smtp, _line: smtp.trickle()}, "no end in time"),
        ({"greeting": lambda smtp, _line: smtp.trickle(b"220-x\r\n")}, "no end in time"),
        ({"greeting": lambda smtp, _line: smtp.endless(b"x" * 100)}, "too large"),
        ({"EHLO": lambda smtp, _line: smtp.endless(b"250-x\r\n")}, "too large"),
        ({"EHLO": b"250-mx\r\n251 x\r\n"}, "no SMTP server"),
        ({"EHLO": b"250-STARTTLS\r\n250 STARTTLS\r\n235 ok\r\n"}, "nobody asked for"),
        ({"STARTTLS": b"220 go\r\n250-mx\r\n250 AUTH XOAUTH2\r\n235 ok\r\n"}, "before TLS began"),
        ({"tls": b"235 2.7.0 ok\r\n" * 20}, "TLS"),
        ({"tls": None}, "TLS"),
        ({"tls": lambda smtp, _line: smtp.trickle(b"\x16")}, "TLS"),
        ({"tls": lambda smtp, _line: smtp.trickle(b"", seconds=0.2)}, "no end in time"),
        ({"EHLO2": None}, "closed the connection"),
        ({"AUTH": b"250 2.7.0 ok\r\n"}, "none of SMTP"),
        ({"AUTH": b"334 x\r\n", "empty": b"334 x\r\n"}, "none of SMTP"),
        ({"AUTH": None}, "closed the connection"),
        ({"AUTH": lambda smtp, _line: smtp.trickle(b"535-5.7.3 x\r\n")}, "no end in time"),
    ],
)
def test_a_server_that_is_none_is_a_clear_error_in_time(tenant: Tenant, script: t.Any, words: str) -> None:
    with HostileSmtp(script) as smtp:
        result = against(tenant, smtp, request_timeout=1)
    assert result.get("failed"), result
    assert result["error"]["kind"] == "transport"
    assert words in result["msg"]
    assert result["error"]["next_step"]


def test_a_server_that_says_no_more_after_its_answer_is_believed(tenant: Tenant) -> None:
    with HostileSmtp({"QUIT": None}) as smtp:
        assert against(tenant, smtp)["authenticated"] is True


@pytest.mark.parametrize(
    "more",
    [
        # Issued for localhost and the addresses of loopback only.
        {"smtp_host": socket.gethostname()},
        {"ca_file": str(certifi.where())},
    ],
    ids=["other host", "other authority"],
)
def test_a_certificate_that_is_not_trusted_gets_no_token(tenant: Tenant, more: Json) -> None:
    with HostileSmtp({}) as smtp:
        result = against(tenant, smtp, **more)
    assert result.get("failed"), result
    assert "certificate" in result["msg"], result
    assert not any(line.startswith("AUTH") for line in smtp.heard)


def test_an_address_instead_of_a_name(tenant: Tenant) -> None:
    with HostileSmtp({}) as smtp:
        assert against(tenant, smtp, smtp_host="127.0.0.1")["authenticated"] is True


def test_nobody_listens(tenant: Tenant) -> None:
    with HostileSmtp({}) as smtp:
        port = smtp.port
    result = tenant.fails(MODULE, **{**wished(tenant), "smtp_port": port, "wait_timeout": 1})
    assert "cannot be reached" in result["msg"]


@pytest.mark.parametrize(
    "echo",
    [
        lambda line: f"535 5.7.3 {line}\r\n",
        lambda line: f"535 5.7.3 {line[:400]}\r\n",
        lambda line: "".join(f"535-5.7.3 {line[i : i + 20]}\r\n" for i in range(0, 200, 20)) + "535 5.7.3 x\r\n",
        lambda line: f"{line}\r\n",
        lambda line: f"250 {line}\r\n",
    ],
)
def test_a_server_that_says_what_it_was_sent_gives_nothing_away(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, echo: t.Callable[[str], str]
) -> None:
    tokens = token_of(tenant, monkeypatch)
    with HostileSmtp({"AUTH": lambda _smtp, line: [echo(line).encode()]}) as smtp:
        result = against(tenant, smtp)
    assert any(line.startswith("AUTH XOAUTH2 ") for line in smtp.heard)
    credential = next(line.split()[2] for line in smtp.heard if line.startswith("AUTH"))
    places = [("result", json.dumps(result).encode())]
    assert leak_search.hits(places, [*tokens, credential]) == []


def test_the_search_finds_the_token_in_what_is_sent_to_smtp(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = token_of(tenant, monkeypatch)
    with HostileSmtp({}) as smtp:
        against(tenant, smtp)
    assert leak_search.hits([("wire", "\n".join(smtp.heard).encode())], tokens)
    assert leak_search.hits([("journal", str(tenant.server.smtp_sessions()).encode())], tokens) == []
