# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock of the servers, compared with that of the controller."""

from __future__ import annotations

import datetime

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http import server_clock
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.server_clock import ServerClock
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant

NOON = datetime.datetime(2026, 11, 29, 12, 0, 0, 500_000, tzinfo=datetime.timezone.utc)
HOST = "graph.microsoft.com"


def clock(date: str) -> ServerClock:
    made = ServerClock(lambda: NOON)
    made.saw(HOST, date)
    return made


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("Sun, 29 Nov 2026 11:58:00 GMT", "is 120 seconds ahead of that of graph.microsoft.com"),
        ("Sun, 29 Nov 2026 12:02:00 GMT", "is 120 seconds behind that of graph.microsoft.com"),
        ("Sun, 29 Nov 2026 11:59:01 GMT", ""),
        ("Sun, 29 Nov 2026 12:01:00 GMT", ""),
    ],
)
def test_a_difference_of_more_than_a_minute_is_a_warning(date: str, words: str) -> None:
    warning = clock(date).warning
    assert words in warning
    assert bool(warning) is bool(words)
    assert not words or f"here it is 2026-11-29 12:00:00 UTC, there 2026-11-29 {date[17:25]} UTC" in warning


@pytest.mark.parametrize(
    "date",
    [
        "",
        "tomorrow",
        "Sun, 29 Nov 2026 11:58:00",
        "Sun, 99 Nov 2026 11:58:00 GMT",
        "Sun, 29 Nov 99999999999999999999 11:58:00 GMT",
        "Sun, 29 Nov 2026 11:58:00 +99999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2300",
    ],
)
def test_an_invalid_date_is_ignored(date: str) -> None:
    made = clock(date)
    assert (made.warning, made.now()) == ("", NOON)


def test_the_time_is_that_of_the_server() -> None:
    made = clock("Sun, 29 Nov 2026 11:50:00 GMT")
    assert made.now() == datetime.datetime(2026, 11, 29, 11, 50, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize("second", [59, 0, 1])
def test_a_difference_within_the_precision_of_a_date_is_ignored(second: int) -> None:
    """Otherwise two secrets that are created one after the other could start in the wrong order."""
    assert clock(f"Sun, 29 Nov 2026 {'11:59' if second == 59 else '12:00'}:{second:02d} GMT").now() == NOON


def test_only_the_first_date_counts() -> None:
    made = clock("Sun, 29 Nov 2026 11:50:00 GMT")
    made.saw("other", "Sun, 29 Nov 2026 10:00:00 GMT")
    assert "graph.microsoft.com" in made.warning


@pytest.mark.over_tls
@pytest.mark.parametrize("hours", [2, -2])
def test_a_secret_starts_at_the_time_of_the_tenant(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    tenant.memory = SharedMemory()
    wrong = datetime.timedelta(hours=hours)
    monkeypatch.setattr(server_clock, "_own_time", lambda: datetime.datetime.now(datetime.timezone.utc) + wrong)
    registered = tenant.ok("azure_app_registration", display_name="Gateway", unique_name="gateway")
    assert "The clock of the controller is 7" in registered["warnings"][0]
    made = tenant.ok("azure_app_secret", unique_name="gateway", description="d")
    assert "warnings" not in made, "once in a run"
    (body,) = [entry.body["passwordCredential"] for entry in tenant.write_entries if "addPassword" in entry.path]
    start = times.parse(body["startDateTime"])
    assert start is not None
    assert abs((start - datetime.datetime.now(datetime.timezone.utc)).total_seconds()) < 600
