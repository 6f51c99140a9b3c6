# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Proof that Exchange Online lets the application sign in for a mailbox over SMTP, and what its refusals mean."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    check_mailbox,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import TransportError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof import exchange
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.options import polls, waits_for_credential
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_credential import OpenStores
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_sign_in import (
    EXCHANGE_ONLINE,
    OwnSignIn,
    object_id,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp_client import (
    Answer,
    sasl,
    try_xoauth2,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp_server import check_server
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.source import source_of

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken


REFUSED = "5.7.3"  # Exchange Online's code for a mailbox that the application may not use, or that is not there


class Meaning(t.NamedTuple):
    """What an answer means. ``passes``: waiting may help."""

    reason: str
    next_step: str = ""
    commands: t.Sequence[str] = ()
    passes: bool = False


class SmtpProof(t.NamedTuple):
    """What the SMTP server answered to the application's token for a mailbox."""

    mailbox: str
    smtp_host: str
    smtp_port: int
    authenticated: bool
    smtp_code: int | None
    enhanced_code: str | None
    reason: str
    next_step: str
    exchange_commands: tuple[str, ...]
    roles: tuple[str, ...]
    client_id: str
    service_principal_object_id: str | None

    @property
    def may_change(self) -> bool:
        """Role assignments in Exchange take a while to work, and so does their end."""
        return self.authenticated or self.enhanced_code == REFUSED

    @property
    def view(self) -> dict[str, t.Any]:
        lists = {"exchange_commands": list(self.exchange_commands), "roles": list(self.roles)}
        return {**self._asdict(), **lists}


def smtp_info(call: Call, open_stores: OpenStores | None = None) -> dict[str, t.Any]:
    """Poll, within wait_timeout, until the server accepts a fresh token, or refuses it for a reason that stays.

    Raises SignInError if there is no token, TransportError if the server is not reached, not trusted, or none.
    """
    params = call.params
    mailbox = check_mailbox("mailbox", params["mailbox"])
    host, port = check_server(params["smtp_host"], params["smtp_port"])
    source = source_of(call, open_stores)
    sign_in = OwnSignIn(call, source.required, waits=waits_for_credential(call))
    proof = try_mailbox(call, sign_in, mailbox=mailbox, server=(host, port), poll=polls(call))
    return {
        "changed": False,
        **proof.view,
        "tenant_id": sign_in.tenant_id,
        "key_id": sign_in.key_id,
        "scope": f"{EXCHANGE_ONLINE}/.default",
        "attempts": sign_in.attempts,
        "waited_seconds": sign_in.seconds,
        "notes": list(source.notes),
    }


def try_mailbox(call: Call, sign_in: OwnSignIn, *, mailbox: str, server: tuple[str, int], poll: bool) -> SmtpProof:
    """The last answer. ``server`` is as check_server returns it. Raises SignInError and TransportError."""
    host, port = server
    patience = call.http.patience
    lost = 0
    while True:
        token = sign_in.token(EXCHANGE_ONLINE)
        call.secrets.add(sasl(mailbox, token.value))
        try:
            answer = try_xoauth2(
                host,
                port,
                mailbox=mailbox,
                token=token.value,
                ca_file=call.endpoint.ca_file,
                seconds=call.endpoint.request_timeout,
            )
        except TransportError as exc:
            lost += 1
            if not patience.pause_after(exc, failures=lost):
                raise
            continue
        meaning = _meaning(answer, token, client_id=sign_in.client_id, mailbox=mailbox)
        if not meaning.passes or not poll or not patience.pause():
            break
    smtp_code, enhanced_code = None, None
    if answer.reply is not None:
        smtp_code, enhanced_code = answer.reply.code, answer.reply.enhanced
    return SmtpProof(
        mailbox=mailbox,
        smtp_host=host,
        smtp_port=port,
        authenticated=answer.authenticated,
        smtp_code=smtp_code,
        enhanced_code=enhanced_code,
        reason=meaning.reason,
        next_step=meaning.next_step,
        exchange_commands=tuple(meaning.commands),
        roles=tuple(token.roles),
        client_id=sign_in.client_id,
        service_principal_object_id=object_id(token),
    )


def _meaning(answer: Answer, token: AccessToken, *, client_id: str, mailbox: str) -> Meaning:
    """Source of the codes: the page on OAuth for SMTP and public reports; the words of a server get no further."""
    reply = answer.reply
    if answer.authenticated:
        return Meaning(f"The server accepted the application's token for {mailbox}.")
    if reply is None:
        return _NOT_OFFERED[answer.step]
    if reply.code < 500:
        return Meaning(
            f"The server is not available for the moment (it answered {reply.code} at the step {answer.step}).",
            "Run again later; 421 is also the answer if too many connections are open.",
            passes=True,
        )
    if answer.step != "auth":
        return Meaning(
            f"The server refused the step {answer.step} before it saw the token (it answered {reply.code}).",
            "Check smtp_host and smtp_port, and that the server accepts connections from the controller.",
        )
    if reply.contains("SmtpClientAuthentication is disabled for the"):
        whose = "mailbox"
        if reply.contains("disabled for the tenant"):
            whose = "tenant"
        return Meaning(
            f"SMTP AUTH is disabled for the {whose}.",
            f"An Exchange administrator has to allow it for {mailbox}, see exchange_commands.",
            exchange.allow_smtp_auth(mailbox),
        )
    if reply.enhanced == "5.7.139":
        return Meaning(
            "A policy of the tenant forbids the sign-in by SMTP: security defaults or Conditional Access, for example.",
            "Ask the owner of the tenant's policies; the sign-in log of the service principal in Entra ID names it.",
        )
    if reply.code == 535:
        return _refused(token, client_id=client_id, mailbox=mailbox)
    return Meaning(
        f"The server refused the token with {reply.code} {reply.enhanced or ''}".rstrip() + ".",
        "Look the code up among the SMTP errors of Exchange Online.",
    )


def _refused(token: AccessToken, *, client_id: str, mailbox: str) -> Meaning:
    principal = object_id(token)
    if exchange.SEND_AS_APP in token.roles:
        return Meaning(
            "The token carries SMTP.SendAsApp, but Exchange Online does not let the application into the mailbox: its"
            " service principal is not registered there (or with another object id), it has no FullAccess to the"
            " mailbox, or there is no such mailbox.",
            "An Exchange administrator has to run exchange_commands. If Exchange's own roles for applications are to"
            " decide instead, withdraw SMTP.SendAsApp: with it, the mailbox permission is also required.",
            exchange.claims_way(client_id=client_id, service_principal=principal, mailbox=mailbox),
            passes=True,
        )
    return Meaning(
        "The token does not carry SMTP.SendAsApp, and no role assignment in Exchange Online lets the application send"
        " for the mailbox; or there is no such mailbox.",
        "Either grant the application permission SMTP.SendAsApp of Exchange Online and run this again, or leave Entra"
        " ID unchanged and have an Exchange administrator run exchange_commands, which can take two hours.",
        exchange.rbac_way(client_id=client_id, service_principal=principal, mailboxes=[mailbox]),
        passes=True,
    )


_NOT_OFFERED = {
    "starttls": Meaning(
        "The server offers no encryption (STARTTLS), so the token was not sent.",
        "Check smtp_host and smtp_port (587), and that no firewall rewrites SMTP on the way.",
    ),
    "auth": Meaning(
        "The server offers no sign-in by OAuth (AUTH XOAUTH2), so the token was not sent.",
        "Check smtp_host and smtp_port: Exchange Online offers it on port 587 of smtp.office365.com.",
    ),
}
