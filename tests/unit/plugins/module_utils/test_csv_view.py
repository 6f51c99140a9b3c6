# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import datetime
import io

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.build import build
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.csv_view import csv_view
from ansible_collections.email_gateway.azure_apps.tests.unit.report_samples import (
    TENANT,
    applications,
    gateway,
    gateways,
)

NOW = datetime.datetime(2026, 11, 24, 9, 0, tzinfo=datetime.timezone.utc)


def test_every_kind_of_line_is_in_the_table() -> None:
    """An application without a credential, a gateway without an application, and errors while reading."""
    report = build(
        applications(NOW),
        tenants={TENANT: None},
        gateways=[*gateways(), gateway("mx-traun", 999)],
        tag="email_gateway.azure_apps",
        scope="mail",
        due_within_days=30,
        now=NOW,
    )
    rows = list(csv.DictReader(io.StringIO(csv_view(report))))
    empty = [entry["client_id"] for entry in report["applications"] if not entry["credentials"]]
    assert empty
    assert [row["client_id"] for row in rows if row["status"] == "no credential"] == empty
    absent = [entry["host"] for entry in report["gateways_without_application"]]
    assert absent
    assert [row["gateways"] for row in rows if row["status"] == "no application"] == absent
    unread = {entry["client_id"] for entry in report["applications"] if entry["owners"] is None}
    assert unread
    assert {row["client_id"] for row in rows if row["owners"] == "unknown"} == unread
    assert any("?" in row["permissions_granted"] for row in rows)
