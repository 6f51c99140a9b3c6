# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an HTTP request to a Graph answer: token, route, right, handler, error body, response headers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any, Protocol

from .. import catalogue, errors
from ..caller import Caller
from ..directory import rights
from ..directory.exchange_scopes import ExchangeScopes
from ..directory.tenant import Tenant
from ..identity import tokens
from ..odata.path import tokens as path_tokens
from ..odata.query import parse_query
from . import address, beta, csdl
from .call import Answer, Call
from .costs import is_write, resource_units
from .routes import resolve

Json = dict[str, Any]
VERSION = "/v1.0"
CONTENT_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass
class GraphRequest:
    """One request as it came in, alone or inside a $batch. Header names are in lower case."""

    method: str
    raw_path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    payload: bytes = b""


@dataclass
class GraphResponse:
    status: int
    headers: dict[str, str]
    body: Json | int | str | None
    client_id: str | None = None


class Layers(Protocol):
    """What a request passes on its way to the handler (see the package weather)."""

    def admitted(self, caller: Caller, *, writes: bool, onward: Callable[[], Answer]) -> Answer:
        """May refuse a request before anything is looked up, or answer it again."""

    def served(self, call: Call, onward: Callable[[Call], Answer]) -> Answer:
        """May refuse, delay or change the answer of one call."""


class Graph:
    """Serves one tenant. `base` is the emulator's own address, known once it listens."""

    def __init__(self, tenant: Tenant, key: tokens.SigningKey, layers: Layers) -> None:
        self.tenant = tenant
        self.key = key
        self.base = ""
        self.layers = layers

    def authenticate(self, request: GraphRequest) -> Caller:
        return tokens.read(
            request.headers.get("authorization"),
            self.key,
            clock=self.tenant.clock,
            audiences=self._audiences(),
            tenant_id=self.tenant.tenant_id,
        )

    def _audiences(self) -> frozenset[str]:
        graph = self.tenant.service_principal_by("appId", catalogue.MICROSOFT_GRAPH_APP_ID)
        names = graph["servicePrincipalNames"] if graph else []
        return frozenset(name.rstrip("/") for name in names) | {self.base}

    def serve(self, request: GraphRequest) -> GraphResponse:
        """The answer to a request that carries its own token, which the metadata does not need."""
        try:
            if request.method in ("GET", "HEAD") and self._address(request).path == "/$metadata":
                headers = {**self.headers(request), "content-type": "application/xml", "odata-version": "4.0"}
                return GraphResponse(200, headers, csdl.document())
            caller = self.authenticate(request)
        except errors.GraphError as error:
            return self.failed(error, request)
        return self.serve_as(caller, request)

    def serve_as(self, caller: Caller, request: GraphRequest) -> GraphResponse:
        """The answer to an authenticated request; every change happens under the tenant's lock."""
        with self.tenant.lock:
            self.tenant.lag.start_request()
            try:
                answer = self.layers.admitted(
                    caller,
                    writes=is_write(request.method, request.raw_path),
                    onward=lambda: self._answer(caller, request),
                )
            except errors.GraphError as error:
                return self.failed(error, request, caller)
        headers = {**self.headers(request), "x-ms-resource-unit": str(answer.cost)}
        if answer.body is not None:
            headers.update({"content-type": CONTENT_TYPE, "odata-version": "4.0"})
        return GraphResponse(answer.status, {**headers, **answer.headers}, answer.body, caller.client_id)

    def _answer(self, caller: Caller, request: GraphRequest) -> Answer:
        at = self._address(request)
        query, payload, path = request.query, request.payload, at.path
        if at.beta:
            query, payload, path = beta.path_or_query(query), beta.request_body(payload), beta.path_or_query(path)
        route, keys = resolve(request.method, path_tokens(path), beta=at.beta)
        caller = rights.with_defaults(caller, allowed_to_create_apps=self.tenant.directory.allowed_to_create_apps)
        rights.require_some(self._in_mail(caller, route.right), route.right)
        call = Call(
            tenant=self.tenant,
            caller=caller,
            base=self.base,
            path=request.raw_path,
            right=route.right,
            keys=keys,
            options=parse_query(query),
            headers=request.headers,
            payload=payload,
            method=request.method,
            root=at.root,
        )
        answer = self.layers.served(call, route.handler)
        answer.cost = resource_units(answer.cost, call.options)
        if at.beta:
            answer.body = beta.answer_body(answer.body)
        return answer

    def _address(self, request: GraphRequest) -> address.Address:
        return address.split(request.raw_path, (self.tenant.tenant_id, self.tenant.domain.lower()))

    def _in_mail(self, caller: Caller, right: str) -> Caller:
        """Exchange's own role assignments count for mail only; the handler checks for which mailbox."""
        if not rights.RIGHTS[right].mail:
            return caller
        return self.tenant.directory.exchange.anywhere(caller, ExchangeScopes(self.tenant))

    def headers(self, request: GraphRequest) -> dict[str, str]:
        now = self.tenant.clock.now()
        request_id = str(uuid.uuid4())
        return {
            "cache-control": "no-cache",
            "date": format_datetime(now, usegmt=True),
            "request-id": request_id,
            "client-request-id": request.headers.get("client-request-id", request_id),
        }

    def failed(self, error: errors.GraphError, request: GraphRequest, caller: Caller | None = None) -> GraphResponse:
        headers = {**self.headers(request), "content-type": "application/json"}
        if error.status == 401:
            headers["www-authenticate"] = (
                'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
                f'client_id="{catalogue.MICROSOFT_GRAPH_APP_ID}"'
            )
        else:
            headers["x-ms-resource-unit"] = "1"
        headers.update(error.headers)
        body = error.body(
            date=f"{self.tenant.clock.now():%Y-%m-%dT%H:%M:%S}",
            request_id=headers["request-id"],
            client_request_id=headers["client-request-id"],
        )
        return GraphResponse(error.status, headers, body, caller.client_id if caller else None)
