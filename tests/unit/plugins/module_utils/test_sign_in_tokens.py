# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens: one for all tasks of a run, and access tokens from elsewhere."""

from __future__ import annotations

import base64
import json
import time
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import (
    AccessToken,
    read_claims,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.module_utils.sign_in_requests import (
    MODULE,
    UNKNOWN,
    UNREGISTERED,
    made_token,
    only_hosts,
    token_requests,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

pytestmark = pytest.mark.over_tls


def test_all_tasks_of_a_run_share_one_sign_in(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    for _number in range(3):
        tenant.ok(MODULE, **UNREGISTERED)
    assert token_requests(tenant) == 1


def test_two_identities_never_share_a_sign_in(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    tenant.ok(MODULE, **UNREGISTERED)
    client_id, client_secret = tenant.server.add_operator(["Application.Read.All"])
    tenant.clear_requests()
    tenant.ok(MODULE, **UNREGISTERED, auth_client_id=client_id, auth_client_secret=client_secret)
    assert {entry.client_id for entry in tenant.server.requests() if entry.is_graph} == {client_id}
    wrong = tenant.fails(MODULE, **UNREGISTERED, auth_client_id=client_id, auth_client_secret="wrong")
    assert wrong["error"]["code"] == "AADSTS7000215", "a stored token must not hide a wrong secret"


def test_a_token_about_to_expire_is_not_stored(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    tenant.server.settings.update({"token_lifetime": 200})
    for _number in range(2):
        tenant.ok(MODULE, **UNREGISTERED)
    assert token_requests(tenant) == 2


def test_a_token_renewed_in_one_task_is_used_by_the_next(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    tenant.ok(MODULE, **UNREGISTERED)
    tenant.server.clock.advance(4000)
    tenant.ok(MODULE, **UNREGISTERED)
    tenant.clear_requests()
    tenant.ok(MODULE, **UNREGISTERED)
    assert [entry.status for entry in tenant.server.requests() if entry.is_graph] == [200]


@pytest.mark.parametrize("as_option", [True, False])
def test_an_access_token_from_elsewhere_is_used(tenant: Tenant, as_option: bool) -> None:
    token = tenant.operator_token()
    tenant.environ = only_hosts(tenant)
    options: Json = {"auth_access_token": token} if as_option else {}
    if not as_option:
        tenant.environ["AZURE_ACCESS_TOKEN"] = token
    result = tenant.ok(MODULE, **UNREGISTERED, **options)
    assert result["tenant_id"] == tenant.server.tenant_id
    assert token_requests(tenant) == 0


def test_a_token_for_another_tenant_is_refused_before_it_is_sent(no_network: Tenant) -> None:
    token = no_network.operator_token()
    no_network.environ = only_hosts(no_network)
    result = no_network.fails(MODULE, **UNREGISTERED, auth_access_token=token, auth_tenant_id=UNKNOWN)
    assert UNKNOWN in result["msg"]
    assert no_network.server.tenant_id in result["msg"]
    assert token not in json.dumps(result)


def test_the_tenant_of_a_token_is_not_case_sensitive(tenant: Tenant) -> None:
    token = tenant.operator_token()
    tenant.environ = only_hosts(tenant)
    tenant.ok(MODULE, **UNREGISTERED, auth_access_token=token, auth_tenant_id=tenant.server.tenant_id.upper())


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("Bearer abc", "contains a space"),
        ("abc\n", "contains a space"),
        ("äbc", "character that is not allowed in a token"),
        ("opaque", "does not name its tenant"),
        (made_token(tid=UNKNOWN, exp=1), "has expired"),
        (made_token(exp=9e12), "does not name its tenant"),
        (made_token(tid="x", exp=9e12), "does not name its tenant"),
    ],
)
def test_a_malformed_token_is_refused(no_network: Tenant, token: str, words: str) -> None:
    no_network.environ = only_hosts(no_network)
    result = no_network.fails(MODULE, **UNREGISTERED, auth_access_token=token)
    assert words in result["msg"]
    assert token not in json.dumps(result)


def test_a_token_that_graph_refuses_is_reported_and_not_sent_forever(tenant: Tenant) -> None:
    tenant.environ = only_hosts(tenant)
    token = made_token(tid=tenant.server.tenant_id, exp=time.time() + 3600)
    result = tenant.fails(MODULE, **UNREGISTERED, auth_access_token=token)
    assert result["error"]["status"] == 401
    assert "Sign in again" in result["error"]["next_step"]
    assert tenant.graph_requests <= 2


@pytest.mark.parametrize(
    "token",
    ["", "a", "a.b", "a.b.c", "a.é.c", "a..c", "....", f"a.{'W' * 20_000}.c", "a.bnVsbA.c", "a.WzFd.c",
     "a." + base64.urlsafe_b64encode(b"[" * 100_000).decode() + ".c"],
    ids=lambda token: token[:10] or "empty",
)  # fmt: skip
def test_malformed_tokens_have_no_claims(token: str) -> None:
    assert read_claims(token) == {}


@pytest.mark.parametrize("expiry", ["soon", None, [], True, 10**400], ids=["text", "null", "list", "bool", "huge"])
def test_an_invalid_expiry_is_ignored(expiry: t.Any) -> None:
    token = AccessToken.of(made_token(exp=expiry))
    assert isinstance(token.expires, float)


@pytest.mark.parametrize(("roles", "read"), [(["b", "a"], ["a", "b"]), ("a", []), (None, []), ([1, "a"], ["a"])])
def test_the_roles_of_a_token_are_sorted_strings(roles: t.Any, read: list[str]) -> None:
    assert AccessToken.of(made_token(roles=roles)).roles == read


def test_the_representation_of_a_token_does_not_show_it() -> None:
    token = made_token(tid=UNKNOWN)
    assert token not in repr(AccessToken.of(token))
    assert UNKNOWN not in repr(AccessToken.of(token))
