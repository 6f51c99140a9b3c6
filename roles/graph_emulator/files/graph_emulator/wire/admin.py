# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator's own interface under /_emulator/: journal, state, reset, clock, operators, settings, faults, and
what users and outside issuers would do: device, assertion, users, mailbox_access, exchange, vault_role.

It needs no token: the emulator listens on loopback and contains nothing worth protecting. A page in the user's browser
must not reach it anyway: it answers only under the names of loopback, and a change needs a header and a content type
that a foreign page cannot send.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .. import errors, strict_json
from ..clock import Clock
from ..directory import directory_roles, people
from ..directory.tenant import Tenant
from ..faults import Faults
from ..graph import policies
from ..identity import issuer
from ..identity.aadsts import TokenRefused
from ..identity.platform import IdentityPlatform
from ..journal import Journal
from ..key_vault.vault import KeyVault

Json = dict[str, Any]
PREFIX = "/_emulator"
HEADERS = {"X-Graph-Emulator": "admin"}  # what a change has to be sent with
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CENTURY = 100 * 365 * 86400.0  # seconds


class Controlled(Protocol):
    """What the interface needs of the emulator."""

    tenant: Tenant
    journal: Journal
    faults: Faults
    identity: IdentityPlatform
    key_vault: KeyVault

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
    if not -_CENTURY < emulator.clock.offset + seconds < _CENTURY:
        raise ValueError("the clock goes a hundred years ahead or back at most")
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


def _device(emulator: Controlled, body: Json) -> Json:
    """{user_code, user, approve}: what the user would do on the device page."""
    code, user, approve = body.get("user_code"), body.get("user"), body.get("approve", True)
    if not isinstance(code, str) or not isinstance(user, str) or not isinstance(approve, bool):
        raise ValueError("user_code and user must be texts, approve true or false")
    with emulator.tenant.lock:
        try:
            emulator.identity.decide(code, user_name=user, approve=approve)
        except TokenRefused as error:
            raise ValueError(str(error)) from error
    return {"approved": approve}


def _assertion(emulator: Controlled, body: Json) -> Json:
    return issuer.assertion_asked(body, base=emulator.identity.base, clock=emulator.clock)


def _user(emulator: Controlled, name: Any) -> str:
    found = emulator.identity.user_named(name) if isinstance(name, str) else None
    if found is None:
        raise ValueError(f"unknown user '{name}'")
    return str(found["id"])


def _users(emulator: Controlled, body: Json) -> Json:
    """{user, directory_roles?: [names], enabled?, mailbox?}; {allowedToCreateApps} is the tenant's own switch."""
    for name in ("allowedToCreateApps", "enabled", "mailbox"):
        if not isinstance(body.get(name, True), bool):
            raise ValueError(f"{name} must be true or false")
    roles = body.get("directory_roles")
    if roles is not None and not isinstance(roles, list):
        raise ValueError("directory_roles must be a list of names")
    with emulator.tenant.lock:
        directory = emulator.tenant.directory
        if "user" in body:
            user_id = _user(emulator, body["user"])
            if roles is not None:
                directory.user_roles[user_id] = directory_roles.template_ids(roles)
            if "enabled" in body:
                (directory.disabled_users.discard if body["enabled"] else directory.disabled_users.add)(user_id)
                directory.users[user_id]["accountEnabled"] = body["enabled"]
            if body.get("mailbox") is False:
                directory.mail.boxes.pop(user_id, None)
            elif "mailbox" in body and user_id not in directory.mail.boxes:
                directory.mail.boxes[user_id] = people.new_mailbox(directory.users[user_id], emulator.tenant)
        directory.allowed_to_create_apps = body.get("allowedToCreateApps", directory.allowed_to_create_apps)
        return {"allowedToCreateApps": directory.allowed_to_create_apps}


def _mailbox_access(emulator: Controlled, body: Json) -> Json:
    """{user, client_id, allowed}: whether a policy of Exchange keeps an application out of a mailbox."""
    client_id, allowed = body.get("client_id"), body.get("allowed")
    if not isinstance(client_id, str) or not isinstance(allowed, bool):
        raise ValueError("client_id must be a text, allowed true or false")
    with emulator.tenant.lock:
        pair = (_user(emulator, body.get("user")), client_id)
        fenced = emulator.tenant.directory.mail.fenced
        (fenced.discard if allowed else fenced.add)(pair)
    return {"allowed": allowed}


def _exchange(emulator: Controlled, body: Json) -> Json:
    """What an Exchange administrator does. See the role's README for the members."""
    with emulator.tenant.lock:
        exchange = emulator.tenant.directory.exchange
        client_id = body.get("client_id")
        users = [_user(emulator, name) for name in body.get("mailboxes") or ()]
        if any(name in body for name in ("object_id", "full_access", "role")) and not isinstance(client_id, str):
            raise ValueError("client_id must be a text")
        if "object_id" in body:
            exchange.service_principals[str(client_id)] = str(body["object_id"])
        if "full_access" in body:
            change = exchange.full_access.add if _yes(body, "full_access") else exchange.full_access.discard
            for user_id in users:
                change((user_id, str(client_id)))
        if "role" in body:
            exchange.assign(str(client_id), body["role"], users if "mailboxes" in body else None)
        if "smtp_auth_disabled" in body:
            disabled = _yes(body, "smtp_auth_disabled")
            if "mailboxes" in body:
                exchange.smtp_auth_disabled_for.update(dict.fromkeys(users, disabled))
            else:
                exchange.smtp_auth_disabled = disabled
        if "challenges_errors" in body:
            exchange.challenges_errors = _yes(body, "challenges_errors")
        return exchange.as_dict()


def _yes(body: Json, name: str) -> bool:
    value = body[name]
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false")
    return value


def _vault_role(emulator: Controlled, body: Json) -> Json:
    """{client_id, role}: which of the built-in roles an application has at the key vault; null takes it away."""
    client_id, role = body.get("client_id"), body.get("role")
    if not isinstance(client_id, str) or not (role is None or isinstance(role, str)):
        raise ValueError("client_id must be a text, role one or null")
    with emulator.tenant.lock:
        emulator.key_vault.assign(client_id, role)
    return {"role": role}


_ACTIONS: dict[str, Callable[[Controlled, Json], Json]] = {
    "reset": _reset,
    "clock": _clock,
    "operators": _operators,
    "settings": _settings,
    "faults": _faults,
    "policy": _policy,
    "device": _device,
    "assertion": _assertion,
    "users": _users,
    "mailbox_access": _mailbox_access,
    "exchange": _exchange,
    "vault_role": _vault_role,
}


def _refusal(request: Request) -> str:
    """Why this request may come from a foreign page (by DNS rebinding, or a form); otherwise empty."""
    if (request.url.hostname or "") not in _LOOPBACK:
        return f"ask under one of these names: {', '.join(sorted(_LOOPBACK))}"
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.url.scheme}://{request.headers.get('host')}":
        return f"a page of {origin} may not ask this"
    if request.method != "POST":
        return ""
    for name, value in HEADERS.items():
        if request.headers.get(name) != value:
            return f"send the header {name}: {value}"
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return "send the content type application/json"
    return ""


def _guarded(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def guarded(request: Request) -> Response:
        refusal = _refusal(request)
        return JSONResponse({"error": refusal}, status_code=403) if refusal else await answer(request)

    return guarded


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
            body = strict_json.loads(payload) if payload else {}
            if not isinstance(body, dict):
                raise ValueError("the body must be a JSON object")
            return JSONResponse(action(emulator, body))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return [
        Route(f"{PREFIX}/journal", _guarded(journal), methods=["GET"]),
        Route(f"{PREFIX}/state", _guarded(state), methods=["GET"]),
        Route(f"{PREFIX}/{{action}}", _guarded(act), methods=["POST"]),
    ]
