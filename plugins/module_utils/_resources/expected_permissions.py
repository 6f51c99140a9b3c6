# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The permissions that the identity that consents expects, compared with the declared ones.

An identity that may change an application can change its declaration at any time, also after a review. So the
comparison belongs between the last read and the grant.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import (
    Permission,
    ResourcePrincipals,
    resource_label,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.declaration import GRAPH_TYPES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.permissions import listed_resources


@dataclasses.dataclass(frozen=True)
class Expected:
    """The permissions that are expected, as (client id of the resource, type, name or id)."""

    permissions: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, option: str, entries: t.Iterable[t.Mapping[str, t.Any]]) -> Expected:
        """From the option with that name. Raises InputError for what is malformed."""
        entries = list(entries)
        return cls(
            tuple(
                dict.fromkeys(
                    (client_id, kind, name)
                    for client_id, entry in zip(listed_resources(option, entries), entries, strict=True)
                    for kind in GRAPH_TYPES
                    for name in entry.get(kind) or ()
                )
            )
        )

    def check(self, declared: t.Iterable[Permission], principals: ResourcePrincipals, *, whose: object) -> None:
        """Raises ConflictError if more or fewer permissions are declared than expected, and names the difference."""
        wanted = set(self.permissions)
        unexpected = []
        met: set[tuple[str, str, str]] = set()
        for permission in declared:
            as_named = {
                (permission.resource, permission.type, name) for name in (principals.name(permission), permission.id)
            }
            met |= as_named & wanted
            if not as_named & wanted:
                unexpected.append(principals.shown(permission))
        missing = [
            f"{resource_label(resource)}: {name} ({kind})"
            for resource, kind, name in self.permissions
            if (resource, kind, name) not in met
        ]
        if not unexpected and not missing:
            return
        differences = [
            f"{verb} {', '.join(sorted(found))}"
            for verb, found in (("it declares, unexpectedly,", unexpected), ("it does not declare", missing))
            if found
        ]
        raise ConflictError(
            f"Nothing was granted to {whose}, since its permissions are not as expected: {'; '.join(differences)}",
            next_step="Declare what is expected and nothing else (azure_app_graph_permissions with exact=true; the"
            " playbook register with gateway_app_exact_permissions=true), or change what is expected.",
            unexpected=unexpected,
            undeclared=missing,
        )
