# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The waits of the tasks of a host, by reason."""

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import WaitedFor
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import ProcessMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.waited import note_waited, waited_notes
from ansible_collections.email_gateway.azure_apps.plugins.modules.azure_app_registration import MODULE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import call_module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant


def test_the_waits_of_the_tasks_of_a_host_are_added() -> None:
    memory = ProcessMemory()
    note_waited(memory, "gw1", {WaitedFor.LIMITS: 2.0, WaitedFor.LAG: 0.4})
    note_waited(memory, "gw1", {WaitedFor.LIMITS: 10.0})
    note_waited(memory, "gw2", {WaitedFor.BUSY: 3.0})
    assert waited_notes(memory, "gw1") == ["Waited 12 s for the limits of Microsoft Graph."]
    assert waited_notes(memory, "gw2") == ["Waited 3 s for a service that was busy or could not be reached."]
    assert waited_notes(memory, "gw3") == []


def test_each_wait_of_a_task_is_reported_with_its_reason(tenant: Tenant) -> None:
    memory = SharedMemory()
    tenant.server.faults.add(path="applications", status=429, headers={"Retry-After": "7"}, times=1)
    tenant.server.faults.add(path="applications", status=503, headers={"Retry-After": "20"}, nth=2, times=1)
    result = call_module(
        MODULE,
        "azure_app_registration",
        {"display_name": "Gateway", "unique_name": "gateway"},
        check_mode=False,
        environ=tenant.environ,
        memory=memory,
        host="gw1",
    )
    assert result["changed"]
    assert waited_notes(memory, "gw1") == [
        "Waited 7 s for the limits of Microsoft Graph.",
        "Waited 20 s for a service that was busy or could not be reached.",
    ]
