# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the metadata of beta differs from that of v1.0, for what is served here.

"This property is named oauth2PermissionScopes in v1.0" (servicePrincipal resource page of beta), and permissionIds of
preAuthorizedApplication. Properties that beta has in addition are not played; Graph leaves most of them out, too,
unless they are selected.
"""

from __future__ import annotations

import json
import re
from typing import Any

Json = dict[str, Any]
_SCOPES, _BETA_SCOPES = "oauth2PermissionScopes", "publishedPermissionScopes"
_IDS, _BETA_IDS = "delegatedPermissionIds", "permissionIds"
_PRINCIPALS = re.compile(r"[/#]servicePrincipals\b", re.IGNORECASE)


def path_or_query(text: str) -> str:
    """A path or query of beta in the words of v1.0."""
    return re.sub(rf"\b{_BETA_IDS}\b", _IDS, re.sub(rf"\b{_BETA_SCOPES}\b", _SCOPES, text))


def request_body(payload: bytes) -> bytes:
    """A body of beta in the words of v1.0; what is no JSON is left to the handler."""
    try:
        body = json.loads(payload)
    except ValueError:
        return payload
    return json.dumps(_renamed(body, {_BETA_SCOPES: _SCOPES, _BETA_IDS: _IDS})).encode()


def answer_body(body: Any) -> Any:
    """An answer of v1.0 in the words of beta. Below `api` of an application, the scopes have one name in both."""
    return _renamed(body, {_SCOPES: _BETA_SCOPES, _IDS: _BETA_IDS})


def _renamed(value: Any, names: dict[str, str], *, below: str = "") -> Any:
    if isinstance(value, list):
        return [_renamed(item, names, below=below) for item in value]
    if not isinstance(value, dict):
        return value
    shown = {}
    for name, member in value.items():
        in_api = below == "api" and name == _SCOPES
        shown[name if in_api else names.get(name, name)] = _annotation(name, _renamed(member, names, below=name))
    return shown


def _annotation(name: str, value: Any) -> Any:
    """Contexts and links repeat what was selected."""
    if name.startswith("@odata.") and isinstance(value, str) and _PRINCIPALS.search(value):
        return value.replace(_SCOPES, _BETA_SCOPES)
    return value
