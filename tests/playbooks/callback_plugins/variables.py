# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes every variable of every host at the start of a task, and every argument and result, regardless of no_log."""

from __future__ import annotations

import json
import os
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: variables
type: notification
short_description: Writes down all variables, arguments and results
description: A line of JSON for each, into the file that the environment variable E(VARIABLES_PATH) names.
options: {}
"""


class CallbackModule(CallbackBase):  # type: ignore[misc,unused-ignore]  # ansible-core ships no types
    """A callback that ignores no_log."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "variables"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._play: t.Any = None

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        self._play = play

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        manager = self._play.get_variable_manager()
        for host in manager._inventory.get_hosts(self._play.hosts):
            variables = manager.get_vars(play=self._play, host=host, task=task, include_hostvars=False)
            _write(task=task.get_name(), host=host.name, args=task.args, variables={**variables, "vars": None})

    def v2_runner_on_ok(self, result: t.Any) -> None:
        _write_result(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        _write_result(result)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        _write_result(result)

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        _write_result(result)


def _write_result(result: t.Any) -> None:
    _write(fields=result._task_fields, args=result._task.args, result=result._result)


def _write(**content: t.Any) -> None:
    with open(os.environ["VARIABLES_PATH"], "a", encoding="utf-8") as file:
        file.write(json.dumps(content, default=repr) + "\n")
