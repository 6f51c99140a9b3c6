# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One emulator for each session, reset for each test."""

from __future__ import annotations

import collections.abc as c
import functools
import os
import time
import types
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import patience as _patience
from ansible_collections.email_gateway.azure_apps.tests.unit.csdl import Csdl
from ansible_collections.email_gateway.azure_apps.tests.unit.direct_connection import connect_directly
from ansible_collections.email_gateway.azure_apps.tests.unit.few_permissions import offer_few_permissions
from ansible_collections.email_gateway.azure_apps.tests.unit.metadata_observer import MetadataObserver
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant, VirtualTime
from graph_emulator.caller import Caller
from graph_emulator.graph.dispatch import Graph, GraphRequest, GraphResponse
from graph_emulator.wire.server import EmulatorServer

ORACLE = Path(os.environ.get("GRAPH_ORACLE", REPOSITORY.parent / "shared" / "graph"))


@pytest.fixture(scope="session")
def emulator_server() -> c.Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


@pytest.fixture
def emulator(
    request: pytest.FixtureRequest, emulator_server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> c.Iterator[EmulatorServer]:
    emulator_server.reset()
    if request.node.get_closest_marker("over_tls") is None:
        connect_directly(emulator_server, monkeypatch)
        if "emulator" not in request.path.parts:
            offer_few_permissions(emulator_server)
    yield emulator_server
    # A response of 500 without a fault is a bug of the emulator itself.
    assert not emulator_server.internal_errors, emulator_server.internal_errors[0]


@pytest.fixture(scope="session")
def oracle() -> Path:
    """The folder of recordings and published lists; it is not part of the repository."""
    if not (ORACLE / "permissions.json").is_file():
        pytest.skip(f"no recordings of Microsoft Graph in {ORACLE}; set GRAPH_ORACLE to their folder")
    return ORACLE


@functools.lru_cache(maxsize=1)
def published_metadata(path: Path) -> Csdl:
    return Csdl(path)


@pytest.fixture(autouse=True)
def metadata_observer(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> c.Iterator[MetadataObserver | None]:
    """Everything that passes through the emulator is compared with the metadata, if that is available.

    The emulator's own tests send invalid bodies on purpose, so only the modules' requests are checked.
    """
    path = ORACLE / "metadata-slice.xml"
    if not path.is_file():
        yield None
        return
    observer = MetadataObserver(published_metadata(path), requests="emulator" not in request.path.parts)
    serve_as = Graph.serve_as

    def observed(graph: Graph, caller: Caller, asked: GraphRequest) -> GraphResponse:
        answer = serve_as(graph, caller, asked)
        observer.saw(asked, answer)
        return answer

    monkeypatch.setattr(Graph, "serve_as", observed)
    yield observer
    assert not observer.complaints, "\n".join(observer.complaints[:20])


@pytest.fixture
def virtual_time(emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    virtual = VirtualTime(emulator)
    clock = types.SimpleNamespace(sleep=virtual.sleep, monotonic=virtual.monotonic, time=time.time)
    monkeypatch.setattr(_patience, "time", clock)
    return virtual


@pytest.fixture
def tenant(emulator: EmulatorServer, virtual_time: VirtualTime) -> Tenant:
    return Tenant(emulator)
