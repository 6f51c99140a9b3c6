# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugins in this process: Ansible's own inventory, play, variables and templates, without ansible-playbook."""

from __future__ import annotations

import importlib
import os
import types
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible.playbook.play import Play
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action import controller_action
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run import host_variables
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

PLUGINS = "ansible_collections.email_gateway.azure_apps.plugins"
SHELL = types.SimpleNamespace(tmpdir="/nowhere", env_prefix=lambda **_environment: "")


class ActionRunner:
    """A play for these hosts, each with its variables. Its environment signs in as the tenant's operator."""

    def __init__(
        self, tenant: Tenant, folder: Path, monkeypatch: pytest.MonkeyPatch, hosts: t.Mapping[str, Json] | None = None
    ) -> None:
        self.tenant = tenant
        self.folder = folder
        self.loader = DataLoader()
        self.loader.set_vault_secrets([("default", VaultSecret(b"open sesame"))])
        inventory_file = folder / "inventory.yml"
        inventory_file.write_text(yaml.safe_dump({"all": {"hosts": dict(hosts or {"one": {}})}}))
        self._inventory = InventoryManager(loader=self.loader, sources=[str(inventory_file)])
        self._variables = VariableManager(loader=self.loader, inventory=self._inventory)
        self.environment: t.Any = None  # the keyword of the play, if it is not the operator's sign-in
        self.failed_hosts: set[str] = set()  # by earlier tasks
        self.diff = True  # the keyword
        self.of_role = False  # whether the tasks are those of the role
        self._monkeypatch = monkeypatch
        monkeypatch.chdir(folder)
        self.new_run()

    @property
    def hosts(self) -> list[str]:
        return [str(name) for name in self._inventory.get_hosts("all")]

    def new_run(self) -> None:
        """The following tasks belong to another run of ansible-playbook."""
        self._monkeypatch.setattr(controller_action, "RUN", SharedMemory(str(self.folder)))

    def run(self, module: str, *, check: bool = False, host: str = "one", **options: t.Any) -> Json:
        """The result that the task returns to Ansible."""
        action, variables = self._action(module, options, check=check, host=host)
        result: Json = action.run(task_vars=variables)
        return result

    def module(self, module: str) -> Module:
        """The object that a task of this module runs, with the play around it, for a test that calls it directly."""
        action, variables = self._action(module, {}, check=False, host="one")
        action._task_vars = variables
        made: Module = action.module()
        return made

    def _action(self, module: str, options: Json, *, check: bool, host: str) -> tuple[t.Any, Json]:
        content = {
            "hosts": "all",
            "gather_facts": False,
            "check_mode": check,
            "diff": self.diff,
            "environment": host_variables._trusted(self.environment or self._own_environment()),
            # Any action: the plugin is selected below.
            "tasks": [{"name": "a task", "debug": {}}],
        }
        play = Play.load(content, variable_manager=self._variables, loader=self.loader)
        task = next(task for block in play.compile() for task in block.block if task.name == "a task")
        task.args = options
        if self.of_role:
            self._monkeypatch.setattr(task, "get_path", lambda: f"{controller_action.ROLE_TASKS}/main.yml:1")
        variables: Json = self._variables.get_vars(play=play, host=self._inventory.get_host(host), task=task)
        variables["hostvars"] = HostVars(self._inventory, self._variables, self.loader)
        variables["ansible_play_hosts_all"] = self.hosts
        variables["ansible_play_hosts"] = [name for name in self.hosts if name not in self.failed_hosts]
        templar = Templar(loader=self.loader, variables=variables)
        action = importlib.import_module(f"{PLUGINS}.action.{module}").ActionModule
        connection = types.SimpleNamespace(_shell=SHELL)
        return action(task, connection, None, self.loader, templar, None), variables

    def _own_environment(self) -> dict[str, str]:
        return {**self.tenant.environ, "PATH": os.environ["PATH"]}
