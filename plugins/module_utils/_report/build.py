# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The report as one structure, from which every output is made. Pure."""

from __future__ import annotations

import datetime
import hashlib
import json
import types
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_list, text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among, first
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    RESOURCES,
    resource_label,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.expiry import is_replaced, status_of
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.gateway import (
    Gateway,
    credentials_by_kind,
    find_by_key,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.mailboxes import mailbox_reach
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.problems import find_problems
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    FORMAT,
    STATUSES,
    AbsentApplication,
    ReadApplication,
    ReadCredential,
    ReadPermission,
    Report,
    ReportContent,
    ReportedApplication,
    ReportedCredential,
    ReportedPermission,
    ReportedTenant,
    SkippedHost,
    counting,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.summary import summarize
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.verdict import verdict

MAILED = frozenset(RESOURCES)  # only Microsoft Graph and Exchange Online reach mailboxes
# "Microsoft Graph permissions reference", and what Exchange Online offers for SMTP, IMAP, POP and EWS.
MAIL_PERMISSIONS = ("mail", "smtp.", "imap.", "pop.", "ews.", "full_access_as_")
CERTAINLY_LATER = "9999"
TIMES = ("generated", "days_left", "digest")

Key = tuple[str, str, str]  # of a permission: resource, type, name


def build(
    applications: t.Iterable[ReadApplication],
    *,
    tenants: t.Mapping[str, str | None],
    gateways: t.Sequence[Gateway],
    tag: str,
    scope: str,
    due_within_days: int,
    now: datetime.datetime,
    skipped: t.Mapping[str, str] = types.MappingProxyType({}),
    deleted: t.Collection[tuple[str, str, str]] = (),
) -> Report:
    """The report on one tenant or several.

    ``tenants`` are tenant ids with the names of the tenants, as far as these may be read.
    ``scope`` is "managed" (what has the tag or belongs to a gateway) or "mail" (also what may reach mailboxes).
    ``skipped`` are hosts of which nothing is known, each with the reason. ``deleted`` are soft-deleted applications: a
    tenant id, and a key as gateways have it.
    """
    read = {application["client_id"]: application for application in applications}
    owners, absent = _assigned(gateways, list(read.values()), deleted)
    described = []
    for client_id, known in read.items():
        if client_id in owners or tag in known["tags"] or (scope == "mail" and reaches_mail(known)):
            own = owners.get(client_id, [])
            described.append(_application(known, gateways=own, tag=tag, due_within_days=due_within_days))
    described.sort(key=_urgency)
    absent.sort(key=lambda gateway: gateway["host"])
    not_looked_at: list[SkippedHost] = []
    for host, reason in sorted(skipped.items()):
        not_looked_at.append({"host": host, "reason": reason})
    named: list[ReportedTenant] = []
    for tenant_id, name in sorted(tenants.items()):
        named.append({"tenant_id": tenant_id, "display_name": name})
    problems = find_problems(described, absent=absent, skipped=not_looked_at, within_days=due_within_days)
    summary = summarize(described, problems, gateways=len(gateways))
    content: ReportContent = {
        "format": FORMAT,
        "generated": f"{now:%Y-%m-%d}",  # a day, so that what is made twice on it is the same
        "tenants": named,
        "scope": scope,
        "due_within_days": due_within_days,
        "verdict": verdict(summary, due_within_days=due_within_days),
        "summary": summary,
        "problems": problems,
        "applications": described,
        "gateways_without_application": absent,
        "hosts_not_looked_at": not_looked_at,
    }
    return {**content, "digest": digest(content)}


def reaches_mail(application: ReadApplication) -> bool:
    """Does it declare or hold a permission on mailboxes?"""
    return any(map(_reaches_mail, application["permissions"]))


def _reaches_mail(permission: ReadPermission) -> bool:
    return permission["resource"] in MAILED and permission["name"].lower().startswith(MAIL_PERMISSIONS)


def digest(content: t.Mapping[str, t.Any]) -> str:
    """SHA-256 of the report apart from the time: neither when it was made, nor how many days are left."""
    found = hashlib.sha256()
    others = dict(content)
    # Application by application: a text of all of them would take as much memory as the report.
    for application in others.pop("applications"):
        found.update(json.dumps(_timeless(application), sort_keys=True).encode())
    found.update(json.dumps(_timeless(others), sort_keys=True).encode())
    return found.hexdigest()


def _timeless(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: _timeless(inner) for name, inner in value.items() if name not in TIMES}
    if isinstance(value, list):
        return list(map(_timeless, value))
    return value


def _assigned(
    gateways: t.Iterable[Gateway],
    applications: t.Sequence[ReadApplication],
    deleted: t.Collection[tuple[str, str, str]],
) -> tuple[dict[str, list[Gateway]], list[AbsentApplication]]:
    """The gateways by the client ids of their applications, and those without an application."""
    owners: dict[str, list[Gateway]] = {}
    absent: list[AbsentApplication] = []
    by_key = find_by_key(applications)
    for gateway in gateways:
        found = by_key.get((gateway.tenant_id, *gateway.key))
        if found is None:
            absent.append(
                {
                    "host": gateway.host,
                    "tenant_id": gateway.tenant_id,
                    "profile": gateway.profile,
                    "display_name": gateway.display_name,
                    "unique_name": gateway.unique_name,
                    "client_id": gateway.client_id,
                    "credential": gateway.credential,
                    "deleted": (gateway.tenant_id, *gateway.key) in deleted,
                }
            )
        else:
            owners.setdefault(found["client_id"], []).append(gateway)
    return owners, absent


def _application(
    application: ReadApplication, *, gateways: t.Sequence[Gateway], tag: str, due_within_days: int
) -> ReportedApplication:
    hosts: dict[str | None, list[str]] = {}  # by the key id of what their stores hold
    for gateway in gateways:
        hosts.setdefault(gateway.stored.credential.key_id, []).append(gateway.host)
    credentials: list[ReportedCredential] = []
    for kind, entries in credentials_by_kind(application).items():
        credentials += [_credential(entry, entries, kind, hosts, due_within_days) for entry in entries]
    credentials.sort(key=lambda credential: (_end(credential), str(credential["key_id"])))
    current = counting(credentials)
    end, days_left = None, None
    ending = first(current, lambda credential: credential["end"] is not None)
    if ending is not None:
        end, days_left = ending["end"], ending["days_left"]
    # The worst status of all; the last one is that of an application without a credential that counts.
    status = min((credential["status"] for credential in current), key=STATUSES.index, default=STATUSES[-1])
    permissions = _permissions(application, gateways)
    missing = [_key(permission) for permission in permissions if permission["state"] == "missing"]
    live = {_key_id(credential) for credential in credentials if credential["status"] != "expired"}
    described = []
    for gateway in gateways:
        # What its own profile wants: another gateway of the application may want more.
        own = among(missing, _wanted(gateway, application))
        described.append(gateway.described(application, missing_permissions=_names(own), live_key_ids=live))
    return {
        "display_name": application["display_name"],
        "unique_name": application["unique_name"],
        "client_id": application["client_id"],
        "tenant_id": application["tenant_id"],
        "application_object_id": application["application_object_id"],
        "portal_url": application["portal_url"],
        "managed": tag in application["tags"],
        "gateways": described,
        "owners": application["owners"],
        "permissions": permissions,
        "drift": _names(missing),
        "mailboxes": mailbox_reach(application),
        "switched_off": application["switched_off"],
        "credentials": credentials,
        "status": status,
        "end": end,
        "days_left": days_left,
    }


def _credential(
    entry: ReadCredential,
    entries: t.Sequence[ReadCredential],
    kind: str,
    hosts: t.Mapping[str | None, list[str]],
    due_within_days: int,
) -> ReportedCredential:
    newer = is_replaced(entry, entries)
    stored_by = hosts.get(_key_id(entry), [])
    return {
        "kind": kind,
        "description": entry["description"],
        "key_id": entry["key_id"],
        "start": entry["start"],
        "end": entry["end"],
        "days_left": entry["days_left"],
        "status": status_of(entry["days_left"], due_within_days),
        "newer_exists": newer,
        "stored_by": stored_by,
        # What was replaced is of no interest any more, unless a gateway still uses it.
        "counts": bool(stored_by) or not newer,
    }


def _key_id(credential: ReadCredential | ReportedCredential) -> str:
    return str(credential["key_id"]).lower()


def _permissions(application: ReadApplication, gateways: t.Sequence[Gateway]) -> list[ReportedPermission]:
    """Wanted, declared and granted ones."""
    known = {
        _key(permission): (permission["declared"], permission["granted"]) for permission in application["permissions"]
    }
    wanted: set[Key] = set()
    for gateway in gateways:
        wanted |= _wanted(gateway, application)
    # If grants are unknown, what is wanted beyond the declaration may be granted all the same.
    unread = {permission["type"]: None for permission in application["permissions"] if permission["granted"] is None}
    found: list[ReportedPermission] = []
    for key in sorted({*known, *wanted}):
        resource, kind, name = key
        is_wanted = key in wanted
        declared, granted = known.get(key, (False, unread.get(kind, False)))
        permission: ReportedPermission = {
            "resource": resource,
            "type": kind,
            "name": name,
            "wanted": None,
            "declared": declared,
            "granted": granted,
            "state": _state(declared, granted, wanted=is_wanted),
        }
        if gateways:
            permission["wanted"] = is_wanted
        found.append(permission)
    return found


def _key(permission: ReadPermission | ReportedPermission) -> Key:
    return permission["resource"], permission["type"], permission["name"]


def _names(keys: t.Iterable[Key]) -> list[str]:
    return [name for _resource, _type, name in keys]


def _wanted(gateway: Gateway, application: ReadApplication) -> set[Key]:
    """A profile may name a permission by its id."""
    by_id = {(p["resource"], p["type"], p["id"]): p["name"] for p in application["permissions"]}
    found: set[Key] = set()
    for entry in gateway.permissions:
        resource = resource_label(RESOURCES.get(entry["resource"], str(entry["resource"]).lower()))
        for kind in ("application", "delegated"):
            for name in map(str, as_list(entry.get(kind))):
                found.add((resource, kind, by_id.get((resource, kind, name.lower()), name)))
    return found


def _state(declared: bool, granted: bool | None, *, wanted: bool) -> str:
    if granted is None:
        return "unknown"
    if granted:
        if declared:
            return "granted"
        return "undeclared"
    if wanted:
        return "missing"
    return "pending"


def _urgency(application: ReportedApplication) -> tuple[str, str, str]:
    """What expires first comes first; gateways of the inventory without any credential before all."""
    name = text_or_empty(application, "display_name").lower()
    if application["gateways"] and not application["credentials"]:
        return "", name, application["client_id"]
    return _end(application), name, application["client_id"]


def _end(ending: ReportedApplication | ReportedCredential) -> str:
    return ending["end"] or CERTAINLY_LATER
