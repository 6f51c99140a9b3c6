# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Which mailboxes an application reaches, by what is granted in Entra ID and assigned in Exchange. Pure."""

from __future__ import annotations

import itertools

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_list
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_roles import (
    BASIC,
    COMBINED,
    SCOPED_PERMISSIONS,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    MailboxReach,
    ReadApplication,
    ReadMailboxRole,
    ReadPermission,
)

# Permissions that open all mailboxes. SMTP.SendAsApp does not: it also needs a permission on each mailbox.
_SCOPED = {("microsoft_graph", name) for name in SCOPED_PERMISSIONS["microsoft_graph"]}
OPENING = {("application", *opening) for opening in itertools.chain(_SCOPED, BASIC, *COMBINED.values())}


def mailbox_reach(application: ReadApplication) -> MailboxReach:
    """``reach`` is "all", "some", "none", or "unknown" if it may not be read."""
    opening: dict[bool | None, list[str]] = {True: [], False: [], None: []}  # names, by whether it is granted
    for permission in filter(_opens_mailboxes, application["permissions"]):
        opening[permission["granted"]].append(permission["name"])
    granted = sorted(opening[True])
    if granted:
        return {"reach": "all", "text": f"all mailboxes ({', '.join(granted)} in Entra ID)"}
    roles = application["mailbox_roles"]
    everywhere = sorted({entry["role"] for entry in as_list(roles) if entry["scope"]["type"] == "tenant"})
    if everywhere:
        return {"reach": "all", "text": f"all mailboxes ({', '.join(everywhere)} in Exchange)"}
    if opening[None]:
        return {"reach": "unknown", "text": "grants cannot be read"}
    if roles is None:
        return {"reach": "none", "text": "none in Entra ID"}
    if roles:
        return {"reach": "some", "text": ", ".join(sorted(set(map(_scope, roles))))}
    return {"reach": "none", "text": "none"}


def _opens_mailboxes(permission: ReadPermission) -> bool:
    return (permission["type"], permission["resource"], permission["name"]) in OPENING


def _scope(entry: ReadMailboxRole) -> str:
    scope = entry["scope"]
    return f"{scope['type'].replace('_', ' ')} {scope['name'] or scope['id']}"
