# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A template in a file from other people, or in the tenant, is plain text: it is never evaluated when it is shown.

Each text is shown with debug, as a fact, as a condition and in messages of failures.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultSecret

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import VARIABLE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.vault_file import VaultFile
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import (
    VAULT_PASSWORD,
    Playbooks,
    Run,
)

Json = dict[str, t.Any]
ROLE = "email_gateway.azure_apps.gateway_app"
REPORT = "email_gateway.azure_apps.gateway_app_report"
# Each file has its own, so that a failure shows which one was evaluated.
SOURCES = ("title", "source", "version", "permission", "section", "client_id", "record", "tag", "application", "notes")


class Traps:
    """Templates that create a file if they are evaluated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "sprung"
        self.folder.mkdir()

    def __getitem__(self, name: str) -> str:
        assert name in SOURCES
        return f"{{{{ lookup('pipe', 'touch {self.folder.name}/{name}') }}}}"  # in the folder of the playbook

    @property
    def sprung(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def traps(tmp_path: Path) -> Traps:
    return Traps(tmp_path)


def shown(name: str) -> list[Json]:
    """Tasks that show a variable in each way that a play can."""
    return [
        {"ansible.builtin.debug": {"var": name}},
        {"ansible.builtin.debug": {"msg": f"{{{{ {name} }}}} {{{{ {name} | to_json }}}} {{{{ {name} | string }}}}"}},
        {"ansible.builtin.set_fact": {"seen": f"{{{{ {name} }}}}", "text": f"it is {{{{ {name} }}}}"}},
        {"ansible.builtin.debug": {"msg": "{{ seen }} {{ text }}"}, "when": "text | length > 0 and seen != ''"},
        {"ansible.builtin.copy": {"content": f"{{{{ {name} | to_nice_json }}}}", "dest": "{{ playbook_dir }}/shown"}},
    ]


def role(entry: str = "main", **variables: t.Any) -> list[Json]:
    """The role, its result and its summary."""
    given = {
        "gateway_app_profile": "outbound_smtp",
        "gateway_app_unique_name": "gateway",
        "gateway_app_display_name": "Gateway",
        "gateway_app_wait_timeout": 20,
        **variables,
    }
    summary = "gateway_app_result | email_gateway.azure_apps.gateway_app_summary"
    return [
        {"ansible.builtin.include_role": {"name": ROLE, "tasks_from": entry}, "vars": given},
        *shown("gateway_app_result"),
        {"ansible.builtin.debug": {"msg": f"{{{{ {summary} }}}}"}, "when": "gateway_app_result.proven is defined"},
    ]


def report(**variables: t.Any) -> list[Json]:
    given = {"gateway_app_profile": "outbound_smtp", "gateway_app_unique_name": "gateway", **variables}
    return [{"ansible.builtin.include_role": {"name": REPORT}, "vars": given}, *shown("gateway_app_report_result")]


def task(module: str, **options: t.Any) -> list[Json]:
    return [{f"email_gateway.azure_apps.{module}": options, "register": "registered"}, *shown("registered")]


def play(playbooks: Playbooks, *blocks: list[Json], **variables: t.Any) -> Run:
    """Failures are shown as well; ``failures`` are the messages."""
    rescue = [
        *shown("ansible_failed_result"),
        {"ansible.builtin.set_fact": {"failures": "{{ failures + [ansible_failed_result.msg | string] }}"}},
        {"ansible.builtin.meta": "clear_host_errors"},
    ]
    tasks = [{"block": block, "rescue": rescue} for block in blocks]
    first: list[Json] = [{"ansible.builtin.set_fact": {"failures": []}}]
    plays = [{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [*first, *tasks]}]
    run = playbooks.run(plays, show=["failures"]).ok()
    assert "touch sprung/" in run.output, "the text is shown unchanged"
    return run


def profile(playbooks: Playbooks, name: str, **members: t.Any) -> str:
    path = playbooks.folder / name
    permissions = [{"resource": "microsoft_graph", "application": ["Mail.ReadWrite"]}]
    content = {"title": "A profile", "source": "https://example.com", "permissions": permissions, **members}
    path.write_text(yaml.safe_dump({"gateway_app_profile_content": content}))
    return str(path)


def test_a_template_in_a_profile_is_not_evaluated(playbooks: Playbooks, traps: Traps) -> None:
    texts = {"title": traps["title"], "source": traps["source"], "product_versions": [traps["version"]]}
    file = profile(playbooks, "profile.yml", **texts)
    permissions = [{"resource": "microsoft_graph", "application": [traps["permission"]]}]
    wrong = profile(playbooks, "wrong.yml", permissions=permissions)
    run = play(
        playbooks,
        task("azure_app_profile_info", profile_file=file),
        role(gateway_app_profile="", gateway_app_profile_file=file),
        report(gateway_app_profile_file=file),
        role(gateway_app_profile="", gateway_app_profile_file=wrong),
        report(gateway_app_profile_file=wrong),
    )
    assert len(run.results["failures"]) == 2
    assert all("touch" in message for message in run.results["failures"])
    assert traps.sprung == []


def test_a_template_in_a_credentials_file_is_not_evaluated(playbooks: Playbooks, traps: Traps) -> None:
    folder = playbooks.folder / "home" / ".azure"
    folder.mkdir()
    (folder / "credentials").write_text(f"[{traps['section']}]\nclient_id = {traps['client_id']}\nsecret = s\n")
    blocks = []
    for section in ("another", traps["section"]):
        blocks += [role(), report(), task("azure_app_registration_info", auth_profile="{{ named }}")]
        playbooks.environ["AZURE_PROFILE"] = section
        run = play(playbooks, *blocks, named="{{ lookup('ansible.builtin.env', 'AZURE_PROFILE') }}")
        assert all("touch" in message for message in run.results["failures"])
        assert len(run.results["failures"]) == len(blocks)
    assert traps.sprung == []


@pytest.mark.parametrize("members", ["key_id secret_start handed_over_to type", "client_id tenant_id"])
def test_a_template_in_the_record_of_a_store_is_not_evaluated(playbooks: Playbooks, traps: Traps, members: str) -> None:
    playbooks.register(gateway_app_profile="outbound_smtp").ok()
    text = traps["record"]
    changed = {member: [text] if member == "handed_over_to" else text for member in members.split()}
    secrets = [("default", VaultSecret(VAULT_PASSWORD.encode()))]
    VaultFile(str(playbooks.store), secrets=secrets, vault_id=None).write({VARIABLE: {**playbooks.stored(), **changed}})
    (playbooks.folder / "text").write_text(text)  # always shown, also if no message repeats a record
    stored: Json = {"stores": [{"type": "ansible_vault"}], "store_path": str(playbooks.store)}
    play(
        playbooks,
        task("azure_app_credential_info", **stored),
        report(gateway_app_report_fail_on_drift=True, gateway_app_store_path=str(playbooks.store)),
        role("verify"),
        role(),
        [{"ansible.builtin.debug": {"msg": "{{ lookup('ansible.builtin.file', 'text') }}"}}],
    )
    assert traps.sprung == []


def test_templates_in_the_tenant_and_in_a_settings_file_of_a_report_are_not_evaluated(
    playbooks: Playbooks, traps: Traps
) -> None:
    """Also in the failure of a host, which is a separate task."""
    (playbooks.folder / "tag.txt").write_text(traps["tag"])
    name = traps["application"]
    made: Json = {"display_name": name, "unique_name": "gateway", "notes": traps["notes"]}
    playbooks.tenant.ok("azure_app_registration", **made)
    playbooks.tenant.ok("azure_app_secret", unique_name="gateway", description=name)
    paths = {f"gateway_app_report_{kind}_path": f"report.{kind}" for kind in ("html", "csv", "json", "markdown")}
    run = play(
        playbooks,
        report(gateway_app_report_tag="{{ lookup('ansible.builtin.file', 'tag.txt') }}"),
        report(
            gateway_app_report_fail_within_days=900,
            gateway_app_report_fail_on_drift=True,
            **paths,
        ),
    )
    of_the_tag, of_the_host = run.results["failures"]
    assert "touch sprung/tag" in of_the_tag
    assert "touch sprung/application" in of_the_host
    assert "Fail if this gateway has a problem" in run.output
    found = json.loads((playbooks.folder / "report.json").read_text())
    assert [application["display_name"] for application in found["applications"]] == [name]
    for path in paths.values():
        assert "touch" in (playbooks.folder / path).read_text()
    assert traps.sprung == []


def test_the_traps_detect_evaluation(playbooks: Playbooks, traps: Traps) -> None:
    """A variable of the user's own is evaluated."""
    playbooks.run(
        [{"hosts": "localhost", "gather_facts": False, "vars": {"own": traps["title"]}, "tasks": shown("own")}]
    )
    assert traps.sprung == ["title"]
