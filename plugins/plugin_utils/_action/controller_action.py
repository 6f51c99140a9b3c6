# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Runs a module of this collection inside ansible-playbook, on the controller, whatever host the task is for.

Ansible would otherwise write the module with its options (a client secret, a token) into a temporary file, and read
the result (a new client secret) from a pipe that ANSIBLE_DEBUG prints. It also means that no gateway ever needs
Python, requests or msal, and that a task costs no new Python process.
"""

from __future__ import annotations

import importlib
import os
import typing as t
from pathlib import Path

from ansible.plugins.action import ActionBase

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import AUTH, ENDPOINT
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checked_options import with_checked_options
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.environment import SECRET_VARIABLES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError, lacks_right
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among, selected, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.masking import Secrets
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import NO_NAMES, ROLE_VARIABLES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.validation import (
    validated,
    with_marked_options,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.waited import note_waited
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.before_fork import import_libraries
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.identities import (
    Identity,
    environment_of_operator,
    identities_of_run,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.plain import as_texts, plain
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import RUN

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.rights_of_run import Asked

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"  # AnsibleModule's word for it
MODULES = "ansible_collections.email_gateway.azure_apps.plugins.modules"
RIGHTS_MODULE = "azure_operator_access_info"
SECONDS_FOR_RIGHTS = 10  # of waiting, for a run that has failed anyway
ROLE_TASKS = Path(__file__).resolve().parents[3] / "roles" / "gateway_app" / "tasks"

import_libraries()  # ansible-playbook loads this file in its main process, and forks a worker for each task


class ControllerAction(ActionBase):  # type: ignore[misc,unused-ignore]  # ansible-core ships no types
    """The action plugin of a module; a subclass names the module, and imports it before ansible-playbook forks."""

    module_name: t.ClassVar[str]
    declared: t.ClassVar[Module]
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False
    _seen: tuple[dict[str, t.Any], dict[str, str]] | None = None
    _task_vars: t.Mapping[str, t.Any] = {}

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        self._task_vars = task_vars or {}
        result: dict[str, t.Any] = super().run(None, task_vars)
        module = self.module()
        args, environ = self._taken(module)
        result.update(
            call_module(
                module,
                self.module_name,
                args,
                check_mode=bool(self._task.check_mode),
                environ=environ,
                memory=self.memory,
                option_names=self._option_names(),
                of_role=self._is_of_role,
                host=str(self._task_vars.get("inventory_hostname", "")),
            )
        )
        if self._is_of_role and lacks_right(as_object(result.get("error"))):  # of a failure
            from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.rights_of_run import (
                add_rights_of_run,
            )

            add_rights_of_run(result, lambda: self._ask_rights(args, environ))
        if not self._task.diff:
            result.pop("diff", None)
        if any(map(result.get, module.secret_results)):
            # Callbacks and logs get the censored form, registered variables the whole.
            result["_ansible_no_log"] = True
            # Before ansible-core 2.19 the result of a whole loop is hidden by no_log of its tasks, not of its items.
            self._task.no_log = True
        return result

    @property
    def memory(self) -> RunMemory:
        return RUN

    @property
    def loader(self) -> t.Any:
        return self._loader

    @property
    def templar(self) -> t.Any:
        return self._templar

    def module(self) -> Module:
        """What the module file declares; a subclass that needs ansible-playbook's own means makes its own."""
        return self.declared

    @property
    def _is_of_role(self) -> bool:
        """Whether it is the role's own task that runs."""
        return self._is_below(ROLE_TASKS)

    def _is_below(self, folder: Path) -> bool:
        """Whether the task is written in a file in that folder."""
        path = Path(str(self._task.get_path()).rpartition(":")[0]).resolve()
        return path.is_relative_to(folder)

    def _option_names(self) -> t.Mapping[str, str]:
        """The role's variables for the options, in a task of the role: its user wrote those."""
        if not self._is_of_role:
            return NO_NAMES
        return ROLE_VARIABLES.get(self.module_name, NO_NAMES)

    def _profile(self) -> t.Mapping[str, t.Any]:
        """What the first task of the role found."""
        found: dict[str, t.Any] = plain(self._task_vars["__gateway_app_profile"])
        return found

    def _variable_environment(self, name: str) -> dict[str, str]:
        """The value of a variable of the role; empty if the play has no such variable."""
        return as_texts(plain(self._templar.template(self._task_vars.get(name, {}))))

    def _ask_rights(self, args: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> list[Asked]:
        """As the entry point check_access: the operator, and the identities that are others in the settings."""
        environment_of = self._variable_environment
        of_operator = environment_of_operator(self.module_name, environment_of, of_task=environ, of_process=os.environ)
        identities = identities_of_run(self._profile(), environment_of, of_operator=of_operator)
        return [self._ask(identity, args) for identity in identities]

    def _ask(self, identity: Identity, args: t.Mapping[str, t.Any]) -> Asked:
        from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.rights_of_run import Asked

        shared = {*AUTH.options, *ENDPOINT.options, "client_id", "unique_name", "display_name"}
        given = selected(args, among(args, shared))
        given |= {"steps": list(identity.steps), "wait_timeout": SECONDS_FOR_RIGHTS}
        answer = call_module(
            declared_module(RIGHTS_MODULE),
            RIGHTS_MODULE,
            given,
            check_mode=True,
            environ=identity.environ,
            memory=self.memory,
        )
        return Asked(identity.steps, answer)

    def _taken(self, module: Module) -> tuple[dict[str, t.Any], dict[str, str]]:
        """The task's arguments and environment; the task keeps them without their secrets.

        Ansible sends the task back with its templated arguments: banners that are shown late, callbacks and
        the variable ansible_failed_task have them. A retry of the task comes here again.
        """
        if self._seen is None:
            self._seen = plain(self._task.args), self._environment()
            secret = module.argument_spec.secret_options | AUTH.secret_options
            self._task.args = _hidden(self._task.args, secret)
            self._task.environment = _hidden(self._task.environment, SECRET_VARIABLES)
            self._task.module_defaults = _hidden(self._task.module_defaults, secret)
        return self._seen

    def _environment(self) -> dict[str, str]:
        """That of ansible-playbook, with the task's ``environment`` laid over it."""
        of_task: dict[str, t.Any] = {}
        self._compute_environment_string(of_task)
        return {**os.environ, **as_texts(plain(of_task))}


def declared_module(name: str) -> Module:
    """What the file of a module declares which a task calls in addition to its own."""
    declared: Module = importlib.import_module(f"{MODULES}.{name}").MODULE
    return declared


def call_module(
    module: Module,
    name: str,
    args: t.Mapping[str, t.Any],
    *,
    check_mode: bool,
    environ: t.Mapping[str, str],
    memory: RunMemory,
    option_names: t.Mapping[str, str] = NO_NAMES,
    of_role: bool = False,
    host: str = "",
) -> dict[str, t.Any]:
    """Validate the task's arguments as Ansible does for a module, and run it for a host of the inventory."""
    spec = module.argument_spec
    # Defaults of the action group reach every module of it, also the few that sign in to nothing.
    foreign = without(among(args, {*AUTH.options, *ENDPOINT.options}), spec.options)
    given = selected(args, without(args, foreign))
    see = f"ansible-doc email_gateway.azure_apps.{name}"
    if of_role:
        see = "ansible-doc --type role email_gateway.azure_apps.gateway_app"
    try:
        params = validated(spec, with_checked_options(given, name), name=name, see=see)
    except InputError as exc:
        exc.message = with_marked_options(exc.message)
        return {"failed": True, "changed": False, **exc.describe(Secrets().for_message, option_names)}
    call = Call(
        params=params,
        check_mode=check_mode,
        environ=environ,
        memory=memory,
        of_others=selected(args, foreign),
        option_names=option_names,
        of_role=of_role,
    )
    result = module.execute(call)
    note_waited(memory, host, call.waited_for)
    return result


def _hidden(value: t.Any, names: t.Collection[str]) -> t.Any:
    """A copy in which whatever has one of these names is hidden."""
    if isinstance(value, dict):
        shown = {name: _hidden(item, names) for name, item in value.items()}
        return {**shown, **dict.fromkeys(among(value, names), HIDDEN)}
    if isinstance(value, list):
        return [_hidden(item, names) for item in value]
    return value
