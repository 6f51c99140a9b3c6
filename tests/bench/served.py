# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator in the benchmark: its requests and its content. It runs in the process of the tenant."""

from __future__ import annotations

import collections
import re
import typing as t
from datetime import datetime, timedelta

from ansible_collections.email_gateway.azure_apps.tests.bench.slow_network import SlowNetwork
from ansible_collections.email_gateway.azure_apps.tests.bench.tenant import Asked
from ansible_collections.email_gateway.azure_apps.tests.unit.report_tenant import TAG
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant
from graph_emulator.cli import lines_for_azure_cli
from graph_emulator.directory.seed import Operator, add_operator
from graph_emulator.journal import Entry
from graph_emulator.wire.server import EmulatorServer

JOURNAL = 200_000  # requests; a fleet makes more than the emulator records by default
# An object, an assignment of a role, a person; and an alternate key.
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=/)[\w-]{43}(?=/|$)|(?<=/)[^/]+@[^/]+")
KEY = re.compile(r"='[^']*'")
ROLES = ("Mail.Send", "User.Read.All")


def pattern(entry: Entry) -> str:
    """Method and path, without the parts that differ between applications."""
    path = KEY.sub("='*'", ID.sub("*", entry.path))
    return f"{entry.method} {path}"


class Served:
    """A running emulator. With a round-trip time, it is reached through a slow network."""

    def __init__(self, round_trip: float = 0.0) -> None:
        self._server = EmulatorServer().__enter__()
        self._server.journal._entries = collections.deque(maxlen=JOURNAL)
        self._tenant = Tenant(self._server)
        self._network: SlowNetwork | None = None
        if round_trip:
            self._network = SlowNetwork(self._server.port, round_trip=round_trip)
            base = f"https://localhost:{self._network.port}"
            self._server.graph = self._server.authority = base
            self._server.emulator.listen_at(base, resource_manager=self._server.resource_manager)
            self._tenant = Tenant(self._server)

    def environment(self) -> dict[str, str]:
        return self._server.environment()

    def azure_cli_lines(self) -> str:
        return lines_for_azure_cli(self._server)

    def graph(self) -> str:
        return self._server.graph

    def clear_requests(self) -> None:
        """Clear the recorded requests."""
        self._server.journal.clear()
        if self._network is not None:
            self._network.connections = 0

    def count(self) -> int:
        """Requests since the last clear."""
        return len(self._server.requests())

    def asked(self) -> list[Asked]:
        found = []
        for entry in self._server.requests():
            began = datetime.fromisoformat(entry.time.removesuffix("Z")[:26])
            found.append(Asked(pattern(entry), began, began + timedelta(milliseconds=entry.duration_ms)))
        return found

    def connections(self) -> int:
        return self._network.connections if self._network is not None else 0

    def run_module(self, module: str, options: dict[str, t.Any]) -> dict[str, t.Any]:
        """In this process, to prepare an application for a measurement."""
        return self._tenant.ok(module, **options)

    def mailbox(self) -> str:
        return self._tenant.mailbox("megan")

    def client_id(self, unique_name: str) -> str:
        return str(self._tenant.application(uniqueName=unique_name)["appId"])

    def service_principal(self, client_id: str) -> str:
        (found,) = self._tenant.service_principals(client_id)
        return str(found["id"])

    def fill(self, count: int, *, gateways: int) -> None:
        """Add applications with a secret and granted roles; so many of them have the tag of mail gateways."""
        applications = self._server.tenant.directory.applications
        for number in range(count):
            operator = Operator(roles=ROLES, display_name=f"Application {number}")
            add_operator(self._server.tenant, operator, age=timedelta(days=1))
            tags = [TAG] if number < gateways else []
            applications[operator.application_id].update(uniqueName=f"application-{number}", tags=tags)

    def close(self) -> None:
        problems = list(self._server.internal_errors)
        if self._network is not None:
            self._network.close()
        self._server.__exit__(None, None, None)
        if problems:
            raise RuntimeError(f"the emulator failed: {problems[0]}")
