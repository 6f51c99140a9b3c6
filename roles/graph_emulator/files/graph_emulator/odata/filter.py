# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""$filter over plain dictionaries: the syntax tree of odata-query, read by a small evaluator.

Strings compare without regard to case, as in the directory (Microsoft Graph, "Use the $filter query parameter").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser

from .. import errors
from ..clock import parse_sent_time
from .edm import ENUM_VALUES, names_in

Json = dict[str, Any]
Test = Callable[[Json], bool]

_FUNCTION = re.compile(r"\b\w+(?=\()")
# Blanks that the service's parser does without, or takes where the parser here does not: OData/odata.net,
# ExpressionLexer, skips white space before every token.
_KEYWORD_BEFORE_BRACKET = re.compile(r"\b(not|and|or|in)\(")
_KEYWORD_AFTER_BRACKET = re.compile(r"\)(and|or)\b")
_BLANK_IN_PATH = re.compile(r"\s*/\s*")
_BLANK_AFTER_NAME = re.compile(r"\b(any|all|startswith|endswith)\s+\(", re.IGNORECASE)
_QUOTE_AFTER_OPERATOR = re.compile(r"\b(eq|ne|gt|ge|lt|le)$")
_LIST_OF_ONE = re.compile(r"(\sin\s*\(\s*(?:'(?:[^']|'')*'|[^\s,()']+)\s*)\)")
# The message: microsoft-graph-docs-contrib issue 1238. With advanced queries the length of the address is the limit.
MOST_IN_LIST = 15
# Complex properties; Graph filters on few of their members, and the collection's work needs none.
NOT_FILTERABLE = frozenset({"passwordCredentials", "api", "web", "spa", "publicClient", "optionalClaims"})
# The resource page unifiedRoleDefinition says "Supports $filter" of the others only. customAttributes: page "List
# customAppScopes" of beta.
NOT_FILTERABLE_OF = {
    "unifiedRoleDefinition": frozenset({"allowedPrincipalTypes", "description", "isEnabled", "templateId", "version"}),
    "customAppScope": frozenset({"customAttributes"}),
}
# Exchange Online answers for them. Its names have any case ("$filter=ReceivedDateTime ge 2017-04-01", page "Use the
# $filter query parameter"), and advanced queries are for directory objects only ("Advanced query capabilities").
_MAIL = frozenset({"mailFolder", "message"})


class _Reader:
    """One filter on one type. `scope` maps lambda variables to (value, type)."""

    def __init__(self, type_name: str, *, advanced: bool) -> None:
        self.type_name = type_name
        self.advanced = advanced

    def invalid(self, message: str) -> errors.GraphError:
        return errors.odata_error(f"Invalid filter clause: {message}")

    def unsupported(self, name: str) -> errors.GraphError:
        resource = self.type_name[0].upper() + self.type_name[1:]
        return errors.unsupported_query(
            f"Unsupported or invalid query filter clause specified for property '{name}' of resource '{resource}'."
        )

    def needs_advanced(self, name: str) -> None:
        """ne, not and endsWith need ConsistencyLevel: eventual and $count=true ("Advanced query capabilities")."""
        if not self.advanced and self.type_name not in _MAIL:
            raise self.unsupported(name)

    def evaluate(self, node: Any, scope: dict[str, tuple[Any, str]]) -> bool:
        if isinstance(node, ast.BoolOp):
            left = self.evaluate(node.left, scope)
            right = self.evaluate(node.right, scope)
            return (left and right) if isinstance(node.op, ast.And) else (left or right)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self.needs_advanced(_first_name(node.operand))
            return not self.evaluate(node.operand, scope)
        if isinstance(node, ast.Compare):
            return self.compare(node, scope)
        if isinstance(node, ast.Call):
            return self.call(node, scope)
        if isinstance(node, ast.CollectionLambda):
            return self.collection(node, scope)
        if isinstance(node, (ast.Identifier, ast.Attribute)):
            value, type_name = self.value(node, scope)
            if type_name == "Boolean":
                return value is True
        raise self.invalid("The $filter expression must evaluate to a single boolean value.")

    def value(self, node: Any, scope: dict[str, tuple[Any, str]]) -> tuple[Any, str]:
        """The value that a property path means, and its type."""
        if isinstance(node, ast.Identifier):
            if node.name in scope:
                return scope[node.name]
            return self.member(scope["$it"], node.name)
        if isinstance(node, ast.Attribute):
            return self.member(self.value(node.owner, scope), node.attr)
        raise self.invalid("The left side of a comparison must be a property.")

    def member(self, owner: tuple[Any, str], name: str) -> tuple[Any, str]:
        held, type_name = owner
        known = names_in(type_name)
        if self.type_name in _MAIL:
            name = next((declared for declared in known if declared.lower() == name.lower()), name)
        if name not in known:
            raise self.invalid(f"Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'.")
        if name in NOT_FILTERABLE or name in NOT_FILTERABLE_OF.get(type_name, ()):
            raise self.unsupported(name)
        return (held.get(name) if isinstance(held, dict) else None), known[name]

    def compare(self, node: ast.Compare, scope: dict[str, tuple[Any, str]]) -> bool:
        if isinstance(node.comparator, ast.NotEq):
            self.needs_advanced(_first_name(node.left))
        value, type_name = self.value(node.left, scope)
        if isinstance(node.comparator, ast.In):
            if not isinstance(node.right, ast.List):
                raise self.invalid("The right side of 'in' must be a list.")
            count = len(node.right.val)
            if count > MOST_IN_LIST and not self.advanced:
                raise errors.unsupported_query(
                    "Too many child clauses specified in search filter expression containing 'OR' operators: "
                    f"{count}. Max allowed: {MOST_IN_LIST}."
                )
            return any(_equal(value, self.literal(item, type_name)) for item in node.right.val)
        wanted = self.literal(node.right, type_name)
        if isinstance(node.comparator, ast.Eq):
            return _equal(value, wanted)
        if isinstance(node.comparator, ast.NotEq):
            return not _equal(value, wanted)
        return self.ordered(node.comparator, value, wanted, type_name)

    def ordered(self, comparator: Any, value: Any, wanted: Any, type_name: str) -> bool:
        if isinstance(wanted, datetime) and isinstance(value, str):
            value = parse_sent_time(value)
        if value is None or wanted is None:
            return False
        if type_name == "Boolean" or type_name in ENUM_VALUES or type_name.startswith("Collection"):
            raise self.invalid("A binary operator with incompatible types was detected.")
        left, right = _folded(value), _folded(wanted)
        results: dict[type, bool] = {
            ast.Lt: left < right,
            ast.LtE: left <= right,
            ast.Gt: left > right,
            ast.GtE: left >= right,
        }
        return results[type(comparator)]

    def literal(self, node: Any, type_name: str) -> Any:
        """A literal of the property's own type: Graph refuses a string where a GUID is wanted and the reverse."""
        if isinstance(node, ast.Null):
            return None
        wanted = {
            "String": ast.String,
            "Guid": ast.GUID,
            "Boolean": ast.Boolean,
            # A date alone is midnight UTC ("$filter=receivedDateTime ge 2017-04-01", page "Use query parameters").
            "DateTimeOffset": (ast.DateTime, ast.Date),
            "Int32": ast.Integer,
            "Int64": ast.Integer,
        }.get(type_name, ast.String if type_name in ENUM_VALUES else None)
        if wanted is None or not isinstance(node, wanted):
            raise self.invalid(
                "A binary operator with incompatible types was detected. Found operand types "
                f"'Edm.{type_name}' and 'Edm.{type(node).__name__}' for operator kind 'Equal'."
            )
        if type_name in ENUM_VALUES and node.val not in ENUM_VALUES[type_name]:
            raise self.invalid(f"The string '{node.val}' is not a valid enumeration type constant.")
        if isinstance(node, ast.Boolean):
            return node.val.lower() == "true"
        if isinstance(node, ast.Integer):
            return int(node.val)
        if isinstance(node, (ast.DateTime, ast.Date)):
            return parse_sent_time(node.val)
        return node.val

    def call(self, node: ast.Call, scope: dict[str, tuple[Any, str]]) -> bool:
        name = node.func.name.lower()
        if name not in ("startswith", "endswith") or len(node.args) != 2:
            raise self.invalid(f"An unknown function with name '{node.func.name}' was found.")
        if name == "endswith":
            self.needs_advanced(_first_name(node.args[0]))
        value, type_name = self.value(node.args[0], scope)
        wanted = node.args[1]
        if type_name != "String" or not isinstance(wanted, ast.String):
            raise self.invalid(f"No function signature for the function with name '{name}' matches the arguments.")
        if not isinstance(value, str):
            return False
        text, part = value.casefold(), wanted.val.casefold()
        return text.startswith(part) if name == "startswith" else text.endswith(part)

    def collection(self, node: ast.CollectionLambda, scope: dict[str, tuple[Any, str]]) -> bool:
        items, type_name = self.value(node.owner, scope)
        if not type_name.startswith("Collection("):
            raise self.invalid("Any/All may only be used following a collection.")
        inner_type = type_name[len("Collection(") : -1]
        if node.lambda_ is None:
            return bool(items)
        inner = node.lambda_
        results = [
            self.evaluate(inner.expression, {**scope, inner.identifier.name: (item, inner_type)})
            for item in items or []
        ]
        if not results:
            # Checks the names even when there is nothing to compare.
            self.evaluate(inner.expression, {**scope, inner.identifier.name: (None, inner_type)})
        return any(results) if isinstance(node.operator, ast.Any) else all(results)


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, datetime) and isinstance(value, str):
        value = parse_sent_time(value)
    return bool(_folded(value) == _folded(wanted))


def _first_name(node: Any) -> str:
    """The property that an unsupported clause is about, for the error message."""
    if isinstance(node, ast.Identifier):
        return str(node.name)
    for child in ("owner", "left", "operand"):
        if hasattr(node, child):
            return _first_name(getattr(node, child))
    if isinstance(node, ast.Call) and node.args:
        return _first_name(node.args[0])
    return "unknown"


def _normal(text: str) -> str:
    """The same in the spelling that the parser knows: outside string literals, Graph takes more."""
    parts = text.strip().split("'")
    for index in range(0, len(parts), 2):
        # startsWith -> startswith
        part = _BLANK_AFTER_NAME.sub(r"\1(", _BLANK_IN_PATH.sub("/", parts[index]))
        part = _FUNCTION.sub(lambda match: match.group(0).lower(), part)
        part = _KEYWORD_BEFORE_BRACKET.sub(r"\1 (", part)
        part = _KEYWORD_AFTER_BRACKET.sub(r") \1", part)
        parts[index] = _QUOTE_AFTER_OPERATOR.sub(r"\1 ", part)
    # A list of one is OData too; the parser knows it by a comma behind.
    return _LIST_OF_ONE.sub(r"\1,)", "'".join(parts))


MOST_NODES = 100
_NODES = re.compile(r"\b(?:and|or|not|in|eq|ne|gt|ge|lt|le)\b|\(", re.IGNORECASE)


def parsed(text: str) -> Any:
    """The syntax tree; a syntax error is Graph's 400, and so is what has too many nodes (OData's MaxNodeCount)."""
    if len(_NODES.findall(text)) > MOST_NODES:
        raise errors.odata_error(f"Invalid filter clause: The node count limit of '{MOST_NODES}' has been exceeded.")
    try:
        tree = ODataParser().parse(ODataLexer().tokenize(_normal(text)))
    except ODataException as error:
        raise errors.odata_error(f"Invalid filter clause: Syntax error in '{text}'.") from error
    if tree is None:
        raise errors.odata_error(f"Invalid filter clause: Syntax error in '{text}'.")
    return tree


def equalities(tree: Any) -> list[tuple[str, str]]:
    """(property, value) of what must be equal in every match: `x eq 'v'` and `xs/any(x:x eq 'v')`, joined by `and`."""
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        return [*equalities(tree.left), *equalities(tree.right)]
    if isinstance(tree, ast.CollectionLambda) and isinstance(tree.operator, ast.Any) and tree.lambda_ is not None:
        inner = equalities(tree.lambda_.expression)
        on_member = [name for name, _value in inner] == [tree.lambda_.identifier.name]
        return [(tree.owner.name, inner[0][1])] if on_member and isinstance(tree.owner, ast.Identifier) else []
    if (
        isinstance(tree, ast.Compare)
        and isinstance(tree.comparator, ast.Eq)
        and isinstance(tree.left, ast.Identifier)
        and isinstance(tree.right, (ast.String, ast.GUID))
    ):
        return [(tree.left.name, tree.right.val)]
    return []


def listed(tree: Any) -> tuple[str, list[str]] | None:
    """The property and the values of `x in ('v', 'w')`, if that is the whole filter."""
    if (
        isinstance(tree, ast.Compare)
        and isinstance(tree.comparator, ast.In)
        and isinstance(tree.left, ast.Identifier)
        and isinstance(tree.right, ast.List)
        and all(isinstance(item, ast.String) for item in tree.right.val)
    ):
        return tree.left.name, [item.val for item in tree.right.val]
    return None


def compiled(tree: Any, *, type_name: str, advanced: bool) -> Test:
    """A test for one object. Wrong names show at once."""
    reader = _Reader(type_name, advanced=advanced)

    def test(item: Json) -> bool:
        return reader.evaluate(tree, {"$it": (item, type_name)})

    # An empty directory must refuse a wrong name too.
    test({})
    return test
