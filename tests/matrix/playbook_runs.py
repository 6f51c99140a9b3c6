# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job with the playbooks of the collection, as a user runs them, and its results."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import shutil
import stat
import typing as t
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.tests.matrix.comparison import Normalised
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json
from graph_emulator import catalogue
from graph_emulator.wire.server import EmulatorServer

PROFILES = ("outbound_smtp", "outbound_microsoft365")
UNIQUE_NAME = "gateway"
CALLBACKS = Path(__file__).resolve().parent / "callback_plugins"
# The others also count tasks of Ansible's own, which differ.
RECAP = re.compile(r"\b(?:changed|unreachable|failed|ignored)=\d+")


@dataclasses.dataclass(frozen=True)
class Step:
    """A run of one playbook. ``writes``: whether it must change the tenant."""

    name: str
    playbook: str
    variables: Json
    writes: bool


@dataclasses.dataclass
class Done:
    """The result of the job: comparable observations for each step, and problems found without a comparison."""

    observed: Json = dataclasses.field(default_factory=dict)
    problems: list[str] = dataclasses.field(default_factory=list)
    runs: int = 0


def steps(profile: str, *, mailbox: str) -> list[Step]:
    given = {
        "gateway_app_profile": profile,
        "gateway_app_display_name": "Gateway",
        "gateway_app_unique_name": UNIQUE_NAME,
        "gateway_app_wait_timeout": 60,
    }
    verify = {"gateway_app_verify_mailbox": mailbox}
    report = {"gateway_app_report_json_path": "report.json"}
    retire = {"gateway_app_retire_confirmed": [UNIQUE_NAME]}
    return [
        Step("register", "register", given, writes=True),
        Step("register again", "register", given, writes=False),
        Step("rotate now", "rotate", {**given, "gateway_app_rotate_now": True}, writes=True),
        Step("verify", "verify", {**given, **verify}, writes=False),
        Step("report", "report", {**given, **report}, writes=False),
        Step("retire", "retire", {**given, **retire}, writes=True),
    ]


@functools.cache
def published_ids() -> frozenset[str]:
    tables = ("microsoft_graph", "office365_exchange_online")
    return frozenset(entry.id.lower() for table in tables for entry in catalogue.permissions(table))


def run_job(programs: Path, folder: Path) -> Done:
    """All steps for both profiles, with the ansible-playbook in ``programs``, each profile in a tenant of its own."""
    done = Done()
    for profile in PROFILES:
        own = folder / profile
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(parents=True)
        with EmulatorServer() as server:
            job = _Job(programs, own, server)
            for step in steps(profile, mailbox=job.playbooks.tenant.mailbox("megan")):
                job.run(step, done, profile=profile)
            done.problems += [f"{profile}: the emulator failed: {error}" for error in server.internal_errors[:1]]
    return done


class _Job:
    def __init__(self, programs: Path, folder: Path, server: EmulatorServer) -> None:
        self.playbooks = Playbooks(folder, server)
        self.folder = folder
        self.facts = folder / "facts.jsonl"
        self.playbooks.environ |= {
            "PATH": f"{programs}:{self.playbooks.environ['PATH']}",
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "public_facts",
            "PUBLIC_FACTS_PATH": str(self.facts),
        }
        texts = {str(folder): "<folder>", server.graph: "<server>", server.domain: "<domain>"}
        self.normalised = Normalised(texts=texts, kept_ids=published_ids())

    def run(self, step: Step, done: Done, *, profile: str) -> None:
        self.facts.unlink(missing_ok=True)
        name = f"email_gateway.azure_apps.{step.playbook}"
        run = self.playbooks.command("ansible-playbook", name, "-e", json.dumps(step.variables))
        done.runs += 1
        where = f"{profile}, {step.name}"
        done.problems += [f"{where}: {problem}" for problem in self._problems(step, run)]
        done.observed[where] = self.normalised.of(self._observed(run))

    def _problems(self, step: Step, run: Run) -> list[str]:
        if run.returncode != 0 or "Traceback" in run.output:
            return [f"ended with {run.returncode}: {_failure(run.output)}"]
        if bool(run.writes) != step.writes:
            return [f"{len(run.writes)} writes"]
        if step.playbook == "retire" and self.playbooks.tenant.applications:
            return ["the application is still there"]
        return []

    def _observed(self, run: Run) -> Json:
        return {
            "recap": RECAP.findall(run.output.rpartition("PLAY RECAP")[2]),
            "writes": [f"{entry.method} {entry.path}" for entry in run.writes],
            "facts": self._facts(),
            "tenant": self._tenant(),
            "store": self._store(),
            "files": self._files(),
            "report": self._report(),
        }

    def _facts(self) -> Json:
        if not self.facts.is_file():
            return {}
        found: Json = {}
        for line in self.facts.read_text().splitlines():
            found |= json.loads(line)
        return found

    def _tenant(self) -> Json:
        tenant = self.playbooks.tenant
        directory = tenant.server.tenant.directory
        applications = tenant.applications
        principals = [p for a in applications for p in tenant.service_principals(a["appId"])]
        ids = {principal["id"] for principal in principals}
        return {
            "applications": applications,
            "service principals": principals,
            "assignments": [row for row in directory.assignments.values() if row["principalId"] in ids],
            "grants": [row for row in directory.grants.values() if row["clientId"] in ids],
        }

    def _store(self) -> Json:
        path = self.playbooks.store_of(UNIQUE_NAME)
        return self.playbooks.stored(UNIQUE_NAME) if path.is_file() else {}

    def _files(self) -> Json:
        kept = self.folder / "gateway_app"
        return {
            str(path.relative_to(self.folder)): f"{stat.S_IMODE(path.stat().st_mode):04o}"
            for path in sorted(kept.rglob("*"))
        }

    def _report(self) -> t.Any:
        path = self.folder / "report.json"
        text = path.read_text() if path.is_file() else "null"
        try:
            return json.loads(text)
        except ValueError:
            return text  # which differs from what the other versions wrote


def _failure(output: str) -> str:
    """The message of the first failure; without one, the last text before the recap."""
    found = re.search(r"^(fatal|failed|ERROR|\[ERROR\]).*(\n.+)*", output, re.MULTILINE)
    text = found.group() if found else output.rpartition("PLAY RECAP")[0]
    return " ".join(text.split())[-700:]
