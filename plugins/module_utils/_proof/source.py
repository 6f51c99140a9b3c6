# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Where a proof finds the credential, and why there may be nothing to prove with."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import check_guid, check_tenant
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.options import of_stores
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_credential import (
    OpenStores,
    OwnCredential,
    StoreContents,
    is_usable,
    named_credential,
    of_options,
    of_record,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call


class Source(t.NamedTuple):
    """The credential, or None with the reason among the notes, which are lines for a person."""

    credential: OwnCredential | None
    notes: tuple[str, ...] = ()

    @property
    def required(self) -> OwnCredential:
        """Raises ConflictError if there is none."""
        if self.credential is None:
            raise ConflictError(
                self.notes[0].rstrip("."), next_step="Store a credential that can be read, or pass it as an option."
            )
        return self.credential


def source_of(call: Call, open_stores: OpenStores | None) -> Source:
    """From the options, or from the stores that they name.

    Raises InputError for what is wrong with the options, and the error of a store that cannot be read if no other one
    has the credential.
    """
    if not of_stores(call):
        return Source(of_options(call))
    if open_stores is None:
        raise InputError(
            "Only a task of ansible-playbook can open stores", next_step="Run it as a task, or pass the credential."
        )
    named = named_credential(call)
    if named.client_id:
        check_guid("client_id", named.client_id)
    if named.tenant_id:
        check_tenant("tenant_id", named.tenant_id)
    contents = StoreContents.read(open_stores(call))
    assertion, assertion_file = call.params["client_assertion"], call.params["client_assertion_file"]
    has_assertion = bool(assertion or assertion_file)
    found = contents.only(named).with_values(call.memory).current(has_assertion=has_assertion)
    if found is not None and is_usable(found[1], has_assertion=has_assertion):
        notes = tuple(f"{error.message.rstrip('.')}. {error.next_step}".rstrip() for error in contents.errors)
        return Source(of_record(call, found[1], assertion=assertion, assertion_file=assertion_file), notes)
    if contents.errors:
        raise contents.errors[0]
    if found is None:
        return Source(None, (_nothing_stored(contents, key_id=named.key_id),))
    return Source(None, (_not_usable(*found),))


def _nothing_stored(contents: StoreContents, *, key_id: str) -> str:
    stores = ", ".join(contents.titles)
    if not contents.records:
        return f"Nothing was proven: no credential is stored in {stores} yet."
    title, record = contents.records[0]
    if key_id and {kept.key_id for _title, kept in contents.records} != {key_id.lower()}:
        return f"Nothing was proven: the credential {key_id} is not stored in {stores}."
    return f"Nothing was proven: {title} stores the credential of another application, {record.client_id}."


def _not_usable(title: str, record: Record) -> str:
    if record.type == "federated":
        return (
            f"Nothing was proven: the federated credential {record.key_id} is used with a token of its issuer, but none"
            " is set."
        )
    return (
        f"Nothing was proven: the client secret {record.key_id} was proven when it was created, and {title} cannot"
        " return it. With a second store that can be read, later runs can prove it too."
    )
