# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records the traffic of the emulator while tests run, and compares it with Microsoft's metadata."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.unit.csdl import ELSEWHERE, Csdl, advice
from graph_emulator.graph.dispatch import VERSION, GraphRequest, GraphResponse

Json = dict[str, t.Any]
# The slice of the metadata that tests get ends at the user: mail of Exchange Online is not declared in it, and
# neither are the roles of Exchange, which are only in beta.
UNDECLARED = re.compile(r"/(users/[^/]+|me)/(mailFolders|messages)\b|/beta/roleManagement/exchange/")


class MetadataObserver:
    """Collects errors of responses, and of the bodies of requests if those must be valid too."""

    def __init__(self, csdl: Csdl, *, requests: bool) -> None:
        self.csdl = csdl
        self.requests = requests
        self.complaints: list[str] = []
        self.answers_seen = 0
        self.requests_seen = 0

    def saw(self, request: GraphRequest, response: GraphResponse) -> None:
        where = f"{request.method} {request.raw_path}"
        if UNDECLARED.search(request.raw_path) or request.raw_path.startswith("/beta/"):
            return
        found = self.of_answer(response.body)
        if self.requests and request.payload:
            found += [f"request: {text}" for text in self.of_request(request)]
        self.complaints += [f"{where}: {text}" for text in found]

    def of_answer(self, body: t.Any) -> list[str]:
        if not isinstance(body, dict):
            return []
        if "error" in body:
            return _error_complaints(body)
        self.answers_seen += 1
        context = body.get("@odata.context")
        if not isinstance(context, str) or "$metadata#" not in context:
            return ["@odata.context is missing"]
        fragment = context.partition("$metadata#")[2]
        if _entity_set(fragment) in ELSEWHERE:
            return []
        if fragment.startswith("Collection(Edm."):
            return self.csdl.complaints(body.get("value"), fragment, "value")
        # The last parentheses may contain a list of selected names, which is not part of the path.
        type_name = self.csdl.type_of_path(_without_selection(fragment))
        if fragment == "Collection($ref)":
            return [f"no reference: {item}" for item in body["value"] if set(item) != {"@odata.id"}]
        if type_name is None:
            return [f"the context {fragment} leads to nothing declared; {advice(_entity_set(fragment))}"]
        if type_name.startswith("Collection("):
            page = {name: value for name, value in body.items() if "@odata." not in name}
            if set(page) != {"value"}:
                return [f"a collection with {sorted(page)}"]
            return self.csdl.complaints(body["value"], type_name, "value")
        if type_name.startswith("Edm.") or type_name in self.csdl.enums:
            return self.csdl.complaints(body.get("value"), type_name, "value")
        return self.csdl.complaints(body, type_name)

    def of_request(self, request: GraphRequest) -> list[str]:
        self.requests_seen += 1
        try:
            body = json.loads(request.payload)
        except ValueError:
            return ["no JSON"]
        if not isinstance(body, dict):
            return ["no object"]
        path = _keyed(request.raw_path.removeprefix(VERSION))
        if _entity_set(path) in ELSEWHERE:
            return []
        type_name = self.csdl.type_of_path(path)
        if type_name is None:
            return [f"the path leads to nothing declared; {advice(_entity_set(path))}"]
        if type_name == "$ref":
            return [] if set(body) == {"@odata.id"} and isinstance(body["@odata.id"], str) else ["no reference"]
        if type_name.startswith("action:"):
            return self.csdl.parameter_complaints(body, self.csdl.action(type_name))
        return self.csdl.complaints(body, type_name.removeprefix("Collection(").removesuffix(")"))


def _entity_set(path: str) -> str:
    """devices(id)/$entity -> devices"""
    return re.split(r"[/(]", path, maxsplit=1)[0]


def _without_selection(fragment: str) -> str:
    """applications(id,appId)/$entity -> applications/$entity, but servicePrincipals('x')/y stays."""
    parts = []
    for segment in fragment.split("/"):
        name, paren, rest = segment.partition("(")
        parts.append(segment if paren and rest.startswith("'") else name)
    return "/".join(parts)


def _keyed(path: str) -> str:
    """/applications/{id}/owners as /applications('{id}')/owners: ids are at the second and fourth position."""
    parts = path.strip("/").split("/")
    if parts[:2] == ["directory", "deletedItems"] and len(parts) > 2:
        parts[1:3] = [f"{parts[1]}('{parts[2]}')"]
    for place in (3, 1):
        if len(parts) > place and parts[place][:1].isalnum() and "(" not in parts[place - 1] and _is_key(parts[place]):
            parts[place - 1 : place + 1] = [f"{parts[place - 1]}('{parts[place]}')"]
    return "/".join(parts)


def _is_key(text: str) -> bool:
    return len(text) >= 36 or "@" in text


def _error_complaints(body: Json) -> list[str]:
    error = body["error"]
    good = (
        isinstance(error, dict)
        and isinstance(error.get("code"), str)
        and isinstance(error.get("message"), str)
        and isinstance(error.get("details", []), list)
        and isinstance(error.get("innerError", {}), dict)
    )
    return [] if good else [f"no OData error: {body!r}"]
