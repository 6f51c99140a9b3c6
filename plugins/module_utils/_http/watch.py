# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A limit of time for a request as a whole, and of size for the head of its answer.

The timeouts of requests are for each piece that arrives, so that a server which sends a byte now and then, in the TLS
handshake, in the head or in the body, or a proxy, could hold a task for days. Python allows a head of six megabytes,
which take eight times as much while they are parsed.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib
import os
import socket
import threading
import typing as t

if t.TYPE_CHECKING:
    from requests.adapters import HTTPAdapter


LARGEST_HEAD = 128 * 1024  # bytes; Microsoft Graph's have about two thousand


class _Lines:
    """The lines of a head, which must not become too many."""

    def __init__(self, file: t.Any) -> None:
        self._file = file
        self._left = LARGEST_HEAD

    def readline(self, limit: int) -> bytes:
        line: bytes = self._file.readline(min(limit, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise http.client.HTTPException("the head of the answer is too large")
        return line

    def close(self) -> None:
        self._file.close()


class _Response(http.client.HTTPResponse):
    """An answer whose head is bounded."""

    def begin(self) -> None:
        file = self.fp
        self.fp = t.cast("t.Any", _Lines(file))
        try:
            super().begin()
        finally:
            if self.fp is not None:  # not closed
                self.fp = file


class Watch:
    """Breaks the connections of one client off when a request takes longer than ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # By host and port, since requests go one after the other: an older connection is not in use any more.
        self._sockets: dict[t.Any, socket.socket] = {}
        self._lock = threading.Lock()
        self.expired = False

    @contextlib.contextmanager
    def request(self) -> t.Iterator[None]:
        self.expired = False
        timer = threading.Timer(self._seconds, self._break_off)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def close(self) -> None:
        with self._lock:
            for watched in self._sockets.values():
                watched.close()
            self._sockets.clear()

    def adapter(self) -> HTTPAdapter:
        """A transport adapter of requests whose connections are watched from their first byte on."""
        adapters = importlib.import_module("requests.adapters")
        pools = importlib.import_module("urllib3.connectionpool")
        classes = {
            "https": _watched(pools.HTTPSConnectionPool, self._add),
            "http": _watched(pools.HTTPConnectionPool, self._add),
        }

        class Adapter(adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
            """Has such pools, with and without a proxy."""

            def init_poolmanager(self, *args: t.Any, **more: t.Any) -> None:
                super().init_poolmanager(*args, **more)
                self.poolmanager.pool_classes_by_scheme = classes

            def proxy_manager_for(self, *args: t.Any, **more: t.Any) -> t.Any:
                manager = super().proxy_manager_for(*args, **more)
                manager.pool_classes_by_scheme = classes
                return manager

        made: HTTPAdapter = Adapter()
        return made

    def _add(self, key: t.Any, made: socket.socket) -> None:
        # A copy: TLS takes the descriptor over into an object that does not exist before the handshake is done.
        copy = socket.socket(made.family, made.type, made.proto, fileno=os.dup(made.fileno()))
        with self._lock:
            old = self._sockets.pop(key, None)
            self._sockets[key] = copy
            expired = self.expired
        if old is not None:
            old.close()
        if expired:
            _shut_down(copy)

    def _break_off(self) -> None:
        with self._lock:
            self.expired = True
            for watched in self._sockets.values():
                _shut_down(watched)


def _watched(pool: t.Any, add: t.Callable[[t.Any, socket.socket], None]) -> t.Any:
    """A class of pools like ``pool`` whose connections call ``add`` with their socket."""

    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        """Reports its socket."""

        response_class = _Response

        def _new_conn(self) -> socket.socket:
            made: socket.socket = super()._new_conn()
            add((self.host, self.port), made)
            return made

    class Pool(pool):  # type: ignore[misc]
        """Makes such connections."""

        ConnectionCls = Connection

    return Pool


def _shut_down(watched: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side was first
        watched.shutdown(socket.SHUT_RDWR)
