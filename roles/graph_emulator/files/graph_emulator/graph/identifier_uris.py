# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an application may be called as a resource: identifierUris.

Since October 2021 the host of an HTTP address must be a verified domain of the tenant or below one (page "What's new
for authentication?", "AppId Uri in single tenant applications will require use of default scheme or verified
domains"). `api://` with any text and other schemes are taken, unless the tenant's app management policy asks for one of
the secure patterns (page "Restrictions on identifier URIs of Microsoft Entra applications"). Only what is added is
looked at.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from .. import errors
from .call import Call
from .policies import applies

Json = dict[str, Any]
_WEB = ("http", "https")
_PATTERNS, _DEFAULTS = "uriAdditionWithoutUniqueTenantIdentifier", "nonDefaultUriAddition"


def check_added(call: Call, uris: list[str], *, changes: Json, current: Json | None) -> None:
    state = {"appId": "", "api": {}, "createdDateTime": None, "identifierUris": [], **(current or {})}
    added = [uri for uri in uris if uri not in state["identifierUris"]]
    version = {**state["api"], **(changes.get("api") or {})}.get("requestedAccessTokenVersion")
    # Reported for applications that get v2 tokens (azure-docs pull request 82762) and for SAML (the second page).
    if version == 2 or _signs_in_by_saml(call, state["appId"]):
        return
    for uri in added:
        if urlsplit(uri).scheme.lower() in _WEB and not _on_verified_domain(call, uri):
            raise errors.unverified_domain(uri)
        if _restricted(call, _PATTERNS, state) and not _has_unique_part(call, uri, app_id=state["appId"]):
            raise errors.identifier_uri_policy(uri)
        if _restricted(call, _DEFAULTS, state) and uri.lower() not in _defaults(call, app_id=state["appId"]):
            raise errors.identifier_uri_policy(uri)


def _signs_in_by_saml(call: Call, app_id: str) -> bool:
    principal = call.tenant.service_principal_by("appId", app_id) if app_id else None
    return principal is not None and str(principal["preferredSingleSignOnMode"]).lower() == "saml"


def _on_verified_domain(call: Call, uri: str) -> bool:
    try:
        host = (urlsplit(uri).hostname or "").lower()
    except ValueError:
        return False
    domains = [entry["name"].lower() for entry in call.directory.organization["verifiedDomains"]]
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _has_unique_part(call: Call, uri: str, *, app_id: str) -> bool:
    """A verified domain, the tenant's id or the application's, anywhere in the address."""
    ids = [call.tenant.tenant_id.lower(), *([app_id.lower()] if app_id else [])]
    return _on_verified_domain(call, uri) or any(one in uri.lower() for one in ids)


def _defaults(call: Call, *, app_id: str) -> tuple[str, str]:
    return f"api://{app_id}".lower(), f"api://{call.tenant.tenant_id}/{app_id}".lower()


def _restricted(call: Call, name: str, application: Json) -> bool:
    """New applications have been created after any date that restricts the policy."""
    policy = call.directory.policy
    entry = (policy["applicationRestrictions"].get("identifierUris") or {}).get(name)
    return bool(policy["isEnabled"] and entry and entry.get("state") == "enabled" and applies(entry, application))
