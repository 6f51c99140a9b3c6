# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A removal that has to be confirmed by the name of the application."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    check_goes_with,
    shown,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import derived_unique_name


def check_confirm_option(confirm: t.Sequence[str] | None, *, present: bool) -> None:
    """Raises InputError for a confirmation of what removes nothing."""
    check_goes_with("confirm", "state=absent", is_set=confirm is not None, is_met=not present)


def check_confirmed(confirm: t.Sequence[str] | None, names: t.Iterable[str | None], *, action: str) -> None:
    """Raises ConflictError unless one of the application's names is among the confirmed ones; None asks for nothing.

    The name that a unique name was derived from counts, too: a display name may have been changed since.
    """
    if confirm is None:
        return
    known = list(filter(None, dict.fromkeys(names)))
    if not {*confirm, *map(derived_unique_name, confirm)}.isdisjoint(known):
        return
    name, step = "the application", "To confirm it, set O(confirm) to the name of the application"
    if known:
        name = shown(known[0])
        step += f": {' or '.join(map(shown, known))}"
    raise ConflictError(
        f"Refused to {action} {name}: this is not confirmed, and mail through it would stop",
        next_step=f"{step}.",
        names=known,
    )
