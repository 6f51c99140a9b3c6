# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module file as a process of its own, as Ansible runs modules without an action plugin."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from ansible.module_utils import basic

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import MODULES, Json, Tenant

FILES = sorted(Path(__file__).resolve().parents[4].joinpath("plugins", "modules").glob("*.py"))
RUNNABLE = [path.stem for path in FILES if "def main()" in path.read_text()]


class Process:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def run(self, module: str, **options: object) -> tuple[int, Json]:
        """The exit status, and the output."""
        given = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
        self._monkeypatch.setattr(basic, "_ANSIBLE_ARGS", given)
        self._monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        with pytest.raises(SystemExit) as ended:
            importlib.import_module(f"{MODULES}.{module}").main()
        printed: Json = json.loads(self._capsys.readouterr().out.splitlines()[-1])
        return int(ended.value.code or 0), printed


@pytest.fixture
def process(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Process:
    for name, value in tenant.environ.items():
        monkeypatch.setenv(name, value)
    return Process(monkeypatch, capsys)


@pytest.mark.parametrize("module", RUNNABLE)
def test_invalid_options_fail_before_any_request(process: Process, tenant: Tenant, module: str) -> None:
    status, printed = process.run(module, no_such_option=True)
    assert (status, printed["failed"]) == (1, True)
    # Ansible names the first error.
    assert "no_such_option" in printed["msg"] or "required" in printed["msg"] or "missing" in printed["msg"]
    assert tenant.server.requests() == []


def test_the_result_is_printed(process: Process, tenant: Tenant) -> None:
    status, printed = process.run("azure_app_registration", display_name="Gateway", unique_name="gateway")
    assert (status, printed["changed"]) == (0, True)
    assert printed["client_id"] == tenant.application(uniqueName="gateway")["appId"]
    assert process.run("azure_app_registration", unique_name="gateway", _ansible_check_mode=True)[1]["changed"] is False


def test_a_failure_is_printed_with_its_next_step(process: Process) -> None:
    status, printed = process.run("azure_app_secret", unique_name="gateway", description="d")
    assert (status, printed["failed"], printed["changed"]) == (1, True, False)
    assert printed["error"]["next_step"]
