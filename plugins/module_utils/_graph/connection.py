# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""One request to Microsoft Graph, sent again as long as ``retry`` and the allowance of time permit."""

from __future__ import annotations

import json
import typing as t
import uuid

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    GraphError,
    GraphFault,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import RETRY_STATUS, WaitedFor
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import answer as _answer
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.easing import Easing, used_share
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Read, Write
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.retry import (
    Decision,
    decide,
    misses_foreign_id,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient, Response
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken

WAITED_FOR = {**dict.fromkeys(RETRY_STATUS, WaitedFor.BUSY), 429: WaitedFor.LIMITS}


class Connection:
    """Microsoft Graph of one tenant, as one identity."""

    def __init__(
        self, http: HttpClient, *, host: str, token: t.Callable[[bool], AccessToken], memory: RunMemory
    ) -> None:
        """``token`` is that of GraphClient."""
        self._http = http
        self._host = host
        self._token = token
        self._patience = http.patience
        self.easing = Easing(memory, http.patience, identity=lambda: token(False).digest)

    def exchange(self, request: Read | Write, *, page: str = "") -> Json:
        """Send, and send again as long as that is safe, may help, and the allowance of time is not used up.

        ``page`` is the address of a further page of a collection, below that of the API.
        """
        url = page or request.url
        failures, token_renewed = 0, False
        token = self._token(False)
        while True:
            try:
                answer = self._send(request, url, token)
                document = _answer.parse(answer, request)
            except TransportError as exc:
                failures += 1
                if not self._patience.pause_after(exc, failures=failures, repeatable=request.repeatable):
                    raise
                continue
            if answer.status_code < 300:
                return document
            fault = GraphFault.parse(answer.status_code, answer.content, answer.headers.get("request-id"))
            retry_after = answer.retry_after
            decision = decide(fault, request, token_renewed=token_renewed)
            if decision is Decision.RENEW:
                token = self._token(True)
                token_renewed = True
            elif decision is Decision.RAISE or not self._patience.pause(retry_after, why=waited_for(fault.status)):
                raise graph_error(fault, request, url=url, waited=self._patience.waited, retry_after=retry_after)

    def base(self, request: Read | Write) -> str:
        return f"{self._host}/{request.version}"

    def _send(self, request: Read | Write, url: str, token: AccessToken) -> Response:
        headers = {
            "Authorization": f"Bearer {token.value}",
            "Accept": "application/json",
            "client-request-id": str(uuid.uuid4()),
            **request.headers,
        }
        body = None
        if request.body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(request.body).encode()
        self.easing.wait()
        response = self._http.request(request.method, self.base(request) + url, headers=headers, body=body)
        self.easing.note(used_share([response.headers]))
        return response


def graph_error(fault: GraphFault, request: Read | Write, *, url: str, waited: float, retry_after: str) -> GraphError:
    """``url`` is the address below that of the API."""
    return GraphError(
        fault,
        action=request.action,
        method=request.method,
        path=f"/{request.version}{url.partition('?')[0]}",
        right=request.right,
        waited=waited,
        retry_after=retry_after,
        misses_other=misses_foreign_id(fault, request),
    )


def waited_for(status: int) -> WaitedFor:
    return WAITED_FOR.get(status, WaitedFor.LAG)
