# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The applications of one tenant that a report is about. Only reads."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import (
    filled_members,
    first,
    selected,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import (
    AN_APPLICATION,
    Address,
    entries,
    text,
    text_or_empty,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import LARGEST_PAGE, Json, Read
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.gateway import Gateway, unread_keys
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    Owner,
    ReadApplication,
    ReadCredential,
    ReadFederatedCredential,
    ReadPermission,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_info import (
    INFO_FIELDS,
    RegistrationReader,
    all_applications,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_read import DELETED

MOST_APPLICATIONS = 10_000
MOST_KEPT = 48 * 2**20  # bytes in memory of what is kept of them, see tests/limits
LONGEST_NAME = 256  # of a directory object (resource pages of Microsoft Graph); others have less
NAMES = frozenset({"display_name", "description", "name"})  # what others choose, and the report shows
OF_APPLICATION = tuple(name for name in ReadApplication.__annotations__ if name != "tenant_id")
OF_MEMBERS = {
    "secrets": tuple(ReadCredential.__annotations__),
    "certificates": tuple(ReadCredential.__annotations__),
    "federated_credentials": tuple(ReadFederatedCredential.__annotations__),
    "owners": tuple(Owner.__annotations__),
}
OF_PERMISSION = tuple(ReadPermission.__annotations__)
# Other permissions give it than those of the report (page "Get organization"), so it may be missing.
ORGANIZATION = Read(
    path="organization", action="read the name of the tenant", query={"$select": "id,displayName"}, optional=True
)


class ReadTenant(t.NamedTuple):
    """What was read of a tenant. ``deleted`` are soft-deleted applications that gateways look for (``_deleted``)."""

    display_name: str | None
    applications: list[ReadApplication]
    deleted: set[tuple[str, str, str]]


def read_tenant(call: Call, gateways: t.Iterable[Gateway], *, tag: str | None) -> ReadTenant:
    """The applications with the tag, or all of the tenant, and those of its gateways, which may have lost the tag."""
    gateways = list(gateways)
    limited = any(gateway.limited for gateway in gateways)
    reader = RegistrationReader(call, mailbox_roles=limited, kept=_Kept().of, most=MOST_KEPT, also=[ORGANIZATION])
    listed = dataclasses.replace(all_applications(tag), paged=True, max_entries=MOST_APPLICATIONS)
    found = _of_tenant(reader.read([listed]), call.tenant_id)
    reads = []
    for field, value in unread_keys(gateways, found):
        reads.append(Address.of({field: value}).read(call.graph, select=INFO_FIELDS))
    found += _of_tenant(reader.read(reads), call.tenant_id)
    (organizations,) = reader.also_read
    return ReadTenant(
        display_name=_display_name(organizations, call.tenant_id),
        applications=found,
        deleted=_deleted(call, gateways, found),
    )


def _display_name(organizations: Json | None, tenant_id: str) -> str | None:
    own = first(entries(organizations), lambda organization: text(organization, "id") == tenant_id)
    return text(as_object(own), "displayName")


def _deleted(
    call: Call, gateways: t.Iterable[Gateway], applications: t.Sequence[ReadApplication]
) -> set[tuple[str, str, str]]:
    """Those of the gateways' applications that are soft-deleted: tenant id, and the key as the gateway has it.

    Nothing is read if all gateways have an application.
    """
    unread = unread_keys(gateways, applications)
    if not unread:
        return set()
    read = Read(
        path=DELETED,
        collection=True,
        action="read the deleted applications",
        query={"$select": "id,appId,uniqueName", "$top": str(LARGEST_PAGE)},
        shape=AN_APPLICATION,
        empty_if_forbidden=True,
    )
    (answer,) = call.graph.get_many([read])
    keys: set[tuple[str, str | None]] = set()
    for document in entries(answer):
        keys |= {("client_id", text_or_empty(document, "appId").lower()), ("unique_name", text(document, "uniqueName"))}
    return {(call.tenant_id, *key) for key in set(unread).intersection(keys)}


class _Kept:
    """What a report needs of applications. Most declare the same permissions, which are kept once."""

    def __init__(self) -> None:
        self._permissions: dict[tuple[t.Any, ...], View] = {}

    def of(self, described: View) -> View:
        kept = _only(OF_APPLICATION, described)
        for member, described_entries in filled_members(selected(described, OF_MEMBERS)).items():
            kept[member] = [_only(OF_MEMBERS[member], entry) for entry in described_entries]
        kept["permissions"] = [self._permission(permission) for permission in described["permissions"]]
        return kept

    def _permission(self, described: View) -> View:
        permission = _only(OF_PERMISSION, described)
        return self._permissions.setdefault(tuple(permission.values()), permission)


def _only(names: t.Iterable[str], described: View) -> View:
    """A page has a name several times, so that long ones would take much more memory than is counted."""
    kept = selected(described, names)
    filled = filled_members(kept)
    for name in NAMES.intersection(filled):
        kept[name] = filled[name][:LONGEST_NAME]
    return kept


def _of_tenant(applications: t.Iterable[View], tenant_id: str) -> list[ReadApplication]:
    return [t.cast("ReadApplication", {**application, "tenant_id": tenant_id}) for application in applications]
