# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients of the emulator: one with all rights, and ones with the rights that a test needs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from graph_emulator.wire.server import EmulatorServer


@pytest.fixture
def operator(emulator: EmulatorServer) -> Client:
    return Client(emulator, emulator.client_id, emulator.client_secret)


@pytest.fixture
def client_with(emulator: EmulatorServer) -> Any:
    def make(*roles: str) -> Client:
        return Client(emulator, *emulator.add_operator(list(roles)))

    return make
