# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What the stores keep of a credential, for people and later plays. Asks the stores alone, not the tenant."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential import life
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_credential import StoreContents

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call


def credential_info(call: Call, contents: StoreContents, *, references: t.Sequence[t.Any]) -> dict[str, t.Any]:
    """``contents`` are what the stores keep; one that cannot be read is a note, and hides nothing else."""
    known = contents.with_values(call.memory, tenant_id="")
    record = life.most_recent([record for _title, record in known.records])
    notes = [exc.message for exc in contents.errors]
    others = sorted(title for title, other in known.records if record is not None and other.key_id != record.key_id)
    if others:
        notes.append(f"{', '.join(others)}: has a credential other than the most recent one")
    if record is not None and not life.is_known(record):
        notes.append("No store can return the client secret")
    return {
        "changed": False,
        "exists": record is not None,
        **_described(record),
        "stores": list(references),
        "notes": notes,
        "credential": record.content() if record is not None and call.params["include_value"] else None,
    }


def _described(record: Record | None) -> dict[str, t.Any]:
    """Everything but the value."""
    shown = record or Record(client_id="", key_id="")
    return {
        "type": record.type if record is not None else None,
        "client_id": shown.client_id or None,
        "tenant_id": shown.tenant_id or None,
        "key_id": shown.key_id or None,
        "start": shown.secret_start or None,
        "expires": shown.secret_expires or None,
        "profile": shown.profile or None,
        "previous_key_ids": list(shown.previous_key_ids),
        "handed_over_to": list(shown.handed_over_to),
        "pending_hosts": list(shown.pending_hosts),
    }
