# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text for a refusal, by its status and code, if there is no specific text."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import GraphFault, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.validation import _endless
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._key_vault.client import _next_step
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.mailbox import REASONS, _reason
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp import _meaning
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp_client import (
    Answer,
    Reply,
    _address_literal,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp_server import _is_address
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.refusal import refusal


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "the access token was refused"),
        (403, "Key Vault Secrets Officer"),
        (404, "vault_url"),
        (302, "vault_url"),
        (429, "throttles"),
        (500, "Run again later"),
        (400, "See the code and the request id"),
    ],
)
def test_an_unknown_code_of_a_vault_has_a_general_advice(status: int, words: str) -> None:
    assert words in _next_step("Odd", status)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (GraphFault(403, "Odd"), REASONS["ErrorAccessDenied"]),
        (GraphFault(401, "Odd"), "Microsoft Graph does not accept the application's token."),
        (GraphFault(418, "Odd"), "Microsoft Graph answered with status 418."),
    ],
)
def test_an_unknown_code_of_a_mailbox_has_a_general_reason(fault: GraphFault, reason: str) -> None:
    assert _reason(fault) == reason


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        (535, "5.7.139 Authentication unsuccessful, the request did not meet the criteria", "A policy of the tenant"),
        (554, "5.2.0 something else", "refused the token with 554 5.2.0."),
        (504, "no enhanced code", "refused the token with 504."),
    ],
)
def test_a_token_that_the_smtp_server_refuses_has_a_reason(code: int, line: str, words: str) -> None:
    token = AccessToken("opaque", 0.0, {})
    meaning = _meaning(Answer("auth", Reply(code, (line,))), token, client_id="c", mailbox="a@example.com")
    assert words in meaning.reason
    assert "opaque" not in repr(meaning)


@pytest.mark.parametrize(("text", "is_one"), [("192.0.2.1", True), ("2001:db8::1", True), ("smtp.example.com", False)])
def test_ip_addresses_are_distinguished_from_names(text: str, is_one: bool) -> None:
    assert _is_address(text) is is_one


@pytest.mark.parametrize(("address", "literal"), [("192.0.2.1", "[192.0.2.1]"), ("2001:db8::1", "[IPv6:2001:db8::1]")])
def test_a_client_greets_an_smtp_server_with_its_address(address: str, literal: str) -> None:
    assert _address_literal(address) == literal


@pytest.mark.parametrize(
    ("result", "message", "code"),
    [
        ({}, "Could not sign in: no access token", None),
        ({"error": "odd"}, "Could not sign in: odd", None),
        ({"error_description": "\n \n"}, "Could not sign in: no access token", None),
        ({"error_description": "\n \nAADSTS7: No. Trace ID: 1"}, "Could not sign in: AADSTS7: No.", "AADSTS7"),
    ],
)
def test_a_sign_in_without_a_response_has_a_reason(result: dict[str, str], message: str, code: str | None) -> None:
    refused = refusal("sign in", None, result, fallback="no access token")
    assert (refused.message, refused.details["code"], refused.details["status"]) == (message, code, None)


@pytest.mark.parametrize(
    ("value", "endless"), [(10**400, True), ("1e400", True), (float("nan"), True), (7, False), ("soon", False)]
)
def test_endless_numbers_are_detected(value: t.Any, endless: bool) -> None:
    assert _endless(value) is endless


@pytest.mark.parametrize("value", ["2027-06-30", "2027-06-30T12:00:00", "soon"])
def test_a_point_in_time_without_a_zone_is_refused(value: str) -> None:
    with pytest.raises(InputError, match="not a point in time with a time zone"):
        times.parse_point("O(x)", value)


def test_a_store_without_content_has_no_record() -> None:
    assert Record.of({}) is None
