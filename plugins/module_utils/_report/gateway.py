# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A gateway: what its settings ask for, what its stores hold, and which application belongs to it. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import GUID
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential import life
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import derived_unique_name
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    KINDS,
    ReadApplication,
    ReadCredential,
    ReadFederatedCredential,
    ReportedGateway,
)


class StoredCredential(t.NamedTuple):
    """The credential that the stores of a gateway hold, without its value; it has no key id if they hold none."""

    client_id: str = ""
    key_id: str | None = None


class StoreContent(t.NamedTuple):
    """What is known of the stores of a gateway. ``note`` is why nothing is known, if ``checked`` is false."""

    checked: bool
    credential: StoredCredential = StoredCredential()
    note: str = ""

    @classmethod
    def of(cls, records: t.Sequence[Record | None]) -> StoreContent:
        """What all stores of the gateway gave, in their order."""
        record = life.most_recent(records)
        if record is None or not GUID.fullmatch(record.key_id):
            return cls(checked=True)
        return cls(checked=True, credential=StoredCredential(record.client_id, record.key_id.lower()))


class Gateway(t.NamedTuple):
    """A host of the play, with the tenant that it signs in to.

    ``permissions`` are those of its profile, a list of {resource, application, delegated}. ``client_id``, or
    ``unique_name``, or else ``display_name`` is the key of its application, as the role gateway_app finds it.
    ``limited``: it is limited to some mailboxes.
    """

    host: str
    tenant_id: str
    profile: str
    permissions: t.Sequence[t.Mapping[str, t.Any]]
    stored: StoreContent
    credential_type: str = "client_secret"
    display_name: str = ""
    unique_name: str = ""
    client_id: str = ""
    limited: bool = False

    @property
    def effective_unique_name(self) -> str:
        return self.unique_name or derived_unique_name(self.display_name)

    @property
    def key(self) -> tuple[str, str]:
        """The key of its application: the name of a field, and its value."""
        if self.client_id:
            return "client_id", self.client_id.lower()
        return "unique_name", self.effective_unique_name

    @property
    def credential(self) -> str:
        """The type of its credential, for people."""
        return KINDS.get(self.credential_type, KINDS["client_secret"])

    def described(
        self, application: ReadApplication, *, missing_permissions: list[str], live_key_ids: t.Container[str | None]
    ) -> ReportedGateway:
        """The gateway beside its application; ``live_key_ids``, in lower case, are of all credentials of that one."""
        state, note, next_step = self._in_store(application, live_key_ids)
        return {
            "host": self.host,
            "profile": self.profile,
            "credential": self.credential,
            "in_store": state,
            "in_store_note": note,
            "next_step": next_step,
            "missing_permissions": missing_permissions,
            "limited": self.limited,
        }

    def _in_store(self, application: ReadApplication, live_key_ids: t.Container[str | None]) -> tuple[str, str, str]:
        """Whether the stores hold a live credential of the application, why not, and what to do."""
        stored = self.stored.credential
        rotate = run_playbook("rotate", self.host)
        if not self.stored.checked:
            return "not checked", self.stored.note, ""  # the note contains what to do
        if stored.key_id is None:
            return "no", f"the store has no {self.credential}", f"{rotate}, which creates and stores one."
        if stored.client_id.lower() != application["client_id"].lower():
            return (
                "no",
                f"the store has the {self.credential} of another application",
                (
                    "Set gateway_app_store_path or gateway_app_stores to a place that is this gateway's own, or"
                    f" gateway_app_client_id to {stored.client_id} if that is its application. {rotate}."
                ),
            )
        if self.credential_type == "federated" and application["federated_credentials"] is None:
            may_not = "the operator may not read the federated credentials of the application"
            return "not checked", may_not, "Give the identity that signs in Application.Read.All."
        if stored.key_id not in live_key_ids:
            return (
                "no",
                f"the {self.credential} in the store is not among the valid ones of the application",
                (f"{rotate}, which replaces it."),
            )
        return "yes", "", ""


def run_playbook(name: str, host: str, *, more: str = "") -> str:
    """The advice to run a playbook of this collection for a gateway, as the beginning of a sentence."""
    return f"Run the playbook email_gateway.azure_apps.{name} with gateway_app_hosts={host}{more}"


def credentials_by_kind(application: ReadApplication) -> dict[str, list[ReadCredential]]:
    """A federated one has no end, and its name for a description."""
    federated = list(map(_without_end, application["federated_credentials"] or ()))
    return {"secret": application["secrets"], "certificate": application["certificates"], "federated": federated}


def _without_end(entry: ReadFederatedCredential) -> ReadCredential:
    return {
        "key_id": entry["federated_credential_id"],
        "description": entry["name"],
        "start": None,
        "end": None,
        "days_left": None,
    }


def find_by_key(applications: t.Iterable[ReadApplication]) -> dict[tuple[str, str, str], ReadApplication]:
    """By tenant id, and by what can be the key of a gateway's application; the first one of several."""
    found: dict[tuple[str, str, str], ReadApplication] = {}
    for application in applications:
        tenant_id = application["tenant_id"]
        found.setdefault((tenant_id, "client_id", application["client_id"].lower()), application)
        if application["unique_name"] is not None:
            found.setdefault((tenant_id, "unique_name", application["unique_name"]), application)
    return found


def unread_keys(gateways: t.Iterable[Gateway], applications: t.Iterable[ReadApplication]) -> list[tuple[str, str]]:
    """The keys of the gateways whose applications have not been read, each once."""
    read = find_by_key(applications)
    unread = [gateway.key for gateway in gateways if (gateway.tenant_id, *gateway.key) not in read]
    return list(dict.fromkeys(unread))
