# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run in a fork of a process with Ansible loaded has the same output and effects as ansible-playbook."""

from __future__ import annotations

import collections.abc as c
import re
import signal
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.loud_plays import wrote_all
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import LOUD, Playbooks, Run
from graph_emulator.directory import seed
from graph_emulator.wire.server import EmulatorServer

# Values that differ between runs: names of temporary files, ids, times, process ids.
VOLATILE = (
    (r"play[a-z0-9_]{8}\.(yml|retry)", r"PLAY.\1"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|\+00:00)?", "TIME"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "DATE"),  # midnight may be between two runs
    (r"ansible-local-[0-9]+\w+", "LOCAL_TMP"),
    (r"localhost:[0-9]+", "TENANT"),
)


class Observed(t.NamedTuple):
    """One run, without values that differ between runs."""

    returncode: int
    output: list[str]
    left: dict[str, str]
    writes: list[str]


class Pair:
    """A user of ansible-playbook, and a user of the process that has it loaded, each with a fresh tenant."""

    def __init__(self, folder: Path, server: EmulatorServer) -> None:
        self.server = server
        self.users = []
        for name in ("real", "warm"):
            (folder / name).mkdir()
            self.users.append(Playbooks(folder / name, server, warm=name == "warm"))

    def prepare(self, act: c.Callable[[Playbooks], object]) -> None:
        for user in self.users:
            act(user)

    def same(self, act: c.Callable[[Playbooks], Run]) -> Run:
        """Check that both runs are the same; returns the second one."""
        seen = []
        for user in self.users:
            self.server.reset()
            user.tenant.environ = self.server.environment()
            user.environ |= user.tenant.environ
            run = act(user)
            seen.append(_observed(user, run))
        assert seen[0].output == seen[1].output
        assert seen[0] == seen[1]
        return run


def _observed(user: Playbooks, run: Run) -> Observed:
    def lasting(text: str) -> str:
        text = text.replace(user.environ["TMPDIR"], "FOLDER/tmp").replace(str(user.folder), "FOLDER")
        for pattern, name in VOLATILE:
            text = re.sub(pattern, name, text)
        return text

    files = (path for path in user.folder.rglob("*") if path.is_file() and path != user.vault_password)
    left = {
        lasting(str(path.relative_to(user.folder))): "" if _is_encrypted(path) else lasting(path.read_text())
        for path in files
    }
    folders = {lasting(str(path.relative_to(user.folder))): "" for path in user.folder.rglob("*") if path.is_dir()}
    writes = [lasting(f"{entry.method} {entry.path}") for entry in run.writes]
    return Observed(run.returncode, lasting(run.output).splitlines(), left | folders, writes)


def _is_encrypted(path: Path) -> bool:
    return path.read_bytes().startswith(b"$ANSIBLE_VAULT")


@pytest.fixture
def pair(tmp_path: Path, emulator: EmulatorServer) -> Pair:
    return Pair(tmp_path, emulator)


def shows(*expressions: str) -> list[dict[str, t.Any]]:
    """A play that shows the values of these expressions."""
    tasks = [{"ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"}} for expression in expressions]
    return [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]


def test_the_role_has_the_same_effects(pair: Pair) -> None:
    run = pair.same(Playbooks.register).ok()
    assert run.writes


def test_the_role_has_the_same_output_in_check_mode(pair: Pair) -> None:
    run = pair.same(lambda user: user.register("--check", "--diff")).ok()
    assert run.writes == []
    assert "+++ after" in run.output


def test_a_refusal_has_the_same_output(pair: Pair) -> None:
    pair.same(lambda user: user.register(gateway_app_profil="outbound_smtp")).failed("gateway_app_profil")


@pytest.mark.parametrize(
    "arguments", [("--no-such-option",), ("missing.yml",), ("broken.yml",), ("--version",), ("--help",)]
)
def test_messages_of_ansible_are_the_same(pair: Pair, arguments: tuple[str, ...]) -> None:
    pair.prepare(lambda user: (user.folder / "broken.yml").write_text("- hosts: [\n"))
    pair.same(lambda user: user.command("ansible-playbook", *arguments))


def test_variables_from_a_vault_are_the_same(pair: Pair) -> None:
    def encrypt(user: Playbooks) -> None:
        (user.folder / "vars.yml").write_text("kept: in a vault\n")
        user.command("ansible-vault", "encrypt", "vars.yml").ok()

    pair.prepare(encrypt)
    run = pair.same(lambda user: user.run([{**shows("kept")[0], "vars_files": ["vars.yml"]}])).ok()
    assert "in a vault" in run.output


# Settings that depend on the folder, on the environment and on nothing, and values that a process gets from its system.
SURROUNDINGS = (
    "lookup('ansible.builtin.config', 'COLLECTIONS_PATHS', 'DEFAULT_ROLES_PATH', 'DEFAULT_CALLBACK_PLUGIN_PATH')",
    "lookup('ansible.builtin.config', 'ANSIBLE_HOME', 'DEFAULT_VAULT_PASSWORD_FILE', 'RETRY_FILES_SAVE_PATH')",
    "lookup('ansible.builtin.config', 'DEFAULT_FORKS', 'TASK_TIMEOUT', 'DISPLAY_SKIPPED_HOSTS')",
    "lookup('ansible.builtin.config', 'DEFAULT_LOCAL_TMP')",
    "lookup('ansible.builtin.pipe', 'env | sort; pwd; umask; test -t 0 || echo no terminal')",
    "ansible_playbook_python, playbook_dir, ansible_config_file, ansible_verbosity",
    "lookup('ansible.builtin.env', 'TMPDIR')",
)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"ANSIBLE_FORKS": "1", "ANSIBLE_ROLES_PATH": "roles", "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false"},
        {"ANSIBLE_TASK_TIMEOUT": "7"},  # which a class uses while it is loaded
        {"ANSIBLE_HOME": "elsewhere", "TMPDIR": "."},
        {"ANSIBLE_FORCE_COLOR": "1", "ANSIBLE_NOCOLOR": None},
        {"ANSIBLE_VERBOSITY": "3"},
        {"LANG": "POSIX", "LC_ALL": "C.UTF-8"},
    ],
    ids=lambda environ: "+".join(environ) or "as usual",
)
def test_the_settings_and_the_environment_are_the_same(pair: Pair, environ: dict[str, str | None]) -> None:
    pair.same(lambda user: user.run(shows(*SURROUNDINGS), environ=environ)).ok()


def test_a_settings_file_is_used(pair: Pair) -> None:
    pair.prepare(lambda user: (user.folder / "ansible.cfg").write_text("[defaults]\nforks = 3\ntask_timeout = 9\n"))
    run = pair.same(lambda user: user.run(shows(*SURROUNDINGS))).ok()
    assert "[ 3, 9, true ]" in " ".join(run.output.split())


def test_plugins_beside_the_playbook_and_from_the_settings_are_found(pair: Pair) -> None:
    code = "class FilterModule:\n    def filters(self):\n        return {'NAME': lambda value: 'NAME found'}\n"

    def write(user: Playbooks) -> None:
        for folder, name in (("filter_plugins", "beside"), ("elsewhere", "settings")):
            (user.folder / folder).mkdir()
            (user.folder / folder / f"{name}.py").write_text(code.replace("NAME", name))

    pair.prepare(write)
    environ = {"ANSIBLE_FILTER_PLUGINS": "elsewhere"}
    run = pair.same(lambda user: user.run(shows("1 | beside", "1 | settings"), environ=environ)).ok()
    assert "beside found" in run.output
    assert "settings found" in run.output


def test_a_verbose_run_writes_everything(pair: Pair) -> None:
    """Such a run is a real ansible-playbook, since a log is opened while Ansible is loaded."""
    warm = pair.users[1]
    warm.run(shows("1 + 1"), environ=LOUD).ok()
    wrote_all(warm)


def test_a_killed_run_is_reported(pair: Pair) -> None:
    for user in pair.users:
        run = user.run(shows("1 + 1"), started=lambda process: process.send_signal(signal.SIGKILL))
        assert run.returncode == -signal.SIGKILL


def test_the_command_line_is_searched_for_secrets(playbooks: Playbooks) -> None:
    """The process list shows the command line of the process that the run is a fork of."""
    secret = seed.new_secret()
    playbooks.issued.add(secret)
    playbooks.command("ansible-playbook", "--version", "-e", f"secret={secret}").ok()
    assert [(hit.place, hit.secret) for hit in playbooks.leaks()] == [("command line of a run", secret)]
    playbooks.processes.command_lines.clear()


def test_child_processes_of_a_run_are_in_the_process_list(playbooks: Playbooks) -> None:
    secret = seed.new_secret()
    look = {"ansible.builtin.uri": {"url": f"{playbooks.server.graph}/v1.0/", "status_code": [401]}}
    task = {**look, "environment": {"NAME": secret, "SSL_CERT_FILE": str(playbooks.server.ca_file)}}
    playbooks.run([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]).ok()
    playbooks.issued.add(secret)
    playbooks.own |= set(playbooks.folder.glob("play*.yml"))
    places = {hit.place.partition(" of ")[0] for hit in playbooks.leaks()}
    assert "environment" in places
    playbooks.processes.command_lines.clear()
    playbooks.processes.environments.clear()
