# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Which mailboxes an application reaches, by what is granted in Entra ID and assigned in Exchange. Pure."""

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_roles import (
    BASIC,
    COMBINED,
    SCOPED_PERMISSIONS,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    MailboxReach,
    ReadApplication,
)

# Permissions that open all mailboxes. SMTP.SendAsApp does not: it also needs a permission on each mailbox.
OPENING = {("microsoft_graph", name) for name in SCOPED_PERMISSIONS["microsoft_graph"]}
OPENING |= set(BASIC) | {pair for pairs in COMBINED.values() for pair in pairs}


def mailbox_reach(application: ReadApplication) -> MailboxReach:
    """``reach`` is "all", "some", "none", or "unknown" if it may not be read."""
    of_application = [p for p in application["permissions"] if p["type"] == "application"]
    opening = [p for p in of_application if (p["resource"], p["name"]) in OPENING]
    granted = sorted(p["name"] for p in opening if p["granted"])
    if granted:
        return {"reach": "all", "text": f"all mailboxes ({', '.join(granted)} in Entra ID)"}
    roles = application["mailbox_roles"]
    everywhere = sorted({entry["role"] for entry in roles or () if entry["scope"]["type"] == "tenant"})
    if everywhere:
        return {"reach": "all", "text": f"all mailboxes ({', '.join(everywhere)} in Exchange)"}
    if any(p["granted"] is None for p in opening):
        return {"reach": "unknown", "text": "grants cannot be read"}
    if roles is None:
        return {"reach": "none", "text": "none in Entra ID"}
    scopes = {
        f"{entry['scope']['type'].replace('_', ' ')} {entry['scope']['name'] or entry['scope']['id']}"
        for entry in roles
    }
    if scopes:
        return {"reach": "some", "text": ", ".join(sorted(scopes))}
    return {"reach": "none", "text": "none"}
