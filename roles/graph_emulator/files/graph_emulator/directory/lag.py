# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replication lag, counted in requests so that a test sees the same every time.

Real lag is measured in seconds and comes and goes (azuread provider, azure-cli: retries of up to minutes).
"""

from __future__ import annotations


class ReplicationLag:
    """For its first N follow-ups a fresh object is not there yet."""

    def __init__(self) -> None:
        self._left: dict[str, int] = {}
        self._decided: dict[str, bool] = {}

    def created(self, object_id: str, requests: int) -> None:
        if requests > 0:
            self._left[object_id] = requests
            self._decided[object_id] = False

    def start_request(self) -> None:
        """Within one request an object is either there or not, however often it is looked up."""
        self._decided = {}

    def hides(self, object_id: str) -> bool:
        if object_id not in self._decided:
            left = self._left.get(object_id, 0)
            self._decided[object_id] = left > 0
            if left > 1:
                self._left[object_id] = left - 1
            else:
                self._left.pop(object_id, None)
        return self._decided[object_id]
