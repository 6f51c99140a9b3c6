# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The report as one structure, from which every output is made. Pure; knows no secret, not even a hint of one.

What is read of an application is described in azure_app_registration_info; what a gateway wants, in the role
gateway_app (tasks/expected.yml).
"""

from __future__ import annotations

import datetime
import hashlib
import json
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import derived_unique_name
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    RESOURCES,
    resource_label,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.expiry import is_replaced

Json = dict[str, t.Any]

FORMAT = 1
STATUSES = ("expired", "due", "ok", "none")  # the worst first; "none" has no credential that ends
MAILED = frozenset(RESOURCES)  # only Microsoft Graph and Exchange Online reach mailboxes
# "Microsoft Graph permissions reference", and what Exchange Online offers for SMTP, IMAP, POP and EWS.
MAIL_PERMISSIONS = ("mail", "smtp.", "imap.", "pop.", "ews.", "full_access_as_")
KINDS = {"client_secret": "client secret", "certificate": "certificate", "federated": "federated credential"}
_CERTAINLY_LATER = "9999"


def build(
    applications: t.Iterable[Json],
    *,
    tenant_ids: t.Sequence[str],
    gateways: t.Sequence[Json],
    tag: str,
    scope: str,
    due_within_days: int,
    now: datetime.datetime,
    unseen: t.Sequence[str] = (),
) -> Json:
    """The report on one tenant or several, which are all that was read.

    ``unseen`` are hosts of which nothing is known, since their tasks failed.
    ``scope`` is "managed" (what bears the tag or belongs to a gateway) or "mail" (also what may reach mailboxes).
    """
    read = {str(application["client_id"]): application for application in applications}
    owned_by: dict[str, list[Json]] = {}
    absent: list[Json] = []
    unread_hosts = {str(gateway["host"]) for gateway in gateways if not is_in(tenant_ids, gateway)}
    for gateway in gateways:
        if gateway["host"] in unread_hosts:
            continue
        found = next((client_id for client_id, known in read.items() if is_of(gateway, known)), None)
        if found is None:
            absent.append(
                {name: gateway.get(name) for name in ("host", "tenant_id", "profile", "display_name", "unique_name")}
            )
        else:
            owned_by.setdefault(found, []).append(gateway)
    described = [
        _application(known, gateways=owned_by.get(client_id, []), tag=tag, due_within_days=due_within_days)
        for client_id, known in read.items()
        if client_id in owned_by or tag in known["tags"] or (scope == "mail" and reaches_mail(known))
    ]
    described.sort(key=_urgency)
    report: Json = {
        "format": FORMAT,
        "generated": f"{now:%Y-%m-%d}",  # a day, so that what is made twice on it is the same
        "tenant_ids": list(tenant_ids),
        "scope": scope,
        "due_within_days": due_within_days,
        "summary": _summary(described, gateways=gateways, absent=absent),
        "applications": described,
        "gateways_without_application": sorted(absent, key=lambda gateway: str(gateway["host"])),
        "hosts_not_looked_at": sorted({*unseen, *unread_hosts}),
    }
    return {**report, "digest": digest(report)}


def is_of(gateway: Json, application: Json) -> bool:
    """Does the application belong to the gateway? By the key by which the role gateway_app finds it in its tenant."""
    if not is_in([str(application.get("tenant_id"))], gateway):
        return False
    if gateway.get("client_id"):
        return str(gateway["client_id"]).lower() == str(application["client_id"]).lower()
    return application["unique_name"] is not None and application["unique_name"] == unique_name_of(gateway)


def is_in(tenant_ids: t.Sequence[str], gateway: Json) -> bool:
    """Is the gateway's application in one of these tenants? A gateway that does not say where is in any of them."""
    return not gateway.get("tenant_id") or gateway["tenant_id"] in tenant_ids


def unique_name_of(gateway: Json) -> str:
    return str(gateway.get("unique_name") or derived_unique_name(str(gateway.get("display_name") or "")))


def unread(gateways: t.Iterable[Json], applications: t.Sequence[Json], *, tenant_ids: t.Sequence[str]) -> list[Json]:
    """The keys of applications that belong to a gateway of these tenants and have not been read, each once."""
    keys: dict[tuple[str, str], None] = {}
    for gateway in gateways:
        if is_in(tenant_ids, gateway) and not any(is_of(gateway, application) for application in applications):
            by_id = bool(gateway.get("client_id"))
            key = ("client_id", str(gateway["client_id"])) if by_id else ("unique_name", unique_name_of(gateway))
            keys[key] = None
    return [{name: value} for name, value in keys]


def reaches_mail(application: Json) -> bool:
    """Does it declare or hold a permission on mailboxes?"""
    return any(
        permission["resource"] in MAILED and str(permission["name"]).lower().startswith(MAIL_PERMISSIONS)
        for permission in application["permissions"]
    )


def digest(report: Json) -> str:
    """SHA-256 of what the report tells, apart from the time: neither when it was made, nor how many days are left."""

    def timeless(value: t.Any) -> t.Any:
        if isinstance(value, dict):
            return {k: timeless(inner) for k, inner in value.items() if k not in ("generated", "days_left", "digest")}
        return [timeless(inner) for inner in value] if isinstance(value, list) else value

    return hashlib.sha256(json.dumps(timeless(report), sort_keys=True).encode()).hexdigest()


def _application(application: Json, *, gateways: t.Sequence[Json], tag: str, due_within_days: int) -> Json:
    credentials = [
        credential
        for kind, entries in _entries(application).items()
        for credential in _credentials(entries, kind, gateways, due_within_days)
    ]
    credentials.sort(key=lambda credential: (str(credential["end"] or _CERTAINLY_LATER), str(credential["key_id"])))
    counting = [credential for credential in credentials if credential["counts"]]
    first = next((credential for credential in counting if credential["end"] is not None), None)
    permissions = _permissions(application, gateways)
    states = {str(credential["status"]) for credential in counting}
    return {
        "display_name": application["display_name"],
        "unique_name": application["unique_name"],
        "client_id": application["client_id"],
        "tenant_id": application.get("tenant_id"),
        "application_object_id": application["application_object_id"],
        "portal_url": application["portal_url"],
        "managed": tag in application["tags"],
        "gateways": [_gateway(gateway, application) for gateway in gateways],
        "owners": application["owners"],
        "permissions": permissions,
        "drift": [permission["name"] for permission in permissions if permission["state"] == "missing"],
        "credentials": credentials,
        "status": next((status for status in STATUSES if status in states), "none"),
        "end": first["end"] if first else None,
        "days_left": first["days_left"] if first else None,
    }


def _entries(application: Json) -> dict[str, list[Json]]:
    """The credentials by kind. A federated one has no end, and its name for a description."""
    federated = [
        {
            "key_id": entry["federated_credential_id"],
            "description": entry["name"],
            **dict.fromkeys(("start", "end", "days_left")),
        }
        for entry in application["federated_credentials"] or ()
    ]
    return {"secret": application["secrets"], "certificate": application["certificates"], "federated": federated}


def _called_kind(gateway: Json) -> str:
    return KINDS.get(str(gateway.get("credential_type")), KINDS["client_secret"])


def _gateway(gateway: Json, application: Json) -> Json:
    live = {
        str(entry["key_id"]).lower()
        for entries in _entries(application).values()
        for entry in entries
        if entry["days_left"] is None or entry["days_left"] >= 0
    }
    held, note, kind = gateway.get("held") or {}, str(gateway.get("held_note") or ""), _called_kind(gateway)
    if not gateway.get("held_checked"):
        state, note = "not checked", note or "the store was not read"
    elif not held.get("key_id"):
        state, note = "no", f"the store holds no {kind}"
    elif str(held.get("client_id")).lower() != str(application["client_id"]).lower():
        state, note = "no", f"the store holds the {kind} of another application"
    elif kind == KINDS["federated"] and application["federated_credentials"] is None:
        state, note = "not checked", "the federated credentials of the application may not be read"
    elif str(held["key_id"]).lower() not in live:
        state, note = "no", f"the {kind} in the store is not among the live ones of the application"
    else:
        state, note = "yes", ""
    return {
        "host": gateway["host"],
        "profile": gateway["profile"],
        "credential": kind,
        "in_store": state,
        "in_store_note": note,
    }


def _credentials(entries: t.Sequence[Json], kind: str, gateways: t.Sequence[Json], due_within_days: int) -> list[Json]:
    found = []
    for entry in entries:
        held_by = [
            gateway["host"]
            for gateway in gateways
            if entry["key_id"] and (gateway.get("held") or {}).get("key_id") == entry["key_id"]
        ]
        newer = is_replaced(entry, entries)
        found.append(
            {
                "kind": kind,
                "description": entry["description"],
                "key_id": entry["key_id"],
                "start": entry["start"],
                "end": entry["end"],
                "days_left": entry["days_left"],
                "status": _status(entry["days_left"], due_within_days),
                "newer_exists": newer,
                "held_by": held_by,
                # What was replaced is of no interest any more, unless a gateway still uses it.
                "counts": bool(held_by) or not newer,
            }
        )
    return found


def _status(days_left: int | None, due_within_days: int) -> str:
    if days_left is None:
        return "none"
    return "expired" if days_left < 0 else "due" if days_left < due_within_days else "ok"


def _permissions(application: Json, gateways: t.Sequence[Json]) -> list[Json]:
    """Wanted, declared and granted ones. ``wanted`` is null where no gateway says what it wants."""
    known = {(p["resource"], p["type"], p["name"]): p for p in application["permissions"]}
    wanted = {
        (resource_label(RESOURCES.get(entry["resource"], str(entry["resource"]).lower())), kind, str(name))
        for gateway in gateways
        for entry in gateway["permissions"]
        for kind in ("application", "delegated")
        for name in entry.get(kind) or ()
    }
    by_id = {(p["resource"], p["type"], p["id"]): key for key, p in known.items()}
    wanted = {by_id.get((resource, kind, name.lower()), (resource, kind, name)) for resource, kind, name in wanted}
    # Where grants are unknown, what is wanted beyond the declaration may be granted all the same.
    unknown = {kind for _resource, kind, name in known if known[(_resource, kind, name)]["granted"] is None}
    found = []
    for key in sorted({*known, *wanted}):
        resource, kind, name = key
        entry = known.get(key) or {"declared": False, "granted": None if kind in unknown else False}
        found.append(
            {
                "resource": resource,
                "type": kind,
                "name": name,
                "wanted": key in wanted if gateways else None,
                "declared": entry["declared"],
                "granted": entry["granted"],
                "state": _state(entry, wanted=key in wanted),
            }
        )
    return found


def _state(entry: Json, *, wanted: bool) -> str:
    if entry["granted"] is None:
        return "unknown"
    if entry["granted"]:
        return "granted" if entry["declared"] else "undeclared"
    return "missing" if wanted else "pending"


def _urgency(application: Json) -> tuple[t.Any, ...]:
    """What runs out first comes first; gateways of the inventory without any credential before all."""
    helpless = not application["credentials"] and bool(application["gateways"])
    end = "" if helpless else str(application["end"] or _CERTAINLY_LATER)
    return end, str(application["display_name"] or "").lower(), str(application["client_id"])


def _summary(applications: t.Sequence[Json], *, gateways: t.Sequence[Json], absent: t.Sequence[Json]) -> Json:
    counting = [
        {"application": application, **credential}
        for application in applications
        for credential in application["credentials"]
        if credential["counts"]
    ]
    alive = [credential for credential in counting if (credential["days_left"] or 0) >= 0 and credential["end"]]
    following = min(alive, key=lambda credential: str(credential["end"]), default=None)
    stores = [gateway["in_store"] for application in applications for gateway in application["gateways"]]
    return {
        "applications": len(applications),
        "gateways": len(gateways),
        "not_in_inventory": sum(not application["gateways"] for application in applications),
        "credentials": {status: sum(c["status"] == status for c in counting) for status in STATUSES},
        "without_credential": sum(not application["credentials"] for application in applications),
        "with_missing_permissions": sum(bool(application["drift"]) for application in applications),
        "not_in_store": stores.count("no"),
        "gateways_without_application": len(absent),
        "grants_unknown": sum(
            any(permission["state"] == "unknown" for permission in application["permissions"])
            for application in applications
        ),
        "owners_unknown": sum(application["owners"] is None for application in applications),
        "next": following
        and {
            "display_name": following["application"]["display_name"],
            "client_id": following["application"]["client_id"],
            "gateways": [gateway["host"] for gateway in following["application"]["gateways"]],
            **{name: following[name] for name in ("kind", "description", "end", "days_left", "status")},
        },
    }


def failures(report: Json, *, within_days: int, drift: bool) -> list[str]:
    """What a run that shall fail has to name: what ends within so many days (negative: do not look), and drift."""
    found = []
    for application in report["applications"]:
        name = f"{application['display_name']} ({application['client_id']})"
        if within_days >= 0:
            found += [
                f"{name}: the {_called(credential)} {_ends(credential)}"
                for credential in application["credentials"]
                if credential["counts"]
                and credential["days_left"] is not None
                and credential["days_left"] < within_days
            ]
            if application["gateways"] and not application["credentials"]:
                found.append(f"{name}: has no {application['gateways'][0]['credential']}")
        if drift and application["drift"]:
            found.append(f"{name}: not granted: {', '.join(application['drift'])}")
        if drift:
            found += [
                f"{name}: {gateway['in_store_note']} ({gateway['host']})"
                for gateway in application["gateways"]
                if gateway["in_store"] == "no"
            ]
    if within_days >= 0:
        found += [f"{gateway['host']}: has no application" for gateway in report["gateways_without_application"]]
    return found


def _called(credential: Json) -> str:
    return f"{credential['kind']} '{credential['description'] or '(no description)'}'"


def _ends(credential: Json) -> str:
    day, left = str(credential["end"])[:10], credential["days_left"]
    if left < 0:
        return f"has expired on {day}"
    return f"expires on {day}, in {left} day{'' if left == 1 else 's'}"
