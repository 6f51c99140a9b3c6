# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""delta of applications and service principals: what has changed since the last time.

Pages "Use delta query to track changes in Microsoft Graph data", "application: delta", "servicePrincipal: delta". A
token holds all that is needed to go on, so that it stays good whatever else happens, for seven days or until a reset.
Changes of owners and other relationships are not tracked, as documented.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from .. import errors
from ..directory.record import Record
from ..odata.filter import equalities, parsed
from ..odata.query import DEFAULT_PAGE, LARGEST_PAGE, Query
from . import lookups
from .call import Answer, Call, Handler

Json = dict[str, Any]
_TYPES = {"applications": "application", "servicePrincipals": "servicePrincipal"}
_LIFETIME = 7 * 24 * 3600
_KEPT = ("$select", "$filter", "$top")


@dataclass(frozen=True)
class Token:
    """`changes` and `purges` count what had happened when the round began; `since`, when the one before began."""

    kind: str
    generation: str
    created: float
    changes: int
    purges: int
    options: dict[str, str] = field(default_factory=dict)
    since: tuple[int, int] | None = None
    position: int = -1

    def text(self) -> str:
        raw = json.dumps(asdict(self), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")

    @classmethod
    def read(cls, text: str) -> Token:
        try:
            content = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            content["since"] = tuple(content["since"]) if content["since"] else None
            return cls(**content)
        except (binascii.Error, ValueError, TypeError, KeyError) as error:
            raise errors.malformed_delta_token() from error


def list_for(kind: str) -> Handler:
    def delta(call: Call) -> Answer:
        return _answer(call, kind, _round(call, kind))

    return delta


def _round(call: Call, kind: str) -> Token:
    """The first round, the next page of a round, or a new round that begins where another one began."""
    table, deleted = lookups.entity_set(call, kind), call.directory.deleted
    text = call.options.get("$skiptoken") or call.options.get("$deltatoken")
    changes, purges = len(table.changes), len(deleted.changes)
    fresh = Token(kind, call.directory.generation, call.tenant.clock.timestamp(), changes, purges)
    if not text or text == "latest":
        options = {name: call.options[name] for name in _KEPT if name in call.options}
        return Token(**{**asdict(fresh), "options": options, "since": (changes, purges) if text else None})
    known = Token.read(text)
    if known.kind != kind:
        raise errors.malformed_delta_token()
    if known.generation != fresh.generation:
        raise errors.resync_required(f"{call.base}{call.path}?$deltatoken=")
    if known.created < fresh.created - _LIFETIME:
        raise errors.expired_delta_token()
    if "$skiptoken" in call.options:
        return known
    # A replica may know less than the token does.
    news = {"changes": max(known.changes, changes), "purges": max(known.purges, purges)}
    since = (known.changes, known.purges)
    # "customers can change the properties they want to track for an existing deltaLink" (page "Use delta query").
    options = {**known.options, **{name: call.options[name] for name in ("$select",) if name in call.options}}
    return Token(**{**asdict(fresh), **news, "options": options, "since": since})


def _answer(call: Call, kind: str, token: Token) -> Answer:
    query = Query(_TYPES[kind], token.options)
    size = _size(token.options)
    # One entry more than a page has shows whether another page follows.
    found = list(islice(_entries(call, query, token), size + 1))
    body: Json = {"@odata.context": call.context(f"{kind}{query.context_suffix()}")}
    here = f"{call.base}{call.path}"
    if len(found) > size:
        following = Token(**{**asdict(token), "position": found[size - 1][0]})
        body["@odata.nextLink"] = f"{here}?$skiptoken={following.text()}"
    else:
        end = Token(**{**asdict(token), "position": -1, "since": None})
        body["@odata.deltaLink"] = f"{here}?$deltatoken={end.text()}"
    body["value"] = [entry for _position, entry in found[:size]]
    return Answer(200, body)


def _size(options: dict[str, str]) -> int:
    text = options.get("$top", str(DEFAULT_PAGE))
    if not text.isdigit() or not 1 <= int(text) <= LARGEST_PAGE:
        raise errors.bad_request(
            f"Invalid page size specified: '{text}'. Must be between 1 and {LARGEST_PAGE} inclusive."
        )
    return int(text)


def _entries(call: Call, query: Query, token: Token) -> Iterable[tuple[int, Json]]:
    """(position to go on from, entry): all objects in the first round, later what has changed."""
    table = lookups.entity_set(call, token.kind)
    wanted = _ids(query)
    if token.since is None:
        for item in table.rows().after(token.position):
            if wanted is None or item["id"] in wanted:
                yield item.position, _shown(query, item)
        return
    changed = _changed(call, token)
    for position, (object_id, names) in enumerate(changed.items()):
        if position <= token.position or (wanted is not None and object_id not in wanted):
            continue
        if object_id in table:
            if not query.selected or names.intersection(query.selected):
                minimal = names if call.prefers("return=minimal") else None
                yield position, _shown(query, table[object_id], only=minimal)
        else:
            reason = "changed" if object_id in call.directory.deleted else "deleted"
            yield position, {"id": object_id, "@removed": {"reason": reason}}


def _changed(call: Call, token: Token) -> dict[str, set[str]]:
    """Object id -> properties that changed in the round, oldest change first."""
    table, deleted = lookups.entity_set(call, token.kind), call.directory.deleted
    changes, purges = token.since or (0, 0)
    found: dict[str, set[str]] = {}
    for object_id, names in table.changes[changes : token.changes]:
        found.setdefault(object_id, set()).update(names)
    for object_id, _names in deleted.changes[purges : token.purges]:
        if object_id in table.gone and object_id not in deleted:
            found.setdefault(object_id, set())
    return found


def _shown(query: Query, item: Record, *, only: set[str] | None = None) -> Json:
    """ "The id property is always returned" (page "application: delta")."""
    shown = {"id": item["id"], **query.shaped(item)}
    return shown if only is None else {name: value for name, value in shown.items() if name in only or name == "id"}


def _ids(query: Query) -> set[str] | None:
    """ "The only supported $filter expression is for tracking changes for specific resources, by their ID"."""
    text = query.options.get("$filter")
    if text is None:
        return None
    ids = [found for part in _alternatives(parsed(text)) for found in equalities(part)]
    if not ids or any(name != "id" for name, _value in ids) or len(ids) != len(_alternatives(parsed(text))):
        raise errors.unsupported_query("Unsupported Query.")
    return {value.lower() for _name, value in ids}


def _alternatives(tree: Any) -> list[Any]:
    """The parts that `or` joins."""
    if type(tree).__name__ == "BoolOp" and type(tree.op).__name__ == "Or":
        return [*_alternatives(tree.left), *_alternatives(tree.right)]
    return [tree]
