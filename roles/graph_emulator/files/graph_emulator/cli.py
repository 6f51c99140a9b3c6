# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: start in the foreground, print the addresses as one JSON line, serve until a signal stops it."""

from __future__ import annotations

import argparse
import json
import logging
import shlex
import signal
import sys
from pathlib import Path
from types import FrameType

from .resource_manager.service import NAME as CLOUD
from .settings import UNITS_BY_SIZE
from .wire.server import HTTPS_PORT, MICROSOFT_NAMES, EmulatorServer

EXIT_CANNOT_LISTEN = 2


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",") if part.strip())


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="graph_emulator", description="Emulates Microsoft Graph v1.0 and the Entra ID token endpoint on loopback."
    )
    options.add_argument("--host", default="127.0.0.1", choices=["127.0.0.1", "::1", "localhost"])
    address = options.add_mutually_exclusive_group()
    address.add_argument("--port", type=int, default=0, help="0 uses a free port")
    address.add_argument(
        "--microsoft-names",
        action="store_true",
        help=f"answer as {', '.join(MICROSOFT_NAMES)} on port {HTTPS_PORT}; these names must resolve to loopback",
    )
    options.add_argument("--smtp-port", type=int, default=0, help="the same for SMTP")
    options.add_argument("--state-dir", help="folder for the CA file; default: a temporary one")
    options.add_argument(
        "--secret-delay",
        type=float,
        default=0.0,
        metavar="S",
        help="seconds for which a fresh client secret is refused",
    )
    options.add_argument(
        "--consent-delay",
        type=float,
        default=0.0,
        metavar="S",
        help="seconds for which a fresh consent is missing from tokens",
    )
    options.add_argument(
        "--lag", type=int, default=0, metavar="N", help="requests for which a fresh object is not there yet"
    )
    options.add_argument("--token-lifetime", type=int, default=3599, metavar="S", help="seconds a token is valid")
    options.add_argument(
        "--replica-delays",
        type=_numbers,
        default=(),
        metavar="S,S,...",
        help="replicas that serve requests in turn, each by how many seconds it is behind: 0,3,20",
    )
    options.add_argument(
        "--throttle",
        default="",
        choices=sorted(UNITS_BY_SIZE),
        metavar="SIZE",
        help="throttle like a tenant of this size: S, M or L",
    )
    options.add_argument("--throttle-units", type=int, default=0, metavar="N", help="resource units in 10 seconds")
    options.add_argument("--throttle-writes", type=int, default=0, metavar="N", help="writes in 150 seconds")
    options.add_argument(
        "--concurrency-window",
        type=float,
        default=0.0,
        metavar="S",
        help="seconds in which a second write to the same object is refused",
    )
    options.add_argument(
        "--weather-seed", type=int, default=0, metavar="N", help="selects the sequence in which replicas serve"
    )
    options.add_argument(
        "--paste", action="store_true", help="also print the commands for Azure CLI, on standard error"
    )
    options.add_argument("--log-file", help="where warnings and tracebacks go; default: standard error")
    return options


def main(arguments: list[str] | None = None) -> int:
    chosen = parser().parse_args(arguments)
    if chosen.log_file:
        logging.basicConfig(filename=chosen.log_file, level=logging.INFO)
    try:
        server = EmulatorServer(
            host="127.0.0.1" if chosen.host == "localhost" else chosen.host,
            port=chosen.port,
            smtp_port=chosen.smtp_port,
            state_dir=chosen.state_dir,
            secret_delay=chosen.secret_delay,
            consent_delay=chosen.consent_delay,
            lag=chosen.lag,
            token_lifetime=chosen.token_lifetime,
            replica_delays=chosen.replica_delays,
            throttle=chosen.throttle,
            throttle_units=chosen.throttle_units,
            throttle_writes=chosen.throttle_writes,
            concurrency_window=chosen.concurrency_window,
            weather_seed=chosen.weather_seed,
            microsoft_names=chosen.microsoft_names,
            log_level="warning",
        )
    except OSError as error:
        port = HTTPS_PORT if chosen.microsoft_names else chosen.port
        ports = " and ".join(str(number) for number in (port, chosen.smtp_port) if number)
        print(f"graph_emulator: cannot listen on {chosen.host} port {ports}: {error.strerror}", file=sys.stderr)
        return EXIT_CANNOT_LISTEN

    # The handlers come first: the reader of the line may send a signal immediately.
    _stop_on_signal(server)
    print(json.dumps(server.announcement()), flush=True)
    if chosen.paste:
        print(lines_for_azure_cli(server), file=sys.stderr, flush=True)
    try:
        server.run()
    finally:
        server.close()
    return 0


def lines_for_azure_cli(server: EmulatorServer) -> str:
    """What to paste into a shell. Azure CLI gets a configuration folder of its own, beside the CA file."""
    settings = {
        "REQUESTS_CA_BUNDLE": server.ca_file,
        "AZURE_CONFIG_DIR": str(Path(server.ca_file).parent / "azure"),
        # MSAL would ask login.microsoftonline.com whether it knows this host.
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
    }
    sign_in = ("--username", server.client_id, "--password", server.client_secret, "--tenant", server.tenant_id)
    commands = (
        ("az", "cloud", "register", "--name", CLOUD, "--endpoint-resource-manager", server.resource_manager),
        ("az", "cloud", "set", "--name", CLOUD),
        ("az", "login", "--service-principal", *sign_in, "--allow-no-subscriptions"),
    )
    exported = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
    return "\n".join([f"export {exported}", *map(shlex.join, commands)])


def _stop_on_signal(server: EmulatorServer) -> None:
    """uvicorn raises the signal again after it has shut down; then it is ignored."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
