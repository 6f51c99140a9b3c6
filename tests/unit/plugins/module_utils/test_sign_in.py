# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sign-in of a module that only reads: the identity that reaches the tenant, and the messages of refusals."""

from __future__ import annotations

import io
import json
import logging
import sys
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.module_utils.sign_in_requests import (
    MODULE,
    TOKEN,
    UNKNOWN,
    UNREGISTERED,
    only_hosts,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime

pytestmark = pytest.mark.over_tls


@pytest.mark.parametrize("tenant_variable", ["AZURE_TENANT", "AZURE_TENANT_ID"])
@pytest.mark.parametrize("secret_variable", ["AZURE_SECRET", "AZURE_CLIENT_SECRET"])
def test_both_spellings_of_the_variables_can_sign_in(
    tenant: Tenant, tenant_variable: str, secret_variable: str
) -> None:
    server = tenant.server
    tenant.environ = {
        **only_hosts(tenant),
        tenant_variable: server.tenant_id,
        "AZURE_CLIENT_ID": server.client_id,
        secret_variable: server.client_secret,
    }
    assert tenant.ok(MODULE, **UNREGISTERED)["tenant_id"] == server.tenant_id


def test_options_can_sign_in_without_the_environment(tenant: Tenant) -> None:
    server = tenant.server
    tenant.environ = {}
    tenant.ok(
        MODULE, **UNREGISTERED, auth_tenant_id=server.domain, auth_client_id=server.client_id,
        auth_client_secret=server.client_secret, authority_url=server.authority, graph_url=server.graph,
        ca_file=server.ca_file,
    )  # fmt: skip


def test_each_option_has_precedence_over_its_variable(tenant: Tenant) -> None:
    client_id, client_secret = tenant.server.add_operator(["Application.Read.All"])
    tenant.ok(MODULE, **UNREGISTERED, auth_client_id=client_id, auth_client_secret=client_secret)
    assert {entry.client_id for entry in tenant.server.requests() if entry.is_graph} == {client_id}


@pytest.mark.parametrize(
    ("missing", "option"),
    [("AZURE_TENANT", "auth_tenant_id"), ("AZURE_CLIENT_ID", "auth_client_id"), ("AZURE_SECRET", "auth_client_secret")],
)
def test_a_missing_value_is_named_as_option_and_as_variable(no_network: Tenant, missing: str, option: str) -> None:
    no_network.environ[missing] = " "
    result = no_network.fails(MODULE, **UNREGISTERED)
    assert option in result["msg"]
    assert missing in result["msg"]
    assert result["error"]["kind"] == "input"


def test_contradicting_variables_are_an_error(no_network: Tenant) -> None:
    no_network.environ["AZURE_TENANT_ID"] = UNKNOWN
    result = no_network.fails(MODULE, **UNREGISTERED)
    assert "AZURE_TENANT and AZURE_TENANT_ID contradict" in result["msg"]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"AZURE_SECRET": "wrong"}, "AADSTS7000215", "secret's value, not its id"),
        ({"AZURE_CLIENT_ID": UNKNOWN}, "AADSTS700016", "Check the client id"),
        ({"AZURE_TENANT": UNKNOWN}, "AADSTS90002", "Check the tenant id"),
        ({"AZURE_TENANT": "unknown.example"}, "AADSTS90002", "Check the tenant id"),
    ],
)
def test_a_refused_sign_in_has_a_reason_and_a_next_step(tenant: Tenant, change: Json, code: str, words: str) -> None:
    secret = tenant.environ["AZURE_SECRET"]
    tenant.environ.update(change)
    result = tenant.fails(MODULE, **UNREGISTERED)
    assert result["error"]["kind"] == "sign_in"
    assert result["error"]["code"] == code
    assert words in result["error"]["next_step"]
    assert secret not in json.dumps(result)
    assert tenant.graph_requests == 0


def test_an_expired_operator_secret_is_reported(tenant: Tenant) -> None:
    for application in tenant.server.tenant.directory.applications.values():
        for credential in application["passwordCredentials"]:
            credential["endDateTime"] = "2020-01-01T00:00:00Z"
    assert tenant.fails(MODULE, **UNREGISTERED)["error"]["code"] == "AADSTS7000222"


@pytest.mark.parametrize("path", [TOKEN, "openid-configuration"])
def test_an_unreadable_response_is_not_logged(
    tenant: Tenant, path: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """msal logs the whole response, and ansible-playbook writes logs of libraries to stderr and to its log file."""
    log = io.StringIO()
    # The text of caplog is not sufficient: it also includes loggers without a handler.
    caplog.set_level(logging.DEBUG)
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    tenant.server.faults.add(path=path, status=200, body='{"access_token": "secret and cut o')
    tenant.fails(MODULE, **UNREGISTERED)
    logging.getLogger().removeHandler(handler)
    assert path in log.getvalue(), "the logs of urllib3 are included"
    assert "secret and cut" not in "".join([log.getvalue(), *capfd.readouterr()])


@pytest.mark.parametrize("path", [TOKEN, "openid-configuration"])
@pytest.mark.parametrize("status", [429, 503])
def test_an_unavailable_sign_in_is_a_clear_error(
    tenant: Tenant, virtual_time: VirtualTime, path: str, status: int
) -> None:
    tenant.server.faults.add(path=path, status=status, times=999)
    result = tenant.fails(MODULE, **UNREGISTERED, wait_timeout=20)
    assert result["error"]["status"] == status
    assert sum(virtual_time.waited) <= 20


def test_a_failed_discovery_is_repeated_by_the_next_task(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    tenant.server.faults.add(path="openid-configuration", status=200, body="<html>proxy</html>")
    tenant.fails(MODULE, **UNREGISTERED)
    tenant.ok(MODULE, **UNREGISTERED)


@pytest.mark.parametrize("paths", [(TOKEN, "batch"), ("openid-configuration", TOKEN)], ids=str)
def test_all_requests_of_a_task_share_the_wait_timeout(
    tenant: Tenant, virtual_time: VirtualTime, paths: tuple[str, str]
) -> None:
    """wait_timeout: "Seconds that the task may spend waiting in all"."""
    for path in paths:
        tenant.server.faults.add(path=path, status=429, headers={"Retry-After": "8"})
    tenant.run(MODULE, **UNREGISTERED, wait_timeout=10)
    assert sum(virtual_time.waited) <= 10


SECRET_SET: dict[str, str] = {"AZURE_TENANT": UNKNOWN, "AZURE_CLIENT_ID": UNKNOWN, "AZURE_SECRET": "s"}
TOKEN_SET: dict[str, str] = {"AZURE_ACCESS_TOKEN": "opaque"}
BY_CLI = "Azure CLI"
BY_SECRET = "AADSTS90002"  # the sign-in was tried, with a tenant that does not exist
BY_TOKEN = "does not name its tenant"
TWO_WAYS = "Two sign-in methods are set at once"


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
def test_contradicting_sign_in_settings_are_an_error(
    tenant: Tenant, tmp_path: Path, environ: dict[str, str], options: Json, words: str
) -> None:
    tenant.environ = {**only_hosts(tenant), **environ, "PATH": str(tmp_path)}  # without the Azure CLI
    result = tenant.fails(MODULE, **UNREGISTERED, **options)
    assert words in result["msg"]


@pytest.mark.parametrize("library", ["requests", "msal"])
def test_a_missing_library_is_named_with_the_interpreter(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    # msal imports requests itself, unless it is loaded already.
    for name in [name for name in sys.modules if name.partition(".")[0] == "msal"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    result = tenant.fails(MODULE, **UNREGISTERED)
    assert result["error"]["kind"] == "missing_library"
    assert f"{library} is not installed for {sys.executable}" in result["msg"]
    assert f"{sys.executable} -m pip install {library}" in result["error"]["next_step"]
    assert tenant.server.requests() == []


def test_an_access_token_does_not_need_msal(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tenant.operator_token()
    tenant.environ = only_hosts(tenant)
    monkeypatch.setitem(sys.modules, "msal", None)
    tenant.ok(MODULE, **UNREGISTERED, auth_access_token=token)


def test_invalid_input_is_reported_before_a_missing_library(
    no_network: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for library in ("requests", "msal"):
        monkeypatch.setitem(sys.modules, library, None)
    assert no_network.fails(MODULE, client_id="nonsense")["error"]["kind"] == "input"
