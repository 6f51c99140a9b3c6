# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that returns what it received: no result contains the secret, in any form."""

from __future__ import annotations

import base64
import json
import re
import stat
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.masking import LONGEST_TEXT, MASK, Secrets
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.modules import azure_app_secret
from ansible_collections.email_gateway.azure_apps.tests.unit import leak_search
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant
from graph_emulator.directory import seed
from graph_emulator.identity import platform as identity
from graph_emulator.identity import tokens

FORMS = [name for name in leak_search.FORMS if not name.startswith(("utf16", "json_codes"))]


@pytest.fixture
def issued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that the emulator issues."""
    made: list[str] = []
    mint = tokens.mint

    def noted(*args: t.Any, **more: t.Any) -> str:
        made.append(mint(*args, **more))
        return made[-1]

    monkeypatch.setattr(identity, "mint", noted)
    return made


def _leaks(tenant: Tenant, result: t.Any, *more: str) -> list[leak_search.Hit]:
    return leak_search.hits([("result", json.dumps(result).encode())], {tenant.server.client_secret, *more})


def _echo(text: str) -> t.Any:
    return {
        "error": {"code": f"Echo {text}", "message": f"was sent {text}", "details": [{"code": text}]},
        "innerError": {"request-id": text},
    }


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", [400, 403, 404, 409, 500])
def test_an_operator_secret_echoed_by_graph_is_masked(tenant: Tenant, form: str, status: int) -> None:
    tenant.register()
    encoded = leak_search.FORMS[form](tenant.server.client_secret).decode()
    tenant.server.faults.add(
        path="/applications", status=status, times=1000, body=_echo(encoded), headers={"request-id": encoded}
    )
    result = tenant.fails("azure_app_secret", unique_name="gateway", description="s", wait_timeout=1)
    assert _leaks(tenant, result) == []
    assert MASK in json.dumps(result) or status == 404


@pytest.mark.parametrize("padding", [0, LONGEST_TEXT - 40, LONGEST_TEXT - 20, 3 * LONGEST_TEXT])
def test_a_bearer_token_echoed_by_graph_is_masked(tenant: Tenant, issued: list[str], padding: int) -> None:
    """Also if it would be cut off in the middle."""
    tenant.register()
    fault = tenant.server.faults.add(path="/applications", status=400, times=1000)
    mint = identity.__dict__["mint"]

    def mint_and_echo(*args: t.Any, **more: t.Any) -> t.Any:
        made = mint(*args, **more)
        fault.body = _echo(f"{'x' * padding} Bearer {made} {base64.b64encode(made.encode()).decode()}")
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity, "mint", mint_and_echo)
        result = tenant.fails("azure_app_secret", unique_name="gateway", description="s")
    assert len(issued) == 2
    assert _leaks(tenant, result, *issued) == []
    assert len(result["msg"]) < 2 * LONGEST_TEXT


def test_a_new_secret_in_a_refusal_of_addpassword_is_masked(tenant: Tenant) -> None:
    """The value is not known here, but has the form of a secret."""
    tenant.register()
    new = seed.new_secret()
    body = {"error": {"code": "Odd", "message": f"made {new}, but"}, "secretText": new}
    tenant.server.faults.add(path="/addPassword", status=400, body=body)
    result = tenant.fails("azure_app_secret", unique_name="gateway", description="s")
    assert _leaks(tenant, result, new) == []
    assert MASK in result["msg"]


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_echoed_by_the_identity_platform_is_masked(tenant: Tenant, form: str) -> None:
    encoded = leak_search.FORMS[form](tenant.server.client_secret).decode()
    body = {
        "error": f"invalid_client {encoded}",
        "error_description": f"AADSTS7000215 {encoded}: {'x' * 580} {encoded}",
        "trace_id": encoded,
        "correlation_id": encoded,
    }
    tenant.server.faults.add(path="/oauth2/v2.0/token", status=401, body=body, times=9)
    result = tenant.fails("azure_app_secret", unique_name="gateway", description="s")
    assert _leaks(tenant, result) == []
    own = {"tenant_id": tenant.server.tenant_id, "client_id": tenant.server.client_id}
    proof = tenant.fails("azure_app_token_info", client_secret=tenant.server.client_secret, poll=False, **own)
    assert _leaks(tenant, proof) == []


def test_a_secret_of_the_operator_in_a_result_is_masked(tenant: Tenant) -> None:
    made = tenant.register(display_name=f"Gateway {tenant.server.client_secret}")
    assert made["display_name"] == f"Gateway {MASK}"
    assert _leaks(tenant, made) == []


def test_only_the_documented_return_value_contains_the_new_secret(tenant: Tenant) -> None:
    tenant.register()
    result = tenant.ok("azure_app_secret", unique_name="gateway", description="s")
    value = result.pop("client_secret")
    assert value.startswith(result["hint"])
    assert _leaks(tenant, result, value) == []


def test_the_azure_cli_gets_no_secret_and_its_output_is_masked(tenant: Tenant, tmp_path: Path) -> None:
    """Its error output may contain a token; it must not get the variables of other sign-ins."""
    token = "ey" + "J" * 30 + "." + "a" * 400 + "." + "b" * 300
    az = tmp_path / "az"
    az.write_text(f"#!/bin/sh\nenv >> {tmp_path}/env\necho '{'x' * 350} {token}' >&2\nexit 1\n")
    az.chmod(az.stat().st_mode | stat.S_IXUSR)
    tenant.environ = {**tenant.environ, "PATH": f"{tmp_path}:/usr/bin:/bin", "AZURE_ACCESS_TOKEN": "ey" + "K" * 40}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", tenant.environ["PATH"])
        result = tenant.fails("azure_app_secret", unique_name="gateway", description="s", auth_source="cli")
    assert "Azure CLI" in result["msg"]
    assert _leaks(tenant, result, token) == []
    environment = (tmp_path / "env").read_text()
    assert "PATH=" in environment
    assert tenant.server.client_secret not in environment
    assert "AZURE_ACCESS_TOKEN" not in environment


def test_an_azure_cli_that_hangs_is_ended_with_its_children(tenant: Tenant, tmp_path: Path) -> None:
    az = tmp_path / "az"
    az.write_text(f"#!/bin/sh\nsleep 3600 &\necho $! > {tmp_path}/pid\nwait\n")
    az.chmod(az.stat().st_mode | stat.S_IXUSR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        tenant.environ = {**tenant.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}
        wish = {"unique_name": "gateway", "description": "s"}
        result = tenant.fails("azure_app_secret", **wish, auth_source="cli", wait_timeout=1)
    assert "TimeoutExpired" in result["msg"]
    left = Path("/proc", (tmp_path / "pid").read_text().strip(), "stat")
    while left.is_file() and left.read_text().rpartition(") ")[2][0] not in "ZX":  # the kernel is still ending it
        continue


def test_an_unexpected_exception_is_masked_and_raised(tenant: Tenant) -> None:
    unknown = seed.new_secret()
    known = "known to the call"

    def run(call: Call) -> dict[str, t.Any]:
        call.secrets.add(known)
        try:
            raise KeyError(known)
        except KeyError as exc:
            raise ValueError(f"{unknown} and {known}") from exc

    module = Module(argument_spec=azure_app_secret.OWN, run=run)
    call = Call(params={}, check_mode=False, environ={}, memory=tenant.memory)
    with pytest.raises(RuntimeError) as bug:
        module.execute(call)
    assert "ValueError" in str(bug.value)
    assert unknown not in str(bug.value)
    assert known not in str(bug.value)
    assert bug.value.__context__ is None
    harmless = Module(argument_spec=azure_app_secret.OWN, run=lambda call: {"it": call.environ["missing"]})
    with pytest.raises(KeyError, match="missing"):
        harmless.execute(call)


def test_short_values_are_not_masked() -> None:
    secrets = Secrets()
    secrets.add("app")
    assert secrets.masked({"name": "application"}) == {"name": "application"}


def test_a_result_without_a_secret_compiles_no_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling a pattern takes longer than all other computations of a task."""
    secrets = Secrets()
    secrets.add("Pa+ss/word 1")
    with monkeypatch.context() as patch:
        patch.setattr(re, "compile", lambda *args: pytest.fail("compiled a pattern"))
        clean = secrets.masked({"name": "Gateway", "ids": ["password", "pa+ss"]})
    assert clean == {"name": "Gateway", "ids": ["password", "pa+ss"]}


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("Pa+ss/word 1", "was sent pA+SS/WORD 1"),
        ("Pa+ss/word 1", "was sent PA%2bSS%2fWORD%201"),
        ("Pa+ss/word 1", "was sent pa+\u017fs/word 1"),  # a long s is an s if case is ignored
        ("Pass\u00d6word", "was sent pass\u00f6WORD"),
        ("pass\u212aword", "was sent PASSKWORD"),  # the Kelvin sign is a K
        ("Pa+ss/word 1", "ein Schl\u00fcssel: Pa+ss/word 1"),
    ],
)
def test_a_secret_is_masked_regardless_of_case(secret: str, text: str) -> None:
    secrets = Secrets()
    secrets.add("another one")
    secrets.add(secret)
    assert secrets.masked(text) in (f"was sent {MASK}", f"ein Schl\u00fcssel: {MASK}")


def test_a_secret_that_is_added_later_is_masked() -> None:
    secrets = Secrets()
    secrets.add("the first one")
    assert secrets.masked("the first one, the second one") == f"{MASK}, the second one"
    secrets.add("the second one")
    assert secrets.masked("the first one, the second one") == f"{MASK}, {MASK}"
