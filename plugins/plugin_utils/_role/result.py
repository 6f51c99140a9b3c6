# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What a run of the role gateway_app sets as gateway_app_result, from the results of its tasks. Pure; no secret."""

from __future__ import annotations

import shlex
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import (
    filled_members,
    selected,
    without,
)

Result = t.Mapping[str, t.Any]
REMOVING_MODULES = {"client_secret": "azure_app_secret", "certificate": "azure_app_certificate"}

IDENTITY = (
    "display_name",
    "unique_name",
    "tenant_id",
    "client_id",
    "application_object_id",
    "service_principal_object_id",
)
OF_REGISTRATION = (
    *IDENTITY,
    "authority_url",
    "graph_url",
    "consent_url",
    "portal_url",
)

# Stale is what was granted once and is not declared any more: for a person to look at.
OF_CONSENT = ("granted", "stale", "consent_url", "changed")
OF_MAILBOX_SCOPE = ("assignments", "other_assignments", "granted_for_all_mailboxes")
NOTHING_ASSIGNED: Result = {**dict.fromkeys(OF_MAILBOX_SCOPE, ()), "assigned_at": None, "changed": False}


def role_result(
    registration: Result,
    *,
    profile: Result,
    written: t.Sequence[Result],
    credentials: t.Sequence[Result],
    token: Result,
    consent: str,
    credential_type: str,
    served_hosts: t.Sequence[str] = (),
) -> dict[str, t.Any]:
    """``written`` are the results of the tasks before the credential; the last credential that was not skipped counts.

    ``served_hosts`` got it in this run, perhaps after the task of this host looked.

    Raises KeyError if a task failed and the play went on.
    """
    done = [result for result in credentials if not result.get("skipped")]
    credential = done[-1]
    roles: list[str] = []
    scope = None
    if not token.get("skipped"):
        roles, scope = list(token["roles"]), token["scope"]
    missing = sorted(set(profile["expected_roles"]) - set(roles))
    exists = bool(credential["key_id"])
    reason = _unproven_reason(token, missing, exists=exists)
    noting = [profile, *done]
    if exists:  # else the reason says it already
        noting.append(token)
    return {
        "profile": profile["profile"],
        **selected(registration, OF_REGISTRATION),
        "token_scope": scope,
        "credential_type": credential_type,
        "key_id": credential["key_id"],
        "secret_expires": credential["end"],
        "secret_days_left": credential["days_left"],
        "certificate_path": done[0].get("path"),
        "certificate_thumbprint": done[0].get("thumbprint"),
        "permissions": list(profile["application_permissions"]),
        "roles": roles,
        "missing_roles": missing,
        "proven": reason is None,
        "unproven_reason": reason,
        "consent": consent,
        # For verify, which waits for roles of Exchange to take effect.
        "mailboxes_assigned_at": _assigned_at(written),
        "credential_changed": _changed(done),
        # Not if the run only recorded a hand-over, or removed what was replaced.
        "credential_stored": done[0]["changed"],
        # Older ones, which this collection made and will remove.
        "previous_key_ids": list(credential["previous_key_ids"]),
        "removed_key_ids": _each_once(done, "removed_key_ids"),
        "other_credentials": _other_credentials(registration, done),
        "after_new_secret": profile["after_new_secret"],
        "handed_over": credential["handed_over"] or not without(credential["pending_hosts"], served_hosts),
        "stores": list(credential["stores"]),
        "notes": _each_once(noting, "notes"),
        "changed": _changed([*written, *done]),
    }


def mailboxes_result(registration: Result, *, profile: Result, assigned: Result) -> dict[str, t.Any]:
    """Of the entry point mailboxes. ``assigned`` is skipped if the settings limit nothing.

    Raises KeyError if a task failed and the play went on.
    """
    if assigned.get("skipped"):
        assigned = NOTHING_ASSIGNED
    return {
        "profile": profile["profile"],
        **selected(registration, IDENTITY),
        "mailbox_method": profile["mailbox_method"],
        **{name: list(assigned[name]) for name in OF_MAILBOX_SCOPE},
        "mailboxes_assigned_at": assigned["assigned_at"],
        "changed": assigned["changed"],
    }


def consent_result(registration: Result, *, profile: Result, granted: Result) -> dict[str, t.Any]:
    """Of the entry point consent. Raises KeyError if a task failed and the play went on."""
    return {
        "profile": profile["profile"],
        **selected(registration, IDENTITY),
        **selected(granted, OF_CONSENT),
    }


def retire_result(
    registration: Result,
    *,
    display_name: str,
    purge: t.Any,
    withdrawn: Result,
    removed: Result,
    deleted: Result,
) -> dict[str, t.Any]:
    """Of the entry point retire. ``withdrawn`` is skipped if the application was gone already.

    Raises KeyError if a task failed and the play went on.
    """
    return {
        "display_name": display_name,
        **selected(registration, ("tenant_id", "client_id")),
        "retired": True,
        "purged": boolean(purge),
        "stores": list(removed["stores"]),
        "changed": _changed((withdrawn, removed, deleted)),
    }


def artifacts(result: Result) -> dict[str, t.Any]:
    """What later jobs of a workflow need from this one, as variables of the role; no secret and no path to one.

    The name of each variable ends with the client id, since AWX merges the variables of the slices of a job by name.
    """
    client_id = result.get("client_id")
    if not client_id:
        return {}
    suffix = str(client_id).replace("-", "_")
    ids = {
        "tenant_id": result["tenant_id"],
        "client_id": client_id,
        "object_id": result["application_object_id"],
        "service_principal_object_id": result["service_principal_object_id"],
    }
    variables = {
        f"gateway_app_expected_application_{suffix}": {result["unique_name"] or client_id: ids},
        f"gateway_app_mailboxes_assigned_at_{suffix}": filled_members({client_id: result.get("mailboxes_assigned_at")}),
    }
    return filled_members(variables)


def _assigned_at(results: t.Iterable[Result]) -> t.Any | None:
    points = (result.get("assigned_at") for result in results)
    return next(filter(None, points), None)


def _changed(results: t.Iterable[Result]) -> bool:
    return any(result["changed"] for result in results)


def _each_once(results: t.Iterable[Result], name: str) -> list[str]:
    """The entries of the list ``name``, in the order of the tasks; not every task has it."""
    found: dict[str, None] = {}
    for result in results:
        found.update(dict.fromkeys(result.get(name, ())))
    return list(found)


def _unproven_reason(token: Result, missing: t.Sequence[str], *, exists: bool) -> str | None:
    if not exists:
        return "the new credential does not exist yet"
    if token.get("skipped"):
        return "gateway_app_verify_token is false"
    if token["audience"] is None:
        return "no token could be requested with the stored credential"
    if missing:
        return f"the token lacks {', '.join(missing)}"
    return None


def _other_credentials(registration: Result, done: t.Sequence[Result]) -> list[dict[str, t.Any]]:
    """The live credentials that the stores do not know: those of an application that was adopted, or made by hand."""
    known: set[str] = set()
    for result in done:
        known.update(map(_lowered, (result["key_id"], *result["previous_key_ids"], *result["removed_key_ids"])))
    others = []
    for credential in registration["live_credentials"]:
        if _lowered(credential["key_id"]) not in known:
            others.append({**credential, "remove_command": _remove_command(registration["client_id"], credential)})
    return others


def _lowered(key_id: str | None) -> str:
    return str(key_id or "").lower()


def _remove_command(client_id: str, credential: Result) -> str:
    module = f"email_gateway.azure_apps.{REMOVING_MODULES[credential['type']]}"
    arguments = f"state=absent client_id={client_id} key_id={credential['key_id']}"
    return f"ansible localhost -m {module} -a {shlex.quote(arguments)}"
