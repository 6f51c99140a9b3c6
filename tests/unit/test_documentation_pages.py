# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of ansible-doc: they contain the text of the source, and an entry point does not repeat another one."""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
NAME = "email_gateway.azure_apps"
SOURCES = [
    *(("module", path) for path in sorted((ROOT / "plugins/modules").glob("*.py"))),
    *(("filter", path) for path in sorted((ROOT / "plugins/filter").glob("*.py"))),
    *(("lookup", path) for path in sorted((ROOT / "plugins/lookup").glob("*.py"))),
    *(("role", path.parents[1]) for path in sorted((ROOT / "roles").glob("*/meta/argument_specs.yml"))),
]
CUT = "YAML ends a text at a blank and a number sign. Quote these lines, or write them without"
ENTRY_POINTS: dict[str, t.Any] = yaml.safe_load((ROOT / "roles/gateway_app/meta/argument_specs.yml").read_text())[
    "argument_specs"
]

# Syntax of YAML around a text: the dash of a list, a member's name, an anchor, a block indicator.
SYNTAX = re.compile(r"^(?:- )*(?:[\w.*-]+:(?: +|$))?(?:[&*]\w+(?: |$))?(?:[>|][+-]?$)?")


@functools.cache
def pages(kind: str) -> dict[str, t.Any]:
    """All pages of a kind, as ansible-doc prints them in JSON."""
    names = [f"{NAME}.{path.stem}" for source, path in SOURCES if source == kind]
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "doc", "--json", "--type", kind, *names],
        capture_output=True,
        check=False,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/collections")},
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, t.Any] = json.loads(done.stdout)
    return found


def constants(path: Path, *, within: str = "") -> dict[str, str]:
    """The texts that are assigned to names in a file, or in a class of it."""
    tree: ast.Module | ast.ClassDef = ast.parse(path.read_text())
    if within:
        (tree,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == within)
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def source_of(kind: str, path: Path) -> str:
    """The YAML source of a page, without fragments. (Examples are shown unchanged.)"""
    if kind == "role":
        text = (path / "meta/argument_specs.yml").read_text()
    else:
        texts = constants(path)
        text = texts["DOCUMENTATION"] + texts["RETURN"]
    not_shown = rf"^(---|argument_specs:|extends_documentation_fragment:|  - {re.escape(NAME)}\._[\w.]+)$"
    return re.sub(not_shown, "", text, flags=re.MULTILINE)


def bare(text: str) -> str:
    """Without the syntax of YAML or JSON, and with one blank between words."""
    return " ".join(re.sub(r"[\"'\\\[\]{}]", "", text).replace(",", " ").split())


def values(page: t.Any) -> t.Iterator[str]:
    """Every text and number of a page, in order."""
    if isinstance(page, dict):
        for name, value in page.items():
            yield str(name)
            yield from values(value)
    elif isinstance(page, list):
        for value in page:
            yield from values(value)
    else:
        yield page if isinstance(page, str) else json.dumps(page)


def lost(source: str, page: t.Any) -> list[str]:
    """The lines of the source whose text is not on the page."""
    shown = bare(" ".join(values(page)))
    lines = [line.strip() for line in source.splitlines()]
    texts = {line: SYNTAX.sub("", line) for line in lines if line and not line.startswith("#")}
    return [line for line, text in texts.items() if any(bare(part) not in shown for part in parts(text))]


def parts(text: str) -> list[str]:
    """The members of a mapping in braces have another order on the page."""
    return re.split("[,:] ", text) if text.startswith("{") else [text]


@pytest.mark.parametrize(("kind", "path"), SOURCES, ids=lambda value: getattr(value, "stem", value))
def test_a_page_contains_its_complete_source(kind: str, path: Path) -> None:
    missing = lost(source_of(kind, path), pages(kind)[f"{NAME}.{path.stem}"])
    assert not missing, f"{CUT}: {missing}"


@pytest.mark.parametrize("path", sorted((ROOT / "plugins/doc_fragments").glob("*.py")), ids=lambda path: path.stem)
def test_pages_contain_the_complete_source_of_a_fragment(path: Path) -> None:
    for text in constants(path, within="ModuleDocFragment").values():
        missing = lost(text, yaml.safe_load(text))
        assert not missing, f"{CUT}: {missing}"


def without_sample(values: dict[str, t.Any], within: str = "") -> t.Iterator[str]:
    """Return values of a page that show no example; those that contain others show them there."""
    for name, value in values.items():
        if value.get("contains"):
            yield from without_sample(value["contains"], f"{within}{name}.")
        elif "sample" not in value:
            yield f"{within}{name}"


@pytest.mark.parametrize("path", [path for kind, path in SOURCES if kind != "role"], ids=lambda path: path.stem)
def test_each_return_value_has_a_sample(path: Path) -> None:
    page = yaml.safe_load(constants(path).get("RETURN", "")) or {}
    assert list(without_sample(page)) == [], "add a sample to these in RETURN"


def test_a_text_that_yaml_truncates_is_found() -> None:
    source = "options:\n  path:\n    description:\n      - A file, in PEM form or as\n        PKCS #12 (PFX). More.\n"
    assert lost(source, yaml.safe_load(source)) == ["PKCS #12 (PFX). More."]
    assert lost(source.replace(" #", "#"), yaml.safe_load(source.replace(" #", "#"))) == []


@pytest.mark.parametrize("entry_point", [name for name in ENTRY_POINTS if name != "main"])
def test_an_entry_point_documents_its_own_variables_and_refers_to_the_others(entry_point: str) -> None:
    documented = ENTRY_POINTS[entry_point]
    assert not documented["options"].keys() & ENTRY_POINTS["main"]["options"].keys()
    assert documented["description"][-1].startswith("Uses the same variables as the entry point C(main)")
