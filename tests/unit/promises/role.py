# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of the role in order, in this process, against the emulator and a fake store."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import importlib
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.token import token_info
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import call_module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import StoreContext
from ansible_collections.email_gateway.azure_apps.tests.faults.faults import REQUEST_TIMEOUT
from ansible_collections.email_gateway.azure_apps.tests.unit.credential_gateway import FakeStore, Gateway
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import MODULES, Json

PROFILE = "outbound_microsoft365"
NAMES = {"display_name": "Gateway", "unique_name": "gateway"}
ENDPOINT = {"wait_timeout": 20, "request_timeout": REQUEST_TIMEOUT}
CREDENTIAL_MODULES = {"client_secret": "azure_app_secret", "certificate": "azure_app_certificate"}


@dataclasses.dataclass
class RoleRun:
    """The results of the tasks by module (and state), the last one maybe a failure; or the exception that ended it."""

    results: dict[str, Json]
    ended_by: BaseException | None = None

    @property
    def failure(self) -> Json | None:
        last = list(self.results.values())[-1] if self.results else {}
        return last if last.get("failed") else None

    @property
    def is_good(self) -> bool:
        return self.ended_by is None and self.failure is None

    @property
    def changed(self) -> list[str]:
        return [module for module, result in self.results.items() if result.get("changed")]


class Role:
    """``entry`` is main or rotate, as in roles/gateway_app/tasks."""

    def __init__(self, gateway: Gateway, *, credential_type: str = "client_secret") -> None:
        self.gateway = gateway
        self.credential_type = credential_type
        gateway.options = {}
        gateway.tenant.of_role = True
        gateway.same_run = True
        self._memory = gateway.tenant.memory

    def another(self) -> Role:
        """For a run in between."""
        return Role(self.gateway, credential_type=self.credential_type)

    def run(self, entry: str = "main") -> RoleRun:
        self._memory = SharedMemory(str(self.gateway.run_folder))
        done = RoleRun({})
        try:
            for module, options, check in self._tasks(entry, done.results):
                result = self._call(module, {**ENDPOINT, **options}, check=check)
                done.results[module if "state" not in options else f"{module} {options['state']}"] = result
                if result.get("failed"):
                    break
        except BaseException as exc:
            if isinstance(exc, (Exception, KeyboardInterrupt)):
                raise
            done.ended_by = exc
        return done

    def _tasks(self, entry: str, done: dict[str, Json]) -> c.Iterator[tuple[str, Json, bool]]:
        """Module, options, check mode."""
        yield "azure_app_profile_info", {"profile": PROFILE}, False
        profile = done["azure_app_profile_info"]
        if entry == "main":
            yield "azure_app_registration", NAMES, False
            client_id = done["azure_app_registration"]["client_id"]
            options = {"client_id": client_id, "permissions": profile["profile_permissions"]}
            yield "azure_app_graph_permissions", options, False
            yield "azure_admin_consent", {"client_id": client_id}, False
        else:
            yield "azure_app_registration", {**NAMES, "create": False}, True
            client_id = done["azure_app_registration"]["client_id"]
        kind = CREDENTIAL_MODULES[self.credential_type]
        yield kind, self._credential_options(client_id), False
        credential = done[kind]
        proof = {
            "client_id": client_id,
            "tenant_id": done["azure_app_registration"]["tenant_id"],
            "key_id": credential["key_id"],
            "expected_roles": profile["expected_roles"],
            "fail_if_missing": True,
            "poll": True,
        }
        yield "azure_app_token_info", proof, False
        if credential["hand_over"] or credential["prune"]:
            options = {"client_id": client_id, "state": "pruned", "overlap_days": 7, "renew_before_days": 30}
            yield "azure_app_secret", options, False

    def _credential_options(self, client_id: str) -> Json:
        options = {"client_id": client_id, "description": "Mail gateway", "profile": PROFILE, "overlap_days": 7}
        if self.credential_type == "certificate":
            options["path"] = str(self.gateway.folder / "gateway.pem")
        return {**options, "lifetime_days": 180, "renew_before_days": 30}

    def _call(self, module: str, options: Json, *, check: bool) -> Json:
        gateway = self.gateway
        gateway.tenant.memory = self._memory  # another run may have been in between
        if module in CREDENTIAL_MODULES.values():
            return gateway.run(module, check=check, **options)
        declared = importlib.import_module(f"{MODULES}.{module}").MODULE
        if module == "azure_app_token_info":
            declared = Module(argument_spec=declared.argument_spec, run=self._prove)
            options = {**options, "stores": [{"type": "ansible_vault"}]}
        tenant = gateway.tenant
        return call_module(
            declared,
            module,
            options,
            check_mode=check,
            environ=tenant.environ,
            memory=tenant.memory,
            of_role=True,
        )

    def _prove(self, call: t.Any) -> Json:
        context = StoreContext(call=call, vault_secrets=(), lookup=lambda *_terms, **_options: [])
        return token_info(call, lambda _call: [FakeStore(shelf, context) for shelf in self.gateway.shelves])
