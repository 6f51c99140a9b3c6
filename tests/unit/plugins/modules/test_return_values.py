# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documented return values are those that are returned, and vice versa."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.unit.action_runner import ActionRunner
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules import return_cases
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.return_comparison import (
    OF_ANSIBLE,
    Comparison,
    paths,
    without_members,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULES_FOLDER = Path(__file__).resolve().parents[4] / "plugins" / "modules"
MODULES = sorted(path.stem for path in MODULES_FOLDER.glob("*.py"))
CASES_FILE = Path(return_cases.__file__)
HOSTS: dict[str, Json] = {
    "one": {"gateway_app_profile": "outbound_smtp", "gateway_app_unique_name": "gateway"},
    "two": {},
}

# Dictionaries whose members the module does not define.
OPEN = {
    "stores": "the settings of the type of store, see docs/stores.md",
    "credential": "what the store keeps",
    "failures_by_host": "the hosts of the play",
    "module_options": "options of modules, which their own documentation describes",
    "error": "as in azure_app_registration",
}
# Values that are null in every result.
ALWAYS_NULL = {
    "azure_app_federated_credential": {"end", "days_left"},  # it does not end
}


def documented(module: str) -> Json:
    found: Json = yaml.safe_load(
        importlib.import_module(f"ansible_collections.email_gateway.azure_apps.plugins.modules.{module}").RETURN
    )
    return found


def of_success(module: str, *, stores: bool) -> Json:
    everything = documented(module)
    conditions = ("success", "with O(stores)") if stores else ("success",)
    return {name: value for name, value in everything.items() if str(value["returned"]).startswith(conditions)}


ERROR = documented("azure_app_registration")["error"]


@pytest.fixture
def scene(tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> return_cases.Scene:
    return return_cases.Scene(tenant, ActionRunner(tenant, tmp_path, monkeypatch, HOSTS))


def test_every_module_has_results_to_compare() -> None:
    missing = [module for module in MODULES if not hasattr(return_cases, module)]
    assert not missing, f"add a function for each of {missing} to {CASES_FILE}: it yields results of the module"


@pytest.mark.parametrize("module", MODULES)
def test_documented_and_returned_values_are_the_same(module: str, scene: return_cases.Scene) -> None:
    compared = Comparison()
    for result in getattr(return_cases, module)(scene):
        found = {name: value for name, value in result.items() if name not in OF_ANSIBLE and name != "error"}
        compared.members(of_success(module, stores="hand_over" in found), found)
    assert not compared.findings, f"correct RETURN in {MODULES_FOLDER / module}.py: {sorted(compared.findings)}"
    expected = paths(of_success(module, stores=True)) - ALWAYS_NULL.get(module, set())
    never = sorted(expected - compared.valued)
    assert not never, (
        f"no result has a value for {never}: add one that has to {module} in {CASES_FILE}, or undocument it"
    )


@pytest.mark.parametrize("module", MODULES)
def test_a_failure_has_the_documented_error(module: str, scene: return_cases.Scene) -> None:
    assert documented(module)["error"]["returned"] == "failure"
    result = scene.actions.run(module, no_such_option=True)
    assert result.keys() == {"failed", "changed", "msg", "error"}
    compared = Comparison()
    compared.value(ERROR, result["error"], path="error")
    assert compared.findings == set()


@pytest.mark.parametrize("module", MODULES)
def test_the_members_of_every_dictionary_are_documented(module: str) -> None:
    found = without_members(documented(module)) - OPEN.keys()
    assert not found, f"add contains to {sorted(found)} in RETURN of {MODULES_FOLDER / module}.py"


def test_errors_of_the_tenant_and_of_the_report_have_the_documented_members(scene: return_cases.Scene) -> None:
    scene.registered()
    confirmed: Json = {"unique_name": "gateway", "state": "absent", "confirm": ["another"]}
    by_hand = scene.actions.run("azure_app_registration", display_name="Gateway", unique_name="other")
    failures = [scene.actions.run("azure_app_registration", **confirmed), by_hand]
    scene.tenant.sign_in_with("Application.Read.All")
    failures.append(scene.actions.run("azure_app_registration", unique_name="gateway", notes="n"))
    compared = Comparison()
    for failure in failures:
        compared.value(ERROR, failure["error"], path="error")
    assert compared.findings == set()
    assert paths({"error": ERROR}) == compared.valued, "each member has a value once"


def test_the_comparison_finds_differences() -> None:
    number: Json = {"type": "int"}
    documented_values: Json = {
        "a": number,
        "b": {"type": "list", "elements": "dict", "contains": {"c": number, "d": {**number, "returned": "at times"}}},
        "e": {"type": "list", "elements": "str"},
        "f": number,
    }
    compared = Comparison()
    compared.members(documented_values, {"a": True, "b": [{"x": 1}], "e": [1], "g": 1})
    assert compared.findings == {
        "a is documented as int, but is bool",
        "b.x is returned, but not documented",
        "b.c is documented, but not returned",
        "e is documented with str, but has int",
        "f is documented, but not returned",
        "g is returned, but not documented",
    }
    assert paths(documented_values) - compared.valued == {"b.c", "b.d", "f"}
    assert without_members({"h": {"type": "dict"}, **documented_values}) == {"h"}
