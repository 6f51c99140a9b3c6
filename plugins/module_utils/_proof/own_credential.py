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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
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
        records, errors = [], []
        for store in stores:
            try:
                record = store.read()
            except AppsError as exc:
                errors.append(exc)
                continue
            if record is not None:
                records.append((store.title, record))
        return cls(titles=tuple(store.title for store in stores), records=tuple(records), errors=tuple(errors))

    def only(self, *, client_id: str | None, tenant_id: str | None, key_id: str | None) -> StoreContents:
        """Those records that are of this application and of this credential; None stands for any."""
        wanted = {"client_id": client_id, "tenant_id": tenant_id, "key_id": key_id}
        return self._replace(records=tuple((title, record) for title, record in self.records if _is(record, wanted)))

    def with_values(self, memory: RunMemory, *, tenant_id: str) -> StoreContents:
        """With the client secrets of this run that their stores do not give back."""
        return self._replace(
            records=tuple((title, _with_value(record, memory, tenant_id)) for title, record in self.records)
        )

    def current(self, *, has_assertion: bool) -> tuple[str, Record] | None:
        """The most recent credential that can be used; if there is none, the most recent one."""
        usable = [found for found in self.records if is_usable(found[1], has_assertion=has_assertion)]
        return max(usable or self.records, key=lambda found: found[1].secret_start, default=None)


def is_usable(record: Record, *, has_assertion: bool) -> bool:
    """Whether the record has, or leads to, what the application signs in with."""
    if record.type == "federated":
        return has_assertion
    return record.type == "certificate" or record.has_value


def _is(record: Record, wanted: t.Mapping[str, str | None]) -> bool:
    """A record that an earlier version wrote has no tenant id. A tenant by its domain name cannot be compared."""
    for name, value in wanted.items():
        kept: str = getattr(record, name)
        if not value or (name == "tenant_id" and (not kept or "." in value)):
            continue
        if kept.lower() != value.lower():
            return False
    return True


def _with_value(record: Record, memory: RunMemory, tenant_id: str) -> Record:
    if record.type != "client_secret" or record.has_value:
        return record
    key = Credential(tenant_id=record.tenant_id or tenant_id, client_id=record.client_id, key_id=record.key_id)
    return dataclasses.replace(record, client_secret=recall_value(memory, key))


def of_options(call: Call) -> OwnCredential:
    """The credential among the options. What is read from a file counts as a secret from here on. Raises InputError."""
    params = call.params
    return OwnCredential(
        client_id=check_guid("client_id", params["client_id"] or ""),
        tenant_id=check_tenant("tenant_id", params["tenant_id"] or ""),
        value=_value_of_options(call),
        key_id=params["key_id"] or "",
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
    call: Call, record: Record, *, tenant_id: str = "", assertion: str | None = None, assertion_file: str | None = None
) -> OwnCredential | None:
    """The credential that a store keeps; None if it cannot be used. ``tenant_id`` is for a record that has none.

    A federated credential is used with an assertion, or the file that holds one. Raises InputError.
    """
    value: str | t.Mapping[str, str] | None = None
    if record.type == "certificate":
        found = by_certificate(record.certificate_path, option="certificate_path of the store", renewal=RENEWAL)
        value = _kept_secret(call, found)
    elif record.type == "federated" and (assertion or assertion_file):
        value = _kept_secret(call, by_assertion(assertion, assertion_file, option="client_assertion"))
    elif record.type == "client_secret" and record.client_secret:
        call.secrets.add(record.client_secret)
        value = record.client_secret
    if value is None:
        return None
    return OwnCredential(
        tenant_id=check_tenant("tenant_id", record.tenant_id or tenant_id),
        client_id=check_guid("client_id", record.client_id),
        value=value,
        key_id=record.key_id,
    )


def _kept_secret(call: Call, value: dict[str, str]) -> dict[str, str]:
    for name in ("private_key", "client_assertion"):
        call.secrets.add(value.get(name))
    return value
