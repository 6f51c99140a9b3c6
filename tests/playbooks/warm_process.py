# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that has Ansible loaded, and forks for each run of ansible-playbook that warm_playbook.py requests.

Ansible reads its settings while it is loaded, so a run reads them again. If one has another value that a loaded module
already used, or with a settings file, the run is a normal ansible-playbook.
"""

from __future__ import annotations

import atexit
import dataclasses
import gc
import importlib
import importlib.machinery
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import types
import typing as t
from pathlib import Path

LOCAL_TMP = "DEFAULT_LOCAL_TMP"
# Packages from which Ansible loads modules as plugins by itself; if they are loaded already, they are used.
PLUGINS = ("callback.default", "connection.local", "shell.sh", "strategy.linear", "become.sudo", "cache.memory")
PLUGIN_PACKAGES = ("action", "filter", "inventory", "lookup", "test", "vars")
LIBRARIES = (
    "cryptography.hazmat.primitives.serialization.pkcs12",
    "cryptography.x509",
    "msal",
    "requests",
)
COLLECTION = Path(__file__).resolve().parents[2] / "build/collections/ansible_collections/email_gateway/azure_apps"
Settings = dict[str, t.Any]


class Loaded:
    """Ansible as this process loaded it: the settings, and the names of those that were used so far."""

    def __init__(self) -> None:
        self.constants = importlib.import_module("ansible.constants")
        self._used: set[str] = set()
        constants, used = self.constants, self._used

        class Recording(types.ModuleType):
            def __getattribute__(self, name: str) -> t.Any:
                used.add(name)
                return super().__getattribute__(name)

        constants.__class__ = Recording
        self.main = importlib.import_module("ansible.cli.playbook").main
        self._loaders = importlib.import_module("ansible.plugins.loader")
        for name in (*PLUGINS, *_plugins_of_ansible()):
            importlib.import_module(f"ansible.plugins.{name}")
        for name in LIBRARIES:
            importlib.import_module(name)
        constants.__class__ = types.ModuleType
        self._settings = self._current()
        _remember_the_routes_of_ansible()
        _remember_the_code_of_the_collection()

    def _current(self) -> Settings:
        return {name: getattr(self.constants, name) for name in self.constants.config.get_configuration_definitions()}

    def read_settings_again(self) -> bool:
        """As ansible.constants does when it is loaded. Returns whether everything that is loaded works with them."""
        config = self.constants.config
        atexit.unregister(importlib.import_module("ansible.utils.path").cleanup_tmp_file)
        config.WARNINGS.clear()
        config.DEPRECATED.clear()
        manager = importlib.import_module("ansible.config.manager")
        if config._config_file or manager.find_ini_config_file(config.WARNINGS):
            return False
        for name in self._settings:
            if name != LOCAL_TMP:
                self._set(name)
        search_paths = self._search_paths_of_plugins()
        for name in self._used & self._settings.keys() - {LOCAL_TMP, *search_paths}:
            if getattr(self.constants, name) != self._settings[name]:
                return False
        for name, loader in search_paths.items():
            loader.config = getattr(self.constants, name)
        self._set(LOCAL_TMP)  # creates the folder, which this process removes at its end
        return True

    def _set(self, name: str) -> None:
        value = self.constants.config.get_config_value(name, variables=vars(self.constants))
        setattr(self.constants, name, value)

    def _search_paths_of_plugins(self) -> dict[str, t.Any]:
        """The loaders of plugins, by the setting with their search path. None has searched yet."""
        names = {tuple(value): name for name, value in self._settings.items() if isinstance(value, list) and value}
        loaders = [value for value in vars(self._loaders).values() if isinstance(value, self._loaders.PluginLoader)]
        return {names[tuple(loader.config)]: loader for loader in loaders if tuple(loader.config) in names}


def _plugins_of_ansible() -> t.Iterator[str]:
    for package in PLUGIN_PACKAGES:
        folder = Path(importlib.import_module(f"ansible.plugins.{package}").__path__[0])
        for path in sorted(folder.glob("[a-z]*.py")):
            yield f"{package}.{path.stem}"


def _remember_the_routes_of_ansible() -> None:
    """Ansible reads this large file in every run. Its content is constant."""
    finder: t.Any = importlib.import_module("ansible.utils.collection_loader._collection_finder")
    read = finder._meta_yml_to_dict
    path = Path(importlib.import_module("ansible.config").__path__[0]) / "ansible_builtin_runtime.yml"
    text = path.read_bytes()
    routes = read(text, ("ansible.builtin", "runtime.yml"))

    def remembered(content: bytes, content_id: t.Any) -> t.Any:
        return routes if content == text else read(content, content_id)

    finder._meta_yml_to_dict = remembered


def _remember_the_code_of_the_collection() -> None:
    """Ansible compiles modules of a collection in every run. Code only depends on its source."""
    finder: t.Any = importlib.import_module("ansible.utils.collection_loader._collection_finder")
    known = {}
    for path in COLLECTION.joinpath("plugins").rglob("*.py"):
        code = importlib.machinery.SourceFileLoader(path.stem, str(path)).get_code(path.stem)
        known[str(path), path.read_bytes()] = code

    def remembered(*, source: t.Any, filename: str, **how: t.Any) -> t.Any:
        return known.get((filename, source)) or compile(source=source, filename=filename, **how)

    finder.compile = remembered


@dataclasses.dataclass
class Run:
    """A requested run, and the socket for the report of its end."""

    program: str
    arguments: list[str]
    folder: str
    environ: dict[str, str]
    output: int
    asked: socket.socket

    def begin(self) -> None:
        """This process becomes that of the run."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for standard in (1, 2):
            os.dup2(self.output, standard)
        os.close(self.output)
        self.asked.close()
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environ)
        tempfile.tempdir = None
        sys.argv = [self.program, *self.arguments]


class Server:
    """Accepts one request at a time, forks, and reports pids and exit codes."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._running: dict[int, Run] = {}
        self._ended, wakeup = socket.socketpair()
        self._ended.setblocking(False)
        wakeup.setblocking(False)
        self._wakeup = wakeup
        signal.signal(signal.SIGCHLD, lambda *_args: None)
        signal.set_wakeup_fd(wakeup.fileno())

    def serve(self) -> Run | None:
        """Returns the run in the process that was forked for it, and None at the end of the requests."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._requests, selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            while True:
                for key, _events in selector.select():
                    if key.fileobj is self._ended:
                        self._ended.recv(4096)
                        self._report()
                        continue
                    run = self._next()
                    if run is None:
                        return None
                    pid = os.fork()
                    if pid == 0:
                        self._close()
                        return run
                    os.close(run.output)
                    self._running[pid] = run
                    run.asked.sendall(f"{pid}\n".encode())

    def _next(self) -> Run | None:
        message, descriptors, _flags, _address = socket.recv_fds(self._requests, 1, 2)
        if not message:
            return None
        asked = socket.socket(fileno=descriptors[0])
        with asked.makefile() as lines:
            return Run(**json.loads(lines.readline()), output=descriptors[1], asked=asked)

    def _report(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            run = self._running.pop(pid)
            with run.asked:
                try:
                    run.asked.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
                except OSError:  # its client has gone
                    continue

    def _close(self) -> None:
        for descriptor in (self._requests, self._ended, self._wakeup, *(run.asked for run in self._running.values())):
            descriptor.close()


def main() -> None:
    # As in ansible-playbook, in whose folder this is.
    sys.path[0] = str(Path(sys.executable).parent)
    loaded = Loaded()
    gc.freeze()
    run = Server(socket.socket(fileno=int(sys.argv[1]))).serve()
    if run is None:
        shutil.rmtree(sys.argv[2])
        return
    run.begin()
    if not loaded.read_settings_again():
        os.execve(run.program, [run.program, *run.arguments], run.environ)
    sys.exit(loaded.main())


if __name__ == "__main__":
    main()
