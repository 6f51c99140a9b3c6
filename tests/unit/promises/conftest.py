# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One bench a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.promises.bench import Bench
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.virtual_wire import VirtualWire
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant, VirtualTime


@pytest.fixture
def credential_type() -> str:
    return "client_secret"


@pytest.fixture
def bench(
    tenant: Tenant, virtual_time: VirtualTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, credential_type: str
) -> Bench:
    wire = VirtualWire(tenant.server, virtual_time)
    wire.install(monkeypatch)
    return Bench(tenant, wire, tmp_path, credential_type=credential_type)
