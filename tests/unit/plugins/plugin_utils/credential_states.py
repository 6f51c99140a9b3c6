# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The refusals and results of a credential task, and a client secret that is due."""

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.tests.unit.credential_gateway import Gateway

REFUSAL = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
KEYS = {
    "changed",
    "client_id",
    "application_object_id",
    "tenant_id",
    "key_id",
    "description",
    "start",
    "end",
    "days_left",
    "fresh",
    "client_secret",
    "stores",
    "previous_key_ids",
    "handed_over",
    "handed_over_to",
    "pending_hosts",
    "hand_over",
    "prune",
    "notes",
    "removed_key_ids",
}


def due(gateway: Gateway) -> str:
    """A first secret that must be renewed; returns its key id."""
    made: str = gateway.ok()["key_id"]
    gateway.age(made, days=170)
    gateway.expire(made, days=3)
    gateway.ok(renew_before_days=1)  # copy the state of the tenant to the stores
    for shelf in gateway.shelves:
        shelf.writes.clear()
    gateway.tenant.clear_requests()
    return made
