# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Private names of ansible-core that are used from outside of the plugin that has them, each with the reason.

``self._task``, ``self._templar`` and ``self._loader`` inside an action or lookup plugin are its normal interface, and
not here. In every other file, ruff's rule SLF001 refuses a private name of another object.
"""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_list


class Templating(t.Protocol):
    """What evaluates templates and reads files for a task: of the action plugin that runs, or of a host of its play."""

    @property
    def loader(self) -> t.Any:
        """ansible-core's DataLoader."""

    @property
    def templar(self) -> t.Any:
        """ansible-core's Templar, with the variables of the task or of the host."""


def vault_secrets(loader: t.Any) -> list[tuple[str, t.Any]]:
    """The vault ids and secrets of the run.

    ``_vault``: a DataLoader has set_vault_secrets(), and nothing that gives the secrets back.
    """
    return list(loader._vault.secrets or ())


def file_content(loader: t.Any, path: str) -> bytes:
    """The content of a file, decrypted if ansible-vault encrypted it. Raises OSError or AnsibleError.

    ``_get_file_contents``: the public load_from_file() also parses the content, with Ansible's tags and templates;
    get_text_file_contents() came with ansible-core 2.19; get_real_file() writes the decrypted content to a file.
    """
    content: bytes
    content, _shown = loader._get_file_contents(path)
    return content


def variables_of_host(hostvars: t.Any, host: str, *, task: t.Any) -> dict[str, t.Any]:
    """The variables of a host as its own task would see them, not evaluated.

    ``_variable_manager``, ``_inventory``: hostvars[host] has neither the variables of the play nor those of the task,
    and a plugin gets neither of the two objects in any other way.
    """
    variables: dict[str, t.Any] = hostvars._variable_manager.get_vars(
        play=task.get_play(), host=hostvars._inventory.get_host(host), task=task, include_hostvars=False
    )
    return variables


def environment_around(task: t.Any) -> list[t.Any]:
    """What the play, blocks and includes around a task set as the keyword ``environment``, not evaluated.

    ``_parent``, ``_get_parent_attribute``: task.environment has it joined with that of the task itself.
    """
    return as_list(task._parent._get_parent_attribute("environment"))  # a marker if it is not set
