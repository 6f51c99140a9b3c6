# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator's own interface under /_emulator/: journal, state, reset, clock, operators, settings, faults.

It needs no token: the emulator listens on loopback and holds nothing worth protecting.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import errors
from .clock import Clock
from .faults import Faults
from .graph import policies
from .journal import Journal
from .tenant import Tenant

Json = dict[str, Any]
PREFIX = "/_emulator"


class Controlled(Protocol):
    """What the interface needs of the emulator."""

    tenant: Tenant
    journal: Journal
    faults: Faults

    @property
    def clock(self) -> Clock:
        """The tenant's clock."""

    def reset(self) -> None:
        """Back to the seed."""

    def add_operator(self, roles: list[str]) -> tuple[str, str]:
        """Client id and secret of a new application with these application permissions."""


def _reset(emulator: Controlled, _body: Json) -> Json:
    emulator.reset()
    return {"reset": True}


def _clock(emulator: Controlled, body: Json) -> Json:
    seconds = body.get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ValueError("advance must be a number of seconds")
    emulator.clock.advance(seconds)
    return {"now": emulator.clock.now().isoformat(), "offset": emulator.clock.offset}


def _operators(emulator: Controlled, body: Json) -> Json:
    roles = body.get("roles")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise ValueError("roles must be a list of app role values of Microsoft Graph")
    client_id, client_secret = emulator.add_operator(roles)
    return {"client_id": client_id, "client_secret": client_secret}


def _settings(emulator: Controlled, body: Json) -> Json:
    with emulator.tenant.lock:
        emulator.tenant.settings.update(body)
        return emulator.tenant.settings.as_dict()


def _faults(emulator: Controlled, body: Json) -> Json:
    emulator.faults.add(**body)
    return {"added": True}


def _policy(emulator: Controlled, body: Json) -> Json:
    with emulator.tenant.lock:
        try:
            policies.apply(emulator.tenant.directory.policy, body)
        except errors.GraphError as error:
            raise ValueError(error.message) from error
        return emulator.tenant.directory.policy


_ACTIONS: dict[str, Callable[[Controlled, Json], Json]] = {
    "reset": _reset, "clock": _clock, "operators": _operators, "settings": _settings, "faults": _faults,
    "policy": _policy,
}


def routes(emulator: Controlled) -> list[Route]:
    """Starlette routes of the interface."""

    async def journal(_request: Request) -> Response:
        return JSONResponse({"entries": [entry.as_dict() for entry in emulator.journal.entries()]})

    async def state(_request: Request) -> Response:
        return JSONResponse(emulator.tenant.snapshot())

    async def act(request: Request) -> Response:
        action = _ACTIONS.get(request.path_params["action"])
        if action is None:
            return JSONResponse({"error": f"unknown; known: {', '.join(sorted(_ACTIONS))}"}, status_code=404)
        payload = await request.body()
        try:
            body = json.loads(payload) if payload else {}
            if not isinstance(body, dict):
                raise ValueError("the body must be a JSON object")
            return JSONResponse(action(emulator, body))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return [
        Route(f"{PREFIX}/journal", journal, methods=["GET"]),
        Route(f"{PREFIX}/state", state, methods=["GET"]),
        Route(f"{PREFIX}/{{action}}", act, methods=["POST"]),
    ]
