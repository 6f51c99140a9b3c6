# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Proof by a real token: a fresh one for the application's own client id and credential, and the roles it carries."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.endpoint import Endpoint
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, SignInError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import (
    Credential,
    TokenContent,
    recall_token,
    remember_token,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.options import (
    answered,
    of_stores,
    polls,
    waits_for_credential,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_credential import (
    OpenStores,
    named_credential,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_sign_in import (
    EXCHANGE_ONLINE,
    OwnSignIn,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.source import Source, source_of
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import is_not_ready

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

EXPIRED = "AADSTS7000222"


class Proof(t.NamedTuple):
    """What a token carried; ``content`` is None if there was nothing to ask for one with."""

    content: TokenContent | None
    client_id: str | None
    tenant_id: str | None
    key_id: str = ""
    attempts: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    def missing(self, expected: t.Iterable[str]) -> list[str]:
        """The expected roles that the token does not carry, sorted."""
        if self.content is None:
            return []
        return sorted(set(expected) - set(self.content.roles))


def resource_address(endpoint: Endpoint, name: str) -> str:
    """What a token is requested for: ``name`` is microsoft_graph or exchange_online."""
    return {"microsoft_graph": endpoint.graph, "exchange_online": EXCHANGE_ONLINE}[name]


def token_info(call: Call, open_stores: OpenStores | None = None) -> dict[str, t.Any]:
    """Poll, within wait_timeout, until a token is issued and carries the expected roles.

    A fresh consent shows up in tokens only after a while, so that it cannot be judged at the first try. What the
    credential task of the same run got for the same credential counts as the first token. Raises SignInError if no
    token was issued, ConflictError if roles are missing and that is to be a failure.
    """
    params = call.params
    resource = resource_address(call.endpoint, params["resource"])
    expected = params["expected_roles"] or ()
    proof = _remembered(call, resource)
    if proof is None or (proof.missing(expected) and polls(call)):
        proof = _requested(call, source_of(call, open_stores), resource, expected)
    missing = proof.missing(expected)
    if missing and params["fail_if_missing"] and not call.check_mode:
        raise ConflictError(
            f"The token of the application {proof.client_id} lacks {', '.join(missing)} after {proof.seconds:.0f} s",
            next_step="Consent can take longer to reach tokens: run again, or raise O(wait_timeout). If consent was not"
            " granted, grant it with azure_admin_consent or on the page of the application in the portal.",
        )
    return _result(call, proof, resource=resource, missing=missing)


def _remembered(call: Call, resource: str) -> Proof | None:
    """Only for the credential that is named: a value among the options is always tried."""
    named = named_credential(call)
    if not of_stores(call) or not all(named):
        return None
    content = recall_token(call.memory, named, resource=resource)
    if content is None:
        return None
    return Proof(content, client_id=named.client_id, tenant_id=content.tenant_id, key_id=named.key_id)


def _requested(call: Call, source: Source, resource: str, expected: t.Iterable[str]) -> Proof:
    credential = source.credential
    if credential is None:
        named = named_credential(call)
        return Proof(
            None,
            client_id=named.client_id or None,
            tenant_id=named.tenant_id or None,
            key_id=named.key_id,
            notes=source.notes,
        )
    sign_in = OwnSignIn(call, credential, waits=waits_for_credential(call))
    try:
        token = answered(call, lambda token: {*token.roles}.issuperset(expected), lambda: sign_in.token(resource))
    except SignInError as exc:
        if not _predicted(call, exc):
            raise
        note = f"Nothing was proven: the stored credential {credential.key_id} is refused ({exc.code})."
        content = None
        notes = (*source.notes, note)
    else:
        key = Credential(tenant_id=credential.tenant_id, client_id=credential.client_id, key_id=credential.key_id)
        if of_stores(call):
            remember_token(call.memory, key, resource=resource, token=token)
        content = TokenContent.of(token, resource=resource, tenant_id=sign_in.tenant_id)
        notes = source.notes
    return Proof(
        content,
        client_id=sign_in.client_id,
        tenant_id=sign_in.tenant_id,
        key_id=sign_in.key_id,
        attempts=sign_in.attempts,
        seconds=sign_in.seconds,
        notes=notes,
    )


def _predicted(call: Call, exc: SignInError) -> bool:
    """Whether the refusal is one after which a run that is no check mode replaces the stored credential."""
    return call.check_mode and of_stores(call) and (is_not_ready(exc.code) or exc.code == EXPIRED)


def _result(call: Call, proof: Proof, *, resource: str, missing: list[str]) -> dict[str, t.Any]:
    content = proof.content
    carried: dict[str, t.Any] = {"roles": [], "audience": None, "expires": None}
    if content is not None:
        carried = {"roles": list(content.roles), "audience": content.audience, "expires": _time(content.expires)}
    return {
        "changed": False,
        "client_id": proof.client_id,
        "tenant_id": proof.tenant_id,
        "key_id": proof.key_id,
        "proven": content is not None and not missing,
        **carried,
        "missing_roles": missing,
        "unexpected_roles": unexpected(content, call.params["expected_roles"]),
        "scope": f"{resource}/.default",
        "attempts": proof.attempts,
        "waited_seconds": proof.seconds,
        "notes": list(proof.notes),
    }


def unexpected(content: TokenContent | None, expected: t.Sequence[str] | None) -> list[str]:
    """Roles beyond the expected ones, such as a broad permission that was granted by hand."""
    if content is None or expected is None:
        return []
    return without(content.roles, expected)


def _time(seconds: float) -> str:
    return times.written(datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc))
