# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in, seen through a module that only reads: which identity reached the tenant, and what a refusal says."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import sys
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import (
    AccessToken,
    read_claims,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

pytestmark = pytest.mark.over_tls

MODULE = "azure_app_registration_info"
NOBODY: Json = {"unique_name": "nobody"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"
TOKEN = "oauth2/v2.0/token"


def made_token(**claims: t.Any) -> str:
    """Something that looks like a token, without a signature."""
    parts = [{"alg": "none"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "signature"])


def only_hosts(tenant: Tenant) -> dict[str, str]:
    """The environment without any credential."""
    hosts = ("AZURE_AUTHORITY_HOST", "AZURE_GRAPH_URL", "REQUESTS_CA_BUNDLE")
    return {name: tenant.environ[name] for name in hosts}


def token_requests(tenant: Tenant) -> int:
    return sum(TOKEN in entry.path for entry in tenant.server.requests())


@pytest.fixture
def no_network(tenant: Tenant) -> t.Iterator[Tenant]:
    yield tenant
    assert tenant.server.requests() == [], "what can be known offline is told before anything is sent"


# Client secret


@pytest.mark.parametrize("tenant_variable", ["AZURE_TENANT", "AZURE_TENANT_ID"])
@pytest.mark.parametrize("secret_variable", ["AZURE_SECRET", "AZURE_CLIENT_SECRET"])
def test_signs_in_with_either_spelling(tenant: Tenant, tenant_variable: str, secret_variable: str) -> None:
    server = tenant.server
    tenant.environ = {
        **only_hosts(tenant),
        tenant_variable: server.tenant_id,
        "AZURE_CLIENT_ID": server.client_id,
        secret_variable: server.client_secret,
    }
    assert tenant.ok(MODULE, **NOBODY)["tenant_id"] == server.tenant_id


def test_signs_in_with_options_alone(tenant: Tenant) -> None:
    server = tenant.server
    tenant.environ = {}
    tenant.ok(
        MODULE, **NOBODY, auth_tenant_id=server.domain, auth_client_id=server.client_id,
        auth_client_secret=server.client_secret, authority_url=server.authority, graph_url=server.graph,
        ca_file=server.ca_file,
    )  # fmt: skip


def test_options_go_before_the_environment_field_by_field(tenant: Tenant) -> None:
    client_id, client_secret = tenant.server.add_operator(["Application.Read.All"])
    tenant.ok(MODULE, **NOBODY, auth_client_id=client_id, auth_client_secret=client_secret)
    assert {entry.client_id for entry in tenant.server.requests() if entry.is_graph} == {client_id}


@pytest.mark.parametrize(
    ("missing", "option"),
    [("AZURE_TENANT", "auth_tenant_id"), ("AZURE_CLIENT_ID", "auth_client_id"), ("AZURE_SECRET", "auth_client_secret")],
)
def test_a_missing_part_is_named_as_option_and_as_variable(no_network: Tenant, missing: str, option: str) -> None:
    no_network.environ[missing] = " "
    result = no_network.fails(MODULE, **NOBODY)
    assert option in result["msg"]
    assert missing in result["msg"]
    assert result["error"]["kind"] == "input"


def test_contradicting_variables_are_an_error(no_network: Tenant) -> None:
    no_network.environ["AZURE_TENANT_ID"] = UNKNOWN
    result = no_network.fails(MODULE, **NOBODY)
    assert "AZURE_TENANT and AZURE_TENANT_ID contradict" in result["msg"]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"AZURE_SECRET": "wrong"}, "AADSTS7000215", "secret's value, not its id"),
        ({"AZURE_CLIENT_ID": UNKNOWN}, "AADSTS700016", "Check the client id"),
        ({"AZURE_TENANT": UNKNOWN}, "AADSTS90002", "Check the tenant id"),
        ({"AZURE_TENANT": "nobody.example"}, "AADSTS90002", "Check the tenant id"),
    ],
)
def test_a_refused_sign_in_says_why_and_what_to_do(tenant: Tenant, change: Json, code: str, words: str) -> None:
    secret = tenant.environ["AZURE_SECRET"]
    tenant.environ.update(change)
    result = tenant.fails(MODULE, **NOBODY)
    assert result["error"]["kind"] == "sign_in"
    assert result["error"]["code"] == code
    assert words in result["error"]["next_step"]
    assert secret not in json.dumps(result)
    assert tenant.graph_requests == 0


def test_an_expired_operator_secret_is_told(tenant: Tenant) -> None:
    for application in tenant.server.tenant.directory.applications.values():
        for credential in application["passwordCredentials"]:
            credential["endDateTime"] = "2020-01-01T00:00:00Z"
    assert tenant.fails(MODULE, **NOBODY)["error"]["code"] == "AADSTS7000222"


@pytest.mark.parametrize("path", [TOKEN, "openid-configuration"])
def test_an_answer_that_cannot_be_read_is_logged_nowhere(
    tenant: Tenant, path: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """msal logs such an answer whole, and ansible-playbook writes what libraries log to stderr and to its log file."""
    log = io.StringIO()
    # The text of caplog will not do: it listens to loggers as well that tell nobody.
    caplog.set_level(logging.DEBUG)
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    tenant.server.faults.add(path=path, status=200, body='{"access_token": "secret and cut o')
    tenant.fails(MODULE, **NOBODY)
    logging.getLogger().removeHandler(handler)
    assert path in log.getvalue(), "what urllib3 logs is there"
    assert "secret and cut" not in "".join([log.getvalue(), *capfd.readouterr()])


@pytest.mark.parametrize("path", [TOKEN, "openid-configuration"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_sign_in_that_stays_unavailable_is_a_clear_error(
    tenant: Tenant, virtual_time: VirtualTime, path: str, status: int
) -> None:
    tenant.server.faults.add(path=path, status=status, times=999)
    result = tenant.fails(MODULE, **NOBODY, wait_timeout=20)
    assert result["error"]["status"] == status
    assert sum(virtual_time.waited) <= 20


def test_a_discovery_that_was_broken_once_is_asked_for_again_by_the_next_task(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    tenant.server.faults.add(path="openid-configuration", status=200, body="<html>proxy</html>")
    tenant.fails(MODULE, **NOBODY)
    tenant.ok(MODULE, **NOBODY)


@pytest.mark.parametrize("paths", [(TOKEN, "batch"), ("openid-configuration", TOKEN)], ids=str)
def test_all_requests_of_a_task_share_one_allowance_of_waiting(
    tenant: Tenant, virtual_time: VirtualTime, paths: tuple[str, str]
) -> None:
    """wait_timeout: "Seconds that the task may spend waiting in all"."""
    for path in paths:
        tenant.server.faults.add(path=path, status=429, headers={"Retry-After": "8"})
    tenant.run(MODULE, **NOBODY, wait_timeout=10)
    assert sum(virtual_time.waited) <= 10


# One sign-in a run


def test_all_tasks_of_a_run_share_one_sign_in(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    for _number in range(3):
        tenant.ok(MODULE, **NOBODY)
    assert token_requests(tenant) == 1


def test_two_identities_never_share_a_sign_in(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    tenant.ok(MODULE, **NOBODY)
    client_id, client_secret = tenant.server.add_operator(["Application.Read.All"])
    tenant.forget_requests()
    tenant.ok(MODULE, **NOBODY, auth_client_id=client_id, auth_client_secret=client_secret)
    assert {entry.client_id for entry in tenant.server.requests() if entry.is_graph} == {client_id}
    wrong = tenant.fails(MODULE, **NOBODY, auth_client_id=client_id, auth_client_secret="wrong")
    assert wrong["error"]["code"] == "AADSTS7000215", "a remembered token must not hide a wrong secret"


def test_a_token_about_to_expire_is_not_remembered(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    tenant.server.settings.update({"token_lifetime": 200})
    for _number in range(2):
        tenant.ok(MODULE, **NOBODY)
    assert token_requests(tenant) == 2


def test_a_token_renewed_in_one_task_serves_the_next(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    tenant.ok(MODULE, **NOBODY)
    tenant.server.clock.advance(4000)
    tenant.ok(MODULE, **NOBODY)
    tenant.forget_requests()
    tenant.ok(MODULE, **NOBODY)
    assert [entry.status for entry in tenant.server.requests() if entry.is_graph] == [200]


# Access token


@pytest.mark.parametrize("as_option", [True, False])
def test_takes_a_token_that_somebody_else_got(tenant: Tenant, as_option: bool) -> None:
    token = tenant.operator_token()
    tenant.environ = only_hosts(tenant)
    options: Json = {"auth_access_token": token} if as_option else {}
    if not as_option:
        tenant.environ["AZURE_ACCESS_TOKEN"] = token
    result = tenant.ok(MODULE, **NOBODY, **options)
    assert result["tenant_id"] == tenant.server.tenant_id
    assert token_requests(tenant) == 0


def test_a_token_for_another_tenant_is_refused_before_it_is_sent(no_network: Tenant) -> None:
    token = no_network.operator_token()
    no_network.environ = only_hosts(no_network)
    result = no_network.fails(MODULE, **NOBODY, auth_access_token=token, auth_tenant_id=UNKNOWN)
    assert UNKNOWN in result["msg"]
    assert no_network.server.tenant_id in result["msg"]
    assert token not in json.dumps(result)


def test_the_tenant_of_a_token_is_compared_without_case(tenant: Tenant) -> None:
    token = tenant.operator_token()
    tenant.environ = only_hosts(tenant)
    tenant.ok(MODULE, **NOBODY, auth_access_token=token, auth_tenant_id=tenant.server.tenant_id.upper())


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("Bearer abc", "holds a blank"),
        ("abc\n", "holds a blank"),
        ("äbc", "character that no token has"),
        ("opaque", "does not name its tenant"),
        (made_token(tid=UNKNOWN, exp=1), "has expired"),
        (made_token(exp=9e12), "does not name its tenant"),
        (made_token(tid="x", exp=9e12), "does not name its tenant"),
    ],
)
def test_a_token_that_cannot_be_one_is_refused(no_network: Tenant, token: str, words: str) -> None:
    no_network.environ = only_hosts(no_network)
    result = no_network.fails(MODULE, **NOBODY, auth_access_token=token)
    assert words in result["msg"]
    assert token not in json.dumps(result)


def test_a_token_that_graph_refuses_is_told_and_not_sent_for_ever(tenant: Tenant) -> None:
    tenant.environ = only_hosts(tenant)
    token = made_token(tid=tenant.server.tenant_id, exp=time.time() + 3600)
    result = tenant.fails(MODULE, **NOBODY, auth_access_token=token)
    assert result["error"]["status"] == 401
    assert "Sign in again" in result["error"]["next_step"]
    assert tenant.graph_requests <= 2


@pytest.mark.parametrize(
    "token",
    ["", "a", "a.b", "a.b.c", "a.é.c", "a..c", "....", f"a.{'W' * 20_000}.c", "a.bnVsbA.c", "a.WzFd.c",
     "a." + base64.urlsafe_b64encode(b"[" * 100_000).decode() + ".c"],
    ids=lambda token: token[:10] or "empty",
)  # fmt: skip
def test_broken_tokens_have_no_claims(token: str) -> None:
    assert read_claims(token) == {}


@pytest.mark.parametrize("expiry", ["soon", None, [], True, 10**400], ids=["text", "null", "list", "bool", "huge"])
def test_an_odd_expiry_is_not_believed(expiry: t.Any) -> None:
    token = AccessToken.of(made_token(exp=expiry))
    assert isinstance(token.expires, float)


@pytest.mark.parametrize(("roles", "read"), [(["b", "a"], ["a", "b"]), ("a", []), (None, []), ([1, "a"], ["a"])])
def test_the_roles_of_a_token_are_its_strings_sorted(roles: t.Any, read: list[str]) -> None:
    assert AccessToken.of(made_token(roles=roles)).roles == read


def test_a_token_s_representation_does_not_tell_it() -> None:
    token = made_token(tid=UNKNOWN)
    assert token not in repr(AccessToken.of(token))
    assert UNKNOWN not in repr(AccessToken.of(token))


# Which way to sign in


SECRET_SET: dict[str, str] = {"AZURE_TENANT": UNKNOWN, "AZURE_CLIENT_ID": UNKNOWN, "AZURE_SECRET": "s"}
TOKEN_SET: dict[str, str] = {"AZURE_ACCESS_TOKEN": "opaque"}
BY_CLI = "Azure CLI"
BY_SECRET = "AADSTS90002"  # the sign-in was tried, with a tenant that does not exist
BY_TOKEN = "does not name its tenant"
TWO_WAYS = "Two ways to sign in are given at once"


@pytest.mark.parametrize(
    ("environ", "options", "words"),
    [
        ({}, {}, BY_CLI),
        ({"AZURE_TENANT": UNKNOWN}, {}, BY_CLI),
        ({}, {"auth_tenant_id": UNKNOWN}, BY_CLI),
        ({}, {"auth_source": "cli"}, BY_CLI),
        ({"ANSIBLE_AZURE_AUTH_SOURCE": "cli", **SECRET_SET}, {}, BY_CLI),
        (SECRET_SET, {"auth_source": "cli"}, BY_CLI),
        (SECRET_SET, {}, BY_SECRET),
        (SECRET_SET, {"auth_source": "auto"}, BY_SECRET),
        ({**SECRET_SET, **TOKEN_SET}, {}, TWO_WAYS),
        ({**SECRET_SET, **TOKEN_SET}, {"auth_source": "client_secret"}, BY_SECRET),
        ({**SECRET_SET, **TOKEN_SET}, {"auth_client_secret": "s"}, BY_SECRET),
        ({**SECRET_SET, **TOKEN_SET, "ANSIBLE_AZURE_AUTH_SOURCE": "access_token"},
         {"auth_source": "client_secret"}, BY_SECRET),
        (TOKEN_SET, {}, BY_TOKEN),
        (TOKEN_SET, {"auth_client_id": UNKNOWN}, "also needs auth_client_secret"),
        ({"AZURE_CLIENT_ID": UNKNOWN}, {"auth_access_token": "opaque"}, BY_TOKEN),
        ({}, {"auth_access_token": "opaque", "auth_client_secret": "s"}, TWO_WAYS),
        ({"AZURE_CLIENT_ID": UNKNOWN}, {}, "also needs auth_client_secret"),
        ({}, {"auth_source": "client_secret"}, "also needs auth_client_id"),
        ({}, {"auth_source": "access_token"}, "No access token is given"),
        (SECRET_SET, {"auth_source": "access_token"}, "No access token is given"),
        ({"ANSIBLE_AZURE_AUTH_SOURCE": "msi"}, {}, "ANSIBLE_AZURE_AUTH_SOURCE is 'msi'"),
        ({}, {"auth_source": "msi"}, "value of auth_source must be one of"),
    ],
    ids=str,
)  # fmt: skip
def test_options_before_environment_and_never_a_silent_choice(
    tenant: Tenant, tmp_path: Path, environ: dict[str, str], options: Json, words: str
) -> None:
    tenant.environ = {**only_hosts(tenant), **environ, "PATH": str(tmp_path)}  # no Azure CLI there
    result = tenant.fails(MODULE, **NOBODY, **options)
    assert words in result["msg"]


# Azure CLI


def with_cli(tenant: Tenant, folder: Path, script: str) -> Path:
    """An ``az`` that runs this script; what it was called with is in the file returned."""
    arguments = folder / "arguments"
    executable = folder / "az"
    executable.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{arguments}"\n{script}\n')
    executable.chmod(0o755)
    tenant.environ = {**only_hosts(tenant), "PATH": f"{folder}{os.pathsep}{os.defpath}"}
    return arguments


def test_takes_the_token_of_the_azure_cli(tenant: Tenant, tmp_path: Path) -> None:
    answer = {"accessToken": tenant.operator_token(), "expires_on": int(time.time()) + 3600, "tokenType": "Bearer"}
    (tmp_path / "answer").write_text(json.dumps(answer))
    arguments = with_cli(tenant, tmp_path, f'cat "{tmp_path}/answer"; echo "a warning" >&2')
    tenant.environ["AZURE_TENANT"] = tenant.server.tenant_id
    assert tenant.ok(MODULE, **NOBODY)["tenant_id"] == tenant.server.tenant_id
    called = arguments.read_text().split()
    assert called[:2] == ["account", "get-access-token"]
    assert called[called.index("--resource") + 1] == tenant.server.graph
    assert called[called.index("--tenant") + 1] == tenant.server.tenant_id


def test_a_cli_signed_in_to_another_tenant_is_refused(tenant: Tenant, tmp_path: Path) -> None:
    answer = {"accessToken": made_token(tid=tenant.server.tenant_id), "expires_on": int(time.time()) + 3600}
    (tmp_path / "answer").write_text(json.dumps(answer))
    with_cli(tenant, tmp_path, f'cat "{tmp_path}/answer"')
    result = tenant.fails(MODULE, **NOBODY, auth_tenant_id=UNKNOWN)
    assert tenant.server.tenant_id in result["msg"]
    assert tenant.server.requests() == []


def test_a_cli_that_is_not_signed_in_says_so(tenant: Tenant, tmp_path: Path) -> None:
    with_cli(tenant, tmp_path, "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1")
    result = tenant.fails(MODULE, **NOBODY)
    assert "Please run 'az login'" in result["msg"]
    assert result["error"]["next_step"] == "Run: az login"
    assert result["error"]["kind"] == "sign_in"


def test_a_cli_that_fails_without_a_word_is_told(tenant: Tenant, tmp_path: Path) -> None:
    with_cli(tenant, tmp_path, "exit 7")
    assert "exit code 7" in tenant.fails(MODULE, **NOBODY)["msg"]


@pytest.mark.parametrize(
    "answer",
    ["", "not json", "null", "[]", '"text"', "{}", '{"accessToken": null}', '{"accessToken": ""}',
     '{"accessToken": ["x"]}', '{"accessToken": "a b"}'],
)  # fmt: skip
def test_a_cli_whose_answer_holds_no_token_is_told(tenant: Tenant, tmp_path: Path, answer: str) -> None:
    (tmp_path / "answer").write_text(answer)
    with_cli(tenant, tmp_path, f'cat "{tmp_path}/answer"')
    result = tenant.fails(MODULE, **NOBODY)
    assert "Azure CLI" in result["msg"]
    assert tenant.server.requests() == []


@pytest.mark.parametrize("status", [0, 1])
def test_a_cli_that_writes_in_another_encoding_is_no_traceback(tenant: Tenant, tmp_path: Path, status: int) -> None:
    r"""As with umlauts of a Latin-1 terminal: \374 is "ü" there."""
    with_cli(tenant, tmp_path, f"printf 'Bitte zuerst ausf\\374hren: az login'; printf 'f\\374r' >&2; exit {status}")
    assert "Azure CLI" in tenant.fails(MODULE, **NOBODY)["msg"]


def test_a_cli_that_is_not_there_is_told_with_the_other_ways(tenant: Tenant, tmp_path: Path) -> None:
    tenant.environ = {**only_hosts(tenant), "PATH": str(tmp_path)}
    result = tenant.fails(MODULE, **NOBODY)
    assert "not installed" in result["msg"]
    assert "AZURE_CLIENT_ID" in result["error"]["next_step"]
    assert "az login" in result["error"]["next_step"]


def test_a_cli_that_cannot_be_run_is_told(tenant: Tenant, tmp_path: Path) -> None:
    with_cli(tenant, tmp_path, "")
    tenant.environ["PATH"] = str(tmp_path)
    (tmp_path / "az").write_text("no program")
    assert "could not be run" in tenant.fails(MODULE, **NOBODY)["msg"]


# Libraries


@pytest.mark.parametrize("library", ["requests", "msal"])
def test_a_missing_library_is_named_with_the_interpreter_that_misses_it(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    # msal imports requests itself, unless that has happened already.
    for name in [name for name in sys.modules if name.partition(".")[0] == "msal"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    result = tenant.fails(MODULE, **NOBODY)
    assert result["error"]["kind"] == "missing_library"
    assert f"{library} is not installed for {sys.executable}" in result["msg"]
    assert f"{sys.executable} -m pip install {library}" in result["error"]["next_step"]
    assert tenant.server.requests() == []


def test_a_ready_token_does_not_need_msal(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tenant.operator_token()
    tenant.environ = only_hosts(tenant)
    monkeypatch.setitem(sys.modules, "msal", None)
    tenant.ok(MODULE, **NOBODY, auth_access_token=token)


def test_bad_input_is_told_before_a_missing_library(no_network: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("requests", "msal"):
        monkeypatch.setitem(sys.modules, library, None)
    assert no_network.fails(MODULE, client_id="nonsense")["error"]["kind"] == "input"
