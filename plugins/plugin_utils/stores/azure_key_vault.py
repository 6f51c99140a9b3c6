# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A secret in an Azure Key Vault: its value is the client secret and nothing else, its tags are the rest."""

from __future__ import annotations

import dataclasses
import functools
import json
import shlex
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import host_url, shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members, selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._key_vault.client import NAME
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._key_vault.secret import (
    MAX_TAG_LENGTH,
    MAX_TAGS,
    VaultSecret,
    VaultSecrets,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import (
    Store,
    StoreContext,
    record_of,
)

DOCUMENTATION = r"""
options:
  vault_url:
    description:
      - The address of the vault, such as C(https://mail-gateways.vault.azure.net).
    type: str
    required: true
  name:
    description:
      - The name of the secret; 1 to 127 letters, digits and hyphens.
    type: str
    required: true
"""
TEXTS = ("profile", "tenant_id", "client_id", "key_id", "secret_start", "secret_expires")
HOSTS = ("handed_over_to", "pending_hosts")
REQUIRED_TAGS = {"tenant-id", "client-id", "key-id"}
KEY_IDS_A_TAG = 6  # six GUIDs with commas have 221 characters
Sliced = t.TypeVar("Sliced", str, list[str])


class AzureKeyVault(Store):
    """A vault has no conditional write: what it holds is read again right before."""

    type = "azure_key_vault"
    argument_spec = ArgumentSpec(
        options={"vault_url": {"type": "str", "required": True}, "name": {"type": "str", "required": True}}
    )
    credential_types = ("client_secret",)

    def __init__(self, settings: t.Mapping[str, t.Any], context: StoreContext) -> None:
        super().__init__(settings, context)
        self._name: str = settings["name"]
        if not NAME.fullmatch(self._name):
            raise InputError(
                f"name is {shown(self._name)}, which cannot be the name of a secret in a key vault",
                next_step="Use 1 to 127 letters, digits and hyphens.",
            )
        self._url = host_url("vault_url", settings["vault_url"])

    def read(self) -> Record | None:
        return self._record(self._secrets.read(self._name))

    def check_writable(self, expected: Record) -> None:
        """There is no way to ask whether the role of the sign-in allows a write."""
        url = self._secrets.url  # raises InputError for a vault of another cloud
        tags = _tags(_with_all_texts(expected))
        if len(tags) > MAX_TAGS or max(map(len, tags.values())) > MAX_TAG_LENGTH:
            raise ConflictError(
                f"The key vault {url} cannot store the names of {len(expected.handed_over_to)} hosts and"
                f" {len(expected.pending_hosts)} pending hosts and of {len(expected.previous_key_ids)} replaced"
                f" credentials in the {MAX_TAGS} tags of {self._name}",
                next_step="Let fewer hosts share the application, or use another type in O(stores).",
            )

    def write(self, record: Record, *, expected: Record | None) -> None:
        self.keep_out_of_messages(record)
        self.check_writable(record)
        current = self._secrets.read(self._name)
        self.check_expected(self._record(current), expected)
        if record == expected:
            return
        wanted = VaultSecret(
            value=record.client_secret or "",
            not_before=_seconds("secret_start", record.secret_start),
            expires=_seconds("secret_expires", record.secret_expires),
            tags=_tags(record),
        )
        self._secrets.write(self._name, wanted, current=current)

    def remove(self) -> None:
        if self.read() is not None:
            self._secrets.delete(self._name)

    def reference(self) -> dict[str, t.Any]:
        return {"type": self.type, "vault_url": self._url, "name": self._name}

    @classmethod
    def place_of(cls, reference: t.Mapping[str, t.Any]) -> str:
        return f"the secret {reference['name']} of {reference['vault_url']}"

    @classmethod
    def read_command(cls, reference: t.Mapping[str, t.Any]) -> str:
        secret = f"{reference['vault_url']}/secrets/{reference['name']}"
        return f"az keyvault secret show --id {shlex.quote(secret)} --query value --output tsv"

    @property
    def place(self) -> tuple[str, ...]:
        return (self.type, self._url, self._name.lower())

    @functools.cached_property
    def _secrets(self) -> VaultSecrets:
        return VaultSecrets(self.context.call, self._url)

    def _record(self, found: VaultSecret | None) -> Record | None:
        if found is None:
            return None
        where = f"The secret {self._name} in the key vault {self._url}"
        if not found.tags.keys() >= REQUIRED_TAGS:
            raise ConflictError(
                f"{where} was not written by this collection. It is not changed",
                next_step="Set name in O(stores) to another one.",
            )
        content: dict[str, t.Any] = {"client_secret": found.value, "previous_key_ids": []}
        for name in TEXTS:
            content[name] = found.tags.get(_tag(name), "")
        for text in _parts(found.tags, "previous_key_ids"):
            content["previous_key_ids"] += text.split(",")
        for name in HOSTS:
            content[name] = _json.parse("".join(_parts(found.tags, name)).encode())  # None for no text
        return record_of(content, where=where)


def _tag(name: str) -> str:
    return name.replace("_", "-")


def _tags(record: Record) -> dict[str, str]:
    """A tag cannot be empty. A host's name may hold a comma, a key id cannot."""
    tags = {_tag(name): str(getattr(record, name)) for name in TEXTS}
    key_ids = map(",".join, _slices(list(record.previous_key_ids), KEY_IDS_A_TAG))
    tags.update(_numbered("previous_key_ids", key_ids))
    for name, hosts in filled_members(selected(vars(record), HOSTS)).items():
        text = json.dumps(list(hosts), separators=(",", ":"))
        tags.update(_numbered(name, _slices(text, MAX_TAG_LENGTH)))
    return filled_members(tags)


def _slices(value: Sliced, length: int) -> list[Sliced]:
    return [value[at : at + length] for at in range(0, len(value), length)]


def _numbered_tag(name: str, number: int) -> str:
    """The tag of one text of a value that may need several; the first one has no number."""
    return f"{_tag(name)}-{number}".removesuffix("-1")


def _numbered(name: str, texts: t.Iterable[str]) -> dict[str, str]:
    """A tag for each text."""
    return {_numbered_tag(name, number): text for number, text in enumerate(texts, start=1)}


def _parts(tags: t.Mapping[str, str], name: str) -> list[str]:
    """The texts of a value that needed several tags, in their order."""
    found: list[str] = []
    while _numbered_tag(name, len(found) + 1) in tags:
        found.append(tags[_numbered_tag(name, len(found) + 1)])
    return found


def _seconds(name: str, text: str) -> int | None:
    """Whole seconds: a start is never later than it was written."""
    if not text:
        return None
    return int(times.parse_point(name, text).timestamp())


def _with_all_texts(expected: Record) -> Record:
    """What is not known yet takes a tag, too."""
    known = filled_members(selected(vars(expected), TEXTS))
    return dataclasses.replace(expected, **{**dict.fromkeys(TEXTS, "-"), **known})


STORE = AzureKeyVault
