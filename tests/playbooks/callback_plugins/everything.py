# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes everything that a callback gets to a file, as the callbacks of AWX, ARA and others do in part."""

from __future__ import annotations

import json
import os
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: everything
type: notification
short_description: Writes down all that a callback is given
description: A line of JSON for each event, into the file that the environment variable EVERYTHING_PATH names.
options: {}
"""


class CallbackModule(CallbackBase):  # type: ignore[misc,unused-ignore]  # ansible-core ships no types
    """One line for each event."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "everything"
    CALLBACK_NEEDS_ENABLED = True

    def v2_on_any(self, *args: t.Any, **kwargs: t.Any) -> None:
        with open(os.environ["EVERYTHING_PATH"], "a", encoding="utf-8") as file:
            for given in (*args, *kwargs.values()):
                file.write(json.dumps(_all_of(given), default=repr) + "\n")


def _fields(fields: t.Any) -> t.Any:
    """Ansible fills in these two for its own tasks as well: no one else can hide what the play sets there."""
    own = str(fields.get("action", "")).startswith("ansible.builtin.")
    return {name: value for name, value in fields.items() if not own or name not in ("module_defaults", "environment")}


def _all_of(given: t.Any) -> t.Any:
    if hasattr(given, "_task_fields"):
        task = given._task
        if task.no_log:
            return {"result": given._result}
        return {
            "result": given._result,
            "fields": _fields(given._task_fields),
            "args": task.args,
            "vars": task.vars,
            "task": _fields(task.dump_attrs()),
        }
    if hasattr(given, "custom") and hasattr(given, "processed"):
        return {"stats": given.custom, "processed": given.processed}
    if hasattr(given, "dump_attrs"):
        return {} if given.no_log else _fields(given.dump_attrs())
    return repr(given)
