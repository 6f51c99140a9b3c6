# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report, run as by a user, for a tenant with applications that are fine, due, expired and hostile."""

from __future__ import annotations

import csv
import html.parser
import json
import re
import stat
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.playbooks.report_gateways import inventory, provision
from ansible_collections.email_gateway.azure_apps.tests.unit.report_tenant import HOSTILE_NAMES, furnish

PATHS = {name: f"out/report.{name}" for name in ("html", "csv", "json", "markdown")}
GATEWAYS: dict[str, dict[str, t.Any]] = {
    "vienna": {"gateway_app_profile": "outbound_microsoft365"},
    "graz": {"gateway_app_profile": "outbound_smtp"},
    "linz": {"gateway_app_profile": "outbound_smtp_sendas"},
    "wels": {"gateway_app_profile": "outbound_smtp", "gateway_app_tags": []},
}


def register(playbooks: Playbooks) -> None:
    provision(playbooks, GATEWAYS)


def report(playbooks: Playbooks, *arguments: str, hosts: str = "mail_gateways", **variables: t.Any) -> Run:
    paths = {f"gateway_app_report_{name}_path": str(playbooks.folder / path) for name, path in PATHS.items()}
    given = {**paths, **({"gateway_app_hosts": hosts} if hosts else {}), **variables}
    where = ("-i", str(playbooks.folder / "inventory.yml")) if hosts else ()
    return playbooks.command(
        "ansible-playbook", "email_gateway.azure_apps.report", *where, "-e", json.dumps(given), *arguments
    )


def written(playbooks: Playbooks) -> dict[str, str]:
    return {name: (playbooks.folder / path).read_text() for name, path in PATHS.items()}


def report_document(playbooks: Playbooks) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads(written(playbooks)["json"])
    return found


def of(found: dict[str, t.Any], unique_name: str) -> dict[str, t.Any]:
    (one,) = [application for application in found["applications"] if application["unique_name"] == unique_name]
    return t.cast("dict[str, t.Any]", one)


def end_in(playbooks: Playbooks, unique_name: str, days: float) -> None:
    """Set the end of the only client secret of the application."""
    moment = datetime.now(timezone.utc) + timedelta(days=days, hours=1)
    (secret,) = playbooks.tenant.application(uniqueName=unique_name)["passwordCredentials"]
    secret["endDateTime"] = f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def failed_hosts(run: Run) -> list[str]:
    """The failed hosts in the recap of the run."""
    return sorted(re.findall(r"^(\S+) +: ok=.*failed=[1-9]", run.output, re.MULTILINE))


class Page(html.parser.HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_every_view_contains_everything(playbooks: Playbooks) -> None:
    register(playbooks)
    furnish(playbooks.server)
    end_in(playbooks, "gateway-graz", 12)
    run = report(playbooks, gateway_app_report_scope="mail").ok()
    assert run.writes == [], "a report never writes to the tenant"
    texts, found = written(playbooks), report_document(playbooks)
    assert {stat.S_IMODE((playbooks.folder / path).stat().st_mode) for path in PATHS.values()} == {0o640}

    assert set(HOSTILE_NAMES) <= {application["display_name"] for application in found["applications"]}
    vienna = of(found, "gateway-vienna")
    assert vienna["gateways"] == [
        {
            "host": "vienna",
            "profile": "outbound_microsoft365",
            "credential": "client secret",
            "in_store": "yes",
            "in_store_note": "",
            "next_step": "",
            "missing_permissions": [],
            "limited": False,
        }
    ]
    assert [(p["name"], p["state"], p["wanted"]) for p in vienna["permissions"]] == [
        (name, "granted", True)
        for name in ("Group.Read.All", "GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All")
    ]
    assert vienna["status"] == "ok"
    assert [owner["type"] for owner in vienna["owners"]] == ["servicePrincipal"]
    assert (of(found, "gateway-graz")["status"], of(found, "gateway-graz")["days_left"]) == ("due", 12)
    assert of(found, "gateway-wels")["managed"] is False, "it has no tag, but belongs to a gateway"
    assert of(found, "two-secrets")["gateways"] == []
    two = {c["description"]: [] for c in of(found, "two-secrets")["credentials"]}  # type: dict[str, list[t.Any]]
    for credential in of(found, "two-secrets")["credentials"]:
        two[credential["description"]].append((credential["status"], credential["newer_exists"], credential["counts"]))
    assert two == {"Mail gateway": [("expired", True, False), ("ok", False, True)]}
    assert [c["kind"] for c in of(found, "with-certificate")["credentials"]] == ["certificate"]
    assert of(found, "expired")["status"] == "expired"
    assert "Calendar only" not in {application["display_name"] for application in found["applications"]}
    assert found["summary"]["credentials"]["due"] == 1
    assert found["summary"]["next"]["gateways"] == ["graz"]

    rows = list(csv.DictReader(texts["csv"].splitlines()))
    assert [row["client_id"] for row in rows] == [
        a["client_id"] for a in found["applications"] for _credential in a["credentials"] or [None]
    ]
    assert not [
        cell
        for row in rows
        for cell in row.values()
        if re.match(r"\s*[=+@-]", cell) and not re.fullmatch(r"-?\d+", cell)
    ]
    assert "'=cmd|' /C calc'!A0" in {row["display_name"] for row in rows}
    assert all(str(c["days_left"]) in {row["days_left"] for row in rows if row["key_id"] == c["key_id"]}
               for a in found["applications"] for c in a["credentials"])  # fmt: skip

    lines = [line for line in texts["markdown"].splitlines() if line.startswith("| ")]
    assert len(lines) == len(rows) + 1
    assert {len(re.split(r"(?<!\\)\|", line)) for line in lines} == {12}
    assert not re.search(r"(?<!\\)<(?!!-- content-digest)", texts["markdown"])

    page = Page(texts["html"])
    assert (page.tags.count("script"), page.tags.count("img"), page.tags.count("iframe")) == (1, 0, 0)
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] == "style"]
    assert not [
        a
        for a in page.attributes
        if a[1] == "src" or (a[1] == "href" and not a[2].startswith(("#", "data:", "https:")))
    ]
    words = "".join(page.words)
    for name in HOSTILE_NAMES:
        assert name in words, name
    assert texts["html"].count("<tr role") == len(found["applications"]) + 1
    for text in texts.values():
        assert "hint" not in text


def test_names_are_not_evaluated_as_templates(playbooks: Playbooks) -> None:
    """Anyone with the right to register an application must not be able to run code on the controller."""
    inventory(playbooks, {})
    furnish(playbooks.server)
    run = report(playbooks, hosts="", gateway_app_report_fail_within_days=50)
    assert "{{ lookup" in run.output
    assert not (playbooks.folder / "pwned").exists()
    assert "{{ lookup('pipe', 'touch pwned') }}" in {
        a["display_name"] for a in report_document(playbooks)["applications"]
    }


def test_a_second_run_changes_nothing_also_on_a_later_day(playbooks: Playbooks) -> None:
    register(playbooks)
    # The number of days left of a new client secret is a whole number only in its first second.
    for host in GATEWAYS:
        end_in(playbooks, f"gateway-{host}", 179)
    assert "changed=1" in report(playbooks).ok().output
    before = {name: (playbooks.folder / path).stat().st_mtime_ns for name, path in PATHS.items()}
    assert "changed=0" in report(playbooks).ok().output
    assert before == {name: (playbooks.folder / path).stat().st_mtime_ns for name, path in PATHS.items()}
    for application in playbooks.tenant.applications:
        for secret in application["passwordCredentials"]:
            assert secret["endDateTime"]
    # The report of some days ago: other days left, another date, other positions in the timeline, the same digest.
    for path in (playbooks.folder / path for path in PATHS.values()):
        text = path.read_text()
        today = (
            json.loads((playbooks.folder / PATHS["json"]).read_text())["generated"] if path.suffix != ".json" else ""
        )
        aged = text.replace(today, "2026-01-01") if today else text.replace('"generated": "', '"generated": "1')
        path.write_text(re.sub(r"(\b17[89]|180)\b(?=(\"|,| days| \|))", "200", aged))
    assert "changed=0" in report(playbooks).ok().output
    assert "2026-01-01" not in written(playbooks)["html"], "the file is updated anyway"
    end_in(playbooks, "gateway-graz", 3)
    assert "changed=1" in report(playbooks).ok().output


def test_check_mode_writes_nothing(playbooks: Playbooks) -> None:
    register(playbooks)
    run = report(playbooks, "--check").ok()
    assert run.writes == []
    assert not (playbooks.folder / "out").exists()
    assert "changed=1" in run.output


@pytest.mark.parametrize(("within", "fails"), [(-1, False), (0, False), (12, False), (13, True)])
def test_due_credentials_fail_the_run_on_request_after_the_files_are_written(
    playbooks: Playbooks, within: int, fails: bool
) -> None:
    register(playbooks)
    end_in(playbooks, "gateway-graz", 12)
    run = report(playbooks, gateway_app_report_fail_within_days=within)
    assert (run.returncode != 0) is fails, run.output
    if fails:
        run.failed("Mail gateway graz (outbound_smtp)", "the secret 'Mail gateway' expires on", "in 12 days")
        assert "vienna (" not in run.output
    assert report_document(playbooks)["summary"]["credentials"]["due"] == 1


def test_an_expired_secret_fails_the_run_until_it_is_replaced(playbooks: Playbooks) -> None:
    register(playbooks)
    end_in(playbooks, "gateway-graz", -3)
    run = report(playbooks, gateway_app_report_fail_within_days=0).failed("has expired on")
    assert failed_hosts(run) == ["graz"]
    assert of(report_document(playbooks), "gateway-graz")["gateways"][0]["in_store"] == "no"
    (advice,) = set(re.findall(r"Run the playbook (\S+) with (\S+) and (\S+), which replaces it", run.output))
    name, *variables = advice
    given = [argument for variable in variables for argument in ("-e", variable)]
    playbooks.command("ansible-playbook", name, "-i", str(playbooks.folder / "inventory.yml"), *given).ok()
    report(playbooks, gateway_app_report_fail_within_days=0).ok()
    assert of(report_document(playbooks), "gateway-graz")["gateways"][0]["in_store"] == "yes"


def test_only_the_task_that_fails_a_host_runs_for_each_host(playbooks: Playbooks) -> None:
    """In the playbook. A host only adds the task for its settings and stores, and one skipped task."""
    register(playbooks)
    end_in(playbooks, "gateway-graz", -3)
    run = report(playbooks, gateway_app_report_fail_within_days=0).failed("has expired on")
    tasks = re.split(r"^TASK ", run.output, flags=re.MULTILINE)[1:]
    hosts = {task.partition("]")[0]: sorted(re.findall(r"^\w+: \[(\w+)\]", task, re.MULTILINE)) for task in tasks}
    several = [name for name, shown in hosts.items() if len(shown) > 1]
    assert len(several) == 1 and several[0].endswith("Fail if this gateway has a problem"), hosts
    assert hosts[several[0]] == ["graz", "linz", "vienna", "wels"]


def test_drift_fails_the_run_on_request(playbooks: Playbooks) -> None:
    register(playbooks)
    graz = playbooks.tenant.application(uniqueName="gateway-graz")
    playbooks.tenant.ok("azure_admin_consent", client_id=graz["appId"], state="absent")
    report(playbooks).ok()
    assert of(report_document(playbooks), "gateway-graz")["drift"] == ["Mail.ReadWrite"]
    report(playbooks, gateway_app_report_fail_on_drift=True).failed(
        "graz (outbound_smtp)", "not granted: Mail.ReadWrite"
    )


def test_a_store_without_a_valid_secret_is_reported(playbooks: Playbooks) -> None:
    register(playbooks)
    playbooks.store_of("gateway-graz").unlink()
    playbooks.store_of("gateway-linz").write_text("nonsense: [")
    playbooks.tenant.application(uniqueName="gateway-vienna")["passwordCredentials"].clear()
    run = report(playbooks, gateway_app_report_fail_on_drift=True)
    run.failed("the store has no client secret. Run", "not among the valid ones of the application. Run")
    assert failed_hosts(run) == ["graz", "linz", "vienna"]
    stores = {h: of(report_document(playbooks), f"gateway-{h}")["gateways"][0]["in_store"] for h in GATEWAYS}
    assert stores == {"vienna": "no", "graz": "no", "linz": "not checked", "wels": "yes"}
    report(playbooks, gateway_app_report_fail_within_days=0).failed("vienna", "has no client secret")


def test_missing_read_rights_are_reported(playbooks: Playbooks) -> None:
    register(playbooks)
    refused = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    playbooks.server.faults.add(method="GET", path="/owners", status=403, body=refused, times=99)
    client_id, client_secret = playbooks.server.add_operator(["Application.ReadWrite.OwnedBy"])
    playbooks.environ.update(playbooks.server.environment(client_id, client_secret))
    report(playbooks).ok()
    vienna = of(report_document(playbooks), "gateway-vienna")
    assert vienna["owners"] is None
    assert {permission["state"] for permission in vienna["permissions"]} == {"unknown"}
    assert "cannot be read" in written(playbooks)["html"]
    report(playbooks, gateway_app_report_fail_on_drift=True).ok()


def test_the_right_to_read_applications_is_sufficient(playbooks: Playbooks) -> None:
    register(playbooks)
    client_id, client_secret = playbooks.server.add_operator(["Application.Read.All"])
    playbooks.environ.update(playbooks.server.environment(client_id, client_secret))
    report(playbooks, gateway_app_report_fail_on_drift=True).ok()
    assert report_document(playbooks)["tenants"] == [{"tenant_id": playbooks.server.tenant_id, "display_name": None}]


def test_gateways_without_an_application_and_failed_hosts_are_reported(playbooks: Playbooks) -> None:
    register(playbooks)
    inventory(playbooks, {**GATEWAYS, "new": {"gateway_app_profile": "outbound_smtp"},
                          "broken": {"gateway_app_profile": "outbound_pigeon"}, "other": {}})  # fmt: skip
    report(playbooks).failed("broken was not checked: There is no profile 'outbound_pigeon'")
    found = report_document(playbooks)
    assert [gateway["host"] for gateway in found["gateways_without_application"]] == ["new"]
    (skipped,) = found["hosts_not_looked_at"]
    assert (skipped["host"], "outbound_pigeon" in skipped["reason"]) == ("broken", True)
    assert "broken" in written(playbooks)["html"]


def test_only_the_html_page_is_written_by_default(playbooks: Playbooks) -> None:
    run = playbooks.command("ansible-playbook", "email_gateway.azure_apps.report").ok()
    assert [path.name for path in (playbooks.folder / "gateway_app").iterdir()] == ["report.html"]
    assert "There is no application to report on" in (playbooks.folder / "gateway_app/report.html").read_text()
    assert run.writes == []


def test_no_file_is_written_without_a_path(playbooks: Playbooks) -> None:
    report(playbooks, hosts="", **{f"gateway_app_report_{name}_path": "" for name in PATHS}).ok()
    assert not (playbooks.folder / "out").exists()
    assert not (playbooks.folder / "gateway_app").exists()


def test_a_path_that_cannot_be_written_is_reported(playbooks: Playbooks) -> None:
    (playbooks.folder / "out").write_text("a file, not a directory")
    report(playbooks, hosts="").failed("Could not write", "Choose another path")


def test_the_environment_of_a_play_is_on_no_command_line(playbooks: Playbooks) -> None:
    """The fixture searches the process list for the secret."""
    own = {f"OWN_{name}": value for name, value in playbooks.tenant.environ.items()}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "environment": {
            name: f"{{{{ lookup('ansible.builtin.env', 'OWN_{name}') }}}}" for name in playbooks.tenant.environ
        },
        "roles": ["email_gateway.azure_apps.gateway_app_report"],
    }
    playbooks.run([play], environ={**dict.fromkeys(playbooks.tenant.environ), **own}).ok()
    assert Path(playbooks.folder / "gateway_app/report.html").is_file()
