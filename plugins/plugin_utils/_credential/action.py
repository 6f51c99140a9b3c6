# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The action plugin of a credential module: with stores, the whole life of a credential is inside one task."""

from __future__ import annotations

import functools
import os
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_list
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential import life
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import ControllerAction
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.claims import Claims
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.kind import Kind
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.present import PresentTask
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.work import TaskFacts, Work
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.folder import this_run
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.plain import plain
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.registered import (
    REGISTRATION,
    registered_client_id,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.context import stores_of_task
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import (
    Store,
    check_credential_type,
    local_paths,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.store_set import StoreSet


class CredentialAction(ControllerAction):
    """A subclass names the module and the kind of credential."""

    kind: t.ClassVar[type[Kind]]

    def module(self) -> Module:
        return self.declared._replace(run=self._run_call)

    def _run_call(self, call: Call) -> dict[str, t.Any]:
        if call.params["stores"] is None:
            return self.declared.run(call)
        return run_with_stores(call, kind=self.kind, stores=stores_of_task(self, call), facts=self._facts(call))

    def _facts(self, call: Call) -> TaskFacts:
        host = str(self._task_vars.get("inventory_hostname", ""))
        names = call.params["sharing_hosts"]
        if names is None and REGISTRATION in self._task_vars:
            names = self._task_vars.get("ansible_play_hosts_all")
        names = tuple(plain(as_list(names)))
        live: frozenset[str] = frozenset(plain(list(self._task_vars.get("ansible_play_hosts", ()))))
        return TaskFacts(
            inventory_host=host,
            ignore_errors=bool(self._task.ignore_errors),
            run=this_run(self._task_vars, call.environ),
            sharing_hosts=functools.lru_cache(lambda client_id: self._sharing_hosts(names, host, client_id, live=live)),
            live_hosts=live,
        )

    def _sharing_hosts(
        self, names: t.Sequence[str], host: str, client_id: str, *, live: t.Collection[str]
    ) -> tuple[str, ...]:
        """Outside the role, no host has registered anything: then all of ``names`` share the application."""
        hostvars = self._task_vars.get("hostvars", {})
        client_ids = {name: registered_client_id(self.memory, name, hostvars) for name in {*names, host}}
        if not client_ids[host]:
            return tuple(sorted({*names, host}))
        return life.sharing_hosts(names, client_ids=client_ids, live=live, client_id=client_id, own=host)


def run_with_stores(call: Call, *, kind: type[Kind], stores: t.Sequence[Store], facts: TaskFacts) -> dict[str, t.Any]:
    """One task, whatever its state."""
    check_credential_type(stores, kind.type)
    claims = Claims(claims_path(stores, call.params["store_path"]), inventory_host=facts.inventory_host)
    work = Work(call, stores=StoreSet(stores), claims=claims, facts=facts)
    if work.options.state == "present":
        return _present(work, kind)
    call.validate_sign_in()
    from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.end import PruneTask, RetireTask

    if work.options.state == "pruned":
        return PruneTask(work).run()
    return RetireTask(work).run()


def _present(work: Work, kind: type[Kind]) -> dict[str, t.Any]:
    call = work.call
    is_registered = any(map(call.params.get, application.ADDRESS))
    if call.check_mode and not is_registered:
        # An earlier task in check mode found no application, and returned null for its ids.
        call.params = {**call.params, **dict.fromkeys(application.ADDRESS), "unique_name": "not registered yet"}
    of_kind = kind(call)
    call.validate_sign_in()
    return PresentTask(work, of_kind, is_registered=is_registered).run()


def claims_path(stores: t.Sequence[Store], store_path: str | None) -> str:
    """Beside the first file of ansible-vault. Raises InputError if there is no place."""
    vaults = [store.local_paths[0] for store in stores if store.type == "ansible_vault"]
    path = next(filter(None, (*vaults, store_path, *local_paths(stores))), None)
    if path is None:
        raise InputError(
            "O(store_path) is not set, and no store is a file: a run needs a path to record which client secret it is"
            " about to create",
            next_step="Set O(store_path) to a path on the controller; the claims file is this path with .claims.",
        )
    return f"{os.path.realpath(os.path.expanduser(path))}.claims"
