# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import re
import stat
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import private_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._controller_action import ControllerAction
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._report_views import told

SPEC = ArgumentSpec(
    options={
        "path": {"type": "path", "required": True},
        "text": {"type": "str", "required": True},
        "mode": {"type": "str", "default": "0640"},
    },
)


class ActionModule(ControllerAction):
    """Runs the module azure_app_report_file on the controller, where no environment becomes a command line."""

    module_name = "azure_app_report_file"

    def module(self) -> Module:
        return Module(argument_spec=SPEC, run=_keep)


def _keep(call: Call) -> dict[str, t.Any]:
    mode = str(call.params["mode"])
    if not re.fullmatch(r"0?[0-7]{3}", mode):
        raise InputError(f"mode is {mode!r}, which is no mode", next_step="Write it in quotes, as '0640'.")
    path, text = os.path.realpath(str(call.params["path"])), str(call.params["text"])
    try:
        before, held = _read(path)
        written = before != text or held != int(mode, 8)
        if written and not call.check_mode:
            private_file.write(path, text.encode(), mode=int(mode, 8))
    except OSError as exc:
        raise ConflictError(
            f"Could not write {path}: {exc.strerror}", next_step="Choose another path, or mend its permissions."
        ) from None
    told_before = None if before is None else told(before)
    return {
        "changed": told_before != told(text) or held != int(mode, 8),
        "path": path,
        "written": written,
        "diff": {"before": before or "", "after": text, "before_header": path, "after_header": path},
    }


def _read(path: str) -> tuple[str | None, int]:
    """The text and the mode of a file; None where there is none. Raises OSError."""
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", errors="replace"), stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    except FileNotFoundError:
        return None, 0
