# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What the identity platform means where it gives no token."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.error_code import ErrorCode, find
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import SignInError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import RETRY_STATUS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.sign_in_codes import SIGN_IN_CODES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import Response

AADSTS = re.compile(r"AADSTS[0-9]+")
ANY_CREDENTIAL = "AADSTS70002"
LOOK_UP = "https://login.microsoftonline.com/error?code="


def refusal(
    what: str,
    last: Response | None,
    result: t.Mapping[str, t.Any],
    *,
    fallback: str,
    person: bool = False,
    otherwise: str = "Check the tenant id, the client id and the credential.",
) -> SignInError:
    """Prefer the identity platform's own words: msal drops the body of a refused tenant discovery.

    ``person``: a person signs in with a device code. ``otherwise`` is the next step where there is no AADSTS code.
    """
    status = None
    if last is not None:
        status = last.status_code
        result = {**result, **_json.parse_object(last.content)}
    first_line = _first_line(_json.text_or_empty(result, "error_description"))
    code = _code(first_line)
    reason = first_line or _json.text(result, "error") or fallback
    next_step = otherwise
    if code is not None:
        next_step = _next_step(code, known_code(first_line), person=person)
    elif status is not None and (status in RETRY_STATUS or status < 400):
        reason = f"the identity platform answered with status {status} and no token"
        next_step = "Run again later; if the problem remains, check what answers at the address of the sign-in host."
    return SignInError(
        f"Could not {what}: {reason}",
        next_step=next_step,
        code=code,
        status=status,
        request_id=_json.text(result, "trace_id"),
        correlation_id=_json.text(result, "correlation_id"),
    )


def _first_line(description: str) -> str:
    """The first that is not blank, without the ids that follow."""
    line = next(filter(str.strip, description.splitlines()), "")
    return line.partition(" Trace ID:")[0]


def _code(description: str) -> str | None:
    """The one that the description begins with; behind that of any wrong credential, the more precise one."""
    if AADSTS.match(description) is None:
        return None
    codes: list[str] = AADSTS.findall(description)
    return first(codes, lambda code: code != ANY_CREDENTIAL) or ANY_CREDENTIAL


def known_code(description: str) -> ErrorCode | None:
    return find(SIGN_IN_CODES, status=0, codes=(_code(description),), message=description)


def _next_step(code: str, known: ErrorCode | None, *, person: bool) -> str:
    row = known or _unknown(code)
    if person:
        return row.person or row.next_step
    return row.next_step


def _unknown(code: str) -> ErrorCode:
    next_step = f"This collection does not know the code {code}: look it up at {LOOK_UP}{code.removeprefix('AADSTS')}."
    return ErrorCode(code, meaning="", next_step=next_step, source="", person=f"{next_step} Run the login again.")
