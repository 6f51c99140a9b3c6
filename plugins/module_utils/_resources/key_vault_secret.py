# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What a secret in a key vault means: value, times, tags, versions, and names that were deleted."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError, TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import TRANSPORT_ATTEMPTS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.key_vault import (
    DELETED,
    MISSING,
    NAME,
    KeyVault,
    VaultError,
    not_understood,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

Json = dict[str, t.Any]
# "About Azure Key Vault secrets".
LARGEST_VALUE = 25 * 1024  # bytes
MOST_TAGS, LONGEST_TAG = 15, 256
CONTENT_TYPE = "client secret"
VERSION = re.compile(r"[0-9a-zA-Z-]{1,64}")


@dataclasses.dataclass(frozen=True)
class VaultSecret:
    """Times are seconds since the epoch, as the vault has them. ``version`` is empty for one that is to be made."""

    value: str = dataclasses.field(repr=False)
    version: str = ""
    enabled: bool = True
    not_before: int | None = None
    expires: int | None = None
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    deleted: bool = False  # but not purged

    @classmethod
    def of(cls, bundle: Json, name: str, *, tried: str) -> VaultSecret:
        """Raises TransportError where the bundle is not one of this secret with its value."""
        value, attributes, tags = bundle.get("value"), bundle.get("attributes"), bundle.get("tags") or {}
        if not isinstance(value, str) or not isinstance(attributes, dict) or not isinstance(tags, dict):
            raise not_understood(tried, "is not a secret")
        return cls(
            value=value,
            version=version_of(bundle, name, tried=tried),
            enabled=attributes.get("enabled") is not False,
            not_before=_seconds(attributes.get("nbf")),
            expires=_seconds(attributes.get("exp")),
            tags={str(tag): str(text) for tag, text in tags.items()},
        )

    def same_but_version(self, other: VaultSecret) -> bool:
        return dataclasses.replace(self, version=other.version) == other


class VaultSecretResource:
    """Resource of ``converge``; the state is None where there is no secret of the name."""

    def __init__(self, call: Call) -> None:
        params = call.params
        self._call = call
        self._name = checked_name(params["name"])
        self._wanted = _wanted(params) if params["state"] == "present" else None
        self._purge = params["purge"]
        self._vault = KeyVault(call, params["vault_url"])

    def read(self) -> VaultSecret | None:
        found = read_secret(self._vault, self._name)
        if found is not None:
            self._call.secrets.add(found.value)
        elif self._wanted is None and self._purge:
            tried = f"look for the deleted secret {self._name}"
            if self._vault.get(f"/deletedsecrets/{self._name}", tried=tried) is not None:
                return VaultSecret(value="", deleted=True)
        return found

    def desired(self, current: VaultSecret | None) -> VaultSecret | None:
        if self._wanted is None:
            return None
        kept = current is not None and current.value == self._wanted.value
        return dataclasses.replace(self._wanted, version=current.version if current is not None and kept else "")

    def apply(self, current: VaultSecret | None, wanted: VaultSecret | None) -> VaultSecret | None:
        if wanted is None:
            self._remove(current)
            return None
        if wanted.version:  # the value stays, and so does its version
            self._send("PATCH", f"/secrets/{self._name}/{wanted.version}", wanted)
            return wanted
        return self._send("PUT", f"/secrets/{self._name}", wanted)

    def view(self, state: VaultSecret | None) -> View:
        if state is None:
            return {}
        if state.deleted:
            return {"name": self._name, "deleted": True}
        return {
            "name": self._name,
            "value": "(as it is)" if state.version else "(another)",
            "enabled": state.enabled,
            "not_before": _point(state.not_before),
            "expires": _point(state.expires),
            "tags": dict(state.tags),
        }

    def result(self, state: VaultSecret | None) -> View:
        return {"state": "absent" if state is None else "present", **described(self._vault, self._name, state)}

    def _send(self, method: str, path: str, wanted: VaultSecret) -> VaultSecret:
        """One write. Where its answer is lost, what the vault holds then says whether it took effect."""
        tried = f"write the secret {self._name}"
        attributes = {"enabled": True, "nbf": wanted.not_before, "exp": wanted.expires}
        body: Json = {
            "attributes": {name: value for name, value in attributes.items() if value is not None},
            "tags": dict(wanted.tags),
            "contentType": CONTENT_TYPE,
        }
        if method == "PUT":
            body["value"] = wanted.value
        for attempt in range(1, TRANSPORT_ATTEMPTS + 1):
            try:
                made = self._vault.send(method, path, tried=tried, body=body)
                return dataclasses.replace(wanted, version=version_of(made, self._name, tried=tried))
            except TransportError as exc:
                if not exc.maybe_processed:
                    raise
                held = read_secret(self._vault, self._name)
                if held is not None and held.same_but_version(wanted):
                    self._call.wrote_elsewhere = True
                    return held
                if exc.permanent or attempt == TRANSPORT_ATTEMPTS or not self._call.http.patience.pause():
                    raise
            except VaultError as exc:
                if exc.code != DELETED or attempt == TRANSPORT_ATTEMPTS:
                    raise
                self._recover()
        raise AssertionError("every last attempt returns or raises")

    def _recover(self) -> None:
        """Back under its name, with the older value until the new one is written."""
        tried = f"recover the deleted secret {self._name}"
        self._vault.send("POST", f"/deletedsecrets/{self._name}/recover", tried=tried)
        self._call.http.patience.until(bool, lambda: read_secret(self._vault, self._name) is not None)

    def _remove(self, current: VaultSecret | None) -> None:
        if current is not None and not current.deleted:
            try:
                self._vault.send("DELETE", f"/secrets/{self._name}", tried=f"delete the secret {self._name}")
            except TransportError as exc:
                if not exc.maybe_processed or read_secret(self._vault, self._name) is not None:
                    raise
            except VaultError as exc:
                if exc.code != MISSING:  # somebody else was quicker
                    raise
        if self._purge:
            path, tried = f"/deletedsecrets/{self._name}", f"purge the deleted secret {self._name}"
            self._call.http.patience.until(bool, lambda: self._vault.get(path, tried=tried) is not None)
            self._vault.send("DELETE", path, tried=tried)


def key_vault_secret_info(call: Call) -> dict[str, t.Any]:
    """The run of azure_app_key_vault_secret_info."""
    name = checked_name(call.params["name"])
    vault = KeyVault(call, call.params["vault_url"])
    found = read_secret(vault, name)
    value = found.value if found else None
    return {"changed": False, "exists": found is not None, "value": value, **described(vault, name, found)}


def read_secret(vault: KeyVault, name: str) -> VaultSecret | None:
    tried = f"read the secret {name}"
    bundle = vault.get(f"/secrets/{name}", tried=tried)
    return None if bundle is None else VaultSecret.of(bundle, name, tried=tried)


def version_of(bundle: Json, name: str, *, tried: str) -> str:
    """The last part of https://VAULT/secrets/NAME/VERSION. Raises TransportError where it is another secret's."""
    secret, _slash, version = str(bundle.get("id")).rpartition("/")
    if not secret.lower().endswith(f"/secrets/{name.lower()}") or not VERSION.fullmatch(version):
        raise not_understood(tried, "is about another secret")
    return version


def described(vault: KeyVault, name: str, state: VaultSecret | None) -> View:
    """The same keys for every state."""
    version = state.version if state else ""
    return {
        "vault_url": vault.url,
        "name": name,
        "secret_id": f"{vault.url}/secrets/{name}/{version}" if version else None,
        "version": version or None,
        "enabled": state.enabled if state else None,
        "not_before": _point(state.not_before) if state else None,
        "expires": _point(state.expires) if state else None,
        "tags": dict(state.tags) if state else {},
    }


def checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise InputError(
            f"name is {shown(name)}, which cannot be the name of a secret in a key vault",
            next_step="Use 1 to 127 letters, digits and hyphens.",
        )
    return name


def _wanted(params: t.Mapping[str, t.Any]) -> VaultSecret:
    value = params["value"] or ""
    if not value.strip() or len(value.encode()) > LARGEST_VALUE:
        raise InputError(
            "value is blank or too long", next_step=f"A secret may have {LARGEST_VALUE // 1024} KiB at most."
        )
    tags = {str(name): str(text) for name, text in (params["tags"] or {}).items()}
    if len(tags) > MOST_TAGS or any(len(text) > LONGEST_TAG for pair in tags.items() for text in pair):
        raise InputError(
            "tags: a secret in a key vault has 15 tags at most, with names and values of 256 characters at most",
            next_step="Shorten tags.",
        )
    start, end = _option("not_before", params), _option("expires", params)
    if start is not None and end is not None and start >= end:
        raise InputError("expires is not after not_before", next_step="Correct one of them.")
    return VaultSecret(value=value, not_before=start, expires=end, tags=tags)


def _option(name: str, params: t.Mapping[str, t.Any]) -> int | None:
    """Whole seconds: a start is never later than it was said, which would only confuse."""
    text = params[name]
    return None if text is None or not text.strip() else int(times.parse_point(name, text).timestamp())


def _point(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return times.written(datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc))


def _seconds(value: t.Any) -> int | None:
    usable = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 37
    return value if usable else None
