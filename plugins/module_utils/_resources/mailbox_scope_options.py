# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""For which mailboxes an application gets roles of Exchange: the options, checked before anything is sent. Pure."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    ADDRESS,
    GUID,
    OURS,
    check_goes_with,
    check_mailbox,
    check_text,
    shown,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.expected_applications import (
    ExpectedApplications,
)

SCOPES = ("group", "administrative_unit", "users", "recipient_filter", "tenant")
LONGEST_NAME = 256  # characters of a group's display name
LONGEST_ROLE = 128  # no source gives a limit: ours
LONGEST_SCOPE_NAME = 64  # characters, of New-ManagementScope
LONGEST_FILTER = 2048  # no source gives a limit: ours
# Of the scopes that one text names, and whose limit it is.
LIMITS = {
    "group": (LONGEST_NAME, "Entra ID"),
    "administrative_unit": (LONGEST_NAME, "Entra ID"),
    "recipient_filter": (LONGEST_FILTER, OURS),
}
MOST_USERS = 50  # each is an assignment of its own; no source gives a limit: ours


class MailboxScopeOptions(t.NamedTuple):
    """``scope`` is the name of the one option of SCOPES that is set, empty if none is. ``names`` is what it names."""

    address: application.Address
    present: bool
    roles: tuple[str, ...]
    scope: str
    names: tuple[str, ...]
    scope_name: str | None
    exact: bool
    by_commands: bool
    commands_file: str | None
    expected_applications: ExpectedApplications

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> MailboxScopeOptions:
        """Raises InputError for options that contradict each other or are malformed."""
        present, by_commands = params["state"] == "present", params["method"] == "commands"
        wanted = as_object(params["scope"])
        given = [name for name in SCOPES if wanted.get(name) is not None]
        if len(given) > 1:
            raise InputError(
                f"O(scope): {given[0]} and {given[1]} are both set, and an assignment has one scope",
                next_step=f"Set one of {', '.join(SCOPES)} in O(scope).",
            )
        if present and not given:
            raise InputError(
                "No scope is set",
                next_step=f"Set one of {', '.join(SCOPES)} in O(scope); tenant: true is for all mailboxes.",
            )
        kind = next(iter(given), "")
        check_goes_with("exact", "state=present", is_set=params["exact"], is_met=present)
        if wanted.get("scope_name") is not None and kind != "recipient_filter":
            raise InputError("O(scope): scope_name goes with recipient_filter only", next_step="Remove scope_name.")
        expected, commands_file = params["expected_applications"], params["commands_file"]
        check_goes_with("expected_applications", "state=present", is_set=bool(expected), is_met=present)
        check_goes_with("commands_file", "method=commands", is_set=commands_file is not None, is_met=by_commands)
        return cls(
            address=application.Address.of(params),
            present=present,
            roles=_roles(params["roles"]),
            scope=kind,
            names=_names(kind, wanted),
            scope_name=_scope_name(wanted.get("scope_name")),
            exact=params["exact"],
            by_commands=by_commands,
            commands_file=_path(commands_file),
            expected_applications=ExpectedApplications.of("O(expected_applications)", expected),
        )


def _roles(values: t.Sequence[str]) -> tuple[str, ...]:
    if not values:
        raise InputError("O(roles) is empty", next_step="Name at least one role, such as Application Mail.ReadWrite.")
    for value in values:
        check_text("O(roles)", value, longest=LONGEST_ROLE, limit_of=OURS)
    return tuple(dict.fromkeys(values))


def _names(scope: str, wanted: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    if wanted.get("tenant") is False:
        raise InputError(
            "O(scope): tenant is false, which is not a scope", next_step="Remove tenant, and set another scope."
        )
    if scope == "users":
        return _users(wanted["users"])
    if scope not in LIMITS:
        return ()
    longest, limit_of = LIMITS[scope]
    return (check_text(f"O(scope): {scope}", wanted[scope], longest=longest, limit_of=limit_of).strip(),)


def _users(values: t.Sequence[str]) -> tuple[str, ...]:
    if not 1 <= len(values) <= MOST_USERS:
        raise InputError(
            f"O(scope): users has {len(values)} entries; {OURS} allows 1 to {MOST_USERS}",
            next_step="Name the mailboxes, or put them into a mail-enabled security group and set group.",
        )
    return tuple(dict.fromkeys(map(_user, values)))


def _user(value: str) -> str:
    if GUID.fullmatch(value):
        return value.lower()
    return check_mailbox("O(scope): users", value)


def _scope_name(value: str | None) -> str | None:
    if value is None:
        return None
    return check_text("O(scope): scope_name", value, longest=LONGEST_SCOPE_NAME, limit_of="Exchange").strip()


def _path(value: str | None) -> str | None:
    if value is not None and not os.path.isabs(value):
        raise InputError(
            f"O(commands_file) is {shown(value)}, which is not an absolute path",
            next_step="Write it with playbook_dir or another folder in front.",
        )
    return value


def is_address(value: str) -> bool:
    return ADDRESS.fullmatch(value) is not None
