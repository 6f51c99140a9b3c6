# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the page shows, ready to print: names in the place of ids, days in the place of times."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from ..directory.tenant import Tenant
from ..emulator import Emulator
from ..journal import Entry
from ..settings import Settings
from .credentials import Credential, credentials_of
from .permissions import Permissions, Resource

Json = dict[str, Any]
PER_PAGE = 50
MOST_DELETED = 50
MOST_REQUESTS = 50
_AUDIENCES = {
    "AzureADMyOrg": "This tenant only",
    "AzureADMultipleOrgs": "Any tenant",
    "AzureADandPersonalMicrosoftAccount": "Any tenant, and personal accounts",
    "PersonalMicrosoftAccount": "Personal accounts only",
}


@dataclass(frozen=True)
class ApplicationView:
    name: str
    unique_name: str | None
    client_id: str
    object_id: str
    audience: str
    audience_meaning: str
    sign_in: str
    """Why it cannot sign in, or nothing."""
    owners: list[str]
    credentials: list[Credential]
    resources: list[Resource]


@dataclass(frozen=True)
class RequestView:
    time: str
    method: str
    path: str
    query: str
    status: int
    reason: str
    caller: str
    inner: bool

    @property
    def outcome(self) -> str:
        return "good" if self.status < 400 else "bad"


@dataclass(frozen=True)
class TenantView:
    name: str
    domain: str
    tenant_id: str
    address: str
    clock: str
    moved: str
    switched: list[str]
    """Settings that are not at their defaults."""
    application_count: int
    applications: list[ApplicationView]
    first: int
    page: int
    pages: int
    deleted_count: int
    deleted: list[Json]
    requests: list[RequestView]


def tenant_view(emulator: Emulator, *, page: int) -> TenantView:
    """The newest come first: applications, deleted applications, requests."""
    tenant = emulator.tenant
    with tenant.lock:
        directory = tenant.directory
        count = len(directory.applications)
        pages = max(1, -(-count // PER_PAGE))
        page = min(max(1, page), pages)
        end = count - (page - 1) * PER_PAGE
        shown = directory.applications.rows().part(max(0, end - PER_PAGE), end)
        gone = directory.deleted.where("kind", "applications")
        gone_count = len(gone)
        permissions = Permissions(tenant)
        return TenantView(
            name=directory.organization["displayName"],
            domain=tenant.domain,
            tenant_id=tenant.tenant_id,
            address=emulator.graph_service.base,
            clock=f"{tenant.clock.now():%Y-%m-%d %H:%M:%S} UTC",
            moved=_moved(tenant.clock.offset),
            switched=_switched(tenant.settings),
            application_count=count,
            applications=[_application(tenant, permissions, item) for item in reversed(shown)],
            first=(page - 1) * PER_PAGE + 1,
            page=page,
            pages=pages,
            deleted_count=gone_count,
            deleted=list(reversed(gone.part(max(0, gone_count - MOST_DELETED), gone_count))),
            requests=_requests(tenant, emulator.journal.latest(MOST_REQUESTS)),
        )


def _moved(offset: float) -> str:
    if not offset:
        return ""
    days, rest = divmod(round(abs(offset)), 86400)
    hours, rest = divmod(rest, 3600)
    parts = ((days, "d"), (hours, "h"), (rest // 60, "min"), (rest % 60, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) + (" ahead" if offset > 0 else " behind")


def _switched(settings: Settings) -> list[str]:
    usual = Settings().as_dict()
    return [
        f"{name.replace('_', ' ')}: {value:g}" if isinstance(value, float) else f"{name.replace('_', ' ')}: {value}"
        for name, value in settings.as_dict().items()
        if value != usual[name]
    ]


def _application(tenant: Tenant, permissions: Permissions, item: Json) -> ApplicationView:
    principal = tenant.service_principal_by("appId", item["appId"])
    if principal is None:
        sign_in = "It has no service principal and cannot sign in."
    else:
        sign_in = "" if principal["accountEnabled"] is not False else "Sign-in is disabled."
    return ApplicationView(
        name=item["displayName"] or "(no name)",
        unique_name=item["uniqueName"],
        client_id=item["appId"],
        object_id=item["id"],
        audience=item["signInAudience"],
        audience_meaning=_AUDIENCES.get(item["signInAudience"], ""),
        sign_in=sign_in,
        owners=[_owner_name(tenant, owner) for owner in tenant.directory.owners.get(item["id"], [])],
        credentials=credentials_of(tenant, item, principal),
        resources=permissions.of(item, principal),
    )


def _owner_name(tenant: Tenant, object_id: str) -> str:
    for table in (tenant.directory.users, tenant.directory.service_principals):
        found = table.get(object_id)
        if found is not None:
            return str(found["displayName"])
    return object_id


def _requests(tenant: Tenant, entries: list[Entry]) -> list[RequestView]:
    """The newest first, but the parts of a $batch below it, in their order."""
    known = {entry.index for entry in entries}

    def place(entry: Entry) -> tuple[int, bool, int]:
        if entry.outer is None or entry.outer not in known:
            return -entry.index, False, 0
        return -entry.outer, True, entry.index

    names: dict[str | None, str] = {None: ""}
    for entry in entries:
        if entry.client_id not in names:
            application = tenant.application_by("appId", entry.client_id or "")
            names[entry.client_id] = str(application["displayName"]) if application else str(entry.client_id)
    return [
        RequestView(
            time=entry.time[11:19],
            method=entry.method,
            path=entry.path,
            query=entry.query,
            status=entry.status,
            reason=_reason(entry.status),
            caller=names[entry.client_id],
            inner=entry.outer is not None,
        )
        for entry in sorted(entries, key=place)
    ]


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
