# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Where the files are looked for that a user's settings name, and how they are read inside ansible-playbook."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import small_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import reason_of
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.yaml import Unreadable, parse_yaml
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.files import Files
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.plain import plain
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.private_ansible import file_content

OWN_PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"


def profile_files(loader: t.Any, task_vars: t.Mapping[str, t.Any]) -> Files:
    """``loader`` and ``task_vars`` are those of the action plugin that runs."""

    def load(path: str) -> t.Any:
        """A file that is encrypted by ansible-vault is read, too; neither Ansible's tags nor templates count in it."""
        try:
            small_file.check_size(path)
            content = file_content(loader, path)
        except OSError as exc:
            raise Unreadable(reason_of(exc)) from None
        except AnsibleError as exc:
            raise Unreadable(str(exc)) from None
        return parse_yaml(content)

    return Files(_folders(str(plain(task_vars.get("playbook_dir", "")))), load=load)


def _folders(playbook_dir: str) -> tuple[str, ...]:
    """The playbooks of this collection are not the user's: they come last."""
    working = os.getcwd()
    if not playbook_dir:
        return (working,)
    if Path(playbook_dir).resolve().is_relative_to(OWN_PLAYBOOKS):
        return (working, playbook_dir)
    return (playbook_dir, working)
