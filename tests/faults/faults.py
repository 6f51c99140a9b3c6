# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of one HTTP request, as rules of the emulator."""

from __future__ import annotations

import typing as t

Fault = dict[str, t.Any]

REQUEST_TIMEOUT = 3  # seconds, in the runs of the matrix


def _error(status: int, code: str, message: str, **more: t.Any) -> Fault:
    return {"status": status, "body": {"error": {"code": code, "message": message, **more}}}


CONCURRENCY = "Error due to concurrent requests being made to the tenant. Please wait briefly and retry."

FAULTS: dict[str, Fault] = {
    "429 with Retry-After": {"status": 429, "headers": {"Retry-After": "1"}},
    "429 without": {"status": 429},
    "500": {"status": 500},
    "502": {"status": 502},
    "503": {"status": 503},
    "504": {"status": 504},
    "500, yet processed": {"status": 500, "processed": True},
    "504, yet processed": {"status": 504, "processed": True},
    "connection refused": {"refuse": 2.0},
    "closed before processing": {"close_before": True},
    "closed after processing": {"close_after": True},
    "answer cut": {"truncate": True},
    "answer too late": {"delay_after": REQUEST_TIMEOUT + 1.5},
    "processed too late": {"delay": REQUEST_TIMEOUT + 1.5},
    "invalid JSON": {"invalid_json": True},
    # The responses that follow a create until all replicas know it; sources in graph/facts.md and errors.json.
    "lag: 404": _error(
        404,
        "Request_ResourceNotFound",
        "Resource '0' does not exist or one of its queried reference-property objects are not present.",
    ),
    "lag: no backing application": _error(
        400,
        "Request_BadRequest",
        "The appId '0' of the service principal does not reference a valid application object.",
        details=[{"code": "NoBackingApplicationObject", "message": "", "target": "appId"}],
    ),
    "lag: no valid reference": _error(400, "Request_BadRequest", "Not a valid reference update."),
    "lag: not in the local tenant": _error(
        403,
        "Authorization_RequestDenied",
        "When using this permission, the backing application of the service principal being created must in the local"
        " tenant",
    ),
    "concurrency as 409": _error(409, "Directory_ConcurrencyViolation", CONCURRENCY),
    "concurrency as 503": _error(503, "Directory_ConcurrencyViolation", CONCURRENCY),
    "concurrency as 400": _error(400, "Request_BadRequest", CONCURRENCY),
    "token expired": _error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."),
}
