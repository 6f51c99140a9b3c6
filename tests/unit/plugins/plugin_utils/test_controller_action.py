# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.plain import plain
from ansible_collections.email_gateway.azure_apps.tests.unit.action_runner import ActionRunner
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant


class Text(str):
    """Like the tagged and unsafe strings of ansible-core."""

    __slots__ = ()


@pytest.mark.parametrize("value", ["text", Text("text"), wrap_var("text")], ids=["str", "subclass", "unsafe"])
def test_every_kind_of_string_becomes_a_plain_string(value: t.Any) -> None:
    assert plain(value).__class__ is str
    assert plain(value) == "text"


def test_nested_values_become_plain_and_can_be_dumped() -> None:
    value = wrap_var({"a": ["b", {"c": 1, "d": None, "e": True, "f": 1.5}]})
    assert yaml.safe_load(yaml.safe_dump(plain(value))) == {"a": ["b", {"c": 1, "d": None, "e": True, "f": 1.5}]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime.date(2027, 6, 30), "2027-06-30"),
        (datetime.datetime(2027, 6, 30, 12, tzinfo=datetime.timezone.utc), "2027-06-30T12:00:00+00:00"),
    ],
)
def test_dates_of_a_playbook_keep_their_text(value: datetime.date, text: str) -> None:
    assert plain(value) == text


GATEWAY: Json = {"display_name": "Gateway", "unique_name": "gateway"}
LOADED = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in {missing!r}:
            raise ImportError(name=name)

sys.meta_path.insert(0, Missing())
import ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action
print(*[name for name in ("requests", "msal") if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("missing", "imported"), [((), "requests msal"), (("msal",), "requests"), (("requests",), "")], ids=str
)
def test_libraries_are_imported_before_a_worker_is_forked(missing: tuple[str, ...], imported: str) -> None:
    """A missing library is reported by the task that needs it, see test_sign_in.py, not when the plugin is loaded."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    code = LOADED.format(missing=missing)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == imported


# What a change, a refusal, another kind of credential or another way to sign in needs.
RARELY_NEEDED = (
    "module_utils._core.graph_codes",
    "module_utils._core.rights",
    "module_utils._core.sign_in_codes",
    "module_utils._credential.key_files",
    "module_utils._proof.smtp",
    "module_utils._resources.certificate",
    "module_utils._resources.consent_write",
    "module_utils._resources.federated_credential",
    "module_utils._resources.registration_write",
    "module_utils._resources.secret_creation",
    "module_utils._sign_in.device_code",
    "module_utils._sign_in.key_pair",
    "module_utils._sign_in.managed_identity",
    "plugin_utils._action.rights_of_run",
    "plugin_utils._credential.end",
)
OF_A_STEADY_RUN = (
    "azure_app_profile_info",
    "azure_app_registration",
    "azure_app_graph_permissions",
    "azure_admin_consent",
    "azure_app_secret",
    "azure_app_token_info",
)
IMPORTED = """
import importlib, sys
plugins = "ansible_collections.email_gateway.azure_apps.plugins."
for name in {actions!r}:
    importlib.import_module(f"{{plugins}}action.{{name}}")
print(*[name for name in {names!r} if plugins + name in sys.modules])
"""


def _imported(names: tuple[str, ...]) -> list[str]:
    """Those of the names that are imported by the action plugins of a run that changes nothing."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    code = IMPORTED.format(actions=OF_A_STEADY_RUN, names=names)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.split()


def test_a_run_without_change_does_not_import_what_a_change_needs() -> None:
    """Ansible compiles the files of a collection from source in every run."""
    assert _imported(RARELY_NEEDED) == []


def test_what_later_tasks_of_the_role_need_is_imported_before_a_worker_is_forked() -> None:
    names = ("plugin_utils.stores.ansible_vault", "plugin_utils._role.result", "plugin_utils._role.summary")
    assert _imported(names) == list(names)


def test_a_diff_is_returned_if_it_was_asked_for(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions = ActionRunner(tenant, tmp_path, monkeypatch)
    assert actions.run("azure_app_registration", check=True, **GATEWAY)["diff"]["before"] == {}
    actions.diff = False
    assert "diff" not in actions.run("azure_app_registration", check=True, **GATEWAY)


@pytest.mark.parametrize(("of_role", "name"), [(True, "gateway_app_wait_timeout"), (False, "wait_timeout")])
def test_a_value_of_the_wrong_type_is_refused_by_the_name_that_the_caller_knows(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_role: bool, name: str
) -> None:
    actions = ActionRunner(tenant, tmp_path, monkeypatch)
    actions.of_role = of_role
    refused = actions.run("azure_app_registration", **{**GATEWAY, "wait_timeout": "soon"})
    assert refused["msg"].startswith(f"argument '{name}' is of type ")
    assert ("--type role" in refused["error"]["next_step"]) is of_role


OTHERS = ("gateway_app_environment", "gateway_app_consent_environment", "gateway_app_mailbox_environment")
PROFILE = {
    "operator_steps": ["register", "client_secret"],
    "consent_steps": ["consent_application"],
    "mailbox_steps": [],
}


def of_role(tenant: Tenant, folder: Path, monkeypatch: pytest.MonkeyPatch, **variables: t.Any) -> ActionRunner:
    known = {"__gateway_app_profile": PROFILE, **{name: {} for name in OTHERS}, **variables}
    actions = ActionRunner(tenant, folder, monkeypatch, {"one": known})
    actions.of_role = True
    return actions


def test_a_refusal_in_the_role_names_all_rights_that_the_run_lacks(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.sign_in_with("Application.Read.All")
    alone = of_role(tenant, tmp_path, monkeypatch).run("azure_app_registration", **GATEWAY)
    assert alone["msg"].count(" lacks ") == 1
    for right in ("Application.ReadWrite.OwnedBy", "AppRoleAssignment.ReadWrite.All"):
        assert right in alone["error"]["next_step"]
    client_id, secret = tenant.server.add_operator(["Application.Read.All"])
    other = {"AZURE_CLIENT_ID": client_id, "AZURE_SECRET": secret}
    consents = of_role(tenant, tmp_path, monkeypatch, gateway_app_consent_environment=other)
    assert consents.run("azure_app_registration", **GATEWAY)["msg"].count(" lacks ") == 2, "each for its steps"
    consents.of_role = False
    assert " lacks " not in consents.run("azure_app_registration", **GATEWAY)["msg"]


def test_a_refused_look_up_of_the_profile_names_all_rights(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steps are taken from the profile, which is read again without the tenant."""
    tenant.sign_in_with("Mail.Read")
    settings = {"gateway_app_profile": "outbound_smtp", "gateway_app_unique_name": "gateway"}
    settings["gateway_app_store_path"] = str(tmp_path / "gateway.vault.yml")
    actions = of_role(tenant, tmp_path, monkeypatch, **settings)
    result = actions.run("azure_app_profile_info", profile="outbound_smtp", look_up=True)
    assert result["failed"] and " lacks " in result["msg"]
    assert "Application.ReadWrite.OwnedBy" in result["error"]["next_step"]
