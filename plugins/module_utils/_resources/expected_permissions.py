# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The permissions that the identity that consents expects, compared with the declared ones.

An identity that may change an application can change its declaration at any time, also after a review. So the
comparison belongs between the last read and the grant.
"""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    Permission,
    ResourcePrincipals,
    resource_label,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.permissions import (
    listed_entries,
    listed_names,
)


class Expected(t.NamedTuple):
    """The permissions that are expected, as (client id of the resource, type, name or id)."""

    permissions: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, option: str, entries: t.Iterable[t.Mapping[str, t.Any]]) -> Expected:
        """From the option with that name. Raises InputError for what is malformed."""
        found: dict[tuple[str, str, str], None] = {}
        for client_id, kind, names in listed_names(listed_entries(option, entries)):
            for name in names:
                found[client_id, kind, name] = None
        return cls(tuple(found))

    def check(self, declared: t.Iterable[Permission], principals: ResourcePrincipals, *, whose: object) -> None:
        """Raises ConflictError if more or fewer permissions are declared than expected, and names the difference."""
        wanted = set(self.permissions)
        unexpected = []
        met: set[tuple[str, str, str]] = set()
        for permission in declared:
            key = (permission.resource, permission.type)
            as_named = {(*key, principals.name(permission)), (*key, permission.id)} & wanted
            met |= as_named
            if not as_named:
                unexpected.append(principals.shown(permission))
        missing = []
        for resource, kind, name in without(self.permissions, met):
            missing.append(f"{resource_label(resource)}: {name} ({kind})")
        differences = []
        if unexpected:
            differences.append(f"it declares, unexpectedly, {', '.join(sorted(unexpected))}")
        if missing:
            differences.append(f"it does not declare {', '.join(sorted(missing))}")
        if not differences:
            return
        raise ConflictError(
            f"Nothing was granted to {whose}, since its permissions are not as expected: {'; '.join(differences)}",
            next_step="Declare what is expected and nothing else (azure_app_graph_permissions with exact=true; the"
            " playbook register with gateway_app_exact_permissions=true), or change what is expected.",
            unexpected=unexpected,
            undeclared=missing,
        )
