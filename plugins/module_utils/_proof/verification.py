# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Tries what a gateway's application has to be able to do, with its stored credential. Writes nothing."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checked_options import RETURNED_AS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import check_mailbox, check_text
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object, text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members, selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import rendered
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import LONGEST_DISPLAY_NAME
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.checks import all_checks, not_asked
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.find_application import (
    find_application,
    unique_name_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.mailbox import look
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.memory import Credential, TokenContent
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_credential import (
    OpenStores,
    StoreContents,
    is_usable,
    of_record,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_sign_in import OwnSignIn
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.seen import (
    Application,
    Asked,
    Failure,
    Seen,
    Stored,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp import (
    SmtpProof,
    try_mailbox,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp_server import check_server
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.summary import failure, summary
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.token import resource_address
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.assignment_times import (
    AssignmentTimes,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.expected_applications import (
    ExpectedApplications,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

NAMES = ("display_name", "unique_name", "client_id")  # the first that is set is the application's name in messages


def verification_info(call: Call, open_stores: OpenStores | None = None) -> dict[str, t.Any]:
    """All that was asked for is tried once; whatever goes wrong is a check that failed."""
    seen = _Verification(call, open_stores).seen()
    checks, skipped = all_checks(seen), not_asked(seen)
    name = seen.asked.display_name
    key_id, expires = "", ""
    if seen.stored.is_own and seen.stored.record is not None:
        key_id, expires = seen.stored.record.key_id, seen.stored.record.secret_expires
    result = {
        "changed": False,
        "verified": {
            "profile": seen.asked.profile,
            "display_name": name,
            "tenant_id": seen.application.tenant_id,
            "client_id": seen.application.client_id,
            "service_principal_object_id": seen.application.service_principal_object_id,
            "key_id": key_id,
            "secret_expires": expires,
            "proven": all(check.ok for check in checks),
            "checks": [check.view for check in checks],
            "not_asked": [other.view for other in skipped],
        },
        "summary": summary(display_name=name, profile=seen.asked.profile, checks=checks, not_asked=skipped),
        "failure": failure(display_name=name, checks=checks),
    }
    return t.cast("dict[str, t.Any]", rendered(result, call.option_names))


class _Verification:
    def __init__(self, call: Call, open_stores: OpenStores | None) -> None:
        self._call = call
        self._params = call.params
        self._open_stores = open_stores

    def seen(self) -> Seen:
        asked = self._asked()
        seen = Seen(asked)
        if not asked.token_resource:
            reason = self._params["profile_info"].get("msg") or "The profile is not read."
            return Seen(asked, failure=Failure(str(reason)))
        try:
            self._check_options()
            times = AssignmentTimes.of("O(assigned_at)", self._params["assigned_at"])
            expected = ExpectedApplications.of("O(expected_applications)", self._params["expected_applications"])
            contents = self._contents()
            seen = seen._replace(stored=Stored(contents.titles))
            if contents.errors:
                raise contents.errors[0]
            application = self._application(expected)
            asked = asked._replace(pending_until=self._pending_until(times.of_application(application.client_id)))
            seen = seen._replace(asked=asked, application=application)
        except AppsError as exc:
            return seen._replace(failure=self._failure(exc))
        if application.obstacle is not None:
            return seen
        return self._proven(seen._replace(stored=self._stored(contents, application)))

    def _asked(self) -> Asked:
        """Without a resource if the task that read the profile did not accept the settings."""
        params = self._params
        token_resource = params["token_resource"]
        if params["profile_info"] and RETURNED_AS not in params["profile_info"]:
            token_resource = ""
        return Asked(
            profile=params["profile"],
            display_name=next(filter(None, map(params.get, NAMES)), ""),
            token_resource=token_resource,
            expected_roles=tuple(params["expected_roles"]),
            mailbox=params["mailbox"],
            forbidden_mailbox=params["forbidden_mailbox"],
            smtp=params["smtp"],
            smtp_host=params["smtp_host"],
            smtp_port=params["smtp_port"],
        )

    def _pending_until(self, assigned_at: datetime.datetime | None) -> datetime.datetime | None:
        """None if no assignment is on its way."""
        if assigned_at is None:
            return None
        until = assigned_at + datetime.timedelta(minutes=self._params["assignment_delay_minutes"])
        if self._call.now >= until:
            return None
        return until

    def _check_options(self) -> None:
        """Raises InputError, before anything is sent."""
        params = self._params
        if params["display_name"] is not None:
            check_text("O(display_name)", params["display_name"], longest=LONGEST_DISPLAY_NAME)
        named = filled_members(selected(params, ("mailbox", "forbidden_mailbox")))
        mailboxes = [check_mailbox(f"O({name})", mailbox).lower() for name, mailbox in named.items()]
        check_server(params["smtp_host"], params["smtp_port"])
        if len(set(mailboxes)) < len(mailboxes):
            raise InputError(
                "O(mailbox) and O(forbidden_mailbox) are the same",
                next_step="Set the second to one that it must not reach.",
            )
        if params["smtp"] and not params["mailbox"]:
            raise InputError(
                "O(smtp) is set, but O(mailbox) is not", next_step="Set it to the address that the gateway sends as."
            )

    def _contents(self) -> StoreContents:
        if self._open_stores is None:
            raise InputError("Only a task of ansible-playbook can open stores", next_step="Run it as a task.")
        return StoreContents.read(self._open_stores(self._call))

    def _application(self, expected: ExpectedApplications) -> Application:
        unique_name = unique_name_of(self._params)
        found = find_application(self._call, unique_name=unique_name)
        if found.client_id:
            expected.check(
                unique_name=unique_name,
                client_id=found.client_id,
                tenant_id=found.tenant_id,
                whose=self._asked().display_name,
            )
        return found

    def _stored(self, contents: StoreContents, application: Application) -> Stored:
        has_assertion = bool(self._assertion_file)
        of_application = contents.only(Credential(application.tenant_id, application.client_id, key_id=""))
        own = of_application.with_values(self._call.memory).current(has_assertion=has_assertion)
        if own is not None:
            _title, record = own
            usable = is_usable(record, has_assertion=has_assertion)
            return Stored(contents.titles, record, is_own=True, is_usable=usable)
        other = contents.current(has_assertion=has_assertion)
        if other is not None:
            return Stored(contents.titles, other[1])
        return Stored(contents.titles)

    @property
    def _assertion_file(self) -> str:
        """A federated credential is proven with the token in it; "" if there is none."""
        return text_or_empty(as_object(self._params["federated_credential"]), "assertion_file")

    def _proven(self, seen: Seen) -> Seen:
        """With the answers to the application's own sign-in."""
        record = seen.stored.record
        if record is None or not seen.stored.is_usable:
            return seen
        call = self._call
        resource = resource_address(call.endpoint, seen.asked.token_resource)
        try:
            sign_in = self._sign_in(record)
            token = sign_in.token(resource)
        except AppsError as exc:
            return seen._replace(token=self._failure(exc))
        content = TokenContent.of(token, resource=resource, tenant_id=sign_in.tenant_id)
        seen = seen._replace(token=content)
        asked = seen.asked
        if asked.token_resource == "microsoft_graph":
            wanted = {asked.mailbox.strip(): True, asked.forbidden_mailbox.strip(): False}
            wanted.pop("", None)
            try:
                seen = seen._replace(mailboxes=tuple(look(call, token, sign_in, wanted)))
            except AppsError as exc:
                seen = seen._replace(mailboxes=self._failure(exc))
        elif asked.forbidden_mailbox:
            seen = seen._replace(forbidden_smtp=self._smtp(sign_in, asked.forbidden_mailbox))
        if "smtp" in asked.proofs:
            seen = seen._replace(smtp=self._smtp(sign_in, asked.mailbox))
        return seen

    def _sign_in(self, record: Record) -> OwnSignIn:
        """Raises InputError for a key file that cannot be used."""
        own = of_record(self._call, record, assertion_file=self._assertion_file)
        return OwnSignIn(self._call, own, waits=False)

    def _smtp(self, sign_in: OwnSignIn, mailbox: str) -> SmtpProof | Failure:
        server = check_server(self._params["smtp_host"], self._params["smtp_port"])
        try:
            return try_mailbox(self._call, sign_in, mailbox=mailbox.strip(), server=server, poll=False)
        except AppsError as exc:
            return self._failure(exc)

    def _failure(self, exc: AppsError) -> Failure:
        return Failure.of(exc, self._call.secrets.for_message)
