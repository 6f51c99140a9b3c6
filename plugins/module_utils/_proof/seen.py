# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What a verification is asked to try, and what it has seen: the input of the checks. Nothing in here is secret."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.mailbox import Access
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import TokenContent
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp import SmtpProof


class Asked(t.NamedTuple):
    """``token_resource`` is empty if the profile is not known. A mailbox is empty if it is not to be tried."""

    profile: str
    display_name: str
    token_resource: str
    expected_roles: tuple[str, ...] = ()
    mailbox: str = ""
    forbidden_mailbox: str = ""
    smtp: bool = False
    smtp_host: str = ""
    smtp_port: int = 0
    pending_until: datetime.datetime | None = None  # when role assignments in Exchange count at the latest

    @property
    def proofs(self) -> tuple[str, ...]:
        """The names of the checks that use the credential, in the order in which they are tried."""
        wanted = {
            "token": True,
            "mailbox": bool(self.mailbox) and self.token_resource == "microsoft_graph",
            "smtp": bool(self.mailbox) and (self.smtp or self.token_resource == "exchange_online"),
            "forbidden_mailbox": bool(self.forbidden_mailbox),
        }
        return tuple(name for name, is_wanted in wanted.items() if is_wanted)


class Failure(t.NamedTuple):
    """Why something gave no answer. ``code`` is that of the error, or ""."""

    reason: str
    next_step: str = ""
    code: str = ""

    @classmethod
    def of(cls, exc: AppsError, masked: t.Callable[[str], str]) -> Failure:
        """``masked`` removes secrets from a text."""
        return cls(
            reason=f"{masked(exc.message).rstrip('.')}.",
            next_step=masked(exc.next_step),
            code=text_or_empty(exc.details, "code"),
        )


NO_ANSWER = Failure("There was no answer.")


class Application(t.NamedTuple):
    """The application in the tenant. ``obstacle`` is why it cannot sign in: it is missing, or switched off."""

    client_id: str = ""
    tenant_id: str = ""
    service_principal_object_id: str = ""
    consent_url: str = ""
    obstacle: Failure | None = None


class Stored(t.NamedTuple):
    """The credential in the stores. ``is_own``: it is of the application; ``is_usable``: and it can sign in."""

    stores: tuple[str, ...] = ()
    record: Record | None = None
    is_own: bool = False
    is_usable: bool = False


class Seen(t.NamedTuple):
    """NO_ANSWER stands for what was not tried. ``failure`` is what went wrong before the first check."""

    asked: Asked
    failure: Failure | None = None
    application: Application = Application()
    stored: Stored = Stored()
    token: TokenContent | Failure = NO_ANSWER
    mailboxes: tuple[Access, ...] | Failure = ()
    smtp: SmtpProof | Failure = NO_ANSWER
    forbidden_smtp: SmtpProof | Failure = NO_ANSWER

    @property
    def missing_roles(self) -> list[str]:
        """What the profile asks for and the token does not carry, sorted."""
        return sorted(set(self.asked.expected_roles) - self._roles)

    @property
    def unexpected_roles(self) -> list[str]:
        """What the token carries and the profile does not ask for, sorted."""
        return sorted(self._roles - set(self.asked.expected_roles))

    @property
    def _roles(self) -> set[str]:
        if not isinstance(self.token, TokenContent):
            return set()
        return set(self.token.roles)
