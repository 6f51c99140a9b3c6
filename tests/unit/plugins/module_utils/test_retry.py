# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reaction to a failed request, as a table. The rules of Directory_ConcurrencyViolation are in converge."""

from __future__ import annotations

import dataclasses
import time

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import GraphFault, TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import (
    TRANSPORT_ATTEMPTS,
    Patience,
    WaitedFor,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Read, Write
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.retry import Decision, decide

RENEW, WAIT, RAISE = Decision.RENEW, Decision.WAIT, Decision.RAISE
READ = Read(path="applications", collection=True, action="read")
READ_OF_NEW = dataclasses.replace(READ, created_recently=True)
WRITE = Write(method="PATCH", path="applications/1", action="write")
WRITE_TO_NEW = dataclasses.replace(WRITE, created_recently=True)
WRITE_WITH_OWNER = dataclasses.replace(WRITE_TO_NEW, foreign_id="the-owner")
ONCE = Write(method="POST", path="applications/1/addPassword", action="write", repeatable=False)
ONCE_TO_NEW = dataclasses.replace(ONCE, created_recently=True)

FIRST, RENEWED = False, True  # whether the token was renewed for the request

NOT_FOUND = GraphFault(404, code="Request_ResourceNotFound", message="Resource '1' does not exist.")
NO_OWNER = GraphFault(404, code="Request_ResourceNotFound", message="Resource 'the-owner' does not exist.")
NOT_BACKED = GraphFault(400, code="Request_BadRequest", detail_codes=("NoBackingApplicationObject",))
UNKNOWN_KEY = GraphFault(400, code="Request_BadRequest", message="No password credential found with keyId 5.")
BAD = GraphFault(400, code="Request_BadRequest", message="Invalid value.")
FORBIDDEN = GraphFault(403, code="Authorization_RequestDenied")
EXPIRED = GraphFault(401, code="InvalidAuthenticationToken")
THROTTLED = GraphFault(429, code="TooManyRequests")
UNAVAILABLE = GraphFault(503, code="ServiceUnavailable")
CONCURRENT = GraphFault(503, code="Directory_ConcurrencyViolation")
# Responses from systems between here and Graph have no code of Graph.
PROXY_401, PROXY_404, PROXY_429, PROXY_502 = (GraphFault(status) for status in (401, 404, 429, 502))


@pytest.mark.parametrize(
    ("fault", "request_", "token_renewed", "decision"),
    [
        # The token
        (EXPIRED, READ, FIRST, RENEW),
        (EXPIRED, ONCE, FIRST, RENEW),
        (EXPIRED, READ, RENEWED, RAISE),
        (PROXY_401, READ, FIRST, RENEW),
        (PROXY_401, ONCE, FIRST, RAISE),
        # Throttling: Graph did not process the request
        (THROTTLED, READ, FIRST, WAIT),
        (THROTTLED, WRITE, RENEWED, WAIT),
        (THROTTLED, ONCE, FIRST, WAIT),
        (PROXY_429, WRITE, FIRST, WAIT),
        (PROXY_429, ONCE, FIRST, RAISE),
        # Problems of the server
        (UNAVAILABLE, READ, FIRST, WAIT),
        (UNAVAILABLE, WRITE, FIRST, WAIT),
        (UNAVAILABLE, ONCE, FIRST, RAISE),
        (PROXY_502, READ, FIRST, WAIT),
        (PROXY_502, ONCE, FIRST, RAISE),
        (CONCURRENT, WRITE, FIRST, RAISE),
        (CONCURRENT, READ, FIRST, RAISE),
        # Replication lag, only after a create of this run
        (NOT_FOUND, READ, FIRST, RAISE),
        (NOT_FOUND, READ_OF_NEW, FIRST, WAIT),
        (NOT_FOUND, WRITE_TO_NEW, FIRST, WAIT),
        (NOT_FOUND, ONCE_TO_NEW, FIRST, WAIT),
        (PROXY_404, ONCE_TO_NEW, FIRST, RAISE),
        (NOT_BACKED, WRITE, FIRST, RAISE),
        (NOT_BACKED, WRITE_TO_NEW, FIRST, WAIT),
        (UNKNOWN_KEY, ONCE_TO_NEW, FIRST, WAIT),
        (UNKNOWN_KEY, ONCE, FIRST, RAISE),
        (NOT_FOUND, WRITE_WITH_OWNER, FIRST, WAIT),
        (NO_OWNER, WRITE_WITH_OWNER, FIRST, RAISE),
        # Permanent refusals
        (BAD, WRITE_TO_NEW, FIRST, RAISE),
        (FORBIDDEN, READ_OF_NEW, FIRST, RAISE),
        (FORBIDDEN, ONCE, FIRST, RAISE),
    ],
)
def test_the_reaction_to_a_refusal_depends_on_its_code(
    *, fault: GraphFault, request_: Read | Write, token_renewed: bool, decision: Decision
) -> None:
    assert decide(fault, request_, token_renewed=token_renewed) is decision


@pytest.mark.parametrize(
    ("maybe_processed", "permanent", "request_", "failures", "decision"),
    [
        (False, False, READ, 1, WAIT),
        (True, False, READ, 1, WAIT),
        (True, False, WRITE, 1, WAIT),
        (False, False, ONCE, 1, WAIT),
        (True, False, ONCE, 1, RAISE),
        (False, True, READ, 1, RAISE),
        (True, False, READ, TRANSPORT_ATTEMPTS - 1, WAIT),
        (True, False, READ, TRANSPORT_ATTEMPTS, RAISE),
        (False, False, ONCE, TRANSPORT_ATTEMPTS, RAISE),
    ],
)
def test_the_reaction_to_an_unusable_response_depends_on_the_request(
    *,
    maybe_processed: bool,
    permanent: bool,
    request_: Read | Write,
    failures: int,
    decision: Decision,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patience = Patience(60.0)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    failure = TransportError("the connection was lost", maybe_processed=maybe_processed, permanent=permanent)
    waits = patience.pause_after(failure, failures=failures, repeatable=request_.repeatable)
    assert waits is (decision is WAIT)
    assert (patience.waited_for[WaitedFor.BUSY] > 0) is waits
