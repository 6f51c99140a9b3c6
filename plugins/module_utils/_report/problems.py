# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The problems, each with its host and with what to do about it. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.expiry import status_of
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.gateway import run_playbook
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    KINDS,
    PROBLEMS,
    AbsentApplication,
    Problem,
    Report,
    ReportedApplication,
    ReportedCredential,
    ReportedGateway,
    SkippedHost,
    counting,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.texts import days_text

ENDS = {"expired": "has expired on", "due": "expires on"}  # problems of credentials, by their status
MODULES = {"secret": "azure_app_secret", "certificate": "azure_app_certificate"}
OF_EXPIRY = frozenset({"expired", "due", "no_credential", "no_application", "switched_off"})
OF_DRIFT = frozenset({"not_granted", "mailboxes", "store", "store_not_read", "switched_off"})


def find_problems(
    applications: t.Iterable[ReportedApplication],
    *,
    absent: t.Iterable[AbsentApplication],
    skipped: t.Iterable[SkippedHost],
    within_days: int,
) -> list[Problem]:
    """The worst first; of credentials, those that expire within so many days."""
    found = [*map(_not_looked_at, skipped), *map(_without_application, absent)]
    for application in applications:
        for credential in counting(application["credentials"]):
            status = status_of(credential["days_left"], within_days)
            if status in ENDS:
                found += _of_credential(application, credential, status)
        for gateway in application["gateways"]:
            found += _of_gateway(application, gateway)
    return sorted(found, key=lambda problem: PROBLEMS.index(problem["kind"]))


def failures(report: Report, *, within_days: int, drift: bool, failed: t.Collection[str] = ()) -> list[Problem]:
    """Those that a run has to fail for: what expires (not checked if negative), drift if asked for, failed hosts."""
    kinds = {"not_looked_at"}
    if within_days >= 0:
        kinds |= OF_EXPIRY
    if drift:
        kinds |= OF_DRIFT
    found = find_problems(
        report["applications"],
        absent=report["gateways_without_application"],
        skipped=[host for host in report["hosts_not_looked_at"] if host["host"] in failed],
        within_days=within_days,
    )
    return [problem for problem in found if problem["kind"] in kinds]


def line(problem: Problem) -> str:
    """The problem in one sentence, without what to do."""
    if problem["kind"] == "not_looked_at":
        return f"{problem['host']} {problem['text']}"
    text = problem["text"]
    if problem["client_id"]:
        text = f"{problem['display_name'] or '(no name)'} ({problem['client_id']}): {text}"
    if problem["host"]:
        text = f"{problem['host']}: {text}"
    left = problem["days_left"]
    if left is not None and left >= 0:
        text += f", in {days_text(left)}"
    return text


def _not_looked_at(skipped: SkippedHost) -> Problem:
    # The reason is the message of an error, which ends with what to do.
    return _problem("not_looked_at", skipped["host"], f"was not checked: {skipped['reason'].rstrip('.')}", "")


def _without_application(gateway: AbsentApplication) -> Problem:
    text, step = "has no application", f"{run_playbook('register', gateway['host'])}, which creates it."
    if gateway["credential"] == KINDS["certificate"]:
        step += " If gateway_app_certificate_path has the key of a deleted application, move that file away first."
    if gateway["deleted"]:
        text = "its application was deleted"
        step = f"{run_playbook('register', gateway['host'])}, which restores it."
    elif gateway["client_id"]:
        text = f"has no application: gateway_app_client_id, {gateway['client_id']}, is not in its tenant"
        step = (
            "Correct gateway_app_client_id or the tenant that the gateway signs in to; for a new application, clear"
            f" gateway_app_client_id. {run_playbook('register', gateway['host'])}."
        )
    return _problem("no_application", gateway["host"], text, step)


def _of_credential(application: ReportedApplication, credential: ReportedCredential, kind: str) -> t.Iterator[Problem]:
    """A problem of the gateways that use the credential, or of those that may do so; of no host if there is none."""
    left = credential["days_left"]
    ends = f"{ENDS[kind]} {str(credential['end'])[:10]}"
    text = f"the {credential['kind']} '{credential['description'] or '(no description)'}' {ends}"
    gateways = application["gateways"]
    hosts = credential["stored_by"] or [gateway["host"] for gateway in gateways if gateway["in_store"] != "yes"]
    for host in hosts:
        step = f"{run_playbook('rotate', host, more=' and gateway_app_rotate_now=true')}, which replaces it."
        yield _problem_of(application, kind, host, text, step, left=left)
    if hosts:
        return
    owner, where = None, "no gateway of this play uses it"
    if gateways:
        owner, where = gateways[0]["host"], "its gateways use another one"
    yield _problem_of(application, kind, owner, text, f"{_remove(application, credential)}: {where}.", left=left)


def _remove(application: ReportedApplication, credential: ReportedCredential) -> str:
    values = f"client_id={application['client_id']}, key_id={credential['key_id']}, state=absent"
    return f"If nothing needs it any more, remove it with {MODULES[credential['kind']]} ({values})"


def _of_gateway(application: ReportedApplication, gateway: ReportedGateway) -> t.Iterator[Problem]:
    missing, host, off = gateway["missing_permissions"], gateway["host"], application["switched_off"]
    if off is not None:
        yield _problem_of(application, "switched_off", host, off["reason"], off["next_step"])
    if not application["credentials"]:
        step = f"{run_playbook('rotate', host)}, which creates one."
        yield _problem_of(application, "no_credential", host, f"has no {gateway['credential']}", step)
    if missing:
        declared = {p["name"] for p in application["permissions"] if p["declared"]}
        step = f"{run_playbook('register', host)}, which declares and grants them."
        if declared.issuperset(missing):
            step = f"{run_playbook('consent', host)}, as an identity that may grant admin consent."
        yield _problem_of(application, "not_granted", host, f"not granted: {', '.join(missing)}", step)
    if gateway["limited"] and application["mailboxes"]["reach"] in ("all", "none"):
        yield _of_mailboxes(application, host)
    if gateway["in_store"] == "no":
        yield _problem_of(application, "store", host, gateway["in_store_note"], gateway["next_step"])
    if gateway["in_store"] == "not checked":
        text = f"the store was not checked: {gateway['in_store_note'].rstrip('.')}"
        yield _problem_of(application, "store_not_read", host, text, gateway["next_step"])


def _of_mailboxes(application: ReportedApplication, host: str) -> Problem:
    """gateway_app_mailboxes limits it, but it reaches all of them, or none."""
    reach = application["mailboxes"]
    if reach["reach"] == "all":
        text = f"reaches {reach['text']}, although gateway_app_mailboxes limits it"
        step = f"{run_playbook('register', host, more=' and gateway_app_exact_permissions=true')}, which revokes that."
    else:
        text = "has no role in Exchange for the mailboxes of gateway_app_mailboxes"
        step = f"{run_playbook('register', host)}, which assigns it."
    return _problem_of(application, "mailboxes", host, text, step)


def _problem(kind: str, host: str | None, text: str, next_step: str) -> Problem:
    """Of no application."""
    return {
        "kind": kind,
        "host": host,
        "display_name": None,
        "client_id": None,
        "text": text,
        "days_left": None,
        "next_step": next_step,
    }


def _problem_of(
    application: ReportedApplication,
    kind: str,
    host: str | None,
    text: str,
    next_step: str,
    *,
    left: int | None = None,
) -> Problem:
    return {
        **_problem(kind, host, text, next_step),
        "display_name": application["display_name"],
        "client_id": application["client_id"],
        "days_left": left,
    }
