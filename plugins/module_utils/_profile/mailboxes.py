# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The settings of the role that limit an application to some mailboxes. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import filled
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.profile import Profile
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.settings import Settings, wrong
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.variables import PREFIX
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.assignment_times import (
    AssignmentTimes,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_options import SCOPES

LONGEST_DELAY = 24 * 60  # minutes
# The playbooks that assign the roles, by the method.
ASSIGNING: dict[str, frozenset[str]] = {
    "graph": frozenset({"register", "mailboxes"}),
    "none": frozenset({"mailboxes"}),
    "commands": frozenset(),
}


class MailboxSettings(t.NamedTuple):
    """``scope`` is the name of the kind of scope; empty if the application is not limited."""

    scope: str
    method: str
    delay_minutes: int

    @classmethod
    def of(cls, settings: Settings) -> MailboxSettings:
        """Raises InputError."""
        method = settings.choice("mailbox_method", "graph", choices=("graph", "commands", "none"))
        commands_file = settings.path("mailbox_commands_file")
        delay = settings.number("mailbox_delay_minutes", 120, lowest=0, highest=LONGEST_DELAY)
        AssignmentTimes.of(f"{PREFIX}mailboxes_assigned_at", settings.raw("mailboxes_assigned_at", ""))
        if commands_file and method != "commands":
            raise InputError(
                f"{PREFIX}mailbox_commands_file goes with {PREFIX}mailbox_method=commands only",
                next_step=f"Remove {PREFIX}mailbox_commands_file, or set the method.",
            )
        value = settings.raw("mailboxes", {})
        if not isinstance(value, dict):
            raise wrong("mailboxes", value, f"Set it to a dictionary with one of {', '.join(SCOPES)}.")
        return cls(scope=_scope(value), method=method, delay_minutes=delay)

    def method_of(self, entry_point: str | None) -> str:
        """How this entry point assigns the roles: ``none`` leaves that to the playbook mailboxes."""
        if not self.scope:
            return "none"
        if self.method == "none" and entry_point == "mailboxes":
            return "graph"
        return self.method

    def steps(self, playbooks: t.Collection[str]) -> list[str]:
        """Those of azure_operator_access_info that the identity takes which limits the application."""
        if not self.scope or ASSIGNING[self.method].isdisjoint(playbooks):
            return []
        from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import STEPS

        step = f"mailbox_scope_{self.scope}"
        if step not in STEPS:
            step = "mailbox_scope"
        return [step]

    def revokes(self, entry_point: str | None) -> bool:
        """Whether the roles are assigned by then, so that grants in Entra ID may be revoked.

        An administrator runs commands at an unknown time. With ``none``, the playbook mailboxes comes after main.
        """
        return self.method == "graph" or (self.method == "none" and entry_point != "main")

    def check_profile(self, profile: Profile) -> None:
        """Raises InputError if there is nothing to limit."""
        if self.scope and not profile.mailbox_roles:
            raise InputError(
                f"{PREFIX}mailboxes is set, but the profile {profile.shown} has no permission that Exchange can"
                " limit to some mailboxes",
                next_step=f"Remove {PREFIX}mailboxes.",
            )


def _scope(value: dict[str, t.Any]) -> str:
    if not value:
        return ""
    unknown = sorted(map(str, without(value, (*SCOPES, "scope_name"))))
    if unknown:
        raise wrong("mailboxes", value, f"It has {', '.join(unknown)}; use one of {', '.join(SCOPES)}.")
    given = among(SCOPES, value)
    if len(given) != 1:
        raise wrong("mailboxes", value, f"Set exactly one of {', '.join(SCOPES)} in it.")
    name = given[0]
    _check_type(value, name)
    if "scope_name" in value and name != "recipient_filter":
        raise wrong("mailboxes", value, "scope_name goes with recipient_filter only.")
    return name


def _check_type(value: dict[str, t.Any], name: str) -> None:
    is_sound, advice = TYPES.get(name, (_is_filled, f"{name} is a text that is not blank."))
    if not is_sound(value[name]):
        raise wrong("mailboxes", value, advice)


def _is_filled(value: t.Any) -> bool:
    return filled(value) is not None


def _is_true(value: t.Any) -> bool:
    return value is True


def _are_filled(value: t.Any) -> bool:
    return _json.as_list(value) != [] and all(map(_is_filled, value))


# By the name of the scope: whether its value is of the right type, and what to write. The others are texts.
TYPES: dict[str, tuple[t.Callable[[t.Any], bool], str]] = {
    "tenant": (_is_true, "Write tenant: true for all mailboxes of the tenant."),
    "users": (_are_filled, "users is a list of addresses or object ids."),
}
