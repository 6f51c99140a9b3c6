# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection to the emulator with all possible faults, in virtual time that only passes while a run waits.

Faults of the connection have the same effect here: closed, refused, truncated, too late. A request whose client has
given up is processed when its time has come, also after the run.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import typing as t

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.watch import Watch
from ansible_collections.email_gateway.azure_apps.tests.unit.direct_connection import body_of, response_of, scope_of
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import VirtualTime
from graph_emulator.wire.server import EmulatorServer


class Killed(BaseException):
    """The run ends here, without any clean-up."""


class Interrupted(BaseException):
    """As with Ctrl-C or a task's time-out: clean-up code still runs."""


class _Wait:
    """A wait of a request on its way; ``__await__`` yields the seconds to the caller."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __await__(self) -> c.Iterator[float]:
        yield self._seconds


@dataclasses.dataclass
class _Late:
    """A request whose client does not wait any more, and when it continues."""

    due: float
    rest: c.Iterator[t.Any]


@dataclasses.dataclass
class Stop:
    """The end of a run: ``at`` counts the operations before or after which it ends, from 1."""

    at: int
    how: c.Callable[[], BaseException]
    after: bool = False


class VirtualWire:
    """The network between the runs of a test and one emulator."""

    def __init__(self, server: EmulatorServer, time: VirtualTime) -> None:
        self.server = server
        self._time = time
        self._late: list[_Late] = []
        self._refuses_until = 0.0
        self.stop: Stop | None = None
        self.before: c.Callable[[int], None] = lambda _number: None
        self.sent = 0
        self.dead = False
        self.on_kill: c.Callable[[], None] = lambda: None

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """For all requests that this process sends with requests."""
        monkeypatch.setattr(self.server.faults, "refuse_connections", self._refuse)
        monkeypatch.setattr(Watch, "adapter", lambda _watch: _Adapter(self))
        monkeypatch.setattr(Watch, "request", _unlimited)
        monkeypatch.setattr(requests.sessions, "HTTPAdapter", lambda: _Adapter(self))

    def start_run(self, stop: Stop | None = None) -> None:
        self.sent, self.dead, self.stop = 0, False, stop

    def finish_late(self) -> None:
        """All requests that are still on their way arrive."""
        while self._late:
            self._arrive(self._late.pop(0))

    def drop_late(self) -> None:
        self._late.clear()
        self._refuses_until = 0.0

    def check_alive(self) -> None:
        if self.dead:
            raise Killed

    def end_run(self, how: c.Callable[[], BaseException]) -> t.NoReturn:
        self.stop = None
        if how is Killed:
            self.dead = True
            self.on_kill()
        raise how()

    def answer(self, request: requests.PreparedRequest, timeout: float) -> urllib3.HTTPResponse:
        self.check_alive()
        for late in [late for late in self._late if late.due <= self._time.monotonic()]:
            self._late.remove(late)
            self._arrive(late)
        self.sent += 1
        self.before(self.sent)
        self._stop(after=False)
        if self._time.monotonic() < self._refuses_until:
            raise requests.ConnectionError(urllib3.exceptions.NewConnectionError(t.cast("t.Any", None), "refused"))
        sent = self._exchange(request, timeout)
        self._stop(after=True)
        if not sent:
            raise requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted."))
        return response_of(sent)

    def _stop(self, *, after: bool) -> None:
        if self.stop is not None and (self.stop.at, self.stop.after) == (self.sent, after):
            self.end_run(self.stop.how)

    def _exchange(self, request: requests.PreparedRequest, timeout: float) -> list[t.Any]:
        """The response of the server; empty if it closes the connection. Raises ReadTimeout."""
        scope = scope_of(request)
        scope["state"] = {"transport": _Transport(), "sleep": _Wait}
        messages: list[dict[str, t.Any]] = [{"type": "http.request", "body": body_of(request), "more_body": False}]
        sent: list[t.Any] = []

        async def receive() -> dict[str, t.Any]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: t.Any) -> None:
            sent.append(message)

        work = t.cast("c.Iterator[t.Any]", self.server.application(scope, receive, send).__await__())
        waited = 0.0
        for seconds in work:
            waited += seconds or 0.0
            if waited > timeout:
                self._late.append(_Late(self._time.monotonic() + waited, work))
                self._time.sleep(timeout)
                raise requests.exceptions.ReadTimeout
        self._time.sleep(waited)
        return sent

    def _arrive(self, late: _Late) -> None:
        for _seconds in late.rest:
            pass

    def _refuse(self, seconds: float) -> None:
        self._refuses_until = self._time.monotonic() + seconds


class _Adapter(BaseAdapter):
    """The transport adapter of requests for this wire."""

    def __init__(self, wire: VirtualWire) -> None:
        super().__init__()
        self._wire = wire
        self._to_build = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, **more: t.Any) -> requests.Response:  # type: ignore[override]
        timeout = more["timeout"][1] if isinstance(more["timeout"], tuple) else more["timeout"] or 60.0
        return self._to_build.build_response(request, self._wire.answer(request, timeout))

    def close(self) -> None:
        self._to_build.close()


class _Transport:
    """A fault closes the connection with these; that the response is incomplete follows from what was sent."""

    def abort(self) -> None:
        pass

    def close(self) -> None:
        pass


@contextlib.contextmanager
def _unlimited(watch: Watch) -> c.Iterator[None]:
    """The time limit for a request as a whole is the same as that for its response, which is enforced here."""
    watch.expired = False
    yield
