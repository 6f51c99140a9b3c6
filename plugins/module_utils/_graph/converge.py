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


class _Reached(t.NamedTuple):
    """``plan`` is the last one, and ``wrote`` whether anything was sent, also before another writer was in the way."""

    state: t.Any
    plan: Plan
    wrote: bool


class _Refusal(t.NamedTuple):
    """What was refused, and the view of the state for which it was."""

    error: AppsError
    view: View


def converge(call: Call, resource: Resource[t.Any]) -> dict[str, t.Any]:
    """Read, plan, apply."""
    call.validate_sign_in()
    current = _first_state(call, resource)
    first_view = resource.view(current)
    reached = _reach(call, resource, current)
    return {
        "changed": reached.plan.changed or reached.wrote,
        "diff": Plan(before=first_view, after=reached.plan.after).diff(),
        **resource.result(reached.state),
    }


def _first_state(call: Call, resource: Resource[t.Any]) -> t.Any:
    """Whether, by what an earlier task of the role read, there is nothing to do."""
    current = resource.read()
    if call.took_handed_reads and not _is_settled(resource, current):
        return resource.read()
    return current


def _reach(call: Call, resource: Resource[t.Any], current: t.Any) -> _Reached:
    """Plan and apply, from the current state on.

    If another write was in progress, or the state is not replicated everywhere yet, read again and continue from there.
    A refusal for a reason that is not known to be another one (``read_once``) may mean that another client made or
    removed the same: it stands unless the next read shows something new.
    """
    wrote = False
    refusal: _Refusal | None = None
    while True:
        wanted = resource.desired(current)
        plan = Plan(before=resource.view(current), after=resource.view(wanted))
        if refusal is not None and refusal.view == plan.before:
            raise refusal.error
        if not plan.changed or call.check_mode:
            return _Reached(wanted, plan, wrote=wrote)
        wrote = True
        try:
            return _Reached(resource.apply(current, wanted), plan, wrote=wrote)
        except AppsError as exc:
            if not _may_read_again(call, exc):
                raise
            refusal = None
            if exc.read_once:
                refusal = _Refusal(exc, plan.before)
        current = resource.read()


def _may_read_again(call: Call, failure: AppsError) -> bool:
    """After a pause."""
    return (failure.read_again or failure.read_once) and call.http.patience.pause(failure.retry_after)


def _is_settled(resource: Resource[t.Any], current: t.Any) -> bool:
    """Whether there is nothing to do."""
    try:
        return resource.view(current) == resource.view(resource.desired(current))
    except AppsError:
        return False
