# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""One read or one write of Microsoft Graph as data: what is asked for, and what may be done if it is refused."""

from __future__ import annotations

import dataclasses
import typing as t
from urllib.parse import quote

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import ANYTHING, Shape

Json = dict[str, t.Any]

LARGEST_PAGE = 200  # Graph allows 999 (reference page "List applications"), which could be larger than LARGEST_BODY
FORBIDDEN = "@forbidden"
GOOD_READS = frozenset({200})
GOOD_WRITES = frozenset({200, 201, 202, 204})
V1 = "v1.0"
BETA = "beta"  # only for what v1.0 does not have


@dataclasses.dataclass(frozen=True)
class Read:
    """One GET. ``action`` completes "Could not ..."; ``right`` is a key of RIGHTS in _core/rights.py.

    ``collection``: the answer is a list, which may have several pages, and not one object.
    ``created_recently``: this run created the object, so that a misleading answer means "not replicated yet".
    ``empty_if_forbidden``: without the right to read, the result is an empty collection with FORBIDDEN set in it.
    ``optional`` is for what is not required, or what a later request reads again: a refusal is not a failure,
    it is sent only once, and only a complete answer of a collection is used. Only for ``get_many``.
    ``max_entries`` is the number of entries that a collection may have. ``shape`` is what the object, or each entry,
    must be. ``version`` is that of the API.
    ``paged`` asks only for the first page of a collection; the others are asked for by GraphClient.pages.
    ``handed``, a name and a client id: the answer may come from an earlier task of the role (HandedReads).
    ``offered_by`` is the name of a resource of Microsoft's, of which this reads what it offers.
    """

    method: t.ClassVar[str] = "GET"
    good_status: t.ClassVar[frozenset[int]] = GOOD_READS
    headers: t.ClassVar[t.Mapping[str, str]] = {}
    body: t.ClassVar[None] = None

    path: str
    action: str
    collection: bool = False
    right: str = "read_application"
    query: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    created_recently: bool = False
    empty_if_forbidden: bool = False
    optional: bool = False
    max_entries: int = 10_000
    shape: Shape = ANYTHING
    version: str = V1
    handed: tuple[str, str] | None = None
    offered_by: str = ""
    paged: bool = False

    @property
    def selected(self) -> list[str]:
        """The properties that are asked for; empty for those that Graph chooses."""
        return list(filter(None, self.query.get("$select", "").split(",")))

    @property
    def url(self) -> str:
        """Path and query, percent-encoded: a blank is %20, since a plus sign is not a blank everywhere."""
        pairs = "&".join(f"{name}={quote(value, safe='(),:/$*')}" for name, value in self.query.items())
        if not pairs:
            return f"/{self.path}"
        return f"/{self.path}?{pairs}"

    @property
    def repeatable(self) -> bool:
        return True

    @property
    def foreign_id(self) -> str:
        return ""


@dataclasses.dataclass(frozen=True)
class Write:
    """One write. ``repeatable``: sending it twice has the same effect as sending it once.

    ``action``, ``right`` and ``created_recently`` are those of Read. ``leaves_application``: it changes no
    property of the application, only what is granted to it. ``foreign_id`` is an id that this run did not
    create: an answer that misses it is no replication lag. ``shape`` is what the object in the answer must be, if there
    is one. ``version`` is that of the API.
    """

    good_status: t.ClassVar[frozenset[int]] = GOOD_WRITES

    method: str
    path: str
    action: str
    right: str = "write_application"
    body: Json | None = None
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    repeatable: bool = True
    created_recently: bool = False
    foreign_id: str = ""
    leaves_application: bool = False
    shape: Shape = ANYTHING
    version: str = V1

    @property
    def url(self) -> str:
        return f"/{self.path}"


def odata_string(value: str) -> str:
    """A string literal for $filter and keys."""
    return "'" + value.replace("'", "''") + "'"


def by_key(collection: str, name: str, value: str) -> str:
    """The path of an object by an alternate key, such as ``applications(uniqueName='..')``."""
    return f"{collection}({name}={quote(odata_string(value), safe='')})"
