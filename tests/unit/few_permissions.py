# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft Graph with only the permissions that this repository names, some fifty of its 1,500.

Each module reads them all, half a megabyte. Tests over TLS, tests of the emulator, and real runs use all of them.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.service_principal import RESOURCES
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from graph_emulator.wire.server import EmulatorServer

NAMING = ("plugins/**/*.py", "roles/gateway_app/**/*.yml", "tests/unit/**/*.py", "tests/faults/*.py")


@functools.cache
def named() -> frozenset[str]:
    """All words of the repository that may be the name or the id of a permission."""
    texts = (path.read_text() for pattern in NAMING for path in REPOSITORY.glob(pattern))
    return frozenset(word for text in texts for word in re.findall(r"[\w.-]+", text))


def offer_few_permissions(server: EmulatorServer) -> None:
    """Until the next reset. Permissions that are granted in the test's tenant are always offered."""
    graph = server.tenant.service_principal_by("appId", RESOURCES["microsoft_graph"])
    assert graph is not None
    granted = {assignment["appRoleId"] for assignment in server.tenant.directory.assignments.values()}
    for name in ("appRoles", "oauth2PermissionScopes"):
        graph[name] = [entry for entry in graph[name] if entry["id"] in granted or _is_named(entry)]


def _is_named(entry: dict[str, t.Any]) -> bool:
    return not named().isdisjoint({str(entry["value"]), str(entry["id"])})
