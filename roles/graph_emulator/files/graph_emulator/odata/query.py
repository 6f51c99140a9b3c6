# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Query options: reading them, and turning a set of objects into the page that was asked for."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote_plus

from .. import errors
from ..directory.record import Record
from ..directory.store import Rows
from .edm import NAVIGATION, names_in, properties_of
from .filter import compiled, equalities, listed, parsed
from .member_properties import SHOWN_UNASKED
from .search import compiled_search

Json = dict[str, Any]
DEFAULT_PAGE = 100
LARGEST_PAGE = 999
# "$expand returns at most 20 items" (Microsoft Graph, "Use query parameters").
EXPAND_LIMIT = 20
_KNOWN = (
    "$filter",
    "$select",
    "$top",
    "$orderby",
    "$count",
    "$expand",
    "$search",
    "$skiptoken",
    "$deltatoken",
    "$format",
)


def parse_query(query: str) -> dict[str, str]:
    """Options by name. `$` may be left out, as Graph allows; the last of two equal names is an error."""
    options: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        raw_name, _equals, raw_value = part.partition("=")
        name = unquote_plus(raw_name)
        name = name if name.startswith("$") or f"${name}" not in _KNOWN else f"${name}"
        # The documentation has $deltaToken as well as $deltatoken.
        name = name.lower() if name.lower() in ("$deltatoken", "$skiptoken") else name
        if name in options:
            raise errors.odata_error(
                f"Query option '{name}' was specified more than once, but it must be specified at most once."
            )
        if name.startswith("$") and name not in _KNOWN:
            raise errors.odata_error(f"The query parameter '{name}' is not supported.")
        options[name] = unquote_plus(raw_value)
    return options


@dataclass
class Query:
    """The options of one request on one type."""

    type_name: str
    options: dict[str, str] = field(default_factory=dict)
    eventual: bool = False

    @property
    def counted(self) -> bool:
        return self.eventual and self.options.get("$count", "").lower() == "true"

    @property
    def selected(self) -> list[str]:
        names = [name.strip() for name in self.options.get("$select", "").split(",") if name.strip()]
        known = {"*", *names_in(self.type_name), *NAVIGATION.get(self.type_name, ())}
        for name in names:
            if name not in known:
                raise self.unknown_name(name)
        return [] if "*" in names else names

    @property
    def expanded(self) -> list[str]:
        names = [name.partition("(")[0].strip() for name in _split(self.options.get("$expand", ""))]
        for name in names:
            if name not in NAVIGATION.get(self.type_name, ()):
                raise self.unknown_name(name)
        if len(names) > 1:
            raise unsupported_expand()
        return names

    def unknown_name(self, name: str) -> errors.GraphError:
        return errors.odata_error(
            "Parsing OData Select and Expand failed: Could not find a property named "
            f"'{name}' on type 'microsoft.graph.{self.type_name}'."
        )

    def context_suffix(self) -> str:
        """`(id,appId)` and `(owners())` behind the collection's name in @odata.context."""
        parts = self.selected + [f"{name}()" for name in self.expanded]
        return f"({','.join(parts)})" if parts else ""

    def shaped(self, item: Json, expand: Callable[[Json, str], list[Json]] | None = None) -> Json:
        """One object with only the selected properties, in Graph's order, and the expanded ones behind."""
        selected = self.selected
        own_type = str(item.get("@odata.type", self.type_name)).rpartition(".")[2]
        unasked = SHOWN_UNASKED.get(own_type)
        if selected:
            shown = {name: value for name, value in item.items() if name in selected or name.startswith("@odata.")}
            known = properties_of(own_type)
            for name in selected:
                if name not in shown and name in known:
                    shown[name] = [] if known[name].startswith("Collection") else None
        elif unasked:
            shown = {name: value for name, value in item.items() if name in unasked or name.startswith("@odata.")}
        else:
            shown = dict(item)
        for name in self.expanded:
            if expand is None:
                raise unsupported_expand()
            shown[name] = expand(item, name)[:EXPAND_LIMIT]
        return shown

    def matching(self, items: Iterable[Json]) -> Rows | list[Json]:
        """Rows stay rows: looked at no sooner, and no further, than the page needs."""
        if "$deltatoken" in self.options:
            raise errors.odata_error("The query parameter '$deltatoken' is not supported.")
        if "$search" in self.options and not self.eventual:
            raise errors.unsupported_query(
                "Request with $search query parameter only works through MSGraph with a special request header: "
                "'ConsistencyLevel: eventual'"
            )
        if "$search" in self.options:
            items = self._restricted(items, compiled_search(self.options["$search"], type_name=self.type_name))
        text = self.options.get("$filter")
        if text is None:
            return items if isinstance(items, Rows) else list(items)
        if not text.strip():
            raise errors.odata_error("Invalid filter clause: The $filter expression is empty.")
        tree = parsed(text)
        test = compiled(tree, type_name=self.type_name, advanced=self.counted)
        if isinstance(items, Rows):
            values = listed(tree)
            items = items.narrowed(equalities(tree)) if values is None else items.one_of(*values)
        return self._restricted(items, test)

    @staticmethod
    def _restricted(items: Iterable[Json], test: Callable[[Json], bool]) -> Rows | list[Json]:
        return items.that(test) if isinstance(items, Rows) else [item for item in items if test(item)]

    def ordered(self, items: Rows | list[Json]) -> Rows | list[Json]:
        text = self.options.get("$orderby", "").strip()
        if not text:
            return items
        name, _space, direction = text.partition(" ")
        if names_in(self.type_name).get(name) not in ("String", "DateTimeOffset") or direction.strip() not in (
            "",
            "asc",
            "desc",
        ):
            raise errors.unsupported_query(f"Unsupported sort property '{name}' for '{self.type_name}'.")
        if "$filter" in self.options and not self.counted:
            raise errors.unsupported_query("Sorting not supported for current query.")
        return sorted(items, key=lambda item: str(item.get(name) or "").casefold(), reverse=direction.strip() == "desc")

    def page(self, items: Rows | list[Json], *, url: str, size: int = DEFAULT_PAGE) -> tuple[list[Json], str | None]:
        """The objects of this page and the @odata.nextLink of the next one."""
        size = self._page_size(size)
        start = _skip(self.options.get("$skiptoken"))
        # One entry more than a page has shows whether another page follows.
        found: Iterator[Json] = items.after(start - 1) if isinstance(items, Rows) else islice(items, start, None)
        shown = list(islice(found, size + 1))
        if len(shown) <= size:
            return shown, None
        last = shown[size - 1]
        kept = {name: value for name, value in self.options.items() if name != "$skiptoken"}
        kept["$skiptoken"] = _skip_token(
            last.position + 1 if isinstance(items, Rows) and isinstance(last, Record) else start + size
        )
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in kept.items())
        return shown[:size], f"{url}?{query}"

    def _page_size(self, default: int) -> int:
        text = self.options.get("$top")
        if text is None:
            return default
        if not text.isdigit():
            raise errors.odata_error(f"Invalid value '{text}' for $top query option found.")
        if not 1 <= int(text) <= LARGEST_PAGE:
            raise errors.bad_request(
                f"Invalid page size specified: '{text}'. Must be between 1 and {LARGEST_PAGE} inclusive."
            )
        return int(text)


def unsupported_expand() -> errors.GraphError:
    return errors.bad_request("Unsupported expand query.")


def _split(text: str) -> list[str]:
    """Top-level commas only: owners($select=id,displayName) is one item."""
    parts, depth, current = [], 0, ""
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    return [part for part in [*parts, current] if part.strip()]


def _skip_token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"offset:{offset}".encode("ascii")).decode("ascii").rstrip("=")


def _skip(token: str | None) -> int:
    if token is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    prefix, _colon, offset = text.partition(":")
    if prefix != "offset" or not offset.isdigit():
        raise errors.GraphError(
            400,
            "Directory_ExpiredPageToken",
            "The specified page token value has expired and can no longer be included in your request.",
        )
    return int(offset)
