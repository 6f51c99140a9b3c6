# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unpatched third-party clients, which `.ci/dev clients` installs into build/clients, and a table of their results."""

from __future__ import annotations

import collections.abc as c
import json
import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.clients.life import PROPERTY, Life, Program, table
from ansible_collections.email_gateway.azure_apps.tests.clients.own_network import REFUSED, with_names
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from graph_emulator.wire.server import EmulatorServer

CLIENTS = REPOSITORY / "build" / "clients"


def _missing(reason: str) -> t.NoReturn:
    """In CI all clients are required; elsewhere, a machine may lack the requirements of some of them."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def installed(name: str) -> Path:
    """The folder of a client, by its name in .ci/dev."""
    if not (CLIENTS / name / "installed").is_file():
        _missing(f"{name} is not installed: see the output of .ci/dev clients {name}")
    return CLIENTS / name


@pytest.fixture(scope="session")
def _address_server() -> c.Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


@pytest.fixture(scope="session")
def _names_server() -> c.Iterator[EmulatorServer]:
    """On an address of its own for each worker of pytest-xdist, since all of them need the same port."""
    reason = os.environ.get(REFUSED, "run make clients, which runs tests/clients/own_network.py")
    if reason:
        _missing(f"the names of Microsoft's services cannot lead to the emulator here: {reason}")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    with EmulatorServer(host=f"127.0.1.{int(worker) + 1}", microsoft_names=True) as server:
        yield server


@pytest.fixture
def emulator(_address_server: EmulatorServer) -> c.Iterator[EmulatorServer]:
    """For clients that have settings for the addresses."""
    _address_server.reset()
    yield _address_server
    assert not _address_server.internal_errors, _address_server.internal_errors[0]


@pytest.fixture
def named_emulator(_names_server: EmulatorServer) -> c.Iterator[EmulatorServer]:
    """For clients without such settings: the emulator responds as graph.microsoft.com and so on."""
    _names_server.reset()
    yield _names_server
    assert not _names_server.internal_errors, _names_server.internal_errors[0]


@pytest.fixture
def life(request: pytest.FixtureRequest) -> c.Iterator[Life]:
    """Counts for the client that CLIENT of the test module names."""
    made = Life(request.module.CLIENT)
    yield made
    request.node.user_properties.append((PROPERTY, json.dumps(made.as_property())))


@pytest.fixture
def program(tmp_path: Path) -> c.Callable[..., Program]:
    """Makes a client of a command, with a home folder of its own. It finds `named` under Microsoft's host names."""

    def make(*command: str, named: EmulatorServer | None = None, **environ: str) -> Program:
        variables = {
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            # Compiled Python files, as those of all that runs here.
            "PYTHONPYCACHEPREFIX": os.environ.get("PYTHONPYCACHEPREFIX", ""),
            **environ,
        }
        return Program([*(with_names(named.host) if named else ()), *command], variables)

    return make


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Properties are complete in the reports of the teardown, also in those that other processes send."""
    lives = [
        json.loads(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "teardown"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if lives:
        terminalreporter.section("clients of others")
        for line in table(lives):
            terminalreporter.write_line(line)
