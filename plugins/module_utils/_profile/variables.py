# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The names of the role's variables: which there are, which had another name, and which look like a misspelt one.

The prefix is reserved. A test compares the table with the YAML of the roles and the playbooks.
"""

from __future__ import annotations

import difflib
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError

PREFIX = "gateway_app_"
CLOSE = 0.8  # of difflib: "enviroment" has 0.95, "secret_lifetime" for "secret_lifetime_days" has 0.86

# Arguments of the role gateway_app, without the prefix: what the option ``settings`` may hold.
SETTINGS = frozenset(
    {
        "add_user_read",
        "after_new_secret",
        "certificate_path",
        "check_access_for",
        "client_id",
        "consent",
        "consent_environment",
        "credential_type",
        "display_name",
        "environment",
        "exact_permissions",
        "expected_applications",
        "federated_credential",
        "mailbox_commands_file",
        "mailbox_delay_minutes",
        "mailbox_environment",
        "mailbox_method",
        "mailboxes",
        "mailboxes_assigned_at",
        "notes",
        "overlap_days",
        "owners",
        "profile",
        "profile_file",
        "retire_confirmed",
        "retire_purge",
        "rotate_now",
        "secret_description",
        "secret_lifetime_days",
        "secret_renew_before_days",
        "service_management_reference",
        "store_path",
        "store_vault_id",
        "stores",
        "tags",
        "unique_name",
        "verify_forbidden_mailbox",
        "verify_mailbox",
        "verify_smtp",
        "verify_smtp_host",
        "verify_smtp_port",
        "verify_token",
        "wait_timeout",
    }
)
# Arguments of the role gateway_app_report.
REPORT_SETTINGS = frozenset(
    {
        "report_csv_path",
        "report_due_within_days",
        "report_fail_on_drift",
        "report_fail_within_days",
        "report_html_path",
        "report_json_path",
        "report_markdown_path",
        "report_mode",
        "report_scope",
        "report_tag",
    }
)
# What roles, playbooks and stores of this collection set, register or read.
OTHERS = frozenset(
    {
        "access",
        "credential",  # the variable in a store of the type ansible_vault or sops
        "handover",
        "hosts",
        "login",
        "login_done",
        "profile_content",  # the variable in a file with a profile
        "report_result",
        "result",
        "verified",
    }
)
KNOWN = SETTINGS | REPORT_SETTINGS | OTHERS
# One for each application that a job hands over to later jobs, by its client id: AWX merges what the slices of a job
# hand over by name, so that of a dictionary with one name the last slice's would be left.
HANDED_OVER = re.compile(r"(expected_application|mailboxes_assigned_at)_[0-9a-f]{8}(_[0-9a-f]{4}){3}_[0-9a-f]{12}")
RENAMED = {
    "access_for": "check_access_for",
    "prove": "verify_token",
    "registered": "expected_applications",
}


class Names(t.NamedTuple):
    """What the variables of a play were found to be, with the prefix. ``misspelt`` has what each probably means."""

    misspelt: t.Mapping[str, str]
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, variables: t.Iterable[str]) -> Names:
        misspelt: dict[str, str] = {}
        unknown: list[str] = []
        for variable in sorted(name for name in variables if name.startswith(PREFIX)):
            name = variable.removeprefix(PREFIX)
            if name in KNOWN or HANDED_OVER.fullmatch(name):
                continue
            meant = _meant(name)
            if meant:
                misspelt[variable] = PREFIX + meant
            else:
                unknown.append(variable)
        return cls(misspelt, tuple(unknown))

    def check(self) -> None:
        """Raises InputError for names that are probably misspelt: a run without that setting is not what was meant."""
        if not self.misspelt:
            return
        found = [f"{wrong} (did you mean {right}?)" for wrong, right in self.misspelt.items()]
        verb = "are not variables"
        if len(found) == 1:
            verb = "is not a variable"
        raise InputError(
            f"{', '.join(found)} {verb} of this collection, and names that begin with {PREFIX} are reserved for it",
            next_step="Correct the name where it is set; a variable of your own needs a name without that prefix.",
            misspelt=dict(self.misspelt),
        )

    @property
    def warning(self) -> str:
        """About the names that are like no other; empty if there are none."""
        if not self.unknown:
            return ""
        names = ", ".join(self.unknown)
        return f"Not variables of this collection, which reserves names that begin with {PREFIX}: {names}"


def _meant(name: str) -> str:
    """The known name that a name is close to, or its new name; empty if it is like no other."""
    close = difflib.get_close_matches(name, sorted(KNOWN), n=1, cutoff=CLOSE)
    return RENAMED.get(name, next(iter(close), ""))
