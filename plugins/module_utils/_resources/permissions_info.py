# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Looking permissions up by name in the tenant, for applications that need not be there yet."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    ResourcePrincipal,
    ResourcePrincipals,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.permissions import (
    GRAPH_TYPES,
    listed_resources,
    required_principal,
    resolve,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call


def permissions_info(call: Call) -> dict[str, t.Any]:
    """Each permission with its id and its resource, all resources in one request.

    Raises InputError for a malformed name, a resource that is listed twice, and a permission that is not offered;
    ConflictError for a resource that the tenant does not have.
    """
    call.validate_sign_in()
    entries = call.params["permissions"]
    resources = listed_resources("permissions", entries)
    documents = call.graph.get_many([ResourcePrincipal.read(client_id) for client_id in resources])
    known = ResourcePrincipals(documents)
    found = []
    for entry, document in zip(entries, documents, strict=True):
        principal = required_principal(document, entry["resource"])
        for kind in GRAPH_TYPES:
            named = [resolve(principal, kind, name) for name in entry[kind] or ()]
            found += [known.described(permission) for permission in dict.fromkeys(named)]
    return {"changed": False, "tenant_id": call.tenant_id, "permissions": found}
