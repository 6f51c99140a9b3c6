# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that exist in several places are compared here."""

from __future__ import annotations

import importlib
import re
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.doc_fragments import (
    _application,
    _auth,
    _endpoint,
    _proof,
    _stored_credential,
    _stores,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import arguments, environment
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import CLOUDS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import RIGHTS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.options import (
    STORES,
    WITH_STORES,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.profile import profile_of
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.options import OWN_CREDENTIAL
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.credentials_file import (
    KEYS,
    REFUSED,
    USER_VARIABLES,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.device_code import AZURE_CLI
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import STORE_TYPES
from ansible_collections.email_gateway.azure_apps.tests.unit.table_check import check_listed
from graph_emulator import catalogue

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = "ansible_collections.email_gateway.azure_apps.plugins"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
PROFILES = sorted(path.stem for path in (ROOT / "roles/gateway_app/vars/profiles").glob("*.yml"))
SOURCE_FOLDERS = ("extensions", "meta", "playbooks", "plugins", "roles", "tests")
ENVIRONMENT = "{{ gateway_app_environment }}"
MAILBOX_ENVIRONMENT = "{{ gateway_app_environment | combine(gateway_app_mailbox_environment) }}"
CONSENT_ENVIRONMENT = "{{ gateway_app_environment | combine(gateway_app_consent_environment) }}"
FRAGMENTS = {
    "_application": (_application, arguments.APPLICATION),
    "_auth": (_auth, arguments.AUTH),
    "_endpoint": (_endpoint, arguments.ENDPOINT),
    "_proof": (_proof, OWN_CREDENTIAL),
    "_stored_credential": (_stored_credential, STORES),
    "_stores": (_stores, WITH_STORES),
}


def _yaml(path: str) -> t.Any:
    return yaml.safe_load((ROOT / path).read_text())


def _spec(module: str) -> arguments.ArgumentSpec:
    """If a module file is documentation only, the spec is in its action plugin."""
    declared = getattr(importlib.import_module(f"{PLUGINS}.modules.{module}"), "MODULE", None)
    if declared is not None:
        return t.cast(arguments.ArgumentSpec, declared.argument_spec)
    return t.cast(arguments.ArgumentSpec, importlib.import_module(f"{PLUGINS}.action.{module}").SPEC)


def _documentation(module: str) -> dict[str, t.Any]:
    own: dict[str, t.Any] = yaml.safe_load(importlib.import_module(f"{PLUGINS}.modules.{module}").DOCUMENTATION)
    return own


def test_the_action_group_contains_every_module() -> None:
    check_listed(MODULES, _yaml("meta/runtime.yml")["action_groups"]["all"], table="action_groups in meta/runtime.yml")


def test_every_module_has_an_action_plugin_of_its_name() -> None:
    actions = [path.stem for path in (ROOT / "plugins" / "action").glob("*.py")]
    check_listed(MODULES, actions, table="plugins/action, as a file of this name with an ActionModule")
    for module in MODULES:
        action = importlib.import_module(f"{PLUGINS}.action.{module}").ActionModule
        assert action.module_name == module, f"set module_name in plugins/action/{module}.py to its own name"


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_unit_test_and_an_integration_target(module: str) -> None:
    for name in (f"tests/unit/plugins/modules/test_{module}.py", f"tests/integration/targets/{module}/aliases"):
        assert (ROOT / name).is_file(), f"add the file {name}"


@pytest.mark.parametrize("module", MODULES)
def test_the_documented_options_are_those_of_the_spec(module: str) -> None:
    documentation, spec = _documentation(module), _spec(module)
    documented = dict(documentation["options"])
    for fragment in documentation["extends_documentation_fragment"]:
        name = fragment.rsplit(".", maxsplit=1)[-1]
        if name in FRAGMENTS:
            documented.update(yaml.safe_load(FRAGMENTS[name][0].ModuleDocFragment.DOCUMENTATION)["options"])
    check_listed(spec.options, documented, table=f"the options of DOCUMENTATION in plugins/modules/{module}.py")
    for name, option in spec.options.items():
        for member in ("type", "default", "choices", "elements", "required"):
            assert documented[name].get(member) == option.get(member), (
                f"correct {member} of the option {name} in plugins/modules/{module}.py: documentation and argument spec"
                " differ"
            )


@pytest.mark.parametrize("module", MODULES)
def test_options_that_hold_secrets_are_marked(module: str) -> None:
    options = _spec(module).options
    harmless = {n for n in options if options[n]["type"] in ("bool", "path") or "choices" in options[n]}
    named = {n for n in options if re.search(r"secret|token|content", n)} - harmless
    unmarked = sorted(named - _spec(module).secret_options)
    assert not unmarked, f"set no_log for {unmarked} in the argument spec of {module}"


@pytest.mark.parametrize("module", MODULES)
def test_no_option_of_a_module_looks_like_one_of_the_sign_in(module: str) -> None:
    own = _spec(module).options.keys() - arguments.AUTH.options.keys() - {"auth_profile"}  # whose cloud counts for all
    assert not [name for name in own if name.startswith("auth_") or f"auth_{name}" == name]
    assert all(name.startswith("auth_") for name in arguments.AUTH.options)


def test_every_environment_variable_is_documented() -> None:
    text = _auth.ModuleDocFragment.DOCUMENTATION + _endpoint.ModuleDocFragment.DOCUMENTATION
    for option, variables in environment.ENVIRONMENT.items():
        assert option in text, f"document the option {option} in plugins/doc_fragments/_auth.py or _endpoint.py"
        for variable in variables:
            assert f"E({variable})" in text, f"add E({variable}) to the option {option} in plugins/doc_fragments"


def test_the_page_on_the_sign_in_lists_every_source_variable_key_and_host() -> None:
    page = (ROOT / "docs/sign-in.md").read_text()
    for way in arguments.AUTH.options["auth_source"]["choices"]:
        assert f"| `{way}` |" in page, f"add a row for {way} to the table in docs/sign-in.md"
    for name in (*(v for variables in environment.ENVIRONMENT.values() for v in variables), *USER_VARIABLES):
        assert name in page, f"add the variable {name} to docs/sign-in.md"
    for key in (*KEYS, *REFUSED):
        assert f"`{key}`" in page, f"add the key {key} to docs/sign-in.md"
    for name, cloud in CLOUDS.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}`")]
        for host in (cloud.authority, cloud.graph):
            assert f"`{host.removeprefix('https://')}`" in row, name
    assert AZURE_CLI in page


def test_the_clouds_are_the_same_everywhere() -> None:
    documented = yaml.safe_load(_endpoint.ModuleDocFragment.DOCUMENTATION)["options"]["cloud_environment"]["choices"]
    assert documented == list(CLOUDS), "list the clouds of CLOUDS in the choices in plugins/doc_fragments/_endpoint.py"


def test_every_right_that_code_names_is_known() -> None:
    named = set()
    for path in (ROOT / "plugins/module_utils").rglob("*.py"):
        named |= set(re.findall(r'right(?:: str)? ?= ?"(\w+)"', path.read_text()))
    check_listed(named, RIGHTS, table="RIGHTS in plugins/module_utils/_core/rights.py")


def test_the_python_libraries_are_the_same_everywhere() -> None:
    required = (ROOT / "requirements.txt").read_text().splitlines()
    listed = sorted(line for line in required if line and not line.startswith("#"))
    ee = (ROOT / "meta/ee-requirements.txt").read_text().splitlines()
    in_ee = [line for line in ee if line and not line.startswith("#")]
    check_listed(listed, in_ee, table="meta/ee-requirements.txt, as in requirements.txt")
    for fragment in (_auth.ModuleDocFragment.DOCUMENTATION, _documentation_text("azure_app_token_info")):
        documented = yaml.safe_load(fragment)["requirements"]
        assert sorted(requirement.replace(" ", "") for requirement in documented) == listed


def _documentation_text(module: str) -> str:
    text: str = importlib.import_module(f"{PLUGINS}.modules.{module}").DOCUMENTATION
    return text


@pytest.mark.parametrize("role", ROLES)
def test_the_defaults_of_a_role_are_those_that_it_documents(role: str) -> None:
    defaults = _yaml(f"roles/{role}/defaults/main.yml")
    entries = _yaml(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]
    options = {name: option for entry in entries.values() for name, option in entry["options"].items()}
    optional = [name for name, option in options.items() if not option.get("required")]
    check_listed(optional, defaults, table=f"roles/{role}/defaults/main.yml, as in meta/argument_specs.yml")
    for name, option in options.items():
        if "default" in option:
            assert option["default"] == defaults[name], f"{name} has another default in roles/{role}/defaults/main.yml"


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_of_a_role_begins_with_its_name(role: str) -> None:
    for path in (ROOT / "roles" / role / "tasks").rglob("*.yml"):
        for name in re.findall(r"register: (\w+)", path.read_text()):
            assert name.startswith(f"__{role}_") or name == f"{role}_result", f"{path.name}: {name}"


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_documented_and_names_its_source(profile: str) -> None:
    options = _yaml("roles/gateway_app/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    content = _profile(profile)
    file = f"roles/gateway_app/vars/profiles/{profile}.yml"
    versions = content.get("product_versions")
    assert str(content.get("source")).startswith("https://"), f"set source in {file} to the https address of the page"
    assert content.get("title"), f"set title in {file} to the purpose of the profile"
    assert isinstance(versions, list), f"set product_versions in {file} to a list, [] for a service"
    assert all(isinstance(version, str) for version in versions), f"quote each of product_versions in {file}"
    specs = "gateway_app_profile in roles/gateway_app/meta/argument_specs.yml"
    described = [line for line in options["gateway_app_profile"]["description"] if line.startswith(f"C({profile})")]
    assert len(described) == 1, f"add one line that begins with C({profile}) to {specs}"
    lines = (ROOT / "docs/profiles.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith(f"| `{profile}` |")]
    assert len(rows) == 1, f"add one row that begins with | `{profile}` | to a table in docs/profiles.md"
    for _resource, _kind, name in _permissions(content):
        assert name in described[0], f"name {name} in the line C({profile}) of {specs}"
        assert f"`{name}`" in rows[0], f"name `{name}` in the row of `{profile}` in docs/profiles.md"


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_one_that_the_role_accepts(profile: str) -> None:
    try:
        profile_of(_profile(profile), name=profile, shown=f"roles/gateway_app/vars/profiles/{profile}.yml")
    except InputError as refusal:
        pytest.fail(f"{refusal.message}. {refusal.next_step}")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_permission_of_a_profile_is_published(profile: str) -> None:
    """By the emulator's catalogue, which test_catalogue.py compares with Microsoft's publication."""
    tables = {"microsoft_graph": "microsoft_graph", "exchange_online": "office365_exchange_online"}
    kinds = {"application": "role", "delegated": "scope"}
    published = {
        (resource, kind, entry.value)
        for resource, table in tables.items()
        for kind, entry_kind in kinds.items()
        for entry in catalogue.permissions(table)
        if entry.kind == entry_kind
    }
    unknown = sorted(set(_permissions(_profile(profile))) - published)
    assert not unknown, f"correct in roles/gateway_app/vars/profiles/{profile}.yml what is not published: {unknown}"


def _profile(profile: str) -> dict[str, t.Any]:
    content: dict[str, t.Any] = _yaml(f"roles/gateway_app/vars/profiles/{profile}.yml")["gateway_app_profile_content"]
    return content


def _permissions(content: dict[str, t.Any]) -> list[tuple[str, str, str]]:
    """The resource, application or delegated, and the name of each permission."""
    return [
        (entry["resource"], kind, name)
        for entry in content["permissions"]
        for kind in ("application", "delegated")
        for name in entry.get(kind, ())
    ]


def test_the_reference_has_a_row_for_every_public_name() -> None:
    page = (ROOT / "docs/reference.md").read_text()
    folders = (
        "playbooks",
        "extensions/eda/plugins/event_source",
        "extensions/eda/rulebooks",
        "plugins/filter",
        "plugins/lookup",
    )
    found = [path.stem for folder in folders for path in (ROOT / folder).glob("*.*")]
    assert len(found) > len(folders)
    for name in (*MODULES, *ROLES, *found):
        assert f"| `{name}` |" in page, f"add a row for `{name}` to a table in docs/reference.md"


def test_the_store_types_are_listed_and_documented() -> None:
    options = _yaml("roles/gateway_app/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    stores = sorted(path.stem for path in (ROOT / "plugins/plugin_utils/stores").glob("[a-z]*.py"))
    check_listed(stores, STORE_TYPES, table="STORE_TYPES in plugins/plugin_utils/_store/contract.py")
    described = " ".join(options["gateway_app_stores"]["description"])
    named = set(re.findall(r"C\((\w+)\)", described)) - {"type"}
    table = "gateway_app_stores in roles/gateway_app/meta/argument_specs.yml, as C(name)"
    check_listed(stores, named, table=table)
    fragment = yaml.safe_load(_stores.ModuleDocFragment.DOCUMENTATION)["options"]["stores"]["description"]
    named = set(re.findall(r"V\((\w+)\)", " ".join(fragment)))
    check_listed(stores, named, table="stores in plugins/doc_fragments/_stores.py, as V(name)")
    titles = re.findall(r"^## (.*)\n+Type: `\w+`\.", (ROOT / "docs/stores.md").read_text(), re.M)
    (line,) = (line for line in (ROOT / "docs/index.md").read_text().splitlines() if line.startswith("- [Stores]"))
    for title in titles:
        assert title.casefold() in line.casefold(), (
            f"name {title} in the line Stores of docs/index.md, as in docs/stores.md"
        )


def test_the_smtp_server_of_a_verification_is_that_of_the_module() -> None:
    defaults = _yaml("roles/gateway_app/defaults/main.yml")
    for name in ("smtp_host", "smtp_port"):
        assert defaults[f"gateway_app_verify_{name}"] == _spec("azure_smtp_oauth_info").options[name]["default"]


def test_every_private_utility_is_marked_as_private() -> None:
    for folder in ("module_utils", "plugin_utils", "doc_fragments"):
        for path in (ROOT / "plugins" / folder).rglob("*.py"):
            within = path.relative_to(ROOT / "plugins" / folder)
            assert within.parts[0].startswith("_") or within.parts[0] == "stores", f"begin the name of {path} with _"
            if path.name != "__init__.py":
                assert "it may change without notice" in path.read_text(), (
                    f"add to {path} that it may change without notice"
                )


def test_every_source_file_names_its_licence() -> None:
    for folder in SOURCE_FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".yml", ".sh") and path.name != "__init__.py":
                # In two parts, so that reuse does not read it as the licence of this file.
                assert "SPDX-License-" + "Identifier: GPL-3.0-or-later" in path.read_text(), (
                    f"add the licence header to {path}"
                )


def test_no_task_of_a_role_uses_the_loop_variable_of_the_caller() -> None:
    """Variables of an include are evaluated when they are used: in a loop of the role, ``item`` would be the role's."""
    for path in (ROOT / "roles").glob("*/tasks/**/*.yml"):
        for loop in re.findall(
            r"^( *)(?:loop|with_\w+):.*\n(?:\1 +.*\n)*((?:\1\w.*\n(?:\1 +.*\n)*)*)", path.read_text(), re.M
        ):
            assert "loop_var:" in loop[1], path


def _tasks(found: t.Any) -> t.Iterator[dict[str, t.Any]]:
    for task in found or []:
        yield task
        for part in ("block", "rescue", "always"):
            yield from _tasks(task.get(part))


def test_only_modules_that_sign_in_get_the_environment_of_the_role() -> None:
    """Ansible puts the environment of its own modules on a command line, and blocks and includes pass it on to them."""
    signing = [
        f"email_gateway.azure_apps.{module}"
        for module in MODULES
        if {"email_gateway.azure_apps._auth", "email_gateway.azure_apps._endpoint"}
        & set(_documentation(module).get("extends_documentation_fragment", []))
    ]
    assert "email_gateway.azure_apps.azure_app_token_info" in signing
    for role in ("gateway_app", "gateway_app_report"):
        for path in (ROOT / "roles" / role / "tasks").glob("**/*.yml"):
            for task in _tasks(yaml.safe_load(path.read_text())):
                where = f"{path}: {task['name']}"
                # It applies the environment of each host on top of that of the task by itself.
                signs_in = bool((set(signing) - {"email_gateway.azure_apps.azure_app_report"}) & set(task))
                # Consent may be granted by another identity than the one that registers.
                consents = "email_gateway.azure_apps.azure_admin_consent" in task or path.stem == "consent"
                given = CONSENT_ENVIRONMENT if consents else ENVIRONMENT
                # Roles in Exchange may be changed by another identity, too.
                if path.stem == "mailbox_roles":
                    given = MAILBOX_ENVIRONMENT
                if path.stem == "find":  # of the entry point that finds the application
                    given = "{{ __gateway_app_find_environment }}"
                written = task.get("environment", "").replace(" | default({}) }}", " }}")
                assert written == (given if signs_in else ""), where
                included = task.get("ansible.builtin.include_tasks", "")
                assert isinstance(included, str) or "environment" not in included.get("apply", {}), where
    own = _yaml("roles/gateway_app/vars/main.yml")["__gateway_app_find_environment"]
    assert own == ENVIRONMENT
    for entry_point, given in (("consent", CONSENT_ENVIRONMENT), ("mailboxes", MAILBOX_ENVIRONMENT)):
        found = _yaml(f"roles/gateway_app/tasks/{entry_point}.yml")
        (finds,) = (task for task in found if task["name"] == "Find the application")
        assert finds["vars"] == {"__gateway_app_find_environment": given}
