# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages on pipelines, laptops and Event-Driven Ansible: their files and commands, unchanged."""

from __future__ import annotations

import json
import re
import shutil
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.environment import ENVIRONMENT
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

DOCS = REPOSITORY / "docs"
PIPELINES = DOCS / "examples" / "pipelines"
LAPTOP = DOCS / "examples" / "laptop"
SUBJECT = "repo:octo-org@1/mail-gateways@2:environment:mail-gateways"
# Programs of a runner that do nothing here. curl responds as GitHub does, if the request is the one that GitHub
# expects.
CURL = """#!/bin/sh
for argument; do
  case $argument in
    "https://github.example/token?x=y&audience=api://AzureADTokenExchange") printf '{"value": "%s"}' "$TOKEN" ;;
  esac
done
"""
RECORD_CALL = """#!/bin/sh
printf '%s|' "$@" >> calls
printf '%s %s %s\\n' "$AZURE_TENANT_ID" "$AZURE_CLIENT_ID" "$AZURE_FEDERATED_TOKEN" >> calls
"""


def blocks(page: str, language: str) -> list[str]:
    return [block.split("```")[0] for block in (DOCS / page).read_text().split(f"```{language}\n")[1:]]


def loaded(path: Path) -> t.Any:
    return yaml.safe_load(path.read_text())


def steps(name: str) -> list[tuple[str, dict[str, str]]]:
    """The scripts of a pipeline that run a playbook, with the environment that its platform gives them."""
    pipeline = loaded(PIPELINES / name)
    if name == "github.yml":
        (job,) = pipeline["jobs"].values()
        assert pipeline["permissions"]["id-token"] == "write"
        assert job["env"] == {
            variable: f"${{{{ vars.{variable} }}}}" for variable in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID")
        }
        return [(step["run"], {}) for step in job["steps"] if "ansible-playbook" in step.get("run", "")]
    if name == "gitlab-ci.yml":
        (variable,) = pipeline[".mail-gateways"]["id_tokens"]
        assert pipeline[".mail-gateways"]["id_tokens"][variable]["aud"] == "api://AzureADTokenExchange"
        jobs = [job for job in pipeline.values() if isinstance(job, dict) and "script" in job]
        assert all(job["extends"] == ".mail-gateways" for job in jobs)
        return [("\n".join(job["script"]), {variable: "$TOKEN"}) for job in jobs]
    (stage,) = pipeline["stages"]
    tasks = [task for task in stage["jobs"][0]["steps"] if task.get("task") == "AzureCLI@2"]
    assert all(task["inputs"]["addSpnToEnvironment"] is True for task in tasks)
    given = {"tenantId": "$TENANT", "servicePrincipalId": "$CLIENT", "idToken": "$TOKEN"}
    return [(task["inputs"]["inlineScript"], given) for task in tasks]


class Runner:
    """A machine of a platform: the repository with the inventory, and only the platform's token to sign in with."""

    def __init__(self, playbooks: Playbooks) -> None:
        self.playbooks = playbooks
        server = playbooks.server
        text = (PIPELINES / "inventory.yml").read_text()
        assert "https://mail-gateways.vault.azure.net" in text
        inventory = text.replace("https://mail-gateways.vault.azure.net", server.key_vault)
        (playbooks.folder / "inventory.yml").write_text(inventory)
        token = playbooks.tenant.assertion(SUBJECT)["assertion"]
        self.known = {"$TENANT": server.tenant_id, "$CLIENT": server.client_id, "$TOKEN": token}
        self.calls = playbooks.folder / "calls"
        playbooks.own.add(self.calls)
        self.programs = playbooks.folder / "programs"
        self.programs.mkdir()
        self.program("curl", CURL)
        gone = (*ENVIRONMENT["auth_client_secret"], "AZURE_TENANT", "ANSIBLE_VAULT_PASSWORD_FILE")
        self.environ: dict[str, str | None] = dict.fromkeys(gone)
        self.environ |= {
            "AZURE_TENANT_ID": server.tenant_id,
            "AZURE_CLIENT_ID": server.client_id,
            "PATH": f"{self.programs}:{playbooks.environ['PATH']}",
            "TOKEN": token,
            "ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.example/token?x=y",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
        }

    def program(self, name: str, text: str) -> None:
        path = self.programs / name
        path.write_text(text)
        path.chmod(0o755)

    def run(self, script: str, given: dict[str, str], *, playbook: str) -> Run:
        environ = {**self.environ, "PLAYBOOK": playbook, **{name: self.known[v] for name, v in given.items()}}
        return self.playbooks.command("bash", "-e", "-c", script, environ=environ)


def test_the_steps_of_a_pipeline_sign_in_with_its_token_and_store_the_secrets_in_a_key_vault(
    playbooks: Playbooks,
) -> None:
    server = playbooks.server
    trusted = playbooks.tenant.assertion(SUBJECT)
    variables = {
        "pipeline_client_id": server.client_id,
        "pipeline_issuer": trusted["issuer"],
        "pipeline_subject": SUBJECT,
    }
    playbooks.command("ansible-playbook", str(PIPELINES / "trust.yml"), "-e", json.dumps(variables)).ok()
    runner = Runner(playbooks)
    (run, given), (report, _given) = steps("github.yml")
    done = runner.run(run, given, playbook="register").ok()
    assert f"::add-mask::{runner.known['$TOKEN']}" in done.output  # which GitHub masks from then on
    sign_ins = [entry.body for entry in done.requests if entry.path.endswith("/token")]
    operators = [body for body in sign_ins if body["client_id"] == server.client_id]
    assert operators
    assert all("client_assertion" in body and "client_secret" not in body for body in operators)
    names = {application["uniqueName"] for application in playbooks.tenant.applications}
    assert names == {"mail-gateway-vienna", "mail-gateway-graz"}
    assert {entry.path.split("/")[2] for entry in server.vault_writes()} == names
    assert not (playbooks.folder / "gateway_app").exists() or not list(playbooks.folder.rglob("*.vault.yml"))
    runner.run(report, given, playbook="report").ok()
    assert (playbooks.folder / "gateway_app" / "report.html").is_file()
    # The screen of the runner shows only the token, which its platform masks.
    playbooks.outputs[:] = [output.replace(runner.known["$TOKEN"], "***") for output in playbooks.outputs]


@pytest.mark.parametrize("name", ["github.yml", "gitlab-ci.yml", "azure-pipelines.yml"])
def test_each_pipeline_runs_the_same_commands_as_the_same_identity(playbooks: Playbooks, name: str) -> None:
    runner = Runner(playbooks)
    runner.program("ansible-playbook", RECORD_CALL)
    for script, given in steps(name):
        runner.run(script, given, playbook="rotate").ok()
    group = "-e|gateway_app_hosts=mail_gateways|"
    identity = " ".join(runner.known.values())
    assert runner.calls.read_text().splitlines() == [
        f"-i|inventory.yml|email_gateway.azure_apps.rotate|{group}{identity}",
        f"-i|inventory.yml|email_gateway.azure_apps.report|{group}-e|gateway_app_report_fail_within_days=14|{identity}",
    ]
    playbooks.outputs.clear()  # of GitHub's own ::add-mask::, see above


def test_one_pipeline_runs_at_a_time() -> None:
    assert loaded(PIPELINES / "github.yml")["concurrency"]["cancel-in-progress"] is False
    assert loaded(PIPELINES / "gitlab-ci.yml")[".mail-gateways"]["resource_group"]
    assert loaded(PIPELINES / "azure-pipelines.yml")["lockBehavior"] == "sequential"


def test_the_commands_of_the_laptop_page_work(playbooks: Playbooks) -> None:
    """The commands that check, run and monitor, without those that install and sign in."""
    home = Path(playbooks.environ["HOME"]) / "mail-gateway"
    home.mkdir()
    playbooks.own.add(home / "vault-password")
    (shown,) = [block for block in blocks("laptop.md", "yaml") if "gateway_app_profile" in block]
    assert yaml.safe_load(shown) == loaded(LAPTOP / "gateway.yml")
    shutil.copy(LAPTOP / "gateway.yml", home)
    password, look, do, after = (
        next(block for block in blocks("laptop.md", "shell") if words in block and ".login" not in block)
        for words in ("umask", "--check", "register -e @gateway.yml\n", ".rotate")
    )

    def run(script: str) -> Run:
        return playbooks.command("bash", "-e", "-c", f"cd ~/mail-gateway\n{script}")

    run(password).ok()
    assert (home / "vault-password").stat().st_mode & 0o777 == 0o600
    playbooks.environ["ANSIBLE_VAULT_PASSWORD_FILE"] = str(home / "vault-password")
    assert run(look).ok().writes == []
    assert run(do).ok().writes
    assert (home / "vienna.vault.yml").is_file()
    service = (LAPTOP / "mail-gateway.service").read_text()
    timed = re.findall(r"^ExecStart=%h/mail-gateway/venv/bin/(.*)$", service, flags=re.MULTILINE)
    assert timed == after.strip().splitlines()
    assert run(after).ok().writes == []
    assert (home / "gateway_app" / "report.html").is_file()


def test_the_page_on_events_shows_the_unchanged_rulebooks() -> None:
    rulebooks = REPOSITORY / "extensions" / "eda" / "rulebooks"
    whole, action = (yaml.safe_load(block) for block in blocks("eda.md", "yaml"))
    assert whole == loaded(rulebooks / "rotate_expiring_secrets.yml")
    assert action == {"action": loaded(rulebooks / "rotate_by_job_template.yml")[0]["rules"][0]["action"]}
