# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A credential of AWX or Automation Controller, of a custom credential type. It never gives the client secret back."""

from __future__ import annotations

import functools
import json
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import (
    COMMON_MEMBERS,
    LISTS,
    Record,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.api import Awx, AwxError
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import (
    Store,
    StoreContext,
    record_of,
)

DOCUMENTATION = r"""
options:
  name:
    description:
      - The name of the credential.
    type: str
    required: true
  credential_type:
    description:
      - The name of its credential type, which has the fields below and no other secret field.
    type: str
    required: true
  organization:
    description:
      - The name of the organization that the credential belongs to.
      - Needed to create the credential, unless the user that signs in may create credentials without an organization.
    type: str
"""
SECRET = "client_secret"
FIELDS = (*COMMON_MEMBERS, SECRET)  # all of them texts: AWX knows no lists
UNCHANGED = "$encrypted$"  # what AWX shows for a secret, and takes for "as it is"
Json = dict[str, t.Any]


class AwxCredential(Store):
    """AWX replaces all fields at once."""

    type = "awx_credential"
    argument_spec = ArgumentSpec(
        options={
            "name": {"type": "str", "required": True},
            "credential_type": {"type": "str", "required": True},
            "organization": {"type": "str"},
        }
    )
    credential_types = ("client_secret",)
    can_give_back = False

    def __init__(self, settings: t.Mapping[str, t.Any], context: StoreContext) -> None:
        super().__init__(settings, context)
        self._name: str = settings["name"]
        self._type_name: str = settings["credential_type"]
        self._organization = _json.text_or_empty(settings, "organization")

    def read(self) -> Record | None:
        return self._record(self._find())

    def check_writable(self, expected: Record) -> None:
        self._type_id()

    def write(self, record: Record, *, expected: Record | None) -> None:
        self.keep_out_of_messages(record)
        found = self._find()
        current = self._record(found)
        self.check_expected(current, expected)
        if record == current:
            return
        try:
            self._send(record, found)
        except (TransportError, AwxError):
            # The answer may have been lost. AWX does not show the value, but the key id changes with it.
            if self.read_after_failure() != self.as_read(record):
                raise

    def remove(self) -> None:
        found = self._find()
        self._record(found)  # raises if it is not ours to remove
        if found is not None:
            self._awx.delete("credentials", _key(found), action=f"delete the credential {self._name}")

    def reference(self) -> dict[str, t.Any]:
        return {"type": self.type, "credential_type": self._type_name, "name": self._name, "readable": False}

    @classmethod
    def place_of(cls, reference: t.Mapping[str, t.Any]) -> str:
        return f"the credential {reference['name']} of AWX"

    @property
    def place(self) -> tuple[str, ...]:
        return (self.type, self._type_name, self._organization, self._name)

    @functools.cached_property
    def _awx(self) -> Awx:
        return Awx(self.context.call)

    def _send(self, record: Record, found: Json | None) -> None:
        inputs = _inputs(record)
        if found is not None:
            action = f"change the credential {self._name}"
            self._awx.change("credentials", _key(found), {"inputs": inputs}, action=action)
            return
        body: Json = {"name": self._name, "credential_type": self._type_id(), "inputs": inputs}
        body["organization"] = self._organization_id()
        self._awx.create("credentials", body, action=f"create the credential {self._name}")

    def _find(self) -> Json | None:
        names = {
            "name": self._name,
            "credential_type__name": self._type_name,
            "organization__name": self._organization,
        }
        action = f"read the credential {self._name}"
        found = self._awx.find("credentials", action=action, **filled_members(names))
        if len(found) > 1:
            raise ConflictError(
                f"AWX has {len(found)} credentials {self._name} of the type {self._type_name}. They are left unchanged",
                next_step="Set organization in O(stores), or name to one of its own.",
            )
        return next(iter(found), None)

    def _record(self, found: Json | None) -> Record | None:
        if found is None:
            return None
        where = f"The credential {self._name} of AWX"
        inputs = _json.as_object(found.get("inputs"))
        lists = {name: _list(_json.text_or_empty(inputs, name)) for name in LISTS}
        if inputs.keys() != set(FIELDS) or None in lists.values():
            raise ConflictError(
                f"{where} was not written by this collection. It is not changed",
                next_step="Set name in O(stores) to another one.",
            )
        return record_of({**inputs, **lists, SECRET: None}, where=where)

    def _type_id(self) -> int:
        action = f"read the credential type {self._type_name}"
        found = self._awx.find("credential_types", action=action, name=self._type_name)
        if len(found) == 1 and _is_for_a_record(found[0]):
            return _key(found[0])
        raise ConflictError(
            f"AWX has no credential type {self._type_name} with the fields {', '.join(FIELDS)}, of which only {SECRET}"
            " is secret",
            next_step="Create it as docs/stores.md shows.",
        )

    def _organization_id(self) -> int | None:
        if not self._organization:
            return None
        action = f"read the organization {self._organization}"
        found = self._awx.find("organizations", action=action, name=self._organization)
        if len(found) != 1:
            raise ConflictError(
                f"AWX has no organization {self._organization}, or the sign-in may not see it",
                next_step="Correct organization in O(stores).",
            )
        return _key(found[0])


def _is_for_a_record(credential_type: Json) -> bool:
    """Whether it has all fields, of which the client secret alone is secret."""
    names, secret = set(), []
    for field in _json.objects(_json.as_object(credential_type.get("inputs")).get("fields")):
        name = _json.text_or_empty(field, "id")
        names.add(name)
        if field.get("secret"):
            secret.append(name)
    return names >= set(FIELDS) and secret == [SECRET]


def _inputs(record: Record) -> Json:
    """The values of FIELDS."""
    content = record.content()
    lists = {name: json.dumps(content[name]) for name in LISTS}
    return {**content, **lists, SECRET: record.client_secret or UNCHANGED}


def _list(text: str) -> list[t.Any] | None:
    value = _json.parse(text.encode())
    if isinstance(value, list):
        return value
    return None


def _key(found: Json) -> int:
    number: int = found["id"]
    return number


STORE = AwxCredential
