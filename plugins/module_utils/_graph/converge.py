# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Read, plan, apply unless in check mode, result and diff: the same for every kind of object."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import Plan, View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

State = t.TypeVar("State")


class Resource(t.Protocol[State]):
    """One kind of object in the tenant. ``State`` is a type of its own with all that has to be known about it."""

    def read(self) -> State:
        """The current state. Sends no write."""

    def desired(self, current: State) -> State:
        """Pure: the state after the task, as far as it can be predicted. Raises AppsError if it must not be reached."""

    def apply(self, current: State, wanted: State) -> State:
        """Change the tenant from the current to the desired state; returns the state that was reached."""

    def view(self, state: State) -> View:
        """Pure: the state in names that a person reads, for the comparison and the diff; {} for "absent"."""

    def result(self, state: State) -> View:
        """Pure: what the module returns, the same keys for every state."""


def converge(call: Call, resource: Resource[t.Any]) -> dict[str, t.Any]:
    """Read, plan, apply.

    If another write was in progress, or the state is not replicated everywhere yet, read again and continue from there.
    A refusal for a reason that is not known to be another one (``read_once``) may mean that another client made or
    removed the same: it stands unless the next read shows something new.
    """
    call.validate_sign_in()
    current = resource.read()
    if call.took_handed_reads and not _is_settled(resource, current):
        current = resource.read()
    first_view = resource.view(current)
    wrote = False
    refusal: tuple[AppsError, View] | None = None
    while True:
        wanted = resource.desired(current)
        plan = Plan(before=resource.view(current), after=resource.view(wanted))
        if refusal is not None and refusal[1] == plan.before:
            raise refusal[0]
        if not plan.changed or call.check_mode:
            final = wanted
            break
        wrote = True
        try:
            final = resource.apply(current, wanted)
            break
        except AppsError as exc:
            if not (exc.read_again or exc.read_once) or not call.http.patience.pause(exc.retry_after):
                raise
            refusal = (exc, plan.before) if exc.read_once else None
        current = resource.read()
    return {
        "changed": plan.changed or wrote,
        "diff": Plan(before=first_view, after=plan.after).diff(),
        **resource.result(final),
    }


def _is_settled(resource: Resource[t.Any], current: t.Any) -> bool:
    """Whether there is nothing to do. The reads of an earlier task of the role are sufficient for this."""
    try:
        return resource.view(current) == resource.view(resource.desired(current))
    except AppsError:
        return False
