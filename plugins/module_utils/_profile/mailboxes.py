# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The settings of the role that limit an application to some mailboxes. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import STEPS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.times import parse_point
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.profile import Profile
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.settings import Settings, wrong
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.variables import PREFIX
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_options import SCOPES

LONGEST_DELAY = 24 * 60  # minutes


@dataclasses.dataclass(frozen=True)
class MailboxSettings:
    """``scope`` is the name of the kind of scope; empty if the application is not limited."""

    scope: str
    method: str

    @classmethod
    def of(cls, settings: Settings) -> MailboxSettings:
        """Raises InputError."""
        method = settings.choice("mailbox_method", "graph", choices=("graph", "commands"))
        commands_file = settings.path("mailbox_commands_file")
        settings.number("mailbox_delay_minutes", 120, lowest=0, highest=LONGEST_DELAY)
        assigned_at = settings.text("mailboxes_assigned_at")
        if assigned_at:
            parse_point(f"{PREFIX}mailboxes_assigned_at", assigned_at)
        if commands_file and method != "commands":
            raise InputError(
                f"{PREFIX}mailbox_commands_file goes with {PREFIX}mailbox_method=commands only",
                next_step=f"Remove {PREFIX}mailbox_commands_file, or set the method.",
            )
        value = settings.raw("mailboxes", {})
        if not isinstance(value, dict):
            raise wrong("mailboxes", value, f"Set it to a dictionary with one of {', '.join(SCOPES)}.")
        return cls(scope=_scope(value), method=method)

    @property
    def steps(self) -> list[str]:
        """Those of azure_operator_access_info that the identity takes which limits the application."""
        if not self.scope or self.method != "graph":
            return []
        step = f"mailbox_scope_{self.scope}"
        return [step if step in STEPS else "mailbox_scope"]

    @property
    def revokes(self) -> bool:
        """Whether grants in Entra ID may go at once; commands are run by somebody else, nobody knows when."""
        return self.method == "graph"

    def check_profile(self, profile: Profile) -> None:
        """Raises InputError if there is nothing to limit."""
        if self.scope and not profile.mailbox_roles:
            raise InputError(
                f"{PREFIX}mailboxes is set, but the profile {profile.shown} asks for no permission that Exchange can"
                " limit to some mailboxes",
                next_step=f"Remove {PREFIX}mailboxes.",
            )


def _scope(value: dict[str, t.Any]) -> str:
    if not value:
        return ""
    unknown = sorted(str(name) for name in value if name not in (*SCOPES, "scope_name"))
    if unknown:
        raise wrong("mailboxes", value, f"It has {', '.join(unknown)}; use one of {', '.join(SCOPES)}.")
    given = [name for name in SCOPES if name in value]
    if len(given) != 1:
        raise wrong("mailboxes", value, f"Set exactly one of {', '.join(SCOPES)} in it.")
    name = given[0]
    _check_type(value, name)
    if "scope_name" in value and name != "recipient_filter":
        raise wrong("mailboxes", value, "scope_name goes with recipient_filter only.")
    return name


def _check_type(value: dict[str, t.Any], name: str) -> None:
    item = value[name]
    if name == "tenant":
        sound = item is True
        advice = "Write tenant: true for all mailboxes of the tenant."
    elif name == "users":
        sound = isinstance(item, list) and bool(item) and all(isinstance(user, str) and user.strip() for user in item)
        advice = "users is a list of addresses or object ids."
    else:
        sound = isinstance(item, str) and bool(item.strip())
        advice = f"{name} is a text that is not blank."
    if not sound:
        raise wrong("mailboxes", value, advice)
