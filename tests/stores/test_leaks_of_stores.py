# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs with all logging for each store: the fixture ``playbooks`` searches everything that they leave behind."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.loud_plays import (
    play_tasks,
    rescued,
    role_task,
    wrote_all,
)
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks


@pytest.mark.parametrize("store", ["key_vault", "bao", "sops", "awx"], indirect=True)
def test_no_store_leaves_a_secret_behind(loud: Playbooks, store: t.Any) -> None:
    """A first secret, one that is rolled back since another store fails, and a retirement."""
    file = loud.folder / "spoilt" / "gateway.vault.yml"
    loud.break_store_after_create(file, nth=2)
    stores = [store.store, {"type": "ansible_vault", "path": str(file)}]
    retire = role_task(loud, gateway_app_stores=[store.store], gateway_app_retire_confirmed="gateway")
    retire["ansible.builtin.include_role"]["tasks_from"] = "retire"
    play_tasks(loud, [role_task(loud, gateway_app_stores=stores)]).ok()
    tasks = [
        rescued(role_task(loud, gateway_app_stores=stores, gateway_app_rotate_now=True)),
        {"ansible.builtin.debug": {"msg": "{{ hostvars.localhost | dict2items | rejectattr('key', 'in', own) }}"},
         "vars": {"own": ["ansible_failed_task"]}},
        retire,
    ]  # fmt: skip
    run = play_tasks(loud, tasks).ok()
    assert "removed from the tenant again" in run.output
    assert [entry.path.rpartition("/")[2] for entry in run.writes].count("addPassword") == 1
    assert loud.tenant.applications == []
    wrote_all(loud)
