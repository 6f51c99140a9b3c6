# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One emulator a session, as good as new for each test."""

from __future__ import annotations

import collections.abc as c
import os
import time
import types
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils import _patience
from ansible_collections.email_gateway.azure_apps.tests.unit.playbook_runner import REPOSITORY, Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant, VirtualTime
from graph_emulator.server import EmulatorServer


@pytest.fixture(scope="session")
def emulator_server() -> c.Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


@pytest.fixture
def emulator(emulator_server: EmulatorServer) -> c.Iterator[EmulatorServer]:
    emulator_server.reset()
    yield emulator_server
    # An answer of 500 that nobody asked for is a bug of the emulator itself.
    assert not emulator_server.internal_errors, emulator_server.internal_errors[0]


@pytest.fixture(scope="session")
def oracle() -> Path:
    """The folder of recordings and published lists; it is not part of the repository."""
    folder = Path(os.environ.get("GRAPH_ORACLE", REPOSITORY.parent / "shared" / "graph"))
    if not (folder / "permissions.json").is_file():
        pytest.skip(f"no recordings of Microsoft Graph in {folder}; set GRAPH_ORACLE to their folder")
    return folder


@pytest.fixture
def virtual_time(emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    virtual = VirtualTime(emulator)
    clock = types.SimpleNamespace(sleep=virtual.sleep, monotonic=virtual.monotonic, time=time.time)
    monkeypatch.setattr(_patience, "time", clock)
    return virtual


@pytest.fixture
def playbooks(tmp_path: Path, emulator: EmulatorServer) -> Playbooks:
    return Playbooks(tmp_path, emulator)


@pytest.fixture
def tenant(emulator: EmulatorServer, virtual_time: VirtualTime) -> Tenant:
    return Tenant(emulator)
