# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SMTP side of Exchange Online: STARTTLS, then AUTH XOAUTH2 with a token for the tenant. It takes no mail.

Dialogue: page "Authenticate an IMAP, POP or SMTP connection using OAuth"; the texts of 5.7.139 are those of public logs
(email-oauth2-proxy issue 193, MailKit issue 700).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import collections
import json
import logging
import ssl
import time
import traceback
from typing import Any

from aiosmtpd import smtp
from aiosmtpd.smtp import AuthResult

from .. import catalogue, errors
from ..clock import seven_digits
from ..directory.exchange_scopes import ExchangeScopes
from ..directory.tenant import Tenant
from ..identity import tokens
from ..journal import Entry, Journal

METHOD = "SMTP"
HOST_NAME = "smtp.localhost"
ACCEPTED = "235 2.7.0 Authentication successful"
REFUSED = f"535 5.7.3 Authentication unsuccessful [{HOST_NAME}]"
_DISABLED = (
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the {}. "
    f"Visit https://aka.ms/smtp_auth_disabled for more information. [{HOST_NAME}]"
)
_LONGEST_LINE = 12288  # octets of AUTH with its first response: RFC 4954, section 4.5.3.1
# It writes down what clients send.
logging.getLogger("mail.log").setLevel(logging.ERROR)
_NOT_DONE = "554 5.3.2 The emulator takes no mail"


class ExchangeSmtp:
    """Judges what a client shows, and notes down its sessions."""

    def __init__(self, tenant: Tenant, key: tokens.SigningKey, journal: Journal, bugs: list[str]) -> None:
        self.tenant = tenant
        self.key = key
        self.journal = journal
        self.bugs = bugs

    def judge(self, mailbox: str, token: str) -> tuple[str, str | None]:
        """Exchange's answer, and the client id of a token that is good.

        The order of the checks is inferred; so is that whatever is wrong with token or mailbox gets the same answer.
        """
        with self.tenant.lock:
            exchange = self.tenant.directory.exchange
            try:
                caller = tokens.read(
                    f"Bearer {token}",
                    self.key,
                    clock=self.tenant.clock,
                    audiences=self._audiences(),
                    tenant_id=self.tenant.tenant_id,
                )
            except errors.GraphError:
                return REFUSED, None
            user_id = self._mailbox(mailbox)
            if user_id is None:
                return REFUSED, caller.client_id
            off = exchange.smtp_auth_off(user_id)
            if off is not None:
                return _DISABLED.format(off), caller.client_id
            may_send = exchange.may_send(caller, user_id, ExchangeScopes(self.tenant))
            return (ACCEPTED if may_send else REFUSED), caller.client_id

    @property
    def challenges_errors(self) -> bool:
        return self.tenant.directory.exchange.challenges_errors

    def _audiences(self) -> frozenset[str]:
        exchange = self.tenant.service_principal_by("appId", catalogue.EXCHANGE_ONLINE_APP_ID)
        return frozenset(name.rstrip("/") for name in (exchange["servicePrincipalNames"] if exchange else []))

    def _mailbox(self, name: str) -> str | None:
        found = self.tenant.directory.users.where("userPrincipalName", name).first()
        return str(found["id"]) if found is not None and found["id"] in self.tenant.directory.mail.boxes else None


class _Session:
    """One connection; its entry in the journal is there from the start and filled as the session goes on."""

    def __init__(self, exchange: ExchangeSmtp) -> None:
        self._exchange = exchange
        self._started = time.perf_counter()
        self.entry = Entry(
            index=exchange.journal.reserve(),
            time=seven_digits(exchange.tenant.clock.now()),
            method=METHOD,
            path="",
            query="",
            body={"commands": [], "mailbox": None, "authenticated": False, "code": None},
            status=220,
            client_id=None,
            duration_ms=0.0,
            user_agent=None,
        )
        exchange.journal.add(self.entry)

    def command(self, name: str) -> None:
        self.entry.body["commands"].append(name)

    def answered(self, status: bytes) -> None:
        self.entry.duration_ms = round((time.perf_counter() - self._started) * 1000, 3)
        if status[:3].isdigit():
            self.entry.status = int(status[:3])

    async def auth_XOAUTH2(self, server: SmtpProtocol, args: list[str]) -> AuthResult:
        """aiosmtpd asks for it by this name, with the words behind AUTH."""
        encoded = args[1] if len(args) > 1 else await server.asked("334 ")
        sent = _credential(encoded)
        if sent is None:
            # The text is inferred.
            return AuthResult(success=False, handled=False, message="501 5.5.4 Invalid arguments")
        mailbox, token = sent
        answer, client_id = self._exchange.judge(mailbox, token)
        good = answer == ACCEPTED
        if not good and self._exchange.challenges_errors:
            problem = json.dumps({"status": "401", "schemes": "bearer", "scope": "https://outlook.office365.com/"})
            await server.asked(f"334 {base64.b64encode(problem.encode()).decode()}")
        self.entry.client_id = client_id
        self.entry.path = mailbox
        self.entry.body.update(mailbox=mailbox, authenticated=good, code=" ".join(answer.split()[:2]))
        if server.session is not None:
            server.session.authenticated = good
        # Not returned as a success, for which aiosmtpd would set what it deprecates itself.
        return AuthResult(success=False, handled=False, message=answer)

    async def handle_exception(self, error: Exception) -> str:
        """A bug of the emulator."""
        self._exchange.bugs.append("".join(traceback.format_exception(error)))
        return f"451 4.3.0 Emulator bug: {type(error).__name__}"


class SmtpProtocol(smtp.SMTP):
    """One connection of a client."""

    line_length_limit = _LONGEST_LINE + 2
    command_size_limits = collections.defaultdict(lambda: 512, AUTH=_LONGEST_LINE)

    def __init__(self, exchange: ExchangeSmtp, context: ssl.SSLContext) -> None:
        self.noted = _Session(exchange)
        super().__init__(
            self.noted,
            hostname=HOST_NAME,
            ident="Microsoft ESMTP MAIL Service ready (emulated)",
            tls_context=context,
            auth_required=True,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limits["AUTH"] = _LONGEST_LINE
        for name, method in list(self._smtp_methods.items()):
            self._smtp_methods[name] = _noting(self.noted, name, method)

    async def push(self, status: Any) -> None:
        self.noted.answered(status.encode() if isinstance(status, str) else status)
        await super().push(status)

    async def asked(self, challenge: str) -> str:
        await self.push(challenge)
        line: bytes = await self._reader.readline()
        return line.decode("ascii", "replace").strip()

    async def smtp_MAIL(self, arg: str | None) -> None:
        if await self.check_auth_needed("MAIL"):
            return
        await self.push(_NOT_DONE)


def _noting(noted: _Session, name: str, method: Any) -> Any:
    async def called(arg: str | None) -> None:
        noted.command(name)
        await method(arg)

    return called


def _credential(encoded: str) -> tuple[str, str] | None:
    """Mailbox and token of an XOAUTH2 response, if it is one."""
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    user, bearer, *rest = [*text.split("\x01"), ""]
    if rest != ["", "", ""] or not user.startswith("user=") or not bearer.lower().startswith("auth=bearer "):
        return None
    return user[len("user=") :], bearer[len("auth=bearer ") :]
