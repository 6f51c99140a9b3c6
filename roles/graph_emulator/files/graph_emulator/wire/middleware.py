# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outermost layer: writes the journal and lets injected faults happen on the wire."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..clock import Clock, seven_digits
from ..faults import Fault, Faults
from ..journal import VAULT_PATHS, Entry, Journal, masked_body, masked_query, masked_vault_body

Headers = list[tuple[bytes, bytes]]
BODILESS = (204, 304)
_CHUNK = 1 << 20


@dataclass
class Reply:
    """A whole answer, held back until it is known what becomes of it."""

    status: int = 500
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def set_header(self, name: str, value: str) -> None:
        wanted = name.lower().encode("latin-1")
        kept = [pair for pair in self.headers if pair[0].lower() != wanted]
        self.headers = [*kept, (wanted, value.encode("latin-1"))]


class Wire:
    """ASGI middleware. Requests to paths that are `apart` are neither journalled nor spoiled."""

    def __init__(
        self, app: ASGIApp, *, journal: Journal, faults: Faults, clock: Clock, apart: Callable[[str], bool]
    ) -> None:
        self.app = app
        self.journal = journal
        self.faults = faults
        self.clock = clock
        self.apart = apart

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self.apart(scope["path"]):
            await self.app(scope, receive, send)
            return
        body = await _whole_body(receive)
        index = self.journal.reserve()
        scope.setdefault("state", {})["journal_index"] = index
        query = scope["query_string"].decode("latin-1")
        fault = self.faults.take(scope["method"], scope["path"] + (f"?{query}" if query else ""))
        started = time.perf_counter()
        moment = seven_digits(self.clock.now())
        reply = Reply()
        # Without an event loop, the caller waits by other means.
        sleep = scope["state"].get("sleep", asyncio.sleep)
        try:
            if fault is not None and fault.delay:
                await sleep(fault.delay)
            if fault is None or not _replaced(fault):
                await self._serve(scope, body, reply)
            if fault is not None:
                _spoil(reply, fault)
                if fault.then is not None:
                    fault.then()
                await sleep(fault.delay_after)
                if fault.refuse:
                    self.faults.refuse_connections(fault.refuse)
        finally:
            self._note(index, scope, moment=moment, body=body, reply=reply, started=started)
        await _deliver(reply, fault, scope, receive, send)

    async def _serve(self, scope: Scope, body: bytes, reply: Reply) -> None:
        sent = False

        async def receive() -> Message:
            nonlocal sent
            if sent:
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                reply.status = message["status"]
                reply.headers = list(message["headers"])
            elif message["type"] == "http.response.body":
                reply.body += message.get("body", b"")

        await self.app(scope, receive, keep)

    def _note(self, index: int, scope: Scope, *, moment: str, body: bytes, reply: Reply, started: float) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        shown = masked_body(body, headers.get("content-type", ""))
        self.journal.add(
            Entry(
                index=index,
                time=moment,
                method=scope["method"],
                path=scope["path"],
                query=masked_query(scope["query_string"].decode("latin-1")),
                body=masked_vault_body(shown) if scope["path"].startswith(VAULT_PATHS) else shown,
                status=reply.status,
                client_id=scope["state"].get("client_id"),
                duration_ms=round((time.perf_counter() - started) * 1000, 3),
                user_agent=headers.get("user-agent"),
            )
        )


async def _whole_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _replaced(fault: Fault) -> bool:
    """Whether the request must not take effect."""
    return fault.close_before or fault.refuse > 0 or (fault.status is not None and not fault.processed)


def _spoil(reply: Reply, fault: Fault) -> None:
    if fault.status is not None:
        reply.status = fault.status
        reply.headers = []
        reply.set_header("content-type", "application/json")
        reply.body = _fault_body(fault)
    if reply.status in BODILESS and (fault.invalid_json or fault.oversize):
        reply.status = 200
    if fault.invalid_json:
        reply.body = b'{"value": [' + reply.body[:20]
    if fault.content_type is not None:
        reply.set_header("content-type", fault.content_type)
    for name, value in fault.headers.items():
        reply.set_header(name, str(value))
    if reply.body or reply.status not in BODILESS:
        reply.set_header("content-length", str(max(len(reply.body), fault.oversize)))


def _fault_body(fault: Fault) -> bytes:
    if fault.status in BODILESS:
        return b""
    body = fault.reply_body()
    text: str = body if isinstance(body, str) else json.dumps(body)
    return text.encode("utf-8")


async def _deliver(reply: Reply, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer, or break off as the fault requires. The server puts its transport into scope["state"]."""
    transport: Any = scope["state"].get("transport")
    broken_off = fault is not None and (fault.close_before or fault.close_after or fault.refuse > 0)
    if broken_off and transport is not None:
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    if fault is not None and fault.truncate and reply.body and transport is not None:
        await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
        transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    if fault is not None and scope["method"] != "HEAD":
        await _send_filling(fault.oversize, reply, send)
        return
    await send({"type": "http.response.body", "body": reply.body})


async def _send_filling(size: int, reply: Reply, send: Send) -> None:
    """Blanks behind the body, which leave JSON valid; sent in parts, so that no answer is held in memory whole."""
    await send({"type": "http.response.body", "body": reply.body, "more_body": True})
    for start in range(len(reply.body), size, _CHUNK):
        await send({"type": "http.response.body", "body": b" " * min(_CHUNK, size - start), "more_body": True})
    await send({"type": "http.response.body", "body": b""})
