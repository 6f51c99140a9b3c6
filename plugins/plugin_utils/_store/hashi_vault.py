# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Questions to HashiCorp Vault, by the lookups of community.hashi_vault: all of its ways to sign in can be used.

Lookups run inside ansible-playbook: neither the credential nor the sign-in gets into a file or onto a command line.
Sources: HashiCorp Vault's API documentation (KV secrets engine version 2, sys/capabilities-self), hvac.exceptions.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.errors import AnsibleError

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    MissingLibraryError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object, texts
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import Lookup, LookupMissing

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.masking import Secrets

COLLECTION = "community.hashi_vault"
Json = dict[str, t.Any]


class HashiVaultError(AppsError):
    """Vault, or the lookup, refused a request. ``cause`` is the name of hvac's exception, if it was one."""

    kind = "hashi_vault"

    def __init__(self, message: str, *, next_step: str, cause: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.cause = cause


@dataclasses.dataclass(frozen=True)
class Version:
    """The newest version of a secret. ``content`` is None if there is none, or if it was deleted."""

    number: int
    content: Json | None = dataclasses.field(repr=False)


class HashiVault:
    """A secrets engine of KV version 2."""

    def __init__(self, mount: str, *, lookup: Lookup, secrets: Secrets) -> None:
        self._mount = mount
        self._lookup = lookup
        self._secrets = secrets

    def read(self, name: str) -> Version:
        """Raises HashiVaultError."""
        action = f"read {self._mount}/{name}"
        try:
            found = self._ask("vault_kv2_get", name, action=action, engine_mount_point=self._mount)
        except HashiVaultError as exc:
            if exc.cause != "InvalidPath":
                raise
            return Version(self._last_version(name), None)
        content = found.get("secret")
        if not isinstance(content, (dict, type(None))):
            raise self._not_understood(action)
        return Version(self._number(as_object(found.get("metadata")), "version", action), content)

    def _last_version(self, name: str) -> int:
        """Of a secret that was not found. One that was deleted still counts for check-and-set."""
        action = f"read the metadata of {self._mount}/{name}"
        try:
            found = self._ask_data("vault_read", f"{self._mount}/metadata/{name}", action=action)
        except HashiVaultError as exc:
            # The lookup has no error type of its own for a missing secret.
            if exc.cause or "doesn't seem to exist" not in exc.message:
                raise
            return 0
        number = self._number(found, "current_version", action)
        last = as_object(as_object(found.get("versions")).get(str(number)))
        is_gone = any(map(last.get, ("destroyed", "deletion_time")))
        if number and not is_gone:
            raise HashiVaultError(
                f"HashiCorp Vault's answers about {self._mount}/{name} contradict each other, or another client writes"
                " to it at the same time",
                next_step="Run again.",
            )
        return number

    def write(self, name: str, content: Json, *, version: int) -> None:
        """Write, unless the newest version is another one than ``version``."""
        action = f"write {self._mount}/{name}"
        data = {"data": content, "options": {"cas": version}}
        self._ask("vault_write", f"{self._mount}/data/{name}", action=action, data=data)

    def delete(self, name: str, *, version: int) -> None:
        """So that Vault's own undelete brings it back."""
        action = f"delete {self._mount}/{name}"
        self._ask("vault_write", f"{self._mount}/delete/{name}", action=action, data={"versions": [version]})

    def capabilities(self, paths: t.Sequence[str]) -> dict[str, list[str]]:
        """What the policies allow, by path."""
        action = f"read the capabilities of the sign-in for {paths[0]}"
        # A question, although it is asked by a write.
        found = self._ask_data("vault_write", "sys/capabilities-self", action=action, data={"paths": list(paths)})
        return {path: texts(found.get(path)) for path in paths}

    def is_version_2(self) -> bool:
        action = f"read the type of {self._mount}"
        engine = self._ask_data("vault_read", f"sys/internal/ui/mounts/{self._mount}", action=action)
        version = str(as_object(engine.get("options")).get("version"))  # an engine of version 1 need not have it
        return (engine.get("type"), version) == ("kv", "2")

    def _ask_data(self, plugin: str, term: str, *, action: str, **options: t.Any) -> Json:
        """The object that Vault's own answer has as its data."""
        data = self._ask(plugin, term, action=action, **options).get("data")
        if not isinstance(data, dict):
            raise self._not_understood(action)
        return data

    def _number(self, found: Json, name: str, action: str) -> int:
        number = found.get(name)
        if not isinstance(number, int):
            raise self._not_understood(action)
        return number

    def _ask(self, plugin: str, term: str, *, action: str, **options: t.Any) -> Json:
        try:
            answers = self._lookup(f"{COLLECTION}.{plugin}", [term], **options)
        except LookupMissing:
            raise MissingLibraryError(
                f"A store of the type hashi_vault needs the collection {COLLECTION}, which is not installed",
                next_step=f"ansible-galaxy collection install {COLLECTION}",
            ) from None
        except Exception as exc:  # the lookup lets through what hvac and requests raise, and Ansible may wrap it
            raise self._failure(exc, action) from None
        if len(answers) != 1 or not isinstance(answers[0], dict):
            raise self._not_understood(action)
        return t.cast(Json, answers[0])

    def _failure(self, exc: Exception, action: str) -> AppsError:
        cause: BaseException | None = exc
        if isinstance(exc, AnsibleError):
            cause = exc.__cause__ or exc.__context__
        known = ""
        if type(cause).__module__.startswith("hvac"):
            known = type(cause).__name__
        text = " ".join(self._secrets.for_message(str(exc)).split())
        if "hvac" in text and not known:
            return MissingLibraryError(
                f"A store of the type hashi_vault needs the Python library hvac: {text}",
                next_step="Install it for the Python that runs ansible-playbook: python -m pip install hvac",
            )
        return HashiVaultError(
            f"Could not {action} in HashiCorp Vault: {text}",
            next_step="Check VAULT_ADDR, the sign-in, and mount and name in O(stores).",
            cause=known,
        )

    def _not_understood(self, action: str) -> HashiVaultError:
        return HashiVaultError(
            f"Could not {action} in HashiCorp Vault: the answer has an unexpected form",
            next_step="Check that VAULT_ADDR is the address of HashiCorp Vault, and mount in O(stores).",
        )
