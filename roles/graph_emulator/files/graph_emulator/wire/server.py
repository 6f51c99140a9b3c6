# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator on the network: uvicorn with TLS on loopback, in a thread for tests or in the foreground."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..clock import Clock
from ..directory.seed import Seed
from ..directory.tenant import Tenant
from ..emulator import Emulator
from ..faults import Faults
from ..identity.tokens import process_key
from ..journal import Entry, Journal
from ..settings import Settings
from .smtp import METHOD, ExchangeSmtp, SmtpProtocol
from .tls import TlsFiles
from .web import Web

HTTPS_PORT = 443
MICROSOFT_NAMES = ("graph.microsoft.com", "login.microsoftonline.com", "management.azure.com")
_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


class _Protocol(H11Protocol):
    """Hands the transport to the application, which lets faults break a connection off."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}

    def shutdown(self) -> None:
        """Drop idle connections at once: over TLS a polite close waits for a client that may never answer."""
        super().shutdown()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


class _Server(uvicorn.Server):
    """Serves SMTP in the same loop."""

    def __init__(self, config: uvicorn.Config, emulator: Emulator, smtp_socket: socket.socket) -> None:
        super().__init__(config)
        self._exchange = ExchangeSmtp(emulator.tenant, process_key(), emulator.journal, emulator.internal_errors)
        self._smtp_socket = smtp_socket
        self._smtp: asyncio.Server | None = None
        self._sessions: set[SmtpProtocol] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._smtp = await asyncio.get_running_loop().create_server(self._session, sock=self._smtp_socket)
        await super().startup(sockets=sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._smtp is not None:
            self._smtp.close()
        for session in self._sessions:
            if session.transport is not None:
                cast(asyncio.WriteTransport, session.transport).abort()
        await super().shutdown(sockets=sockets)

    def _session(self) -> SmtpProtocol:
        self._sessions = {session for session in self._sessions if session.transport is not None}
        made = SmtpProtocol(self._exchange, cast(ssl.SSLContext, self.config.ssl))
        self._sessions.add(made)
        return made


class EmulatorServer:
    """A running emulator. As a context manager it serves from a thread of its own until the block ends.

    `host` must be a loopback address; `port` and `smtp_port` 0 take free ones. `state_dir` holds the CA file and
    the certificate. With `microsoft_names`, the emulator answers as the hosts in MICROSOFT_NAMES, on the port 443: for
    clients that have no setting for an address. Where they run, these names have to lead to loopback.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        smtp_port: int = 0,
        state_dir: str | os.PathLike[str] | None = None,
        secret_delay: float = 0.0,
        consent_delay: float = 0.0,
        lag: int = 0,
        token_lifetime: int = 3599,
        replica_delays: Sequence[float] = (),
        throttle: str = "",
        throttle_units: int = 0,
        throttle_writes: int = 0,
        concurrency_window: float = 0.0,
        weather_seed: int = 0,
        log_level: str = "error",
        seed: Seed | None = None,
        microsoft_names: bool = False,
    ) -> None:
        settings = Settings(
            secret_delay=secret_delay,
            consent_delay=consent_delay,
            lag=lag,
            token_lifetime=token_lifetime,
            replica_delays=tuple(replica_delays),
            throttle=throttle,
            throttle_units=throttle_units,
            throttle_writes=throttle_writes,
            concurrency_window=concurrency_window,
            weather_seed=weather_seed,
        )
        self.emulator = Emulator(settings=settings, seed=seed)
        web, self._smtp_socket, vault = _listening_sockets(
            host, (HTTPS_PORT if microsoft_names else port, smtp_port, 0)
        )
        self._sockets = [web, vault]
        self.smtp_host = "localhost"
        self.smtp_port = self._smtp_socket.getsockname()[1]
        self._tls = TlsFiles(
            Path(state_dir) if state_dir is not None else None, names=MICROSOFT_NAMES if microsoft_names else ()
        )
        bound_port, self.vault_port = (listener.getsockname()[1] for listener in self._sockets)
        self.graph = self.authority = f"https://localhost:{bound_port}"
        self.port = bound_port
        self.key_vault = f"https://localhost:{self.vault_port}"
        # Another host name than Graph's, as with Azure: `az rest` chooses the token's audience by the address.
        self.resource_manager = f"https://{f'[{host}]' if ':' in host else host}:{bound_port}"
        if microsoft_names:
            self.graph, self.authority, self.resource_manager = (f"https://{name}" for name in MICROSOFT_NAMES)
        vault_suffix = f"vault.localhost:{self.vault_port}"  # of emulator.vault.localhost, where that is resolved
        self.emulator.listen_at(
            self.graph,
            authority=self.authority,
            resource_manager=self.resource_manager,
            key_vaults=frozenset({self.key_vault, f"https://{vault_suffix}"}),
            vault_suffix=vault_suffix,
        )
        self.application = Web(self.emulator).application(vault_port=self.vault_port)
        config = _uvicorn_config(self.application, log_level=log_level)
        config.ssl = self._tls.context()
        self.host = host
        self._config = config
        self._server = _Server(config, self.emulator, self._smtp_socket)
        self.emulator.faults.refuse_connections = self._refuse_connections
        self._thread: threading.Thread | None = None

    # What tests look at

    @property
    def tenant(self) -> Tenant:
        return self.emulator.tenant

    @property
    def tenant_id(self) -> str:
        return self.emulator.seed.tenant_id

    @property
    def domain(self) -> str:
        return self.emulator.seed.domain

    @property
    def client_id(self) -> str:
        return self.emulator.seed.operator.client_id

    @property
    def client_secret(self) -> str:
        return self.emulator.seed.operator.client_secret

    @property
    def ca_file(self) -> str:
        return str(self._tls.ca_file)

    @property
    def clock(self) -> Clock:
        return self.emulator.clock

    @property
    def journal(self) -> Journal:
        return self.emulator.journal

    @property
    def faults(self) -> Faults:
        return self.emulator.faults

    @property
    def settings(self) -> Settings:
        return self.emulator.tenant.settings

    @property
    def internal_errors(self) -> list[str]:
        """Tracebacks of the emulator's own bugs; tests assert that there are none."""
        return self.emulator.internal_errors

    def reset(self) -> None:
        self.emulator.reset()

    def add_operator(self, roles: list[str]) -> tuple[str, str]:
        return self.emulator.add_operator(roles)

    def writes(self) -> list[Entry]:
        """Changes asked of Graph since the reset, whether granted or not; a $batch counts by its inner requests."""
        return [entry for entry in self.journal.entries() if entry.is_write]

    def vault_writes(self) -> list[Entry]:
        """Changes asked of the key vault since the reset, whether granted or not."""
        return [entry for entry in self.journal.entries() if entry.is_vault_write]

    def requests(self) -> list[Entry]:
        """All HTTP requests since the reset, without the admin interface and the inner requests of a $batch."""
        return [entry for entry in self.journal.entries() if entry.outer is None and entry.method != METHOD]

    def smtp_sessions(self) -> list[Entry]:
        """All connections to the SMTP server since the reset."""
        return [entry for entry in self.journal.entries() if entry.method == METHOD]

    def environment(self, client_id: str | None = None, client_secret: str | None = None) -> dict[str, str]:
        """The variables by which this collection's modules sign in here, as the seeded operator or as another."""
        return {
            "AZURE_TENANT": self.tenant_id,
            "AZURE_CLIENT_ID": client_id or self.client_id,
            "AZURE_SECRET": client_secret or self.client_secret,
            "AZURE_AUTHORITY_HOST": self.authority,
            "AZURE_GRAPH_URL": self.graph,
            "REQUESTS_CA_BUNDLE": self.ca_file,
        }

    def announcement(self) -> dict[str, Any]:
        """What a starter needs to know, as printed on standard output."""
        return {
            "graph": self.graph,
            "authority": self.authority,
            "key_vault": self.key_vault,
            "resource_manager": self.resource_manager,
            "tenant_id": self.tenant_id,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "smtp_host": self.smtp_host,
            "smtp_port": self.smtp_port,
            "ca_file": self.ca_file,
            "pid": os.getpid(),
            "admin": f"{self.graph}/_emulator",
            "environment": self.environment(),
        }

    # Running

    def run(self) -> None:
        """Serve until stop() or a signal that uvicorn handles; the caller closes afterwards."""
        self._server.run(sockets=self._sockets)

    def stop(self) -> None:
        self._server.should_exit = True

    def _refuse_connections(self, seconds: float) -> None:
        """In the server's own thread: stop listening for a while, as a service that is being restarted."""
        for server in self._server.servers:
            server.close()
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, lambda: loop.create_task(self._listen_again()))

    async def _listen_again(self) -> None:
        config, server = self._config, self._server
        self._sockets = _listening_sockets(self.host, (self.port, self.vault_port))

        def protocol() -> asyncio.Protocol:
            return _Protocol(config=config, server_state=server.server_state, app_state=server.lifespan.state)

        loop = asyncio.get_running_loop()
        server.servers = [
            await loop.create_server(protocol, sock=listener, ssl=config.ssl) for listener in self._sockets
        ]

    def close(self) -> None:
        for listener in (*self._sockets, self._smtp_socket):
            listener.close()
        self._tls.remove()

    def __enter__(self) -> EmulatorServer:
        self._thread = threading.Thread(target=self.run, name="graph_emulator", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the emulator did not start; its traceback is on standard error")
            time.sleep(0.002)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
        self.close()


def _listening_sockets(host: str, ports: Sequence[int]) -> list[socket.socket]:
    """All of them, or none: those that are open already are closed before OSError is raised."""
    found: list[socket.socket] = []
    try:
        for port in ports:
            found.append(_listening_socket(host, port))
    except OSError:
        for listener in found:
            listener.close()
        raise
    return found


def _uvicorn_config(application: object, *, log_level: str) -> uvicorn.Config:
    """Loaded, without TLS."""
    config = uvicorn.Config(
        cast(Any, application),
        http=_Protocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        log_level=log_level,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=120,
    )
    config.load()
    return config


def _listening_socket(host: str, port: int) -> socket.socket:
    """Bound and listening at once, so that the port is known and clients can queue. Port taken: OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off, which would cost 40 ms an answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
