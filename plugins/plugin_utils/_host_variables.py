# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The variables of any host of the play, evaluated as they would be in a task of that host.

What is private to Ansible and needed for that is here alone.
"""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19, every text of a file is a template
    trust_as_template = None

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._controller_action import plain

ROLES = Path(__file__).parents[2] / "roles"
# The same for all hosts of a play; without them Ansible would evaluate them again for each.
OF_THE_PLAY = ("ansible_play_batch", "ansible_play_hosts", "ansible_play_hosts_all", "hostvars", "play_hosts")


@dataclasses.dataclass(frozen=True)
class HostVariables:
    """What a host's tasks see. ``names`` are the variables that are set, without defaults of a role.

    ``_loader`` and ``_templar`` have their names from an action plugin, for those that need no more of one.
    """

    host: str
    names: t.Collection[str]
    _loader: t.Any
    _variables: t.Mapping[str, t.Any]
    _templar_of_play: t.Any

    @property
    def _templar(self) -> t.Any:
        """That of all hosts with this host's variables: a new one would load each filter of a template again."""
        self._templar_of_play.available_variables = self._variables
        return self._templar_of_play

    def value(self, name: str) -> t.Any:
        """The value of a variable that is defined, in Python's own types. Raises InputError if it has none."""
        return self.evaluated(self._variables[name], known_as=f"variable {name}")

    def evaluated(self, template: t.Any, *, known_as: str) -> t.Any:
        """Raises InputError."""
        try:
            return plain(self._templar.template(template))
        except AnsibleError as exc:
            raise InputError(
                f"The {known_as} of the host {self.host} cannot be evaluated: {exc}",
                next_step="Correct it, or the variables that it uses.",
            ) from None


class PlayVariables:
    """The variables of the hosts of a running play. ``role`` is a role of this collection whose defaults lie below."""

    def __init__(self, action: t.Any, task_vars: t.Mapping[str, t.Any], *, role: str) -> None:
        self._action = action
        self._task_vars = task_vars
        self._defaults = self._role_defaults(ROLES / role / "defaults" / "main.yml")
        self._templar = action._templar.copy_with_new_env(available_variables={})

    def of(self, host: str) -> HostVariables:
        hostvars, task = self._task_vars["hostvars"], self._action._task
        variables = hostvars._variable_manager.get_vars(
            play=task.get_play(), host=hostvars._inventory.get_host(host), task=task, include_hostvars=False
        )
        variables.update({name: self._task_vars[name] for name in OF_THE_PLAY if name in self._task_vars})
        return HostVariables(
            host,
            frozenset(variables),
            _loader=self._action._loader,
            _variables={**self._defaults, **variables},
            _templar_of_play=self._templar,
        )

    def environment(self, host: HostVariables) -> dict[str, str]:
        """The keyword ``environment`` of the play, blocks and includes around the task. Raises InputError."""
        found: dict[str, str] = {}
        entries = self._action._task._parent._get_parent_attribute("environment")
        for entry in entries if isinstance(entries, (list, tuple)) else ():  # a marker if it is not set
            variables = host.evaluated(entry, known_as="keyword environment")
            found.update({str(name): str(value) for name, value in (variables or {}).items()})
        return found

    def _role_defaults(self, path: Path) -> dict[str, t.Any]:
        defaults: dict[str, t.Any] = _trusted(self._action._loader.load_from_file(str(path)))
        return defaults


def _trusted(value: t.Any) -> t.Any:
    """A copy whose texts are templates also for ansible-core 2.19 and newer."""
    if trust_as_template is None:
        return value
    if isinstance(value, dict):
        return {name: _trusted(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value
