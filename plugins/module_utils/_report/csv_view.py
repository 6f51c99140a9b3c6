# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The report as comma-separated values: one line for each credential. Pure."""

from __future__ import annotations

import csv
import io
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    AbsentApplication,
    Problem,
    Report,
    ReportedApplication,
    ReportedCredential,
    ReportedPermission,
    SkippedHost,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.texts import csv_text

COLUMNS = (
    "display_name", "unique_name", "client_id", "tenant_id", "gateways", "profiles", "owners", "kind", "description",
    "key_id", "start", "end", "days_left", "status", "newer_exists", "in_store", "permissions_missing",
    "permissions_granted", "mailboxes", "managed", "problems",
)  # fmt: skip
OF_CREDENTIAL = ("kind", "description", "key_id", "start", "end", "days_left", "status", "newer_exists")

Line = dict[str, t.Any]
Subject: t.TypeAlias = "tuple[str | None, str | None]"  # of a problem: the application's client id, or the host


def csv_view(report: Report) -> str:
    """Also one line for an application without a credential, a gateway without an application and a skipped host."""
    advice = _advice(report["problems"])
    lines: list[Line] = list(map(_skipped, report["hosts_not_looked_at"]))
    for application in report["applications"]:
        about = {**_application(application), "problems": _joined(advice.get((application["client_id"], None), []))}
        for credential in application["credentials"]:
            lines.append({**about, **_credential(credential)})
        if not application["credentials"]:
            lines.append({**about, "status": "no credential"})
    for gateway in report["gateways_without_application"]:
        lines.append({**_absent(gateway), "problems": _joined(advice.get((None, gateway["host"]), []))})
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_cells, lines))
    return text.getvalue()


def without_days_left(text: str) -> str:
    """What ``csv_view`` wrote, apart from the one column that changes each day."""
    days = COLUMNS.index("days_left")
    return repr([row[:days] + row[days + 1 :] for row in csv.reader(io.StringIO(text))])


def _application(application: ReportedApplication) -> Line:
    gateways = application["gateways"]
    return {
        "display_name": application["display_name"],
        "unique_name": application["unique_name"],
        "client_id": application["client_id"],
        "tenant_id": application["tenant_id"],
        "gateways": _distinct(gateways, "host"),
        "profiles": _distinct(gateways, "profile"),
        "owners": _owners(application),
        "in_store": _distinct(gateways, "in_store"),
        "permissions_missing": _joined(application["drift"]),
        "permissions_granted": _joined(_granted(application["permissions"])),
        "mailboxes": application["mailboxes"]["text"],
        "managed": application["managed"],
    }


def _credential(credential: ReportedCredential) -> Line:
    return selected(credential, OF_CREDENTIAL)


def _absent(gateway: AbsentApplication) -> Line:
    return {
        "display_name": gateway["display_name"],
        "unique_name": gateway["unique_name"],
        "tenant_id": gateway["tenant_id"],
        "gateways": gateway["host"],
        "profiles": gateway["profile"],
        "status": "no application",
    }


def _skipped(host: SkippedHost) -> Line:
    return {"gateways": host["host"], "status": "not checked", "problems": host["reason"]}


def _advice(problems: t.Iterable[Problem]) -> dict[Subject, list[str]]:
    """The problems with what to do."""
    found: dict[Subject, list[str]] = {}
    for problem in problems:
        subject: Subject = problem["client_id"], None
        if problem["client_id"] is None:
            subject = None, problem["host"]
        whose = problem["host"] or "no host of this play"
        text = f"{whose}: {problem['text']}. {problem['next_step']}".strip().rstrip(".")
        found.setdefault(subject, []).append(text)
    return found


def _owners(application: ReportedApplication) -> str:
    if application["owners"] is None:
        return "unknown"
    return _joined(owner["display_name"] or owner["object_id"] for owner in application["owners"])


def _granted(permissions: t.Iterable[ReportedPermission]) -> t.Iterator[str]:
    for permission in permissions:
        if permission["granted"] is None:
            yield f"{permission['name']}?"
        elif permission["granted"]:
            yield permission["name"]


def _distinct(gateways: t.Iterable[t.Mapping[str, t.Any]], name: str) -> str:
    return _joined(dict.fromkeys(gateway[name] for gateway in gateways))


def _joined(values: t.Iterable[t.Any]) -> str:
    return "; ".join(map(str, values))


def _cells(line: Line) -> Line:
    return {name: _cell(value) for name, value in line.items()}


def _cell(value: t.Any) -> t.Any:
    if value is True:
        return "yes"
    if value is False:
        return "no"
    if isinstance(value, (int, type(None))):
        return value
    return csv_text(str(value))
