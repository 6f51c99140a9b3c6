# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task azure_app_report in this process. With ansible-playbook: tests/playbooks/test_report_of_hosts.py."""

from __future__ import annotations

import collections.abc as c
import json
import stat
import typing as t
from pathlib import Path

import pytest
from ansible.playbook.task import Task

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report import tenant as report_tenant
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources import registration_info
from ansible_collections.email_gateway.azure_apps.tests.unit.action_runner import ActionRunner
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from graph_emulator.journal import Entry
from graph_emulator.wire.server import EmulatorServer

MODULE = "azure_app_report"
SMTP: Json = {"gateway_app_profile": "outbound_smtp"}
TAG = "email_gateway.azure_apps"
REPORT_TASKS = Path(__file__).resolve().parents[4] / "roles" / "gateway_app_report" / "tasks" / "main.yml"

Plays = c.Callable[[dict[str, Json]], ActionRunner]


@pytest.fixture
def play(tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plays:
    return lambda hosts: ActionRunner(tenant, tmp_path, monkeypatch, hosts)


def gateway(name: str, **variables: object) -> dict[str, Json]:
    """A host whose application has its name."""
    return {name: {**SMTP, "gateway_app_unique_name": name, "gateway_app_store_path": f"{name}.vault.yml", **variables}}


def provision(actions: ActionRunner, name: str) -> None:
    """Register the application of a gateway, with a client secret in its store."""
    made: Json = {"host": name, "unique_name": name}
    stored: Json = {"stores": [{"type": "ansible_vault"}], "store_path": f"{name}.vault.yml"}
    actions.run("azure_app_registration", **made, display_name=f"Gateway {name}", tags=[TAG])
    actions.run("azure_app_secret", **made, **stored, description="d")
    actions.tenant.clear_requests()


def report(actions: ActionRunner, **options: t.Any) -> tuple[Json, Json]:
    """The result, and the report that was written."""
    result = actions.run(MODULE, host=next(iter(actions.hosts)), json_path="report.json", **options)
    path = actions.folder / "report.json"
    return result, json.loads(path.read_text()) if path.exists() else {}


def in_store(found: Json) -> dict[str, str]:
    return {g["host"]: g["in_store"] for application in found["applications"] for g in application["gateways"]}


def test_each_view_is_written_once_with_the_requested_mode(play: Plays) -> None:
    actions = play(gateway("graz"))
    provision(actions, "graz")
    paths: Json = {f"{kind}_path": f"report.{kind}" for kind in ("html", "csv", "json", "markdown")}
    predicted = actions.run(MODULE, host="graz", check=True, mode="0600", **paths)
    assert predicted["changed"]
    assert not list(actions.folder.glob("report.*"))
    done = actions.run(MODULE, host="graz", mode="0600", **paths)
    assert done["files"] == [str(actions.folder / path) for path in paths.values()]
    for path in done["files"]:
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
        assert "Gateway graz" in Path(path).read_text()
    assert not actions.run(MODULE, host="graz", mode="0600", **paths)["changed"]
    assert actions.tenant.writes == []


def test_a_fault_of_one_host_does_not_hide_others(play: Plays, tenant: Tenant) -> None:
    wrong = {**tenant.environ, "AZURE_SECRET": "not the secret of the operator"}
    hosts = {
        **gateway("graz"),
        **gateway("linz"),
        **gateway("misspelt", gateway_app_enviroment={}),
        **gateway("undefined", gateway_app_store_path="{{ nowhere }}"),
        **gateway("malformed", gateway_app_client_id="no client id"),
        **gateway("no-text", gateway_app_environment="text"),
        **gateway("abroad-1", gateway_app_environment=wrong),
        **gateway("abroad-2", gateway_app_environment=wrong),
        **gateway("earlier"),
        **gateway("unreadable", gateway_app_unique_name="graz", gateway_app_stores=[{"type": "sops"}]),
        "printer": {},
    }
    actions = play(hosts)
    actions.failed_hosts.add("earlier")
    for name in ("graz", "linz"):
        provision(actions, name)
    result, found = report(actions)
    assert result["failed"]
    lines = result["failure_list"]
    for words in (
        "misspelt was not checked: gateway_app_enviroment (did you mean gateway_app_environment?)",
        "undefined was not checked: The variable gateway_app_store_path of the host undefined cannot be evaluated",
        "malformed was not checked: gateway_app_client_id is 'no client id'",
        "no-text was not checked: gateway_app_environment is not a dictionary",
        "abroad-1, abroad-2 were not checked:",
    ):
        assert [line for line in lines if line.startswith(words)], (words, lines)
    assert not [line for line in lines if line.startswith("earlier")], "its own task reported that"
    assert in_store(found) == {"graz": "yes", "linz": "yes", "unreadable": "not checked"}
    reasons = {entry["host"]: entry["reason"] for entry in found["hosts_not_looked_at"]}
    assert "earlier task" in reasons["earlier"]
    assert "printer" not in reasons
    refused = [e for e in tenant.server.requests() if e.path.endswith("/token") and e.status == 401]
    assert len(refused) == 1, "a sign-in that was refused is not repeated for each host"


def test_user_read_is_expected_of_a_gateway_that_adds_it(play: Plays) -> None:
    actions = play(gateway("graz", gateway_app_add_user_read=True))
    provision(actions, "graz")
    _result, found = report(actions)
    assert found["applications"][0]["gateways"][0]["missing_permissions"] == ["Mail.ReadWrite", "User.Read"]


def test_the_environment_of_each_host_determines_its_sign_in(play: Plays, tenant: Tenant) -> None:
    with EmulatorServer() as other_server:
        other = Tenant(other_server)
        actions = play({**gateway("graz", sign_in=tenant.environ), **gateway("wels", sign_in=other.environ)})
        actions.environment = "{{ sign_in }}"
        provision(actions, "graz")
        _result, found = report(actions)
        assert [read["tenant_id"] for read in found["tenants"]] == sorted(
            [tenant.server.tenant_id, other_server.tenant_id]
        )
        assert found["summary"]["gateways_without_application"] == 1
        assert other_server.internal_errors == []


def asked_for_the_name(tenant: Tenant) -> list[Entry]:
    return [entry for entry in tenant.server.journal.entries() if entry.path == "/v1.0/organization"]


def test_the_name_of_the_tenant_needs_no_request(play: Plays, tenant: Tenant) -> None:
    actions = play(gateway("graz"))
    provision(actions, "graz")
    result, found = report(actions, html_path="report.html", markdown_path="report.md")
    assert not result.get("failed")
    assert found["tenants"] == [{"tenant_id": tenant.server.tenant_id, "display_name": "Contoso"}]
    html = (actions.folder / "report.html").read_text()
    assert f"<bdi>Contoso</bdi> <code>{tenant.server.tenant_id}</code>" in html
    assert f"tenant Contoso ({tenant.server.tenant_id}):" in (actions.folder / "report.md").read_text()
    assert [entry.outer is not None for entry in asked_for_the_name(tenant)] == [True]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_refused_name_of_the_tenant_is_requested_once(play: Plays, tenant: Tenant, status: int) -> None:
    actions = play(gateway("graz"))
    provision(actions, "graz")
    tenant.server.faults.add(path="^/v1.0/organization", status=status, times=99)
    result, found = report(actions)
    assert not result.get("failed")
    assert found["tenants"] == [{"tenant_id": tenant.server.tenant_id, "display_name": None}]
    assert in_store(found) == {"graz": "yes"}
    assert len(asked_for_the_name(tenant)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"value": None},
        {"value": []},
        {"value": ["Contoso"]},
        {"value": [{"id": "b2466de6-5867-4b23-83ff-449c85f44ba1", "displayName": "Fabrikam"}]},
        {"value": [{"id": "{tenant_id}", "displayName": 7}]},
        {"value": [], "@odata.nextLink": "https://elsewhere.example/"},
    ],
)
def test_an_invalid_name_of_the_tenant_is_ignored(play: Plays, tenant: Tenant, answer: Json) -> None:
    actions = play(gateway("graz"))
    provision(actions, "graz")
    body = json.loads(json.dumps(answer).replace("{tenant_id}", tenant.server.tenant_id))
    tenant.server.faults.add(path="^/v1.0/organization", status=200, body=body, times=99)
    result, found = report(actions)
    assert not result.get("failed")
    assert found["tenants"] == [{"tenant_id": tenant.server.tenant_id, "display_name": None}]


def test_nothing_is_written_if_all_gateways_are_skipped(play: Plays) -> None:
    actions = play({**gateway("graz", gateway_app_profile="outbound_pigeon"), **gateway("linz")})
    actions.failed_hosts.add("linz")
    result, found = report(actions)
    assert "No gateway could be checked. Found 1 problem. graz was not checked: There is no profile" in result["msg"]
    assert result["error"]["kind"] == "report"
    assert found == {}


def test_an_unreadable_tenant_is_a_problem_of_its_gateways(play: Plays, tenant: Tenant) -> None:
    actions = play(gateway("graz"))
    provision(actions, "graz")
    tenant.server.faults.add(path="^/v1.0/applications", status=403, times=99)
    result, _found = report(actions)
    assert result["failed"]
    assert "graz was not checked:" in result["msg"]


def test_the_scope_mail_includes_applications_without_the_tag(play: Plays, tenant: Tenant) -> None:
    actions = play({"control": {}})
    tenant.register("ours", display_name="Ours", tags=[TAG])
    tenant.register("theirs", display_name="Theirs")
    for name in ("ours", "theirs"):
        tenant.ok("azure_app_graph_permissions", unique_name=name, application_permissions=["Mail.ReadWrite"])
    names = {}
    for scope in ("managed", "mail"):
        _result, found = report(actions, scope=scope)
        names[scope] = [application["display_name"] for application in found["applications"]]
    assert names == {"managed": ["Ours"], "mail": ["Ours", "Theirs"]}


def test_an_application_without_a_name_is_reported(play: Plays, tenant: Tenant) -> None:
    actions = play(gateway("graz"))
    provision(actions, "graz")
    tenant.application(uniqueName="graz")["displayName"] = None
    _result, found = report(actions)
    (application,) = found["applications"]
    assert (application["unique_name"], application["display_name"]) == ("graz", None)


def test_an_unreadable_tenant_without_gateways_fails_the_task(play: Plays, tenant: Tenant) -> None:
    tenant.server.faults.add(path="^/v1.0/applications", status=403, times=99)
    result, found = report(play({"printer": {}}))
    assert (result["failed"], result["error"]["kind"], found) == (True, "graph", {})


@pytest.mark.parametrize(("nth", "times"), [(1, 1), (2, 1), (1, 0)])
def test_the_applications_of_a_tenant_are_read_in_pages_and_listed_once(
    play: Plays, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, nth: int, times: int
) -> None:
    """Also if the address of a page expires, after which the entries are repeated."""
    monkeypatch.setattr(registration_info, "LARGEST_PAGE", 5)
    actions = play({"control": {}})
    names = [f"n{number:02}" for number in range(12)]
    for name in names:
        tenant.register(name, display_name=name, tags=[TAG])
    expired = {"error": {"code": "Directory_ExpiredPageToken", "message": "The page token is expired."}}
    if times:
        tenant.server.faults.add(path="skiptoken", status=400, body=expired, nth=nth, times=times)
    tenant.clear_requests()
    _result, found = report(actions)
    assert [application["display_name"] for application in found["applications"]] == names
    pages = [entry for entry in tenant.server.requests() if "skiptoken" in entry.query]
    assert len(pages) == 2 + nth * times


def test_too_many_applications_fail_the_task(play: Plays, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_tenant, "MOST_APPLICATIONS", 3)
    actions = play({"control": {}})
    for number in range(4):
        tenant.register(f"n{number}", display_name=f"n{number}", tags=[TAG])
    result, found = report(actions)
    assert result["failed"] and "more than 3 entries" in result["msg"]
    assert not found


def test_a_long_name_is_truncated(play: Plays, tenant: Tenant) -> None:
    """No name in a directory has so many characters; names of another server could fill the memory."""
    actions = play({"control": {}})
    tenant.register("n", tags=[TAG])
    tenant.application(uniqueName="n")["displayName"] = "x" * 257
    _result, found = report(actions)
    (application,) = found["applications"]
    assert application["display_name"] == "x" * 256


def test_a_failure_for_due_credentials_or_drift_has_the_complete_result(play: Plays) -> None:
    actions = play(gateway("graz"))
    provision(actions, "graz")
    (actions.folder / "graz.vault.yml").unlink()
    result, _found = report(actions, fail_within_days=900, fail_on_drift=True)
    assert (result["failed"], result["summary"]["not_in_store"]) == (True, 1)
    assert result["failures"] == len(result["failure_list"]) > 1
    assert f"Found {result['failures']} problems" in result["msg"]
    assert "the store has no client secret. Run the playbook" in " ".join(result["failure_list"])


def test_the_message_lists_twenty_problems_and_the_report_all(play: Plays) -> None:
    many: dict[str, Json] = {}
    for number in range(22):
        many |= gateway(f"host{number:02}", gateway_app_client_id=f"wrong {number}")
    result, _found = report(play({**gateway("graz"), **many}))
    assert result["failures"] == 22
    assert result["msg"].count(" was not checked:") == 20
    assert "The others are in the report." in result["msg"]


def test_messages_of_the_role_name_its_variables(play: Plays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Task, "get_path", lambda _task: f"{REPORT_TASKS}:7")
    result, _found = report(play(gateway("graz")), mode="rw-r-----")
    assert result["msg"].startswith("gateway_app_report_mode")
