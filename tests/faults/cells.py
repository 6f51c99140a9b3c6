# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cell of the matrix: a tenant, a run with one fault, and if necessary one run without a fault after it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import shutil
import signal
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

import yaml
from ansible.errors import AnsibleError

from ansible_collections.email_gateway.azure_apps.tests.faults.faults import FAULTS, REQUEST_TIMEOUT
from ansible_collections.email_gateway.azure_apps.tests.faults.promise import WANTED, broken_promises
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.playbooks.warm_playbook import Process
from graph_emulator.wire.server import EmulatorServer

PROFILE: dict[str, t.Any] = {
    "gateway_app_profile_content": {
        "title": "As in the guide, for a product that takes certificates",
        "permissions": [{"resource": "microsoft_graph", "application": sorted(WANTED)}],
        "credential_types": ["certificate"],
    }
}


@dataclasses.dataclass(frozen=True)
class Job:
    """The role's entry point, and whether it begins with a credential that is due, which can be a certificate."""

    entry: str
    renews: bool = False
    certificate: bool = False


JOBS = {
    "register": Job("main"),
    "rotate": Job("rotate", renews=True),
    "rotate certificate": Job("rotate", renews=True, certificate=True),
}


@dataclasses.dataclass(frozen=True)
class Cell:
    """``number`` counts the requests of the job from 1; ``request`` is its description."""

    job: str
    number: int
    request: str
    fault: str


@dataclasses.dataclass
class Outcome:
    """``outcome`` is recovered, rerun (a clear failure, repaired by a run without a fault) or BROKEN, with ``why``."""

    cell: Cell
    outcome: str
    attempts: int
    extra_requests: int
    seconds: float
    why: str = ""


class Bench:
    """One emulator and one user's folder, reset for each cell."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self.server = self._stack.enter_context(EmulatorServer())
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        self._number = 0
        self.playbooks = self._fresh()

    def close(self) -> None:
        self._stack.close()

    def _fresh(self) -> Playbooks:
        self.server.reset()
        self._number += 1
        folder = self._folder / str(self._number)
        folder.mkdir()
        return Playbooks(folder, self.server)

    def prepare(self, job: str) -> list[str]:
        """The initial state of the job; returns the key ids of the credentials that it must not remove."""
        old = self.playbooks.folder
        if not JOBS[job].renews:
            self.playbooks = self._fresh()
            shutil.rmtree(old, ignore_errors=True)
            return []
        if broken_promises(self.playbooks) or self._holds_certificate() != JOBS[job].certificate:
            self.playbooks = self._fresh()
            self._play(job, entry="main").ok()
        key_id: str = self.playbooks.stored()["key_id"]
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)
        current = next(c for c in self._credentials() if c["keyId"] == key_id)
        current["endDateTime"] = soon.strftime("%Y-%m-%dT%H:%M:%SZ")
        return [key_id]

    def _holds_certificate(self) -> bool:
        return "certificate_path" in self.playbooks.stored()

    def _credentials(self) -> list[dict[str, t.Any]]:
        """The credentials in the tenant, of the kind in the store."""
        found: list[dict[str, t.Any]] = self.playbooks.tenant.application(uniqueName="gateway")[
            "keyCredentials" if self._holds_certificate() else "passwordCredentials"
        ]
        return found

    def tidy(self) -> None:
        """After a rotation: remove all but the new credential, so that the next cell starts with one."""
        with contextlib.suppress(AssertionError, AnsibleError, FileNotFoundError):
            key_id = self.playbooks.stored()["key_id"]
            credentials = self._credentials()
            credentials[:] = [c for c in credentials if c["keyId"] == key_id]

    def plain(self, job: str = "register") -> Run:
        self.server.faults.clear()
        return self._play(job)

    def _play(self, job: str, *, entry: str = "", started: t.Callable[[Process], None] | None = None) -> Run:
        variables: dict[str, t.Any] = {}
        if JOBS[job].certificate:
            profile = self.playbooks.folder / "profile.yml"
            profile.write_text(yaml.safe_dump(PROFILE))
            variables = {"gateway_app_profile_file": str(profile), "gateway_app_credential_type": "certificate"}
        return self.playbooks.register(
            defaults={"request_timeout": REQUEST_TIMEOUT},
            started=started,
            entry=entry or JOBS[job].entry,
            **variables,
        )

    def requests_of(self, job: str) -> list[str]:
        """The requests of the job without a fault, in order."""
        kept = self.prepare(job)
        run = self.plain(job).ok()
        assert not broken_promises(self.playbooks, kept=kept), broken_promises(self.playbooks, kept=kept)
        self.tidy()
        application = self.playbooks.tenant.application(uniqueName="gateway")
        names = {application["id"]: "ID", application["appId"]: "CLIENT-ID", self.server.tenant_id: "TENANT"}
        return [_named(f"{entry.method} {entry.path.removeprefix('/v1.0')}", names) for entry in run.requests]

    def run(self, cell: Cell, *, usual: int) -> Outcome:
        started = time.monotonic()
        kept = self.prepare(cell.job)
        self.server.faults.clear()
        if cell.fault.startswith("kill"):
            faulty = self._killed(cell)
        else:
            self.server.faults.add(nth=cell.number, outer_only=True, **FAULTS[cell.fault])
            faulty = self._play(cell.job)
        why, attempts = [], 1
        if not any(rule.fired for rule in self.server.faults.rules):
            why.append("the fault never came about")
        if "Traceback (most recent" in faulty.output:
            why.append("a traceback")
        killed = cell.fault.startswith("kill")
        if faulty.returncode != 0:
            if not killed and '"next_step"' not in faulty.output and "again" not in faulty.output:
                why.append("an unclear error")
            attempts = 2
            why += self._next_run(cell.job)
        elif self.playbooks.claims.exists() or (JOBS[cell.job].certificate and cell.fault == "processed too late"):
            # A request without a response may still be processed later, so that the next run checks again. If it
            # changed the
            # list of certificates, the result is the same certificate with another key id.
            attempts = 2
            why += self._next_run(cell.job)
        why += broken_promises(self.playbooks, kept=kept)
        outcome = "BROKEN" if why else "recovered" if faulty.returncode == 0 else "rerun"
        extra = len(faulty.requests) - usual
        last_error = f" | {_last_error(faulty)}" if why and attempts == 2 else ""
        self.tidy()
        if why:  # a broken state must not affect the next cell
            self.playbooks = self._fresh()
        return Outcome(
            cell, outcome, attempts, extra, round(time.monotonic() - started, 1), "; ".join(why) + last_error
        )

    def _next_run(self, job: str) -> list[str]:
        again = self.plain(job)
        return [f"the next run failed: {_last_error(again)}"] if again.returncode != 0 else []

    def _killed(self, cell: Cell) -> Run:
        """Kill -9 when the request arrives or after it took effect: only ansible-playbook, or its workers as well."""
        processes: list[Process] = []

        def kill() -> None:
            doomed = [processes[0].pid]
            if "workers" in cell.fault:
                doomed += _descendants(processes[0].pid)
            for pid in doomed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

        broken_off = {"close_before": True} if "before" in cell.fault else {"close_after": True}
        self.server.faults.add(nth=cell.number, outer_only=True, then=kill, **broken_off)
        return self._play(cell.job, started=processes.append)


KILLS = tuple(f"kill -9 {when} {whom}" for when in ("before", "after") for whom in ("playbook", "playbook and workers"))


def _named(text: str, names: dict[str, str]) -> str:
    for value, name in names.items():
        text = text.replace(value, name)
    return text


def _descendants(pid: int) -> list[int]:
    listing = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listing.splitlines())}
    found: list[int] = []
    level = {pid}
    while level:
        level = {child for child, parent in parents.items() if parent in level}
        found += level
    return found


def _last_error(run: Run) -> str:
    lines = [line for line in run.output.splitlines() if "fatal:" in line or "ERROR" in line]
    return lines[-1][:400] if lines else run.output[-200:]
