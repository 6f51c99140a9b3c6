# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules in the order of the role, each run with a memory of its own, and actions of others in between."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import re
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient, Response
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE_ONLINE = "00000002-0000-0ff1-ce00-000000000000"


@dataclasses.dataclass
class Outcome:
    """One run: the results of its steps, the last of which is the failure if there was one."""

    steps: dict[str, Json]
    writes: list[str]

    @property
    def failure(self) -> Json | None:
        last = list(self.steps.values())[-1]
        return last if last.get("failed") else None

    @property
    def changed(self) -> list[str]:
        return [name for name, result in self.steps.items() if result["changed"]]


class RoleSteps:
    """The role's steps for a gateway that reads mail and also uses one delegated permission."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        tenant.of_role = True
        self.registration: Json = {"display_name": "Gateway", "unique_name": "gateway", "tags": ["ours"], "notes": "n"}
        self.roles = ["Mail.ReadWrite", "User.Read.All"]
        self.scopes = ["offline_access"]
        self.store: Json = {}

    def run(self, *, check: bool = False) -> Outcome:
        """As ansible-playbook runs the role: up to the first failure, and in check mode as far as it can predict."""
        self.tenant.memory = SharedMemory()
        self.tenant.clear_requests()
        steps: dict[str, Json] = {}
        for name, module, options in self._steps(steps, check=check):
            steps[name] = self.tenant.run(module, check=check, **options)
            if steps[name].get("failed"):
                break
        return Outcome(steps, self.tenant.writes)

    def _steps(self, done: dict[str, Json], *, check: bool) -> c.Iterator[tuple[str, str, Json]]:
        yield "registration", "azure_app_registration", self.registration
        made = done["registration"]
        if made["service_principal_object_id"] is None:
            return
        key = {"client_id": made["client_id"]}
        wanted = {"application_permissions": self.roles, "delegated_permissions": self.scopes}
        yield "permissions", "azure_app_graph_permissions", {**key, **wanted}
        yield "consent", "azure_admin_consent", key
        ours = self.store.get("client_id") == made["client_id"]
        stored = {"stored_key_id": self.store["key_id"] if ours else ""}
        yield "secret", "azure_app_secret", {**key, "description": "Mail gateway", **stored}
        secret = done["secret"]
        if check and secret["changed"]:
            return
        value = secret["client_secret"] or self.store["client_secret"]
        if not check:
            self.store = {**key, "key_id": secret["key_id"], "client_secret": value}
        proof = {**key, "tenant_id": made["tenant_id"], "client_secret": value, "poll": not check}
        # A predicted role is not in a token yet.
        roles = {} if check else {"expected_roles": self.roles}
        yield "proof", "azure_app_token_info", {**proof, **roles, "fresh_secret": bool(secret["changed"])}

    def converges(self, *changed: str) -> Outcome:
        """Check mode predicts the changes, the run makes them, and the next one changes nothing. ``changed``: the
        changing steps.

        Steps after a predicted one see the tenant unchanged, so they may predict less, but nothing else.
        """
        before = self.state()
        predicted = self.run(check=True)
        assert predicted.failure is None, predicted.failure
        assert predicted.writes == []
        assert self.state() == before
        assert set(predicted.changed) <= set(changed)
        assert predicted.changed[:1] == list(changed[:1])
        done = self.run()
        assert done.failure is None, done.failure
        assert done.changed == list(changed)
        assert bool(done.writes) == bool(changed)
        assert done.steps["proof"]["proven"] is True
        self.is_settled()
        return done

    def is_settled(self) -> None:
        """One application, one service principal, everything as desired; another run changes nothing."""
        again = self.run()
        assert again.failure is None, again.failure
        assert (again.changed, again.writes) == ([], [])
        assert again.steps["proof"]["missing_roles"] == []
        application = self.application
        (principal,) = self.tenant.service_principals(application["appId"])
        assert principal["accountEnabled"] is True
        assert set(self.registration["tags"]) <= set(application["tags"])
        assert set(self.roles) <= set(self.granted_roles())
        (grant,) = (grant for grant in self.grants() if grant["consentType"] == "AllPrincipals")
        assert set(self.scopes) <= set(grant["scope"].split())

    def needs_a_person(self, *words: str) -> Outcome:
        """Both check mode and run fail with these words, again and again, and nothing is changed."""
        before = self.state()
        for check in (True, False, False):
            outcome = self.run(check=check)
            failure = outcome.failure
            assert failure is not None, outcome.changed
            assert failure["error"]["next_step"], failure
            for word in words:
                assert word in failure["msg"], failure["msg"]
            assert failure["changed"] is False
            assert outcome.writes == []
            assert self.state() == before
        return outcome

    def state(self) -> str:
        """The complete state of the tenant, for comparison."""
        return json.dumps({k: v for k, v in self.tenant.server.tenant.snapshot().items() if k != "clock_offset"})

    @property
    def application(self) -> Json:
        return self.tenant.application(uniqueName=self.registration["unique_name"])

    @property
    def principal(self) -> Json:
        (principal,) = self.tenant.service_principals(self.application["appId"])
        return principal

    def granted_roles(self, resource: str = MICROSOFT_GRAPH) -> list[str]:
        (offering,) = self.tenant.service_principals(resource)
        directory = self.tenant.server.tenant
        return sorted(directory.granted_roles(self.principal["id"], offering["id"], in_tokens=True))

    def assignments(self) -> list[Json]:
        mine = self.principal["id"]
        return [a for a in self.tenant.server.tenant.directory.assignments.values() if a["principalId"] == mine]

    def grants(self) -> list[Json]:
        mine = self.principal["id"]
        return [g for g in self.tenant.server.tenant.directory.grants.values() if g["clientId"] == mine]


class Meanwhile:
    """Runs an action right before a request of a module is sent, or right after its response has arrived."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._rules: list[tuple[str, str, str, c.Callable[[], object]]] = []
        request = HttpClient.request

        def watched(client: HttpClient, method: str, url: str, **more: t.Any) -> Response:
            self._fire("before", method, url)
            answer = request(client, method, url, **more)
            self._fire("after", method, url)
            return answer

        monkeypatch.setattr(HttpClient, "request", watched)

    def before(self, method: str, path: str, act: c.Callable[[], object]) -> None:
        self._rules.append(("before", method, path, act))

    def after(self, method: str, path: str, act: c.Callable[[], object]) -> None:
        self._rules.append(("after", method, path, act))

    def cancel(self) -> None:
        """Cancel all actions."""
        self._rules.clear()

    @property
    def all_happened(self) -> bool:
        return not self._rules

    def _fire(self, moment: str, method: str, url: str) -> None:
        for rule in list(self._rules):
            if rule in self._rules and rule[0] == moment and re.fullmatch(rule[1], method) and re.search(rule[2], url):
                self._rules.remove(rule)
                rule[3]()
