# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One Graph request on its way to a handler, and the handler's answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from .. import errors, strict_json
from ..caller import Caller
from ..directory import rights
from ..directory.tenant import Directory, Tenant
from ..odata.path import Key
from ..odata.query import Query
from .costs import is_write

Json = dict[str, Any]


@dataclass
class Answer:
    """`cost` is x-ms-resource-unit as recorded for the call."""

    status: int
    body: Json | int | str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cost: int = 1


@dataclass
class Call:
    """Everything a handler may look at."""

    tenant: Tenant
    caller: Caller
    base: str
    path: str
    options: dict[str, str]
    headers: dict[str, str]
    payload: bytes
    keys: list[Key] = field(default_factory=list)
    right: str = ""
    method: str = "GET"
    root: str = "/v1.0"
    """what contexts begin with: the version, and the tenant's name if the address has one"""

    @property
    def reads(self) -> bool:
        """Whether the call only asks."""
        return not is_write(self.method, self.path)

    @property
    def directory(self) -> Directory:
        return self.tenant.directory

    @property
    def key(self) -> Key:
        return self.keys[0]

    @property
    def counts(self) -> bool:
        """Whether the path asks for a number of objects alone."""
        return unquote(self.path).endswith("/$count")

    @property
    def cast(self) -> str | None:
        """The type that a relationship in the path is narrowed to: `.../members/microsoft.graph.user`."""
        last = unquote(self.path).removesuffix("/$count").rpartition("/")[2]
        prefix, _dot, name = last.rpartition("graph.")
        return name if prefix in ("", "microsoft.") and "graph." in last else None

    def context(self, fragment: str) -> str:
        return f"{self.base}{self.root}/$metadata#{fragment}"

    def query(self, type_name: str) -> Query:
        eventual = self.headers.get("consistencylevel", "").lower() == "eventual"
        return Query(type_name, self.options, eventual=eventual)

    def prefers(self, preference: str) -> bool:
        return preference in [part.strip().lower() for part in self.headers.get("prefer", "").split(",")]

    def authorize(self, object_id: str, *, resource_app_id: str | None = None) -> None:
        """The route's right on this one object, which the caller may own; a user's own is also the user."""
        principal_id = self.caller.principal_id
        owned = self.tenant.owns(principal_id, object_id) or (self.caller.delegated and principal_id == object_id)
        rights.require(self.caller, self.right, owned=owned, resource_app_id=resource_app_id)

    def body(self) -> Json:
        """The JSON object sent. Nothing, something else, or another content type is Graph's 400."""
        content_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not self.payload:
            raise errors.bad_request("Empty Payload. JSON content expected.")
        if content_type != "application/json":
            raise errors.bad_request(
                "Write requests (excluding DELETE) must contain the Content-Type header declaration."
            )
        try:
            value = strict_json.loads(self.payload)
        except ValueError as error:
            raise errors.malformed_json() from error
        if not isinstance(value, dict):
            raise errors.malformed_json()
        return value


Handler = Callable[[Call], Answer]
