# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Reads that the operator may lack the right for, if that is no failure."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import GraphError

Answer = t.TypeVar("Answer")


def if_allowed(read: t.Callable[[], Answer]) -> Answer | None:
    """The answer; None if the operator may not read it. Raises GraphError for every other refusal."""
    try:
        return read()
    except GraphError as exc:
        if exc.fault.status != 403:
            raise
        return None
