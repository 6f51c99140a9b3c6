# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Azure CLI, if it is installed in build/clients, with the same requests to the tenant as a steady run of the role."""

from __future__ import annotations

import shlex
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.tests.bench.measure import Cost
from ansible_collections.email_gateway.azure_apps.tests.bench.workplace import Workplace
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

PROGRAM = REPOSITORY / "build" / "clients" / "azure-cli" / "bin" / "az"
SETTINGS = {"AZURE_CORE_OUTPUT": "json", "AZURE_CORE_ONLY_SHOW_ERRORS": "true"}


class AzureCli:
    """Signed in as the operator, with the lines that the emulator prints for it."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        exports, *commands = map(shlex.split, place.served.azure_cli_lines().splitlines())
        self._environ = {**SETTINGS, **dict(export.split("=", 1) for export in exports[1:])}
        self._environ["AZURE_CONFIG_DIR"] = str(place.folder / "azure")
        for _az, *arguments in commands:
            self._run(*arguments)

    @staticmethod
    def installed() -> bool:
        return PROGRAM.is_file()

    def _run(self, *arguments: str) -> Cost:
        return self._place.run([str(PROGRAM), *arguments], **self._environ)

    def asks_about(self, client_id: str) -> Cost:
        """Application, declared permissions, service principal, granted roles and credentials: one process each."""
        served = self._place.served
        principal, graph = served.service_principal(client_id), served.graph()
        roles = f"{graph}/v1.0/servicePrincipals/{principal}/appRoleAssignments"
        costs = [
            self._run("ad", "app", "show", "--id", client_id),
            self._run("ad", "app", "permission", "list", "--id", client_id),
            self._run("ad", "sp", "show", "--id", client_id),
            self._run("rest", "--url", roles, "--resource", graph),
            self._run("ad", "app", "credential", "list", "--id", client_id),
        ]
        return Cost.total(costs, wall=sum(cost.wall for cost in costs))


def version() -> str:
    """The version that is installed; empty if there is none."""
    metadata = list(Path(PROGRAM).parents[1].glob("lib/python*/site-packages/azure_cli-*.dist-info"))
    return metadata[0].name.removeprefix("azure_cli-").removesuffix(".dist-info") if metadata else ""
