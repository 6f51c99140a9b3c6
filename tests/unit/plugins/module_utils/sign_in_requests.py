# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that only reads, environments without a credential, and made-up tokens."""

from __future__ import annotations

import base64
import json
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_registration_info"
UNREGISTERED: Json = {"unique_name": "unregistered"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"
TOKEN = "oauth2/v2.0/token"


def made_token(**claims: t.Any) -> str:
    """A text in the form of a token, without a signature."""
    parts = [{"alg": "none"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "signature"])


def only_hosts(tenant: Tenant) -> dict[str, str]:
    """The environment without a credential."""
    hosts = ("AZURE_AUTHORITY_HOST", "AZURE_GRAPH_URL", "REQUESTS_CA_BUNDLE")
    return {name: tenant.environ[name] for name in hosts}


def token_requests(tenant: Tenant) -> int:
    return sum(TOKEN in entry.path for entry in tenant.server.requests())
