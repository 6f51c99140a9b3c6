# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The variables of any host of the play, evaluated as they would be in a task of that host."""

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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among, selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import with_texts
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.plain import as_texts, plain
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.private_ansible import (
    Templating,
    environment_around,
    variables_of_host,
)

ROLES = Path(__file__).parents[3] / "roles"
# The same for all hosts of a play; without them Ansible would work them out anew for each.
OF_THE_PLAY = ("ansible_play_batch", "ansible_play_hosts", "ansible_play_hosts_all", "hostvars", "play_hosts")


@dataclasses.dataclass(frozen=True)
class HostVariables:
    """What a host's tasks see. ``names`` are the variables that are set, without defaults of a role."""

    host: str
    names: t.Collection[str]
    loader: t.Any
    _variables: t.Mapping[str, t.Any]
    _templar_of_play: t.Any

    @property
    def templar(self) -> t.Any:
        """That of all hosts with this host's variables: a new one would load each filter of a template anew."""
        self._templar_of_play.available_variables = self._variables
        return self._templar_of_play

    def value(self, name: str) -> t.Any:
        """The value of a variable that is defined, in Python's own types. Raises InputError if it has none."""
        return self.evaluated(self._variables[name], known_as=f"variable {name}")

    def evaluated(self, template: t.Any, *, known_as: str) -> t.Any:
        """Raises InputError."""
        try:
            return plain(self.templar.template(template))
        except AnsibleError as exc:
            raise InputError(
                f"The {known_as} of the host {self.host} cannot be evaluated: {exc}",
                next_step="Correct it, or the variables that it uses.",
            ) from None


class PlayVariables:
    """The variables of the hosts of a running play. ``role`` is a role of this collection whose defaults lie below.

    ``templating``, ``task`` and ``task_vars`` are those of the action plugin that runs.
    """

    def __init__(self, templating: Templating, *, task: t.Any, task_vars: t.Mapping[str, t.Any], role: str) -> None:
        self._loader = templating.loader
        self._task = task
        self._task_vars = task_vars
        self._defaults = self._role_defaults(ROLES / role / "defaults" / "main.yml")
        self._templar = templating.templar.copy_with_new_env(available_variables={})

    def of(self, host: str) -> HostVariables:
        variables = variables_of_host(self._task_vars["hostvars"], host, task=self._task)
        variables.update(selected(self._task_vars, among(OF_THE_PLAY, self._task_vars)))
        return HostVariables(
            host,
            frozenset(variables),
            loader=self._loader,
            _variables={**self._defaults, **variables},
            _templar_of_play=self._templar,
        )

    def environment(self, host: HostVariables) -> dict[str, str]:
        """The keyword ``environment`` of the play, blocks and includes around the task. Raises InputError."""
        found: dict[str, str] = {}
        for entry in environment_around(self._task):
            variables = host.evaluated(entry, known_as="keyword environment")
            found.update(as_texts(variables or {}))
        return found

    def _role_defaults(self, path: Path) -> dict[str, t.Any]:
        defaults: dict[str, t.Any] = _trusted(self._loader.load_from_file(str(path)))
        return defaults


def _trusted(value: t.Any) -> t.Any:
    """A copy whose texts are templates also for ansible-core 2.19 and newer."""
    if trust_as_template is None:
        return value
    return with_texts(value, trust_as_template)
