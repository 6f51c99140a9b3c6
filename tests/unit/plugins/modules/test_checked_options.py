# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings that the first task of the role has checked are the options of the tasks after it."""

from __future__ import annotations

import importlib
import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checked_options import (
    with_checked_options,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import ROLE_VARIABLES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.validation import validated
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile import variables
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import MODULES, Json, Tenant

PROFILE_INFO = "azure_app_profile_info"
STORES: list[Json] = [{"type": "ansible_vault", "path": "/srv/one.vault.yml"}, {"type": "ansible_vault"}]
# Each value differs from the default.
SETTINGS: Json = {
    "add_user_read": False,
    "certificate_path": "/srv/key.pem",
    "client_id": "b2466de6-5867-4b23-83ff-449c85f44ba1",
    "display_name": "Gateway",
    "expected_applications": {"gateway": {"client_id": "b2466de6-5867-4b23-83ff-449c85f44ba1"}},
    "mailbox_delay_minutes": 5,
    "mailboxes_assigned_at": "2026-11-29T07:00:00Z",
    "overlap_days": 3,
    "profile": "outbound_smtp",
    "profile_file": "",
    "rotate_now": True,
    "secret_description": "our gateway",
    "secret_lifetime_days": 90,
    "secret_renew_before_days": 20,
    "store_path": "/srv/two.vault.yml",
    "store_vault_id": "ours",
    "stores": STORES,
    "unique_name": "gateway",
    "verify_forbidden_mailbox": "director@example.com",
    "verify_mailbox": "gateway@example.com",
    "verify_smtp": True,
    "verify_smtp_host": "smtp.example.com",
    "verify_smtp_port": 2525,
    "verify_token": False,
    "wait_timeout": 60,
}
FEDERATED: Json = {
    "issuer": "https://issuer.example",
    "subject": "gateway",
    "audience": "ours",
    "name": "ours",
    "assertion_file": "/run/token",
}
# Options of a later state, or of the environment of the task.
NOT_CHECKED = {"confirm", "federated_credential", "steps"}


def checked(tenant: Tenant, **settings: t.Any) -> Json:
    given = {**SETTINGS, **settings}
    options = {"profile": given["profile"], "profile_file": given["profile_file"], "wait_timeout": 60}
    return tenant.ok(PROFILE_INFO, **options, look_up=False, settings=given)


def takes_all(folder: t.Any) -> Json:
    path = folder / "mine.yml"
    content = {"permissions": [], "credential_types": ["client_secret", "certificate", "federated"]}
    path.write_text(yaml.safe_dump({"gateway_app_profile_content": content}))
    return {"profile_file": str(path)}


@pytest.mark.parametrize("credential_type", ["client_secret", "certificate", "federated"])
def test_each_setting_is_passed_as_the_option_with_its_name(
    tenant: Tenant, tmp_path: t.Any, credential_type: str
) -> None:
    more = {**takes_all(tmp_path), "certificate_path": str(tmp_path / "key.pem"), "federated_credential": FEDERATED}
    result = checked(tenant, credential_type=credential_type, **more)
    found = result["module_options"]
    assert ("azure_app_certificate" in found) == (credential_type == "certificate")
    assert ("azure_app_federated_credential" in found) == (credential_type == "federated")
    settings = {**SETTINGS, **more}
    for module, options in found.items():
        for option, variable in ROLE_VARIABLES[module].items():
            name = variable.removeprefix(variables.PREFIX)
            # A member of the federated credential, which is compared below, has the name of another setting.
            if option in options and name.isidentifier() and option not in NOT_CHECKED:
                table = "SETTINGS in tests/unit/plugins/modules/test_checked_options.py"
                assert name in settings, f"add {name!r} to {table}, with another value than the default"
                assert options[option] == settings[name], f"{module}: {option}"
    if credential_type == "federated":
        own = found["azure_app_federated_credential"]
        assert own["audiences"] == ["ours"]
        assert {name: own[name] for name in FEDERATED if name != "audience"} == {
            name: value for name, value in FEDERATED.items() if name != "audience"
        }


def test_a_setting_that_is_an_option_has_its_variable_in_messages(tenant: Tenant) -> None:
    for module, options in checked(tenant)["module_options"].items():
        table = f"{module} of ROLE_VARIABLES in plugins/module_utils/_core/names.py"
        for name in sorted(variables.SETTINGS & options.keys()):
            assert ROLE_VARIABLES[module].get(name) == variables.PREFIX + name, f"add {name!r} to {table}"


def test_every_setting_of_a_module_is_passed(tenant: Tenant) -> None:
    for module, options in checked(tenant)["module_options"].items():
        own = importlib.import_module(f"{MODULES}.{module}").MODULE.argument_spec.options
        known = {option for option, variable in ROLE_VARIABLES[module].items() if option in own}
        # The application is named by the task that found it.
        named_by_task = (
            {"client_id", "unique_name", "display_name"} if module != "azure_operator_access_info" else set()
        )
        named_by_task |= {"profile"} if module == "azure_app_verification_info" else set()
        lost = sorted(known - NOT_CHECKED - named_by_task - options.keys())
        assert not lost, f"return {lost} for {module} in plugins/module_utils/_profile/checked_settings.py"


@pytest.mark.parametrize("credential_type", ["client_secret", "certificate", "federated"])
def test_the_modules_accept_their_options(tenant: Tenant, tmp_path: t.Any, credential_type: str) -> None:
    more = {**takes_all(tmp_path), "certificate_path": str(tmp_path / "key.pem"), "federated_credential": FEDERATED}
    result = checked(tenant, credential_type=credential_type, **more)
    for module in result["module_options"]:
        spec = importlib.import_module(f"{MODULES}.{module}").MODULE.argument_spec
        own = {"display_name": "Gateway"} if module == "azure_app_verification_info" else {}
        given = with_checked_options({"profile_info": result, **own}, module)
        validated(spec, given, name=module, see="nowhere")


def test_empty_settings_are_omitted(tenant: Tenant) -> None:
    found = tenant.ok(PROFILE_INFO, profile="outbound_smtp", look_up=False, settings={})["module_options"]
    for module, options in found.items():
        assert {
            "stores",
            "store_path",
            "store_vault_id",
            "client_assertion_file",
            "unique_name",
        } & options.keys() == set()
        assert options["wait_timeout"] == 180, module
    assert found["azure_app_token_info"]["poll"] is True
    waiting = checked(tenant, consent="none")["module_options"]["azure_app_token_info"]
    assert (waiting["poll"], waiting["fail_if_missing"]) == (False, False)


def test_a_hand_over_is_passed_as_an_option(tenant: Tenant, tmp_path: t.Any) -> None:
    tasks = tmp_path / "after.yml"
    tasks.write_text("[]\n")
    assert checked(tenant, after_new_secret=str(tasks))["module_options"]["azure_app_secret"]["hand_over"] is True
    assert checked(tenant)["module_options"]["azure_app_secret"]["hand_over"] is False


def test_options_of_the_task_have_precedence() -> None:
    result = {"module_options": {"azure_app_secret": {"overlap_days": 3, "rotate": True}}}
    given = with_checked_options({"profile_info": result, "rotate": False}, "azure_app_secret")
    assert given == {"profile_info": result, "overlap_days": 3, "rotate": False}
    assert with_checked_options({"rotate": False}, "azure_app_secret") == {"rotate": False}


@pytest.mark.parametrize("wrong", [{"failed": True, "msg": "no"}, {"module_options": {}}, {"module_options": []}])
def test_no_task_continues_after_a_failed_check(tenant: Tenant, wrong: Json) -> None:
    with pytest.raises(InputError, match="profile_info"):
        with_checked_options({"profile_info": wrong}, "azure_app_secret")
    failed = tenant.fails("azure_app_secret", unique_name="gateway", description="d", profile_info=wrong)
    assert failed["error"]["kind"] == "input"
    assert tenant.server.requests() == []


def test_the_role_passes_the_checked_options_on() -> None:
    """It sets none of them itself, since the two could differ."""
    modules = {"azure_app_secret", "azure_app_certificate", "azure_app_federated_credential", "azure_app_token_info"}
    seen = set()
    for path in (REPOSITORY / "roles/gateway_app/tasks").glob("*.yml"):
        for task in yaml.safe_load(path.read_text()):
            for name in modules & {action.removeprefix("email_gateway.azure_apps.") for action in task}:
                options = task[f"email_gateway.azure_apps.{name}"]
                assert options["profile_info"] == "{{ __gateway_app_profile }}", f"{path.name}: {task['name']}"
                assert not {"stores", "store_path", "wait_timeout", "overlap_days"} & options.keys()
                seen.add(name)
    assert seen == modules
