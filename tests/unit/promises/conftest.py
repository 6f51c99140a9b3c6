# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One bench for each test."""

from __future__ import annotations

import collections.abc as c
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.key_stock import take_keys_from_stock
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.bench import Bench
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.virtual_wire import VirtualWire
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant, VirtualTime

MakeBench = c.Callable[[str], Bench]


@pytest.fixture(autouse=True)
def metadata_observer() -> None:
    """The requests are those of the modules' own tests, where each response is compared with the metadata."""


@pytest.fixture
def make_bench(tenant: Tenant, virtual_time: VirtualTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeBench:
    """A bench for a type of credential."""

    def make(credential_type: str) -> Bench:
        wire = VirtualWire(tenant.server, virtual_time)
        wire.install(monkeypatch)
        if credential_type == "certificate":
            take_keys_from_stock(monkeypatch)
        return Bench(tenant, wire, tmp_path, credential_type=credential_type)

    return make
