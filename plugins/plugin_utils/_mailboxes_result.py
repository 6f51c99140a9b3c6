# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What the entry point mailboxes of the role gateway_app sets as gateway_app_result. Pure."""

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
)
LISTS = ("assignments", "other_assignments", "granted_for_all_mailboxes")


def mailboxes_result(registration: Result, *, profile: Result, assigned: Result) -> dict[str, t.Any]:
    """``assigned`` is skipped if the settings limit nothing. Raises KeyError if a task failed and the play went on."""
    skipped = bool(assigned.get("skipped"))
    return {
        "profile": profile["profile"],
        **{name: registration[name] for name in OF_REGISTRATION},
        "mailbox_method": profile["mailbox_method"],
        **{name: [] if skipped else list(assigned[name]) for name in LISTS},
        "mailboxes_assigned_at": None if skipped else assigned["assigned_at"],
        "changed": not skipped and assigned["changed"],
    }
