# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.run_folder import check_outlives_run
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.credential_settings import (
    CredentialSettings,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.other_settings import (
    StoreSettings,
    check_environment,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.profile_info import (
    Surroundings,
    looks_up,
    profile_info,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.variables import (
    PREFIX,
    SETTINGS,
    Names,
)
from ansible_collections.email_gateway.azure_apps.plugins.modules.azure_app_profile_info import MODULE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.before_fork import import_all
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import (
    ControllerAction,
    call_module,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.mailbox_check import predict_mailbox_scope
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.profile_files import profile_files
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.folder import this_run
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.plain import plain
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.context import store_context
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import (
    check_credential_type,
    local_paths,
    open_stores,
)

# Of the role's later tasks: the store that most runs have, and the filters that make the result.
NEEDED_LATER = (
    "ansible_collections.email_gateway.azure_apps.plugins.plugin_utils.stores.ansible_vault",
    "ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.result",
    "ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.summary",
)
ENVIRONMENTS = frozenset({"environment", "consent_environment", "mailbox_environment"})

import_all(NEEDED_LATER)


class ActionModule(ControllerAction):
    """Runs the module azure_app_profile_info on the controller, where playbooks, variables and stores are known."""

    module_name = "azure_app_profile_info"
    declared = MODULE

    def _given(self, settings: t.Iterable[str]) -> list[str]:
        """The variables of the play for these settings."""
        return among(sorted(PREFIX + name for name in settings), self._task_vars)

    def _values(self, settings: t.Iterable[str]) -> dict[str, t.Any]:
        """The settings of the role as the play has them."""
        values = {}
        for name in self._given(settings):
            values[name.removeprefix(PREFIX)] = self._variable(name)
        return values

    def _variable(self, name: str) -> t.Any:
        try:
            return plain(self._templar.template(self._task_vars[name]))
        except AnsibleError as exc:
            raise InputError(f"{name} has no value: {exc}", next_step=f"Correct {name}.") from None

    def _check_environments(self) -> None:
        """Those that other tasks of the role combine. Only a text is filled in for that: it may look up a secret."""
        for name in self._given(ENVIRONMENTS):
            value = self._task_vars[name]
            if isinstance(value, str):
                try:
                    value = self._templar.template(value)
                except AnsibleError:
                    continue  # of the task that needs it, which shows why
            check_environment(name, value)

    def _check_hosts(self, params: t.Mapping[str, t.Any]) -> None:
        """The playbooks of the collection run for localhost by default, also with an inventory."""
        if params["profile"] or params["profile_file"] or f"{PREFIX}hosts" in self._task_vars:
            return
        others = {*self._task_vars.get("groups", {}).get("all", ())} - {"localhost"}
        if others and self._task_vars.get("inventory_hostname") == "localhost":
            raise InputError(
                "O(profile) is not set for localhost",
                next_step=f"Add -e {PREFIX}hosts=GROUP to run a playbook of the collection for the hosts of the"
                " inventory, or set O(profile) for localhost.",
            )

    def _profile(self) -> t.Mapping[str, t.Any]:
        """Read again without the tenant, which refused the look-up."""
        args, environ = self._taken(self.module())
        given = {**args, "look_up": False}
        return call_module(
            self.module(),
            self.module_name,
            given,
            check_mode=True,
            environ=environ,
            memory=self.memory,
            option_names=self._option_names(),
        )

    def module(self) -> Module:
        return self.declared._replace(run=self._profile_info)

    def _profile_info(self, call: Call) -> dict[str, t.Any]:
        names = Names.of(self._task_vars)
        names.check()
        if names.warning:
            call.warn(names.warning)

        def check_stores(stores: StoreSettings, credential: CredentialSettings) -> None:
            context = store_context(self, call, default_path=stores.path, default_vault_id=stores.vault_id)
            opened = open_stores(stores.entries, context)
            check_credential_type(opened, credential.type)
            if not looks_up(call.params):
                return  # an entry point that writes no store
            files = local_paths(opened)
            if credential.certificate_path:
                files.append(credential.certificate_path)
            check_outlives_run(files, this_run(self._task_vars, call.environ))
            for store in opened:
                store.check_place()

        def check_mailboxes(roles: t.Sequence[str]) -> None:
            environment = self._values(["mailbox_environment"]).get("mailbox_environment", {})
            predict_mailbox_scope(call, call.params["settings"], roles=roles, environment=environment)

        self._check_hosts(call.params)
        self._check_environments()
        if call.params["settings"] is None:
            # Environments stay out: they may hold a secret.
            call.params = {**call.params, "settings": self._values(SETTINGS - ENVIRONMENTS)}
        files = profile_files(self._loader, self._task_vars)
        return profile_info(call, Surroundings(files, check_stores, check_mailboxes))
