# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What every state of a credential task needs: its facts, whose stores they are, the locks, the result."""

from __future__ import annotations

import contextlib
import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import selected, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.life import Lifecycle
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.options import CredentialOptions
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import NO_RECORD, Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.run_folder import (
    Run,
    check_outlives_run,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.claims import Claims
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.store_set import StoreSet

CLAIMED_TIMES = 8  # wait_timeout: the allowance is renewed for parts of a task, and requests take their time, too


def view_of(record: Record, names: t.Iterable[str]) -> View:
    """These members of what is stored, for the diff; {} if nothing is."""
    if record == NO_RECORD:
        return {}
    return selected(vars(record), names)


class TaskFacts(t.NamedTuple):
    """What ansible-playbook knows about the task. ``sharing_hosts`` gives the hosts that share an application.

    ``live_hosts`` are those of the play that have not failed.
    """

    inventory_host: str
    ignore_errors: bool
    run: Run
    sharing_hosts: t.Callable[[str], tuple[str, ...]]
    live_hosts: frozenset[str] = frozenset()


class Work:
    """The call, the stores, the claims and the options of one task."""

    def __init__(self, call: Call, *, stores: StoreSet, claims: Claims, facts: TaskFacts) -> None:
        self.call = call
        self.stores = stores
        self.claims = claims
        self.facts = facts
        self.options = CredentialOptions.of(call.params)
        self._notes: dict[str, None] = {}

    @property
    def wait_timeout(self) -> float:
        return self.call.endpoint.wait_timeout

    @property
    def kept(self) -> Record:
        """The most recent credential of the stores; NO_RECORD if they keep none."""
        return self.stores.most_recent or NO_RECORD

    @property
    def key_path(self) -> str:
        """The option ``path``, which the module for certificates has; "" if it is not set."""
        return text_or_empty(self.call.params, "path")

    def check_paths(self, paths: t.Iterable[str]) -> None:
        """Raises InputError for a file that would be lost with the run."""
        check_outlives_run([*self.stores.local_paths, *paths], self.facts.run)

    def life_of(self, client_id: str) -> Lifecycle:
        life = self.options.life
        if not life.hand_over or not client_id:
            return life
        return life._replace(sharing_hosts=self.facts.sharing_hosts(client_id))

    def refuse_other_applications(self, client_id: str) -> None:
        """Raises ConflictError if a store keeps the credential of another application that exists, or of a tenant.

        What is left of an application that is gone is taken over.
        """
        tenants, others = set(), set()
        own_tenants = ("", self.call.tenant_id.lower())
        for record in self.stores.kept:
            if record.tenant_id.lower() not in own_tenants:
                tenants.add(record.tenant_id)
            if record.client_id.lower() != client_id.lower():
                others.add(record.client_id)
        of_tenant = f" in the tenant {', '.join(sorted(tenants))}"
        if not tenants:
            others = set(filter(self._is_registered, others))
            of_tenant = ""
        if tenants or others:
            raise ConflictError(
                f"The store {self.stores.titles} has the credential of another application,"
                f" {', '.join(sorted(others)) or client_id}{of_tenant}, and is not changed",
                next_step="Set O(store_path) to another file, or O(stores) to other stores.",
            )

    def _is_registered(self, client_id: str) -> bool:
        address = application.Address.of({"client_id": client_id})
        return self.call.graph.get(address.read(self.call.graph, select=("id", "appId"))) is not None

    @contextlib.contextmanager
    def locked(self, client_id: str, *, wait: bool = True) -> t.Iterator[bool]:
        """Alone with this application in this run, and with these stores among all runs of this kernel.

        Without ``wait``, false if another run is at work. Raises ConflictError after waiting in vain.
        """
        holder = f"The task for {self.facts.inventory_host}"
        with self.call.memory.application_lock(client_id, seconds=self.wait_timeout, holder=holder):
            with self.claims.locked(wait=wait, seconds=self.wait_timeout) as got:
                self.call.http.patience.renew()
                yield got

    def claim(self, start: datetime.datetime) -> None:
        self.claims.claim(start, seconds=CLAIMED_TIMES * self.wait_timeout)

    def result(
        self,
        *,
        changed: bool,
        of_kind: View,
        record: Record,
        before: View,
        after: View,
        exists: bool,
        removed_key_ids: t.Iterable[str] = (),
    ) -> dict[str, t.Any]:
        """The same members for every state. ``exists`` is false for a credential that is gone, or only predicted."""
        host = self.facts.inventory_host
        life = self.life_of(record.client_id)
        waits = life.waiting_hosts(record)
        hands_over = life.hand_over and exists and host not in record.handed_over_to
        return {
            "changed": changed,
            "diff": {"before": before, "after": after},
            **of_kind,
            "client_id": record.client_id or of_kind["client_id"],
            "tenant_id": self.call.tenant_id,
            "removed_key_ids": sorted({*of_kind.get("removed_key_ids", ()), *removed_key_ids}),
            "stores": self.stores.references,
            "previous_key_ids": list(record.previous_key_ids),
            "handed_over": not waits and (exists or not life.hand_over),
            "handed_over_to": list(record.handed_over_to),
            "pending_hosts": waits,
            "hand_over": hands_over and not self.call.check_mode,
            "prune": exists and life.may_prune(record, self.call.now),
            "notes": list(self._notes),
        }

    def note(self, text: str) -> None:
        """Once, although a task looks twice."""
        self._notes[text] = None

    def note_waiting(self, record: Record) -> None:
        """A live host is not named: this run hands the credential over for it, or fails for it."""
        if not record.previous_key_ids or self.call.check_mode:
            return
        life = self.life_of(record.client_id)
        waiting = without(life.waiting_hosts(record), self.facts.live_hosts)
        if waiting and life.is_waited_for(record, self.call.now):
            self.note(
                f"The previous credential stays in the tenant: {', '.join(waiting)} had it"
                " and did not get the new one yet. Run the same playbook for them as well."
            )
