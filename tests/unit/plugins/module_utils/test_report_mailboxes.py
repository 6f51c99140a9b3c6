# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mailboxes that an application reaches, in a report."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.mailboxes import mailbox_reach

Json = dict[str, t.Any]


def permission(
    name: str, *, granted: bool | None, resource: str = "microsoft_graph", kind: str = "application"
) -> Json:
    return {"resource": resource, "type": kind, "name": name, "id": name, "declared": True, "granted": granted}


def role(kind: str, name: str | None = None, *, of: str = "Application Mail.ReadWrite") -> Json:
    return {"role": of, "scope": {"type": kind, "id": "1", "name": name}}


CASES: dict[str, tuple[list[Json], list[Json] | None, tuple[str, str]]] = {
    "granted in Entra ID": (
        [permission("Mail.ReadWrite", granted=True)],
        [role("group", "g@example.com")],
        ("all", "all mailboxes (Mail.ReadWrite in Entra ID)"),
    ),
    "all of the tenant in Exchange": (
        [],
        [role("tenant")],
        ("all", "all mailboxes (Application Mail.ReadWrite in Exchange)"),
    ),
    "a group": ([], [role("group", "g@example.com")], ("some", "group g@example.com")),
    "a scope without a name": ([], [role("administrative_unit")], ("some", "administrative unit 1")),
    "two roles for one scope": (
        [],
        [role("user", "a"), role("user", "a", of="Application Mail.Send")],
        ("some", "user a"),
    ),
    "nothing": ([permission("User.Read.All", granted=True)], [], ("none", "none")),
    "declared and not granted": ([permission("Mail.Read", granted=False)], [], ("none", "none")),
    "delegated": ([permission("Mail.Read", granted=True, kind="delegated")], [], ("none", "none")),
    "sending by SMTP needs a permission on each mailbox": (
        [permission("SMTP.SendAsApp", granted=True, resource="exchange_online")],
        [],
        ("none", "none"),
    ),
    "all of Exchange Web Services": (
        [permission("full_access_as_app", granted=True, resource="exchange_online")],
        None,
        ("all", "all mailboxes (full_access_as_app in Entra ID)"),
    ),
    "roles in Exchange not read": ([], None, ("none", "none in Entra ID")),
    "grants not read, and all of the tenant in Exchange": (
        [permission("Mail.Read", granted=None)],
        [role("tenant")],
        ("all", "all mailboxes (Application Mail.ReadWrite in Exchange)"),
    ),
    "the basic properties of all mail": (
        [permission("Mail.ReadBasic.All", granted=True)],
        [],
        ("all", "all mailboxes (Mail.ReadBasic.All in Entra ID)"),
    ),
    "grants not read": (
        [permission("Mail.Read", granted=None)],
        [],
        ("unknown", "grants cannot be read"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_mailboxes_that_an_application_reaches_are_described(name: str) -> None:
    permissions, roles, expected = CASES[name]
    found = mailbox_reach(t.cast(t.Any, {"permissions": permissions, "mailbox_roles": roles}))
    assert (found["reach"], found["text"]) == expected
