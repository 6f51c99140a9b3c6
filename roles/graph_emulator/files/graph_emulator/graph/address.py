# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The beginning of a Graph address: the version, and a name of the tenant that may follow it.

`/v1.0/myorganization/users` and `/v1.0/TENANT/users` are `/v1.0/users` (pages "Resource paths" of Microsoft Graph and
"Operations overview" of its predecessor, from which clients still have these forms).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import unquote

from .. import errors

VERSIONS = ("v1.0", "beta")
MY_ORGANIZATION = "myorganization"


@dataclass(frozen=True)
class Address:
    """`root` is what contexts begin with, such as /v1.0 or /beta/myorganization; `path` follows it."""

    root: str
    path: str

    @property
    def beta(self) -> bool:
        return self.root.startswith("/beta")


def split(raw_path: str, tenant_names: Collection[str] = ()) -> Address:
    """Graph's 400 if the version is none of its own."""
    version, _slash, rest = raw_path.lstrip("/").partition("/")
    if version.lower() not in VERSIONS:
        raise errors.odata_error(f"Invalid version: {version}.")
    root = f"/{version.lower()}"
    first, slash, behind = rest.partition("/")
    name = unquote(first).lower()
    if slash and (name == MY_ORGANIZATION or name in tenant_names):
        return Address(f"{root}/{first}", f"/{behind}")
    return Address(root, f"/{rest}")
