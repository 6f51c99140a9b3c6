# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages in docs: complete, generated from their sources, and without dead links."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.unit import variables_page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))
COMMAND = (
    "env PYTHONPATH=build/collections python -m ansible_collections.email_gateway.azure_apps.tests.unit.variables_page"
)
LINK = re.compile(r"(?<!`)\[[^\]\n]*(?:\n[^\]\n]*)?\]\(([^)\s]+)\)")
PICTURE_BYTES = 150_000
NAMED = ("playbooks", "plugins/modules", "plugins/filter", "plugins/lookup", "extensions/eda/rulebooks")


def anchors(text: str) -> set[str]:
    """The anchors of the headings, as GitHub generates them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text: str) -> t.Iterator[str]:
    yield from LINK.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def test_the_page_on_variables_matches_the_argument_specs() -> None:
    made = (DOCS / "variables.md").read_text() == variables_page.page()
    assert made, f"docs/variables.md does not match the argument specs: .ci/dev run {COMMAND}"


def test_every_variable_in_the_list_of_common_ones_exists() -> None:
    known = variables_page.variables("gateway_app")
    assert [name for name in (*variables_page.MUST, *variables_page.OFTEN) if name not in known] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_between_pages_has_a_target(page: str) -> None:
    for link in links((DOCS / page).read_text()):
        path, _hash, anchor = link.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = (DOCS / path).resolve() if path else DOCS / page
        assert target.exists(), f"docs/{page} links to {link}, which does not exist"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text()), f"docs/{page} links to {link}, a heading that does not exist"


@pytest.mark.parametrize("page", [name for name in PAGES if name != "index.md"])
def test_every_page_is_in_the_index(page: str) -> None:
    assert f"]({page})" in (DOCS / "index.md").read_text(), f"add a link to {page} to docs/index.md"


def test_every_command_uses_existing_names() -> None:
    """Playbooks, modules and roles by their full names, and variables of the role that are set on a command line."""
    known = {path.stem for folder in NAMED for path in (ROOT / folder).iterdir()}
    known |= {path.name for path in (ROOT / "roles").iterdir()}
    variables = {*variables_page.variables("gateway_app"), *variables_page.variables("gateway_app_report")}
    for path in (ROOT / "README.md", *DOCS.glob("*.md"), *(ROOT / "roles").glob("*/README.md")):
        for block in re.findall(r"```shell\n(.*?)```", path.read_text(), re.DOTALL):
            for name in re.findall(r"email_gateway\.azure_apps\.(\w+)", block):
                assert name in known, f"{path.name} has a command with {name}, which is not in the collection"
            for name in re.findall(r"-e (gateway_app_\w+)=", block):
                assert name in {*variables, "gateway_app_hosts"}, f"{path.name} sets {name}, which is not a variable"


def test_the_pages_for_galaxy_are_in_the_index() -> None:
    listed = yaml.safe_load((DOCS / "docsite/extra-docs.yml").read_text())["sections"]
    toctree = {name for section in listed for name in section["toctree"]}
    assert toctree == {path.stem for path in (DOCS / "docsite/rst").glob("*.rst")}


def test_pictures_are_small() -> None:
    large = {path.name: size for path in (DOCS / "images").iterdir() if (size := path.stat().st_size) > PICTURE_BYTES}
    assert large == {}
