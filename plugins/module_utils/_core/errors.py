# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Failures as data: every failure contains what was tried, why it failed and what to do next.

Only ``_graph/module.py`` turns these into a failed result, and masks then what a server may have put into them.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.error_code import ErrorCode, Then, find
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import NO_NAMES, render

CONCURRENCY_CODE = "Directory_ConcurrencyViolation"
CONCURRENCY_TEXT = "Error due to concurrent requests being made to the tenant"


PRIVILEGES = re.compile(r"privilege|permission|scope|role|authori[sz]", re.IGNORECASE)


class AppsError(Exception):
    """A failure that a user or a tenant can cause.

    ``message`` is one or two sentences for a person; ``next_step`` is what to do; ``details`` is the
    machine-readable part, returned as ``error``. Both texts write the name of an option as ``O(lifetime_days)``.
    """

    kind = "error"
    read_again = False  # whether it may help to read and plan again
    read_once = False  # the same, but only if the next read shows something else
    retry_after = ""  # the wait that the server asks for, as it wrote it

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
        if next_step:
            message = f"{message.rstrip('.')}. {next_step}".rstrip()
        return {"msg": message, "error": error}


class InputError(AppsError):
    """The options or the environment contradict each other or are incomplete; nothing was sent."""

    kind = "input"


class MissingLibraryError(AppsError):
    """A Python library that the modules need is missing."""

    kind = "missing_library"


class ConflictError(AppsError):
    """The tenant contains something about which a person has to decide."""

    kind = "conflict"


class NotRegisteredError(ConflictError):
    """The tenant has no application with the key that the options give."""


class ForeignContentError(ConflictError):
    """A store contains something that this collection did not write."""


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

    ``maybe_processed`` is false only if the request cannot have reached the server, so that it may be sent again.
    ``permanent`` is true if sending again cannot help. ``accepted`` is true if a write was answered with success,
    but with an unexpected body.
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


class GraphFault(t.NamedTuple):
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
        error = _json.as_object(_json.as_object(document).get("error"))
        inner = _json.as_object(error.get("innerError", error.get("InnerError")))
        return cls(
            status=status,
            code=_json.text_or_empty(error, "code"),
            message=_json.text_or_empty(error, "message"),  # not cut: half a secret could no longer be masked
            detail_codes=tuple(_json.text_or_empty(detail, "code") for detail in _json.objects(error.get("details"))),
            request_id=request_id or _json.text(inner, "request-id") or None,
        )

    @property
    def codes(self) -> tuple[str, ...]:
        """The code and those of the details, which are more specific."""
        return (*self.detail_codes, self.code)

    @property
    def known(self) -> ErrorCode | None:
        """What the code means; None for an unknown one."""
        from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.graph_codes import GRAPH_CODES

        return find(GRAPH_CODES, status=self.status, codes=self.codes, message=self.message)

    @property
    def then(self) -> Then:
        """An unknown refusal may contradict what was read: the tenant may hold what is wanted already."""
        known = self.known
        if known is not None:
            return known.then
        if self.code and self.status in (400, 404, 409):
            return Then.READ_ONCE
        return Then.FAIL

    @property
    def not_found(self) -> bool:
        """Only with a code of Graph: a page that is not found does not mean a missing object."""
        return self.status == 404 and self.code != ""

    @property
    def concurrency(self) -> bool:
        """Another write to the same object was in progress; this one was not applied (seen as 400, 409 and 503)."""
        return self.code == CONCURRENCY_CODE or self.message.startswith(CONCURRENCY_TEXT)

    @property
    def passes(self) -> bool:
        """It was not applied, and sending it again after a while may help."""
        return self.status == 429 or (self.then is Then.WAIT and self.status < 500)

    @property
    def unique_name_taken(self) -> bool:
        return self.status == 400 and "same value for property uniqueName" in self.message

    @property
    def exists(self) -> bool:
        """Graph reports that the object to create already exists."""
        return self.then is Then.READ_AGAIN and not self.concurrency

    @property
    def service_principal_exists(self) -> bool:
        return self.status == 409 and "is already in use" in self.message

    @property
    def replication_lag(self) -> bool:
        """An answer that, right after a create, means "not replicated yet"."""
        return self.status == 404 or self.then is Then.WAIT_AFTER_CREATE


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
        retry_after: str = "",
        misses_other: bool = False,
    ) -> None:
        """``misses_other``: what was not found is not what was read before, so that reading again cannot help."""
        self.fault = fault
        self.read_again = fault.then is Then.READ_AGAIN or (fault.replication_lag and not misses_other)
        self.read_once = fault.then is Then.READ_ONCE and not self.read_again
        self.retry_after = retry_after
        reason = fault.message or f"HTTP status {fault.status}"
        super().__init__(
            f"Could not {action}{after_retries(waited)}: {reason}",
            next_step=_next_step(fault, right),
            status=fault.status,
            code=fault.code or None,
            request_id=fault.request_id,
            method=method,
            path=path,
            right=right,
        )


def reason_of(failure: BaseException) -> str:
    """The operating system's words for it, such as "Connection refused"; what kind of failure it is if it has none."""
    return _json.as_text(getattr(failure, "strerror", None)) or type(failure).__name__


def after_retries(waited: float) -> str:
    """The part of a message for a request that was sent again; empty if it was not."""
    if waited < 1:
        return ""
    return f" after {waited:.0f} s of retries"


def _next_step(fault: GraphFault, right: str | None) -> str:
    """By the code; by the status where there is none, or an unknown one."""
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.graph_codes import GRAPH_PAGE

    known = fault.known
    if known is not None:
        return known.next_step.replace("RIGHT", _give(right))
    by_status = _by_status(fault.status, right)
    if not fault.code:
        return f"{_WITHOUT_CODE.get(fault.status, '')}{by_status}"
    unknown = f"This collection does not know the code {fault.code}: look it up at {GRAPH_PAGE}."
    if fault.status == 403 and not PRIVILEGES.search(fault.message):
        # A policy, a lock or a licence: none of them is a right of the identity.
        forbidden = "The tenant forbids it, perhaps by a policy: ask its administrator"
        return f"{unknown} {forbidden}. If a right is missing: {_give(right)}"
    return f"{unknown} By the status {fault.status}: {by_status}"


def _give(right: str | None) -> str:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import RIGHTS

    needed = RIGHTS[right or "read_application"]
    return (
        f"Give the identity that signs in the Microsoft Graph application permission {needed.application_text} with"
        f" admin consent, or sign in as a person with the directory role {needed.role_text}."
    )


def lacks_right(error: t.Mapping[str, t.Any]) -> bool:
    """Whether the member ``error`` of a failed result advises to give the identity a right."""
    right = error.get("right")
    return bool(right) and _give(right) in str(error.get("next_step"))


# Graph's refusals have a code; one without a code comes from another host, for which no right can be named.
_WITHOUT_CODE = dict.fromkeys(
    (401, 403),
    "Check what answers at graph_url: this refusal has no code of Microsoft Graph, so it may come from a proxy or a"
    " filter. If it is Microsoft Graph: ",
)
_BY_STATUS = {
    401: "Sign in again: the access token was refused. Check that it is for Microsoft Graph and not expired.",
    404: "Check the id and the tenant, and what answers at graph_url.",
    429: "Microsoft Graph throttles this identity: run again later, or raise O(wait_timeout).",
}


def _by_status(status: int, right: str | None) -> str:
    if status == 403:
        return _give(right)
    if status >= 500:
        return "Microsoft Graph had an internal problem: run again later. Every step is safe to repeat."
    return _BY_STATUS.get(
        status, "See the request id in the field error; Microsoft's support can look up the request with it."
    )
