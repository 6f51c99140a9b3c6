# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""POST /v1.0/$batch: up to 20 requests in one, each with its own status (page "Combine multiple HTTP requests")."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .. import errors, strict_json
from .dispatch import VERSION, GraphRequest, GraphResponse

Json = dict[str, Any]
MOST_REQUESTS = 20
Serve = Callable[[GraphRequest], GraphResponse]
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


def run(payload: bytes, serve: Serve, *, root: str = VERSION) -> Json:
    """The answers to all inner requests, in order; one whose dependency failed is not tried and answers 424."""
    failed: set[str] = set()
    answers: list[Json] = []
    for entry in _entries(payload):
        if failed.intersection(entry.get("dependsOn") or []):
            answer = _dependency_failed(entry["id"])
        else:
            answer = _answer(entry["id"], serve(_request(entry, root)))
        if answer["status"] >= 400:
            failed.add(entry["id"])
        answers.append(answer)
    return {"responses": answers}


def _entries(payload: bytes) -> list[Json]:
    try:
        body = strict_json.loads(payload)
    except ValueError as error:
        raise errors.malformed_json() from error
    entries = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(entries, list) or not entries:
        raise errors.odata_error("Invalid batch payload format.")
    if len(entries) > MOST_REQUESTS:
        raise errors.odata_error(f"Number of batch request steps exceeds the maximum value of {MOST_REQUESTS}.")
    seen: set[str] = set()
    for entry in entries:
        _check(entry, seen)
        seen.add(entry["id"])
    return entries


def _check(entry: Any, earlier: set[str]) -> None:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not entry["id"]:
        raise errors.odata_error("Invalid batch payload format.")
    if entry["id"] in earlier:
        raise errors.odata_error(f"Request Id '{entry['id']}' is not unique in the batch.")
    if str(entry.get("method", "")).upper() not in _METHODS or not isinstance(entry.get("url"), str):
        raise errors.odata_error(f"Batch request step '{entry['id']}' needs a method and a url.")
    if not isinstance(entry.get("headers") or {}, dict):
        raise errors.odata_error(f"Batch request step '{entry['id']}' has headers that are no object.")
    depends = entry.get("dependsOn") or []
    if not isinstance(depends, list) or not all(isinstance(one, str) and one in earlier for one in depends):
        raise errors.odata_error(f"Batch request step '{entry['id']}' depends on a step that does not come before it.")


def _request(entry: Json, root: str) -> GraphRequest:
    path, _mark, query = entry["url"].partition("?")
    headers = {str(name).lower(): str(value) for name, value in (entry.get("headers") or {}).items()}
    body = entry.get("body")
    payload = b"" if body is None else json.dumps(body).encode("utf-8")
    return GraphRequest(entry["method"].upper(), f"{root}/{path.lstrip('/')}", query, headers, payload)


def _answer(request_id: str, response: GraphResponse) -> Json:
    answer: Json = {"id": request_id, "status": response.status, "headers": response.headers}
    if response.body is not None:
        answer["body"] = response.body
    return answer


def _dependency_failed(request_id: str) -> Json:
    error = {"code": "FailedDependency", "message": "The dependent request failed."}
    return {"id": request_id, "status": 424, "headers": {}, "body": {"error": error}}
