# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resource units: what a call costs, for x-ms-resource-unit and for the throttle.

Page "Microsoft Graph service-specific throttling limits", section "Identity and access service limits". The base costs
stand with the handlers (Answer.cost).
"""

from __future__ import annotations

from collections.abc import Mapping

_SMALL_PAGE = 20
# Actions that only ask, in spite of their method.
_QUESTIONS = ("/getbyids", "/getmembergroups", "/getmemberobjects", "/checkmembergroups", "/checkmemberobjects")
READING = frozenset({"GET", "HEAD"})


def resource_units(base: int, options: Mapping[str, str]) -> int:
    """The base cost, less for a narrower question, more for a wider one, never below one."""
    top = options.get("$top", "")
    saved = int("$select" in options) + int(top.isdigit() and int(top) < _SMALL_PAGE)
    return max(1, base - saved + int("$expand" in options))


def is_write(method: str, path: str) -> bool:
    """A question costs no write, whatever its method."""
    return method not in READING and not path.lower().endswith(_QUESTIONS)
