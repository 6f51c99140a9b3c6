# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A slow network: a TCP forwarder that delivers all data half a round-trip time later."""

from __future__ import annotations

import asyncio
import threading

_CHUNK = 1 << 16


class SlowNetwork:
    """Listens on a free port of loopback and forwards to another port, from a thread of its own.

    A connection costs a round trip before its first byte, like the TCP handshake. The TLS handshake and each request
    then
    have their round trips anyway.
    """

    def __init__(self, target: int, *, round_trip: float) -> None:
        self.connections = 0
        self._target = target
        self._round_trip = round_trip
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.sleep(self._round_trip)
        await asyncio.gather(self._forward(reader, upstream_writer), self._forward(upstream_reader, writer))

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        later = self._round_trip / 2
        try:
            while data := await reader.read(_CHUNK):
                self._loop.call_later(later, writer.write, data)
        except ConnectionError:
            pass  # a client may close the connection
        self._loop.call_later(later, writer.close)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
