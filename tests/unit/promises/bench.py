# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tenant and a user's folder that are reset for each cell, and the guarantees that are checked in them."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import json
import typing as t
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.tests.faults.promise import DESCRIPTION, WANTED, broken_promises
from ansible_collections.email_gateway.azure_apps.tests.matrix.comparison import Normalised
from ansible_collections.email_gateway.azure_apps.tests.unit.credential_gateway import Gateway
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.role import Role, RoleRun
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.virtual_wire import Killed, Stop, VirtualWire
from ansible_collections.email_gateway.azure_apps.tests.unit.role_steps import MICROSOFT_GRAPH
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from graph_emulator.directory.tenant import Directory

SOON = datetime.timedelta(days=5)


# The states in which another run changed nothing.
SETTLED: set[str] = set()


@dataclasses.dataclass(frozen=True)
class Kept:
    """Everything that a run can change: the directory and the files."""

    directory: Directory
    files: t.Mapping[Path, bytes]


class Bench:
    """``stored`` and the attributes are used by broken_promises."""

    def __init__(self, tenant: Tenant, wire: VirtualWire, folder: Path, *, credential_type: str) -> None:
        self.tenant = tenant
        self.server = tenant.server
        self.wire = wire
        self.folder = folder
        self.gateway = Gateway(tenant, folder)
        self.role = Role(self.gateway, credential_type=credential_type)
        self.store_steps: list[str] = []
        self._shorten_lists()
        self._starts: dict[str, Kept] = {"nothing": self.keep()}

    def _shorten_lists(self) -> None:
        """Only the permissions that matter here: all others would be sent, read and checked in each of many runs."""
        (graph,) = self.tenant.service_principals(MICROSOFT_GRAPH)
        granted = self.server.tenant.granted_roles(
            self.server.emulator.seed.operator.service_principal_id, graph["id"], in_tokens=True
        )
        graph["appRoles"] = [role for role in graph["appRoles"] if role["value"] in {*granted, *WANTED}]
        graph["oauth2PermissionScopes"] = graph["oauth2PermissionScopes"][:5]

    # States

    def keep(self) -> Kept:
        files = {path: path.read_bytes() for path in self.folder.iterdir() if path.suffix != ".lock"}
        return Kept(_copied(self.server.tenant.directory), files)

    def restore(self, kept: Kept) -> None:
        self.wire.drop_late()
        self.wire.start_run()
        self.server.faults.clear()
        self.server.journal.clear()
        self.server.tenant.load(_copied(kept.directory))
        self.restore_files(kept.files)
        for shelf in self.gateway.shelves:
            shelf.then = None

    def restore_files(self, files: t.Mapping[Path, bytes]) -> None:
        for path in self.folder.iterdir():
            if path not in files and path.suffix != ".lock":
                path.unlink()
        for path, content in files.items():
            path.write_bytes(content)

    def start_from(self, state: str) -> list[str]:
        """A tenant without the application, or with a valid or due credential; returns key ids that must stay."""
        if state not in self._starts:
            self.restore(self._starts["nothing"])
            assert self.role.run().is_good
            self._starts["valid"] = self.keep()
            self.end_of(self.stored()["key_id"], SOON)
            self._starts["due"] = self.keep()
        self.restore(self._starts[state])
        return [self.stored()["key_id"]] if state == "due" else []

    def end_of(self, key_id: str, left: datetime.timedelta) -> None:
        end = datetime.datetime.now(datetime.timezone.utc) + left
        for credential in self.credentials:
            if credential["keyId"] == key_id:
                credential["endDateTime"] = f"{end:%Y-%m-%dT%H:%M:%SZ}"

    # Runs

    def run(self, entry: str, *, stop: Stop | None = None, stop_at_store: Stop | None = None) -> RoleRun:
        self.wire.start_run(stop)
        files: dict[Path, bytes] = {}
        self.wire.on_kill = lambda: files.update(self.keep().files)
        self.store_steps = []

        def at_store(step: str) -> None:
            self.wire.check_alive()
            self.store_steps.append(step)
            if stop_at_store is not None and len(self.store_steps) == stop_at_store.at:
                self.wire.end_run(stop_at_store.how)

        for shelf in self.gateway.shelves:
            shelf.then = at_store
        done = self.role.run(entry)
        if isinstance(done.ended_by, Killed):
            self.restore_files(files)
        for shelf in self.gateway.shelves:
            shelf.then = None
        self.wire.start_run()
        return done

    # What there is

    @property
    def application(self) -> Json:
        return self.tenant.application(uniqueName="gateway")

    @property
    def credentials(self) -> list[Json]:
        """The credentials in the tenant, of the kind that the role manages."""
        kind = "keyCredentials" if self.role.credential_type == "certificate" else "passwordCredentials"
        found: list[Json] = self.application[kind]
        return found

    def stored(self, _unique_name: str = "gateway") -> Json:
        content: Json = json.loads(self.gateway.shelves[0].path.read_text())
        return content

    @property
    def claimed_starts(self) -> list[datetime.datetime | None]:
        if not self.gateway.claims.exists():
            return []
        claims, _end = json.JSONDecoder().raw_decode(self.gateway.claims.read_text().strip() or "[]")
        return [times.parse(claim["start"]) for claim in claims]

    # What is promised

    def broken_meanwhile(self, kept: t.Collection[str]) -> list[str]:
        """After a run, however it ended: no second application, no lost secret, and the old one works."""
        applications = self.tenant.applications
        if len(applications) > 1:
            return [f"{len(applications)} applications"]
        found = []
        if applications and self.role.credential_type == "client_secret":
            stored = {self.stored()["key_id"]} if self.gateway.shelves[0].path.exists() else set()
            lost = [
                credential
                for credential in self.credentials
                if credential["displayName"] == DESCRIPTION
                and credential["keyId"] not in {*stored, *kept}
                and times.parse(credential["startDateTime"]) not in self.claimed_starts
            ]
            found += [f"the secret {credential['keyId']} is in no store and not claimed" for credential in lost]
        here = {credential["keyId"] for credential in self.credentials} if applications else set()
        if not {*kept} <= here:
            found.append("an old credential was removed")
        # A certificate that was written twice is the same one with another key id.
        is_secret = self.role.credential_type == "client_secret"
        if is_secret and self.gateway.shelves[0].path.exists() and self.stored()["key_id"] not in here:
            found.append("the store keeps a secret that the tenant does not have")
        return found

    def broken_in_the_end(self, kept: t.Collection[str], entry: str) -> list[str]:
        """The state is the requested one, and another run changes nothing.

        This is tried once for each state that differs in more than ids and times: most steps end in the same few
        states.
        """
        found = broken_promises(t.cast("t.Any", self), kept=kept)
        if found:
            return found
        state = f"{self.role.credential_type} {entry} {self._state()}"
        if state in SETTLED:
            return []
        self.server.journal.clear()
        again = self.run(entry)
        if not again.is_good:
            return [f"another run failed: {described(again)}"]
        if again.changed or self.tenant.writes:
            return [f"another run changed {again.changed} {self.tenant.writes}"]
        SETTLED.add(state)
        return []

    def _state(self) -> str:
        """The content of the tenant, the stores and the claims, with the days that each credential has left."""
        directory = self.server.tenant.directory
        principals = self.tenant.service_principals(self.application["appId"])
        ids = {principal["id"] for principal in principals}
        now = self.server.clock.now()
        granted = {
            "application": self.application,
            "principals": principals,
            "assignments": [row for row in directory.assignments.values() if row["principalId"] in ids],
            "grants": [row for row in directory.grants.values() if row["clientId"] in ids],
            "stores": [json.loads(shelf.path.read_text()) for shelf in self.gateway.shelves if shelf.path.exists()],
            "claims": len(self.claimed_starts),
            "files": sorted(path.name for path in self.folder.iterdir() if path.suffix != ".lock"),
            "days": [
                (end - now).days for entry in self.credentials if (end := times.parse(entry["endDateTime"])) is not None
            ],
        }
        return json.dumps(Normalised(texts={str(self.folder): "<folder>"}).of(granted))


def described(run: RoleRun) -> str:
    if run.ended_by is not None:
        return repr(run.ended_by)
    return str(run.failure["msg"]) if run.failure else "no failure"


def _copied(directory: Directory) -> Directory:
    """All except what no run changes, and the lists of permissions, which are never changed in place."""
    shared: dict[int, t.Any] = {
        id(part): part
        for principal in directory.service_principals.values()
        for part in (principal["appRoles"], principal["oauth2PermissionScopes"])
    }
    shared |= {id(part): part for part in (directory.users, directory.mail, directory.exchange, directory.organization)}
    return copy.deepcopy(directory, shared)
