# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-playbook as a user does, in a folder of its own, against the emulator over TLS."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
import weakref
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.email_gateway.azure_apps.tests.playbooks.run_count import RUN_COUNT
from ansible_collections.email_gateway.azure_apps.tests.playbooks.warm_playbook import Process, WarmPlaybook
from ansible_collections.email_gateway.azure_apps.tests.unit import leak_search
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import COLLECTIONS, REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.process_list import ProcessList
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant
from graph_emulator.journal import Entry
from graph_emulator.wire.server import EmulatorServer

CALLBACKS = Path(__file__).resolve().parent / "callback_plugins"
RESULT_MARK = "RESULT "
VAULT_PASSWORD = "correct horse battery"
# A module that Ansible passes to Python on standard input (pipelining), and the shell around it.
MODULE_ON_INPUT = re.compile(r"(/bin/sh -c )?\S*/python[\d.]*( && sleep 0)?")
# All logging of Ansible that can be switched on. By variables only, so that a run without them is a normal one.
LOUD = {
    "ANSIBLE_VERBOSITY": "5",
    "ANSIBLE_DIFF_ALWAYS": "True",
    "ANSIBLE_DEBUG": "True",
    "ANSIBLE_KEEP_REMOTE_FILES": "True",
    "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "True",
    "ANSIBLE_CACHE_PLUGIN": "jsonfile",
    "ANSIBLE_CACHE_PLUGIN_CONNECTION": "cache",
    "ANSIBLE_LOG_PATH": "ansible.log",
    "ANSIBLE_LOCAL_TEMP": "local_tmp",
    "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
    "ANSIBLE_CALLBACKS_ENABLED": "everything,ansible.builtin.tree",
    "ANSIBLE_CALLBACK_TREE_DIR": "tree",
    "EVERYTHING_PATH": "everything.jsonl",
}


@dataclasses.dataclass
class Run:
    """One finished run. ``results`` are the values of the requested variables."""

    returncode: int
    output: str
    results: dict[str, t.Any]
    requests: list[Entry]
    writes: list[Entry]

    def ok(self) -> Run:
        assert self.returncode == 0, self.output
        assert "Traceback" not in self.output, self.output
        return self

    def failed(self, *words: str) -> Run:
        """The run failed, with these words for the user and without a traceback."""
        assert self.returncode != 0, self.output
        assert "Traceback" not in self.output, self.output
        flat_output = " ".join(self.output.replace("\\n", " ").split())
        for word in words:
            assert word in flat_output, self.output
        return self


def environment(folder: Path) -> dict[str, str]:
    """The environment of a user who has this folder and no sign-in."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PWD": str(folder),
        "LANG": "C.UTF-8",
        "ANSIBLE_HOME": str(folder / "home" / "ansible"),
        # Otherwise it would be in the home folder from the user database, which is not searched for secrets.
        "ANSIBLE_REMOTE_TMP": str(folder / "home" / "remote_tmp"),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "True",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": str(folder),
        "ANSIBLE_VAULT_PASSWORD_FILE": str(folder / "vault-password"),
        # Otherwise every run would compile all of ansible-core again.
        "PYTHONPYCACHEPREFIX": str(REPOSITORY / "build" / "pycache"),
    }


@functools.cache
def warm_playbook() -> WarmPlaybook:
    """One for all tests of this process."""
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    return WarmPlaybook(environment(folder), folder)


class Playbooks:
    """A user's folder with a vault password, and the environment of a user who signs in by variables.

    ``loud`` switches on all logging of Ansible in every run. With ``warm``, ansible-playbook is a fork of a
    process that has Ansible loaded, if that makes no difference. ``own`` are files in which the test itself put
    a secret; ``issued`` and ``processes`` are filled while the fixture records.
    """

    def __init__(self, folder: Path, server: EmulatorServer, *, loud: bool = False, warm: bool = True) -> None:
        self.folder = folder
        self.server = server
        self.loud = loud
        self.warm = warm
        self.tenant = Tenant(server)
        self.vault_password = folder / "vault-password"
        self.vault_password.write_text(f"{VAULT_PASSWORD}\n")
        self.own = {self.vault_password}
        self.issued = leak_search.Issued(server.client_secret, VAULT_PASSWORD)
        self.processes = ProcessList()
        self.outputs: list[str] = []
        self._passing: dict[bytes, str] = {}
        self._given: set[str] = set()
        self.environ = {**environment(folder), **self.tenant.environ}
        (folder / "home").mkdir()
        (folder / "tmp").mkdir()
        self.environ["TMPDIR"] = self._short(folder / "tmp")

    def _short(self, folder: Path) -> str:
        """A link to the folder: ansible-core 2.21 creates a socket below TMPDIR, whose path may have 103 characters."""
        place = tempfile.mkdtemp(prefix="apps-", dir="/tmp")
        link = Path(place) / "tmp"
        link.symlink_to(folder)
        weakref.finalize(self, shutil.rmtree, place)
        return str(link)

    @property
    def store(self) -> Path:
        return self.store_of("gateway")

    @property
    def claims(self) -> Path:
        return self.store.with_name(f"{self.store.name}.claims")

    def store_of(self, unique_name: str) -> Path:
        return self.folder / "gateway_app" / f"{unique_name}.vault.yml"

    def run(
        self,
        plays: list[t.Any],
        *arguments: str,
        show: t.Sequence[str] = (),
        environ: t.Any = None,
        started: t.Callable[[Process], None] | None = None,
    ) -> Run:
        """Run plays given as data; ``show`` names variables whose values are returned.

        ``environ`` changes the environment; None removes a variable from it. ``started`` is called with the process.
        """
        tasks = [
            {
                "ansible.builtin.debug": {"msg": f"{RESULT_MARK}{name} {{{{ {name} | to_json }}}}"},
                "when": f"{name} is defined",
            }
            for name in show
        ]
        if tasks:
            plays = [*plays, {"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
        with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix="play", suffix=".yml", delete=False) as path:
            path.write(yaml.safe_dump(plays, sort_keys=False))
        return self.command("ansible-playbook", path.name, *arguments, environ=environ, started=started)

    def command(
        self,
        *command: str,
        environ: t.Any = None,
        started: t.Callable[[Process], None] | None = None,
    ) -> Run:
        """The command of a user. With ``loud``, only ansible-playbook is verbose, not other commands."""
        self.server.journal.clear()
        loudness = LOUD if self.loud and command[0] == "ansible-playbook" else {}
        given = {**self.environ, **loudness, **(environ or {})}
        env = {name: value for name, value in given.items() if value is not None}
        self._given |= set(env.values())
        process = self._started(command, env)
        self.processes.descend_from(process.pid)
        try:
            if started is not None:
                started(process)
            output, _errors = process.communicate(timeout=300)
        finally:
            process.kill()
            process.wait()
            self.processes.look()
        if command[0] != "ansible-vault":  # whose output is the requested one
            self.outputs.append(output)
        results = {}
        for shown in re.findall(rf'"msg": "{RESULT_MARK}(.*)"$', output, flags=re.MULTILINE):
            name, _blank, value = json.loads(f'"{shown}"').partition(" ")
            results[name] = json.loads(value)
        return Run(
            returncode=process.returncode,
            output=output,
            results=results,
            requests=self.server.requests(),
            writes=self.server.writes(),
        )

    def _started(self, command: t.Sequence[str], env: dict[str, str]) -> Process:
        if self.warm and command[0] == "ansible-playbook":
            process = warm_playbook()
            if process.can_run(shutil.which(command[0], path=env.get("PATH")), env):
                # Otherwise the process list would show it: a fork has the command line of its parent.
                self.processes.command_lines.setdefault("\0".join(command).encode(), "command line of a run")
                RUN_COUNT.note(command, forked=True)
                return process.run(command[1:], folder=self.folder, environ=env)
        RUN_COUNT.note(command)
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def gives(self, values: t.Iterable[str]) -> None:
        """The user has put these secrets into the environment of the runs."""
        self._given |= set(values)

    def register(
        self,
        *arguments: str,
        environ: t.Any = None,
        defaults: dict[str, t.Any] | None = None,
        started: t.Callable[[Process], None] | None = None,
        entry: str = "main",
        **variables: t.Any,
    ) -> Run:
        """The role, as a user calls it in a play; ``defaults`` are for all modules of the collection."""
        given = {
            "gateway_app_profile": "outbound_microsoft365",
            "gateway_app_display_name": "Gateway",
            "gateway_app_unique_name": "gateway",
            "gateway_app_wait_timeout": 20,
            **variables,
        }
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": given,
            "tasks": [
                {
                    "ansible.builtin.import_role": {
                        "name": "email_gateway.azure_apps.gateway_app",
                        "tasks_from": entry,
                    }
                }
            ],
            "module_defaults": {"group/email_gateway.azure_apps.all": defaults or {}},
        }
        return self.run([play], *arguments, show=["gateway_app_result"], environ=environ, started=started)

    def break_store_after_create(self, store: Path, *, nth: int = 1) -> None:
        """Replace the folder of the store by a file, after the nth secret was created and before it is returned."""

        def break_store() -> None:
            shutil.rmtree(store.parent)
            store.parent.write_text("no folder any more")

        self.server.faults.add(path="/addPassword$", nth=nth, then=break_store)

    def look(self) -> None:
        """Record what a run does not leave behind: its processes and temporary files at this moment."""
        self.processes.look()
        for name in ("home", "tmp", LOUD["ANSIBLE_LOCAL_TEMP"]):
            for path in (self.folder / name).rglob("*"):
                try:
                    self._passing.setdefault(path.read_bytes(), f"{path.relative_to(self.folder)} for a while")
                except OSError:  # a folder, or it is removed already
                    continue

    def leaks(self) -> list[leak_search.Hit]:
        """The places of secrets in everything that the runs left behind. Only the encrypted store may contain one.

        Secrets other than the client secrets in its clear text are a leak, too.
        """
        places = [
            *leak_search.files(self.folder, but=self.own),
            *((f"output {number}", output.encode()) for number, output in enumerate(self.outputs)),
            *((name, content) for content, name in self.processes.command_lines.items()),
            *((name, content) for content, name in self._passing.items()),
        ]
        found = leak_search.hits(places, self.issued.secrets)
        for content, name in self.processes.environments.items():
            # Ansible's own processes inherit the variables that the user set; other processes do not need a secret.
            program = name.partition(" of ")[2].strip()
            heir = "ansible" in program or MODULE_ON_INPUT.fullmatch(program)
            found += leak_search.hits([(name, content)], self.issued.secrets - (self._given if heir else set()))
        return found

    def stored(self, unique_name: str = "gateway") -> dict[str, t.Any]:
        """The content of the store, decrypted."""
        return self.stored_in(self.store_of(unique_name))

    def stored_in(self, path: Path) -> dict[str, t.Any]:
        password = Path(self.environ["ANSIBLE_VAULT_PASSWORD_FILE"]).read_bytes().strip()
        clear = VaultLib([("default", VaultSecret(password))]).decrypt(path.read_bytes())
        credential: dict[str, t.Any] = yaml.safe_load(clear)["gateway_app_credential"]
        return credential
