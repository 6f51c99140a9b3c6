# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX runs them: the job templates of awx_setup, each with a private folder, run by ansible-runner.

The layout is AWX's: the project, an inventory that is a program, extra variables in a file, and a credential that the
injectors of its type pass to the job, as environment variables and as a file. Only the container is left out.
"""

from __future__ import annotations

import itertools
import json
import shutil
import typing as t
from pathlib import Path

import jinja2
import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.stores import awx_surveys
from ansible_collections.email_gateway.azure_apps.tests.unit.awx_plans import plan
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

Json = dict[str, t.Any]
PROJECT = REPOSITORY / "docs" / "examples" / "awx_project"


class Unsafe(yaml.SafeDumper):
    """Texts in the form in which AWX writes them if Ansible must not template them."""

    def represent_data(self, data: t.Any) -> yaml.Node:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


class AwxJobs:
    """Creates and runs jobs. ``hosts`` are gateways with their variables; ``common`` are variables of all of them."""

    def __init__(self, playbooks: Playbooks, hosts: Json, common: Json) -> None:
        self.playbooks, self.hosts, self.common = playbooks, hosts, common
        self.artifacts: Json = {}
        self._idents = itertools.count(1)
        planned = plan(awx_setup_mailbox_credential="Mailboxes")
        self.templates = {row["name"].partition(": ")[2]: row for row in planned["job_templates"]}
        self.types = {row["name"]: row for row in planned["credential_types"]}

    def launch(
        self,
        name: str,
        credentials: Json,
        *,
        answers: Json | None = None,
        hosts: t.Sequence[str] | None = None,
    ) -> Run:
        """``credentials`` are inputs by the name of a type; ``hosts`` those of a slice. Returns when the job has ended.

        Values from ``set_stats`` are added to ``artifacts``, and passed to later jobs, as in a workflow.
        """
        ident = str(next(self._idents))
        folder = self.playbooks.folder / f"awx_{ident}"
        (folder / "env").mkdir(parents=True)
        (folder / "inventory").mkdir()
        shutil.copytree(PROJECT, folder / "project")
        template = self.templates[name]
        chosen = {key: self.hosts[key] for key in hosts or self.hosts}
        inventory = {
            "mail_gateways": {"hosts": list(chosen), "vars": self.common},
            "_meta": {"hostvars": chosen},
        }
        program = folder / "inventory" / "hosts"
        program.write_text(f"#! /usr/bin/env python3\nprint({json.dumps(inventory)!r})\n")
        program.chmod(0o700)
        spec = template["survey"]["spec"]
        refused = awx_surveys.refusals(
            {"survey_enabled": True, "ask_variables_on_launch": False}, spec, answers or {}, required=True, prompts=True
        )
        assert not refused
        extra = template["extra_vars"]
        answered = awx_surveys.with_defaults(spec, {**self.artifacts, **(answers or {})})
        answered |= {"awx_job_id": int(ident), "tower_job_id": int(ident)}
        # Variables from AWX's own settings, for all jobs: the addresses of the tenant.
        variables = self._elsewhere()
        for kind, inputs in credentials.items():
            variables |= self._injected(kind, inputs, folder)
        passwords = {"^Vault password:\\s*?$": self.playbooks.vault_password.read_text().strip()}
        written = {
            # Templates are allowed in the variables of the job template, but not in answers of people and of other
            # jobs.
            "extravars": yaml.safe_dump(extra) + (yaml.dump(answered, Dumper=Unsafe) if answered else ""),
            "envvars": json.dumps(variables),
            "passwords": json.dumps(passwords),
            "settings": json.dumps({"idle_timeout": 0, "job_timeout": 0, "pexpect_timeout": 5}),
            "cmdline": f"-u root --ask-vault-pass -i {program} -e @{folder}/env/extravars",
        }
        for file, content in written.items():
            (folder / "env" / file).write_text(content)
        # ansible-runner itself writes the environment beside the events; AWX removes both.
        artifacts = folder / "artifacts" / ident
        self.playbooks.own |= {folder / "env" / "envvars", folder / "env" / "passwords", artifacts / "command"}
        self.playbooks.gives(variables.values())
        command = ("ansible-runner", "run", str(folder), "-p", template["playbook"], "--ident", ident)
        without = dict.fromkeys((*self.playbooks.tenant.environ, "ANSIBLE_VAULT_PASSWORD_FILE"))
        run = self.playbooks.command(*command, environ=without)
        for event in (artifacts / "job_events").glob("*.json"):
            handed_on = json.loads(event.read_text()).get("event_data", {}).get("artifact_data") or {}
            self.artifacts |= handed_on
        return run

    def _elsewhere(self) -> dict[str, str]:
        secret = {"AZURE_TENANT", "AZURE_CLIENT_ID", "AZURE_SECRET"}
        return {name: value for name, value in self.playbooks.tenant.environ.items() if name not in secret}

    def _injected(self, kind: str, inputs: Json, folder: Path) -> dict[str, str]:
        """As in AWX: the file first, whose name the variables may need; empty inputs are undefined."""
        injectors = self.types[kind]["injectors"]
        known: Json = {name: value for name, value in inputs.items() if value}
        environment = jinja2.Environment(autoescape=False)  # texts, not pages
        if "file" in injectors:
            path = folder / "env" / f"tmp{len(list(folder.rglob('tmp*')))}"
            path.write_text(environment.from_string(injectors["file"]["template"]).render(**known))
            path.chmod(0o600)
            self.playbooks.own.add(path)
            known["tower"] = {"filename": str(path)}
        return {name: environment.from_string(template).render(**known) for name, template in injectors["env"].items()}
