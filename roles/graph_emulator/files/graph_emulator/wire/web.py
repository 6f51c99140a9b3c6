# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP application: the identity platform, Microsoft Graph and the admin interface behind one address."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import errors
from ..caller import Caller
from ..clock import seven_digits
from ..emulator import Emulator
from ..graph import batch
from ..graph.address import VERSIONS
from ..graph.dispatch import GraphRequest, GraphResponse
from ..identity import issuer
from ..identity.aadsts import TokenRefused
from ..journal import Entry, masked, masked_query
from ..page import PATH as WINDOW
from ..page import Window
from ..page.device_page import DevicePage
from . import admin
from .middleware import Wire

Json = dict[str, Any]
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_NO_STORE = {"cache-control": "no-store, no-cache", "pragma": "no-cache"}


class Web:
    """Turns Starlette's requests into the emulator's and its answers into Starlette's."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def application(self, *, vault_port: int = 0) -> ASGIApp:
        """The key vault has a port, and so a host, of its own, as with Azure."""
        tenant, vault = self._tenant_application(), self._vault_application()

        async def by_port(scope: Scope, receive: Receive, send: Send) -> None:
            at = (scope.get("server") or ("", 0))[1]
            await (vault if at == vault_port else tenant)(scope, receive, send)

        return by_port

    def _vault_application(self) -> Starlette:
        return Starlette(
            routes=[Route("/{path:path}", self.key_vault, methods=_METHODS)],
            middleware=[self._wire(apart=lambda _path: False)],
            exception_handlers={Exception: self.internal_error},
        )

    def _wire(self, *, apart: Callable[[str], bool]) -> Middleware:
        emulator = self.emulator
        return Middleware(Wire, journal=emulator.journal, faults=emulator.faults, clock=emulator.clock, apart=apart)

    def _tenant_application(self) -> Starlette:
        emulator = self.emulator
        return Starlette(
            routes=[
                Route(f"{issuer.PATH}/.well-known/openid-configuration", self.issuer_configuration, methods=["GET"]),
                Route(f"{issuer.PATH}/jwks", self.issuer_keys, methods=["GET"]),
                *admin.routes(emulator),
                Route(WINDOW, Window(emulator).page, methods=["GET"]),
                *DevicePage(emulator.identity, emulator.tenant).routes(),
                Route("/metadata/endpoints", self.resource_manager, methods=_METHODS),
                Route("/subscriptions", self.resource_manager, methods=_METHODS),
                Route("/subscriptions/{path:path}", self.resource_manager, methods=_METHODS),
                Route("/tenants", self.resource_manager, methods=_METHODS),
                Route("/providers/{path:path}", self.resource_manager, methods=_METHODS),
                Route("/common/discovery/instance", self.instance_discovery, methods=["GET"]),
                *self._of_both_versions(),
                *(Route(f"/{version}/$batch", self.batch, methods=["POST"]) for version in VERSIONS),
                Route("/{path:path}", self.graph, methods=_METHODS),
            ],
            middleware=[self._wire(apart=_apart)],
            exception_handlers={Exception: self.internal_error},
        )

    def _of_both_versions(self) -> list[Route]:
        """The identity platform's endpoints for one tenant; those of the first version lack v2.0 in the path."""
        routes = []
        for version in ("v2.0/", ""):
            for path, endpoint, methods in (
                (f"{version}.well-known/openid-configuration", self.openid_configuration, ["GET"]),
                (f"discovery/{version}keys", self.signing_keys, ["GET"]),
                (f"oauth2/{version}devicecode", self.device_code, ["POST"]),
                (f"oauth2/{version}token", self.token, ["POST"]),
                (f"oauth2/{version}authorize", self.no_browser_sign_in, ["GET", "POST"]),
            ):
                routes.append(Route(f"/{{tenant}}/{path}", endpoint, methods=methods))
        return routes

    async def internal_error(self, _request: Request, error: Exception) -> Response:
        """A bug of the emulator: remembered for the tests; the server also writes its traceback to stderr."""
        self.emulator.internal_errors.append("".join(traceback.format_exception(error)))
        body = {"error": {"code": "InternalServerError", "message": f"Emulator bug: {type(error).__name__}"}}
        # The server closes the connection after a bug; without saying so, the client's next request would be lost.
        return JSONResponse(body, status_code=500, headers={"connection": "close"})

    # Identity platform

    async def instance_discovery(self, request: Request) -> Response:
        endpoint = request.query_params.get("authorization_endpoint")
        try:
            return JSONResponse(self.emulator.identity.instance_discovery(endpoint))
        except TokenRefused as error:
            return self._refused(error)

    async def openid_configuration(self, request: Request) -> Response:
        name = request.path_params["tenant"]
        try:
            return JSONResponse(self.emulator.identity.openid_configuration(name, first=_is_first(request)))
        except TokenRefused as error:
            return self._refused(error)

    async def signing_keys(self, request: Request) -> Response:
        try:
            return JSONResponse(self.emulator.identity.signing_keys(request.path_params["tenant"]))
        except TokenRefused as error:
            return self._refused(error)

    async def issuer_configuration(self, _request: Request) -> Response:
        return JSONResponse(issuer.discovery(self.emulator.identity.base))

    async def issuer_keys(self, _request: Request) -> Response:
        return JSONResponse(issuer.keys())

    async def device_code(self, request: Request) -> Response:
        form = await request.body()
        emulator = self.emulator
        with emulator.tenant.lock:
            emulator.tenant.lag.start_request()
            try:
                body, client_id = emulator.identity.device_code(
                    request.path_params["tenant"], form=form, first=_is_first(request)
                )
            except TokenRefused as error:
                return self._refused(error, request.headers.get("client-request-id"))
        request.scope["state"]["client_id"] = client_id
        return JSONResponse(body, headers=_NO_STORE)

    async def token(self, request: Request) -> Response:
        form = await request.body()
        emulator = self.emulator
        with emulator.tenant.lock:
            emulator.tenant.lag.start_request()
            try:
                body, client_id = emulator.identity.showing(emulator.weather.replicas.view()).token(
                    request.path_params["tenant"],
                    form=form,
                    authorization=request.headers.get("authorization"),
                    first=_is_first(request),
                )
            except TokenRefused as error:
                return self._refused(error, request.headers.get("client-request-id"))
        request.scope["state"]["client_id"] = client_id
        return JSONResponse(body, headers=_NO_STORE)

    async def no_browser_sign_in(self, _request: Request) -> Response:
        """In the OpenID configuration because clients want it there."""
        return PlainTextResponse(
            "The emulator does not serve the authorization code flow. Sign users in with a device code.\n",
            status_code=501,
        )

    def _refused(self, error: TokenRefused, correlation_id: str | None = None) -> Response:
        timestamp = f"{self.emulator.clock.now():%Y-%m-%d %H:%M:%SZ}"
        return JSONResponse(error.body(timestamp, correlation_id), status_code=error.status, headers=_NO_STORE)

    # Azure Resource Manager

    async def resource_manager(self, request: Request) -> Response:
        emulator = self.emulator
        with emulator.tenant.lock:
            answer = emulator.resource_manager.serve(
                request.method,
                request.url.path,
                query=request.url.query,
                authorization=request.headers.get("authorization"),
            )
        request.scope["state"]["client_id"] = answer.client_id
        return JSONResponse(answer.body, status_code=answer.status, headers=answer.headers)

    # Azure Key Vault

    async def key_vault(self, request: Request) -> Response:
        emulator = self.emulator
        payload = await request.body()
        with emulator.tenant.lock:
            status, headers, body, client_id = emulator.key_vault.serve(
                request.method,
                str(request.url),
                payload=payload,
                headers={name.lower(): value for name, value in request.headers.items()},
            )
        request.scope["state"]["client_id"] = client_id
        content = b"" if body is None else json.dumps(body).encode()
        headers["content-type"] = "application/json; charset=utf-8"
        return Response(content, status_code=status, headers=headers)

    # Microsoft Graph

    async def graph(self, request: Request) -> Response:
        served = await _graph_request(request)
        response = self.emulator.graph_service.serve(served)
        request.scope["state"]["client_id"] = response.client_id
        return _response(response)

    async def batch(self, request: Request) -> Response:
        """The outer token authorises every inner request; each of them has its own journal entry."""
        outer = await _graph_request(request)
        service = self.emulator.graph_service
        try:
            caller = service.authenticate(outer)
            request.scope["state"]["client_id"] = caller.client_id
            user_agent = outer.headers.get("user-agent")

            def serve(inner: GraphRequest) -> GraphResponse:
                started = time.perf_counter()
                index = self.emulator.journal.reserve()
                response = self._inner_answer(caller, inner)
                self.emulator.journal.add(
                    Entry(
                        index=index,
                        time=seven_digits(self.emulator.clock.now()),
                        method=inner.method,
                        path=inner.raw_path,
                        query=masked_query(inner.query),
                        body=masked(json.loads(inner.payload)) if inner.payload else None,
                        status=response.status,
                        client_id=caller.client_id,
                        duration_ms=round((time.perf_counter() - started) * 1000, 3),
                        user_agent=user_agent,
                        outer=request.scope["state"]["journal_index"],
                    )
                )
                return response

            body = batch.run(outer.payload, serve, root=request.url.path.removesuffix("/$batch"))
        except errors.GraphError as error:
            return _response(service.failed(error, outer))
        return _response(GraphResponse(200, {**service.headers(outer), "content-type": "application/json"}, body))

    def _inner_answer(self, caller: Caller, inner: GraphRequest) -> GraphResponse:
        """Faults with a status also hit inner requests; what breaks a connection cannot."""
        target = inner.raw_path + (f"?{inner.query}" if inner.query else "")
        fault = self.emulator.faults.take(inner.method, target, inner=True)
        if fault is None or fault.status is None:
            return self.emulator.graph_service.serve_as(caller, inner)
        if fault.processed:
            self.emulator.graph_service.serve_as(caller, inner)
        return GraphResponse(fault.status, {**fault.headers}, fault.reply_body())


def _is_first(request: Request) -> bool:
    """Whether the request goes to an endpoint of the identity platform without v2.0 in its path."""
    return "/v2.0/" not in request.url.path


def _apart(path: str) -> bool:
    """What is not part of the tenant: the admin interface and the page for people."""
    return path.startswith(admin.PREFIX) or path == WINDOW


async def _graph_request(request: Request) -> GraphRequest:
    raw_path = request.scope.get("raw_path") or request.url.path.encode("ascii")
    return GraphRequest(
        method=request.method,
        raw_path=raw_path.decode("latin-1").partition("?")[0],
        query=request.url.query,
        headers={name.lower(): value for name, value in request.headers.items()},
        payload=await request.body(),
    )


def _response(response: GraphResponse) -> Response:
    if isinstance(response.body, str):
        content = response.body.encode("utf-8")
    else:
        content = b"" if response.body is None else json.dumps(response.body, separators=(",", ":")).encode("utf-8")
    return Response(content, status_code=response.status, headers=response.headers)
