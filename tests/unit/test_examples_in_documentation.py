# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the documentation can be pasted: they are valid YAML, and AWX accepts those for AWX."""

from __future__ import annotations

import re
import textwrap
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils.stores.awx_credential import FIELDS
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_credential_types import type_error
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_projects import REQUIREMENTS
from ansible_collections.email_gateway.azure_apps.tests.unit.awx_picture import page_with_picture
from ansible_collections.email_gateway.azure_apps.tests.unit.awx_plans import load, plan
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY

PAGES = sorted(
    [
        *(REPOSITORY / "docs").rglob("*.md"),
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "roles").glob("*/README.md"),
    ]
)
BLOCK = re.compile(r"^( *)```ya?ml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
PROJECT = REPOSITORY / "docs" / "examples" / "awx_project"


def _blocks(page: Path) -> list[str]:
    return [textwrap.dedent(found[2]) for found in BLOCK.finditer(page.read_text())]


def _mappings(value: t.Any) -> t.Iterator[dict[str, t.Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _mappings(item)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_example_is_valid_yaml_without_truncated_members(page: Path) -> None:
    """After an unquoted comma in a mapping of one line, the following text becomes a member without a value."""
    for block in _blocks(page):
        for mapping in _mappings(load(block)):
            cut_off = [name for name, value in mapping.items() if value is None and " " in str(name)]
            assert cut_off == [], block


def test_the_pages_have_examples() -> None:
    assert sum(len(_blocks(page)) for page in PAGES) > 25


def test_awx_accepts_the_credential_types_of_the_documentation() -> None:
    kinds = [
        entry["awx.awx.credential_type"]
        for page in PAGES
        for block in _blocks(page)
        for entry in _mappings(load(block))
        if "awx.awx.credential_type" in entry
    ]
    assert kinds
    for kind in kinds:
        assert type_error(kind) == {}
        assert {field["id"] for field in kind["inputs"]["fields"]} == set(FIELDS)


def test_the_picture_of_the_workflow_matches_the_playbook() -> None:
    page = (REPOSITORY / "docs/awx.md").read_text()
    module = "ansible_collections.email_gateway.azure_apps.tests.unit.awx_picture"
    command = f"env PYTHONPATH=build/collections python -m {module}"
    assert page == page_with_picture(page), f"docs/awx.md has an old picture: .ci/dev run {command}"


def test_the_example_project_has_the_playbooks_and_does_not_need_galaxy() -> None:
    files = {str(path.relative_to(PROJECT)) for path in PROJECT.rglob("*") if path.is_file()}
    assert files == {*plan(awx_setup_mailbox_credential="Mailboxes")["playbooks"], "answers.yml"}
    assert not files & REQUIREMENTS


def test_the_documented_requirements_pin_this_version() -> None:
    (block,) = [block for block in _blocks(REPOSITORY / "docs/awx.md") if "# collections/requirements.yml" in block]
    version = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text())["version"]
    assert load(block)["collections"] == [{"name": "email_gateway.azure_apps", "version": version}]
