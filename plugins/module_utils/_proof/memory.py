# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What the credential task leaves in the memory of the run for the proofs: what a token carried, and a value.

A token is remembered so that the proof of the permissions sends no request of its own: what it carries, and not the
token. A client secret is remembered only if no store gives it back: a later task of the run can then still prove it.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_text
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import WHOLE_RUN, RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken


class Credential(t.NamedTuple):
    """Which credential of which application: the key of what is remembered. Ids in any case."""

    tenant_id: str
    client_id: str
    key_id: str

    @property
    def key(self) -> str:
        return ":".join(self.ids.values())

    @property
    def ids(self) -> dict[str, str]:
        """By name, in lower case."""
        return {
            "tenant_id": self.tenant_id.lower(),
            "client_id": self.client_id.lower(),
            "key_id": self.key_id.lower(),
        }


class TokenContent(t.NamedTuple):
    """What a token carries, without the token itself. ``expires`` is in seconds since the epoch."""

    roles: tuple[str, ...]
    audience: str
    tenant_id: str
    expires: float

    @classmethod
    def of(cls, token: AccessToken, *, resource: str, tenant_id: str) -> TokenContent:
        """``resource`` and ``tenant_id`` are what was asked for, for a token that names neither."""
        audience = token.claims.get("aud")
        if not isinstance(audience, str):
            audience = resource
        return cls(
            roles=tuple(token.roles),
            audience=audience,
            tenant_id=token.tenant_id or tenant_id,
            expires=token.expires,
        )


def remember_token(memory: RunMemory, credential: Credential, *, resource: str, token: AccessToken) -> None:
    """``resource`` is the address that the token was requested for: see ``token.resource_address``."""
    content = TokenContent.of(token, resource=resource, tenant_id=credential.tenant_id)
    memory.remember(_token_key(credential, resource), content._asdict(), seconds=token.expires - time.time())


def recall_token(memory: RunMemory, credential: Credential, *, resource: str) -> TokenContent | None:
    """What the last token carried that this run got with the credential for the resource, if it has not expired."""
    remembered: t.Any = memory.recall(_token_key(credential, resource))
    if not isinstance(remembered, dict):
        return None
    return TokenContent(**{**remembered, "roles": tuple(remembered["roles"])})


def remember_value(memory: RunMemory, credential: Credential, client_secret: str) -> None:
    """For the rest of the run. Only for a client secret that no store gives back."""
    memory.remember(_value_key(credential), client_secret, seconds=WHOLE_RUN)


def recall_value(memory: RunMemory, credential: Credential) -> str | None:
    return as_text(memory.recall(_value_key(credential)))


def _token_key(credential: Credential, resource: str) -> str:
    return f"proof-token:{credential.key}:{resource}"


def _value_key(credential: Credential) -> str:
    return f"proof-value:{credential.key}"
