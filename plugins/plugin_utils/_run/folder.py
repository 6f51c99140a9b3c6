# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""How this ansible-playbook was started, as far as it decides which folders go away with the run."""

from __future__ import annotations

import os
import typing as t

from ansible import context

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.run_folder import Run


def this_run(task_vars: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Run:
    arguments = context.CLIARGS
    playbooks = arguments.get("args", ())
    if isinstance(playbooks, str):  # the hosts of an ad-hoc command
        playbooks = ()
    return Run(
        working_folder=os.getcwd(),
        playbook_folder=str(task_vars.get("playbook_dir", os.getcwd())),
        variables=frozenset(task_vars),
        limit=str(arguments.get("subset") or ""),
        playbooks=tuple(map(str, playbooks)),
        shell_command=environ.get("_", ""),
    )
