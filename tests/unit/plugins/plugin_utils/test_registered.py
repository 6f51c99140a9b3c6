# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application of each host of a run."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.vars.hostvars import HostVars

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import ProcessMemory
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.registered import (
    REGISTRATION,
    note_registered,
    registered_client_id,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.action_runner import ActionRunner
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant


@pytest.mark.parametrize(
    ("registered", "client_id"),
    [
        ({REGISTRATION: {"client_id": "of hostvars"}}, "of hostvars"),
        ({REGISTRATION: {"client_id": None}}, ""),
        ({REGISTRATION: {"failed": True}}, ""),
        ({REGISTRATION: "a text"}, ""),
        ({}, ""),
    ],
)
def test_the_application_of_an_unregistered_host_is_read_from_its_variables(
    registered: dict[str, t.Any], client_id: str
) -> None:
    memory = ProcessMemory()
    assert registered_client_id(memory, "gw", {"gw": registered}) == client_id
    assert registered_client_id(memory, "gw", {}) == ""


def test_the_last_registration_of_a_host_counts() -> None:
    memory = ProcessMemory()
    for client_id in ("first", "second"):
        note_registered(memory, "gw", {"client_id": client_id})
    assert registered_client_id(memory, "gw", {"gw": {REGISTRATION: {"client_id": "before"}}}) == "second"
    note_registered(memory, "gw", {"failed": True})
    assert registered_client_id(memory, "gw", {"gw": {REGISTRATION: {"client_id": "before"}}}) == ""


def test_the_hosts_of_the_play_share_an_application_after_the_role_registered_it(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role does not set the option sharing_hosts."""
    client_id = tenant.register()["client_id"]
    stores = [{"type": "ansible_vault", "path": str(tmp_path / "a.vault.yml")}]
    task = {"client_id": client_id, "description": "gateway", "stores": stores, "hand_over": True}
    variables = {host: {REGISTRATION: {"client_id": client_id}} for host in ("gw1", "gw2")}
    runner = ActionRunner(tenant, tmp_path, monkeypatch, {**variables, "other": {}})
    result = runner.run("azure_app_secret", host="gw1", **task)
    assert not result.get("failed"), result
    assert result["pending_hosts"] == ["gw1", "gw2"]


def test_the_credential_task_does_not_evaluate_variables_of_other_hosts(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a fleet of five hundred hosts, that would happen a quarter of a million times."""
    hosts = ["gw1", "gw2", "gw3"]
    runner = ActionRunner(tenant, tmp_path, monkeypatch, {host: {} for host in hosts})
    runner.of_role = True
    made = {
        host: runner.run("azure_app_registration", host=host, display_name=name, unique_name=name)["client_id"]
        for host, name in zip(hosts, ("shared", "shared", "own"), strict=True)
    }
    monkeypatch.setattr(HostVars, "__getitem__", lambda _self, host: pytest.fail(f"the variables of {host}"))
    stores = [{"type": "ansible_vault", "path": str(tmp_path / "a.vault.yml")}]
    result = runner.run(
        "azure_app_secret",
        host="gw1",
        client_id=made["gw1"],
        description="gateway",
        sharing_hosts=hosts,
        stores=stores,
        hand_over=True,
    )
    assert not result.get("failed"), result
    assert result["pending_hosts"] == ["gw1", "gw2"]
