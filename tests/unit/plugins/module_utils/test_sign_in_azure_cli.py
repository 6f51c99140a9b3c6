# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sign-in with the token of the Azure CLI."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.module_utils.sign_in_requests import (
    MODULE,
    UNKNOWN,
    UNREGISTERED,
    made_token,
    only_hosts,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant

pytestmark = pytest.mark.over_tls


def with_cli(tenant: Tenant, folder: Path, script: str) -> Path:
    """An ``az`` that runs this script; its arguments are in the returned file."""
    arguments = folder / "arguments"
    executable = folder / "az"
    executable.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{arguments}"\n{script}\n')
    executable.chmod(0o755)
    tenant.environ = {**only_hosts(tenant), "PATH": f"{folder}{os.pathsep}{os.defpath}"}
    return arguments


def test_the_token_of_the_azure_cli_is_used(tenant: Tenant, tmp_path: Path) -> None:
    answer = {"accessToken": tenant.operator_token(), "expires_on": int(time.time()) + 3600, "tokenType": "Bearer"}
    (tmp_path / "answer").write_text(json.dumps(answer))
    arguments = with_cli(tenant, tmp_path, f'cat "{tmp_path}/answer"; echo "a warning" >&2')
    tenant.environ["AZURE_TENANT"] = tenant.server.tenant_id
    assert tenant.ok(MODULE, **UNREGISTERED)["tenant_id"] == tenant.server.tenant_id
    called = arguments.read_text().split()
    assert called[:2] == ["account", "get-access-token"]
    assert called[called.index("--resource") + 1] == tenant.server.graph
    assert called[called.index("--tenant") + 1] == tenant.server.tenant_id


def test_a_cli_signed_in_to_another_tenant_is_refused(tenant: Tenant, tmp_path: Path) -> None:
    answer = {"accessToken": made_token(tid=tenant.server.tenant_id), "expires_on": int(time.time()) + 3600}
    (tmp_path / "answer").write_text(json.dumps(answer))
    with_cli(tenant, tmp_path, f'cat "{tmp_path}/answer"')
    result = tenant.fails(MODULE, **UNREGISTERED, auth_tenant_id=UNKNOWN)
    assert tenant.server.tenant_id in result["msg"]
    assert tenant.server.requests() == []


def test_a_cli_without_a_sign_in_is_reported(tenant: Tenant, tmp_path: Path) -> None:
    with_cli(tenant, tmp_path, "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1")
    result = tenant.fails(MODULE, **UNREGISTERED)
    assert "Please run 'az login'" in result["msg"]
    assert result["error"]["next_step"] == "Run: az login"
    assert result["error"]["kind"] == "sign_in"


def test_a_cli_that_fails_without_a_message_is_reported(tenant: Tenant, tmp_path: Path) -> None:
    with_cli(tenant, tmp_path, "exit 7")
    assert "exit code 7" in tenant.fails(MODULE, **UNREGISTERED)["msg"]


@pytest.mark.parametrize(
    "answer",
    ["", "not json", "null", "[]", '"text"', "{}", '{"accessToken": null}', '{"accessToken": ""}',
     '{"accessToken": ["x"]}', '{"accessToken": "a b"}'],
)  # fmt: skip
def test_a_cli_response_without_a_token_is_reported(tenant: Tenant, tmp_path: Path, answer: str) -> None:
    (tmp_path / "answer").write_text(answer)
    with_cli(tenant, tmp_path, f'cat "{tmp_path}/answer"')
    result = tenant.fails(MODULE, **UNREGISTERED)
    assert "Azure CLI" in result["msg"]
    assert tenant.server.requests() == []


@pytest.mark.parametrize("status", [0, 1])
def test_another_encoding_of_the_cli_causes_no_traceback(tenant: Tenant, tmp_path: Path, status: int) -> None:
    r"""As with umlauts of a Latin-1 terminal: \374 is "ü" there."""
    with_cli(tenant, tmp_path, f"printf 'Bitte zuerst ausf\\374hren: az login'; printf 'f\\374r' >&2; exit {status}")
    assert "Azure CLI" in tenant.fails(MODULE, **UNREGISTERED)["msg"]


def test_a_missing_cli_is_reported_with_the_alternatives(tenant: Tenant, tmp_path: Path) -> None:
    tenant.environ = {**only_hosts(tenant), "PATH": str(tmp_path)}
    result = tenant.fails(MODULE, **UNREGISTERED)
    assert "not installed" in result["msg"]
    assert "AZURE_CLIENT_ID" in result["error"]["next_step"]
    assert "az login" in result["error"]["next_step"]


def test_a_cli_that_cannot_be_run_is_reported(tenant: Tenant, tmp_path: Path) -> None:
    with_cli(tenant, tmp_path, "")
    tenant.environ["PATH"] = str(tmp_path)
    (tmp_path / "az").write_text("no program")
    assert "could not be run" in tenant.fails(MODULE, **UNREGISTERED)["msg"]
