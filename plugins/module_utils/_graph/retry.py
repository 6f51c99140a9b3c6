# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What to do about a request that failed: a decision from the failure, the request and what was done so far.

Directory_ConcurrencyViolation is never waited for here, because the caller has to read again first.
"""

from __future__ import annotations

import enum

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import GraphFault
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import RETRY_STATUS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Read, Write


class Decision(enum.Enum):
    """The next step after a refusal."""

    RENEW = "renew the access token and send again"
    WAIT = "wait and send again"
    RAISE = "raise the failure"


def decide(fault: GraphFault, request: Read | Write, *, token_renewed: bool) -> Decision:
    """Send again only if that is safe and may help. ``token_renewed``: for this request, after an earlier refusal."""
    # An answer without a code of Graph comes from something in between, which may have let the request through.
    if not request.repeatable and fault.code == "":
        return Decision.RAISE
    if fault.status == 401 and not token_renewed:
        return Decision.RENEW
    if fault.passes or _not_replicated_yet(fault, request):
        return Decision.WAIT
    if request.repeatable and fault.status in RETRY_STATUS and not fault.concurrency:
        return Decision.WAIT
    return Decision.RAISE


def misses_foreign_id(fault: GraphFault, request: Read | Write) -> bool:
    """Whether the answer misses an object that this run did not create, so that waiting cannot help."""
    return request.foreign_id != "" and request.foreign_id in fault.message


def _not_replicated_yet(fault: GraphFault, request: Read | Write) -> bool:
    return request.created_recently and fault.replication_lag and not misses_foreign_id(fault, request)
