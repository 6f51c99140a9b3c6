# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that show one object or a page of many, the same for every entity set."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .. import errors
from ..odata.query import DEFAULT_PAGE
from .call import Answer, Call

Json = dict[str, Any]
Expand = Callable[[Json, str], list[Json]]


def page(
    call: Call,
    items: Iterable[Json],
    *,
    type_name: str,
    fragment: str,
    cost: int = 1,
    expand: Expand | None = None,
    size: int = DEFAULT_PAGE,
) -> Answer:
    """A collection: filtered, ordered, counted, cut into pages, and shaped."""
    query = call.query(type_name)
    context = call.context(fragment + query.context_suffix())
    found = query.ordered(query.matching(items))
    shown, next_link = query.page(found, url=f"{call.base}{call.path}", size=size)
    body: Json = {"@odata.context": context}
    if query.counted:
        body["@odata.count"] = len(found)
    if next_link is not None:
        body["@odata.nextLink"] = next_link
    body["value"] = [query.shaped(item, expand) for item in shown]
    return Answer(200, body, cost=cost)


def count(call: Call, items: Iterable[Json], *, type_name: str) -> Answer:
    """A collection's /$count: a bare number, and only as an advanced query (page "Advanced query capabilities")."""
    query = call.query(type_name)
    if not query.eventual:
        raise errors.bad_request("$count is not currently supported.")
    query.options = {**query.options, "$count": "true"}
    return Answer(200, len(query.matching(items)), {"content-type": "text/plain"})


def one(
    call: Call,
    item: Json,
    *,
    type_name: str,
    fragment: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
    expand: Expand | None = None,
) -> Answer:
    query = call.query(type_name)
    context = call.context(f"{fragment}{query.context_suffix()}/$entity")
    return Answer(status, {"@odata.context": context, **query.shaped(item, expand)}, headers or {})


def location(call: Call, object_id: str, class_name: str) -> dict[str, str]:
    """The Location header of a create, as recorded; it is no address to follow."""
    objects = f"{call.base}/v2/{call.tenant.tenant_id}/directoryObjects"
    return {"location": f"{objects}/{object_id}/Microsoft.DirectoryServices.{class_name}"}
