# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways with one store and with two."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.credential_gateway import Gateway
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant


@pytest.fixture
def gateway(tenant: Tenant, tmp_path: Path) -> Gateway:
    tenant.register()
    return Gateway(tenant, tmp_path)


@pytest.fixture
def two(tenant: Tenant, tmp_path: Path) -> Gateway:
    tenant.register()
    return Gateway(tenant, tmp_path, blind=(False, False))
