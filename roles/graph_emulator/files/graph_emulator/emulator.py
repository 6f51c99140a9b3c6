# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator without its network side: one tenant with identity platform, Graph, journal, faults and clock."""

from __future__ import annotations

from datetime import timedelta

from .clock import Clock
from .directory.seed import Operator, Seed, add_operator
from .directory.tenant import Tenant
from .faults import Faults
from .graph.dispatch import Graph
from .identity.platform import IdentityPlatform
from .identity.tokens import process_key
from .journal import Journal
from .key_vault.vault import KeyVault
from .resource_manager.service import ResourceManager
from .settings import Settings
from .weather import Weather


class Emulator:
    """`settings` are the values that a reset comes back to."""

    def __init__(self, *, settings: Settings | None = None, seed: Seed | None = None) -> None:
        self.seed = seed or Seed()
        self._initial = (settings or Settings()).as_dict()
        self.tenant = Tenant(tenant_id=self.seed.tenant_id, domain=self.seed.domain, settings=Settings(**self._initial))
        self.journal = Journal()
        self.faults = Faults()
        self.internal_errors: list[str] = []
        key = process_key()
        self.identity = IdentityPlatform(self.tenant, key)
        self.weather = Weather(self.tenant)
        self.graph_service = Graph(self.tenant, key, self.weather)
        self.key_vault = KeyVault(self.tenant, key)
        self.resource_manager = ResourceManager(self.tenant, key)
        self._plant()

    @property
    def clock(self) -> Clock:
        return self.tenant.clock

    def listen_at(
        self,
        base: str,
        *,
        authority: str = "",
        resource_manager: str = "",
        key_vaults: frozenset[str] = frozenset(),
        vault_suffix: str = "",
    ) -> None:
        """The addresses under which clients reach the emulator, and what its key vault may be called as a resource.

        `base` is Graph's address, and that of the others unless they have one of their own.
        """
        self.graph_service.base = base
        self.identity.base = self.key_vault.authority = authority or base
        self.resource_manager.base = resource_manager or base
        self.resource_manager.authority, self.resource_manager.graph = authority or base, base
        self.resource_manager.vault_suffix = vault_suffix
        self.tenant.resource_manager_names = frozenset({self.resource_manager.base} - {base})
        self.tenant.key_vault_names = key_vaults

    def _plant(self) -> None:
        self.seed.plant(self.tenant)
        self.key_vault.reset()
        self.key_vault.assign(self.seed.operator.client_id, "Key Vault Secrets Officer")

    def reset(self) -> None:
        """State, journal, faults, settings and clock back to the start. Ids, secret and issued tokens stay good."""
        with self.tenant.lock:
            self.tenant.clock.reset()
            self.tenant.settings.update(self._initial)
            self.weather.reset()
            self._plant()
            self.identity.clear_sign_ins()
        self.journal.clear()
        self.faults.clear()
        self.internal_errors.clear()

    def add_operator(self, roles: list[str]) -> tuple[str, str]:
        """A further client with these app roles of Microsoft Graph: its client id and client secret."""
        operator = Operator(roles=tuple(roles), display_name="Test operator")
        with self.tenant.lock:
            add_operator(self.tenant, operator, age=timedelta(hours=1))
            self.weather.replicas.clear_past()
        return operator.client_id, operator.client_secret
