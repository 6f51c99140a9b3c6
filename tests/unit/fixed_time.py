# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One point in time for all calls of a test: the days left do not change if a second passes between two calls."""

from __future__ import annotations

import datetime
import types

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import call


def fix_now(monkeypatch: pytest.MonkeyPatch) -> datetime.datetime:
    """From here on every call of a module begins at this time, at most a second ago; all other clocks continue.

    Credentials that are created later start and end later, so that 10 days are always left of 10 days.
    """
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)

    class Fixed(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
            return now.astimezone(tz)

    monkeypatch.setattr(call, "datetime", types.SimpleNamespace(datetime=Fixed, timezone=datetime.timezone))
    return now
