# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.credential_settings import (
    CredentialSettings,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.files import Files, Unreadable
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.other_settings import StoreSettings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.profile_info import (
    Surroundings,
    profile_info,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.variables import Names
from ansible_collections.email_gateway.azure_apps.plugins.modules.azure_app_profile_info import MODULE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._controller_action import ControllerAction, plain
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run_folder import (
    check_outlives_the_run,
    run_folders,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store_context import action_context
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._stores import check_credential_type, open_stores

OWN_PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"


class ActionModule(ControllerAction):
    """Runs the module azure_app_profile_info on the controller, where playbooks, variables and stores are known."""

    module_name = "azure_app_profile_info"
    _variables: t.Collection[str] = ()
    _playbook_dir = ""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        self._variables = list(task_vars or {})
        self._playbook_dir = str(plain((task_vars or {}).get("playbook_dir") or ""))
        return super().run(tmp, task_vars)

    def module(self) -> Module:
        return Module(argument_spec=MODULE.argument_spec, run=self._profile_info, checks_itself=MODULE.checks_itself)

    def _profile_info(self, call: Call) -> dict[str, t.Any]:
        names = Names.of(self._variables)
        names.check()
        if names.warning:
            call.warn(names.warning)

        def check_stores(stores: StoreSettings, credential: CredentialSettings) -> None:
            context = action_context(self, call, default_path=stores.path, default_vault_id=stores.vault_id)
            opened = open_stores(stores.entries, context)
            check_credential_type(opened, credential.type)
            files = [path for store in opened for path in store.local_paths]
            if credential.certificate_path:
                files.append(credential.certificate_path)
            check_outlives_the_run(files, run_folders(self._variables))

        return profile_info(
            call, Surroundings(files=Files(self._folders(), load=self._load), check_stores=check_stores)
        )

    def _folders(self) -> tuple[str, ...]:
        """Where a relative path is looked for. The playbooks of this collection are not the user's: they come last."""
        working = os.getcwd()
        if not self._playbook_dir:
            return (working,)
        if Path(self._playbook_dir).resolve().is_relative_to(OWN_PLAYBOOKS):
            return (working, self._playbook_dir)
        return (self._playbook_dir, working)

    def _load(self, path: str) -> t.Any:
        """A file that is encrypted by ansible-vault is read, too."""
        try:
            return plain(self._loader.load_from_file(path))
        except (AnsibleError, OSError, ValueError) as exc:
            raise Unreadable(str(exc)) from None
