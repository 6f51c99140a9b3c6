# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that go wrong on purpose: a test selects the request and the fault."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

# Bodies for a fault that names only a status. 429: sample of the Microsoft Graph throttling page; 409 and 503: bodies
# in nais/azurerator issue 448 and Azure/azure-cli issue 23081. Other codes carry an invented, plainly marked message.
FAULT_ERRORS: dict[int, tuple[str, str]] = {
    409: (
        "Directory_ConcurrencyViolation",
        "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.",
    ),
    429: ("TooManyRequests", "Please retry again later."),
    500: ("InternalServerError", "Injected by the emulator."),
    502: ("BadGateway", "Injected by the emulator."),
    503: ("ServiceUnavailable", "Injected by the emulator."),
    504: ("GatewayTimeout", "Injected by the emulator."),
}


@dataclass
class Fault:
    """One rule. It fires for the matching requests number `nth` to `nth + times - 1`; with `outer_only`, those inside a
    $batch are not among them.

    `status`, `headers` and `body` replace the answer; `processed`: whether the request still takes effect first.
    Without them the request is served, with the other switches spoiling the connection or the answer: `delay` seconds
    before it is served, `delay_after` seconds between that and the answer, `oversize` bytes that the answer is filled
    up to. `refuse` breaks the connection off unserved and refuses new ones for so many seconds. `then` is called
    between the request's effect and its answer, in tests that run the emulator in their own process.
    """

    path: str = ".*"
    method: str | None = None
    nth: int = 1
    times: int = 1
    outer_only: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    processed: bool = False
    close_before: bool = False
    close_after: bool = False
    truncate: bool = False
    invalid_json: bool = False
    delay: float = 0.0
    delay_after: float = 0.0
    refuse: float = 0.0
    then: Callable[[], None] | None = None
    oversize: int = 0
    content_type: str | None = None
    seen: int = 0

    def __post_init__(self) -> None:
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"path is no regular expression: {error}") from error
        if self.status is not None and (isinstance(self.status, bool) or not isinstance(self.status, int)):
            raise ValueError("status must be a whole number")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError("status must be from 200 to 599")
        if min(self.delay, self.delay_after, self.refuse, self.oversize) < 0:
            raise ValueError("delay, delay_after, refuse and oversize must be zero or more")
        if self.then is not None and not callable(self.then):
            raise ValueError("then can be set only from within the emulator's own process")
        if self.nth < 1 or self.times < 1:
            raise ValueError("nth and times start at 1")

    @classmethod
    def from_dict(cls, rule: dict[str, Any]) -> Fault:
        known = {entry.name for entry in fields(cls)} - {"seen"}
        unknown = sorted(set(rule) - known)
        if unknown:
            raise ValueError(f"unknown in a fault: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        return cls(**rule)

    def reply_body(self) -> Any:
        """The body that replaces the answer: the one given, or one that suits the status."""
        if self.body is not None:
            return self.body
        code, message = FAULT_ERRORS.get(self.status or 0, ("UnknownError", "Injected by the emulator."))
        return {"error": {"code": code, "message": message, "innerError": {}}}

    @property
    def fired(self) -> bool:
        return self.seen >= self.nth

    def matches(self, method: str, target: str) -> bool:
        return (self.method is None or self.method.upper() == method) and re.search(self.path, target) is not None


class Faults:
    """The rules in force. `take` counts a request against all of them and gives the first that fires."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._lock = threading.Lock()
        # Set by the server: it stops listening for so many seconds.
        self.refuse_connections: Callable[[float], None] = lambda seconds: None

    def add(self, **rule: Any) -> Fault:
        fault = Fault.from_dict(rule)
        with self._lock:
            self._rules.append(fault)
        return fault

    @property
    def rules(self) -> tuple[Fault, ...]:
        with self._lock:
            return tuple(self._rules)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def take(self, method: str, target: str, *, inner: bool = False) -> Fault | None:
        """`target` is path and query; the first firing rule wins, the others still count the request."""
        chosen: Fault | None = None
        with self._lock:
            for rule in self._rules:
                if (inner and rule.outer_only) or not rule.matches(method, target):
                    continue
                rule.seen += 1
                if chosen is None and rule.nth <= rule.seen < rule.nth + rule.times:
                    chosen = rule
        return chosen
