# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any value of a variable of a role is either accepted or refused by name before the first write.

One play tries many values, with one include of the role for each. The variables are those of meta/argument_specs.yml.
"""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit import hostile_input
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

REFUSED: dict[str, list[t.Any]] = {  # for every variable of this kind
    "int": ["soon", "", [], -1, 10**30, "1e400", hostile_input.CODE[0]],
    "bool": ["perhaps", 2, [], hostile_input.CODE[0]],
    "list": [{"a": 1}, ["nul\0nul"]],
    "dict": ["x", 7, ["x"], hostile_input.CODE[0]],
    "path": ["/", "x" * 300, "b/" * 3000, "nul\0nul", ["x"]],
    "str": ["x" * 5000, "nul\0nul"],
}
REFUSED["raw"] = REFUSED["dict"]  # dictionaries, a list of dictionaries, or either as text
TAKEN_OR_REFUSED = {
    "gateway_app_display_name": ["O'Brien') or ('1' eq '1", hostile_input.CODE[0], " "],
    "gateway_app_unique_name": ["../O'Brien?#%27", hostile_input.CODE[1]],
    "gateway_app_secret_description": [hostile_input.CODE[0], "\u202e\u05e9\U0001f4e7"],
    "gateway_app_profile_file": ["directory", "dangling", "loop"],
    "gateway_app_store_path": ["directory", "plain", "loop", "pipe", "plain/file"],
}


# Variables that are only used with one kind of credential.
WITH = {"gateway_app_certificate_path": "certificate", "gateway_app_federated_credential": "federated"}


def _options(role: str, entry: str = "main") -> dict[str, dict[str, t.Any]]:
    described = yaml.safe_load((REPOSITORY / f"roles/{role}/meta/argument_specs.yml").read_text())
    options: dict[str, dict[str, t.Any]] = described["argument_specs"][entry]["options"]
    return options


def _data(value: t.Any) -> t.Any:
    """Data that Ansible does not treat as a template, like data from elsewhere, in the form of its JSON files."""
    if isinstance(value, str):
        return {"__ansible_unsafe": value}
    if isinstance(value, list):
        return [_data(item) for item in value]
    return {name: _data(item) for name, item in value.items()} if isinstance(value, dict) else value


def _tried(
    playbooks: Playbooks, role: str, cases: list[dict[str, t.Any]], *, entry: str = "main"
) -> tuple[Run, list[str | None]]:
    """Run the role once for each case; returns the message of each failure, or None if it was accepted."""
    tasks: list[dict[str, t.Any]] = []
    for number, case in enumerate(cases):
        # As in the playbooks: the role's first task refuses all of them by itself.
        of_role = {"name": f"email_gateway.azure_apps.{role}", "tasks_from": entry, "rolespec_validate": False}
        include = {
            "ansible.builtin.include_role": of_role,
            "vars": {name: f"{{{{ cases[{number}]['{name}'] }}}}" for name in case},
        }
        failure = "{{ {'failure': ansible_failed_result} | to_json }}"
        tasks.append(
            {
                "block": [include, {"ansible.builtin.set_fact": {f"failure_{number}": "taken"}}],
                "rescue": [{"ansible.builtin.set_fact": {f"failure_{number}": failure}}],
            }
        )
    (playbooks.folder / "cases.json").write_text(json.dumps({"cases": _data(cases)}))
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    run = playbooks.run([play], "-e", "@cases.json", show=[f"failure_{number}" for number in range(len(cases))]).ok()
    answers = [run.results[f"failure_{number}"] for number in range(len(cases))]
    return run, [None if answer == "taken" else json.dumps(answer) for answer in answers]


def _names_variable(messages: str, name: str) -> bool:
    """The message names the variable, or what it is about."""
    aliases = {
        "gateway_app_profile_file": ["The profile "],
        "gateway_app_store_path": ["path"],
        "gateway_app_certificate_path": ["path"],
        "gateway_app_store_vault_id": ["vault id", "vault_id"],
    }
    return any(word in messages for word in (name, *aliases.get(name, [])))


def _cases(role: str, group: list[str]) -> list[tuple[str, t.Any]]:
    options = _options(role)
    found = [(name, value) for name in group for value in REFUSED[options[name]["type"]]]
    return [*found, *((name, value) for name in group for value in TAKEN_OR_REFUSED.get(name, []))]


KINDS = ("int", "bool", "list", "dict", "path", "str")


@pytest.mark.parametrize("kind", KINDS)
def test_invalid_variables_of_gateway_app_are_refused_before_the_first_write(playbooks: Playbooks, kind: str) -> None:
    names = [name for name, option in _options("gateway_app").items() if option["type"] == kind]
    hostile_input.paths(playbooks.folder)
    tries = _cases("gateway_app", names)
    profile = playbooks.folder / "takes_all.yml"
    content = {"permissions": [], "credential_types": ["certificate", "federated"]}
    profile.write_text(yaml.safe_dump({"gateway_app_profile_content": content}))
    cases = []
    for number, (name, value) in enumerate(tries):
        case = {
            "gateway_app_profile": "outbound_smtp",
            "gateway_app_display_name": f"Case {number}",
            "gateway_app_unique_name": f"case-{number}",
            "gateway_app_wait_timeout": 20,
            "gateway_app_consent": "none",
            "gateway_app_verify_token": False,
        }
        kind_of_credential = WITH.get(name)
        if kind_of_credential:
            case |= {"gateway_app_credential_type": kind_of_credential, "gateway_app_profile_file": str(profile)}
        cases.append({**case, name: value})
    _run, messages = _tried(playbooks, "gateway_app", cases)
    made = playbooks.tenant.applications
    for number, ((name, value), answer) in enumerate(zip(tries, messages, strict=True)):
        about = f"{name}: {str(value)[:60]!r}: {answer}"
        own = [a for a in made if a["uniqueName"] == f"case-{number}" or a["displayName"] == f"Case {number}"]
        if answer is None:
            assert name in TAKEN_OR_REFUSED and value in TAKEN_OR_REFUSED[name], about
            assert len([a for a in made if value in (a["uniqueName"], a["displayName"])] or own) == 1, about
        else:
            assert not own, about
            assert _names_variable(answer, name), about
    assert not list(playbooks.folder.glob(f"**/{hostile_input.PWNED}"))


def test_invalid_variables_of_verify_are_refused_before_any_request(playbooks: Playbooks) -> None:
    options = _options("gateway_app", "verify")
    own = [name for name in options if name not in _options("gateway_app")]
    begins = ("gateway_app_verify_", "gateway_app_expected_applications", "gateway_app_mailbox")
    assert own and all(name.startswith(begins) for name in own)
    tries = [(name, value) for name in own for value in REFUSED[options[name]["type"]]]
    addresses = ["no-mailbox", " ", ["a@b.example"], 7, "a/../b@c.example", f"{hostile_input.CODE[0]}@b.example"]
    tries += [(name, value) for name in own if name.endswith("mailbox") for value in addresses]
    tries += [("gateway_app_verify_smtp_host", value) for value in ("https://smtp.example", "a b", "")]
    tries += [("gateway_app_verify_smtp_port", value) for value in (0, 65536, 1e9)]
    tries += [("gateway_app_verify_smtp", True)]  # without a mailbox
    cases = [{"gateway_app_profile": "outbound_smtp", name: value} for name, value in tries]
    run, messages = _tried(playbooks, "gateway_app", cases, entry="verify")
    for (name, value), answer in zip(tries, messages, strict=True):
        about = f"{name}: {str(value)[:60]!r}: {answer}"
        assert answer is not None and name in answer, about
        assert "Traceback" not in answer, about
    assert run.requests == []
    assert not list(playbooks.folder.glob(f"**/{hostile_input.PWNED}"))


def test_invalid_expected_applications_are_refused_before_any_request(playbooks: Playbooks) -> None:
    malformed = [*REFUSED["dict"], "a=b", {"gateway": "x"}, {"gateway": {}}, {"gateway": {"tenant_id": "x"}}]
    cases = [
        {"gateway_app_profile": "outbound_smtp", "gateway_app_expected_applications": value} for value in malformed
    ]
    run, messages = _tried(playbooks, "gateway_app", cases, entry="consent")
    for value, answer in zip(malformed, messages, strict=True):
        assert answer is not None and "gateway_app_expected_applications" in answer, f"{value}: {answer}"
    assert run.requests == []


def test_an_unknown_playbook_name_is_refused(playbooks: Playbooks) -> None:
    wrong: list[t.Any] = [[], "", ["registers"], {"a": 1}, ["register", 7]]
    cases = [{"gateway_app_profile": "outbound_smtp", "gateway_app_check_access_for": value} for value in wrong]
    run, messages = _tried(playbooks, "gateway_app", cases, entry="check_access")
    for value, answer in zip(wrong, messages, strict=True):
        assert answer is not None and "gateway_app_check_access_for" in answer, f"{value}: {answer}"
    assert run.requests == []
