# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A secret in a key vault: value, times, tags, versions, and names that were deleted."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import (
    TRANSPORT_ATTEMPTS,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._key_vault.client import (
    DELETED,
    KeyVault,
    VaultError,
    not_understood,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

Json = dict[str, t.Any]
# "About Azure Key Vault secrets".
MAX_TAGS, MAX_TAG_LENGTH = 15, 256
CONTENT_TYPE = "client secret"
VERSION = re.compile(r"[0-9a-zA-Z-]{1,64}")


@dataclasses.dataclass(frozen=True)
class VaultSecret:
    """Times are seconds since the epoch, as the vault has them. ``version`` is "" for one that is not there yet."""

    value: str = dataclasses.field(repr=False)
    version: str = ""
    enabled: bool = True
    not_before: int | None = None
    expires: int | None = None
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, bundle: Json, name: str, *, action: str) -> VaultSecret:
        """Raises TransportError if the bundle is not one of this secret with its value."""
        value, attributes, tags = bundle.get("value"), bundle.get("attributes"), bundle.get("tags") or {}
        if not isinstance(value, str) or not isinstance(attributes, dict) or not isinstance(tags, dict):
            raise not_understood(action, "is not a secret")
        return cls(
            value=value,
            version=_version_of(bundle, name, action=action),
            enabled=attributes.get("enabled") is not False,
            not_before=_seconds(attributes.get("nbf")),
            expires=_seconds(attributes.get("exp")),
            tags={str(tag): str(text) for tag, text in tags.items()},
        )

    def same_but_version(self, other: VaultSecret) -> bool:
        return dataclasses.replace(self, version=other.version) == other


class VaultSecrets:
    """The secrets of one vault, by name."""

    def __init__(self, call: Call, vault_url: str) -> None:
        """Raises InputError if it is not a vault of the cloud that is signed in to."""
        self._call = call
        self._vault = KeyVault(call, vault_url)

    @property
    def url(self) -> str:
        return self._vault.url

    def read(self, name: str) -> VaultSecret | None:
        action = f"read the secret {name}"
        bundle = self._vault.if_there("GET", f"/secrets/{name}", action=action)
        if bundle is None:
            return None
        found = VaultSecret.of(bundle, name, action=action)
        self._call.secrets.add(found.value)
        return found

    def write(self, name: str, wanted: VaultSecret, *, current: VaultSecret | None) -> None:
        """A new version, or the same one with other tags and times if the value stays.

        If the answer is lost, what the vault holds then shows whether the write took effect.
        """
        self._call.secrets.add(wanted.value)
        for attempt in range(1, TRANSPORT_ATTEMPTS + 1):
            try:
                self._send(name, wanted, current=current)
                return
            except VaultError as exc:
                if exc.code != DELETED or attempt == TRANSPORT_ATTEMPTS:
                    raise
                self._recover(name)
            except TransportError as exc:
                if not exc.maybe_processed:
                    raise
                if self._holds(name, wanted):
                    self._call.wrote_elsewhere = True
                    return
                if not self._call.http.patience.pause_after(exc, failures=attempt):
                    raise
        raise AssertionError("every last attempt returns or raises")

    def _send(self, name: str, wanted: VaultSecret, *, current: VaultSecret | None) -> None:
        action, path = f"write the secret {name}", f"/secrets/{name}"
        if current is not None and current.value == wanted.value:
            path = f"{path}/{current.version}"
            self._vault.send("PATCH", path, action=action, body=_body(wanted))
        else:
            self._vault.send("PUT", path, action=action, body={**_body(wanted), "value": wanted.value})

    def _holds(self, name: str, wanted: VaultSecret) -> bool:
        """Whether the vault has it, although the answer was lost."""
        found = self.read(name)
        return found is not None and found.same_but_version(wanted)

    def _recover(self, name: str) -> None:
        """Under the same name again, with the older value until the new one is written."""
        action = f"recover the deleted secret {name}"
        self._vault.send("POST", f"/deletedsecrets/{name}/recover", action=action)
        self._call.http.patience.until(bool, lambda: self.read(name) is not None)

    def delete(self, name: str) -> None:
        """It can be recovered until the vault purges it. No error if there is none."""
        try:
            self._vault.if_there("DELETE", f"/secrets/{name}", action=f"delete the secret {name}")
        except TransportError as exc:
            if not exc.maybe_processed or self.read(name) is not None:
                raise


def _body(wanted: VaultSecret) -> Json:
    """All but the value."""
    attributes = {"enabled": True, "nbf": wanted.not_before, "exp": wanted.expires}
    return {
        "attributes": {name: value for name, value in attributes.items() if value is not None},
        "tags": dict(wanted.tags),
        "contentType": CONTENT_TYPE,
    }


def _version_of(bundle: Json, name: str, *, action: str) -> str:
    """The last part of https://VAULT/secrets/NAME/VERSION. Raises TransportError if it is that of another secret."""
    secret, _slash, version = str(bundle.get("id")).rpartition("/")
    if not secret.lower().endswith(f"/secrets/{name.lower()}") or not VERSION.fullmatch(version):
        raise not_understood(action, "is about another secret")
    return version


def _seconds(value: t.Any) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 37:
        return None
    return value
