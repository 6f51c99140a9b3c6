# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report is one task for all hosts of a play: how ansible-playbook evaluates the variables of each host for it.

Its content is tested in tests/unit/plugins/modules/test_azure_app_report.py.
"""

from __future__ import annotations

import collections.abc as c
import json
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.playbooks.report_gateways import inventory, provision
from ansible_collections.email_gateway.azure_apps.tests.unit import leak_search
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant
from graph_emulator.wire.server import EmulatorServer

ROLE = "email_gateway.azure_apps.gateway_app_report"
SMTP = {"gateway_app_profile": "outbound_smtp"}
GATEWAYS: dict[str, dict[str, t.Any]] = {"graz": SMTP, "linz": SMTP, "wels": SMTP}


def play(playbooks: Playbooks, *tasks: dict[str, t.Any], environment: t.Any = None, **variables: t.Any) -> Run:
    """The role as a user's play calls it, after other tasks."""
    given = {"gateway_app_report_html_path": "", "gateway_app_report_json_path": str(playbooks.folder / "report.json")}
    content = {
        "hosts": "mail_gateways",
        "gather_facts": False,
        "vars": {**given, **variables},
        "environment": environment or {},
        "tasks": [*tasks, {"ansible.builtin.import_role": {"name": ROLE}}],
    }
    return playbooks.run([content], "-i", str(playbooks.folder / "inventory.yml"))


def written(playbooks: Playbooks) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads((playbooks.folder / "report.json").read_text())
    return found


def in_store(found: dict[str, t.Any]) -> dict[str, str]:
    gateways = [gateway for application in found["applications"] for gateway in application["gateways"]]
    return {gateway["host"]: gateway["in_store"] for gateway in gateways}


def skipped(found: dict[str, t.Any]) -> dict[str, str]:
    return {entry["host"]: entry["reason"] for entry in found["hosts_not_looked_at"]}


def token_requests(server: EmulatorServer) -> int:
    return sum(entry.path.endswith("/oauth2/v2.0/token") for entry in server.requests())


@pytest.fixture
def other_tenant(playbooks: Playbooks, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Tenant]:
    """A second tenant, whose secrets are also searched for."""
    with EmulatorServer() as server:
        leak_search.record(playbooks.issued, playbooks.processes, server.journal, monkeypatch)
        yield Tenant(server)
        assert not server.internal_errors, server.internal_errors[0]


def test_variables_of_each_host_are_evaluated_as_in_its_own_tasks(playbooks: Playbooks) -> None:
    """Variables of the play, of the host, set by a task, and the defaults of the role gateway_app."""
    provision(playbooks, GATEWAYS)
    (playbooks.folder / "gateway_app").rename(playbooks.folder / "elsewhere")
    hosts: dict[str, dict[str, t.Any]] = {"graz": {"product": "smtp"}, "linz": {"product": "smtp"}, "printer": {}}
    inventory(playbooks, hosts)
    fact = {"ansible.builtin.set_fact": {"stores": "{{ playbook_dir }}/elsewhere/gateway-{{ inventory_hostname }}"}}
    run = play(
        playbooks,
        fact,
        gateway_app_profile="{{ 'outbound_' ~ product if product is defined else '' }}",
        gateway_app_store_path="{{ stores }}.vault.yml",
        gateway_app_display_name="{{ inventory_hostname | upper }}",
    ).ok()
    assert run.writes == []
    found = written(playbooks)
    assert in_store(found) == {"graz": "yes", "linz": "yes"}
    assert skipped(found) == {}
    assert found["summary"]["not_in_inventory"] == 1, "wels is not a host of this play"


@pytest.mark.parametrize("keyword", [False, True])
def test_each_tenant_has_one_sign_in_and_is_read_once(
    playbooks: Playbooks, other_tenant: Tenant, keyword: bool
) -> None:
    """With gateway_app_environment, or with the keyword ``environment`` of the play, evaluated for each host."""
    provision(playbooks, {"graz": SMTP, "linz": SMTP})
    provision(playbooks, {"wels": SMTP}, tenant=other_tenant)
    environment = {name: f"{{{{ lookup('ansible.builtin.env', 'OTHER_{name}') }}}}" for name in other_tenant.environ}
    playbooks.environ.update({f"OTHER_{name}": value for name, value in other_tenant.environ.items()})
    variable = "sign_in" if keyword else "gateway_app_environment"
    inventory(playbooks, {**GATEWAYS, "wels": {**SMTP, variable: environment}})
    other_tenant.server.journal.clear()
    of_play = "{{ sign_in | default({}) }}" if keyword else {}
    play(playbooks, environment=of_play, gateway_app_report_fail_on_drift=True).ok()
    found = written(playbooks)
    assert [read["tenant_id"] for read in found["tenants"]] == sorted(
        [playbooks.server.tenant_id, other_tenant.server.tenant_id]
    )
    assert in_store(found) == {"graz": "yes", "linz": "yes", "wels": "yes"}
    for tenant in (playbooks.tenant, other_tenant):
        assert (token_requests(tenant.server), tenant.graph_requests) == (1, 2)


def test_the_result_is_complete_if_the_task_fails(playbooks: Playbooks) -> None:
    provision(playbooks, {"graz": SMTP})
    playbooks.store_of("gateway-graz").unlink()
    role = {"ansible.builtin.include_role": {"name": ROLE}, "vars": {"gateway_app_report_fail_on_drift": True}}
    shown = {"ansible.builtin.debug": {"msg": "{{ gateway_app_report_result | to_json }}"}}
    content = {
        "hosts": "mail_gateways",
        "gather_facts": False,
        "vars": {"gateway_app_report_html_path": "{{ playbook_dir }}/report.html"},
        "tasks": [{"block": [role], "rescue": [shown]}],
    }
    run = playbooks.run([content], "-i", str(playbooks.folder / "inventory.yml")).ok()
    (line,) = [line for line in run.output.splitlines() if '"msg": "{' in line]
    result = json.loads(json.loads(line.split('"msg": ')[1]))
    assert (result["failed"], result["failures"], result["summary"]["not_in_store"]) == (False, 1, 1)
    assert result["files"] == [str(playbooks.folder / "report.html")]
    assert "the store has no client secret. Run the playbook" in result["failure_list"][0]
    assert (playbooks.folder / "report.html").is_file()
