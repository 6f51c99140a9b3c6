# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many gateways, with the unchanged inventories of docs/examples; docs/fleet.md describes these cases."""

from __future__ import annotations

import collections.abc as c
import json
import re
import shutil
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit import leak_search
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant
from graph_emulator.wire.server import EmulatorServer

EXAMPLES = REPOSITORY / "docs" / "examples"
PREFIX = "email_gateway.azure_apps"
LOST = "GroupMember.Read.All"
HOSTS = tuple(f"gateway-{number}.{tenant}.example" for tenant in ("contoso", "fabrikam") for number in (1, 2))
CITIES = ("vienna", "graz", "linz")


class Fleet:
    """A folder with an inventory of the examples; the collection's playbooks run on all of its gateways."""

    def __init__(self, playbooks: Playbooks, inventory: str) -> None:
        self.playbooks = playbooks
        self.folder = playbooks.folder / "fleet"
        if (EXAMPLES / inventory).is_dir():
            shutil.copytree(EXAMPLES / inventory, self.folder)
        else:
            self.folder.mkdir()
            shutil.copy(EXAMPLES / inventory, self.folder / "inventory.yml")

    def play(self, name: str, *arguments: str, **variables: t.Any) -> Run:
        given = {"gateway_app_hosts": "mail_gateways", "gateway_app_wait_timeout": 60, **variables}
        inventory = ("-i", str(self.folder / "inventory.yml"))
        extra = ("-e", json.dumps(given))
        return self.playbooks.command("ansible-playbook", *inventory, f"{PREFIX}.{name}", *extra, *arguments)

    def store(self, name: str) -> Path:
        return self.folder / "stores" / f"{name}.vault.yml"

    def stored(self, name: str) -> dict[str, t.Any]:
        return self.playbooks.stored_in(self.store(name))


def _names(tenant: Tenant) -> list[str]:
    return sorted(application["uniqueName"] for application in tenant.applications)


def _key_ids(tenant: Tenant, unique_name: str) -> set[str]:
    return {secret["keyId"] for secret in tenant.application(uniqueName=unique_name)["passwordCredentials"]}


def _recap_of(run: Run, host: str) -> str:
    """The line of a host in the recap."""
    (line,) = [line for line in run.output.splitlines() if line.startswith(host) and "changed=" in line]
    return line


def test_the_page_shows_the_unchanged_examples() -> None:
    """The files of one inventory, and the one with the sign-in."""
    blocks = (REPOSITORY / "docs" / "fleet.md").read_text().split("```yaml\n")[1:]
    shown = [yaml.safe_load(block.split("```")[0]) for block in blocks]
    files = ("one_each.yml", "shared.yml", "tenants/group_vars/contoso/sign_in.yml")
    for name in files:
        assert yaml.safe_load((EXAMPLES / name).read_text()) in shown, name


def test_each_gateway_has_an_application_and_a_failed_host_does_not_stop_the_others(playbooks: Playbooks) -> None:
    fleet = Fleet(playbooks, "one_each.yml")
    (fleet.folder / "host_vars").mkdir()
    wrong = fleet.folder / "host_vars" / "gateway-graz.example.com.yml"
    wrong.write_text("gateway_app_profile: outbound_pigeon")
    first = fleet.play("register", "--forks", "3").failed("There is no profile 'outbound_pigeon'")
    assert ("failed=1" in _recap_of(first, "gateway-graz"), "failed=0" in _recap_of(first, "gateway-linz")) == (
        True,
        True,
    )
    assert _names(playbooks.tenant) == ["mail-gateway-linz", "mail-gateway-vienna"]

    wrong.unlink()
    second = fleet.play("register", "--forks", "3").ok()
    assert [city for city in CITIES if "changed=0 " not in _recap_of(second, f"gateway-{city}")] == ["graz"]
    assert _names(playbooks.tenant) == sorted(f"mail-gateway-{city}" for city in CITIES)
    for city in CITIES:
        assert _key_ids(playbooks.tenant, f"mail-gateway-{city}") == {fleet.stored(f"mail-gateway-{city}")["key_id"]}
    third = fleet.play("register", "--forks", "3").ok()
    assert (third.writes, third.output.count("changed=0 ")) == ([], 3)

    before = {city: fleet.stored(f"mail-gateway-{city}") for city in CITIES}
    fleet.play("rotate", "--limit", "gateway-graz*", gateway_app_rotate_now=True).ok()
    after = {city: fleet.stored(f"mail-gateway-{city}") for city in CITIES}
    assert [city for city in CITIES if before[city] != after[city]] == ["graz"]
    assert _key_ids(playbooks.tenant, "mail-gateway-graz") == {before["graz"]["key_id"], after["graz"]["key_id"]}
    assert fleet.play("rotate").ok().writes == []

    name = "mail-gateway-graz"
    refused = fleet.play("retire", gateway_app_retire_confirmed=name)
    assert ("failed=1" in _recap_of(refused, "gateway-vienna"), refused.returncode) == (True, 2)
    assert _names(playbooks.tenant) == ["mail-gateway-linz", "mail-gateway-vienna"]
    assert fleet.store("mail-gateway-vienna").is_file()
    assert not fleet.store(name).exists()


def test_one_application_can_be_shared_by_all_gateways(playbooks: Playbooks) -> None:
    fleet = Fleet(playbooks, "shared.yml")
    fleet.play("register").ok()
    assert _names(playbooks.tenant) == ["mail-gateways"]
    old = fleet.stored("mail-gateways")["key_id"]
    assert _key_ids(playbooks.tenant, "mail-gateways") == {old}
    again = fleet.play("register").ok()
    assert (again.writes, again.output.count("changed=0 ")) == ([], 2)

    fleet.play("rotate", gateway_app_rotate_now=True).ok()
    new = fleet.stored("mail-gateways")["key_id"]
    assert _key_ids(playbooks.tenant, "mail-gateways") == {old, new}
    report = fleet.folder / "report.json"
    fleet.play("report", gateway_app_report_json_path=str(report), gateway_app_report_fail_on_drift=True).ok()
    (document,) = json.loads(report.read_text())["applications"]
    assert [g["host"] for g in document["gateways"]] == ["gateway-vienna.example.com", "gateway-graz.example.com"]
    fleet.play("retire", gateway_app_retire_confirmed="mail-gateways").ok()
    assert (_names(playbooks.tenant), fleet.store("mail-gateways").exists()) == ([], False)


@pytest.fixture
def other_server(playbooks: Playbooks, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[EmulatorServer]:
    """A second tenant, whose secrets are also searched for."""
    with EmulatorServer() as server:
        leak_search.record(playbooks.issued, playbooks.processes, server.journal, monkeypatch)
        yield server
        assert not server.internal_errors, server.internal_errors[0]


class Tenants(Fleet):
    """The example with two tenants, the first of which is the fixture's. The run's own environment has no sign-in."""

    def __init__(self, playbooks: Playbooks, other: EmulatorServer) -> None:
        super().__init__(playbooks, "tenants")
        for name in playbooks.tenant.environ:
            del playbooks.environ[name]
        self.servers = {"contoso": playbooks.server, "fabrikam": other}
        self.tenants = {name: Tenant(server) for name, server in self.servers.items()}
        for name, server in self.servers.items():
            self.sign_in(name, server.environment())

    def sign_in(self, tenant: str, values: dict[str, str]) -> None:
        """As the comment in the example describes: fill in, then encrypt. The names are those of the example."""
        path = self.folder / "group_vars" / tenant / "sign_in.yml"
        shutil.copy(EXAMPLES / "tenants" / "group_vars" / tenant / "sign_in.yml", path)
        content = yaml.safe_load(path.read_text())
        assert set(content["gateway_app_environment"]) == {"AZURE_TENANT", "AZURE_CLIENT_ID", "AZURE_SECRET"}
        path.write_text(yaml.safe_dump({"gateway_app_environment": values}))
        self.playbooks.command("ansible-vault", "encrypt", str(path)).ok()

    def play(self, name: str, *arguments: str, **variables: t.Any) -> Run:
        for server in self.servers.values():
            server.journal.clear()
        return super().play(name, *arguments, **variables)

    def writes(self) -> dict[str, int]:
        return {name: len(server.writes()) for name, server in self.servers.items()}


def test_several_tenants_in_one_run_are_kept_apart(playbooks: Playbooks, other_server: EmulatorServer) -> None:
    fleet = Tenants(playbooks, other_server)
    contoso = fleet.tenants["contoso"]
    fleet.play("register", "--forks", "4").ok()
    for server in fleet.servers.values():
        tokens = [entry for entry in server.requests() if entry.path.endswith("/oauth2/v2.0/token")]
        assert sum(entry.body["client_id"] == server.client_id for entry in tokens) == 1
    for name, tenant in fleet.tenants.items():
        assert _names(tenant) == ["mail-gateway-1", "mail-gateway-2"]
        for number in (1, 2):
            kept = fleet.stored(f"gateway-{number}.{name}.example")
            application = tenant.application(uniqueName=f"mail-gateway-{number}")
            assert (kept["tenant_id"], kept["client_id"]) == (tenant.server.tenant_id, application["appId"])
            assert _key_ids(tenant, f"mail-gateway-{number}") == {kept["key_id"]}
    fleet.play("register", "--forks", "4").ok()
    assert fleet.writes() == {"contoso": 0, "fabrikam": 0}

    # One permission and its consent are removed in one tenant, and nothing is changed in the other.
    drifted = contoso.application(uniqueName="mail-gateway-2")
    (declared,) = drifted["requiredResourceAccess"]
    (offering,) = contoso.service_principals(declared["resourceAppId"])
    (lost,) = [role["id"] for role in offering["appRoles"] if role["value"] == LOST]
    others = [entry for entry in declared["resourceAccess"] if entry["id"] != lost]
    drifted["requiredResourceAccess"] = [{**declared, "resourceAccess": others}]
    contoso.ok("azure_admin_consent", client_id=drifted["appId"], revoke_stale=True)

    looked = fleet.play("register", "--check", "--diff").ok()
    assert fleet.writes() == {"contoso": 0, "fabrikam": 0}
    recap = [line for line in looked.output.splitlines() if "changed=" in line]
    assert [line.split()[0] for line in recap if "changed=0 " not in line] == ["gateway-2.contoso.example"]
    added = re.findall(r"^\+ +\"?(.*?)[\",]*$", looked.output, flags=re.MULTILINE)
    assert added == [LOST, f"microsoft_graph: {LOST} (application)"], looked.output

    path = fleet.folder / "report.json"
    paths = {"gateway_app_report_json_path": str(path), "gateway_app_report_fail_on_drift": True}
    fleet.play("report", **paths).failed(
        f"gateway-2.contoso.example: Mail gateway gateway-2 ({drifted['appId']}): not granted: {LOST}"
    )
    document = json.loads(path.read_text())
    assert [read["tenant_id"] for read in document["tenants"]] == sorted(
        tenant.server.tenant_id for tenant in fleet.tenants.values()
    )
    found = {gateway["host"]: a for a in document["applications"] for gateway in a["gateways"]}
    assert sorted(found) == sorted(HOSTS)
    assert {host: a["drift"] for host, a in found.items() if a["drift"]} == {"gateway-2.contoso.example": [LOST]}
    assert {host: (a["tenant_id"], a["client_id"]) for host, a in found.items()} == {
        host: (kept["tenant_id"], kept["client_id"]) for host in HOSTS for kept in [fleet.stored(host)]
    }
    fleet.play("report", "--limit", "fabrikam", **paths).ok()
    assert [read["tenant_id"] for read in json.loads(path.read_text())["tenants"]] == [
        fleet.servers["fabrikam"].tenant_id
    ]

    fleet.play("register").ok()
    assert fleet.writes()["fabrikam"] == 0
    assert fleet.writes()["contoso"] > 0
    before = {host: fleet.stored(host) for host in HOSTS}
    fleet.play("rotate", "--limit", "fabrikam", gateway_app_rotate_now=True).ok()
    assert fleet.writes() == {"contoso": 0, "fabrikam": 2}
    assert [host for host in HOSTS if fleet.stored(host) != before[host]] == [h for h in HOSTS if "fabrikam" in h]

    # A failed sign-in to one tenant does not affect the other one.
    fleet.sign_in("contoso", {**playbooks.server.environment(), "AZURE_SECRET": "not the secret"})
    broken = fleet.play("rotate", gateway_app_rotate_now=True).failed("AADSTS7000215")
    assert "failed=1" in _recap_of(broken, "gateway-1.contoso")
    assert fleet.writes() == {"contoso": 0, "fabrikam": 2}
