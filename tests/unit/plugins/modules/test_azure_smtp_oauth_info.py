# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verification of SMTP with OAuth: the requirements of Exchange, and the commands that grant them."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_commands import quoted
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.exchange import rbac_way
from ansible_collections.email_gateway.azure_apps.tests.unit.hostile_smtp import HostileSmtp
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.exchange_access import (
    MODULE,
    ROLE,
    SEND,
    UNKNOWN,
    assign,
    commands,
    give_full_access,
    object_id,
    register_in_exchange,
    token_of,
    wished,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime


def test_the_permission_and_the_mailbox_permission_allow_smtp(tenant: Tenant) -> None:
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


def test_a_role_assignment_without_the_permission_allows_smtp(tenant: Tenant) -> None:
    options = wished(tenant)
    register_in_exchange(tenant, options)
    assign(tenant, options)
    assert tenant.ok(MODULE, **options)["authenticated"] is True
    other = tenant.ok(MODULE, **{**options, "mailbox": tenant.mailbox("adele")})
    assert other["authenticated"] is False, "this one is not in the scope of the assignment"


def test_the_permission_requires_the_mailbox_permission_despite_a_role_assignment(tenant: Tenant) -> None:
    options = wished(tenant, SEND)
    register_in_exchange(tenant, options)
    assign(tenant, options)
    result = tenant.ok(MODULE, **options)
    assert result["authenticated"] is False
    assert "withdraw SMTP.SendAsApp" in result["next_step"]
    give_full_access(tenant, options)
    assert tenant.ok(MODULE, **options)["authenticated"] is True


@pytest.mark.parametrize("missing", ["service principal", "full access", "right object id", "mailbox"])
def test_missing_settings_in_exchange_are_returned_as_commands(tenant: Tenant, missing: str) -> None:
    options = wished(tenant, SEND, mailbox="without-mailbox" if missing == "mailbox" else "megan")
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


def test_without_the_permission_the_commands_create_a_role_assignment(tenant: Tenant) -> None:
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
def test_disabled_smtp_auth_is_reported(tenant: Tenant, virtual_time: VirtualTime, whose: str) -> None:
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
    assert virtual_time.waited == [], "waiting does not help"
    exchange.smtp_auth_disabled_for[tenant.user_id("megan")] = False
    assert tenant.ok(MODULE, **options)["authenticated"] is True


def test_a_refusal_in_a_challenge_is_reported(tenant: Tenant) -> None:
    options = wished(tenant)
    tenant.server.tenant.directory.exchange.challenges_errors = True
    result = tenant.ok(MODULE, **options)
    assert (result["smtp_code"], result["enhanced_code"]) == (535, "5.7.3")
    assert commands(tenant) == [["EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"]]


def test_polling_with_fresh_tokens_ends_when_the_administrator_is_done(
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


def test_a_permanent_refusal_is_reported_after_the_wait(tenant: Tenant, virtual_time: VirtualTime) -> None:
    result = tenant.ok(MODULE, **{**wished(tenant), "poll": True, "wait_timeout": 20})
    assert result["authenticated"] is False
    assert 5 < sum(virtual_time.waited) <= 20
    assert len(tenant.server.smtp_sessions()) == result["attempts"] > 1


def test_check_mode_verifies_as_well(tenant: Tenant) -> None:
    assert tenant.ok(MODULE, check=True, **wished(tenant))["smtp_code"] == 535


def test_a_wrong_secret_is_a_failure(tenant: Tenant) -> None:
    result = tenant.fails(MODULE, **{**wished(tenant), "client_secret": "wrong"})
    assert (result["error"]["kind"], result["error"]["code"]) == ("sign_in", "AADSTS7000215")
    assert tenant.server.smtp_sessions() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mailbox": "without-mailbox"}, "not the address of a mailbox"),
        ({"mailbox": ""}, "not the address of a mailbox"),
        ({"mailbox": "a@b\x01auth=Bearer x"}, "not the address of a mailbox"),
        ({"mailbox": "a@b\r\nMAIL FROM:<a@b>"}, "not the address of a mailbox"),
        ({"smtp_host": "mx/evil"}, "not a host name"),
        ({"smtp_host": ""}, "not a host name"),
        ({"smtp_host": "x" * 5000}, "not a host name"),
        ({"smtp_port": 0}, "smtp_port is 0"),
        ({"smtp_port": 65536}, "smtp_port is 65536"),
        ({"client_secret": " "}, "client_secret is blank"),
        ({"client_id": "x"}, "not a GUID"),
        ({"request_timeout": 0}, "request_timeout is 0"),
    ],
)
def test_invalid_input_is_refused_before_any_request(tenant: Tenant, changes: Json, words: str) -> None:
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
