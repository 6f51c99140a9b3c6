# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What a run of the role gateway_app sets as gateway_app_result, from the results of its tasks. Pure; no secret."""

from __future__ import annotations

import typing as t

Result = t.Mapping[str, t.Any]

OF_REGISTRATION = (
    "display_name",
    "unique_name",
    "tenant_id",
    "client_id",
    "application_object_id",
    "service_principal_object_id",
    "authority_url",
    "graph_url",
    "consent_url",
    "portal_url",
)


def role_result(
    registration: Result,
    *,
    profile: Result,
    written: t.Sequence[Result],
    credentials: t.Sequence[Result],
    token: Result,
    consent: str,
    credential_type: str,
) -> dict[str, t.Any]:
    """``written`` are the results of the tasks before the credential; the last credential that was not skipped counts.

    Raises KeyError if a task failed and the play went on.
    """
    done = [result for result in credentials if not result.get("skipped")]
    credential = done[-1]
    asked = not token.get("skipped")
    roles = list(token["roles"]) if asked else []
    missing = sorted(set(profile["expected_roles"]) - set(roles))
    return {
        "profile": profile["profile"],
        **{name: registration[name] for name in OF_REGISTRATION},
        "token_scope": token["scope"] if asked else None,
        "credential_type": credential_type,
        "key_id": credential["key_id"],
        "secret_expires": credential["end"],
        "secret_days_left": credential["days_left"],
        "certificate_path": done[0].get("path"),
        "certificate_thumbprint": done[0].get("thumbprint"),
        "permissions": list(profile["application_permissions"]),
        "roles": roles,
        "missing_roles": missing,
        # A token that could be asked for has a scope; without one nothing is proven, also if no role is expected.
        "proven": asked and token["scope"] is not None and not missing,
        "consent": consent,
        # Older ones, which this collection made and will remove.
        "previous_key_ids": list(credential["previous_key_ids"]),
        "handed_over": credential["handed_over"],
        "stores": list(credential["stores"]),
        "notes": _notes([profile, registration, *written, *done, token]),
        "changed": any(result["changed"] for result in [*written, *done]),
    }


def _notes(results: t.Sequence[Result]) -> list[str]:
    """Each note once, in the order of the tasks."""
    notes: dict[str, None] = {}
    for result in results:
        notes.update(dict.fromkeys(result.get("notes") or ()))
    return list(notes)


NAMES = {"client_secret": "client secret", "certificate": "certificate", "federated": "federated credential"}


def role_summary(result: Result) -> list[str]:
    """A few lines for a person, of a result of ``role_result``."""
    changed = "changed" if result["changed"] else "nothing to change"
    lines = [
        f"{result['display_name']}: {changed}",
        f"application: client id {result['client_id'] or 'not known yet'}, tenant id {result['tenant_id']}",
        f"permissions: {', '.join(result['permissions']) or 'none'} ({_proof(result)})",
        f"credential: {_credential(result)}",
    ]
    if result["previous_key_ids"]:
        lines.append(f"replaced, to be removed after the overlap: {', '.join(result['previous_key_ids'])}")
    if not result["handed_over"]:
        lines.append("hand-over: some gateways do not have the new credential yet")
    return [*lines, *result["notes"]]


def _proof(result: Result) -> str:
    if result["proven"]:
        return "proven by a token"
    if result["token_scope"] is None:
        return "not proven"
    return f"the token lacks {', '.join(result['missing_roles'])}"


def _credential(result: Result) -> str:
    name = NAMES[result["credential_type"]]
    if not result["key_id"]:
        return f"a new {name}"
    expires = ""
    if result["secret_expires"]:
        expires = f", expires {result['secret_expires'][:10]} ({result['secret_days_left']} days left)"
    return f"{name} {result['key_id']}{expires}, in {', '.join(map(_place, result['stores']))}"


def _place(reference: Result) -> str:
    """A store by its last name, such as a path."""
    names = [value for key, value in reference.items() if key in ("type", "name", "path")]
    return str(names[-1])
