# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of all tests that run ansible-playbook. Tests in tests/unit do not use them, since they start no runs."""

from __future__ import annotations

import collections.abc as c
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit import leak_search
from graph_emulator.wire.server import EmulatorServer


@pytest.fixture
def playbooks(
    request: pytest.FixtureRequest, tmp_path: Path, emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> c.Iterator[Playbooks]:
    """After each test, all files and output of its runs are searched for secrets."""
    made = Playbooks(tmp_path, emulator, loud=request.config.getoption("--loud"))
    leak_search.record(made.issued, made.processes, emulator.journal, monkeypatch)
    yield made
    found = made.leaks()
    assert not found, "\n".join(str(hit) for hit in found[:20])


@pytest.fixture
def loud(playbooks: Playbooks) -> Playbooks:
    playbooks.loud = True
    return playbooks
