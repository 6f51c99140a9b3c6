# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SMTP servers that refuse, disconnect, are not trusted or use another protocol."""

from __future__ import annotations

import json
import socket
import typing as t

import certifi
import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp_client import try_xoauth2
from ansible_collections.email_gateway.azure_apps.tests.unit import leak_search
from ansible_collections.email_gateway.azure_apps.tests.unit.hostile_smtp import HostileSmtp
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.exchange_access import (
    MODULE,
    token_of,
    wished,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant


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
def test_a_server_without_the_required_features_gets_no_token(
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
        ({"greeting": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, "not an SMTP server"),
        ({"greeting": bytes(range(256)) * 4 + b"\n"}, "not an SMTP server"),
        ({"greeting": lambda smtp, _line: smtp.trickle()}, "the dialogue did not end within"),
        ({"greeting": lambda smtp, _line: smtp.trickle(b"220-x\r\n")}, "the dialogue did not end within"),
        ({"greeting": lambda smtp, _line: smtp.endless(b"x" * 100)}, "too large"),
        ({"EHLO": lambda smtp, _line: smtp.endless(b"250-x\r\n")}, "too large"),
        ({"EHLO": b"250-mx\r\n251 x\r\n"}, "not an SMTP server"),
        ({"EHLO": b"250-STARTTLS\r\n250 STARTTLS\r\n235 ok\r\n"}, "an unexpected answer"),
        ({"STARTTLS": b"220 go\r\n250-mx\r\n250 AUTH XOAUTH2\r\n235 ok\r\n"}, "before TLS began"),
        ({"tls": b"235 2.7.0 ok\r\n" * 20}, "TLS"),
        ({"tls": None}, "TLS"),
        ({"tls": lambda smtp, _line: smtp.trickle(b"\x16")}, "TLS"),
        ({"tls": lambda smtp, _line: smtp.trickle(b"", seconds=0.2)}, "the dialogue did not end within"),
        ({"EHLO2": None}, "closed the connection"),
        ({"AUTH": b"250 2.7.0 ok\r\n"}, "not valid SMTP"),
        ({"AUTH": b"334 x\r\n", "empty": b"334 x\r\n"}, "not valid SMTP"),
        ({"AUTH": None}, "closed the connection"),
        ({"AUTH": lambda smtp, _line: smtp.trickle(b"535-5.7.3 x\r\n")}, "the dialogue did not end within"),
    ],
)
def test_a_server_of_another_protocol_is_a_clear_error_in_time(tenant: Tenant, script: t.Any, words: str) -> None:
    with HostileSmtp(script) as smtp:
        result = against(tenant, smtp, request_timeout=1)
    assert result.get("failed"), result
    assert result["error"]["kind"] == "transport"
    assert words in result["msg"]
    assert result["error"]["next_step"]


def test_a_server_that_disconnects_after_its_response_is_accepted(tenant: Tenant) -> None:
    with HostileSmtp({"QUIT": None}) as smtp:
        assert against(tenant, smtp)["authenticated"] is True


@pytest.mark.parametrize(
    "more",
    [
        # Issued only for localhost and the addresses of loopback.
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


def test_without_a_file_of_authorities_those_of_python_are_trusted() -> None:
    with HostileSmtp({}) as smtp, pytest.raises(TransportError, match="with the certificates that Python trusts"):
        try_xoauth2("localhost", smtp.port, mailbox="a@example.com", token="x", ca_file=None, seconds=5)
    assert not any(line.startswith("AUTH") for line in smtp.heard)


def test_an_address_can_be_used_instead_of_a_name(tenant: Tenant) -> None:
    with HostileSmtp({}) as smtp:
        assert against(tenant, smtp, smtp_host="127.0.0.1")["authenticated"] is True


def test_a_closed_port_is_reported(tenant: Tenant) -> None:
    with HostileSmtp({}) as smtp:
        port = smtp.port
    result = tenant.fails(MODULE, **{**wished(tenant), "smtp_port": port, "wait_timeout": 1})
    assert "cannot be reached" in result["msg"]


def test_a_host_that_does_not_answer_is_reported(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(_socket: socket.socket, _address: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket.socket, "connect", connect)
    result = tenant.fails(MODULE, **wished(tenant), wait_timeout=1)
    assert "the server cannot be reached (no answer)" in result["msg"]


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
def test_an_echoed_token_is_masked(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, echo: t.Callable[[str], str]
) -> None:
    tokens = token_of(tenant, monkeypatch)
    with HostileSmtp({"AUTH": lambda _smtp, line: [echo(line).encode()]}) as smtp:
        result = against(tenant, smtp)
    assert any(line.startswith("AUTH XOAUTH2 ") for line in smtp.heard)
    credential = next(line.split()[2] for line in smtp.heard if line.startswith("AUTH"))
    places = [("result", json.dumps(result).encode())]
    assert leak_search.hits(places, [*tokens, credential]) == []


def test_the_search_finds_the_token_in_smtp_traffic(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = token_of(tenant, monkeypatch)
    with HostileSmtp({}) as smtp:
        against(tenant, smtp)
    assert leak_search.hits([("wire", "\n".join(smtp.heard).encode())], tokens)
    assert leak_search.hits([("journal", str(tenant.server.smtp_sessions()).encode())], tokens) == []
