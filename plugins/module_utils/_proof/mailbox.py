# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Proof of which mailboxes the application reaches through Microsoft Graph, and which it does not."""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import check_mailbox
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import GraphFault, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Read
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof import exchange
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.options import (
    answered,
    waits_for_credential,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_credential import OpenStores
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_sign_in import OwnSignIn, object_id
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.source import source_of

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken

# Codes of Exchange Online behind Microsoft Graph. Sources: the list of Outlook error codes and public reports.
REASONS: dict[str, str] = {
    "ErrorAccessDenied": "The application has no right to the mailbox.",
    "ErrorInvalidUser": "There is no such user in the tenant.",
    "Request_ResourceNotFound": "There is no such user in the tenant.",
    "ResourceNotFound": "There is no such user in the tenant.",
    "MailboxNotEnabledForRESTAPI": "The user has no mailbox in Exchange Online: none at all, or one on premises.",
}

REASONS_BY_STATUS = {
    401: "Microsoft Graph does not accept the application's token.",
    403: REASONS["ErrorAccessDenied"],
}
REACHED = 200  # the status of an answer that is no refusal
# Those that let an application look for the inbox.
READING = frozenset({"Mail.Read", "Mail.ReadBasic", "Mail.ReadBasic.All", "Mail.ReadWrite"})


class Access(t.NamedTuple):
    """Whether the application reaches a mailbox. ``expected`` is "allowed" or "denied"; ``code`` that of an error."""

    mailbox: str
    expected: str
    reachable: bool
    as_expected: bool
    status: int
    code: str | None
    reason: str
    next_step: str = ""
    exchange_commands: tuple[str, ...] = ()

    @property
    def may_change(self) -> bool:
        """Grants and scopes take a while to work; a mailbox that is missing does not appear."""
        return not self.as_expected and self.status in (200, 401, 403)

    @property
    def view(self) -> dict[str, t.Any]:
        return {**self._asdict(), "exchange_commands": list(self.exchange_commands)}


def mailbox_access(call: Call, open_stores: OpenStores | None = None) -> dict[str, t.Any]:
    """Poll, within wait_timeout, until every mailbox is reachable or not, as expected.

    Raises SignInError if there is no token, GraphError if Graph gives no answer that decides.
    """
    wanted = _wanted(call.params)
    source = source_of(call, open_stores)
    sign_in = OwnSignIn(call, source.required, waits=waits_for_credential(call))

    def ask() -> tuple[AccessToken, list[Access]]:
        token = sign_in.token(call.endpoint.graph)
        return token, look(call, token, sign_in, wanted)

    def is_final(answer: tuple[AccessToken, list[Access]]) -> bool:
        _token, accesses = answer
        return not any(access.may_change for access in accesses)

    token, found = answered(call, is_final, ask)
    return {
        "changed": False,
        "client_id": sign_in.client_id,
        "tenant_id": sign_in.tenant_id,
        "key_id": sign_in.key_id,
        "proven": all(access.as_expected for access in found),
        "mailboxes": [access.view for access in found],
        "roles": token.roles,
        "attempts": sign_in.attempts,
        "waited_seconds": sign_in.seconds,
        "notes": list(source.notes),
    }


def _wanted(params: t.Mapping[str, t.Any]) -> dict[str, bool]:
    """Mailbox to whether it has to be reachable, in the order of the options."""
    wanted: dict[str, bool] = {}
    for name, reachable in (("mailboxes_allowed", True), ("mailboxes_denied", False)):
        for mailbox in params[name] or ():
            key = check_mailbox(name, mailbox)
            if wanted.setdefault(key, reachable) is not reachable:
                raise InputError(f"{key} is both allowed and denied", next_step="Name it in one of the two lists.")
    if not wanted:
        raise InputError("No mailbox is named", next_step="Set mailboxes_allowed or mailboxes_denied.")
    return wanted


def look(call: Call, token: AccessToken, sign_in: OwnSignIn, wanted: t.Mapping[str, bool]) -> list[Access]:
    """One answer for each mailbox; ``wanted``: whether it has to be reachable."""

    def current(fresh: bool) -> AccessToken:
        if fresh:
            return sign_in.token(call.endpoint.graph)
        return token

    graph = GraphClient(call.http, host=call.endpoint.graph, token=current, memory=call.memory)
    found = []
    for mailbox in wanted:
        # The least that Graph offers of a mailbox: the id of a folder, and nothing of its mail.
        read = Read(
            path=f"users/{quote(mailbox, safe='@')}/mailFolders/inbox",
            action=f"look for the inbox of {mailbox}",
            right="",
            query={"$select": "id"},
        )
        found.append(_access(mailbox, token, wanted, graph.refusal(read), client_id=sign_in.client_id))
    return found


def _access(
    mailbox: str, token: AccessToken, wanted: t.Mapping[str, bool], refusal: GraphFault | None, *, client_id: str
) -> Access:
    status, code, reason = REACHED, None, "The application reaches the mailbox."
    if refusal is not None:
        status, code, reason = refusal.status, refusal.code or None, _reason(refusal)
    # A missing mailbox proves nothing: only a refusal shows that access is restricted.
    expected, as_expected = "denied", status == 403
    if wanted[mailbox]:
        expected, as_expected = "allowed", status == REACHED
    next_step = ""
    commands: list[str] = []
    if not as_expected:
        next_step, commands = _advice(mailbox, token, wanted, status, client_id=client_id)
    return Access(
        mailbox=mailbox,
        expected=expected,
        reachable=status == REACHED,
        as_expected=as_expected,
        status=status,
        code=code,
        reason=reason,
        next_step=next_step,
        exchange_commands=tuple(commands),
    )


def _reason(refusal: GraphFault) -> str:
    by_status = REASONS_BY_STATUS.get(refusal.status, f"Microsoft Graph answered with status {refusal.status}.")
    return REASONS.get(refusal.code, by_status)


def _advice(
    mailbox: str, token: AccessToken, wanted: t.Mapping[str, bool], status: int, *, client_id: str
) -> tuple[str, list[str]]:
    """What to do, and commands for what only an Exchange administrator can see or correct.

    Only for what is not as expected: a mailbox that answers with 403 has to be reachable.
    """
    reads = among(token.roles, READING)  # what was granted in Entra ID, for all mailboxes
    if status == REACHED:
        if reads:
            return (
                f"Withdraw {', '.join(reads)}, which was granted in Entra ID for all mailboxes: role assignments in"
                " Exchange do not restrict it. If a mailbox that it must reach is set as well, an Exchange"
                " administrator can grant it for that one again with exchange_commands. A change can take two hours to"
                " take effect."
            ), _assigning(reads, token, wanted, client_id=client_id)
        return (
            "The scope of a role assignment in Exchange contains this mailbox: an Exchange administrator can find it"
            " with exchange_commands, and narrow it. A change can take two hours to take effect."
        ), exchange.which_scope(client_id=client_id, mailbox=mailbox)
    if status == 404:
        return "Check the address; only an existing mailbox can show what the application may do.", []
    if status == 403:
        if reads:
            return (
                f"The token carries {', '.join(reads)}, so an application access policy in Exchange blocks it: an"
                " Exchange administrator can find it with exchange_commands, and add the mailbox to the group of the"
                " policy. A change can take some hours to take effect."
            ), exchange.which_policy(client_id=client_id, mailbox=mailbox)
        return (
            "Either grant a permission for mail with admin consent, for all mailboxes, or have an Exchange"
            " administrator run exchange_commands, for this mailbox only. A change can take two hours to take effect."
        ), _assigning([exchange.MAIL_READ_WRITE], token, wanted, client_id=client_id)
    return "Check the status and the code; run again later.", []


def _assigning(
    permissions: t.Iterable[str], token: AccessToken, wanted: t.Mapping[str, bool], *, client_id: str
) -> list[str]:
    """A role assignment whose scope is all mailboxes that must be reachable; none if there is no such mailbox."""
    allowed = [name for name, reachable in wanted.items() if reachable]
    if not allowed:
        return []
    commands: list[str] = []
    for permission in permissions:
        commands += exchange.rbac_way(
            client_id=client_id, service_principal=object_id(token), mailboxes=allowed, permission=permission
        )
    return list(dict.fromkeys(commands))
