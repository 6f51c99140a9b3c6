# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user's folder, the environment of an operator, and the commands that are measured in it."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import typing as t
from pathlib import Path

import yaml

from ansible_collections.email_gateway.azure_apps.tests.bench import measure
from ansible_collections.email_gateway.azure_apps.tests.bench.measure import Cost

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.tests.bench.served import Served

NAMESPACE = "email_gateway.azure_apps"
PROFILE = "outbound_microsoft365"
GROUP = "mail_gateways"
BANNER = re.compile(r"^TASK \[", re.MULTILINE)
Json = dict[str, t.Any]


class Workplace:
    """Runs commands against one tenant."""

    def __init__(self, folder: Path, served: Served) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.served = served
        password = folder / "vault-password"
        password.write_text("a password for this measurement\n")
        self.environ = {**os.environ, **served.environment(), "ANSIBLE_VAULT_PASSWORD_FILE": str(password)}
        # Settings of this tool, not of a user.
        for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
            self.environ.pop(name, None)

    def run(self, *commands: t.Sequence[str], **environ: str) -> Cost:
        """All commands at once, as one run."""
        self.served.clear_requests()
        cost = measure.run(*commands, folder=self.folder, environ={**self.environ, **environ})
        return dataclasses.replace(cost, requests=self.served.count())

    @property
    def output(self) -> str:
        """The output of the last command, or of the first of several."""
        return (self.folder / "output-0.txt").read_text()

    @property
    def tasks_shown(self) -> int:
        return len(BANNER.findall(self.output))

    def playbook(self, name: str, *arguments: str, **variables: t.Any) -> list[str]:
        """Run a playbook of the collection by its name."""
        return self._command(f"{NAMESPACE}.{name}", arguments, variables)

    def play(self, name: str, tasks: list[Json], *arguments: str, **variables: t.Any) -> list[str]:
        """A play with these tasks, for localhost."""
        path = self.folder / f"{name.replace(' ', '_')}.yml"
        path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        return self._command(str(path), arguments, variables)

    def pings(self, count: int) -> list[str]:
        return self.play(f"{count} pings", [{"ansible.builtin.ping": {}}] * count)

    def _command(self, playbook: str, arguments: t.Sequence[str], variables: Json) -> list[str]:
        given = ["-e", json.dumps(variables)] if variables else []
        return ["ansible-playbook", playbook, *arguments, *given]

    def gateway(self, unique_name: str, **more: t.Any) -> Json:
        """The variables of the role for one application."""
        return {
            "gateway_app_profile": PROFILE,
            "gateway_app_unique_name": unique_name,
            "gateway_app_display_name": f"Gateway {unique_name}",
            "gateway_app_store_path": str(self.folder / "stores" / f"{unique_name}.vault.yml"),
            **more,
        }

    def inventory(self, name: str, hosts: t.Iterable[int]) -> Path:
        """Gateways with one application each. Nothing connects to them, but a ping must run here."""
        path = self.folder / f"{name}.yml"
        variables = self.gateway("{{ inventory_hostname }}", ansible_connection="local")
        variables["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
        names: Json = {f"gateway-{number:04d}": {} for number in hosts}
        path.write_text(yaml.safe_dump({GROUP: {"hosts": names, "vars": variables}}))
        return path
