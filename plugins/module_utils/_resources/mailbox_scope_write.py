# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Assigns roles of Exchange, and removes the assignments and custom scopes (Microsoft Graph beta)."""

from __future__ import annotations

import dataclasses
import datetime

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    GraphError,
    OvertakenError,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_commands import (
    service_principal_command,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.exchange_roles import PROVIDER
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import BETA, Json, Write
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.mailbox_scope_state import (
    Assignment,
    MailboxScope,
)


class MailboxScopeWriter:
    """Writes for one application. ``changed_at``: when its mailboxes changed; None if they did not."""

    def __init__(self, graph: GraphClient, address: application.Address, *, now: datetime.datetime) -> None:
        self._graph = graph
        self._address = address
        self._now = now
        self.changed_at: datetime.datetime | None = None

    def assign(self, current: MailboxScope, wanted: MailboxScope) -> MailboxScope:
        """Adds first, so that the application is never without its mailboxes. Returns the state with all ids."""
        reached = self._apply_custom_scope(current, wanted)
        made = [self._assigned(assignment, reached) for assignment in reached.assignments]
        self._remove_assignments(current, wanted)
        return reached.with_assignments(made)

    def remove(self, current: MailboxScope, wanted: MailboxScope) -> MailboxScope:
        self._remove_assignments(current, wanted)
        if current.custom != wanted.custom:
            action = f"remove the custom scope {shown(current.custom.name)}"
            self._write("DELETE", f"customAppScopes/{current.custom.id}", action)
        return wanted

    def _remove_assignments(self, current: MailboxScope, wanted: MailboxScope) -> None:
        for assignment in without(current.assignments, wanted.assignments):
            self.changed_at = self._now
            for assignment_id in assignment.ids:
                action = f"remove {assignment} from {self._address}"
                self._write("DELETE", f"roleAssignments/{assignment_id}", action)

    def _apply_custom_scope(self, current: MailboxScope, wanted: MailboxScope) -> MailboxScope:
        """The state with the id of the custom scope."""
        scope = wanted.wanted_custom
        if scope is None:
            return wanted
        attributes = {"Exclusive": False, "RecipientFilter": scope.recipient_filter}
        if not current.custom.id:
            answer = self._write(
                "POST",
                "customAppScopes",
                f"create the custom scope {shown(scope.name)}",
                body={"type": "RecipientScope", "displayName": scope.name, "customAttributes": attributes},
            )
            made = dataclasses.replace(scope, id=application.text_or_empty(answer, "id"))
            return wanted._replace(scopes=(made,)).with_scopes({scope: made})
        if current.filter_differs:
            self.changed_at = self._now
            path = f"customAppScopes/{current.custom.id}"
            self._write(
                "PATCH", path, f"change the custom scope {shown(scope.name)}", body={"customAttributes": attributes}
            )
        return wanted

    def _assigned(self, assignment: Assignment, state: MailboxScope) -> Assignment:
        """With the id that it has in Exchange, assigned unless it is there."""
        if assignment.ids:
            return assignment
        return dataclasses.replace(assignment, ids=(self._assign(assignment, state),))

    def _assign(self, assignment: Assignment, state: MailboxScope) -> str:
        self.changed_at = self._now
        body = {
            "principalId": f"/ServicePrincipals/{state.principal_id}",
            "roleDefinitionId": state.exchange.role_ids[assignment.role],
            **assignment.scope.sent,
        }
        action = f"assign {assignment} to {self._address}"
        try:
            answer = self._write("POST", "roleAssignments", action, body=body)
        except GraphError as exc:
            if exc.fault.status in (400, 404):
                line = service_principal_command(
                    client_id=state.client_id, principal_id=state.principal_id, display_name=state.display_name
                )
                exc.next_step = (
                    f"If Exchange does not know the service principal yet, an Exchange administrator runs: {line}."
                    f" {exc.next_step}"
                )
            raise
        return application.text_or_empty(answer, "id")

    def _write(self, method: str, path: str, action: str, *, body: Json | None = None) -> Json:
        """Raises OvertakenError if no answer came to a request that may be made once only: the next read shows it."""
        write = Write(
            method=method,
            path=f"{PROVIDER}/{path}",
            action=action,
            right="write_exchange_roles",
            body=body,
            repeatable=method != "POST",
            version=BETA,
        )
        try:
            return self._graph.write(write)
        except (TransportError, GraphError) as exc:
            if write.repeatable or not _may_be_written(exc):
                raise
            again = OvertakenError(exc.message, next_step=exc.next_step, **exc.details)
            again.retry_after = exc.retry_after
            raise again from None


def _may_be_written(exc: TransportError | GraphError) -> bool:
    """Whether it may have been processed although the answer does not say so, and the next read can show it."""
    if isinstance(exc, TransportError):
        return exc.maybe_processed and not exc.permanent
    return exc.fault.status >= 500
