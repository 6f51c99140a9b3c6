# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first task of the role in ansible-playbook: behaviour that depends on ansible-playbook."""

from __future__ import annotations

import json
import typing as t

import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

ROLE = "email_gateway.azure_apps.gateway_app"
INFO = "email_gateway.azure_apps.azure_app_profile_info"
Json = dict[str, t.Any]


def _tried(playbooks: Playbooks, task: t.Callable[[Json], Json], cases: list[Json]) -> list[str]:
    """The message of the task with the variables of each case, or "taken"; in one run."""
    tasks: list[Json] = []
    for number, case in enumerate(cases):
        failure = {"ansible.builtin.set_fact": {f"failure_{number}": "{{ ansible_failed_result | to_json }}"}}
        taken = {"ansible.builtin.set_fact": {f"failure_{number}": "taken"}}
        tasks.append({"block": [task(case), taken], "rescue": [failure]})
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    run = playbooks.run([play], show=[f"failure_{number}" for number in range(len(cases))]).ok()
    assert run.writes == []
    answers = [run.results[f"failure_{number}"] for number in range(len(cases))]
    return [answer if isinstance(answer, str) else json.dumps(answer) for answer in answers]


def _include(case: Json) -> Json:
    return {"ansible.builtin.include_role": {"name": ROLE}, "vars": {"gateway_app_profile": "outbound_smtp", **case}}


def test_messages_name_the_variables_of_the_role(playbooks: Playbooks) -> None:
    profiles = ", ".join(sorted(path.stem for path in (REPOSITORY / "roles/gateway_app/vars/profiles").glob("*.yml")))
    choice = f"Set gateway_app_profile to one of {profiles}, or gateway_app_profile_file to a file of your own."
    cases: dict[str, Json] = {
        "gateway_app_secret_lifetime (did you mean gateway_app_secret_lifetime_days?)": {
            "gateway_app_secret_lifetime": 7
        },
        "gateway_app_enviroment (did you mean gateway_app_environment?)": {"gateway_app_enviroment": {}},
        "gateway_app_prove (did you mean gateway_app_verify_token?)": {"gateway_app_prove": False},
        f"gateway_app_profile is not set. {choice}": {"gateway_app_profile": ""},
        f"no profile 'outbound_pigeon'. {choice}": {"gateway_app_profile": "outbound_pigeon"},
        "Set gateway_app_profile_file to a file that is there": {"gateway_app_profile_file": "nowhere.yml"},
        "has the type 'pigeon', which does not exist": {"gateway_app_stores": [{"type": "pigeon"}]},
        "which looks like a secret": {"gateway_app_stores": [{"type": "hashi_vault", "name": "g", "token": "x"}]},
        "of gateway_app_stores, of the type hashi_vault": {"gateway_app_stores": [{"type": "hashi_vault"}]},
        "gateway_app_tags: 'has blank'": {"gateway_app_tags": ["has blank"]},
        "gateway_app_display_name has 121 characters": {"gateway_app_display_name": "x" * 121},
        "gateway_app_unique_name is blank": {"gateway_app_unique_name": " "},
    }
    for words, message in zip(cases, _tried(playbooks, _include, list(cases.values())), strict=True):
        assert words in message


def test_an_inventory_without_its_group_is_reported(playbooks: Playbooks) -> None:
    """The playbooks run for localhost by default, which has no variables then."""
    inventory = playbooks.folder / "inventory.yml"
    gateways = {"hosts": {"one": None}, "vars": {"gateway_app_profile": "outbound_smtp"}}
    inventory.write_text(yaml.safe_dump({"mail_gateways": gateways}))
    command = ("ansible-playbook", "-i", str(inventory), "email_gateway.azure_apps.check_access")
    playbooks.command(*command).failed("gateway_app_profile is not set for localhost. Add -e gateway_app_hosts=GROUP")
    playbooks.command(*command, "-e", "gateway_app_hosts=mail_gateways").ok()


def test_a_conflict_names_the_variables_of_the_role_and_the_options_of_the_module(playbooks: Playbooks) -> None:
    made = playbooks.tenant.register("other", display_name="Gateway")
    registration = {"email_gateway.azure_apps.azure_app_registration": {"display_name": "Gateway"}}
    (of_role,) = _tried(playbooks, _include, [{"gateway_app_display_name": "Gateway"}])
    (of_module,) = _tried(playbooks, lambda _case: registration, [{}])
    adopt = f"client_id={made['client_id']}"
    assert f"set gateway_app_{adopt} together with gateway_app_unique_name" in of_role
    assert f"set {adopt} together with unique_name" in of_module


def test_an_unknown_variable_name_is_a_warning(playbooks: Playbooks) -> None:
    task: Json = {INFO: {"profile": "outbound_smtp", "look_up": False}, "vars": {"gateway_app_building": 7}}
    run = playbooks.run([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]).ok()
    assert "gateway_app_building" in run.output


def test_a_relative_file_is_searched_beside_the_playbook_first(playbooks: Playbooks) -> None:
    """Then in the working folder. Ansible's own keywords do the same."""
    beside, working = playbooks.folder / "beside", playbooks.folder
    for folder, names in ((beside, ("both",)), (working, ("both", "only"))):
        (folder / "tasks").mkdir(parents=True)
        for name in names:
            (folder / "tasks" / f"{name}.yml").write_text("[]")
    content = {"gateway_app_profile_content": {"title": "beside", "permissions": []}}
    (beside / "mine.yml").write_text(yaml.safe_dump(content))
    tasks: list[Json] = []
    for name in ("both", "only"):
        options = {"profile_file": "mine.yml", "look_up": False, "settings": {"after_new_secret": f"tasks/{name}.yml"}}
        tasks += [
            {INFO: options, "register": name},
            {"ansible.builtin.debug": {"msg": f"<<{{{{ {name}.after_new_secret }}}}>>"}},
        ]
    (beside / "play.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    run = playbooks.command("ansible-playbook", str(beside / "play.yml")).ok()
    assert f"<<{beside / 'tasks' / 'both.yml'}>>" in run.output
    assert f"<<{working / 'tasks' / 'only.yml'}>>" in run.output


def test_an_encrypted_profile_is_read(playbooks: Playbooks) -> None:
    path = playbooks.folder / "mine.yml"
    path.write_text(yaml.safe_dump({"gateway_app_profile_content": {"title": "t", "permissions": []}}))
    playbooks.command("ansible-vault", "encrypt", str(path)).ok()
    task: Json = {INFO: {"profile_file": str(path), "look_up": False}}
    playbooks.run([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]).ok()


def test_consent_to_another_application_is_refused_with_ignore_errors(playbooks: Playbooks) -> None:
    made = playbooks.tenant.register()
    playbooks.tenant.ok(
        "azure_app_graph_permissions", unique_name="gateway", application_permissions=["Mail.ReadWrite"]
    )
    expected = {"gateway": {"client_id": "11111111-1111-1111-1111-111111111111", "tenant_id": made["tenant_id"]}}
    task: Json = {
        "email_gateway.azure_apps.azure_admin_consent": {"unique_name": "gateway", "expected_applications": expected}
    }
    play = {"hosts": "localhost", "gather_facts": False, "ignore_errors": True, "tasks": [task]}
    run = playbooks.run([play]).ok()
    assert "expected_applications lists the one with the client id 11111111" in run.output
    assert run.writes == []
