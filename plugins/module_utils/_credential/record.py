# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What a store keeps of a credential: one typed record, and its form as a dictionary."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import selected

CREDENTIAL_TYPES = ("client_secret", "certificate", "federated")
# The members in the order in which a person reads them. A record of a certificate has certificate_path instead of
# client_secret, one of a federated credential federated_credential.
COMMON_MEMBERS = (
    "profile",
    "tenant_id",
    "client_id",
    "key_id",
    "secret_start",
    "secret_expires",
    "previous_key_ids",
    "handed_over_to",
    "pending_hosts",
)
LISTS = ("previous_key_ids", "handed_over_to", "pending_hosts")
VALUE_MEMBERS = ("client_secret", "certificate_path", "federated_credential")
MEMBERS = (*COMMON_MEMBERS, *VALUE_MEMBERS)


@dataclasses.dataclass(frozen=True)
class Record:
    """A credential as a store keeps it.

    ``client_secret`` is None if the store keeps a client secret and cannot give it back, and "" if the credential is
    of another type. ``key_id`` is in lower case. Points in time are in ISO 8601; ``secret_expires`` is "" if the
    credential does not expire. ``previous_key_ids`` are replaced credentials of this collection that are still in the
    tenant. ``handed_over_to`` are the hosts whose own tasks succeeded with this credential; ``pending_hosts`` those
    that had an earlier one and did not get this one yet.
    """

    client_id: str
    key_id: str
    tenant_id: str = ""
    profile: str = ""
    secret_start: str = ""
    secret_expires: str = ""
    client_secret: str | None = dataclasses.field(default="", repr=False)
    certificate_path: str = ""
    federated_credential: str = ""
    previous_key_ids: tuple[str, ...] = ()
    handed_over_to: tuple[str, ...] = ()
    pending_hosts: tuple[str, ...] = ()

    @classmethod
    def of(cls, content: t.Mapping[str, t.Any]) -> Record | None:
        """From what a store holds, which a person may have edited; None if there is no credential in it."""
        if not content:
            return None
        return cls(
            client_id=_text(content, "client_id"),
            tenant_id=_text(content, "tenant_id"),
            profile=_text(content, "profile"),
            secret_start=_text(content, "secret_start"),
            secret_expires=_text(content, "secret_expires"),
            certificate_path=_text(content, "certificate_path"),
            federated_credential=_text(content, "federated_credential"),
            key_id=_text(content, "key_id").lower(),
            client_secret=_secret(content),
            previous_key_ids=tuple(map(str.lower, _texts(content, "previous_key_ids"))),
            handed_over_to=_texts(content, "handed_over_to"),
            pending_hosts=_texts(content, "pending_hosts"),
        )

    @property
    def type(self) -> str:
        """One of CREDENTIAL_TYPES."""
        if self.certificate_path:
            return "certificate"
        if self.federated_credential:
            return "federated"
        return "client_secret"

    @property
    def has_value(self) -> bool:
        """Whether the store gave a client secret back."""
        return bool(self.client_secret)

    def without_value(self) -> Record:
        """As a store shows it that cannot give a client secret back."""
        if self.type != "client_secret":
            return self
        return dataclasses.replace(self, client_secret=None)

    def content(self) -> dict[str, t.Any]:
        """As a store keeps it. Holds the client secret."""
        content: dict[str, t.Any] = selected(vars(self), COMMON_MEMBERS)
        for name in LISTS:
            content[name] = list(content[name])
        value: dict[str, dict[str, t.Any]] = {
            "client_secret": {"client_secret": self.client_secret},
            "certificate": {"certificate_path": self.certificate_path},
            "federated": {"federated_credential": self.federated_credential},
        }
        return {**content, **value[self.type]}


NO_RECORD = Record(client_id="", key_id="")


def _text(content: t.Mapping[str, t.Any], name: str) -> str:
    value = content.get(name)
    if value is None:
        return ""
    return str(value)


def _texts(content: t.Mapping[str, t.Any], name: str) -> tuple[str, ...]:
    value = content.get(name)
    if not isinstance(value, (list, tuple)):
        return ()
    return tuple(map(str, value))


def _secret(content: t.Mapping[str, t.Any]) -> str | None:
    if content.get("client_secret", "") is None:
        return None
    return _text(content, "client_secret")
