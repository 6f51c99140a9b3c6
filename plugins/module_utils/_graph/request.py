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
COLLECTIONS = frozenset(
    {
        "applications",
        "servicePrincipals",
        "owners",
        "appRoleAssignments",
        "federatedIdentityCredentials",
        "oauth2PermissionGrants",
        "microsoft.graph.application",
        "microsoft.graph.servicePrincipal",
    }
)


@dataclasses.dataclass(frozen=True)
class Read:
    """One GET. ``tried`` completes "Could not ..."; ``right`` is a key of RIGHTS in _core/rights.py.

    ``lag`` says that this run created the object, so that a misleading answer means "not replicated yet".
    ``forbidden_ok`` takes "no right to read this" for an empty collection, with FORBIDDEN set in it.
    ``most`` is the number of entries that a collection may have. ``shape`` is what the object, or each entry, must be.
    """

    path: str
    tried: str
    right: str = "read_application"
    query: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    lag: bool = False
    forbidden_ok: bool = False
    most: int = 10_000
    shape: Shape = ANYTHING

    @property
    def collection(self) -> bool:
        return self.path.rsplit("/", 1)[-1] in COLLECTIONS

    @property
    def url(self) -> str:
        """Path and query, percent-encoded: a blank is %20, since a plus sign is not a blank everywhere."""
        pairs = "&".join(f"{name}={quote(value, safe='(),:/$*')}" for name, value in self.query.items())
        return f"/{self.path}?{pairs}" if pairs else f"/{self.path}"

    @property
    def repeatable(self) -> bool:
        return True

    @property
    def no_lag_of(self) -> str:
        return ""


@dataclasses.dataclass(frozen=True)
class Write:
    """One write. ``repeatable`` says that sending it twice does no more than sending it once.

    ``tried``, ``right`` and ``lag`` are those of Read. ``no_lag_of`` is an id that this run did not create: an answer
    that misses it is no replication lag. ``shape`` is what the object in the answer must be, where there is one.
    """

    method: str
    path: str
    tried: str
    right: str = "write_application"
    body: Json | None = None
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    repeatable: bool = True
    lag: bool = False
    no_lag_of: str = ""
    shape: Shape = ANYTHING


def odata_string(value: str) -> str:
    """A string literal for $filter and keys."""
    return "'" + value.replace("'", "''") + "'"


def by_key(collection: str, name: str, value: str) -> str:
    """The path of an object by an alternate key, such as ``applications(uniqueName='..')``."""
    return f"{collection}({name}={quote(odata_string(value), safe='')})"
