# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import (
    ENDPOINT,
    STATE,
    ArgumentSpec,
    positive,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import Patience
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call, Module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._claims import Claims
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._controller_action import ControllerAction
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run_lock import RUN_LOCK

POLL = "1"  # seconds
TASKS_UNDER_CLAIM = 8  # each of which may wait for as long as wait_timeout says

SPEC = STATE + ArgumentSpec(
    options={
        "path": {"type": "path", "required": True},
        "settled_starts": {"type": "list", "elements": "str", "default": []},
        "wait_timeout": ENDPOINT.options["wait_timeout"],
    },
)


class ActionModule(ControllerAction):
    """Runs the module azure_app_secret_claim on the controller: its lock lives as long as ansible-playbook."""

    module_name = "azure_app_secret_claim"
    _host = ""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        self._host = str((task_vars or {}).get("inventory_hostname", ""))
        return super().run(tmp, task_vars)

    def module(self) -> Module:
        return Module(argument_spec=SPEC, run=self._claim)

    def _claim(self, call: Call) -> dict[str, t.Any]:
        params = call.params
        wait_timeout = positive("wait_timeout", params)
        patience = Patience(wait_timeout)
        claims = Claims(params["path"], run=RUN_LOCK, host=self._host)
        start: datetime.datetime | None = None
        if params["state"] == "absent":
            if not call.check_mode:
                claims.end(set(params["settled_starts"]))
            lost = claims.lost_starts()
        elif call.check_mode:
            lost = claims.lost_starts()
        else:
            start, lost = _take(claims, patience, seconds=TASKS_UNDER_CLAIM * wait_timeout)
        return {
            "changed": False,
            "path": claims.path,
            "start": times.written(start) if start else None,
            "lost_starts": sorted(lost),
            "waited_seconds": round(patience.waited, 1),
        }


def _take(claims: Claims, patience: Patience, *, seconds: float) -> tuple[datetime.datetime, list[str]]:
    while True:
        start = datetime.datetime.now(datetime.timezone.utc)
        other, lost = claims.take(start, seconds=seconds)
        if other is None:
            return start, lost
        if not patience.pause(POLL):
            raise ConflictError(
                f"{other} has been making a client secret for {patience.waited:.0f} s; its claim is in {claims.path}",
                next_step="Run again when that run is over, or raise wait_timeout.",
            )
