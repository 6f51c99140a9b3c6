# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requirements of the optional stores: real programs and collections, downloaded once from the package index."""

from __future__ import annotations

import collections.abc as c
import fcntl
import os
import subprocess
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.fixtures import loud, playbooks
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.stores.awx import Awx
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_setup import PROJECT
from ansible_collections.email_gateway.azure_apps.tests.stores.openbao import OpenBao
from ansible_collections.email_gateway.azure_apps.tests.stores.sops_file import SopsFile
from ansible_collections.email_gateway.azure_apps.tests.unit.conftest import (
    emulator,
    emulator_server,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import COLLECTIONS, REPOSITORY
from graph_emulator.wire.server import EmulatorServer

__all__ = ["emulator", "emulator_server", "loud", "playbooks"]

STORES = REPOSITORY / "build" / "stores"


@pytest.fixture(scope="session")
def optional_stores() -> Path:
    """The folder, created by the first worker. If it cannot be created, that is a failure only in CI."""
    (REPOSITORY / "build").mkdir(exist_ok=True)
    with (REPOSITORY / "build" / "stores.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [str(REPOSITORY / ".ci" / "dev"), "stores"]
        made = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        reason = f"what the optional stores need could not be had: {made.stderr.strip()}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return STORES


def use_collections(playbooks: Playbooks, stores: Path) -> None:
    """Beside the collection under test. PYTHONPATH is for their Python libraries."""
    variables = {"ANSIBLE_COLLECTIONS_PATH": f"{COLLECTIONS}:{stores}", "PYTHONPATH": str(stores)}
    playbooks.environ |= variables


@pytest.fixture
def bao(optional_stores: Path, tmp_path: Path, playbooks: Playbooks) -> c.Iterator[OpenBao]:
    use_collections(playbooks, optional_stores)
    with OpenBao(optional_stores / "bin" / "bao", tmp_path / "bao", seen=playbooks.look) as server:
        playbooks.environ |= {"VAULT_ADDR": server.url, "VAULT_TOKEN": server.token}
        playbooks.issued.add(server.token)
        yield server


@pytest.fixture
def awx(optional_stores: Path, playbooks: Playbooks) -> c.Iterator[Awx]:
    use_collections(playbooks, optional_stores)
    with Awx(seen=playbooks.look) as server:
        playbooks.environ |= {"CONTROLLER_HOST": server.url, "CONTROLLER_OAUTH_TOKEN": server.token}
        playbooks.issued.add(server.token)
        server.objects.projects.repository = sorted(str(p.relative_to(PROJECT)) for p in PROJECT.rglob("*.yml"))
        yield server


@pytest.fixture
def sops(optional_stores: Path, tmp_path: Path, playbooks: Playbooks) -> SopsFile:
    use_collections(playbooks, optional_stores)
    file = SopsFile(optional_stores, tmp_path / "sops", playbooks.environ)
    playbooks.own.add(file.key)
    playbooks.issued.add(file.identity)
    playbooks.environ |= file.variables
    return file


class KeyVaultStore:
    """The key vault of the emulated tenant."""

    def __init__(self, server: EmulatorServer) -> None:
        self.store = {"type": "azure_key_vault", "vault_url": server.key_vault, "name": "gateway"}


@pytest.fixture
def key_vault(playbooks: Playbooks) -> KeyVaultStore:
    return KeyVaultStore(playbooks.server)


@pytest.fixture
def store(request: pytest.FixtureRequest) -> t.Any:
    """One of the stores, by the name of its fixture."""
    return request.getfixturevalue(request.param)
