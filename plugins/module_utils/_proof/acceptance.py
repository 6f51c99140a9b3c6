# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Tries a stored or new credential at the identity platform, before it counts."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import SignInError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import Credential, remember_token
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_sign_in import OwnSignIn
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.token import EXCHANGE_ONLINE

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

WRONG_SECRET = "AADSTS7000215"  # also the answer to a new secret, for some seconds
EXPIRED_SECRET = "AADSTS7000222"


def check_accepted(
    call: Call, record: Record, value: t.Mapping[str, str], *, resource: str, fresh: bool, poll: bool
) -> None:
    """Raises SignInError if the identity platform gives no token for the credential of the record.

    ``value`` is what the application signs in with, by the name of an option of azure_app_token_info. With ``fresh``
    and ``poll``, a refusal is waited for. What the token carries is remembered for the proof of the permissions.
    """
    address = {"microsoft_graph": call.endpoint.graph, "exchange_online": EXCHANGE_ONLINE}[resource]
    params = {
        **dict.fromkeys(("client_secret", "client_certificate_path", "client_assertion", "client_assertion_file")),
        **value,
        "tenant_id": record.tenant_id,
        "client_id": record.client_id,
        "poll": poll,
        "fresh_secret": fresh,
    }
    token = OwnSignIn(_with_params(call, params)).token(address)
    key = Credential(tenant_id=record.tenant_id, client_id=record.client_id, key_id=record.key_id)
    remember_token(call.memory, key, resource=address, token=token)


def is_refused(exc: SignInError, *, fresh: bool) -> bool:
    """Whether the identity platform says that a client secret is not, or no longer, one of the application."""
    return exc.code == EXPIRED_SECRET or (exc.code == WRONG_SECRET and not fresh)


@dataclasses.dataclass(frozen=True)
class _CallWithParams:
    """The same connection and patience, with other options."""

    call: Call
    params: t.Mapping[str, t.Any] = dataclasses.field(repr=False)

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self.call, name)


def _with_params(call: Call, params: t.Mapping[str, t.Any]) -> Call:
    return t.cast("Call", _CallWithParams(call, params))
