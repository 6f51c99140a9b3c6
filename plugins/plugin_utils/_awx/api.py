# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The REST API of AWX and of Automation Controller: what a store needs of it.

Source: AWX API reference (credentials, credential_types, filtering). Redirects are not followed, so that neither the
sign-in nor a credential reaches another host. User name and password go with each request: a token made of them would
stay behind in AWX.
"""

from __future__ import annotations

import base64
import json
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError, TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import RETRY_STATUS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient, Response
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.sign_in import awx_settings

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

Json = dict[str, t.Any]
AT_HOST = "Check CONTROLLER_HOST, and that AWX answers there."
SIGN_IN_STEP = "Check CONTROLLER_OAUTH_TOKEN, or CONTROLLER_USERNAME and CONTROLLER_PASSWORD."


class AwxError(AppsError):
    """AWX refused a request."""

    kind = "awx"


class Awx:
    """One AWX, asked as one user."""

    def __init__(self, call: Call) -> None:
        """Raises InputError if the environment does not contain the address and the sign-in."""
        self._call = call
        self._settings = awx_settings(call.environ)
        call.secrets.add(self._settings.token, self._settings.password)
        if self._settings.sends_in_clear:
            call.warn("CONTROLLER_HOST begins with http://: the client secret is sent to AWX unencrypted.")
        self._http = call.http
        if not self._settings.verify:
            call.warn("CONTROLLER_VERIFY_SSL is false: the certificate of AWX is not checked.")
            self._http = HttpClient(call.endpoint, patience=call.http.patience, verify=False)
        self._http.allow(self._settings.url)

    def find(self, kind: str, *, action: str, **query: str) -> list[Json]:
        """The objects of a kind by exact filters; each has its number as ``id``, by which it is written."""
        document = _json.as_object(self._send("GET", f"{kind}/", action=action, params=query))
        found = [entry for entry in _json.objects(document.get("results")) if isinstance(entry.get("id"), int)]
        if document.get("results") != found:
            raise _not_understood(action)
        return found

    def create(self, kind: str, body: Json, *, action: str) -> None:
        self._send("POST", f"{kind}/", action=action, body=json.dumps(body).encode())

    def change(self, kind: str, key: int, body: Json, *, action: str) -> None:
        self._send("PATCH", f"{kind}/{key}/", action=action, body=json.dumps(body).encode())

    def delete(self, kind: str, key: int, *, action: str) -> None:
        """No error if there is none."""
        try:
            self._send("DELETE", f"{kind}/{key}/", action=action)
        except AwxError as exc:
            if exc.details.get("status") != 404:
                raise

    def _send(
        self,
        method: str,
        path: str,
        *,
        action: str,
        params: t.Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> t.Any:
        """The document of the answer. A write whose answer is lost may have taken effect."""
        is_read = method == "GET"
        try:
            answer = self._http.when_not_busy(
                lambda: self._request(method, path, params=params, body=body),
                is_busy=lambda answer: is_read and answer.status_code in RETRY_STATUS,
                repeatable=is_read,
            )
        except TransportError as exc:
            raise _named(exc, action) from None
        if answer.status_code >= 300:
            raise self._refusal(answer, action)
        self._call.wrote_elsewhere |= not is_read
        return _json.parse(answer.content)

    def _request(self, method: str, path: str, *, params: t.Mapping[str, str] | None, body: bytes | None) -> Response:
        return self._http.request(
            method,
            f"{self._settings.url}{path}",
            headers={"Accept": "application/json", "Content-Type": "application/json", **self._sign_in()},
            params=params,
            body=body,
        )

    def _sign_in(self) -> dict[str, str]:
        if self._settings.token:
            return {"Authorization": f"Bearer {self._settings.token}"}
        pair = f"{self._settings.username}:{self._settings.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def _refusal(self, answer: Response, action: str) -> AwxError:
        steps = {
            401: SIGN_IN_STEP,
            403: "Give the user that signs in the role Admin of the credential, or of its organization.",
            404: AT_HOST,
        }
        next_step = steps.get(answer.status_code, AT_HOST)
        if answer.status_code >= 500:
            next_step = "Run again later."
        return AwxError(
            f"Could not {action} in AWX: {_reason(answer)}",
            next_step=next_step,
            status=answer.status_code,
        )


def _reason(answer: Response) -> str:
    """AWX answers with detail, or with the errors by field."""
    document = _json.parse_object(answer.content)
    if not document:
        return f"HTTP status {answer.status_code}"
    text = _json.text(document, "detail")
    if text is None:
        text = json.dumps(document)
    return f"{' '.join(text.split())} (HTTP status {answer.status_code})"


def _named(exc: TransportError, action: str) -> TransportError:
    """The same failure, with what was tried."""
    return TransportError(
        f"Could not {action} in AWX: {exc.message}",
        maybe_processed=exc.maybe_processed,
        permanent=exc.permanent,
        next_step=f"{AT_HOST} {exc.next_step}",
    )


def _not_understood(action: str) -> TransportError:
    return TransportError(
        f"Could not {action} in AWX: the answer has an unexpected form",
        maybe_processed=True,
        permanent=True,
        next_step=AT_HOST,
    )
