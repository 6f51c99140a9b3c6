# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Tries a stored or new credential at the identity platform, before it counts."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError, SignInError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import remember_token
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_credential import (
    credential_of,
    is_usable,
    of_record,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_sign_in import (
    EXCHANGE_ONLINE,
    OwnSignIn,
)

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
    with_value = dataclasses.replace(record, client_secret=value.get("client_secret", ""))
    assertion_file = value.get("client_assertion_file")
    if not is_usable(with_value, has_assertion=bool(assertion_file)):
        raise InputError("There is no credential to try", next_step="Set O(assertion_file) or O(verify_token=false).")
    own = of_record(call, with_value, assertion_file=assertion_file)
    token = OwnSignIn(call, own, waits=fresh and poll).token(address)
    remember_token(call.memory, credential_of(record), resource=address, token=token)


def is_refused(exc: SignInError, *, fresh: bool) -> bool:
    """Whether the identity platform reports that a client secret is not, or no longer, one of the application."""
    return exc.code == EXPIRED_SECRET or (exc.code == WRONG_SECRET and not fresh)
