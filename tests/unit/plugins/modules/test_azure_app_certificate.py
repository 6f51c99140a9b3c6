# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, lasting

MODULE = "azure_app_certificate"
UNKNOWN = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "keys" / "gateway.pem"


def test_smoke(tenant: Tenant, path: pathlib.Path) -> None:
    tenant.register()
    options = {"unique_name": "gateway", "description": "gateway", "path": str(path)}
    checked = tenant.ok(MODULE, check=True, **options)
    print(checked)
    first = tenant.ok(MODULE, **options)
    print(first, tenant.writes, tenant.graph_requests)
    tenant.forget_requests()
    second = tenant.ok(MODULE, **options)
    print(second, tenant.writes, tenant.graph_requests)
    assert not second["changed"]
    third = tenant.ok(MODULE, **options, lifetime_days=365, renew_before_days=200)
    print(third)
    gone = tenant.ok(MODULE, unique_name="gateway", key_id=first["key_id"], state="absent")
    print(gone)
    print(tenant.ok(MODULE, **options))
    print(path.read_text()[:300], sorted(path.parent.iterdir()))
