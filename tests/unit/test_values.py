# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plain value is a NamedTuple: a frozen dataclass costs four times as much to define, anew in every run of Ansible.

A dataclass stays if a field is kept out of repr() or of comparisons, if each object gets a list or dict of its own, and
if a method such as __str__ or __add__ represents the object: a message would show a tuple as a list.
"""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FROZEN = "dataclasses.dataclass(frozen=True)"


def _needs_a_dataclass(node: ast.ClassDef) -> bool:
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name.startswith("__"):
            return True
        if not isinstance(statement, ast.AnnAssign):
            continue
        if ast.unparse(statement.target).startswith("_"):  # a named tuple cannot have it
            return True
        if statement.value is not None and ast.unparse(statement.value).startswith("dataclasses.field("):
            return True
    return bool(node.bases)


def _plain_dataclasses(source: str) -> t.Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ClassDef) or _needs_a_dataclass(node):
            continue
        if FROZEN in map(ast.unparse, node.decorator_list):
            yield node.name


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("a: int", ["Value"]),
        ("a: int = 1", ["Value"]),
        ("a: str = dataclasses.field(repr=False)", []),
        ("_a: int", []),
        ("a: int\n    def __str__(self): return ''", []),
        ("a: int\n    def text(self): return ''", ["Value"]),
    ],
)
def test_a_plain_dataclass_is_found(body: str, found: list[str]) -> None:
    assert list(_plain_dataclasses(f"@{FROZEN}\nclass Value:\n    {body}\n")) == found


def test_plain_values_are_named_tuples() -> None:
    plain = []
    for path in sorted([*ROOT.glob("plugins/**/*.py"), *ROOT.glob("extensions/**/*.py")]):
        plain += [f"{path.relative_to(ROOT)}: {name}" for name in _plain_dataclasses(path.read_text())]
    # It reads the types of its own fields, which a named tuple does not keep as written.
    assert plain == ["plugins/plugin_utils/_awx/checks.py: Settings"], "derive these from typing.NamedTuple"
