# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules in plays: inventories, module_defaults, environment, both kinds of strategy."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run

REGISTRATION = "email_gateway.azure_apps.azure_app_registration"


def _from(variable: str) -> str:
    """A secret that is not in the play itself."""
    return f"{{{{ lookup('ansible.builtin.env', '{variable}') }}}}"


def _sign_ins(run: Run) -> int:
    return sum(entry.path.endswith("/oauth2/v2.0/token") for entry in run.requests)


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_parallel_hosts_sign_in_once_and_are_not_connected_to(playbooks: Playbooks, strategy: str) -> None:
    inventory = playbooks.folder / "hosts.ini"
    inventory.write_text("".join(f"gateway{i} ansible_host=192.0.2.{i}\n" for i in range(1, 7)))
    tasks = [
        {REGISTRATION: {"display_name": "{{ inventory_hostname }}", "unique_name": "{{ inventory_hostname }}"}},
        {"email_gateway.azure_apps.azure_app_secret": {"unique_name": "{{ inventory_hostname }}", "description": "s"}},
    ]
    play = {"hosts": "all", "gather_facts": False, "strategy": strategy, "become": True, "tasks": tasks}
    run = playbooks.run([play], "-i", str(inventory), "--forks", "6").ok()
    assert _sign_ins(run) == 1
    assert sorted(a["uniqueName"] for a in playbooks.tenant.applications) == [f"gateway{i}" for i in range(1, 7)]
    assert all(len(a["passwordCredentials"]) == 1 for a in playbooks.tenant.applications)


def test_defaults_of_the_action_group_reach_every_module(playbooks: Playbooks) -> None:
    """The environment has no sign-in, so a module without the defaults could not sign in."""
    names = {
        "AZURE_TENANT": "auth_tenant_id",
        "AZURE_CLIENT_ID": "auth_client_id",
        "AZURE_SECRET": "auth_client_secret",
        "AZURE_AUTHORITY_HOST": "authority_url",
        "AZURE_GRAPH_URL": "graph_url",
        "REQUESTS_CA_BUNDLE": "ca_file",
    }
    defaults = {option: _from(f"OWN_{variable}") for variable, option in names.items()}
    own = {f"OWN_{variable}": playbooks.environ[variable] for variable in names}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/email_gateway.azure_apps.all": defaults},
        "vars": {"gateway_app_profile": "outbound_smtp", "gateway_app_store_path": str(playbooks.store)},
        "roles": ["email_gateway.azure_apps.gateway_app"],
    }
    run = playbooks.run([play], show=["gateway_app_result.proven"], environ={**dict.fromkeys(names), **own})
    assert run.ok().results["gateway_app_result.proven"] is True


def test_the_environment_keyword_is_used(playbooks: Playbooks) -> None:
    names = list(playbooks.tenant.environ)
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "environment": {name: _from(f"OWN_{name}") for name in names},
        "tasks": [{REGISTRATION: {"display_name": "Gateway", "unique_name": "gateway"}}],
    }
    own = {f"OWN_{name}": playbooks.environ[name] for name in names}
    playbooks.run([play], environ={**dict.fromkeys(names), **own}).ok()
    assert playbooks.tenant.application(uniqueName="gateway")["displayName"] == "Gateway"


def test_two_identities_in_one_run_do_not_share_a_token(playbooks: Playbooks) -> None:
    client_id, client_secret = playbooks.server.add_operator(["Application.Read.All"])
    task: dict[str, t.Any] = {REGISTRATION: {"display_name": "Gateway", "unique_name": "gateway"}}
    weak: dict[str, t.Any] = {
        REGISTRATION: {
            "display_name": "Other",
            "unique_name": "other",
            "auth_client_id": client_id,
            "auth_client_secret": _from("OTHER_SECRET"),
        },
        "register": "refused",
        "ignore_errors": True,
    }
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task, weak, task]}
    run = playbooks.run([play], show=["refused.error.status"], environ={"OTHER_SECRET": client_secret}).ok()
    assert run.results["refused.error.status"] == 403
    assert _sign_ins(run) == 2


def test_a_blank_environment_variable_as_in_awx_is_unset(playbooks: Playbooks) -> None:
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{REGISTRATION: {"display_name": "Gateway", "unique_name": "gateway"}}],
    }
    blank = {"AZURE_CLIENT_SECRET": "", "AZURE_TENANT_ID": "", "AZURE_CLOUD_ENVIRONMENT": "", "AZURE_ACCESS_TOKEN": ""}
    playbooks.run([play], environ=blank).ok()


def test_missing_credentials_are_named_with_the_variables_to_set(playbooks: Playbooks) -> None:
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{REGISTRATION: {"display_name": "Gateway", "unique_name": "gateway"}}],
    }
    run = playbooks.run([play], environ={"AZURE_SECRET": None})
    assert run.failed("auth_client_secret (AZURE_SECRET or AZURE_CLIENT_SECRET)").requests == []
    run = playbooks.run([play], environ={"AZURE_SECRET": None, "AZURE_CLIENT_ID": None, "PATH": _without_az(playbooks)})
    assert run.failed("No credential is given", "AZURE_CLIENT_ID, AZURE_SECRET and AZURE_TENANT").requests == []


def _without_az(playbooks: Playbooks) -> str:
    """A PATH without the Azure CLI."""
    return playbooks.environ["PATH"].split(":")[0]
