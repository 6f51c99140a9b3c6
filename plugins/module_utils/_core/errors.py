# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What can go wrong, as data: every failure says what was tried, why it failed and what to do next.

Only ``_module`` turns these into a failed result, and masks then what a server may have put into them.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import NO_NAMES, render
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import RIGHTS

CONCURRENCY_CODE = "Directory_ConcurrencyViolation"
CONCURRENCY_TEXT = "Error due to concurrent requests being made to the tenant"


class AppsError(Exception):
    """A failure that a user or a tenant can cause.

    ``message`` is one or two sentences for a person; ``next_step`` says what to do; ``details`` is the
    machine-readable part, returned as ``error``. Both texts write the name of an option as ``O(lifetime_days)``.
    """

    kind = "error"
    read_again = False  # whether reading again and planning anew may help

    def __init__(self, message: str, *, next_step: str = "", **details: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.details = details

    def describe(
        self, for_message: t.Callable[[t.Any], t.Any], names: t.Mapping[str, str] = NO_NAMES
    ) -> dict[str, t.Any]:
        """The arguments for ``fail_json``: always the same keys.

        ``for_message`` removes secrets. ``names`` are the names by which the user knows the options; see
        ``names.render``.
        """
        error: dict[str, t.Any] = {"kind": self.kind, "status": None, "code": None, "request_id": None}
        error.update(for_message(self.details))
        message = for_message(render(self.message, names))
        next_step = for_message(render(self.next_step, names))
        error["next_step"] = next_step
        text = f"{message.rstrip('.')}. {next_step}".rstrip() if next_step else message
        return {"msg": text, "error": error}


class InputError(AppsError):
    """The options or the environment contradict each other or miss something; nothing was sent."""

    kind = "input"


class MissingLibraryError(AppsError):
    """A Python library that the modules need is not there."""

    kind = "missing_library"


class ConflictError(AppsError):
    """The tenant holds something that only a person can decide about."""

    kind = "conflict"


class NotRegisteredError(ConflictError):
    """The tenant has no application with the key that the options give."""


class ForeignContentError(ConflictError):
    """A store keeps something that this collection did not write."""


class OvertakenError(ConflictError):
    """Another client changed the tenant between a read and a write, or right after it."""

    read_again = True


class SignInError(AppsError):
    """The identity platform gave no token. ``code`` is its AADSTS number."""

    kind = "sign_in"

    @property
    def code(self) -> str | None:
        return self.details.get("code")


class TransportError(AppsError):
    """No usable answer arrived.

    ``maybe_processed`` is false only where the request cannot have reached the server, so that it may be sent again.
    ``permanent`` is true where sending again cannot help. ``accepted`` is true where a write was answered with success,
    but with something that is not understood.
    """

    kind = "transport"

    def __init__(
        self,
        message: str,
        *,
        maybe_processed: bool,
        permanent: bool = False,
        accepted: bool = False,
        next_step: str = "",
        **details: t.Any,
    ) -> None:
        super().__init__(message, next_step=next_step, **details)
        self.maybe_processed = maybe_processed
        self.permanent = permanent
        self.accepted = accepted


@dataclasses.dataclass(frozen=True)
class GraphFault:
    """The error body of Microsoft Graph, read defensively (members differ between services and years)."""

    status: int
    code: str = ""
    message: str = ""
    detail_codes: tuple[str, ...] = ()
    request_id: str | None = None

    @classmethod
    def parse(cls, status: int, body: bytes, request_id: str | None) -> GraphFault:
        return cls.of(status, _json.parse(body), request_id)

    @classmethod
    def of(cls, status: int, document: t.Any, request_id: str | None = None) -> GraphFault:
        error = document.get("error") if isinstance(document, dict) else None
        if not isinstance(error, dict):
            return cls(status, request_id=request_id)
        details = error.get("details")
        inner = error.get("innerError") or error.get("InnerError")
        if not request_id and isinstance(inner, dict):
            request_id = _text(inner.get("request-id")) or None
        return cls(
            status=status,
            code=_text(error.get("code")),
            message=_text(error.get("message")),
            detail_codes=tuple(_text(d.get("code")) for d in details if isinstance(d, dict))
            if isinstance(details, list)
            else (),
            request_id=request_id,
        )

    @property
    def not_found(self) -> bool:
        """Graph says so: a page that is not found is no object that is not there."""
        return self.status == 404 and self.code != ""

    @property
    def concurrency(self) -> bool:
        """Another write to the same object was in the way; this one was not applied (seen as 400, 409 and 503)."""
        return self.code == CONCURRENCY_CODE or self.message.startswith(CONCURRENCY_TEXT)

    @property
    def throttled(self) -> bool:
        return self.status == 429

    @property
    def unique_name_taken(self) -> bool:
        return self.status == 400 and "same value for property uniqueName" in self.message

    @property
    def already_granted(self) -> bool:
        """The assignment or grant is there already (400 in both cases)."""
        return self.status in (400, 409) and (
            "already exists on the object" in self.message or "Permission entry already exists" in self.message
        )

    @property
    def reference_exists(self) -> bool:
        """The owner is one already."""
        return self.status == 400 and "added object references already exist" in self.message

    @property
    def service_principal_exists(self) -> bool:
        return self.status == 409 and "is already in use" in self.message

    @property
    def federated_credential_exists(self) -> bool:
        """One of this name, or of this issuer and subject, was made since the last read."""
        return (self.status == 409 and "FederatedIdentityCredential with name" in self.message) or (
            self.status == 400 and "combination of issuer and subject must be unique" in self.message
        )

    @property
    def unknown_key_id(self) -> bool:
        return self.status == 400 and "No password credential found with keyId" in self.message

    @property
    def replication_lag(self) -> bool:
        """An answer that, right after a create, means "not replicated yet".

        Sources: azure-cli ``create_service_principal_for_rbac`` and terraform-provider-azuread, which retry the same.
        """
        if self.status == 404:
            return True
        if self.status == 400:
            return (
                "NoBackingApplicationObject" in self.detail_codes
                or "does not reference a valid application object" in self.message
                or "Not a valid reference update" in self.message
                or "reference-property objects are not present" in self.message
            )
        return self.status == 403 and "must in the local tenant" in self.message


class GraphError(AppsError):
    """Microsoft Graph refused a request for good."""

    kind = "graph"

    def __init__(
        self,
        fault: GraphFault,
        *,
        action: str,
        method: str,
        path: str,
        right: str | None = None,
        waited: float = 0,
        retry_after: str | None = None,
        misses_other: bool = False,
    ) -> None:
        """``misses_other``: what was not found is not what was read before, so that reading again cannot help."""
        self.fault = fault
        self.read_again = fault.concurrency or fault.already_granted or fault.federated_credential_exists
        self.read_again = self.read_again or (fault.replication_lag and not misses_other)
        self.retry_after = retry_after
        reason = fault.message or f"HTTP status {fault.status}"
        after = f" after {waited:.0f} s of retries" if waited >= 1 else ""
        super().__init__(
            f"Could not {action}{after}: {reason}",
            next_step=_next_step(fault, right, secret=path.endswith("/addPassword")),
            status=fault.status,
            code=fault.code or None,
            request_id=fault.request_id,
            method=method,
            path=path,
            right=right,
        )


def _next_step(fault: GraphFault, right: str | None, *, secret: bool) -> str:
    if fault.status == 401:
        return "Sign in again: the access token was refused. Check that it is for Microsoft Graph and not expired."
    if fault.code == "Directory_ResourceSizeExceeded":  # comes with the status 403, too
        return (
            "The object is full, most likely of credentials: remove secrets and certificates that nobody uses any more"
            " (azure_app_registration_info lists them with their expiry), then run again."
        )
    if fault.status == 403:
        needed = RIGHTS[right or "read_application"]
        return (
            f"Give the identity that signs in the Microsoft Graph application permission {needed.application_text} with"
            f" admin consent, or sign in as a person with the directory role {needed.role_text}."
        )
    if "CredentialInvalidLifetimeAsPerAppPolicy" in (fault.code, *fault.detail_codes):
        return (
            "The tenant's app management policy allows only a shorter lifetime: set a smaller O(lifetime_days) or an"
            " earlier O(end_date); have a certificate of your own issued for fewer days."
        )
    if fault.unique_name_taken:
        return (
            "Another live or soft-deleted application has this unique name: adopt, restore or purge that one, or choose"
            " another O(unique_name)."
        )
    if fault.code == "CredentialTypeNotAllowedAsPerAppPolicy":
        return (
            "The tenant's app management policy forbids client secrets for this application: ask for an exemption,"
            " or use a certificate or a federated credential."
            if secret
            else "The tenant's app management policy forbids this kind of credential for this application: ask for an"
            " exemption, or use a federated credential."
        )
    if "KeyCredentialsInvalidEndDate" in (fault.code, *fault.detail_codes):
        return "Check the clock of the controller, and the dates of the certificate."
    if fault.code == "Directory_QuotaExceeded":
        return "Delete (and purge) applications that are no longer needed, or sign in as another identity."
    if fault.throttled:
        return "Microsoft Graph throttles this identity: run again later, or raise O(wait_timeout)."
    if fault.concurrency:
        return "Another client writes to the same object: run again later, or raise O(wait_timeout)."
    if fault.status == 404 and not fault.code:
        return "Check what answers at graph_url: this is not the answer of Microsoft Graph."
    if fault.not_found:
        return "Check the id and the tenant; an object made moments ago may need a longer O(wait_timeout)."
    if fault.status >= 500:
        return "Microsoft Graph had an internal problem: run again later. Every step is safe to repeat."
    return "See the code and the request id in the field error; Microsoft support can look the request up by its id."


def _text(value: t.Any) -> str:
    """Strings only. They are not cut here: half a secret could no longer be masked."""
    return value if isinstance(value, str) else ""
