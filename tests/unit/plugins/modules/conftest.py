# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import Patience, WaitedFor
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources import device_login as _device_login
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.certificate_files import GATEWAY
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.device_login_user import Person
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication
from graph_emulator.wire.server import EmulatorServer


@pytest.fixture
def hand(emulator: EmulatorServer) -> Client:
    """Another administrator, who has all rights."""
    roles = [
        "Application.ReadWrite.All",
        "AppRoleAssignment.ReadWrite.All",
        "DelegatedPermissionGrant.ReadWrite.All",
        "Directory.Read.All",
        "User.Read.All",
    ]
    return Client(emulator, *emulator.add_operator(roles))


@pytest.fixture
def gateway(tenant: Tenant) -> TenantApplication:
    """The application with the unique name "gateway", registered and without anything else."""
    return TenantApplication.registered(tenant)


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    """The path for the private key of azure_app_certificate."""
    return tmp_path / "keys" / "gateway.pem"


@pytest.fixture
def certificate_options(tenant: Tenant, key_path: Path) -> Json:
    """Those that create the key and its certificate for a registered application."""
    tenant.register()
    return {**GATEWAY, "path": str(key_path)}


@pytest.fixture
def person(tenant: Tenant) -> Person:
    """A run without any other way to sign in than a device code."""
    names = ("AZURE_AUTHORITY_HOST", "AZURE_GRAPH_URL", "REQUESTS_CA_BUNDLE")
    tenant.environ = {**{name: tenant.environ[name] for name in names}, "PATH": "/nowhere"}
    tenant.memory = SharedMemory()
    return Person(tenant)


@pytest.fixture
def at_pause(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[int, t.Callable[[], None]], None]:
    """Runs an action when a task that waits for a device code pauses for the nth time."""

    def at(nth: int, act: t.Callable[[], None]) -> None:
        class Eventful(Patience):
            pauses = 0

            def pause(self, retry_after: str = "", *, why: WaitedFor = WaitedFor.LAG) -> bool:
                Eventful.pauses += 1
                if Eventful.pauses == nth:
                    act()
                return super().pause(retry_after, why=why)

        monkeypatch.setattr(_device_login, "Patience", Eventful)

    return at
