# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The application object: how it is found, read defensively, and which values are allowed."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    OURS,
    address_parts,
    check_guid,
    check_text,
    shown,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    InputError,
    NotRegisteredError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among, filled_members
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import Shape
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Read, by_key

# For the documents that Graph answers with.
text, text_or_empty, texts, objects = _json.text, _json.text_or_empty, _json.texts, _json.objects

AN_APPLICATION = Shape("an application", needs=("id", "appId"))
WRITTEN_WHOLE = frozenset({"requiredResourceAccess", "passwordCredentials"})
LABELS = {"appId": "client id", "id": "object id", "uniqueName": "unique name"}
LONGEST_DISPLAY_NAME = 120  # "Validation differences by supported account types"
LONGEST_TAG = 256  # the same page; no whitespace, no duplicates
LONGEST_UNIQUE_NAME = 120  # no source gives a limit: ours, so that a mistake is found here
LONGEST_NOTES = 1024  # also of service_management_reference; no source gives a limit: ours


def _check_unique_name(name: str, value: str) -> str:
    return check_text(name, value, longest=LONGEST_UNIQUE_NAME, limit_of=OURS)


# The options of which one is set, the first that is set goes before the others; and how each is checked.
ADDRESS: dict[str, t.Callable[[str, str], str]] = {
    "client_id": check_guid,
    "object_id": check_guid,
    "unique_name": _check_unique_name,
}


@dataclasses.dataclass(frozen=True)
class Address:
    """The key by which the caller knows an application. Exactly one is set."""

    client_id: str | None = None
    object_id: str | None = None
    unique_name: str | None = None

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> Address:
        """Raises InputError for a malformed key, or none at all."""
        for name, check in ADDRESS.items():
            value = params.get(name)
            if value is not None:
                return cls(**{name: check(f"O({name})", str(value))})
        raise InputError(
            f"one of the following is required: {', '.join(ADDRESS)}",
            next_step="Set O(client_id), O(object_id) or O(unique_name).",
        )

    @property
    def _key(self) -> tuple[str, str]:
        """The property that is set, by its name in Graph, and its value."""
        keys = {"appId": self.client_id, "id": self.object_id, "uniqueName": self.unique_name}
        (key,) = filled_members(keys).items()
        return key

    @property
    def path(self) -> str:
        name, value = self._key
        if name == "id":
            return f"applications/{value}"
        return by_key("applications", name, value)

    def __str__(self) -> str:
        name, value = self._key
        if name == "uniqueName":
            value = shown(value)
        return f"the application with the {LABELS[name]} {value}"

    def read(self, graph: GraphClient, *, select: t.Sequence[str], handed: bool = False) -> Read:
        """``handed``: the answer may come from an earlier task of the role, see HandedReads."""
        handed_as = None
        if self.client_id:
            client_id = self.client_id.lower()
            graph.handed.concern(client_id)
            if handed:
                handed_as = ("application", client_id)
        _name, known = self._key
        return Read(
            path=self.path,
            action=f"read {self}",
            query={"$select": ",".join(select)},
            created_recently=graph.created_here(known),
            shape=self.shape(select),
            handed=handed_as,
        )

    def client_id_of(self, document: Json) -> str:
        """The client id of the application; of one that is gone, the key that the caller has, or an empty text."""
        return text_or_empty({"appId": self.client_id, **document}, "appId")

    def shape(self, select: t.Sequence[str]) -> Shape:
        """What answers to this key: an application that has it, with the lists that were selected.

        A list that was selected and is missing is not empty: what is written back from it would remove what it holds.
        """
        lists = among(select, WRITTEN_WHOLE)
        return dataclasses.replace(AN_APPLICATION, needs=(*AN_APPLICATION.needs, *lists), equal=dict([self._key]))


def required(document: Json | None, address: Address, *, may_be_gone: bool = False) -> Json:
    """The application; {} if it does not exist and this is allowed.

    Raises NotRegisteredError if it must exist, which a person or an earlier task has to correct.
    """
    if document is None:
        if may_be_gone:
            return {}
        raise NotRegisteredError(
            f"Could not find {address} in this tenant",
            next_step="Check the key and the tenant, or register it first with azure_app_registration.",
        )
    return document


def derived_unique_name(display_name: str) -> str:
    """The unique name if none is set: readable, plain characters, and different for different names.

    The allowed characters of a unique name are not documented, so only letters, digits and hyphens are used.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", display_name.lower()).strip("-")[:60].strip("-")
    digest = hashlib.sha256(display_name.encode()).hexdigest()[:8]
    return f"{slug}-{digest}".removeprefix("-")


def check_tags(tags: t.Sequence[str]) -> list[str]:
    for tag in tags:
        if not re.fullmatch(rf"\S{{1,{LONGEST_TAG}}}", tag):
            raise InputError(
                f"O(tags): {shown(tag)} is blank, contains white space or is longer than {LONGEST_TAG} characters",
                next_step="Use tags of 1 to 256 characters without spaces.",
            )
    if len(set(tags)) != len(tags):
        raise InputError("O(tags): a tag is listed twice", next_step="List each tag once.")
    return sorted(tags)


def check_redirect_uris(uris: t.Sequence[str]) -> list[str]:
    """Entra ID accepts https, and http for localhost only ("Redirect URI restrictions and limitations")."""
    for uri in uris:
        if len(uri) > 256 or not _may_be_redirected_to(uri):
            raise InputError(
                f"O(redirect_uris): {shown(uri)} is not an https address of at most 256 characters",
                next_step="Use https, or http for localhost.",
            )
    return sorted(set(uris))


def _may_be_redirected_to(uri: str) -> bool:
    parts = address_parts(uri)
    if parts.scheme == "http":
        return parts.hostname in ("localhost", "127.0.0.1")
    return parts.scheme == "https" and bool(parts.hostname)


def entries(answer: Json | None) -> list[Json]:
    """The objects of a collection, as it was read; none if there is no answer."""
    return objects(_json.as_object(answer).get("value"))
