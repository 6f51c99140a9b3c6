# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page docs/emulator-surface.md: what the emulator serves, from the table of routes.

PYTHONPATH=roles/graph_emulator/files python -m graph_emulator.graph.surface > docs/emulator-surface.md
"""

from __future__ import annotations

from collections import defaultdict

from ..directory.rights import RIGHTS, Alternatives
from .routes import ROUTES, Route

_METHODS = ("GET", "POST", "PATCH", "DELETE")
_BEGIN = """# What the emulated tenant serves

This page is generated from the routes of the emulator and checked by a test; [Rehearse](rehearse.md) shows how clients are
pointed at it.

A path of Microsoft Graph that is not listed answers with 501 and the code `EmulatorNotImplemented`. A path that Microsoft
Graph does not have either answers as Graph does: `Resource not found for the segment`.

## Microsoft Graph

- Versions: `/v1.0` and `/beta`, where a service principal has `publishedPermissionScopes` in place of
  `oauth2PermissionScopes`, and a pre-authorized application `permissionIds`. What else beta has in addition is not played.
- `/v1.0/myorganization/...` and `/v1.0/TENANT/...`, with the tenant's id or domain name, are the same as `/v1.0/...`.
- Keys: `/applications/{id}`, `/applications(appId='...')`, `/applications(uniqueName='...')`,
  `/servicePrincipals(appId='...')`.
- Properties of one object: `/applications/{id}/displayName`, `/applications/{id}/web/redirectUris`,
  `/servicePrincipals/{id}/appRoles`; `/$value` behind a single value, `/$count` behind a list.
- `$select`, `$filter`, `$orderby`, `$top`, `$count`, `$expand` (one relationship), `$skiptoken`.
- `$batch` with up to 20 requests. `$metadata`, which needs no token, describes the types that are served.

A permission of an application is listed with the alternatives in its cell; `owned:` suffices on objects that the caller owns.

| path | methods | also | permissions of an application |
|---|---|---|---|
"""
_END = """
## Identity platform

`TENANT` is the tenant's id or domain name; for users also `common` and `organizations`.

| path | methods | what |
|---|---|---|
| `/TENANT/oauth2/v2.0/token`, `/TENANT/oauth2/token` | POST | client credentials (secret, certificate, federated), device code, refresh token |
| `/TENANT/oauth2/v2.0/devicecode`, `/TENANT/oauth2/devicecode` | POST | device code; `/devicelogin` is the page for it |
| `/TENANT/v2.0/.well-known/openid-configuration`, `/TENANT/.well-known/openid-configuration` | GET | OpenID configuration |
| `/TENANT/discovery/v2.0/keys`, `/TENANT/discovery/keys` | GET | signing keys |
| `/common/discovery/instance` | GET | instance discovery |

The authorization code flow is not served: `/TENANT/oauth2/v2.0/authorize` answers with 501.

## Azure Resource Manager

| path | methods | what |
|---|---|---|
| `/metadata/endpoints` | GET | the endpoints of this cloud, in the forms of the api-versions 2015-01-01, 2018-05-01 and 2022-09-01 |
| `/tenants` | GET | the tenant |
| `/subscriptions` | GET | an empty list; anything below it is 404 |

## Azure Key Vault and Exchange Online

One key vault with secrets, soft-delete and roles, and an SMTP server with XOAUTH2: see the
[README of the role](../roles/graph_emulator/README.md).
"""


def page() -> str:
    routes: dict[str, list[Route]] = defaultdict(list)
    also: dict[str, list[str]] = defaultdict(list)
    for route in ROUTES:
        base, end = _split(route.path)
        if end and end not in also[base]:
            also[base].append(end)
        if not end:
            routes[base].append(route)
    rows = [_row(path, found, also[path]) for path, found in routes.items()]
    return _BEGIN + "\n".join(rows) + "\n" + _END


def _split(path: str) -> tuple[str, str]:
    """A path, and what narrows or counts the collection that it leads to."""
    parts = path.split("/")
    kept = [part for part in parts if part != "$count" and not part.startswith("microsoft.graph.")]
    return "/".join(kept), "/".join(parts[len(kept) :])


def _row(path: str, routes: list[Route], also: list[str]) -> str:
    methods = ", ".join(method for method in _METHODS if any(route.method == method for route in routes))
    rights = {
        _permissions(route.right): None for route in sorted(routes, key=lambda route: _METHODS.index(route.method))
    }
    ends = ", ".join(f"`/{end}`" for end in also)
    return f"| `/{path.replace('*', '{id}')}` | {methods} | {ends} | {'<br>'.join(rights)} |"


def _permissions(right: str) -> str:
    row = RIGHTS[right]
    owned = f"; owned: {_alternatives(row.owned)}" if row.owned else ""
    return f"{right}: {_alternatives(row.anywhere)}{owned}"


def _alternatives(alternatives: Alternatives) -> str:
    sets = (" and ".join(f"`{name}`" for name in names) for names in alternatives)
    return " or ".join(text or "none" for text in sets) or "not for applications"


if __name__ == "__main__":
    print(page(), end="")
