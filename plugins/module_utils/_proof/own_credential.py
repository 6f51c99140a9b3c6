# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The application's own credential, which a proof signs in with: from the options, or from the stores."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import check_guid, check_tenant
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.life import is_known
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import Credential, recall_value
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.options import VALUES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.client_credentials import (
    by_assertion,
    by_certificate,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

RENEWAL = "Renew it with azure_app_certificate."


class ReadableStore(t.Protocol):
    """As much of a store as a proof needs: see plugin_utils/_store/contract.py."""

    @property
    def title(self) -> str:
        """For messages."""

    def read(self) -> Record | None:
        """What the store keeps; None if there is nothing. Raises AppsError."""


OpenStores = t.Callable[["Call"], t.Sequence[ReadableStore]]


@dataclasses.dataclass(frozen=True)
class OwnCredential:
    """What the application signs in with; ``value`` is as msal takes it. ``key_id`` is "" if it is not known."""

    tenant_id: str
    client_id: str
    value: str | t.Mapping[str, str] = dataclasses.field(repr=False)
    key_id: str = ""


class StoreContents(t.NamedTuple):
    """What the stores keep: their titles, the records by the title of their store, and why others cannot be read."""

    titles: tuple[str, ...]
    records: tuple[tuple[str, Record], ...]
    errors: tuple[AppsError, ...] = ()

    @classmethod
    def read(cls, stores: t.Sequence[ReadableStore]) -> StoreContents:
        """All stores are read, also after one that cannot be."""
        titles, records, errors = [], [], []
        for store in stores:
            titles.append(store.title)
            try:
                record = store.read()
            except AppsError as exc:
                errors.append(exc)
                continue
            if record is not None:
                records.append((store.title, record))
        return cls(titles=tuple(titles), records=tuple(records), errors=tuple(errors))

    def only(self, named: Credential) -> StoreContents:
        """Those records that are of this application and of this credential; an empty id stands for any.

        A record that an earlier version wrote has no tenant id, and gets this one. A tenant by its domain name cannot
        be compared.
        """
        wanted = filled_members(named.ids)
        if "." in named.tenant_id:
            del wanted["tenant_id"]
        records = []
        for title, record in self.records:
            known = dataclasses.replace(record, tenant_id=record.tenant_id or named.tenant_id)
            if wanted.items() <= credential_of(known).ids.items():
                records.append((title, known))
        return self._replace(records=tuple(records))

    def with_values(self, memory: RunMemory) -> StoreContents:
        """With the client secrets of this run that their stores do not give back."""
        return self._replace(records=tuple((title, _with_value(record, memory)) for title, record in self.records))

    def current(self, *, has_assertion: bool) -> tuple[str, Record] | None:
        """The most recent credential that can be used; if there is none, the most recent one."""
        return max(
            self.records,
            key=lambda found: (is_usable(found[1], has_assertion=has_assertion), found[1].secret_start),
            default=None,
        )


def is_usable(record: Record, *, has_assertion: bool) -> bool:
    """Whether the record has, or leads to, what the application signs in with."""
    if record.type == "federated":
        return has_assertion
    return is_known(record)


def _with_value(record: Record, memory: RunMemory) -> Record:
    if is_known(record):
        return record
    return dataclasses.replace(record, client_secret=recall_value(memory, credential_of(record)))


def credential_of(record: Record) -> Credential:
    return Credential(tenant_id=record.tenant_id, client_id=record.client_id, key_id=record.key_id)


def named_credential(call: Call) -> Credential:
    """What the options name; an id is empty if its option is not set."""
    return Credential(*(call.params[name] or "" for name in Credential._fields))


def of_options(call: Call) -> OwnCredential:
    """The credential among the options. What is read from a file counts as a secret from here on. Raises InputError."""
    named = named_credential(call)
    return OwnCredential(
        client_id=check_guid("client_id", named.client_id),
        tenant_id=check_tenant("tenant_id", named.tenant_id),
        value=_value_of_options(call),
        key_id=named.key_id,
    )


def _value_of_options(call: Call) -> str | t.Mapping[str, str]:
    params = call.params
    if params["client_secret"] is not None:
        if not params["client_secret"].strip():
            raise InputError("client_secret is blank", next_step="Pass the value of the client secret.")
        return str(params["client_secret"])
    if params["client_certificate_path"] is not None:
        path = params["client_certificate_path"]
        return _kept_secret(call, by_certificate(path, option="client_certificate_path", renewal=RENEWAL))
    value, path = params["client_assertion"], params["client_assertion_file"]
    if value is None and path is None:  # each of them is there, and null
        raise InputError("There is no credential", next_step=f"Set one of {', '.join(VALUES)}, or stores.")
    return _kept_secret(call, by_assertion(value, path, option="client_assertion"))


def of_record(
    call: Call, record: Record, *, assertion: str | None = None, assertion_file: str | None = None
) -> OwnCredential:
    """The credential that a store keeps, which has to be usable, see ``is_usable``.

    A federated credential is used with an assertion, or the file that holds one. Raises InputError.
    """
    return OwnCredential(
        value=_value_of_record(call, record, assertion, assertion_file),
        tenant_id=check_tenant("tenant_id", record.tenant_id),
        client_id=check_guid("client_id", record.client_id),
        key_id=record.key_id,
    )


def _value_of_record(
    call: Call, record: Record, assertion: str | None, assertion_file: str | None
) -> str | t.Mapping[str, str]:
    if record.type == "certificate":
        found = by_certificate(record.certificate_path, option="certificate_path of the store", renewal=RENEWAL)
        return _kept_secret(call, found)
    if record.type == "federated":
        return _kept_secret(call, by_assertion(assertion, assertion_file, option="client_assertion"))
    call.secrets.add(record.client_secret)
    return str(record.client_secret)


def _kept_secret(call: Call, value: dict[str, str]) -> dict[str, str]:
    call.secrets.add(value.get("private_key"))
    call.secrets.add(value.get("client_assertion"))
    return value
