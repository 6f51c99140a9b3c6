# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For any response of a server at any time: a true success, or an error with a next step.

HOSTILE_EXAMPLES is the number of examples of each scenario; a higher number than in normal test runs finds more.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import os
import socket
import typing as t

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient, Response
from ansible_collections.email_gateway.azure_apps.tests.unit import leak_search
from ansible_collections.email_gateway.azure_apps.tests.unit.spoiled_answers import (
    ELSEWHERE,
    HERE,
    SENT,
    Spoiling,
    spoilings,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant, VirtualTime
from graph_emulator.directory import seed
from graph_emulator.directory.store import Table
from graph_emulator.directory.tenant import Directory
from graph_emulator.graph import passwords
from graph_emulator.identity import platform as identity
from graph_emulator.identity import tokens
from graph_emulator.wire.server import EmulatorServer

EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "100"))
MOST_REQUESTS = 300
WAIT = 120  # seconds of virtual time
ERROR_KEYS = {"kind", "status", "code", "request_id", "next_step"}
GATEWAY: Json = {"unique_name": "gateway"}


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A call of a module; ``holds`` checks that the tenant is as a success promises."""

    module: str
    options: Json
    requests: int
    holds: t.Callable[[Tenant, Json], bool] = lambda _tenant, _result: True


def _declares(*names: str) -> t.Callable[[Tenant, Json], bool]:
    def holds(tenant: Tenant, _result: Json) -> bool:
        declared = tenant.application(uniqueName="gateway")["requiredResourceAccess"]
        return sum(len(entry["resourceAccess"]) for entry in declared) == len(names)

    return holds


def _registered(name: str) -> t.Callable[[Tenant, Json], bool]:
    def holds(tenant: Tenant, result: Json) -> bool:
        application = tenant.application(uniqueName=name)
        (principal,) = tenant.service_principals(application["appId"])
        ids = (result["application_object_id"], result["client_id"], result["service_principal_object_id"])
        return (
            ids == (application["id"], application["appId"], principal["id"])
            and application["notes"] == result["notes"] == "n"
        )

    return holds


def _gone(tenant: Tenant, _result: Json) -> bool:
    directory = tenant.server.tenant.directory
    return not any(a["uniqueName"] == "gateway" for a in tenant.applications) and not directory.deleted


def _granted(count: int) -> t.Callable[[Tenant, Json], bool]:
    def holds(tenant: Tenant, _result: Json) -> bool:
        (principal,) = tenant.service_principals(tenant.application(uniqueName="gateway")["appId"])
        directory = tenant.server.tenant.directory
        assigned = [a for a in directory.assignments.values() if a["principalId"] == principal["id"]]
        granted = [g for g in directory.grants.values() if g["clientId"] == principal["id"]]
        return len(assigned) == count and len(granted) == count

    return holds


def _has_its_secret(tenant: Tenant, result: Json) -> bool:
    return any(c["keyId"] == result["key_id"] for c in tenant.application(uniqueName="gateway")["passwordCredentials"])


def _without_its_secret(tenant: Tenant, _result: Json) -> bool:
    secrets = tenant.application(uniqueName="gateway")["passwordCredentials"]
    return [credential["displayName"] for credential in secrets] == ["other"]


SECRET = {**GATEWAY, "description": "mail gateway", "wait_timeout": WAIT}
SCENARIOS = {
    "register": Scenario(
        "azure_app_registration", {"unique_name": "new", "display_name": "New", "notes": "n"}, 8, _registered("new")
    ),
    "change": Scenario("azure_app_registration", {**GATEWAY, "notes": "n", "tags": ["t"]}, 6, _registered("gateway")),
    "purge": Scenario("azure_app_registration", {**GATEWAY, "state": "absent", "purge": True}, 7, _gone),
    "inform": Scenario("azure_app_registration_info", GATEWAY, 6),
    "list": Scenario("azure_app_registration_info", {}, 6),
    "declare": Scenario(
        "azure_app_graph_permissions",
        {**GATEWAY, "application_permissions": ["Mail.ReadWrite"]},
        6,
        _declares("Mail.Send", "Mail.ReadWrite", "SMTP.Send"),
    ),
    "consent": Scenario("azure_admin_consent", GATEWAY, 8, _granted(1)),
    "withdraw": Scenario("azure_admin_consent", {"unique_name": "granted", "state": "absent"}, 8, lambda t, r: True),
    "secret": Scenario("azure_app_secret", SECRET, 6, _has_its_secret),
    "remove secret": Scenario(
        "azure_app_secret", {**GATEWAY, "description": "old", "state": "absent"}, 5, _without_its_secret
    ),
    "prove": Scenario("azure_app_token_info", {}, 3),
}


class Watched:
    """Everything about one run that a guarantee covers."""

    def __init__(self, emulator: EmulatorServer, elsewhere: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tenant = Tenant(emulator)
        self.time = VirtualTime(emulator)
        self.issued: set[str] = set()
        self.new_values: list[str] = []
        self.hosts: set[t.Any] = set()
        self.requests = 0
        self.logged: list[str] = []
        self._sent = {
            ELSEWHERE: f"localhost:{elsewhere}",
            HERE: emulator.graph.removeprefix("https://"),
            SENT: emulator.client_secret,
        }
        self._spoiling: Spoiling | None = None
        self.touched = True  # whether the tenant may differ from its initial state
        self._known: dict[str, Response] = {}
        self._patch(monkeypatch)

    def _patch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        request, connect = HttpClient.request, socket.socket.connect
        mint, new_secret = tokens.mint, seed.new_secret

        def genuine(client: HttpClient, method: str, url: str, **more: t.Any) -> Response:
            """The response of the tenant. Earlier responses are cached, as long as nothing was written."""
            reads = method == "GET" or url.endswith(("/$batch", "/token"))
            known = f"{method} {url} {more.get('body')} {more.get('params')}"
            if self.touched or not reads or known not in self._known:
                self.touched = self.touched or not reads
                answer = request(client, method, url, **more)
                if self.touched:
                    return answer
                self._known[known] = answer
            return self._known[known]

        def asked(client: HttpClient, method: str, url: str, **more: t.Any) -> Response:
            number, self.requests = self.requests, self.requests + 1
            spoiling = self._spoiling
            if spoiling is None or not spoiling.applies(number):
                return genuine(client, method, url, **more)
            answer = Response(200, {}, b"") if spoiling.unanswered else genuine(client, method, url, **more)
            return spoiling.spoiled(answer, self._sent)

        def connected(plain: socket.socket, address: t.Any) -> None:
            self.hosts.add(address)
            connect(plain, address)

        def minted(*args: t.Any, **more: t.Any) -> str:
            token = mint(*args, **more)
            self.issued.add(token)
            self._sent[SENT] = f"{self.tenant.server.client_secret} {token}"
            return token

        def made() -> str:
            self.new_values.append(new_secret())
            return self.new_values[-1]

        monkeypatch.setattr(HttpClient, "request", asked)
        monkeypatch.setattr(socket.socket, "connect", connected)
        monkeypatch.setattr(identity, "mint", minted)
        monkeypatch.setattr(passwords, "new_secret", made)

        handler = logging.Handler(logging.WARNING)
        monkeypatch.setattr(handler, "emit", lambda record: self.logged.append(record.getMessage()))
        monkeypatch.setattr(logging, "lastResort", handler)

    def run(self, scenario: Scenario, options: Json, spoiling: Spoiling) -> Json:
        self._spoiling, self.requests, self.time.waited = spoiling, 0, []
        self.hosts, self.logged, self.new_values = set(), [], []
        result = self.tenant.run(scenario.module, **options)
        self._spoiling = None
        return result


@pytest.fixture
def elsewhere() -> t.Iterator[socket.socket]:
    """A host that was not configured: nothing ever connects to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def _furnish(tenant: Tenant) -> None:
    """The initial state of the scenarios."""
    made = tenant.register(notes="old")
    for description in ("other", "old"):
        tenant.ok("azure_app_secret", **GATEWAY, description=description)
    permissions: Json = {"application_permissions": ["Mail.Send"], "delegated_permissions": ["SMTP.Send"]}
    tenant.ok("azure_app_graph_permissions", **GATEWAY, **permissions)
    tenant.register("granted")
    tenant.ok("azure_app_graph_permissions", unique_name="granted", **permissions)
    tenant.ok("azure_admin_consent", unique_name="granted")
    assert made["client_id"]


@pytest.fixture
def watched(
    emulator: EmulatorServer, virtual_time: VirtualTime, elsewhere: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> Watched:
    made = Watched(emulator, elsewhere.getsockname()[1], monkeypatch)
    made.time = virtual_time
    return made


@pytest.mark.parametrize("name", SCENARIOS)
def test_any_response_is_handled(name: str, watched: Watched) -> None:
    scenario = SCENARIOS[name]
    tenant = watched.tenant

    _furnish(tenant)
    _shorten(tenant)
    furnished = _copied(tenant.server.tenant.directory)

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],  # reducing a failure takes minutes, and adds little information
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(spoiling=spoilings(scenario.requests))
    def check(spoiling: Spoiling) -> None:
        if watched.touched:
            tenant.server.tenant.load(_copied(furnished))
            watched.touched = False
        tenant.server.journal.clear()
        tenant.server.clock.reset()
        options = _options(name, tenant)
        before = _secrets_of_the_tenant(tenant)
        result = watched.run(scenario, options, spoiling)
        _check_form(watched, result)
        _check_secrets(watched, before, result, spoiling)
        if not result.get("failed") and not spoiling.believable:
            assert scenario.holds(tenant, result), (spoiling, result)

    check()


def _shorten(tenant: Tenant) -> None:
    """Only a few of the hundreds of permissions of a resource, so that each of them is corrupted now and then."""
    used = {"Mail.Send", "Mail.ReadWrite", "SMTP.Send"}
    for principal in tenant.server.tenant.directory.service_principals.values():
        for name in ("appRoles", "oauth2PermissionScopes"):
            principal[name] = [entry for entry in principal.get(name) or () if entry["value"] in used]


def _copied(directory: Directory) -> Directory:
    """Another object with the same content: setting up a tenant again takes longer than most examples."""
    made = Directory()
    for field in dataclasses.fields(directory):
        value, target = getattr(directory, field.name), getattr(made, field.name)
        if not isinstance(value, Table):
            setattr(made, field.name, copy.deepcopy(value))
            continue
        for object_id in value:
            original = dict.__getitem__(value, object_id)
            plain = (original[0], dict(original[1])) if isinstance(original, tuple) else dict(original)
            target[object_id] = copy.deepcopy(plain)
    return made


def _options(name: str, tenant: Tenant) -> Json:
    options = SCENARIOS[name].options
    server = tenant.server
    if name == "prove":
        own = {"tenant_id": server.tenant_id, "client_id": server.client_id}
        return {**own, "client_secret": server.client_secret, "wait_timeout": WAIT}
    return {"wait_timeout": WAIT, **options}


def _secrets_of_the_tenant(tenant: Tenant) -> dict[str, str]:
    return {c["keyId"]: c["displayName"] for a in tenant.applications for c in a["passwordCredentials"]}


def _check_form(watched: Watched, result: Json) -> None:
    """One form of failure, bounded waits and requests, only our host, and no secret."""
    if result.get("failed"):
        error = result["error"]
        assert error.keys() >= ERROR_KEYS, result
        assert error["next_step"], result
        assert result["msg"].endswith(error["next_step"]), result
        assert isinstance(error["status"], (int, type(None))), result
        assert all(isinstance(error[key], (str, type(None))) for key in ("kind", "code", "request_id")), result
    written = json.dumps(result, ensure_ascii=False, allow_nan=False).encode()  # valid JSON, valid Unicode
    assert sum(watched.time.waited) <= WAIT
    assert watched.requests <= MOST_REQUESTS
    assert {address[1] for address in watched.hosts} <= {watched.tenant.server.port}, watched.hosts
    assert watched.logged == [], "Python writes unhandled errors to the terminal"
    hidden = json.dumps({**result, "client_secret": None}).encode()
    secrets = {watched.tenant.server.client_secret, *watched.issued, *watched.new_values}
    assert leak_search.hits([("result", hidden)], secrets) == []
    assert len(written) < 5_000_000


def _check_secrets(watched: Watched, before: dict[str, str], result: Json, spoiling: Spoiling) -> None:
    """No secret of others was removed, and no secret was created whose value is lost without a message."""
    after = _secrets_of_the_tenant(watched.tenant)
    if not result.get("failed") or watched.tenant.applications:
        gone = {before[key] for key in before.keys() - after.keys()}
        if _has(watched.tenant, "gateway"):
            assert gone <= {"old"}, (spoiling, result)
    made = after.keys() - before.keys()
    if not made or spoiling.refuses_what_was_done:
        return
    if result.get("failed"):
        assert "its value is unknown" in result["msg"] or result["error"].get("lost_start"), (spoiling, result)
        return
    unknown = made - {result.get("key_id")}
    warned = "value is unknown" in " ".join(result.get("warnings", ()))
    assert spoiling.kind == "text" or result["client_secret"] in watched.new_values, (spoiling, result)
    assert spoiling.kind == "text" or not unknown or warned, (spoiling, result)


def _has(tenant: Tenant, name: str) -> bool:
    return any(a["uniqueName"] == name for a in tenant.applications)
