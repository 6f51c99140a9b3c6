# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs with all logging, failing tasks, ansible-runner: the fixture ``playbooks`` searches everything that they leave
behind.

Each test also shows which secrets could have been found; the search itself is tested in test_leak_search.py.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import ansible_runner
import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.loud_plays import (
    PREFIX,
    Task,
    play_tasks,
    rescued,
    role_task,
    wrote_all,
)
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import LOUD, Playbooks
from ansible_collections.email_gateway.azure_apps.tests.playbooks.run_count import RUN_COUNT
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY


def test_only_the_store_contains_a_secret(loud: Playbooks) -> None:
    loud.register().ok()
    assert len(loud.issued.secrets) == 5, "the vault's password, the operator's secret and token, the new ones"
    loud.register().ok()
    assert len(loud.issued.secrets) == 7, "a token for the operator, another for the verification"
    wrote_all(loud)
    assert loud.stored()["client_secret"] in loud.issued.secrets


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_late_banners_show_no_secret(loud: Playbooks, strategy: str) -> None:
    """Ansible then shows the arguments with all variables filled in."""
    environ = {"ANSIBLE_DISPLAY_OK_HOSTS": "False", "ANSIBLE_STRATEGY": strategy}
    play_tasks(loud, [role_task(loud)], environ=environ).ok()
    assert len(loud.issued.secrets) == 5


def test_credentials_in_options_are_not_shown(loud: Playbooks) -> None:
    """Also if a task fails, and the variables of the host are shown afterwards."""
    extra = loud.folder / "extra.yml"
    extra.write_text(yaml.safe_dump({"operator_secret": loud.server.client_secret}))
    loud.own.add(extra)
    refused = {f"{PREFIX}azure_app_secret": {"unique_name": "unregistered", "description": "refused"}}
    spoilt = loud.folder / "spoilt" / "gateway.vault.yml"
    loud.break_store_after_create(spoilt, nth=2)
    tasks = [
        role_task(loud),
        rescued(role_task(loud, gateway_app_store_path=str(spoilt))),
        # Values of the play itself may be shown by the user; the other variables of the host must not contain them.
        {"ansible.builtin.debug": {"msg": "{{ hostvars.localhost | dict2items | rejectattr('key', 'in', own) }}"},
         "vars": {"own": ["operator_secret", "ansible_failed_task"]}},
        rescued(refused),
    ]  # fmt: skip
    defaults = {f"group/{PREFIX}all": {"auth_client_secret": "{{ operator_secret }}"}}
    play_tasks(loud, tasks, "-e", f"@{extra}", environ={"AZURE_SECRET": None}, module_defaults=defaults).ok()
    assert len(loud.issued.secrets) == 7, "as in a first run, and one that could not be stored"
    wrote_all(loud)


def test_a_secret_in_a_result_is_hidden_without_no_log(loud: Playbooks) -> None:
    loud.tenant.register()
    loud.tenant.ok("azure_app_secret", unique_name="gateway", description="there")
    secret = {"unique_name": "gateway", "description": "bare"}
    name = f"{PREFIX}azure_app_secret"
    tasks: list[Task] = [
        {name: secret, "register": "secret"},
        {"ansible.builtin.assert": {"that": "secret.client_secret | length >= 16"}},
        # Only the first item of the loop returns a value.
        {name: {**secret, "description": "{{ item }}"}, "loop": ["one", "there"], "register": "several"},
        {"ansible.builtin.assert": {"that": "several.results[0].client_secret | length >= 16"}},
        {name: {**secret, "description": "again"}, "retries": 1, "delay": 0, "register": "tried",
         "until": "not tried.changed"},
        rescued({name: {**secret, "description": "refused later"}, "failed_when": True, "register": "late"}),
    ]  # fmt: skip
    # A user may show a variable with a documented secret: therefore the last failure is not shown here.
    tasks[-1]["rescue"] = [{"ansible.builtin.assert": {"that": "ansible_failed_result.client_secret | length >= 16"}}]
    play_tasks(loud, tasks).ok()
    assert len(loud.tenant.application(uniqueName="gateway")["passwordCredentials"]) == 5
    wrote_all(loud)


def test_the_role_s_environment_is_on_no_command_line(loud: Playbooks) -> None:
    """Ansible puts the environment of its own modules, which users run in tasks, on a command line and shows it."""
    names = ("AZURE_TENANT", "AZURE_CLIENT_ID", "AZURE_SECRET")
    extra = loud.folder / "extra.yml"
    extra.write_text(yaml.safe_dump({"gateway_app_environment": {name: loud.environ[name] for name in names}}))
    loud.own.add(extra)
    after = loud.folder / "after.yml"
    after.write_text(yaml.safe_dump([{"ansible.builtin.command": "true", "changed_when": False}]))
    for entry in ("main", "rotate", "retire"):
        given = {"gateway_app_rotate_now": entry == "rotate", "gateway_app_retire_confirmed": "gateway"}
        role = role_task(loud, gateway_app_after_new_secret=str(after), **given)
        role["ansible.builtin.include_role"]["tasks_from"] = entry
        run = play_tasks(loud, [role], "-e", f"@{extra}", environ=dict.fromkeys(names)).ok()
        assert ("EXEC" in run.output) == (entry != "retire"), "Ansible shows the command lines"
    assert loud.tenant.applications == []


@pytest.mark.parametrize("how", ["echo", "vault", "rights", "any_errors_fatal"])
def test_a_run_that_fails_shows_no_secret(loud: Playbooks, how: str) -> None:
    faults = loud.server.faults
    if how == "echo":
        # A server that returns what it received.
        echo = {"error": {"code": "Echo", "message": f"Bearer refused: client_secret={loud.server.client_secret}"}}
        faults.add(path="/addPassword$", status=400, body=echo, headers={"request-id": loud.server.client_secret})
        play_tasks(loud, [rescued(role_task(loud)), {"ansible.builtin.fail": {}}]).failed(
            "Could not create a client secret"
        )
    elif how == "vault":
        loud.break_store_after_create(loud.store)
        play_tasks(loud, [role_task(loud)]).failed("could not be stored", "removed from the tenant again")
        assert len(loud.issued.secrets) == 5, "the new one was created, tried and removed"
    elif how == "rights":
        client_id, client_secret = loud.server.add_operator(["Application.Read.All"])
        environ = {"AZURE_CLIENT_ID": client_id, "AZURE_SECRET": client_secret}
        play_tasks(loud, [rescued(role_task(loud)), {"ansible.builtin.fail": {}}], environ=environ).failed(
            "Insufficient"
        )
    else:
        environ = {"AZURE_SECRET": "not-the-secret-" + "8Q~" + "y" * 30}
        run = play_tasks(loud, [role_task(loud)], any_errors_fatal=True, environ=environ)
        run.failed("AADSTS7000215")
    wrote_all(loud)


def test_a_private_key_is_only_in_its_file(loud: Playbooks) -> None:
    loud.tenant.register()
    key = loud.folder / "keys" / "gateway.pem"
    kept = {key, key.with_name("gateway.pem.old"), key.with_name("gateway.pem.new")}
    loud.own |= kept
    certificate = {"unique_name": "gateway", "description": "gateway", "path": str(key)}
    name = f"{PREFIX}azure_app_certificate"
    proof = {"tenant_id": loud.server.tenant_id, "client_id": "{{ made.client_id }}", "poll": False}
    asked = {"tenant_id": loud.server.tenant_id, "client_id": "{{ made.client_id }}", "poll": False,
             "client_assertion_file": str(key)}  # fmt: skip
    tasks: list[Task] = [
        {name: {**certificate, "lifetime_days": 20, "renew_before_days": 10}, "register": "made"},
        {f"{PREFIX}azure_app_token_info": {**proof, "client_certificate_path": str(key)}},
        {name: certificate, "register": "renewed"},
        {"ansible.builtin.debug": {"var": "renewed"}},
        {f"{PREFIX}azure_app_token_info": {**proof, "client_certificate_path": str(key)}},
        rescued({f"{PREFIX}azure_app_token_info": asked}),
        rescued({f"{PREFIX}azure_app_certificate": {**certificate, "unique_name": "unregistered"}}),
    ]
    play_tasks(loud, tasks).ok()
    loud.server.faults.add(method="PATCH", path="applications", status=403)
    refused = {name: {**certificate, "lifetime_days": 365, "renew_before_days": 200}}
    play_tasks(loud, [rescued(refused)]).ok()
    before = len(loud.issued.secrets)
    for file in kept:
        body = file.read_text().partition("-----BEGIN CERTIFICATE")[0].splitlines()
        # Without the first line, which is the same for every key of this kind, and the short last one.
        for line in body[3:-2]:
            assert len(line) == 64
            loud.issued.add(line)
    assert len(loud.issued.secrets) - before > 60
    wrote_all(loud)


def test_the_files_of_ansible_runner_contain_no_secret(playbooks: Playbooks) -> None:
    """The layout of ansible-runner and AWX. ansible-runner itself shows what a user writes into env/envvars."""
    private = playbooks.folder / "private"
    for name in ("env", "project"):
        (private / name).mkdir(parents=True)
    environ = {**playbooks.environ, **LOUD, "ANSIBLE_CALLBACKS_ENABLED": "everything"}
    for name in ("ANSIBLE_VAULT_PASSWORD_FILE", "AZURE_SECRET", "ANSIBLE_CACHE_PLUGIN_CONNECTION"):
        del environ[name]
    own = {
        "envvars": environ,
        "extravars": {"operator_secret": playbooks.server.client_secret},
        "passwords": {"Vault password": playbooks.vault_password.read_text().strip()},
    }
    for name, content in own.items():
        (private / "env" / name).write_text(json.dumps(content))
        playbooks.own.add(private / "env" / name)
    spoilt = playbooks.folder / "spoilt" / "gateway.vault.yml"
    playbooks.break_store_after_create(spoilt, nth=2)
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {f"group/{PREFIX}all": {"auth_client_secret": "{{ operator_secret }}"}},
        "tasks": [
            {"ansible.builtin.set_fact": {"cacheable": True, "greeting": "hello"}},
            role_task(playbooks),
            {"ansible.builtin.set_stats": {"data": {"gateway": "{{ gateway_app_result }}"}}},
            rescued(role_task(playbooks, gateway_app_store_path=str(spoilt))),
        ],
    }
    (private / "project" / "play.yml").write_text(yaml.safe_dump([play]))
    RUN_COUNT.note(["ansible-runner"])
    done = ansible_runner.run(
        private_data_dir=str(private), playbook="play.yml", quiet=True, cmdline="--ask-vault-pass", ident="1"
    )
    output = done.stdout.read()
    playbooks.outputs.append(output)
    assert done.rc == 0, output
    artifacts = private / "artifacts" / "1"
    assert len(list((artifacts / "job_events").glob("*.json"))) > 30
    assert list((artifacts / "fact_cache").iterdir())
    assert (artifacts / "command").is_file()
    assert len(playbooks.issued.secrets) == 7, "as in a first run, and one that could not be stored"


def test_the_checks_of_mailboxes_and_smtp_show_no_secret(loud: Playbooks) -> None:
    """Neither the token nor the data for the SMTP server, whether it accepts or refuses them."""
    options = loud.tenant.with_secret("SMTP.SendAsApp", resource="exchange_online")
    (principal,) = loud.tenant.service_principals(options["client_id"])
    exchange = loud.server.tenant.directory.exchange
    exchange.service_principals[options["client_id"]] = principal["id"]
    exchange.full_access.add((loud.tenant.user_id("megan"), options["client_id"]))
    extra = loud.folder / "extra.yml"
    extra.write_text(yaml.safe_dump({"gateway_secret": options["client_secret"]}))
    loud.own.add(extra)
    given = {**options, "client_secret": "{{ gateway_secret }}", "poll": False}
    smtp = {"smtp_host": loud.server.smtp_host, "smtp_port": loud.server.smtp_port}
    name = f"{PREFIX}azure_smtp_oauth_info"
    not_smtp = {"smtp_host": "localhost", "smtp_port": loud.server.port, "request_timeout": 1, "wait_timeout": 1}
    tasks: list[Task] = [
        {name: {**given, **smtp, "mailbox": loud.tenant.mailbox("megan")}, "register": "accepted"},
        {name: {**given, **smtp, "mailbox": loud.tenant.mailbox("adele")}, "register": "refused"},
        {"ansible.builtin.assert": {"that": "accepted.authenticated and not refused.authenticated"}},
        rescued({name: {**given, **not_smtp, "mailbox": loud.tenant.mailbox("adele")}}),
        {f"{PREFIX}azure_mailbox_access_info": {**given, "mailboxes_denied": [loud.tenant.mailbox("adele")]},
         "register": "access"},
        {"ansible.builtin.assert": {"that": "access.proven"}},
    ]  # fmt: skip
    play_tasks(loud, tasks, "-e", f"@{extra}").ok()
    assert [session.status for session in loud.server.smtp_sessions()] == [221, 221]
    assert sum(secret.startswith("eyJ") for secret in loud.issued.secrets) >= 4
    wrote_all(loud)


def test_a_verification_shows_no_secret(loud: Playbooks) -> None:
    """For a success, and for refusals of the tenant, of the SMTP server and of a store."""
    role = role_task(loud, gateway_app_profile="outbound_smtp_sendas")
    play_tasks(loud, [role]).ok()
    client_id = loud.stored()["client_id"]
    (principal,) = loud.tenant.service_principals(client_id)
    exchange = loud.server.tenant.directory.exchange
    exchange.service_principals[client_id] = principal["id"]
    exchange.full_access.add((loud.tenant.user_id("megan"), client_id))

    def verify(**variables: t.Any) -> Task:
        given = {
            "gateway_app_verify_mailbox": loud.tenant.mailbox("megan"),
            "gateway_app_verify_forbidden_mailbox": loud.tenant.mailbox("adele"),
            "gateway_app_verify_smtp_host": loud.server.smtp_host,
            "gateway_app_verify_smtp_port": loud.server.smtp_port,
        }
        task = role_task(loud, gateway_app_profile="outbound_smtp_sendas", **{**given, **variables})
        task["ansible.builtin.include_role"]["tasks_from"] = "verify"
        return task

    before = len(loud.issued.secrets)
    shown = {"ansible.builtin.debug": {"var": "gateway_app_verified"}}
    refused = verify(gateway_app_verify_mailbox=loud.tenant.mailbox("alex"))
    unread = verify(
        gateway_app_store_vault_id="unregistered", gateway_app_stores=[{"type": "command", "argv": ["./none"]}]
    )
    play_tasks(loud, [verify(), shown, rescued(refused), shown, rescued(unread), shown]).ok()
    codes = sorted(entry.body["code"] for entry in loud.server.smtp_sessions())
    assert codes == ["235 2.7.0", *["535 5.7.3"] * 3]
    assert len(loud.issued.secrets) - before >= 6, "a token for each check"
    loud.tenant.application(uniqueName="gateway")["passwordCredentials"].clear()
    play_tasks(loud, [rescued(verify()), shown, {"ansible.builtin.debug": {"var": "hostvars.localhost"}}]).ok()
    wrote_all(loud)


def test_an_unexpected_exception_shows_no_secret(loud: Playbooks) -> None:
    """An unexpected exception can contain anything, and Ansible shows it with its traceback."""
    library = loud.folder / "buggy"
    library.mkdir()
    (library / "sitecustomize.py").write_text(
        "import json\n"
        "original = json.JSONDecoder.decode\n"
        "def decode(self, text, *more):\n"
        "    found = original(self, text, *more)\n"
        "    if isinstance(found, dict) and 'secretText' in found:\n"
        "        raise LookupError(text)\n"
        "    return found\n"
        "json.JSONDecoder.decode = decode\n"
    )
    run = play_tasks(
        loud,
        [rescued(role_task(loud)), {"ansible.builtin.fail": {}}],
        environ={"PYTHONPATH": str(library), "ANSIBLE_DISPLAY_TRACEBACK": "error"},
    )
    assert run.returncode != 0
    assert "LookupError" in run.output
    assert loud.tenant.application(uniqueName="gateway")["passwordCredentials"], "the secret was made"


def test_the_verbose_callbacks_are_not_part_of_the_collection() -> None:
    assert not (REPOSITORY / "plugins" / "callback").exists()
    assert Path(LOUD["ANSIBLE_CALLBACK_PLUGINS"]).is_dir()
