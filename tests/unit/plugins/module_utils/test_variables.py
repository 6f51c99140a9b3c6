# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of the role's variables, compared with the YAML that uses them, and the detection of misspelt names."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.variables import (
    KNOWN,
    OTHERS,
    PREFIX,
    RENAMED,
    REPORT_SETTINGS,
    SETTINGS,
    Names,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.table_check import check_listed


def _arguments(role: str) -> set[str]:
    specs = yaml.safe_load((REPOSITORY / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]
    return {name.removeprefix(PREFIX) for entry in specs.values() for name in entry["options"]}


def _made(value: t.Any) -> t.Iterator[str]:
    """The names that tasks register, set as facts or pass to includes."""
    if isinstance(value, list):
        for item in value:
            yield from _made(item)
    if not isinstance(value, dict):
        return
    yield from (name for name in [value.get("register")] if isinstance(name, str))
    for member in ("ansible.builtin.set_fact", "ansible.builtin.set_stats", "vars", "data"):
        if isinstance(value.get(member), dict):
            yield from value[member]
    for item in value.values():
        yield from _made(item)


def test_the_table_lists_the_arguments_of_the_roles() -> None:
    file = "plugins/module_utils/_profile/variables.py"
    check_listed(_arguments("gateway_app"), SETTINGS, table=f"SETTINGS in {file}")
    check_listed(_arguments("gateway_app_report"), REPORT_SETTINGS, table=f"REPORT_SETTINGS in {file}")


def test_every_name_in_roles_and_playbooks_is_known() -> None:
    for folder in ("roles", "playbooks", "extensions/eda/rulebooks"):
        for path in (REPOSITORY / folder).rglob("*.yml"):
            for made in _made(yaml.safe_load(path.read_text().replace("!unsafe", ""))):
                name = re.sub(r"\{\{ .*client_id.* \}\}", "b2466de6_5867_4b23_83ff_449c85f44ba1", made)
                assert Names.of([name]) == Names({}, ()), f"{path}: {made}"


def test_every_known_name_is_used() -> None:
    texts = [path.read_text() for folder in ("roles", "playbooks") for path in (REPOSITORY / folder).rglob("*.yml")]
    code = [path.read_text() for path in (REPOSITORY / "plugins").rglob("*.py") if path.name != "variables.py"]
    for name in OTHERS:
        assert any(re.search(rf"(?<!_){PREFIX}{name}\b", text) for text in (*texts, *code)), name


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("secret_lifetime", "secret_lifetime_days"),
        ("enviroment", "environment"),
        ("profil", "profile"),
        ("store", "stores"),
        ("owner", "owners"),
        ("verify_mail_box", "verify_mailbox"),
        ("Profile", "profile"),
        ("report_html", "report_html_path"),
        *RENAMED.items(),
    ],
)
def test_a_misspelt_name_is_refused_with_the_known_one(name: str, meant: str) -> None:
    names = Names.of([PREFIX + name, "hostvars", f"{PREFIX}profile"])
    assert names.misspelt == {PREFIX + name: PREFIX + meant}
    with pytest.raises(InputError) as refused:
        names.check()
    assert f"{PREFIX}{name} (did you mean {PREFIX}{meant}?) is not a variable" in refused.value.message


def test_all_misspelt_names_are_in_one_message() -> None:
    with pytest.raises(InputError, match=r"profil \(did you mean .*\?\), .*store \(did .*\) are not variables"):
        Names.of([f"{PREFIX}profil", f"{PREFIX}store"]).check()


def test_an_unknown_name_is_a_warning() -> None:
    names = Names.of([f"{PREFIX}building", f"{PREFIX}team", "my_gateway_app_x", "__gateway_app_profil"])
    names.check()
    assert names.misspelt == {}
    assert names.warning.endswith(f"{PREFIX}building, {PREFIX}team")


def test_variables_passed_on_by_a_job_are_known_by_their_form() -> None:
    handed_over = f"{PREFIX}expected_application_b2466de6_5867_4b23_83ff_449c85f44ba1"
    assert Names.of([handed_over]) == Names({}, ())
    assert Names.of([f"{PREFIX}expected_application"]).misspelt
    assert Names.of([f"{handed_over}_2"]) == Names({}, (f"{handed_over}_2",))


def test_the_names_of_the_collection_itself_are_known() -> None:
    names = Names.of(PREFIX + name for name in KNOWN)
    names.check()
    assert names.warning == ""
