# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The end of credentials: what was replaced is removed (state=pruned), or all of an application (state=absent)."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import filled
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import texts
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import (
    filled_members,
    first,
    selected,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential import life
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.key_files import KeyFiles
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import NO_RECORD, Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.key_credentials import (
    KeyCredential,
    KeyCredentialsClient,
    key_credentials,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Write
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.federated_credential import (
    FederatedCredential,
    federated_credentials_read,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret import is_fresh
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_creation import remove_secret
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_records import (
    ClientSecrets,
    PasswordCredential,
    password_credentials,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.work import Work, view_of

# What the diff shows of a record.
SHOWN = ("key_id", "previous_key_ids", "handed_over_to", "pending_hosts")
FIELDS = ("id", "appId", "displayName", "uniqueName", "passwordCredentials", "keyCredentials")


class TenantCredentials:
    """The client secrets and certificates of one application, and how each is removed."""

    def __init__(self, work: Work) -> None:
        self._call = work.call
        self.address = application.Address.of(work.call.params)
        self.document: Json = {}
        self.secrets: tuple[PasswordCredential, ...] = ()
        self.certificates: tuple[KeyCredential, ...] = ()

    def read(self, *, may_be_gone: bool = False) -> None:
        """Raises NotRegisteredError."""
        found = self._call.graph.get(self.address.read(self._call.graph, select=FIELDS))
        self.document = application.required(found, self.address, may_be_gone=may_be_gone)
        self.secrets = password_credentials(self.document)
        self.certificates = key_credentials(self.document)

    @property
    def object_id(self) -> str:
        return application.text_or_empty(self.document, "id")

    @property
    def client_id(self) -> str:
        return application.text_or_empty(self.document, "appId").lower()

    @property
    def names(self) -> set[str]:
        document = self.document
        names = {application.text_or_empty(document, "displayName"), application.text_or_empty(document, "uniqueName")}
        return names - {""}

    def find(self, key_id: str) -> PasswordCredential | KeyCredential | None:
        """Each id is looked for as what it is: after a change of the credential type, a record lists both kinds."""
        secret = first(self.secrets, lambda credential: credential.key_id == key_id)
        return secret or first(self.certificates, lambda credential: credential.has_key_id(key_id))

    def stored(self, record: Record) -> PasswordCredential | KeyCredential:
        """The credential of a record, as the tenant has it; of one that is gone, what the record says."""
        noted = PasswordCredential(start=times.parse(record.secret_start), end=times.parse(record.secret_expires))
        found = self.find(record.key_id) or noted
        return found._replace(start=found.start or noted.start)

    def remove(self, credential: PasswordCredential | KeyCredential) -> None:
        if isinstance(credential, PasswordCredential):
            state = ClientSecrets(self.object_id, self.client_id, self.secrets)
            remove_secret(self._call.graph, state, credential, address=self.address)
        else:
            KeyCredentialsClient(self._call.graph, self.address).remove(self.object_id, credential.key_id)

    def federated(self) -> list[FederatedCredential]:
        if not self.object_id:
            return []
        read = federated_credentials_read(self.object_id, action=f"list the federated credentials of {self.address}")
        return list(map(FederatedCredential.of, self._call.graph.collect(read)))

    def remove_federated(self, credential: FederatedCredential) -> None:
        path = f"applications/{self.object_id}/federatedIdentityCredentials/{credential.id}"
        tried = f"remove the federated credential {credential.name} of {self.address}"
        self._call.graph.write(Write(method="DELETE", path=path, action=tried))


def described(work: Work, tenant: TenantCredentials, record: Record) -> View:
    """The members of a result that describe the stored credential."""
    stored = tenant.stored(record)
    shown = stored.described(work.call.now)
    return {
        "client_id": filled(tenant.client_id),
        "application_object_id": filled(tenant.object_id),
        "key_id": filled(record.key_id),
        **selected(shown, ("description", "start", "end", "days_left")),
        "fresh": is_fresh(stored.start),
        **_of_module(work, tenant, shown),
    }


def _of_module(work: Work, tenant: TenantCredentials, shown: View) -> View:
    """What each module also returns, so that all its states return the same members."""
    params = work.call.params
    if "name" in params:
        names = ("federated_credential_id", "issuer", "subject")
        return {"name": params["name"], **dict.fromkeys(names), "audiences": [], "other_names": []}
    if "path" in params:
        return {
            "path": params["path"],
            "old_path": None,
            "thumbprint": shown.get("thumbprint"),
            "certificate_count": len(tenant.certificates),
            "other_key_ids": [],
        }
    return {
        "hint": shown.get("hint"),
        "secret_count": len(tenant.secrets),
        "other_key_ids": [],
        "client_secret": None,
    }


def _key_ids(credentials: t.Iterable[PasswordCredential | KeyCredential]) -> list[str | None]:
    return [credential.key_id for credential in credentials]


class PruneTask:
    """Records that this host was served, then removes what was replaced, if no host waits and the overlap is over."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._tenant = TenantCredentials(work)

    def run(self) -> dict[str, t.Any]:
        work = self._work
        if work.options.handed_over and work.facts.ignore_errors:
            raise InputError(
                "O(handed_over) cannot be recorded under ignore_errors: Ansible continues after a failed task, so it is"
                " unknown whether the credential was handed over",
                next_step="Remove ignore_errors from the task, the role and the play.",
            )
        record, _noted, left = self._look()
        before = view_of(record, SHOWN)
        if record == left:
            return self._result(record, before, changed=False)
        if work.call.check_mode:
            return self._result(left, before, changed=True)
        with work.locked(self._tenant.client_id):
            return self._write(before)

    def _look(self) -> tuple[Record, Record, Record]:
        """What is stored, what it becomes by the record of the hand-over, and what is left after the removal."""
        work = self._work
        work.stores.read()
        self._tenant.read()
        work.refuse_other_applications(self._tenant.client_id)
        record = work.kept
        if record.client_id.lower() != self._tenant.client_id:
            if work.options.handed_over:
                raise ConflictError(
                    f"{work.stores.titles} has no credential of {self._tenant.address} to hand over",
                    next_step="Create it first, with O(state=present).",
                )
            return NO_RECORD, NO_RECORD, NO_RECORD
        noted = record
        if work.options.handed_over:
            noted = life.handed_over(record, work.facts.inventory_host)
        left = noted
        if work.life_of(self._tenant.client_id).may_prune(self._aged(noted), work.call.now):
            left = life.pruned(noted)
        return record, noted, left

    def _aged(self, record: Record) -> Record:
        """With the start that the tenant has."""
        start = self._tenant.stored(record).start
        return dataclasses.replace(record, secret_start=times.written_if_known(start) or "")

    def _write(self, before: View) -> dict[str, t.Any]:
        """While the locks are held: read again, decide again."""
        stores = self._work.stores
        record, noted, left = self._look()
        if record == left:
            return self._result(record, before, changed=False)
        stores.check_writable(noted)
        if record != noted:
            stores.write(noted)
        if noted == left:
            return self._result(left, before, changed=True)
        removed = []
        for key_id in noted.previous_key_ids:
            credential = self._tenant.find(key_id)
            if credential is not None:
                self._tenant.remove(credential)
                removed.append(key_id)
        self._remove_old_key(noted.certificate_path)
        stores.write(left)
        return self._result(left, before, changed=True, removed=removed)

    def _remove_old_key(self, certificate_path: str) -> None:
        """PATH.old is of no use once its certificate is not registered any more."""
        path = self._work.key_path or certificate_path
        if not path:
            return
        files = KeyFiles(path)
        previous = files.read(self._tenant.client_id).previous
        self._tenant.read()
        if previous is None or not any(c.is_for(previous.certificate) for c in self._tenant.certificates):
            files.remove_previous()

    def _result(
        self, record: Record, before: View, *, changed: bool, removed: t.Sequence[str] = ()
    ) -> dict[str, t.Any]:
        aged = self._aged(record)
        self._work.note_waiting(aged)
        return self._work.result(
            changed=changed,
            of_kind=described(self._work, self._tenant, record),
            record=aged,
            before=before,
            after=view_of(record, SHOWN),
            exists=record != NO_RECORD,
            removed_key_ids=removed,
        )


class RetireTask:
    """Removes all credentials of the application, key files and what the stores keep. The application stays."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._tenant = TenantCredentials(work)

    def run(self) -> dict[str, t.Any]:
        work, tenant = self._work, self._tenant
        tenant.read(may_be_gone=True)
        self._check_confirmed()
        work.stores.read()
        work.refuse_other_applications(tenant.client_id)
        before = self._view()
        if not before or work.call.check_mode:
            return self._result(before)
        with work.locked(tenant.client_id or work.claims.path):
            removed = self._remove()
        return self._result(before, removed=removed)

    def _check_confirmed(self) -> None:
        confirm = self._work.options.confirm
        names = self._tenant.names or {*texts([self._tenant.address.unique_name])}
        if confirm is None or not names or names & {*confirm}:
            return
        raise InputError(
            f"All client secrets, certificates and federated credentials of {' / '.join(sorted(names))} and their"
            " records in O(stores) would be removed, but this is not confirmed",
            next_step="Set O(confirm) to the display name or the unique name of the application.",
        )

    def _key_files(self) -> list[KeyFiles]:
        paths = {record.certificate_path for record in self._work.stores.kept}
        paths |= {self._work.key_path}
        return [files for files in map(KeyFiles, sorted(paths - {""})) if files.exist]

    def _view(self) -> View:
        """What is there; {} if nothing is."""
        tenant, work = self._tenant, self._work
        view: View = {
            "client_secrets": _key_ids(tenant.secrets),
            "certificates": _key_ids(tenant.certificates),
            "federated_credentials": [credential.name for credential in tenant.federated()],
            "key_files": [files.path for files in self._key_files()],
        }
        if any(work.stores.records):
            view["stores"] = work.stores.view()
        if work.claims.exists:
            view["claims"] = work.claims.path
        return filled_members(view)

    def _remove(self) -> list[str]:
        """Certificates and federated credentials first, as the last ones that could be used go last."""
        tenant, stores = self._tenant, self._work.stores
        tenant.read(may_be_gone=True)
        stores.read()
        self._work.refuse_other_applications(tenant.client_id)
        removed: list[str | None] = []
        for federated in tenant.federated():
            tenant.remove_federated(federated)
            removed.append(federated.id)
        credentials: list[PasswordCredential | KeyCredential] = [*tenant.certificates, *tenant.secrets]
        for credential in credentials:
            tenant.remove(credential)
            removed.append(credential.key_id)
        owners = [tenant.client_id, *(record.client_id for record in stores.kept)]
        owner = next(filter(None, owners), "")
        for files in self._key_files():
            files.remove(owner)
        stores.remove()
        self._work.claims.clear()
        return texts(removed)

    def _result(self, before: View, *, removed: t.Sequence[str] = ()) -> dict[str, t.Any]:
        return self._work.result(
            changed=bool(before),
            of_kind=described(self._work, self._tenant, NO_RECORD),
            record=NO_RECORD,
            before=before,
            after={},
            exists=False,
            removed_key_ids=removed,
        )
