# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The fact gateway_app_result as the last lines of a run, for a person. Pure; no secret."""

from __future__ import annotations

import shlex
import textwrap
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.printable import printable
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import store_class

Result = t.Mapping[str, t.Any]

WIDTH = 100  # characters of a line
LABEL = 16  # of them before the text
MOST_OTHERS = 3  # other credentials that are listed; the result has all of them
# What the gateway needs of a new credential.
HAND_OVER = {
    "client_secret": "enter tenant id, client id and client secret in the gateway",
    "certificate": "enter tenant id, client id and key file in the gateway",
    "federated": "enter both ids in the gateway",
}
TYPES = {"client_secret": "client secret", "certificate": "certificate"}
# By whether something changed, and whether it is check mode.
OUTCOMES = {
    (True, False): "changed",
    (False, False): "nothing to change",
    (True, True): "would be changed (check mode)",
    (False, True): "nothing would change (check mode)",
}


class Entry(t.NamedTuple):
    """``whole``: a command or an address, which stays on one line to be copied."""

    label: str
    text: str
    whole: bool = False

    @property
    def lines(self) -> list[str]:
        text = printable(self.text)
        begin = " " * LABEL
        if self.label:
            begin = f"{printable(self.label)}:".ljust(LABEL)
        if self.whole:
            return [f"{begin}{text}"]
        return textwrap.wrap(
            text,
            WIDTH,
            initial_indent=begin,
            subsequent_indent=" " * LABEL,
            break_long_words=False,
            break_on_hyphens=False,
        )


def role_summary(result: Result, check_mode: bool = False) -> list[str]:
    """Of what an entry point sets as gateway_app_result. ``check_mode``: nothing was done, it was only predicted."""
    title, profile = result["display_name"], text_or_empty(result, "profile")
    if profile not in title:
        title = f"{title} ({profile})"
    lines = [printable(f"{title}: {OUTCOMES[bool(result['changed']), bool(check_mode)]}")]
    entry_point = among(BY_MEMBER, result)[0]
    for entry in BY_MEMBER[entry_point](result, check_mode=bool(check_mode)):
        lines += entry.lines
    return lines


def _of_gateway(result: Result, *, check_mode: bool) -> list[Entry]:
    return [
        *_ids(result),
        *_credential(result),
        _proof(result),
        *_removed(result, check_mode=check_mode),
        *_next_steps(result, check_mode=check_mode),
        *_other_credentials(result),
        *(Entry("Note", note) for note in result["notes"]),
    ]


def _ids(result: Result, *, unknown: str = "not known yet") -> list[Entry]:
    return [Entry("Tenant id", result["tenant_id"]), Entry("Client id", result["client_id"] or unknown)]


def _credential(result: Result) -> list[Entry]:
    rest = ", which rotate removes after gateway_app_overlap_days"
    return [*BY_TYPE[result["credential_type"]](result), *_if_any("Replaced", result["previous_key_ids"], rest)]


def _federated(result: Result) -> list[Entry]:
    return [
        Entry("Federated", "the gateway signs in with a token of its issuer; there is no secret"),
        *_places("Noted in", result),
        Entry("Valid until", "it does not expire"),
    ]


def _certificate(result: Result) -> list[Entry]:
    path = result["certificate_path"]
    where = f"with its private key in {path} on this controller"
    if not result["key_id"]:
        return [Entry("Certificate", f"a new key, {where}"), _validity(result)]
    return [
        Entry("Certificate", f"thumbprint {result['certificate_thumbprint']}, {where}"),
        Entry("Read it with", f"openssl x509 -noout -text -in {shlex.quote(path)}", whole=True),
        _validity(result),
    ]


def _client_secret(result: Result) -> list[Entry]:
    if not result["key_id"]:
        return [*_places("Client secret", result, before="a new one, in "), _validity(result)]
    return [*_places("Client secret", result, before="in "), _reading(result["stores"]), _validity(result)]


# The lines on the credential itself.
BY_TYPE: dict[str, t.Callable[[Result], list[Entry]]] = {
    "client_secret": _client_secret,
    "certificate": _certificate,
    "federated": _federated,
}


def _places(label: str, result: Result, *, before: str = "") -> list[Entry]:
    """One line for each store."""
    places = [f"{before}{store_class(reference['type']).place_of(reference)}" for reference in result["stores"]]
    return _listed(label, places, whole=True)


def _listed(label: str, texts: t.Iterable[str], *, whole: bool = False) -> list[Entry]:
    """The label is that of the first text."""
    entries = []
    for text in texts:
        entries.append(Entry(label, text, whole))
        label = ""
    return entries


def _reading(references: t.Sequence[Result]) -> Entry:
    """By the first store that gives it back."""
    for reference in references:
        command = store_class(reference["type"]).read_command(reference)
        if command:
            return Entry("Read it with", command, whole=True)
    return Entry("Read it with", "nothing: this store does not show the value again")


def _if_any(label: str, texts: t.Iterable[str], rest: str) -> list[Entry]:
    """One line that lists the texts; none if there are none."""
    joined = ", ".join(texts)
    if not joined:
        return []
    return [Entry(label, f"{joined}{rest}")]


def _validity(result: Result) -> Entry:
    if not result["key_id"] or not result["secret_expires"]:
        return Entry("Valid until", "not known yet")
    days = f"{result['secret_expires'][:10]} ({result['secret_days_left']} days left)"
    return Entry("Valid until", f"{days}, key id {result['key_id']}")


def _removed(result: Result, *, check_mode: bool) -> list[Entry]:
    label = "Removed"
    if check_mode:
        label = "Would remove"
    return _if_any(label, result["removed_key_ids"], " from the tenant")


def _proof(result: Result) -> Entry:
    if not result["proven"]:
        return Entry("Not proven", result["unproven_reason"])
    permissions = ", ".join(result["roles"])
    if not permissions:
        return Entry("Proven", "by a token")
    return Entry("Proven", f"by a token with {permissions}")


def _next_steps(result: Result, *, check_mode: bool) -> list[Entry]:
    if check_mode:
        return [_next(result, "nothing", check_mode=True)]
    steps = []
    if result["credential_stored"] and not result["after_new_secret"]:
        steps.append(HAND_OVER[result["credential_type"]])
    if not result["handed_over"]:
        steps.append("run it again for the hosts that do not have the new credential yet")
    needs_consent = result["consent"] != "grant" and result["missing_roles"]
    if needs_consent:
        steps.append("let an administrator grant admin consent, with the playbook consent or on this page")
    elif not result["proven"]:
        steps.append("verify it with the playbook verify")
    if not steps:
        steps.append("nothing; run the playbook rotate every day, which renews the credential in time")
    entries = [Entry("Next", "; ".join(steps))]
    if needs_consent and result["consent_url"]:
        entries.append(Entry("", result["consent_url"], whole=True))
    return entries


def _next(result: Result, step: str, *, check_mode: bool) -> Entry:
    """The next step, after what check mode only predicted is done."""
    if check_mode and result["changed"]:
        return Entry("Next", "run it without --check")
    return Entry("Next", step)


def _other_credentials(result: Result) -> list[Entry]:
    others = result["other_credentials"]
    if not others:
        return []
    listed = []
    for other in others[:MOST_OTHERS]:
        listed += [Entry("", _other(other)), Entry("", other["remove_command"], whole=True)]
    more = len(others) - MOST_OTHERS
    if more > 0:
        listed.append(Entry("", f"and {more} more, in gateway_app_result.other_credentials"))
    what = "credentials of the application that are not in these stores. The gateway may still use them. Once it"
    return [Entry("Also valid", f"{what} does not, remove them with these commands:"), *listed]


def _other(other: Result) -> str:
    text = TYPES[other["type"]]
    if other["description"]:
        text += f" {shown(other['description'])}"
    text += f", key id {other['key_id']}, valid"
    if other["end"]:
        text += f" until {other['end'][:10]}"
    return text


def _of_consent(result: Result, *, check_mode: bool) -> list[Entry]:
    return [
        *_ids(result),
        Entry("Granted", ", ".join(_names(result["granted"])) or "nothing"),
        *_if_any("Left over", _names(result["stale"]), ": granted, but no longer declared"),
        _next(result, "verify it with the playbook verify", check_mode=check_mode),
    ]


def _of_mailboxes(result: Result, *, check_mode: bool) -> list[Entry]:
    if result["mailbox_method"] == "none":
        why = "gateway_app_mailboxes is not set, so the application is not limited"
        return [*_ids(result), Entry("Assigned", f"nothing: {why}")]
    others, granted = map(_role, result["other_assignments"]), result["granted_for_all_mailboxes"]
    step = "verify it with the playbook verify; a change takes 30 minutes to two hours"
    if result["mailbox_method"] == "commands":
        step = "let an Exchange administrator run the commands"
    return [
        *_ids(result),
        *_listed("Assigned", map(_role, result["assignments"])),
        *_if_any("Also assigned", others, "; gateway_app_exact_permissions removes it"),
        *_if_any("No effect yet", granted, " is granted in Entra ID for all mailboxes"),
        _next(result, step, check_mode=check_mode),
    ]


def _role(assignment: Result) -> str:
    """A role for a scope, by the names that Exchange shows."""
    scope = assignment["scope"]
    name = scope["name"] or scope["id"]
    if scope["type"] == "tenant":
        name = "all mailboxes"
    return f"{assignment['role']} for {name}"


def _names(permissions: t.Sequence[Result]) -> list[str]:
    return [str(permission["name"]) for permission in permissions]


def _of_retire(result: Result, *, check_mode: bool) -> list[Entry]:
    after = "soft-deleted: it can be restored for 30 days, and its unique name stays reserved"
    if result["purged"]:
        after = "deleted for good"
    would = ""
    if check_mode:
        would = "would be "
    return [
        *_ids(result, unknown="none: it is not in the tenant"),
        Entry("Application", f"{would}{after}"),
        *_places("Credential", result, before=f"{would}removed from the tenant and "),
        _next(result, "remove tenant id, client id and credential from the gateway", check_mode=check_mode),
    ]


# By a member that only the results of one entry point have.
BY_MEMBER: dict[str, t.Callable[..., list[Entry]]] = {
    "retired": _of_retire,
    "granted": _of_consent,
    "assignments": _of_mailboxes,
    "credential_type": _of_gateway,
}
