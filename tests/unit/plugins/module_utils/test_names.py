# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The name of an option in messages: for users of the modules, and for users of the role."""

from __future__ import annotations

import importlib
import re
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import (
    NO_NAMES,
    OPTION,
    ROLE_VARIABLES,
    render,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

PLUGINS = "ansible_collections.email_gateway.azure_apps.plugins"
MODULES = {path.stem for path in (REPOSITORY / "plugins/modules").glob("azure_*.py")}
NAMES = {"unique_name": "gateway_app_unique_name"}


def _options(module: str) -> set[str]:
    """The documented options, which another test compares with the specification."""
    documented = yaml.safe_load(importlib.import_module(f"{PLUGINS}.modules.{module}").DOCUMENTATION)
    found = set(documented["options"])
    for fragment in documented.get("extends_documentation_fragment", []):
        name, _dot, part = fragment.removeprefix("email_gateway.azure_apps.").partition(".")
        shared = importlib.import_module(f"{PLUGINS}.doc_fragments.{name}").ModuleDocFragment
        found |= set(yaml.safe_load(getattr(shared, part.upper() or "DOCUMENTATION"))["options"])
    return found


def _role_variables() -> set[str]:
    specs = yaml.safe_load((REPOSITORY / "roles/gateway_app/meta/argument_specs.yml").read_text())["argument_specs"]
    return {name for entry in specs.values() for name in entry["options"]}


@pytest.mark.parametrize(
    ("text", "names", "rendered"),
    [
        ("Set O(unique_name).", NO_NAMES, "Set unique_name."),
        ("Set O(unique_name).", NAMES, "Set gateway_app_unique_name."),
        ("Set O(unique_name=x-1), O(state=absent)", NAMES, "Set gateway_app_unique_name=x-1, state=absent"),
        ("O(1), O(Name), IO(x y), unique_name", NAMES, "O(1), O(Name), IO(x y), unique_name"),
    ],
)
def test_an_option_has_the_name_that_its_user_knows(text: str, names: dict[str, str], rendered: str) -> None:
    assert render(text, names) == rendered


def test_message_next_step_and_error_use_the_same_name() -> None:
    described = InputError("O(unique_name) is blank", next_step="Set O(unique_name).").describe(
        lambda text: text, NAMES
    )
    assert described["msg"] == "gateway_app_unique_name is blank. Set gateway_app_unique_name."
    assert described["error"]["next_step"] == "Set gateway_app_unique_name."


def test_an_error_without_a_next_step_is_its_message_alone() -> None:
    described = InputError("O(unique_name) is blank.").describe(lambda text: text, NAMES)
    assert (described["msg"], described["error"]["next_step"]) == ("gateway_app_unique_name is blank.", "")


@pytest.mark.parametrize("module", ROLE_VARIABLES)
def test_every_name_in_the_table_is_a_variable_of_the_role(module: str) -> None:
    variables = set(re.findall(r"gateway_app_\w+", " ".join(ROLE_VARIABLES[module].values())))
    unknown = sorted(variables - _role_variables())
    assert not unknown, f"correct {unknown} in ROLE_VARIABLES in plugins/module_utils/_core/names.py: no such variable"


@pytest.mark.parametrize("module", sorted(ROLE_VARIABLES.keys() & MODULES))
def test_every_option_in_the_table_is_an_option_of_the_module(module: str) -> None:
    """``settings`` of azure_app_profile_info has stores, which name their option."""
    own = _options(module)
    settings = {"stores", "store_path", "store_vault_id", "client_id", "unique_name", "display_name", "path"}
    known = own | settings if module == "azure_app_profile_info" else own
    # Options that several modules have in common are in the table once.
    common = {"display_name", "unique_name", "client_id", "wait_timeout", "profile", "overlap_days", "rotate"}
    unknown = sorted(ROLE_VARIABLES[module].keys() - common - known)
    assert not unknown, f"{module} has no option {unknown}: correct it in plugins/module_utils/_core/names.py"


def test_every_option_in_a_message_exists() -> None:
    """Of any module, since a helper of several modules cannot know which one it is."""
    options = {name for module in MODULES for name in _options(module)}
    for path in _sources():
        for found in OPTION.finditer(_without_documentation(path.read_text())):
            assert found["name"] in options | {"name"}, f"{path.name}: {found[0]}"


def _sources() -> t.Iterator[Path]:
    for folder in ("module_utils", "plugin_utils", "action"):
        yield from (REPOSITORY / "plugins" / folder).rglob("*.py")


def _without_documentation(text: str) -> str:
    """Without the documentation of stores, and the docstrings."""
    return re.sub(r'(?s)""".*?"""', "", text)
