# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code has few conditional expressions, comprehensions and branches, so that it can be read quickly."""

from __future__ import annotations

import ast
import dataclasses
import io
import tokenize
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UTILITIES = "plugins/module_utils"
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


@dataclasses.dataclass(frozen=True)
class Density:
    """Conditional expressions and comprehensions in 100 lines of code, branches in 100 lines of functions."""

    ternaries: float
    comprehensions: float
    branches: float


# By folder; "plugins" is all of them together.
LIMITS: dict[str, Density] = {
    "plugins": Density(0, 1.8, 19),
    f"{UTILITIES}/_core": Density(0, 1.7, 22),
    f"{UTILITIES}/_http": Density(0, 1.0, 17),
    f"{UTILITIES}/_sign_in": Density(0, 1.7, 19),
    f"{UTILITIES}/_graph": Density(0, 2.0, 20),
    f"{UTILITIES}/_key_vault": Density(0, 1.0, 20),
    f"{UTILITIES}/_resources": Density(0, 2.1, 20),
    f"{UTILITIES}/_credential": Density(0, 1.0, 20),
    f"{UTILITIES}/_profile": Density(0, 1.7, 19),
    f"{UTILITIES}/_proof": Density(0, 1.5, 20.5),
    f"{UTILITIES}/_report": Density(0, 3.0, 22.5),
    "plugins/modules": Density(0, 0.5, 10),
    "plugins/plugin_utils": Density(0, 2.0, 19),
    "plugins/action": Density(0, 2.2, 19),
    "plugins/filter": Density(0, 4, 19),
    "plugins/lookup": Density(0, 4, 19),
    "extensions": Density(0, 1.7, 19),
}


def _code_lines(source: str, tree: ast.Module) -> int:
    """Lines that hold code: no blank lines, comments, docstrings and documentation of plugins."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        if _is_documentation(node):
            lines.difference_update(range(node.lineno, (node.end_lineno or 0) + 1))
    return len(lines)


def _is_documentation(node: ast.AST) -> t.TypeGuard[ast.stmt]:
    """A text that is a statement, or one that is assigned to DOCUMENTATION, EXAMPLES or RETURN."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return False
    return node.targets[0].id in ("DOCUMENTATION", "EXAMPLES", "RETURN")


def _branches(node: ast.AST) -> int:
    if isinstance(node, (ast.If, ast.For, ast.AsyncFor, ast.While, ast.IfExp, ast.ExceptHandler, ast.match_case)):
        return 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    return 0


def _functions(node: ast.AST) -> t.Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Those that are in no other function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            yield child
        else:
            yield from _functions(child)


def _density(sources: t.Iterable[str]) -> Density:
    code = ternaries = comprehensions = function_lines = branches = 0
    for source in sources:
        tree = ast.parse(source)
        code += _code_lines(source, tree)
        for node in ast.walk(tree):
            ternaries += isinstance(node, ast.IfExp)
            comprehensions += isinstance(node, COMPREHENSIONS)
        for function in _functions(tree):
            function_lines += (function.end_lineno or 0) - function.lineno + 1
            branches += sum(map(_branches, ast.walk(function)))
    return Density(100 * ternaries / code, 100 * comprehensions / code, 100 * branches / function_lines)


def test_the_density_is_counted() -> None:
    source = '''"""Not counted."""

def first(values: list[int] | None) -> list[int]:
    """Not counted as code."""
    if not values or len(values) > 2:
        return []
    return [value for value in values if value]


second = 1 if first(None) else 2
'''
    assert _density([source]) == Density(ternaries=100 / 5, comprehensions=100 / 5, branches=400 / 5)


@pytest.mark.parametrize("folder", LIMITS)
def test_code_is_not_dense(folder: str) -> None:
    sources = [path.read_text() for path in sorted((ROOT / folder).rglob("*.py"))]
    found = _density(sources)
    limits = dataclasses.asdict(LIMITS[folder])
    too_dense = {name: value for name, value in dataclasses.asdict(found).items() if value > limits[name]}
    assert too_dense == {}, (
        f"{folder}: at most {limits}. Use a named value, an early return, a loop or a function with a name"
    )


@pytest.mark.parametrize("folder", LIMITS)
def test_comprehensions_are_not_nested(folder: str) -> None:
    nested = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, COMPREHENSIONS):
                inner = [child for child in ast.walk(node) if child is not node and isinstance(child, COMPREHENSIONS)]
                nested += [f"{path.relative_to(ROOT)}:{child.lineno}" for child in inner]
    assert nested == [], "write these without a comprehension inside another one"
