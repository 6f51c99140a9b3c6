# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of azure.azcollection for Entra ID, which have no setting for the address of Microsoft Graph."""

from __future__ import annotations

import collections.abc as c
import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.clients.conftest import installed
from ansible_collections.email_gateway.azure_apps.tests.clients.life import MICROSOFT_GRAPH, CurrentState, Life, Program
from graph_emulator.wire.server import EmulatorServer

CLIENT = "azure.azcollection"
MAIL_READ_WRITE = "e2a3a72e-5f79-4c64-b1b1-878b674786c9"


class Modules:
    """Runs one module by `ansible`; each needs seconds of CPU, since they all import all of Azure's libraries."""

    def __init__(self, ansible: Program, life: Life) -> None:
        self._ansible = ansible
        self._life = life

    def __call__(self, name: str, **options: t.Any) -> dict[str, t.Any]:
        module = f"azure.azcollection.azure_rm_{name}"
        what = {key: value for key, value in options.items() if key in {"state", "display_name", "object_id"}}
        with self._life.call(f"{module} {what}"):
            text = self._ansible.run("localhost", "-m", module, "-a", json.dumps(options))
            return t.cast("dict[str, t.Any]", json.loads(text.partition("=>")[2]))


@pytest.fixture
def run(named_emulator: EmulatorServer, life: Life, program: c.Callable[..., Program], tmp_path: Path) -> Modules:
    folder = installed("azure-azcollection")
    manifest = folder / "collections" / "ansible_collections" / "azure" / "azcollection" / "MANIFEST.json"
    life.version = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
    environ = {
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        "ANSIBLE_PYTHON_INTERPRETER": str(folder / "bin" / "python"),
        "AZURE_TENANT": named_emulator.tenant_id,
        "AZURE_CLIENT_ID": named_emulator.client_id,
        "AZURE_SECRET": named_emulator.client_secret,
        # For requests, which fetches tokens, and for httpx, which calls Graph.
        "REQUESTS_CA_BUNDLE": named_emulator.ca_file,
        "SSL_CERT_FILE": named_emulator.ca_file,
    }
    return Modules(program(str(folder / "bin" / "ansible"), named=named_emulator, **environ), life)


def test_the_life_cycle_of_an_application(run: Modules, life: Life, named_emulator: EmulatorServer) -> None:
    access = [{"resource_app_id": MICROSOFT_GRAPH, "resource_access": [{"id": MAIL_READ_WRITE, "type": "Role"}]}]
    made = run(
        "adapplication", display_name="Gateway", sign_in_audience="AzureADMyOrg", required_resource_accesses=access
    )
    assert made["changed"] and made["display_name"] == "Gateway"
    current = CurrentState(named_emulator, made["app_id"])
    life.check_state((current.document["id"], current.declared), (made["object_id"], [MAIL_READ_WRITE]))
    one = {"app_id": made["app_id"]}

    principal = run("adserviceprincipal", **one, state="present")
    assert principal["changed"] and current.principal is not None
    life.check_state(current.principal["id"], principal["object_id"])
    assert not run("adserviceprincipal", **one, state="present")["changed"]

    secret = run("adpassword", **one, display_name="first", state="present")
    assert secret["changed"] and secret["secret_text"]
    life.check_state(current.secrets, ["first"])
    (listed,) = run("adpassword_info", **one)["passwords"]
    assert listed["key_id"] == secret["key_id"]
    assert run("adpassword", **one, key_id=secret["key_id"], state="absent")["changed"]
    life.check_state(current.secrets, [])

    assert run("adapplication", **one, display_name="Gateway 2", notes="changed")["changed"]
    life.check_state((current.document["displayName"], current.document["notes"]), ("Gateway 2", "changed"))
    (found,) = run("adapplication_info", **one)["applications"]
    assert (found["object_id"], found["app_display_name"]) == (made["object_id"], "Gateway 2")
    (found,) = run("adserviceprincipal_info", **one)["service_principals"]
    assert found["object_id"] == principal["object_id"]

    assert run("adserviceprincipal", **one, state="absent")["changed"]
    life.check_state(current.principal, None)
    assert run("adapplication", **one, display_name="Gateway 2", state="absent")["changed"]
    life.check_state((current.exists, current.deleted), (False, True))
    assert not run("adapplication", **one, display_name="Gateway 2", state="absent")["changed"]


def test_users_and_groups_can_be_managed(run: Modules, named_emulator: EmulatorServer) -> None:
    (user,) = run("aduser_info", user_principal_name=f"adele@{named_emulator.domain}")["ad_users"]
    assert user["user_principal_name"] == f"adele@{named_emulator.domain}"
    groups = run("adgroup_info", all=True)["ad_groups"]
    assert "Sales" in [group["display_name"] for group in groups]
