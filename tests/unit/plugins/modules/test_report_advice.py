# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems of a gateway are reported for its host, and following the advice of the report solves them."""

from __future__ import annotations

import collections.abc as c
import datetime
import json
import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.action_runner import ActionRunner
from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

HOST, OTHER = "graz", "linz"
TAG = "email_gateway.azure_apps"
PERMISSION = "Mail.ReadWrite"  # the only one of outbound_smtp
FAILING: Json = {"fail_within_days": 0, "fail_on_drift": True, "fail_each_host": True}
WORDS = re.compile(
    r"the playbook email_gateway\.azure_apps\.(\w+) with gateway_app_hosts=([\w-]+)( and gateway_app_rotate_now=true)?"
)
MODULE = re.compile(r"remove it with (azure_app_\w+) \(([^)]*)\)")


class Gateways:
    """Two gateways, the first of which gets a problem, and the effects of their playbooks."""

    def __init__(self, actions: ActionRunner, hand: Client, *, kind: str = "client_secret") -> None:
        self.actions = actions
        self.tenant = actions.tenant
        self.hand = hand
        self.kind = kind
        for host in (HOST, OTHER):
            self.playbook("register", host)

    @property
    def application(self) -> Json:
        return self.tenant.application(uniqueName=HOST)

    def playbook(self, name: str, host: str, *, rotate: bool = False) -> None:
        """The tasks of the playbook of that name, in a run of its own."""
        self.actions.new_run()
        about: Json = {"host": host, "unique_name": host}
        if name == "register":
            self.run("azure_app_registration", **about, display_name=f"Gateway {host}", tags=[TAG])
            self.run("azure_app_graph_permissions", **about, application_permissions=[PERMISSION])
        if name in ("register", "consent"):
            self.run("azure_admin_consent", **about)
        if name in ("register", "rotate"):
            stores: Json = {"stores": [{"type": "ansible_vault"}], "store_path": f"{host}.vault.yml"}
            module, more = "azure_app_secret", {}
            if self.kind == "certificate":
                module, more = "azure_app_certificate", {"path": f"{host}.pem"}
            self.run(module, **about, **stores, **more, description="Mail gateway", rotate=rotate)

    def run(self, module: str, **options: t.Any) -> Json:
        result = self.actions.run(module, **options)
        assert not result.get("failed"), result
        return result

    def report(self, **options: t.Any) -> Json:
        self.actions.new_run()
        self.actions.tenant.clear_requests()
        result = self.actions.run("azure_app_report", host=OTHER, json_path="report.json", **{**FAILING, **options})
        assert self.tenant.writes == []
        return result

    def written(self) -> Json:
        found: Json = json.loads((self.actions.folder / "report.json").read_text())
        return found

    def follow(self, problem: Json) -> None:
        """Follow the advice."""
        done = 0
        if "move that file away" in problem["next_step"]:
            for path in self.actions.folder.glob(f"{problem['host']}.pem*"):
                path.unlink()
        for name, host, rotate in WORDS.findall(problem["next_step"]):
            self.playbook(name, host, rotate=bool(rotate))
            done += 1
        for module, options in MODULE.findall(problem["next_step"]):
            self.actions.new_run()
            self.run(module, host=HOST, **dict(option.split("=") for option in options.split(", ")))
            done += 1
        assert done, problem

    # The problems of the first gateway

    def end_in(self, days: int) -> None:
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days, hours=1)
        for credential in self.application["passwordCredentials"] + self.application["keyCredentials"]:
            credential["endDateTime"] = f"{end:%Y-%m-%dT%H:%M:%SZ}"

    def expire(self) -> None:
        self.end_in(-3)

    def become_due(self) -> None:
        self.end_in(12)

    def lose_consent(self) -> None:
        (principal,) = self.tenant.service_principals(self.application["appId"])
        assignments = self.tenant.server.tenant.directory.assignments
        for assignment in list(assignments.where("principalId", principal["id"])):
            del assignments[assignment["id"]]

    def lose_declaration(self) -> None:
        self.lose_consent()
        self.application["requiredResourceAccess"] = []

    def be_deleted(self) -> None:
        assert self.hand.delete(f"/applications/{self.application['id']}").status_code == 204

    def be_purged(self) -> None:
        object_id = self.application["id"]
        self.be_deleted()
        assert self.hand.delete(f"/directory/deletedItems/{object_id}").status_code == 204

    def lose_credentials(self) -> None:
        self.application["passwordCredentials"] = []
        self.application["keyCredentials"] = []

    def lose_store(self) -> None:
        (self.actions.folder / f"{HOST}.vault.yml").unlink()

    def have_another_one(self) -> None:
        """A client secret with another description, which has expired."""
        self.run("azure_app_secret", host=HOST, unique_name=HOST, description="by hand")
        for credential in self.application["passwordCredentials"]:
            if credential["displayName"] == "by hand":
                credential["endDateTime"] = "2026-01-01T00:00:00Z"


@pytest.fixture
def make(tenant: Tenant, hand: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> c.Callable[..., Gateways]:
    hosts = {
        name: {
            "gateway_app_profile": "outbound_smtp",
            "gateway_app_unique_name": name,
            "gateway_app_store_path": f"{name}.vault.yml",
        }
        for name in (HOST, OTHER)
    }

    def made(kind: str = "client_secret", **variables: t.Any) -> Gateways:
        of_kind = {"gateway_app_credential_type": kind}
        given = {name: {**of_host, **of_kind} for name, of_host in hosts.items()}
        given[HOST] |= variables
        return Gateways(ActionRunner(tenant, tmp_path, monkeypatch, given), hand, kind=kind)

    return made


# The problem, the kinds of findings that it causes, the words of the advice, and the headline.
CASES: dict[str, tuple[c.Callable[[Gateways], None], set[str], str, str]] = {
    "expired": (Gateways.expire, {"expired", "store"}, "rotate with", "1 credential has expired."),
    "due": (Gateways.become_due, {"due"}, "gateway_app_rotate_now=true", "1 credential expires within 30 days."),
    "without consent": (Gateways.lose_consent, {"not_granted"}, "consent with", "1 gateway lacks a permission."),
    "drifted": (Gateways.lose_declaration, {"not_granted"}, "register with", "1 gateway lacks a permission."),
    "deleted": (Gateways.be_deleted, {"no_application"}, "which restores it", "1 gateway has no application."),
    "purged": (Gateways.be_purged, {"no_application"}, "which creates it", "1 gateway has no application."),
    "without a credential": (
        Gateways.lose_credentials, {"no_credential", "store"}, "rotate with", "1 gateway has no credential."
    ),
    "without a store": (
        Gateways.lose_store, {"store"}, "creates and stores one", "1 gateway has no live credential in its stores."
    ),
    "with a leftover": (
        Gateways.have_another_one, {"expired"}, "remove it with azure_app_secret", "1 credential has expired."
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["client_secret", "certificate"])
@pytest.mark.parametrize("case", CASES)
def test_the_advice_solves_the_problem_and_the_affected_host_fails(
    make: c.Callable[..., Gateways], case: str, kind: str
) -> None:
    spoil, kinds, words, headline = CASES[case]
    gateways = make(kind)
    assert gateways.report()["verdict"] == {
        "status": "ok",
        "headline": "Nothing expires within 30 days.",
        "more": [],
    }
    spoil(gateways)
    result = gateways.report(fail_within_days=13)
    assert "failed" not in result
    assert set(result["failures_by_host"]) == {HOST}
    assert result["verdict"]["headline"] == headline
    problems = gateways.written()["problems"]
    assert {problem["kind"] for problem in problems} == kinds
    assert {problem["host"] for problem in problems} == {HOST}
    assert words in problems[0]["next_step"]
    for problem in problems:
        assert problem["next_step"].rstrip(".") in result["failures_by_host"][HOST]
    gateways.follow(problems[0])
    again = gateways.report(fail_within_days=13)
    assert (again["failures_by_host"], gateways.written()["problems"]) == ({}, [])


@pytest.mark.parametrize(
    ("of", "change", "words"),
    [
        ("application", {"isDisabled": True}, "reactivate it"),
        (
            "application",
            {"disabledByMicrosoftStatus": "DisabledDueToViolationOfServicesAgreement"},
            "Microsoft support",
        ),
        ("principal", {"accountEnabled": False}, "Enabled for users to sign-in"),
    ],
)
def test_a_disabled_application_is_the_headline_without_advice_for_a_new_credential(
    make: c.Callable[..., Gateways], of: str, change: Json, words: str
) -> None:
    gateways = make()
    (principal,) = gateways.tenant.service_principals(gateways.application["appId"])
    (gateways.application if of == "application" else principal).update(change)
    result = gateways.report(fail_on_drift=False)
    assert result["verdict"]["headline"] == "1 application of a gateway is switched off."
    (problem,) = gateways.written()["problems"]
    assert (problem["kind"], problem["host"]) == ("switched_off", HOST)
    assert words in problem["next_step"]
    assert "rotate" not in result["failures_by_host"][HOST]
    assert "O(" not in result["failures_by_host"][HOST]


def test_the_advice_for_a_store_of_another_application_is_another_place(make: c.Callable[..., Gateways]) -> None:
    gateways = make()
    (gateways.actions.folder / f"{OTHER}.vault.yml").rename(gateways.actions.folder / f"{HOST}.vault.yml")
    gateways.playbook("rotate", OTHER)
    result = gateways.report()
    assert set(result["failures_by_host"]) == {HOST}
    (problem,) = gateways.written()["problems"]
    assert "gateway_app_store_path" in problem["next_step"]
    # The named place becomes its own.
    (gateways.actions.folder / f"{HOST}.vault.yml").unlink()
    gateways.follow(problem)
    assert gateways.report()["failures_by_host"] == {}


def test_an_unreadable_store_is_in_the_headline_and_counts_as_drift(
    make: c.Callable[..., Gateways],
) -> None:
    gateways = make()
    (gateways.actions.folder / f"{HOST}.vault.yml").write_text("nonsense: [")
    result = gateways.report()
    assert result["verdict"] == {
        "status": "attention",
        "headline": "The stores of 1 gateway could not be read.",
        "more": [],
    }
    assert set(result["failures_by_host"]) == {HOST}
    assert gateways.report(fail_on_drift=False)["failures_by_host"] == {}


def test_the_advice_for_an_unknown_client_id_is_to_correct_it(make: c.Callable[..., Gateways]) -> None:
    gateways = make(gateway_app_client_id="11111111-1111-1111-1111-111111111111")
    assert "clear gateway_app_client_id" in gateways.report()["failures_by_host"][HOST]


def test_only_skipped_hosts_fail(make: c.Callable[..., Gateways]) -> None:
    gateways = make(gateway_app_enviroment={})
    for failed in (set(), {OTHER}):
        gateways.actions.failed_hosts = failed
        result = gateways.report()
        assert "failed" not in result
        assert set(result["failures_by_host"]) == {HOST}
        assert "did you mean gateway_app_environment?" in result["failures_by_host"][HOST]
        assert "not looked at." in " ".join([result["verdict"]["headline"], *result["verdict"]["more"]])
    assert result["files"] == [], "an empty report does not replace an existing one"


def test_a_problem_without_a_host_fails_the_host_that_runs_the_task(make: c.Callable[..., Gateways]) -> None:
    gateways = make()
    gateways.run("azure_app_registration", display_name="Left over", unique_name="left-over", tags=[TAG], host=OTHER)
    gateways.run("azure_app_secret", unique_name="left-over", description="d", host=OTHER)
    left_over = gateways.tenant.application(uniqueName="left-over")
    left_over["passwordCredentials"][0]["endDateTime"] = "2026-01-01T00:00:00Z"
    result = gateways.report()
    assert set(result["failures_by_host"]) == {OTHER}
    (problem,) = gateways.written()["problems"]
    assert problem["host"] is None
    gateways.follow(problem)
    assert left_over["passwordCredentials"] == []


def test_a_gateway_that_reaches_more_than_its_mailboxes_is_drift(make: c.Callable[..., Gateways]) -> None:
    gateways = make(gateway_app_mailboxes={"group": "Gateway Mailboxes"})
    result = gateways.report()
    assert result["verdict"]["headline"] == "1 gateway is not limited to its mailboxes."
    assert set(result["failures_by_host"]) == {HOST}
    (problem,) = gateways.written()["problems"]
    assert (problem["kind"], problem["host"]) == ("mailboxes", HOST)
    assert "all mailboxes (Mail.ReadWrite in Entra ID)" in problem["text"]
    assert "gateway_app_exact_permissions=true" in problem["next_step"]
    assert gateways.report(fail_on_drift=False)["failures_by_host"] == {}
    # The effect of the playbook with these settings.
    roles = ["RoleManagement.ReadWrite.Exchange", "Directory.Read.All", "AppRoleAssignment.ReadWrite.All"]
    server = gateways.tenant.server
    gateways.actions.environment = server.environment(*server.add_operator([*roles, "Application.ReadWrite.All"]))
    gateways.lose_declaration()
    about: Json = {"host": HOST, "unique_name": HOST}
    scope: Json = {"roles": [PERMISSION], "scope": {"group": "Gateway Mailboxes"}}
    gateways.run("azure_app_mailbox_scope", **about, **scope)
    gateways.run("azure_admin_consent", **about, revoke_stale=True)
    assert gateways.report()["failures_by_host"] == {}
    (application,) = [found for found in gateways.written()["applications"] if found["unique_name"] == HOST]
    assert application["mailboxes"] == {"reach": "some", "text": "group gatewaymailboxes@contoso.onmicrosoft.com"}
    gateways.report(csv_path="report.csv")
    assert "group gatewaymailboxes@contoso.onmicrosoft.com" in (gateways.actions.folder / "report.csv").read_text()
    gateways.run("azure_app_mailbox_scope", **about, **scope, state="absent")
    gateways.report()
    (problem,) = gateways.written()["problems"]
    assert "has no role in Exchange" in problem["text"]
