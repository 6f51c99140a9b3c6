# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts the calls of a client that were tried and correct, and the checks of the tenant, for the table at the end."""

from __future__ import annotations

import collections.abc as c
import contextlib
import json
import subprocess
import typing as t
from dataclasses import asdict, dataclass, field

from graph_emulator.wire.server import EmulatorServer

Json = dict[str, t.Any]
MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
PROPERTY = "client"
_LONGEST_CALL = 180  # seconds, on a machine that does much else


@dataclass
class Life:
    """The results of one test of a client."""

    client: str
    version: str = ""
    tried: list[str] = field(default_factory=list)
    right: int = 0
    looks: int = 0

    @contextlib.contextmanager
    def call(self, name: str) -> c.Iterator[None]:
        """A call of the client; it is correct if the block, which makes and checks it, raises no error."""
        self.tried.append(name)
        yield
        self.right += 1

    def check_state(self, actual: object, expected: object) -> None:
        """Check the state of the tenant after a call."""
        assert actual == expected, f"after {self.tried[-1]}: the tenant holds {actual!r} instead of {expected!r}"
        self.looks += 1

    def as_property(self) -> dict[str, t.Any]:
        return asdict(self)


def table(lives: c.Iterable[dict[str, t.Any]]) -> list[str]:
    """One line for each client, with the sums of its tests."""
    rows: dict[tuple[str, str], list[int]] = {}
    for life in lives:
        row = rows.setdefault((life["client"], life["version"]), [0, 0, 0])
        for index, amount in enumerate((len(life["tried"]), life["right"], life["looks"])):
            row[index] += amount
    lines = [f"{'client':<34} {'version':<10} {'calls tried':>11} {'right':>6} {'looks at the tenant':>20}"]
    for (client, version), (tried, right, looks) in sorted(rows.items()):
        lines.append(f"{client:<34} {version:<10} {tried:>11} {right:>6} {looks:>20}")
    return lines


class Program:
    """A client that is a program. Its home folder is temporary, and it has no other variables than these."""

    def __init__(self, command: list[str], environ: dict[str, str]) -> None:
        self.command = command
        self.environ = environ

    def run(self, *arguments: str, fails: bool = False, **environ: str) -> str:
        """Standard output, or with `fails` standard error; the other exit status is an error."""
        done = subprocess.run(
            [*self.command, *arguments],
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_CALL,
        )
        output = f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}\n{done.stdout}"
        assert (done.returncode != 0) == fails, output
        return done.stderr if fails else done.stdout

    def json(self, *arguments: str) -> t.Any:
        text = self.run(*arguments)
        return json.loads(text) if text.strip() else None


class CurrentState:
    """The current state of the application with this client id in the tenant."""

    def __init__(self, server: EmulatorServer, client_id: str) -> None:
        self.tenant = server.tenant
        self.client_id = client_id

    @property
    def exists(self) -> bool:
        return self.tenant.application_by("appId", self.client_id) is not None

    @property
    def deleted(self) -> bool:
        return bool(self.tenant.directory.deleted.where("appId", self.client_id))

    @property
    def document(self) -> Json:
        found = self.tenant.application_by("appId", self.client_id)
        assert found is not None, f"there is no application {self.client_id}"
        return found

    @property
    def principal(self) -> Json | None:
        return self.tenant.service_principal_by("appId", self.client_id)

    @property
    def secrets(self) -> list[str]:
        return sorted(entry["displayName"] for entry in self.document["passwordCredentials"])

    @property
    def certificates(self) -> list[str]:
        return sorted(entry["displayName"] for entry in self.document["keyCredentials"])

    @property
    def declared(self) -> list[str]:
        """Ids of the permissions in requiredResourceAccess."""
        listed = self.document["requiredResourceAccess"]
        return sorted(access["id"] for entry in listed for access in entry["resourceAccess"])

    @property
    def roles(self) -> list[str]:
        """Names of the application permissions of Microsoft Graph that are granted."""
        graph = self.tenant.service_principal_by("appId", MICROSOFT_GRAPH)
        assert graph is not None and self.principal is not None
        return sorted(self.tenant.granted_roles(self.principal["id"], graph["id"], in_tokens=True))

    @property
    def scopes(self) -> list[str]:
        """Names of the delegated permissions that are granted."""
        assert self.principal is not None
        grants = self.tenant.directory.grants.where("clientId", self.principal["id"])
        return sorted(name for grant in grants for name in grant["scope"].split())

    @property
    def owners(self) -> list[str]:
        return sorted(self.tenant.directory.owners.get(self.document["id"], []))

    @property
    def federated(self) -> list[str]:
        """Subjects of the federated identity credentials."""
        listed = self.tenant.directory.federated_credentials.get(self.document["id"], [])
        return sorted(entry["subject"] for entry in listed)
