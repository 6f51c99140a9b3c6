# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment for tests of modules: the emulator, and a virtual time in which waiting costs nothing."""

from __future__ import annotations

import importlib
import typing as t

import requests

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import call_module
from graph_emulator.journal import Entry
from graph_emulator.wire.admin import HEADERS
from graph_emulator.wire.server import EmulatorServer

MODULES = "ansible_collections.email_gateway.azure_apps.plugins.modules"
Json = dict[str, t.Any]


def lasting(result: Json, *volatile: str) -> Json:
    """A result without values that differ from run to run although nothing changed."""
    return {name: value for name, value in result.items() if name not in {"changed", "diff", *volatile}}


def concurrency_violation(status: int) -> Json:
    """The body of the refusal of a write that came too close to another; its code differs with the status."""
    return {
        "error": {
            "code": "Request_BadRequest" if status == 400 else "Directory_ConcurrencyViolation",
            "message": "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.",
        }
    }


class VirtualTime:
    """Waiting takes no time, and the tenant's clock advances with it."""

    def __init__(self, server: EmulatorServer) -> None:
        self._server = server
        self.waited: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self._server.clock.advance(seconds)

    def monotonic(self) -> float:
        return sum(self.waited)


class Tenant:
    """The emulator in a test: its state, the requests that it received, and modules run against it."""

    def __init__(self, server: EmulatorServer) -> None:
        self.server = server
        self.memory = RunMemory()
        self.of_role = False  # whether modules run as the role's own tasks
        self.environ = server.environment()
        self._operators = {server.client_id}

    def sign_in_with(self, *roles: str) -> None:
        """From now on as another operator, who has only these application permissions."""
        client_id, client_secret = self.server.add_operator(list(roles))
        self.also_operates(client_id)
        self.environ = self.server.environment(client_id, client_secret)

    def also_operates(self, client_id: str) -> None:
        """The application of another operator, which is not one of those under test."""
        self._operators.add(client_id)

    def run(self, module: str, *, check: bool = False, **params: t.Any) -> Json:
        """Run a module as its action plugin does."""
        declared = importlib.import_module(f"{MODULES}.{module}").MODULE
        return call_module(
            declared,
            module,
            params,
            check_mode=check,
            environ=self.environ,
            memory=self.memory,
            of_role=self.of_role,
        )

    def ok(self, module: str, *, check: bool = False, **params: t.Any) -> Json:
        result = self.run(module, check=check, **params)
        assert not result.get("failed"), result
        return result

    def fails(self, module: str, **params: t.Any) -> Json:
        """The failure, which has the same form for every module and every cause."""
        result = self.run(module, **params)
        assert result.get("failed") is True, result
        assert {"kind", "status", "code", "request_id", "next_step"} <= result["error"].keys()
        assert result["error"]["next_step"], "a failure needs a next step"
        assert result["msg"].endswith(result["error"]["next_step"])
        return result

    def clear_requests(self) -> None:
        self.server.journal.clear()

    @property
    def writes(self) -> list[str]:
        """Changes requested from Graph, as METHOD and path below /v1.0."""
        return [f"{entry.method} {entry.path.removeprefix('/v1.0')}" for entry in self.server.writes()]

    @property
    def write_entries(self) -> list[Entry]:
        return self.server.writes()

    @property
    def graph_requests(self) -> int:
        """HTTP requests to Graph; the sign-in is not counted."""
        return sum(entry.is_graph for entry in self.server.requests())

    @property
    def applications(self) -> list[Json]:
        """All applications except those of operators."""
        return [
            application
            for application in self.server.tenant.directory.applications.values()
            if application["appId"] not in self._operators
        ]

    def application(self, **wanted: str) -> Json:
        """The only application with these properties."""
        found = [a for a in self.applications if all(a[name] == value for name, value in wanted.items())]
        assert len(found) == 1, found
        return found[0]

    def service_principals(self, client_id: str) -> list[Json]:
        return [p for p in self.server.tenant.directory.service_principals.values() if p["appId"] == client_id]

    def register(self, unique_name: str = "gateway", **params: t.Any) -> Json:
        """A registration to start from; its requests are cleared."""
        made = self.ok(
            "azure_app_registration", **{"display_name": f"Gateway {unique_name}", "unique_name": unique_name, **params}
        )
        self.clear_requests()
        return made

    def with_secret(self, *roles: str, resource: str = "microsoft_graph") -> Json:
        """A registration with these application permissions granted: the options for a verification of its secret."""
        made = self.register()
        if roles:
            self.ok(
                "azure_app_graph_permissions",
                unique_name="gateway",
                resource=resource,
                application_permissions=list(roles),
            )
            self.ok("azure_admin_consent", unique_name="gateway")
        secret = self.ok("azure_app_secret", unique_name="gateway", description="d")
        self.clear_requests()
        return {
            "tenant_id": self.server.tenant_id,
            "client_id": made["client_id"],
            "client_secret": secret["client_secret"],
        }

    def operator_token(self) -> str:
        """A token of the operator that Graph accepts."""
        server = self.server
        form = (
            f"grant_type=client_credentials&client_id={server.client_id}&client_secret={server.client_secret}"
            f"&scope={server.graph}/.default"
        )
        body, _client_id = server.emulator.identity.token(server.tenant_id, form=form.encode(), authorization=None)
        return str(body["access_token"])

    def assertion(self, subject: str) -> Json:
        """{issuer, subject, assertion}, as a cluster or a build service would provide it."""
        answer: Json = requests.post(
            f"{self.server.graph}/_emulator/assertion",
            json={"subject": subject},
            headers=HEADERS,
            verify=self.server.ca_file,
            timeout=10,
        ).json()
        return answer

    def approve_device_codes(self) -> None:
        """Every device code is approved as soon as it is issued."""

        def decide() -> None:
            identity = self.server.emulator.identity
            for flow in identity.devices.flows.values():
                identity.decide(flow.user_code, user_name=self.mailbox("adele"), approve=True)

        self.server.faults.add(path="/devicecode$", times=9, then=decide)

    def mailbox(self, first: str) -> str:
        return f"{first}@{self.server.domain}"

    def user_id(self, first: str) -> str:
        users = self.server.tenant.directory.users
        (found,) = [user["id"] for user in users.values() if user["userPrincipalName"] == self.mailbox(first)]
        return str(found)
