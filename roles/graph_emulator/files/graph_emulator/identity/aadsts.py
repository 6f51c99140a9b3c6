# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals of the identity platform: AADSTS numbers, OAuth error names, and the body around them.

Bodies: captures from a real tenant in calvinchengx/entra-emulator (2026-08) and public logs; texts of codes that have
no capture follow the page "Microsoft Entra authentication and authorization error codes".
"""

from __future__ import annotations

from typing import Any

from .tokens import trace_id

Json = dict[str, Any]


class TokenRefused(Exception):
    """Ends a token request with an AADSTS answer."""

    def __init__(
        self, code: int, error: str, text: str, *, status: int = 400, with_uri: bool = True, suberror: str | None = None
    ) -> None:
        super().__init__(f"AADSTS{code}: {text}")
        self.code = code
        self.error = error
        self.text = text
        self.status = status
        self.with_uri = with_uri
        self.suberror = suberror

    def body(self, timestamp: str, correlation_id: str | None) -> Json:
        trace = trace_id()
        correlation_id = correlation_id or trace_id()
        body: Json = {
            "error": self.error,
            "error_description": (
                f"AADSTS{self.code}: {self.text} Trace ID: {trace} Correlation ID: {correlation_id} "
                f"Timestamp: {timestamp}"
            ),
            "error_codes": [self.code],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation_id,
        }
        if self.with_uri:
            body["error_uri"] = f"https://login.microsoftonline.com/error?code={self.code}"
        if self.suberror is not None:
            body["suberror"] = self.suberror
        return body


def missing(name: str) -> TokenRefused:
    return TokenRefused(900144, "invalid_request", f"The request body must contain the following parameter: '{name}'.")


def required(fields: dict[str, str], name: str) -> str:
    value = fields.get(name, "")
    if not value:
        raise missing(name)
    return value


def no_such_resource(name: str, tenant_id: str) -> TokenRefused:
    return TokenRefused(
        500011,
        "invalid_resource",
        f"The resource principal named {name} was not found in the tenant named {tenant_id}. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You might have sent your authentication request to the wrong tenant.",
    )
