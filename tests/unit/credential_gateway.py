# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A credential task in this process, against the emulator, with stores that can be made to fail."""

from __future__ import annotations

import dataclasses
import datetime
import importlib
import json
import typing as t
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.run_folder import Run
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import call_module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.action import run_with_stores
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.certificate import Certificate
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.client_secret import ClientSecret
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.federated_credential import (
    FederatedCredential,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.kind import Kind
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.work import TaskFacts
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import Store, StoreContext
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import MODULES, Json, Tenant

KINDS: dict[str, type[Kind]] = {
    "azure_app_secret": ClientSecret,
    "azure_app_certificate": Certificate,
    "azure_app_federated_credential": FederatedCredential,
}


@dataclasses.dataclass
class Shelf:
    """The content of a fake store, in a file so that other processes see it, and its faults.

    ``broken`` names methods that fail; ``loses_writes`` is the number of writes that are done and then reported as
    failed.
    """

    path: Path
    blind: bool = False
    broken: set[str] = dataclasses.field(default_factory=set)
    loses_writes: int = 0
    writes: list[Record] = dataclasses.field(default_factory=list)
    expected: list[Record] = dataclasses.field(default_factory=list)
    then: t.Callable[[str], None] | None = None

    @property
    def record(self) -> Record | None:
        """With its value, also for a store that does not return it."""
        return Record.of(json.loads(self.path.read_text())) if self.path.is_file() else None

    def keep(self, record: Record | None) -> None:
        if record is None:
            self.path.unlink(missing_ok=True)
        else:
            self.path.write_text(json.dumps(record.content()))

    def step(self, name: str) -> None:
        if self.then is not None:
            self.then(name)
        if name in self.broken:
            raise ConflictError(f"The store {self.path.name} cannot {name}", next_step="Mend it.")


class FakeStore(Store):
    type = "ansible_vault"
    argument_spec = ArgumentSpec(options={})

    def __init__(self, shelf: Shelf, context: StoreContext) -> None:
        super().__init__({}, context)
        self.shelf = shelf
        self.can_give_back = not shelf.blind

    def read(self) -> Record | None:
        self.shelf.step("read")
        record = self.shelf.record
        return record.without_value() if record is not None and self.shelf.blind else record

    def check_writable(self, expected: Record) -> None:
        self.shelf.expected.append(expected)
        self.shelf.step("check")

    def write(self, record: Record, *, expected: Record | None) -> None:
        self.shelf.step("write")
        self.check_expected(self.read(), expected)
        if record.client_secret is None:
            kept = self.shelf.record
            assert self.shelf.blind and kept is not None and kept.key_id == record.key_id
            record = dataclasses.replace(record, client_secret=kept.client_secret)
        self.shelf.writes.append(record)
        self.shelf.keep(record)
        if self.shelf.loses_writes:
            self.shelf.loses_writes -= 1
            raise ConflictError(f"The store {self.shelf.path.name} did not answer", next_step="Mend it.")
        self.shelf.step("written")

    def remove(self) -> None:
        self.shelf.step("remove")
        self.shelf.keep(None)

    def reference(self) -> dict[str, t.Any]:
        return {"type": self.type, "path": str(self.shelf.path)}

    @property
    def local_paths(self) -> tuple[str, ...]:
        return (str(self.shelf.path),)


class Gateway:
    """One application and its stores. Every run has a memory of its own, unless ``same_run`` is set."""

    def __init__(self, tenant: Tenant, folder: Path, *, blind: t.Sequence[bool] = (False,)) -> None:
        self.tenant = tenant
        self.folder = folder
        self.run_folder = folder
        tenant.memory = SharedMemory(str(folder))
        self.shelves = [Shelf(folder / f"store{i}.json", blind=is_blind) for i, is_blind in enumerate(blind)]
        self.options: Json = {"unique_name": "gateway", "description": "mail gateway"}
        self.host = "one"
        self.sharing: dict[str, tuple[str, ...]] = {}
        self.live: tuple[str, ...] = ()
        self.same_run = False
        self.runs_in = Run(working_folder=str(folder), playbook_folder=str(folder), variables=())
        self.ignore_errors = False

    def run(self, module: str = "azure_app_secret", *, check: bool = False, **options: t.Any) -> Json:
        declared = importlib.import_module(f"{MODULES}.{module}").MODULE
        if not self.same_run:
            self.tenant.memory = SharedMemory(str(self.run_folder))
        given = {**self.options, "stores": [{"type": "ansible_vault"}], **options}
        if given.get("state", "present") != "present" or module == "azure_app_federated_credential":
            given = {name: value for name, value in given.items() if name != "description"}
        return call_module(
            declared._replace(run=lambda call: self._run(KINDS[module], call)),
            module,
            given,
            check_mode=check,
            environ=self.tenant.environ,
            memory=self.tenant.memory,
            of_role=self.tenant.of_role,
        )

    def _run(self, kind: type[Kind], call: Call) -> Json:
        context = StoreContext(call=call, vault_secrets=(), lookup=lambda *_terms, **_options: [])
        hosts = self.sharing
        facts = TaskFacts(
            inventory_host=self.host,
            ignore_errors=self.ignore_errors,
            run=self.runs_in,
            sharing_hosts=lambda client_id: hosts.get(client_id, hosts.get("", (self.host,))),
            live_hosts=frozenset(self.live),
        )
        return run_with_stores(call, kind=kind, stores=[FakeStore(s, context) for s in self.shelves], facts=facts)

    def ok(self, module: str = "azure_app_secret", *, check: bool = False, **options: t.Any) -> Json:
        result = self.run(module, check=check, **options)
        assert not result.get("failed"), result
        return result

    def fails(self, *words: str, module: str = "azure_app_secret", **options: t.Any) -> Json:
        result = self.run(module, **options)
        assert result.get("failed") is True, result
        for word in words:
            assert word in result["msg"], result["msg"]
        return result

    @property
    def application(self) -> Json:
        return self.tenant.application(uniqueName="gateway")

    @property
    def secrets(self) -> dict[str, Json]:
        """The records of the tenant by key id."""
        return {credential["keyId"]: credential for credential in self.application["passwordCredentials"]}

    @property
    def stored(self) -> Record:
        record = self.shelves[0].record
        assert record is not None
        return record

    @property
    def claims(self) -> Path:
        return Path(f"{self.shelves[0].path}.claims")

    def expire(self, key_id: str, **left: float) -> None:
        """Set the end of a secret in the tenant to this long from now."""
        self.secrets[key_id]["endDateTime"] = _point(**left)

    def age(self, key_id: str, **old: float) -> None:
        """Set its start to this long ago, in the tenant and in the stores."""
        start = _point(**{name: -value for name, value in old.items()})
        if key_id in self.secrets:
            self.secrets[key_id]["startDateTime"] = start
        for shelf in self.shelves:
            if shelf.record is not None and shelf.record.key_id == key_id:
                shelf.keep(dataclasses.replace(shelf.record, secret_start=start))

    def is_accepted(self, record: Record) -> bool:
        proof = self.tenant.run(
            "azure_app_token_info",
            tenant_id=record.tenant_id,
            client_id=record.client_id,
            client_secret=record.client_secret,
            poll=False,
        )
        return proof.get("proven") is True

    def check_promise(self, *, may_claim: bool = False) -> None:
        """All stores have one secret, which the identity platform accepts, and no file of claims is left.

        ``may_claim``: a request may still be processed, or a killed run left the file.
        """
        assert {*self.secrets} - {*self.stored.previous_key_ids} == {self.stored.key_id}
        assert all(shelf.record == self.stored for shelf in self.shelves)
        assert self.is_accepted(self.stored)
        assert may_claim or not self.claims.exists()


def _point(**later: float) -> str:
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**later)
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
