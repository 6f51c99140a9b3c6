# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What the proofs of a gateway's application come to: a list of checks. Pure."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof import exchange
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.mailbox import READING, Access
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import TokenContent
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.seen import Failure, Seen
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp import REFUSED, SmtpProof

RESOURCES = {"microsoft_graph": "Microsoft Graph", "exchange_online": "Exchange Online"}
CREDENTIALS = {
    "client_secret": "client secret",
    "certificate": "certificate",
    "federated": "federated credential",
}
# A renewal replaces a stored value that the tenant refuses, and one that has expired.
RENEWED = ("AADSTS7000215", "AADSTS7000222")
FAILED = "FAILED"
REGISTER = "the playbook email_gateway.azure_apps.register"
ROTATE = "the playbook email_gateway.azure_apps.rotate"
SAME_VARIABLES = "with the same variables"


class Check(t.NamedTuple):
    """One proof: whether it succeeded, and what to do if it did not."""

    name: str
    subject: str
    reason: str
    ok: bool = False
    tried: bool = True
    next_step: str = ""
    exchange_commands: tuple[str, ...] = ()
    pending: bool = False  # roles were assigned in Exchange so recently that the answer may still change

    @property
    def status(self) -> str:
        """In one or two words."""
        if self.ok:
            return "ok"
        if self.pending:
            return "not yet"
        if self.tried:
            return FAILED
        return "not tried"

    @property
    def failed(self) -> bool:
        return self.status == FAILED

    @property
    def view(self) -> dict[str, t.Any]:
        return {**self._asdict(), "exchange_commands": list(self.exchange_commands)}


class Skipped(t.NamedTuple):
    """A proof that was not requested; ``next_step`` is what to set."""

    name: str
    next_step: str

    @property
    def view(self) -> dict[str, str]:
        return self._asdict()


def all_checks(seen: Seen) -> list[Check]:
    """All requested checks, in the order in which they were tried.

    What could not be tried is in it as well, so that the same options give the same checks. Only a failed preparation
    is one check more, and with a profile that cannot be read, no more than a token is asked for.
    """
    proofs = seen.asked.proofs
    if seen.failure is not None:
        name = seen.asked.display_name
        first = Check("preparation", name, reason=seen.failure.reason, next_step=seen.failure.next_step)
        return [first, *_not_tried(seen, ("application", "credential", *proofs), "the preparation failed")]
    application = _application(seen)
    if not application.ok:
        return [application, *_not_tried(seen, ("credential", *proofs), "the application cannot sign in")]
    credential = _credential(seen)
    if not credential.ok:
        return [application, credential, *_not_tried(seen, proofs, "there is no credential to sign in with")]
    token = _token(seen)
    if not isinstance(seen.token, TokenContent):
        return [application, credential, token, *_not_tried(seen, proofs[1:], "there is no token")]
    return [application, credential, token, *(_of_proof(name, seen) for name in proofs[1:])]


def not_asked(seen: Seen) -> list[Skipped]:
    """What else could be proven."""
    if seen.failure is not None:
        return []
    asked = seen.asked
    steps = {"mailbox": "Set O(mailbox) to the address of a mailbox that it must reach."}
    if asked.token_resource == "exchange_online":
        steps = {"smtp": "Set O(mailbox) to the address that the gateway sends as."}
    elif "smtp" in asked.profile.lower():  # a guess by the name, which costs a line
        steps["smtp"] = "Set O(mailbox), and O(smtp) to true, to try it by SMTP as well."
    steps["forbidden_mailbox"] = "Set O(forbidden_mailbox) to one that it must not reach."
    return [Skipped(name, steps[name]) for name in without(steps, asked.proofs)]


def _not_tried(seen: Seen, names: t.Iterable[str], why: str) -> list[Check]:
    reason = f"Not tried, since {why}."
    return [Check(name, _subject(seen, name), reason, tried=False) for name in names]


def _subject(seen: Seen, name: str) -> str:
    asked = seen.asked
    subjects = {
        "application": asked.display_name,
        "credential": ", ".join(seen.stored.stores) or "the store",
        "token": RESOURCES.get(asked.token_resource, ""),
        "mailbox": asked.mailbox,
        "smtp": f"{asked.mailbox} at {asked.smtp_host}:{asked.smtp_port}",
        "forbidden_mailbox": asked.forbidden_mailbox,
    }
    return subjects[name]


def _application(seen: Seen) -> Check:
    found = seen.application
    subject = _subject(seen, "application")
    if found.obstacle is not None:
        return Check("application", subject, reason=found.obstacle.reason, next_step=found.obstacle.next_step)
    reason = f"Registered in the tenant {found.tenant_id} with the client id {found.client_id}."
    return Check("application", subject, reason, ok=True)


def _credential(seen: Seen) -> Check:
    stored = seen.stored
    record = stored.record
    subject = _subject(seen, "credential")
    if record is None:
        return Check(
            "credential",
            subject,
            reason="The store is empty.",
            next_step="Set O(store_path) or O(stores) to where the credential is stored, or run"
            f" {REGISTER} {SAME_VARIABLES}, which creates one.",
        )
    if not stored.is_own:
        return Check(
            "credential",
            subject,
            reason="The store has the credential of another application, with the client id"
            f" {record.client_id}, in the tenant {record.tenant_id}.",
            next_step="Set O(store_path) or O(stores) to the store of this one.",
        )
    if not stored.is_usable:
        return _not_usable(subject, record)
    reason = f"The store has the {CREDENTIALS[record.type]} {record.key_id}"
    if record.secret_expires:
        reason += f", which expires on {record.secret_expires[:10]}"
    return Check("credential", subject, f"{reason}.", ok=True)


def _not_usable(subject: str, record: Record) -> Check:
    if record.type == "federated":
        return Check(
            "credential",
            subject,
            reason=f"The federated credential {record.key_id} is proven with a token of its issuer, but none is set.",
            next_step="Set assertion_file, in O(federated_credential), to a file with one.",
        )
    return Check(
        "credential",
        subject,
        reason=f"The store has the client secret {record.key_id}, but cannot return its value, so it cannot be proven.",
        next_step="Add a store that can be read to O(stores): the next renewal writes to all of"
        " them. Until then, only the gateway itself can show that it works.",
    )


def _token(seen: Seen) -> Check:
    found = seen.token
    subject = _subject(seen, "token")
    if not isinstance(found, TokenContent):
        return _failed("token", subject, found)
    missing = seen.missing_roles
    next_step = ""
    if found.roles:
        reason = f"The token carries {', '.join(found.roles)}."
    elif missing:
        reason = "The token carries no permission."
    else:
        reason = "The token carries no permission, and the profile asks for none."
    if missing:
        reason += f" It lacks {', '.join(missing)}, which the profile asks for."
        next_step = (
            f"Run {REGISTER} {SAME_VARIABLES}, which declares it and grants admin consent; it can take some minutes"
            " until tokens carry it. If it is declared already, an administrator can also grant it on the page"
            f" {seen.application.consent_url}"
        )
    beyond = seen.unexpected_roles
    if beyond:
        reason += f" The profile does not ask for {', '.join(beyond)}."
    return Check("token", subject, reason, ok=not missing, next_step=next_step)


def _of_proof(name: str, seen: Seen) -> Check:
    """The check of what was tried with the token, by what came of it."""
    found = _answer(name, seen)
    if isinstance(found, Failure):
        return _failed(name, _subject(seen, name), found)
    if isinstance(found, Access):
        check = _of_graph(name, found, seen)
    elif name == "smtp":
        check = _of_smtp(found, seen)
    else:
        check = _of_forbidden_smtp(found, seen)
    return _or_pending(check, found, seen.asked.pending_until)


def _of_graph(name: str, found: Access, seen: Seen) -> Check:
    why = ""
    next_step, commands = found.next_step, found.exchange_commands
    if not found.as_expected and not found.reachable:
        parts = ("status", str(found.status), found.code)
        why = f" ({' '.join(filter(None, parts))})"
        if found.status == 403 and READING.intersection(seen.missing_roles):
            next_step = "First grant what the token lacks, as the check of the token shows. Then run again."
            commands = ()
    return Check(
        name,
        _subject(seen, name),
        reason=f"{found.reason.rstrip('.')}{why}.",
        ok=found.as_expected,
        next_step=next_step,
        exchange_commands=commands,
    )


def _of_smtp(found: SmtpProof, seen: Seen) -> Check:
    subject = _subject(seen, "smtp")
    if found.authenticated:
        return Check("smtp", subject, "The server accepted the application's token. No mail was sent.", ok=True)
    code = " ".join(map(str, filter(None, (found.smtp_code, found.enhanced_code))))
    next_step, commands = found.next_step, found.exchange_commands
    if code == f"535 {REFUSED}" and exchange.SEND_AS_APP in seen.missing_roles:
        next_step = (
            f"Grant {exchange.SEND_AS_APP} first, as the check of the token shows. Then, unless it was done before, an"
            " Exchange administrator has to run exchange_commands."
        )
        commands = tuple(
            exchange.claims_way(
                client_id=found.client_id,
                service_principal=found.service_principal_object_id,
                mailbox=found.mailbox,
            )
        )
    reason = found.reason
    if code:
        reason = f"{code}: {reason}"
    return Check("smtp", subject, reason, next_step=next_step, exchange_commands=commands)


def _of_forbidden_smtp(found: SmtpProof, seen: Seen) -> Check:
    name = "forbidden_mailbox"
    subject = _subject(seen, name)
    if found.authenticated:
        return Check(
            name,
            subject,
            reason="The application can sign in to this mailbox by SMTP, but must not.",
            next_step="An Exchange administrator has to run exchange_commands, and to narrow the scope of the role"
            " assignment if one lets the application in. A change can take two hours to take effect.",
            exchange_commands=tuple(
                exchange.shut_out(
                    client_id=found.client_id,
                    service_principal=found.service_principal_object_id,
                    mailbox=found.mailbox,
                    roles=found.roles,
                )
            ),
        )
    if found.enhanced_code != REFUSED:
        reason = f"The refusal does not prove that the application has no access: {found.reason}"
        return Check(name, subject, reason, next_step=found.next_step)
    mailbox = seen.asked.mailbox
    if mailbox and not _is_let_in(seen):
        return Check(
            name,
            subject,
            reason=f"Refused by SMTP (535 5.7.3), but so is {mailbox}, so this proves nothing.",
            next_step=f"First correct the sign-in for {mailbox}, then run again.",
        )
    reason = "Refused by SMTP (535 5.7.3). So is a mailbox that does not exist: check that the address is right."
    return Check(name, subject, reason, ok=True)


def _or_pending(check: Check, found: Access | SmtpProof, until: datetime.datetime | None) -> Check:
    """A mailbox that is not as expected is not a failure as long as a role assignment may not have taken effect."""
    if check.ok or until is None or not found.may_change:
        return check
    moment = f"{until:%Y-%m-%d %H:%M} UTC"
    return check._replace(
        pending=True,
        reason=f"Not yet as expected. Exchange may not have applied the roles until {moment}. {check.reason}",
        next_step=f"Run the playbook email_gateway.azure_apps.verify again after {moment}.",
        exchange_commands=(),
    )


def _answer(name: str, seen: Seen) -> Access | SmtpProof | Failure:
    """What the check with this name is about."""
    if name == "smtp":
        return seen.smtp
    if seen.asked.token_resource == "exchange_online":
        return seen.forbidden_smtp
    if isinstance(seen.mailboxes, Failure):
        return seen.mailboxes
    expected = {"mailbox": "allowed", "forbidden_mailbox": "denied"}[name]
    return {access.expected: access for access in seen.mailboxes}[expected]


def _is_let_in(seen: Seen) -> bool:
    return isinstance(seen.smtp, SmtpProof) and seen.smtp.authenticated


def _failed(name: str, subject: str, failure: Failure) -> Check:
    next_step = failure.next_step or "Run again later."
    if failure.code in RENEWED:
        next_step = (
            f"Run {ROTATE} {SAME_VARIABLES}: it replaces a client secret that has expired or that the tenant refuses."
        )
    return Check(name, subject, failure.reason, next_step=next_step)
